#include "crypto.h"

#include "algorithms.h"
#include "tusk/sabotage.h"
#include "wire.h"

#include <string.h>

#define OBJECT_VERSION 1

/* Offsets in the header that packs and manifests share (FORMAT.md, Pack). */
enum {
	HEADER_VERSION = 8,
	HEADER_SUITE = 10,
	HEADER_KIND = 11,
	HEADER_ZERO = 12,
	HEADER_SALT = 16,
	HEADER_COMMITMENT = 48,
};

static void wipe_object_key(struct tusk_object_key *key)
{
	tusk_wipe(key, sizeof(*key));
}

static void public_root(const uint8_t repository[16], uint8_t ret_root[32])
{
	static const char label[] = "tusk v1 public root";
	uint8_t text[sizeof(label) - 1 + 16];

	memcpy(text, label, sizeof(label) - 1);
	memcpy(text + sizeof(label) - 1, repository, 16);
	tusk_sha256(text, sizeof(text), ret_root);
}

static int expand(const uint8_t root[32], const char *label, uint8_t ret_key[32], struct tusk_err *err)
{
	struct tusk_hkdf_input input = {
	    .secret = root,
	    .secret_len = 32,
	    .info = label,
	    .info_len = strlen(label),
	};

	return tusk_hkdf(&input, ret_key, 32, err);
}

int tusk_keys_derive(enum tusk_suite suite, const uint8_t repository[16], const uint8_t root[32],
		     struct tusk_keys *ret_keys, struct tusk_err *err)
{
	struct tusk_keys keys TUSK_CLEANUP(tusk_keys_wipe) = {.suite = suite};

	memcpy(keys.repository, repository, sizeof(keys.repository));
	if (suite == TUSK_SUITE_NONE)
		public_root(repository, keys.root);
	else
		memcpy(keys.root, root, sizeof(keys.root));
	if (expand(keys.root, "tusk v1 chunk-id", keys.id, err) < 0 ||
	    expand(keys.root, "tusk v1 chunker", keys.cdc, err) < 0 ||
	    expand(keys.root, "tusk v1 pack", keys.pack, err) < 0 ||
	    expand(keys.root, "tusk v1 meta", keys.meta, err) < 0 ||
	    expand(keys.root, "tusk v1 index", keys.index, err) < 0)
		return -1;
	*ret_keys = keys;
	return 0;
}

void tusk_keys_wipe(struct tusk_keys *keys)
{
	tusk_wipe(keys, sizeof(*keys));
}

int tusk_object_key_derive(const struct tusk_keys *keys, const uint8_t master[32], uint8_t kind,
			   const uint8_t salt[TUSK_SALT_SIZE], struct tusk_object_key *ret_key, struct tusk_err *err)
{
	static const char label[] = "tusk v1 object";
	uint8_t info[sizeof(label) - 1 + 2 + 16];
	uint8_t *end = info + sizeof(label) - 1;
	uint8_t okm[64];
	struct tusk_hkdf_input input = {
	    .secret = master,
	    .secret_len = 32,
	    .salt = salt,
	    .salt_len = TUSK_SALT_SIZE,
	    .info = info,
	    .info_len = sizeof(info),
	};

	memcpy(info, label, sizeof(label) - 1);
	end[0] = (uint8_t)keys->suite;
	end[1] = kind;
	memcpy(end + 2, keys->repository, sizeof(keys->repository));
	if (tusk_hkdf(&input, okm, sizeof(okm), err) < 0)
		return -1;
	ret_key->suite = keys->suite;
	memcpy(ret_key->key, okm, 32);
	memcpy(ret_key->commitment, okm + 32, 32);
	tusk_wipe(okm, sizeof(okm));
	return 0;
}

int tusk_object_header_make(const struct tusk_keys *keys, const uint8_t master[32], const char magic[8], uint8_t kind,
			    uint8_t ret_header[TUSK_OBJECT_HEADER_SIZE], struct tusk_object_key *ret_key,
			    struct tusk_err *err)
{
	uint8_t header[TUSK_OBJECT_HEADER_SIZE] = {0};

	memcpy(header, magic, 8);
	tusk_store_u16(header + HEADER_VERSION, OBJECT_VERSION);
	header[HEADER_SUITE] = (uint8_t)keys->suite;
	header[HEADER_KIND] = kind;
	if (tusk_random(header + HEADER_SALT, TUSK_SALT_SIZE, err) < 0)
		return -1;
	if (tusk_object_key_derive(keys, master, kind, header + HEADER_SALT, ret_key, err) < 0)
		return -1;
	memcpy(header + HEADER_COMMITMENT, ret_key->commitment, sizeof(ret_key->commitment));
	memcpy(ret_header, header, sizeof(header));
	return 0;
}

/* The part of the header that needs no key. */
static int check_header(const uint8_t *header, const char magic[8], enum tusk_suite suite, uint8_t kind,
			const char *object, struct tusk_err *err)
{
	unsigned version = tusk_load_u16(header + HEADER_VERSION);

	if (memcmp(header, magic, 8) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s: does not begin with \"%.8s\"", object, magic);
	if (version > OBJECT_VERSION)
		return tusk_err_set(err, TUSK_E_VERSION, 0, "%s: has version %u, this program reads %u", object,
				    version, OBJECT_VERSION);
	if (version != OBJECT_VERSION)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s: has the impossible version %u", object, version);
	if (header[HEADER_SUITE] != (uint8_t)suite)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s: has suite %u, the repository %u", object,
				    header[HEADER_SUITE], (unsigned)suite);
	if (header[HEADER_KIND] != kind)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s: has kind %u instead of %u", object,
				    header[HEADER_KIND], kind);
	if (tusk_load_u32(header + HEADER_ZERO) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s: reserved bytes of the header are not zero", object);
	return 0;
}

int tusk_object_header_open(const struct tusk_keys *keys, const uint8_t master[32], const char magic[8], uint8_t kind,
			    const uint8_t header[TUSK_OBJECT_HEADER_SIZE], const char *object,
			    struct tusk_object_key *ret_key, struct tusk_err *err)
{
	struct tusk_object_key key TUSK_CLEANUP(wipe_object_key) = {.suite = keys->suite};

	if (check_header(header, magic, keys->suite, kind, object, err) < 0)
		return -1;
	if (tusk_object_key_derive(keys, master, kind, header + HEADER_SALT, &key, err) < 0)
		return tusk_err_prefix(err, "%s", object);
	if (!tusk_equal_constant_time(key.commitment, header + HEADER_COMMITMENT, sizeof(key.commitment)) &&
	    !TUSK_SABOTAGED(key_commitment))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0,
				    "%s: key commitment differs: damaged, or written with another key", object);
	*ret_key = key;
	return 0;
}
