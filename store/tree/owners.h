/* The owner table of a leaf block while it is being built. Private to this module. */
#ifndef TUSK_OWNERS_H
#define TUSK_OWNERS_H

#include "tusk/buf.h"
#include "tusk/reader.h"

enum tusk_owner_kind { TUSK_OWNER_USER = 0, TUSK_OWNER_GROUP = 1 };

/* Zero-initialised is empty. Invariant: items are sorted by key, no two equal. */
struct tusk_owners {
	struct tusk_owner_item *items;
	size_t count, capacity;
	struct tusk_buf names;
};
/* The first name given to an id stays. An empty name, or one that FORMAT.md does not allow, is unknown. 0 or -1
 * (memory). */
int tusk_owners_add(struct tusk_owners *owners, enum tusk_owner_kind kind, uint32_t id, const struct tusk_bytes *name);
int tusk_owners_encode(const struct tusk_owners *owners, struct tusk_buf *out);
void tusk_owners_clear(struct tusk_owners *owners); /* keeps the memory */
void tusk_owners_release(struct tusk_owners *owners);

#endif
