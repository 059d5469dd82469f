/* SHA-256 (FIPS 180-4) that needs no memory: for when OpenSSL gets none. Slow. */
#ifndef TUSK_SHA256_PLAIN_H
#define TUSK_SHA256_PLAIN_H

#include <stddef.h>
#include <stdint.h>

struct tusk_sha256_plain {
	uint32_t state[8];
	uint8_t block[64];
	uint64_t len;
};

void tusk_sha256_plain_init(struct tusk_sha256_plain *hash);
void tusk_sha256_plain_update(struct tusk_sha256_plain *hash, const void *data, size_t len);
void tusk_sha256_plain_final(struct tusk_sha256_plain *hash, uint8_t ret_hash[32]);

extern const uint32_t tusk_sha256_initial[8];
extern const uint32_t tusk_sha256_rounds[64];

#endif
