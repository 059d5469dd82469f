/* OpenSSL's algorithms, fetched once per process (a fetch per call costs more than hashing a small chunk), and its
 * errors. Internal to store/crypto. */
#ifndef TUSK_ALGORITHMS_H
#define TUSK_ALGORITHMS_H

#include "tusk/cleanup.h"
#include "tusk/err.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdbool.h>
#include <stdint.h>

/* Any of these may be NULL where the configuration of OpenSSL on this system forbids it, or without memory. */
struct tusk_algorithms {
	bool usable; /* false: OpenSSL could not start, nothing of it may be called */
	EVP_MD *sha256, *md5;
	EVP_CIPHER *aes256_gcm, *chacha20_poly1305, *aes256_ctr;
	EVP_KDF *hkdf, *scrypt;
};

/* Lives as long as the process. */
const struct tusk_algorithms *tusk_algorithms(void);

/* Turns OpenSSL's pending error into err: "cannot <action>: <reason>". TUSK_E_NOMEM or TUSK_E_INTERNAL. Returns -1. */
int tusk_openssl_error(struct tusk_err *err, const char *action);

/* HKDF-SHA256 (RFC 5869); salt NULL: expand only, secret is the pseudorandom key. */
struct tusk_hkdf_input {
	const void *secret, *salt, *info;
	size_t secret_len, salt_len, info_len;
};
int tusk_hkdf(const struct tusk_hkdf_input *input, uint8_t *ret_okm, size_t okm_len, struct tusk_err *err);

TUSK_DEFINE_CLEANUP(EVP_KDF_CTX, tusk_kdf_ctx, EVP_KDF_CTX_free)
TUSK_DEFINE_CLEANUP(EVP_CIPHER_CTX, tusk_cipher_ctx, EVP_CIPHER_CTX_free)

#endif
