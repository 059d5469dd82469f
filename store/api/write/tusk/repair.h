/* Making the best of a damaged repository. Only ever adds objects, or moves damaged ones to quarantine. */
#ifndef TUSK_REPAIR_H
#define TUSK_REPAIR_H

#include "tusk/err.h"
#include "tusk/repository.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What was done with one object, or would be done. */
struct tusk_repair_action {
	const char *object; /* name on the node */
	const char *what;   /* "3 of 40 records are lost; the others are in packs/..; moved to quarantine" */
	bool is_loss;       /* something of it is in no other object that is known */
};

struct tusk_repair_options {
	bool dry_run;     /* only says what would be done */
	unsigned threads; /* of the search for damage; 0: two */
	/* One call at a time. Any may be NULL. */
	void (*on_action)(void *context, const struct tusk_repair_action *action);
	void (*on_object)(void *context, uint64_t done); /* so many objects were looked at */
	void (*on_warning)(void *context, const struct tusk_err *why);
	void *context;
	const atomic_bool *stop; /* may be NULL; else TUSK_E_INTERRUPTED once it is set. Then it can be run again. */
};

struct tusk_repair_result {
	uint64_t objects, bytes_read;
	uint64_t damaged;                     /* objects, those that are missing included */
	uint64_t tocs_written;                /* tables of contents written anew from packs */
	uint64_t records_saved, records_lost; /* of damaged packs */
	uint64_t quarantined;
	uint64_t snapshots_lost; /* manifests */
};

/* Looks through the whole node for damage, then: writes lost and damaged tables of contents anew from their packs;
 * copies what is good of damaged packs to new ones; moves what is damaged to quarantine, so that nothing relies on it
 * any more and the next backup stores again what is lost and still there. Safe beside everything else but a prune
 * (TUSK_E_LOCKED while one is at work): each step leaves all that could be read as readable as before, whenever it is
 * interrupted. */
int tusk_repair_run(struct tusk_repository *repository, const struct tusk_repair_options *options,
		    struct tusk_repair_result *ret_result, struct tusk_err *err);

#endif
