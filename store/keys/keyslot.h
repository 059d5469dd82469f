/* Key slots and tusk.repository (FORMAT.md). */
#ifndef TUSK_KEYSLOT_H
#define TUSK_KEYSLOT_H

#include "crypto.h"
#include "node.h"
#include "tusk/init.h"

#define TUSK_PARAMETERS_MAX    4096
#define TUSK_KEYSLOT_MAX       4096
#define TUSK_KEYSLOT_COUNT_MAX 256

/* Pure: fuzz targets. */
int tusk_parameters_decode(const void *data, size_t len, struct tusk_parameters *ret_parameters, struct tusk_err *err);
int tusk_parameters_encode(const struct tusk_parameters *parameters, struct tusk_buf *out, struct tusk_err *err);

/* As in tusk.repository: "aes256-gcm". */
const char *tusk_suite_name(enum tusk_suite suite);

/* A slot. The first four are public; the rest is sealed. */
struct tusk_keyslot {
	enum tusk_secret_kind kind;
	unsigned log2_n; /* 0 unless kind is a passphrase, like the next two */
	uint32_t r, p;
	int64_t created; /* seconds since 1970 */
	char label[128];
	uint8_t root[32];
};
/* For TUSK_CLEANUP. */
void tusk_keyslot_wipe(struct tusk_keyslot *slot);
#define TUSK_AUTO_KEYSLOT TUSK_CLEANUP(tusk_keyslot_wipe)

/* The public part of a slot; the rest of ret_slot is zero. Pure: a fuzz target. TUSK_E_CORRUPT, TUSK_E_VERSION. */
int tusk_keyslot_peek(const void *data, size_t len, struct tusk_keyslot *ret_slot, struct tusk_err *err);
/* Seals slot->root, label and created under secret. kind, r and p of slot are ignored: they follow from the secret;
 * log2_n is 15..20, 0: 17. Appends to out. TUSK_E_USAGE for a secret, label or cost that cannot be. */
int tusk_keyslot_seal(const struct tusk_parameters *parameters, const uint8_t parameters_hash[32],
		      const struct tusk_secret *secret, const struct tusk_keyslot *slot, struct tusk_buf *out,
		      struct tusk_err *err);
/* TUSK_E_PASSWORD when the secret is not this slot's (or of another kind; a key file's bytes are tried on the slot of a
 * recovery code too, and the other way round); TUSK_E_CORRUPT. */
int tusk_keyslot_open(const struct tusk_parameters *parameters, const uint8_t parameters_hash[32],
		      const struct tusk_secret *secret, const struct tusk_buf *data, struct tusk_keyslot *ret_slot,
		      struct tusk_err *err);

/* Every slot of the node, sorted by id. ret_ids: freed by the caller with free(). TUSK_E_LIMIT beyond
 * TUSK_KEYSLOT_COUNT_MAX. */
int tusk_keyslot_list(struct tusk_node *node, struct tusk_id **ret_ids, size_t *ret_count, struct tusk_err *err);
/* The bytes of one slot, which hash to its id. TUSK_E_CORRUPT, TUSK_E_ABSENT. */
int tusk_keyslot_get(struct tusk_node *node, const struct tusk_id *id, struct tusk_buf *ret_data, struct tusk_err *err);
void tusk_keyslot_name(const struct tusk_id *id, char ret_name[80]); /* "keys/abcd..." */

/* Tries all slots of the node; slots of another kind are skipped, damaged ones too. ret_slot and ret_id: the one that
 * opened. TUSK_E_PASSWORD when none opens; TUSK_E_CORRUPT when none is intact. */
struct tusk_keyslot_found {
	struct tusk_keyslot slot;
	struct tusk_id id;
};
int tusk_keyslot_unlock(struct tusk_node *node, const struct tusk_parameters *parameters,
			const uint8_t parameters_hash[32], const struct tusk_secret *secret,
			struct tusk_keyslot_found *ret_found, struct tusk_err *err);

#endif
