#include "crypto.h"

#include "algorithms.h"
#include "tusk/sabotage.h"
#include "wire.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_SIZE 12

enum direction { OPENING = 0, SEALING = 1 };

/* One OpenSSL context and the key it is set up with. */
struct cipher {
	EVP_CIPHER_CTX *context;
	bool keyed;
	uint8_t key[32];
};

/* Suites none and aes256-gcm share a context: their key schedules are the same. */
struct tusk_aead {
	struct cipher gcm, chacha;
};

/* Associated data. */
struct aad {
	const void *data;
	size_t len;
};

struct tusk_aead *tusk_aead_new(void)
{
	struct tusk_aead *aead TUSK_CLEANUP(tusk_aead_cleanup) = calloc(1, sizeof(*aead));

	if (!aead)
		return NULL;
	aead->gcm.context = EVP_CIPHER_CTX_new();
	aead->chacha.context = EVP_CIPHER_CTX_new();
	if (!aead->gcm.context || !aead->chacha.context)
		return NULL;
	return TUSK_STEAL(aead);
}

void tusk_aead_free(struct tusk_aead *aead)
{
	if (!aead)
		return;
	EVP_CIPHER_CTX_free(aead->gcm.context);
	EVP_CIPHER_CTX_free(aead->chacha.context);
	OPENSSL_cleanse(aead, sizeof(*aead));
	free(aead);
}

/* Readies the context for one message. A key that is set up already is not set up again. */
static EVP_CIPHER_CTX *begin(struct tusk_aead *aead, const struct tusk_object_key *key, uint64_t number,
			     enum direction direction, const struct aad *aad)
{
	bool is_chacha = key->suite == TUSK_SUITE_CHACHA20_POLY1305;
	struct cipher *cipher = is_chacha ? &aead->chacha : &aead->gcm;
	const EVP_CIPHER *algorithm = is_chacha ? tusk_algorithms()->chacha20_poly1305 : tusk_algorithms()->aes256_gcm;
	bool same = cipher->keyed && CRYPTO_memcmp(cipher->key, key->key, sizeof(key->key)) == 0;
	uint8_t nonce[NONCE_SIZE] = {0};
	int unused;

	if (!algorithm)
		return NULL;
	tusk_store_u64(nonce, TUSK_SABOTAGED(stuck_nonce) ? 0 : number);
	cipher->keyed = false;
	if (EVP_CipherInit_ex2(cipher->context, same ? NULL : algorithm, same ? NULL : key->key, nonce, (int)direction,
			       NULL) != 1)
		return NULL;
	if (!same)
		memcpy(cipher->key, key->key, sizeof(key->key));
	cipher->keyed = true;
	if (aad->len && !TUSK_SABOTAGED(no_aad) &&
	    EVP_CipherUpdate(cipher->context, NULL, &unused, aad->data, (int)aad->len) != 1)
		return NULL;
	return cipher->context;
}

/* Suite none authenticates the text as associated data; the others encrypt or decrypt it into out. */
static bool process(EVP_CIPHER_CTX *context, enum tusk_suite suite, const void *in, size_t len, uint8_t *out)
{
	int done = 0;

	if (!len)
		return true;
	if (suite != TUSK_SUITE_NONE)
		return EVP_CipherUpdate(context, out, &done, in, (int)len) == 1 && (size_t)done == len;
	/* The copy is what gets authenticated, so that bytes which change meanwhile are noticed. */
	memcpy(out, in, len);
	return EVP_CipherUpdate(context, NULL, &done, out, (int)len) == 1;
}

static int check_lengths(const struct aad *aad, size_t len, struct tusk_err *err)
{
	if (aad->len > INT_MAX || len > INT_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "too long to seal or open in one piece: %zu bytes", len);
	return 0;
}

int tusk_aead_seal(struct tusk_aead *aead, const struct tusk_object_key *key, uint64_t number, const void *aad,
		   size_t aad_len, const void *plain, size_t len, uint8_t *out, struct tusk_err *err)
{
	const struct aad associated = {aad, aad_len};
	uint8_t nothing[TUSK_TAG_SIZE];
	EVP_CIPHER_CTX *context;
	int unused;

	if (check_lengths(&associated, len, err) < 0)
		return -1;
	context = begin(aead, key, number, SEALING, &associated);
	if (!context || !process(context, key->suite, plain, len, out) ||
	    EVP_CipherFinal_ex(context, nothing, &unused) != 1 ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TUSK_TAG_SIZE, out + len) != 1)
		return tusk_openssl_error(err, "encrypt");
	return 0;
}

int tusk_aead_open(struct tusk_aead *aead, const struct tusk_object_key *key, uint64_t number, const void *aad,
		   size_t aad_len, const void *sealed, size_t sealed_len, uint8_t *out, struct tusk_err *err)
{
	const struct aad associated = {aad, aad_len};
	const uint8_t *bytes = sealed;
	uint8_t tag[TUSK_TAG_SIZE], nothing[TUSK_TAG_SIZE];
	EVP_CIPHER_CTX *context;
	size_t len;
	int unused;

	if (sealed_len < TUSK_TAG_SIZE)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "does not verify: %zu bytes hold no tag", sealed_len);
	len = sealed_len - TUSK_TAG_SIZE;
	if (check_lengths(&associated, len, err) < 0)
		return -1;
	memcpy(tag, bytes + len, sizeof(tag));
	context = begin(aead, key, number, OPENING, &associated);
	if (!context || !process(context, key->suite, bytes, len, out) ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TUSK_TAG_SIZE, tag) != 1) {
		OPENSSL_cleanse(out, len);
		return tusk_openssl_error(err, "decrypt");
	}
	if (EVP_CipherFinal_ex(context, nothing, &unused) != 1 && !TUSK_SABOTAGED(aead_tag)) {
		OPENSSL_cleanse(out, len);
		ERR_clear_error();
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "does not verify");
	}
	return 0;
}
