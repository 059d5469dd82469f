/* Changing the list of a repository's nodes (tusk/nodes.h), and keeping them equal. */
#ifndef TUSK_REPLICATE_H
#define TUSK_REPLICATE_H

#include "tusk/nodes.h"

#include <stdatomic.h>

/* The calls below write a new list to every node that can be reached; the others get it by sync. The open repository
 * goes on with the old one. */

/* Adds the node at member->url (a local path is made absolute). init: it is made there, with the parameters and keys of
 * the repository, and a sync will fill it; else it must hold this repository already. The first node gets into the list
 * by this, too; to give it another name than that of its role, add it first, by its own URL.
 * TUSK_E_USAGE: a name, URL or role that cannot be; a name or URL that is there already. */
int tusk_nodes_add(struct tusk_repository *repository, const struct tusk_member *member, bool init,
		   struct tusk_err *err);
/* Makes a node of the repository at url, which is missing or empty, for tusk_nodes_sync to fill once the repository is
 * opened again. One that the list has at that place already (its disk was lost) keeps its name; a new one is named by
 * its role, with a number where that is taken. */
int tusk_nodes_make(struct tusk_repository *repository, const char *url, char ret_name[TUSK_MEMBER_NAME_SIZE],
		    struct tusk_err *err);
/* Takes the node out of the list; nothing on it changes. TUSK_E_ABSENT; TUSK_E_USAGE for the last one. */
int tusk_nodes_remove(struct tusk_repository *repository, const char *name, struct tusk_err *err);
/* Sets the policy. TUSK_E_USAGE when there are fewer nodes of a role than required. */
int tusk_nodes_require(struct tusk_repository *repository, const unsigned require[TUSK_ROLE_COUNT],
		       struct tusk_err *err);

/* Counters that a display may read while a sync runs; over all its targets. */
struct tusk_sync_progress {
	atomic_uint_fast64_t objects, objects_expected, bytes, bytes_expected;
};

struct tusk_sync_options {
	const char *const *names; /* count nodes that are to catch up; 0: all */
	size_t count;
	struct tusk_sync_progress *progress; /* may be NULL */
	const atomic_bool *stop;             /* set by a signal handler: TUSK_E_INTERRUPTED; may be NULL */
};

/* What became of one node. */
struct tusk_sync_target {
	bool asked, complete;             /* it was to catch up; it has everything that was to be had */
	uint64_t packs, snapshots, bytes; /* that it got; bytes of all objects */
	uint64_t forgotten;               /* snapshots that were removed since they were forgotten elsewhere */
	uint64_t damaged;                 /* objects that no node has intact */
	struct tusk_err why;              /* the first thing that went wrong */
};
struct tusk_sync_result {
	size_t count; /* as in tusk_nodes_get */
	struct tusk_sync_target items[TUSK_NODES_MAX + 1];
};

/* Brings to each node what it lacks and another one has: keys, packs, tables of contents, notes, and last manifests.
 * Every object is verified while it is copied. May be run again after any failure: it goes on where it was. 0: result
 * says how it went, node by node. -1: it could not begin; TUSK_E_ABSENT for a name that is not in the list. */
int tusk_nodes_sync(struct tusk_repository *repository, const struct tusk_sync_options *options,
		    struct tusk_sync_result *ret_result, struct tusk_err *err);

struct tusk_inspect_options {
	const char *const *names; /* count nodes; 0: all */
	size_t count;
	bool data; /* hash the packs, too; else they are only looked for */
	bool heal; /* give back what is damaged or lost from another node */
	/* In the thread of the call or one of its own, one call at a time; both may be NULL. why: NULL when healed. */
	void (*on_damage)(void *context, const char *node, const char *object, const char *what);
	void (*on_heal)(void *context, const char *node, const char *object, const struct tusk_err *why);
	void *context;
	struct tusk_sync_progress *progress; /* objects and bytes; may be NULL */
	const atomic_bool *stop;             /* may be NULL */
};
struct tusk_inspected {
	bool asked, complete; /* complete: it was looked at to the end, whatever was found */
	uint64_t objects, packs, bytes;
	uint64_t damaged, missing, healed;
	struct tusk_err why; /* why it is not complete, or something could not be healed */
};
struct tusk_inspect_result {
	size_t count; /* as in tusk_nodes_get */
	struct tusk_inspected items[TUSK_NODES_MAX + 1];
};
/* Looks at nodes one by one, each object hashed where it lies: needs no key but for the list of nodes. With data the
 * ledger notes when each pack of that node was proven. 0 also when damage was found. */
int tusk_nodes_inspect(struct tusk_repository *repository, const struct tusk_inspect_options *options,
		       struct tusk_inspect_result *ret_result, struct tusk_err *err);

/* What became of the last snapshot that was written through this handle (tusk_backup_run waits for it). */
struct tusk_delivery_report {
	size_t count; /* as in tusk_nodes_get */
	struct {
		bool done;
		struct tusk_err why; /* when it is not done: why it is owed to this node; sync brings it */
	} items[TUSK_NODES_MAX + 1];
	bool acknowledged; /* the policy is met */
};
void tusk_nodes_delivery(struct tusk_repository *repository, struct tusk_delivery_report *ret_report);

#endif
