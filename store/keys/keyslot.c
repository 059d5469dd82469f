#include "keyslot.h"

#include "tusk/sabotage.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC          "tuskKEYS"
#define VERSION        1u
#define HEADER_SIZE    88u
#define SALT_OFFSET    24
#define COMMIT_OFFSET  56
#define SECRET_SIZE    32u
#define LABEL_MAX      127u
#define LOG2_N_FLOOR   15u
#define LOG2_N_CEILING 20u
#define LOG2_N_DEFAULT 17u
#define BLOCK_SIZE     8u /* r */
#define PARALLEL_MAX   4u
#define AAD_SIZE       (HEADER_SIZE + 32)
#define HKDF_INFO      "tusk v1 slot"
#define KEY_MATERIAL   64

void tusk_secret_release(struct tusk_secret *secret)
{
	tusk_buf_wipe(&secret->secret);
	secret->origin[0] = '\0';
}

void tusk_keyslot_wipe(struct tusk_keyslot *slot)
{
	tusk_wipe(slot, sizeof(*slot));
}

/* What a secret gives for one salt. */
struct material {
	uint8_t bytes[KEY_MATERIAL];
};

static void material_wipe(struct material *material)
{
	tusk_wipe(material, sizeof(*material));
}

static bool passphrase_cost_valid(const struct tusk_keyslot *slot)
{
	return TUSK_SABOTAGED(kdf_bounds) || (slot->log2_n >= LOG2_N_FLOOR && slot->log2_n <= LOG2_N_CEILING &&
					      slot->r == BLOCK_SIZE && slot->p >= 1 && slot->p <= PARALLEL_MAX);
}

/* Checked before any derivation: a slot must not be able to ask for terabytes. */
static bool header_valid(const struct tusk_keyslot *slot)
{
	if (slot->kind == TUSK_SECRET_PASSPHRASE)
		return passphrase_cost_valid(slot);
	return (slot->kind == TUSK_SECRET_KEY_FILE || slot->kind == TUSK_SECRET_RECOVERY) && slot->log2_n == 0 &&
	       slot->r == 0 && slot->p == 0;
}

/* The public fields of a header. */
static struct tusk_keyslot header_fields(const uint8_t header[HEADER_SIZE])
{
	return (struct tusk_keyslot){.kind = (enum tusk_secret_kind)header[10],
				     .log2_n = header[11],
				     .r = tusk_load_u32(header + 12),
				     .p = tusk_load_u32(header + 16)};
}

int tusk_keyslot_peek(const void *data, size_t len, struct tusk_keyslot *ret_slot, struct tusk_err *err)
{
	const uint8_t *header = data;
	struct tusk_keyslot slot;
	unsigned version;

	if (len < HEADER_SIZE + TUSK_TAG_SIZE || len > TUSK_KEYSLOT_MAX || memcmp(header, MAGIC, 8) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "is not a key slot");
	version = tusk_load_u16(header + 8);
	if (version > VERSION)
		return tusk_err_set(err, TUSK_E_VERSION, 0, "has version %u, this tusk reads up to %u", version,
				    VERSION);
	slot = header_fields(header);
	if (version != VERSION || tusk_load_u32(header + 20) != 0 || !header_valid(&slot))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "has an impossible header");
	*ret_slot = slot;
	return 0;
}

/* A passphrase fits its own kind only; the 32 bytes of a key file and of a recovery code may stand for each other. */
static bool kinds_match(enum tusk_secret_kind a, enum tusk_secret_kind b)
{
	return (a == TUSK_SECRET_PASSPHRASE) == (b == TUSK_SECRET_PASSPHRASE);
}

static int check_secret(const struct tusk_secret *secret, struct tusk_err *err)
{
	if (secret->kind == TUSK_SECRET_PASSPHRASE && !secret->secret.len)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "an empty password is not a password");
	if (secret->kind != TUSK_SECRET_PASSPHRASE && secret->secret.len != SECRET_SIZE)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "a key has %u bytes, not %zu", SECRET_SIZE,
				    secret->secret.len);
	return 0;
}

/* ret_material: key encryption key, commitment. slot: a valid header. */
static int derive(const struct tusk_secret *secret, const struct tusk_keyslot *slot, const uint8_t salt[TUSK_SALT_SIZE],
		  struct material *ret_material, struct tusk_err *err)
{
	if (check_secret(secret, err) < 0)
		return -1;
	if (slot->kind == TUSK_SECRET_PASSPHRASE)
		return tusk_kdf_scrypt(secret->secret.data, secret->secret.len, salt, slot->log2_n, slot->r, slot->p,
				       ret_material->bytes, err);
	return tusk_kdf_hkdf(secret->secret.data, secret->secret.len, salt, HKDF_INFO, ret_material->bytes, err);
}

static void make_key(const struct tusk_parameters *parameters, const struct material *material,
		     struct tusk_object_key *ret_key)
{
	ret_key->suite = parameters->suite;
	memcpy(ret_key->key, material->bytes, 32);
	memcpy(ret_key->commitment, material->bytes + 32, 32);
}

static void key_wipe(struct tusk_object_key *key)
{
	tusk_wipe(key, sizeof(*key));
}

static void make_aad(const uint8_t header[HEADER_SIZE], const uint8_t parameters_hash[32], uint8_t ret_aad[AAD_SIZE])
{
	memcpy(ret_aad, header, HEADER_SIZE);
	memcpy(ret_aad + HEADER_SIZE, parameters_hash, 32);
}

/* The header without its commitment, which depends on the salt in it. */
static int make_header(const struct tusk_secret *secret, const struct tusk_keyslot *slot, uint8_t header[HEADER_SIZE],
		       struct tusk_err *err)
{
	bool passphrase = secret->kind == TUSK_SECRET_PASSPHRASE;
	struct tusk_keyslot fields;

	memset(header, 0, HEADER_SIZE);
	memcpy(header, MAGIC, 8);
	tusk_store_u16(header + 8, VERSION);
	header[10] = (uint8_t)secret->kind;
	if (passphrase) {
		header[11] = (uint8_t)(slot->log2_n ? slot->log2_n : LOG2_N_DEFAULT);
		tusk_store_u32(header + 12, BLOCK_SIZE);
		tusk_store_u32(header + 16, 1);
	}
	fields = header_fields(header);
	if (!header_valid(&fields) || slot->log2_n > LOG2_N_CEILING)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "the cost of a password can be 2^%u to 2^%u, not 2^%u",
				    LOG2_N_FLOOR, LOG2_N_CEILING, slot->log2_n);
	return tusk_random(header + SALT_OFFSET, TUSK_SALT_SIZE, err);
}

static int make_body(const struct tusk_keyslot *slot, struct tusk_buf *body, struct tusk_err *err)
{
	size_t label_len = strnlen(slot->label, sizeof(slot->label));

	if (label_len > LABEL_MAX)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "the label of a key is longer than %u bytes", LABEL_MAX);
	/* Reserved at once, so that growing leaves no copy behind. */
	if (tusk_buf_reserve(body, sizeof(*slot)) < 0 || tusk_put_u64(body, (uint64_t)slot->created) < 0 ||
	    tusk_put_bytes(body, slot->label, label_len) < 0 || tusk_put_raw(body, slot->root, sizeof(slot->root)) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot make a key slot: out of memory");
	return 0;
}

static int seal_body(const struct tusk_object_key *key, const uint8_t aad[AAD_SIZE], const struct tusk_buf *body,
		     struct tusk_buf *out, struct tusk_err *err)
{
	struct tusk_aead *aead TUSK_AUTO_AEAD = tusk_aead_new();

	if (!aead || tusk_buf_reserve(out, HEADER_SIZE + body->len + TUSK_TAG_SIZE) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot make a key slot: out of memory");
	if (tusk_aead_seal(aead, key, 0, aad, AAD_SIZE, body->data, body->len, out->data + out->len + HEADER_SIZE,
			   err) < 0)
		return -1;
	memcpy(out->data + out->len, aad, HEADER_SIZE);
	out->len += HEADER_SIZE + body->len + TUSK_TAG_SIZE;
	return 0;
}

int tusk_keyslot_seal(const struct tusk_parameters *parameters, const uint8_t parameters_hash[32],
		      const struct tusk_secret *secret, const struct tusk_keyslot *slot, struct tusk_buf *out,
		      struct tusk_err *err)
{
	struct material material TUSK_CLEANUP(material_wipe) = {{0}};
	struct tusk_object_key key TUSK_CLEANUP(key_wipe) = {0};
	struct tusk_buf body TUSK_AUTO_SECRET_BUF = {0};
	uint8_t header[HEADER_SIZE], aad[AAD_SIZE];
	struct tusk_keyslot fields;

	if (parameters->suite == TUSK_SUITE_NONE)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "a repository without encryption has no keys");
	if (make_header(secret, slot, header, err) < 0 || make_body(slot, &body, err) < 0)
		return -1;
	fields = header_fields(header);
	if (derive(secret, &fields, header + SALT_OFFSET, &material, err) < 0)
		return -1;
	make_key(parameters, &material, &key);
	memcpy(header + COMMIT_OFFSET, key.commitment, sizeof(key.commitment));
	make_aad(header, parameters_hash, aad);
	return seal_body(&key, aad, &body, out, err);
}

static int decode_body(const struct tusk_buf *body, struct tusk_keyslot *slot, struct tusk_err *err)
{
	struct tusk_cursor cursor;
	const uint8_t *label, *root;
	size_t label_len = 0;

	tusk_cursor_init(&cursor, body->data, body->len);
	slot->created = (int64_t)tusk_get_u64(&cursor);
	label = tusk_get_bytes(&cursor, LABEL_MAX, &label_len);
	root = tusk_get_raw(&cursor, sizeof(slot->root));
	if (!tusk_cursor_done(&cursor) || memchr(label, '\0', label_len))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "its content does not decode");
	memcpy(slot->label, label, label_len);
	slot->label[label_len] = '\0';
	memcpy(slot->root, root, sizeof(slot->root));
	return 0;
}

static int open_body(const struct tusk_object_key *key, const uint8_t aad[AAD_SIZE], const struct tusk_buf *data,
		     struct tusk_keyslot *slot, struct tusk_err *err)
{
	struct tusk_aead *aead TUSK_AUTO_AEAD = tusk_aead_new();
	struct tusk_buf body TUSK_AUTO_SECRET_BUF = {0};
	size_t sealed_len = data->len - HEADER_SIZE;

	if (!aead || tusk_buf_reserve(&body, sealed_len) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open a key slot: out of memory");
	if (tusk_aead_open(aead, key, 0, aad, AAD_SIZE, data->data + HEADER_SIZE, sealed_len, body.data, err) < 0)
		return -1;
	body.len = sealed_len - TUSK_TAG_SIZE;
	return decode_body(&body, slot, err);
}

int tusk_keyslot_open(const struct tusk_parameters *parameters, const uint8_t parameters_hash[32],
		      const struct tusk_secret *secret, const struct tusk_buf *data, struct tusk_keyslot *ret_slot,
		      struct tusk_err *err)
{
	struct material material TUSK_CLEANUP(material_wipe) = {{0}};
	struct tusk_object_key key TUSK_CLEANUP(key_wipe) = {0};
	struct tusk_keyslot slot TUSK_AUTO_KEYSLOT = {0};
	uint8_t aad[AAD_SIZE];

	if (tusk_keyslot_peek(data->data, data->len, &slot, err) < 0)
		return -1;
	if (!kinds_match(slot.kind, secret->kind))
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "is for another kind of secret");
	if (derive(secret, &slot, data->data + SALT_OFFSET, &material, err) < 0)
		return -1;
	make_key(parameters, &material, &key);
	if (!tusk_equal_constant_time(key.commitment, data->data + COMMIT_OFFSET, sizeof(key.commitment)))
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "does not open with this secret");
	make_aad(data->data, parameters_hash, aad);
	if (open_body(&key, aad, data, &slot, err) < 0)
		return -1;
	*ret_slot = slot;
	return 0;
}
