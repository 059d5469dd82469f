/* Open packs: the most recently used are kept open. Thread-safe. */
#ifndef TUSK_PACKS_H
#define TUSK_PACKS_H

#include "node.h"
#include "pack.h"

struct tusk_packs;

/* An open pack in use. */
struct tusk_open_pack {
	struct tusk_id id;
	struct tusk_pack *pack;
	unsigned users;
	bool kept; /* in the table; else closed by its last user */
	uint64_t used_at;
};

/* Borrows node and keys until free. NULL when out of memory. */
struct tusk_packs *tusk_packs_new(struct tusk_node *node, const struct tusk_keys *keys);
void tusk_packs_free(struct tusk_packs *packs);
int tusk_packs_get(struct tusk_packs *packs, const struct tusk_id *id, struct tusk_open_pack **ret_open,
		   struct tusk_err *err);
/* stale: it proved wrong, so the next user opens it anew (it may have been repaired in between). */
void tusk_packs_put(struct tusk_packs *packs, struct tusk_open_pack *open, bool stale);

#endif
