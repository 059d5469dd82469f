/* The virtual folders: what is above the snapshots. A catalogue is made from one list of snapshots and never changes;
 * a new list makes a new catalogue. */
#ifndef TUSKFS_VIEWS_H
#define TUSKFS_VIEWS_H

#include "slots.h"
#include "status.h"

#include "tusk/err.h"
#include "tusk/snapshot.h"

#include <stdint.h>
#include <time.h>

enum tuskfs_fixed_node {
	TUSKFS_NODE_ROOT = 1, /* FUSE_ROOT_ID */
	TUSKFS_NODE_SNAPSHOTS,
	TUSKFS_NODE_IDS,
	TUSKFS_NODE_HOSTS,
	TUSKFS_NODE_TAGS,
	TUSKFS_NODE_SOURCES,
	TUSKFS_NODE_AT, /* what is in it is computed: place.c */
	TUSKFS_NODE_SHADOW,
	TUSKFS_NODE_SUMS,
	TUSKFS_NODE_REPORTS, /* .tusk */
	TUSKFS_NODE_VERSIONS /* what is in it is looked for: versions.c */
};

enum tuskfs_node_kind { TUSKFS_FOLDER, TUSKFS_LINK, TUSKFS_TEXT, TUSKFS_SNAPSHOT, TUSKFS_SUMS, TUSKFS_REPORT };

/* Invariants: 1. (parent, name) and nodeid are unique in a catalogue. 2. sequence is unique, never 0, and stays with
 * (parent, name) from one catalogue to the next: it is the readdir offset. */
struct tuskfs_node {
	uint64_t nodeid, parent, sequence;
	enum tuskfs_node_kind kind;
	char *name;
	char *text;                     /* target of a link, content of a text; of a report: what changes with it */
	const struct tuskfs_slot *slot; /* of a snapshot and of sums; else NULL */
	enum tuskfs_report report;
	struct tuskfs_catalogue *owner; /* of a report: this catalogue */
	uint32_t subfolders;            /* of a folder, snapshots included */
	struct timespec mtime;
};

struct tuskfs_catalogue;

/* Makes the catalogue of a list; every snapshot in it must have a slot. previous (may be NULL) gives the sequence
 * numbers on. readme is the content of README.txt. The caller holds one reference. */
int tuskfs_catalogue_new(struct tuskfs_slots *slots, const struct tusk_snapshot_list *list, const char *readme,
			 const struct tuskfs_catalogue *previous, struct tuskfs_catalogue **ret_catalogue,
			 struct tusk_err *err);
struct tuskfs_catalogue *tuskfs_catalogue_hold(struct tuskfs_catalogue *catalogue);
/* Gives a reference back; NULL is fine. */
void tuskfs_catalogue_drop(struct tuskfs_catalogue *catalogue);
TUSK_DEFINE_CLEANUP(struct tuskfs_catalogue, tuskfs_catalogue, tuskfs_catalogue_drop)
#define TUSKFS_AUTO_CATALOGUE TUSK_CLEANUP(tuskfs_catalogue_cleanup)

/* NULL: absent. */
const struct tuskfs_node *tuskfs_catalogue_node(const struct tuskfs_catalogue *catalogue, uint64_t nodeid);
const struct tuskfs_node *tuskfs_catalogue_child(const struct tuskfs_catalogue *catalogue, uint64_t parent,
						 const char *name);
/* The child of parent with the least sequence number above after; NULL at the end. */
const struct tuskfs_node *tuskfs_catalogue_next(const struct tuskfs_catalogue *catalogue, uint64_t parent,
						uint64_t after);

/* The snapshots of the list the catalogue was made from, the oldest first. */
size_t tuskfs_catalogue_snapshot_count(const struct tuskfs_catalogue *catalogue);
const struct tuskfs_slot *tuskfs_catalogue_snapshot(const struct tuskfs_catalogue *catalogue, size_t index);

/* Where the text of a report is kept once it has been made; the caller sees to it that one thread makes it. */
char **tuskfs_catalogue_report(struct tuskfs_catalogue *catalogue, enum tuskfs_report report);

/* Calls back for every (parent, name) of before that is gone or means another node in after (entry), and once for
 * every folder whose children differ (entry NULL). */
void tuskfs_catalogue_compare(const struct tuskfs_catalogue *before, const struct tuskfs_catalogue *after,
			      void (*changed)(void *context, uint64_t parent, const char *entry), void *context);

/* A host or tag as a file name: "/" becomes "_", "." and ".." become "_" and "__", empty "-", and what is longer than
 * 255 bytes is cut. */
void tuskfs_views_sanitise(const char *text, char ret_name[256]);

#endif
