/* What snapshots refer to, pack by pack, from manifests, trees and tables of contents alone: the index only helps to
 * find what is then verified. Memory: 16 bytes and a bit for each stored object. Not thread-safe. */
#ifndef TUSK_LIVE_H
#define TUSK_LIVE_H

#include "condemn.h"
#include "handle.h"

#include <stdatomic.h>

struct tusk_live_pack {
	struct tusk_id id;
	uint64_t size;
	uint32_t records, live; /* live: of them, referred to */
	enum tusk_pack_kind kind;
	bool is_unreadable; /* no table of contents of it can be read: what it holds is unknown */
	bool is_condemned;  /* set by tusk_live_condemned */
	bool is_gone;       /* set by whoever has removed it since it was listed */
};

struct tusk_live;
struct tusk_live_options {
	struct tusk_repository *repository;
	struct tusk_node *node;  /* of the repository: the one that is looked at */
	const atomic_bool *stop; /* may be NULL */
	void (*on_stage)(void *context, const char *stage, uint64_t done, uint64_t total); /* may be NULL */
	void *context;
};
/* Lists the packs and reads their tables of contents. options: borrowed. */
int tusk_live_open(const struct tusk_live_options *options, struct tusk_live **ret_live, struct tusk_err *err);
void tusk_live_close(struct tusk_live *live);
TUSK_DEFINE_CLEANUP(struct tusk_live, tusk_live, tusk_live_close)
#define TUSK_AUTO_LIVE TUSK_CLEANUP(tusk_live_cleanup)

/* Marks all that is below a block of a directory; what cannot be read is an error. */
int tusk_live_mark(struct tusk_live *live, const struct tusk_id *block, struct tusk_err *err);
/* Marks what the leases and then the manifests on the node refer to, but for what was marked before. A manifest or tree
 * that cannot be read is an error: TUSK_E_CORRUPT. */
int tusk_live_look(struct tusk_live *live, const struct tusk_leases *leases, struct tusk_err *err);
/* How many references lead to no pack, those that came meanwhile included; ret_first: one of them, if there is one. */
int tusk_live_missing(struct tusk_live *live, uint64_t *ret_missing, struct tusk_id *ret_first, struct tusk_err *err);

/* Packs by number, 0..count-1, sorted by id. */
size_t tusk_live_count(const struct tusk_live *live);
struct tusk_live_pack *tusk_live_pack(struct tusk_live *live, size_t number);
const struct tusk_id *tusk_live_id(const struct tusk_live *live, size_t number);
/* Says which packs are condemned. */
void tusk_live_condemned(struct tusk_live *live, const struct tusk_condemned *condemned);
/* The condemned packs that hold something live that no other pack holds. */
int tusk_live_needed(const struct tusk_live *live, struct tusk_pack_ids *ret_needed, struct tusk_err *err);
/* Whether an object is live, and in which pack it is to be kept: of all that hold it the one most in use, the condemned
 * ones last. After tusk_live_use. */
bool tusk_live_keeper(const struct tusk_live *live, const struct tusk_id *id, size_t *ret_number);
/* Counts in ret_kept[number] the live objects that are to be kept in each pack, and sets tusk_live_pack.live. */
int tusk_live_use(struct tusk_live *live, uint32_t **ret_kept, struct tusk_err *err);

#endif
