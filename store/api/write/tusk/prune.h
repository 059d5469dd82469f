/* Removing what no snapshot refers to. */
#ifndef TUSK_PRUNE_H
#define TUSK_PRUNE_H

#include "tusk/err.h"
#include "tusk/repository.h"

#include <stdatomic.h>

struct tusk_prune_options {
	bool dry_run;            /* says what would be done; writes nothing */
	bool undelete;           /* instead: keeps all packs that are condemned and not yet removed */
	bool no_wait;            /* removes packs although a backup that runs may have to store some of them again */
	unsigned max_unused;     /* percent of a pack that may lie unused before it is written anew; 100: never */
	const atomic_bool *stop; /* may be NULL */
	void (*on_stage)(void *context, const char *stage, uint64_t done, uint64_t total); /* may be NULL */
	void *context;
};

struct tusk_prune_result {
	uint64_t packs, bytes;                   /* on the node before */
	uint64_t unused_packs, unused_bytes;     /* of them, without anything that is referred to */
	uint64_t repacked_packs, repacked_bytes; /* partly used: written anew */
	uint64_t written_bytes;                  /* of new packs */
	uint64_t removed_packs, removed_bytes;
	uint64_t waiting_packs, waiting_bytes; /* condemned, and left for a later prune */
	uint64_t waiting_for;                  /* backups that began before */
	uint64_t wasted_bytes;                 /* unused parts of packs that stay */
	uint64_t unreadable_packs;             /* left alone: what they hold cannot be known */
};

/* Removes what no snapshot needs, in an order that neither a crash nor a backup or mount at work can turn into a loss
 * (store/DESIGN.md, Writers and prune). A run that was killed is finished by the next. Works on a full disk. Errors:
 * TUSK_E_LOCKED (another prune works), TUSK_E_CORRUPT (a snapshot cannot be read, or refers to what is missing: nothing
 * was removed), TUSK_E_FULL, TUSK_E_INTERRUPTED. */
int tusk_prune_run(struct tusk_repository *repository, const struct tusk_prune_options *options,
		   struct tusk_prune_result *ret_result, struct tusk_err *err);

#endif
