/* Hashes, keys and sealing (FORMAT.md, Keys). The only module that includes <openssl/...>. */
#ifndef TUSK_CRYPTO_H
#define TUSK_CRYPTO_H

#include "tusk/err.h"
#include "tusk/hash.h"
#include "tusk/id.h"
#include "tusk/repository.h"

#include <stddef.h>
#include <stdint.h>

#define TUSK_TAG_SIZE           16
#define TUSK_SALT_SIZE          32
#define TUSK_OBJECT_HEADER_SIZE 80

/* Many independent messages at once. Where the processor has no SHA instructions but wide vectors, three to five times
 * as fast as one after the other, from about eight messages of similar length on; elsewhere the same as one after the
 * other. */
struct tusk_message {
	const uint8_t *data;
	size_t len;
	uint8_t *hash; /* receives 32 bytes */
};
void tusk_sha256_many(const struct tusk_message *messages, size_t count);
/* How many messages tusk_sha256_many takes side by side: 1 where batches gain nothing. */
size_t tusk_sha256_lanes(void);

/* HMAC-SHA256 (RFC 2104). ret_mac may be the key. */
void tusk_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t ret_mac[32]);
/* MD5, which S3 takes as a checksum (Content-MD5) and gives as one (ETag). Once. NULL: no memory, or forbidden here. */
#define TUSK_MD5_SIZE 16
struct tusk_md5;
struct tusk_md5 *tusk_md5_new(void);
void tusk_md5_free(struct tusk_md5 *md5);
void tusk_md5_update(struct tusk_md5 *md5, const void *data, size_t len);
void tusk_md5_final(struct tusk_md5 *md5, uint8_t ret_hash[TUSK_MD5_SIZE]);
TUSK_DEFINE_CLEANUP(struct tusk_md5, tusk_md5, tusk_md5_free)
#define TUSK_AUTO_MD5 TUSK_CLEANUP(tusk_md5_cleanup)

int tusk_random(void *data, size_t len, struct tusk_err *err);
void tusk_wipe(void *data, size_t len);
bool tusk_equal_constant_time(const void *a, const void *b, size_t len);

/* The derived keys of a repository. */
struct tusk_keys {
	enum tusk_suite suite;
	uint8_t repository[16];
	uint8_t root[32], id[32], cdc[32], pack[32], meta[32], index[32];
};
/* root is ignored for TUSK_SUITE_NONE (public root). */
int tusk_keys_derive(enum tusk_suite suite, const uint8_t repository[16], const uint8_t root[32],
		     struct tusk_keys *ret_keys, struct tusk_err *err);
void tusk_keys_wipe(struct tusk_keys *keys);

/* Object ids: one per thread, reusable. */
enum tusk_object_type { TUSK_OBJECT_CHUNK = 1, TUSK_OBJECT_TREE = 2, TUSK_OBJECT_LIST = 3, TUSK_OBJECT_BLOB = 4 };
struct tusk_ider;
struct tusk_ider *tusk_ider_new(const struct tusk_keys *keys);
void tusk_ider_free(struct tusk_ider *ider);
void tusk_ider_from_hash(struct tusk_ider *ider, uint8_t type, const uint8_t sha256[32], struct tusk_id *ret_id);
void tusk_ider_from_data(struct tusk_ider *ider, uint8_t type, const void *data, size_t len, struct tusk_id *ret_id);
TUSK_DEFINE_CLEANUP(struct tusk_ider, tusk_ider, tusk_ider_free)
#define TUSK_AUTO_IDER TUSK_CLEANUP(tusk_ider_cleanup)

/* The key of one sealed object. */
struct tusk_object_key {
	enum tusk_suite suite;
	uint8_t key[32];
	uint8_t commitment[32];
};
/* master: keys->pack or keys->meta. kind: the kind byte of the object's header. */
int tusk_object_key_derive(const struct tusk_keys *keys, const uint8_t master[32], uint8_t kind,
			   const uint8_t salt[TUSK_SALT_SIZE], struct tusk_object_key *ret_key, struct tusk_err *err);

/* The header that packs and manifests share. */
int tusk_object_header_make(const struct tusk_keys *keys, const uint8_t master[32], const char magic[8], uint8_t kind,
			    uint8_t ret_header[TUSK_OBJECT_HEADER_SIZE], struct tusk_object_key *ret_key,
			    struct tusk_err *err);
/* Checks magic, version, suite, kind and commitment. object names it in messages. TUSK_E_CORRUPT, TUSK_E_VERSION. */
int tusk_object_header_open(const struct tusk_keys *keys, const uint8_t master[32], const char magic[8], uint8_t kind,
			    const uint8_t header[TUSK_OBJECT_HEADER_SIZE], const char *object,
			    struct tusk_object_key *ret_key, struct tusk_err *err);

/* A cipher context: one per thread, reusable with any key (a key change costs under a microsecond). */
struct tusk_aead;
struct tusk_aead *tusk_aead_new(void);
void tusk_aead_free(struct tusk_aead *aead);
TUSK_DEFINE_CLEANUP(struct tusk_aead, tusk_aead, tusk_aead_free)
#define TUSK_AUTO_AEAD TUSK_CLEANUP(tusk_aead_cleanup)
/* Seals len bytes of plain into out (len + TUSK_TAG_SIZE bytes; may not overlap). */
int tusk_aead_seal(struct tusk_aead *aead, const struct tusk_object_key *key, uint64_t number, const void *aad,
		   size_t aad_len, const void *plain, size_t len, uint8_t *out, struct tusk_err *err);
/* Opens sealed_len bytes (tag included) into out (sealed_len - TUSK_TAG_SIZE bytes). TUSK_E_CORRUPT (message "does not
 * verify") when anything differs; out is then wiped. */
int tusk_aead_open(struct tusk_aead *aead, const struct tusk_object_key *key, uint64_t number, const void *aad,
		   size_t aad_len, const void *sealed, size_t sealed_len, uint8_t *out, struct tusk_err *err);

/* Key encryption keys for slots: 32 bytes key, 32 bytes commitment. */
int tusk_kdf_scrypt(const void *passphrase, size_t len, const uint8_t salt[32], unsigned log2_n, uint32_t r, uint32_t p,
		    uint8_t ret_okm[64], struct tusk_err *err);
int tusk_kdf_hkdf(const void *secret, size_t len, const uint8_t salt[32], const char *info, uint8_t ret_okm[64],
		  struct tusk_err *err);

/* The gear table of the chunker from K_cdc. */
int tusk_gear_table(const uint8_t key[32], uint64_t ret_table[256], struct tusk_err *err);

#endif
