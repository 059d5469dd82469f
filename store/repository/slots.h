/* Writing key slots: for init and for key add. */
#ifndef TUSK_SLOTS_H
#define TUSK_SLOTS_H

#include "keyslot.h"

/* What a slot belongs to. All borrowed. */
struct tusk_slot_owner {
	struct tusk_node *node;
	const struct tusk_parameters *parameters;
	const uint8_t *parameters_hash; /* 32 bytes */
};

/* Seals the slot, publishes it, reads it back and opens it; a slot that does not open to the same root key is removed
 * again. */
int tusk_slot_put(const struct tusk_slot_owner *owner, const struct tusk_secret *secret,
		  const struct tusk_keyslot *slot, struct tusk_id *ret_id, struct tusk_err *err);
/* Fills label and created. TUSK_E_USAGE for a label that is too long. */
int tusk_slot_describe(struct tusk_keyslot *slot, const char *label, unsigned log2_n, struct tusk_err *err);

#endif
