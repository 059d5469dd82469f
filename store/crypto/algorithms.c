#include "algorithms.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <pthread.h>

static struct tusk_algorithms algorithms;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void fetch_all(void)
{
	/* Without memory for its default context OpenSSL 3.0 crashes at the first use of it. */
	algorithms.usable = OSSL_LIB_CTX_get0_global_default() != NULL;
	if (!algorithms.usable)
		return;
	algorithms.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	algorithms.md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	algorithms.aes256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	algorithms.chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
	algorithms.aes256_ctr = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
	algorithms.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	algorithms.scrypt = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	ERR_clear_error();
}

const struct tusk_algorithms *tusk_algorithms(void)
{
	pthread_once(&fetched, fetch_all);
	return &algorithms;
}

int tusk_openssl_error(struct tusk_err *err, const char *action)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = error ? ERR_reason_error_string(error) : NULL;
	enum tusk_code code = ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE ? TUSK_E_NOMEM : TUSK_E_INTERNAL;

	ERR_clear_error();
	return tusk_err_set(err, code, 0, "cannot %s: %s", action, reason ? reason : "OpenSSL gives no reason");
}
