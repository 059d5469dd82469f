/* When the bytes of each pack were last verified, for each node of the repository (FORMAT.md, Ledger). */
#ifndef TUSK_LEDGER_H
#define TUSK_LEDGER_H

#include "crypto.h"
#include "node.h"

#define TUSK_LEDGER_NAME_MAX 255u
#define TUSK_LEDGER_NOTE_MAX 262144u /* proofs in one object */

struct tusk_proof {
	struct tusk_id pack;
	int64_t time_ms; /* since 1970 */
	bool is_bad;     /* the bytes were not those that the pack's name says */
};

/* Invariant: the first sorted_count proofs are sorted by pack, no two equal; the others came by tusk_ledger_add. */
struct tusk_ledger {
	struct tusk_proof *proofs;
	size_t count, sorted_count, capacity;
	struct tusk_buf notes; /* the names of the objects that it was read from, each with its NUL */
	int64_t now_ms; /* when this run's proofs are made: later than those before, by the clock if that is right */
};
void tusk_ledger_release(struct tusk_ledger *ledger);
#define TUSK_AUTO_LEDGER TUSK_CLEANUP(tusk_ledger_release)

/* What the notes on node say of the node called member (at most TUSK_LEDGER_NAME_MAX bytes; "": the only one). Damaged
 * notes are passed over: a lost proof costs one reading. A proof from the future is none. */
int tusk_ledger_load(struct tusk_node *node, const struct tusk_keys *keys, const char *member,
		     struct tusk_ledger *ret_ledger, struct tusk_err *err);
/* NULL: never verified. Sees no proof that was added since the last load or save. */
const struct tusk_proof *tusk_ledger_find(const struct tusk_ledger *ledger, const struct tusk_id *pack);
/* All bytes of pack have just been read. */
int tusk_ledger_add(struct tusk_ledger *ledger, const struct tusk_id *pack, bool is_bad, struct tusk_err *err);
/* Puts what was added in the place of what was known, and drops the packs for which exists says no (NULL: none). */
void tusk_ledger_merge(struct tusk_ledger *ledger, bool (*exists)(void *context, const struct tusk_id *pack),
		       void *context);
/* After merge: writes the ledger as new notes, then removes those it was read from (as far as the node lets us). A
 * crash in between leaves both, which says the same. */
int tusk_ledger_save(struct tusk_node *node, const struct tusk_keys *keys, const char *member,
		     struct tusk_ledger *ledger, struct tusk_err *err);

/* The body of a note: the fuzz target. ret_member borrows from body and has no NUL. Appends to ret_ledger's proofs,
 * which are then to be merged. */
int tusk_ledger_decode(const void *body, size_t len, const char **ret_member, size_t *ret_member_len,
		       struct tusk_ledger *ret_ledger, struct tusk_err *err);

#endif
