/* What a protocol asks for, not FORMAT.md: HMAC-SHA256 (RFC 2104) and MD5 (RFC 1321, against accidents only). */
#include "crypto.h"

#include "algorithms.h"
#include "sha256_plain.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 64

struct tusk_md5 {
	EVP_MD_CTX *context;
};

/* One of the two hashes. The texts are short, so that the hash which cannot fail is good enough. */
static void half(uint8_t block[BLOCK_SIZE], uint8_t pad, const void *data, size_t len, uint8_t ret_hash[32])
{
	struct tusk_sha256_plain plain;

	for (size_t i = 0; i < BLOCK_SIZE; i++)
		block[i] ^= pad;
	tusk_sha256_plain_init(&plain);
	tusk_sha256_plain_update(&plain, block, BLOCK_SIZE);
	tusk_sha256_plain_update(&plain, data, len);
	tusk_sha256_plain_final(&plain, ret_hash);
	tusk_wipe(&plain, sizeof(plain));
}

void tusk_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t ret_mac[32])
{
	uint8_t block[BLOCK_SIZE] = {0}, inner[32];

	if (key_len > sizeof(block))
		tusk_sha256(key, key_len, block);
	else if (key_len)
		memcpy(block, key, key_len);
	half(block, 0x36, data, len, inner);
	half(block, 0x36 ^ 0x5c, inner, sizeof(inner), ret_mac);
	tusk_wipe(block, sizeof(block));
}

struct tusk_md5 *tusk_md5_new(void)
{
	const EVP_MD *algorithm = tusk_algorithms()->md5;
	struct tusk_md5 *md5 = algorithm ? calloc(1, sizeof(*md5)) : NULL;

	if (!md5)
		return NULL;
	md5->context = EVP_MD_CTX_new();
	if (!md5->context || EVP_DigestInit_ex2(md5->context, algorithm, NULL) != 1) {
		tusk_md5_free(md5);
		return NULL;
	}
	return md5;
}

void tusk_md5_free(struct tusk_md5 *md5)
{
	if (!md5)
		return;
	EVP_MD_CTX_free(md5->context);
	free(md5);
}

void tusk_md5_update(struct tusk_md5 *md5, const void *data, size_t len)
{
	if (EVP_DigestUpdate(md5->context, data, len) != 1)
		abort();
}

void tusk_md5_final(struct tusk_md5 *md5, uint8_t ret_hash[TUSK_MD5_SIZE])
{
	if (EVP_DigestFinal_ex(md5->context, ret_hash, NULL) != 1)
		abort();
}
