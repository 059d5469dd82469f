#include "crypto.h"

#include "algorithms.h"
#include "wire.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

/* Above these a slot would only be a way to exhaust memory; FORMAT.md (Key slot) is stricter. */
#define SCRYPT_MAX_LOG2_N 20
#define SCRYPT_MAX_R      8
#define SCRYPT_MAX_P      16

/* OpenSSL's parameters are not const even where they are only read. */
static OSSL_PARAM octets(const char *name, const void *data, size_t len)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)data, len);
}

static OSSL_PARAM word(const char *name, char *text)
{
	return OSSL_PARAM_construct_utf8_string(name, text, 0);
}

static int derive(EVP_KDF *kdf, const OSSL_PARAM *params, uint8_t *ret_okm, size_t okm_len, struct tusk_err *err)
{
	EVP_KDF_CTX *context TUSK_CLEANUP(tusk_kdf_ctx_cleanup) = kdf ? EVP_KDF_CTX_new(kdf) : NULL;

	if (!context || EVP_KDF_derive(context, ret_okm, okm_len, params) != 1)
		return tusk_openssl_error(err, "derive a key");
	return 0;
}

int tusk_hkdf(const struct tusk_hkdf_input *input, uint8_t *ret_okm, size_t okm_len, struct tusk_err *err)
{
	char both[] = "EXTRACT_AND_EXPAND", expand[] = "EXPAND_ONLY", digest[] = "SHA256";
	OSSL_PARAM params[6];
	size_t count = 0;

	params[count++] = word(OSSL_KDF_PARAM_MODE, input->salt ? both : expand);
	params[count++] = word(OSSL_KDF_PARAM_DIGEST, digest);
	params[count++] = octets(OSSL_KDF_PARAM_KEY, input->secret, input->secret_len);
	params[count++] = octets(OSSL_KDF_PARAM_INFO, input->info, input->info_len);
	if (input->salt)
		params[count++] = octets(OSSL_KDF_PARAM_SALT, input->salt, input->salt_len);
	params[count] = OSSL_PARAM_construct_end();
	return derive(tusk_algorithms()->hkdf, params, ret_okm, okm_len, err);
}

int tusk_kdf_hkdf(const void *secret, size_t len, const uint8_t salt[32], const char *info, uint8_t ret_okm[64],
		  struct tusk_err *err)
{
	struct tusk_hkdf_input input = {
	    .secret = secret,
	    .secret_len = len,
	    .salt = salt,
	    .salt_len = TUSK_SALT_SIZE,
	    .info = info,
	    .info_len = strlen(info),
	};

	return tusk_hkdf(&input, ret_okm, 64, err);
}

int tusk_kdf_scrypt(const void *passphrase, size_t len, const uint8_t salt[32], unsigned log2_n, uint32_t r, uint32_t p,
		    uint8_t ret_okm[64], struct tusk_err *err)
{
	uint64_t n, memory;
	OSSL_PARAM params[7];

	if (log2_n < 1 || log2_n > SCRYPT_MAX_LOG2_N || r < 1 || r > SCRYPT_MAX_R || p < 1 || p > SCRYPT_MAX_P)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "scrypt parameters out of range: N = 2^%u, r = %u, p = %u",
				    log2_n, r, p);
	n = (uint64_t)1 << log2_n;
	/* What it takes (RFC 7914, sections 5 and 6); OpenSSL's default refuses the stronger parameters. */
	memory = (uint64_t)128 * r * (n + p + 2);
	params[0] = octets(OSSL_KDF_PARAM_PASSWORD, passphrase, len);
	params[1] = octets(OSSL_KDF_PARAM_SALT, salt, TUSK_SALT_SIZE);
	params[2] = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n);
	params[3] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r);
	params[4] = OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p);
	params[5] = OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory);
	params[6] = OSSL_PARAM_construct_end();
	return derive(tusk_algorithms()->scrypt, params, ret_okm, 64, err);
}

int tusk_gear_table(const uint8_t key[32], uint64_t ret_table[256], struct tusk_err *err)
{
	static const uint8_t zeros[256 * 8];
	static const uint8_t counter[16];
	uint8_t stream[sizeof(zeros)];
	EVP_CIPHER_CTX *context TUSK_CLEANUP(tusk_cipher_ctx_cleanup) = EVP_CIPHER_CTX_new();
	int len = 0;

	if (!context || EVP_EncryptInit_ex2(context, tusk_algorithms()->aes256_ctr, key, counter, NULL) != 1 ||
	    EVP_EncryptUpdate(context, stream, &len, zeros, sizeof(zeros)) != 1 || len != (int)sizeof(stream))
		return tusk_openssl_error(err, "make the chunker's table");
	for (size_t i = 0; i < 256; i++)
		ret_table[i] = tusk_load_u64(stream + 8 * i);
	OPENSSL_cleanse(stream, sizeof(stream));
	return 0;
}
