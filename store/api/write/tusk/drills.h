/* Restore drills: notes on the node of files that were restored from it as a test. */
#ifndef TUSK_DRILLS_H
#define TUSK_DRILLS_H

#include "tusk/err.h"
#include "tusk/id.h"
#include "tusk/repository.h"

#include <stdbool.h>

#define TUSK_DRILL_NAME_MAX 64 /* bytes of a node's name or a host */
#define TUSK_DRILLS_MAX     10000u

struct tusk_drill {
	int64_t time_ms; /* since 1970, when it began; never negative */
	char node[TUSK_DRILL_NAME_MAX + 1], host[TUSK_DRILL_NAME_MAX + 1];
	struct tusk_id snapshot;
	bool mounted; /* through a mount; else by the reader */
	uint64_t files, bytes, elapsed_ms, failures;
	uint64_t next; /* the number of the entry where the next drill goes on */
};

/* Adds a note; durable on return. Texts are cut to what fits. */
int tusk_drill_add(struct tusk_repository *repository, const struct tusk_drill *drill, struct tusk_err *err);
/* All notes, the oldest first; those that cannot be read are passed over, and all beyond TUSK_DRILLS_MAX. ret_drills is
 * freed by the caller. */
int tusk_drill_list(struct tusk_repository *repository, struct tusk_drill **ret_drills, size_t *ret_count,
		    struct tusk_err *err);

#endif
