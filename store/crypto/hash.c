#include "crypto.h"

#include "algorithms.h"
#include "lanes.h"
#include "sha256_plain.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define HMAC_BLOCK_SIZE 64

struct tusk_hasher {
	EVP_MD_CTX *context;
};

/* HMAC (RFC 2104) from two states that have taken the padded key already: copying them costs less than hashing the
 * key's two blocks again for every id. With suite none there are none. */
struct tusk_ider {
	bool keyed;
	uint8_t key[32];
	EVP_MD_CTX *inner, *outer, *work;
};

static pthread_key_t thread_context;
static bool has_thread_context;
static pthread_once_t thread_context_made = PTHREAD_ONCE_INIT;

/* A node that does not answer is opened on a thread that nobody waits for. When main() returns, OpenSSL must not take
 * its locks away from it: OPENSSL_init_crypto(3), OPENSSL_INIT_NO_ATEXIT, before anything else uses the library. */
__attribute__((constructor)) static void keep_until_the_end(void)
{
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

static void free_context(void *context)
{
	EVP_MD_CTX_free(context);
}

static void make_thread_context(void)
{
	has_thread_context = pthread_key_create(&thread_context, free_context) == 0;
}

/* This thread's context for one-shot hashes; NULL without memory. */
static EVP_MD_CTX *own_context(void)
{
	EVP_MD_CTX *context;

	pthread_once(&thread_context_made, make_thread_context);
	if (!has_thread_context || !tusk_algorithms()->usable)
		return NULL;
	context = pthread_getspecific(thread_context);
	if (context)
		return context;
	context = EVP_MD_CTX_new();
	if (context && pthread_setspecific(thread_context, context) == 0)
		return context;
	EVP_MD_CTX_free(context);
	return NULL;
}

/* False without memory: it is needed the first time that a context is used. */
static bool start(EVP_MD_CTX *context)
{
	const EVP_MD *sha256 = tusk_algorithms()->sha256;

	return context && sha256 && EVP_DigestInit_ex2(context, sha256, NULL) == 1;
}

/* What cannot fail: these calls allocate nothing. */
static void must(int openssl_result)
{
	if (openssl_result != 1)
		abort();
}

void tusk_sha256(const void *data, size_t len, uint8_t ret_hash[32])
{
	EVP_MD_CTX *context = own_context();

	if (!start(context)) {
		struct tusk_sha256_plain plain;

		tusk_sha256_plain_init(&plain);
		tusk_sha256_plain_update(&plain, data, len);
		tusk_sha256_plain_final(&plain, ret_hash);
		return;
	}
	must(EVP_DigestUpdate(context, data, len));
	must(EVP_DigestFinal_ex(context, ret_hash, NULL));
}

static unsigned width;
static pthread_once_t width_known = PTHREAD_ONCE_INIT;

static void find_width(void)
{
	width = tusk_lanes_width();
}

size_t tusk_sha256_lanes(void)
{
	pthread_once(&width_known, find_width);
	return width ? width : 1;
}

void tusk_sha256_many(const struct tusk_message *messages, size_t count)
{
	/* A vector step costs about as much as a third of its lanes would one by one. */
	if (count * 3 > tusk_sha256_lanes() && width) {
		tusk_lanes_hash(width, messages, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		tusk_sha256(messages[i].data, messages[i].len, messages[i].hash);
}

struct tusk_hasher *tusk_hasher_new(void)
{
	struct tusk_hasher *hasher = calloc(1, sizeof(*hasher));

	if (!hasher)
		return NULL;
	hasher->context = EVP_MD_CTX_new();
	if (!start(hasher->context)) {
		tusk_hasher_free(hasher);
		return NULL;
	}
	return hasher;
}

void tusk_hasher_free(struct tusk_hasher *hasher)
{
	if (!hasher)
		return;
	EVP_MD_CTX_free(hasher->context);
	free(hasher);
}

void tusk_hasher_reset(struct tusk_hasher *hasher)
{
	must(start(hasher->context));
}

void tusk_hasher_update(struct tusk_hasher *hasher, const void *data, size_t len)
{
	must(EVP_DigestUpdate(hasher->context, data, len));
}

void tusk_hasher_final(struct tusk_hasher *hasher, uint8_t ret_hash[32])
{
	must(EVP_DigestFinal_ex(hasher->context, ret_hash, NULL));
	tusk_hasher_reset(hasher);
}

int tusk_random(void *data, size_t len, struct tusk_err *err)
{
	if (len > INT_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "too many random bytes asked for: %zu", len);
	if (!tusk_algorithms()->usable)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot get random bytes: out of memory");
	/* The private generator, since keys come from here too. */
	if (RAND_priv_bytes(data, (int)len) != 1)
		return tusk_openssl_error(err, "get random bytes");
	return 0;
}

void tusk_wipe(void *data, size_t len)
{
	OPENSSL_cleanse(data, len);
}

bool tusk_equal_constant_time(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

/* A state that has taken the key, padded with one byte. NULL without memory. */
static EVP_MD_CTX *keyed_state(const uint8_t key[32], uint8_t pad)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t block[HMAC_BLOCK_SIZE] = {0};

	if (!start(context)) {
		EVP_MD_CTX_free(context);
		return NULL;
	}
	memcpy(block, key, 32);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= pad;
	must(EVP_DigestUpdate(context, block, sizeof(block)));
	tusk_wipe(block, sizeof(block));
	return context;
}

struct tusk_ider *tusk_ider_new(const struct tusk_keys *keys)
{
	struct tusk_ider *ider TUSK_AUTO_IDER = calloc(1, sizeof(*ider));

	if (!ider)
		return NULL;
	ider->keyed = keys->suite != TUSK_SUITE_NONE;
	if (!ider->keyed)
		return TUSK_STEAL(ider);
	memcpy(ider->key, keys->id, sizeof(ider->key));
	ider->inner = keyed_state(keys->id, 0x36);
	ider->outer = keyed_state(keys->id, 0x5c);
	ider->work = EVP_MD_CTX_new();
	if (!ider->inner || !ider->outer || !ider->work)
		return NULL;
	return TUSK_STEAL(ider);
}

/* OpenSSL wipes the states. */
void tusk_ider_free(struct tusk_ider *ider)
{
	if (!ider)
		return;
	EVP_MD_CTX_free(ider->inner);
	EVP_MD_CTX_free(ider->outer);
	EVP_MD_CTX_free(ider->work);
	tusk_wipe(ider->key, sizeof(ider->key));
	free(ider);
}

/* One of HMAC's two hashes. To copy a state takes memory. */
static void half(struct tusk_ider *ider, const EVP_MD_CTX *state, uint8_t pad, const void *data, size_t len,
		 uint8_t ret_hash[32])
{
	struct tusk_sha256_plain plain;
	uint8_t block[HMAC_BLOCK_SIZE];

	if (EVP_MD_CTX_copy_ex(ider->work, state) == 1) {
		must(EVP_DigestUpdate(ider->work, data, len));
		must(EVP_DigestFinal_ex(ider->work, ret_hash, NULL));
		return;
	}
	memset(block, pad, sizeof(block));
	for (size_t i = 0; i < sizeof(ider->key); i++)
		block[i] ^= ider->key[i];
	tusk_sha256_plain_init(&plain);
	tusk_sha256_plain_update(&plain, block, sizeof(block));
	tusk_sha256_plain_update(&plain, data, len);
	tusk_sha256_plain_final(&plain, ret_hash);
	tusk_wipe(block, sizeof(block));
	tusk_wipe(&plain, sizeof(plain));
}

void tusk_ider_from_hash(struct tusk_ider *ider, uint8_t type, const uint8_t sha256[32], struct tusk_id *ret_id)
{
	uint8_t message[1 + 32];
	uint8_t inner_hash[32];

	message[0] = type;
	memcpy(message + 1, sha256, 32);
	if (!ider->keyed) {
		tusk_sha256(message, sizeof(message), ret_id->bytes);
		return;
	}
	half(ider, ider->inner, 0x36, message, sizeof(message), inner_hash);
	half(ider, ider->outer, 0x5c, inner_hash, sizeof(inner_hash), ret_id->bytes);
}

void tusk_ider_from_data(struct tusk_ider *ider, uint8_t type, const void *data, size_t len, struct tusk_id *ret_id)
{
	uint8_t hash[32];

	tusk_sha256(data, len, hash);
	tusk_ider_from_hash(ider, type, hash, ret_id);
}
