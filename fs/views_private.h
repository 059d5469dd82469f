/* What making a catalogue and looking into it share. */
#ifndef TUSKFS_VIEWS_PRIVATE_H
#define TUSKFS_VIEWS_PRIVATE_H

#include "views.h"

#include <stdatomic.h>

struct tuskfs_catalogue {
	atomic_uint references;
	struct tuskfs_node *nodes; /* sorted by (parent, name) */
	size_t count;
	const struct tuskfs_node **by_nodeid, **by_sequence; /* sorted by nodeid; by (parent, sequence) */
	uint64_t last_sequence;
	const struct tuskfs_slot **snapshots; /* in the order of the list */
	size_t snapshot_count;
	char *reports[TUSKFS_REPORT_COUNT];
};

/* Sorts, numbers and counts what was added to nodes. */
void tuskfs_catalogue_finish(struct tuskfs_catalogue *catalogue, const struct tuskfs_catalogue *previous);

#endif
