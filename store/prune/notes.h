/* The small objects of writers and prune as bytes (FORMAT.md, Sealed notes). All decoders are pure: the fuzz target. */
#ifndef TUSK_NOTES_H
#define TUSK_NOTES_H

#include "tusk/buf.h"
#include "tusk/err.h"
#include "tusk/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUSK_CONDEMNED_MAX   200000u /* packs at a time */
#define TUSK_LEASE_ROOTS_MAX 8u
#define TUSK_LEASE_HOST_MAX  255u

/* How often packs were condemned. tag: random, so that two prunes that could not see each other differ. */
struct tusk_epoch {
	uint64_t number;
	uint8_t tag[16];
};
static inline bool tusk_epoch_equal(const struct tusk_epoch *a, const struct tusk_epoch *b)
{
	return a->number == b->number && __builtin_memcmp(a->tag, b->tag, sizeof(a->tag)) == 0;
}
int tusk_epoch_encode(const struct tusk_epoch *epoch, struct tusk_buf *out);
int tusk_epoch_decode(const void *data, size_t len, struct tusk_epoch *ret_epoch, struct tusk_err *err);

/* A pack that may go. epoch: the number of the epoch that began when it was condemned. time: by the pruner's clock;
 * only costs depend on it. */
struct tusk_condemned_pack {
	struct tusk_id pack;
	uint64_t epoch;
	int64_t time;
};
/* Invariant: sorted by pack, no two equal, at most TUSK_CONDEMNED_MAX. */
struct tusk_condemned {
	struct tusk_condemned_pack *items;
	size_t count;
};
void tusk_condemned_release(struct tusk_condemned *condemned);
#define TUSK_AUTO_CONDEMNED TUSK_CLEANUP(tusk_condemned_release)
int tusk_condemned_encode(const struct tusk_condemned *condemned, struct tusk_buf *out);
int tusk_condemned_decode(const void *data, size_t len, struct tusk_condemned *ret_condemned, struct tusk_err *err);
/* The item of pack, or NULL. */
const struct tusk_condemned_pack *tusk_condemned_find(const struct tusk_condemned *condemned,
						      const struct tusk_id *pack);

enum tusk_lease_kind { TUSK_LEASE_WRITER = 1, TUSK_LEASE_READER = 2, TUSK_LEASE_PRUNE = 3 };

/* Who holds a lease: enough to know on the same machine whether that process still lives (owner.c). */
struct tusk_owner {
	uint8_t boot[16];    /* the machine's boot */
	uint64_t namespaces; /* stands for the process' namespaces of pids and time */
	uint64_t pid, start; /* start: as /proc says, in clock ticks since the boot */
	char host[TUSK_LEASE_HOST_MAX + 1];
};
struct tusk_lease_note {
	enum tusk_lease_kind kind;
	struct tusk_owner owner;
	uint64_t counter;                           /* rises with every renewal */
	int64_t time;                               /* of this writing, by its holder's clock */
	struct tusk_epoch epoch;                    /* that its holder has seen */
	struct tusk_id roots[TUSK_LEASE_ROOTS_MAX]; /* blocks of directories that its holder builds upon */
	size_t root_count;
};
int tusk_lease_encode(const struct tusk_lease_note *lease, struct tusk_buf *out);
int tusk_lease_decode(const void *data, size_t len, struct tusk_lease_note *ret_lease, struct tusk_err *err);

/* What stays of a snapshot that was forgotten. */
struct tusk_tombstone {
	int64_t time;
	struct tusk_buf manifest; /* the object as it was; empty when it was too large to keep */
};
void tusk_tombstone_release(struct tusk_tombstone *tombstone);
#define TUSK_AUTO_TOMBSTONE TUSK_CLEANUP(tusk_tombstone_release)
int tusk_tombstone_encode(const struct tusk_tombstone *tombstone, struct tusk_buf *out);
int tusk_tombstone_decode(const void *data, size_t len, struct tusk_tombstone *ret_tombstone, struct tusk_err *err);

#endif
