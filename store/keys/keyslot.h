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

/* The public part of a slot. */
struct tusk_keyslot_header {
	enum tusk_secret_kind kind;
	unsigned log2_n;
	uint32_t r, p;
};
int tusk_keyslot_peek(const void *data, size_t len, struct tusk_keyslot_header *ret_header, struct tusk_err *err);
int tusk_keyslot_seal(const struct tusk_parameters *parameters, const uint8_t parameters_hash[32],
		      const struct tusk_secret *secret, unsigned log2_n, const char *label, int64_t created,
		      const uint8_t root[32], struct tusk_buf *out, struct tusk_err *err);
/* 0; TUSK_E_PASSWORD when the secret is not this slot's; TUSK_E_CORRUPT. */
int tusk_keyslot_open(const struct tusk_parameters *parameters, const uint8_t parameters_hash[32],
		      const struct tusk_secret *secret, const void *data, size_t len, uint8_t ret_root[32],
		      char ret_label[128], int64_t *ret_created, struct tusk_err *err);

/* Tries all slots of the node; slots of another kind are skipped. TUSK_E_PASSWORD when none opens. ret_slot says which
 * did. */
int tusk_keyslot_unlock(struct tusk_node *node, const struct tusk_parameters *parameters,
			const uint8_t parameters_hash[32], const struct tusk_secret *secret, uint8_t ret_root[32],
			struct tusk_id *ret_slot, struct tusk_err *err);

#endif
