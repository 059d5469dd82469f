/* Several nodes of one repository that look like one ("a set"): struct tusk_node over its members.
 *
 * Reading asks the members in the order of their roles, then of the list; what is absent, damaged or out of reach on
 * one is taken from the next. What hashes to its name is verified whole where it is read whole. A member that lost an
 * object or has it damaged gets it back from another one (tusk_node_suspect is for callers that find damage by other
 * means).
 *
 * Writing: packs, their tables of contents and manifests go to the lead (the first local member) at once, or to a
 * temporary file when no member is local, and from there to all others, each with threads of its own: a member that is
 * slow or fails holds nobody up. It is then owed what it lacks, and sync brings it. A manifest is put on a member when
 * all packs are there. Everything else is small and goes to all members within the call.
 */
#ifndef TUSK_NODESET_H
#define TUSK_NODESET_H

#include "node.h"
#include "objects.h"
#include "tusk/nodes.h"

#include <stdatomic.h>

struct tusk_nodeset_options {
	const struct tusk_nodes *nodes; /* copied */
	size_t primary;                 /* which of them primary is */
	struct tusk_node *primary_node; /* open */
	uint8_t parameters_hash[32];    /* a member with another tusk.repository is not used */
	const char *spool_dir;          /* where packs wait when no member is local; made when needed; copied */
	/* One line for each object healed and each thing that went wrong with a member. Any thread. May be NULL. */
	void (*log)(void *context, const char *line);
	void *log_context;
};

/* Takes primary_node on success. No member but the primary is opened, and no thread started, before the first call that
 * needs it: a process may fork between. */
int tusk_nodeset_new(const struct tusk_nodeset_options *options, struct tusk_node **ret_node, struct tusk_err *err);

/* Every node has members: one that is no set is its own only member. */
size_t tusk_node_member_count(const struct tusk_node *node);
/* The member with that place in the list; waits until it is open or failed. Borrowed. TUSK_E_NODE and others. */
int tusk_node_member(struct tusk_node *node, size_t i, struct tusk_node **ret_member, struct tusk_err *err);
/* NULL for a node that is no set. */
const struct tusk_member *tusk_node_member_info(const struct tusk_node *node, size_t i);
/* Bytes read from that member so far. */
uint64_t tusk_node_member_read_bytes(struct tusk_node *node, size_t i);

/* Brings an object to that member from any other one that has it intact; what proves damaged on the way is healed.
 * replace: a damaged one is in its place. meter: see objects.h; may be NULL. A pack that is damaged on all nodes
 * (TUSK_E_CORRUPT) is from then on no reason to withhold manifests. */
int tusk_nodeset_bring(struct tusk_node *node, size_t i, const char *name, bool replace,
		       const struct tusk_copy_meter *meter, struct tusk_err *err);
/* The same for a manifest: only if the member has all packs. TUSK_E_NODE when it has not. */
int tusk_nodeset_bring_manifest(struct tusk_node *node, size_t i, const char *name, struct tusk_err *err);

/* What became of the manifests that were put since the set was opened. */
enum tusk_delivery { TUSK_DELIVERY_NONE, TUSK_DELIVERY_DONE, TUSK_DELIVERY_OWED };
/* Waits until every member has what it was sent, or failed, or stop (which may be NULL) is set. */
void tusk_nodeset_settle(struct tusk_node *node, const atomic_bool *stop);
/* For the last manifest. ret_why: why it is owed. */
enum tusk_delivery tusk_nodeset_delivery(struct tusk_node *node, size_t i, struct tusk_err *ret_why);

/* Asked before a manifest is put on a member: under its lock; where it has none, then again when the manifest is there.
 * Not 0: it is owed, err says why; one that is there is taken back. */
enum tusk_guard { TUSK_GUARD_LOCKED, TUSK_GUARD_BEFORE, TUSK_GUARD_AFTER };
void tusk_nodeset_guard(struct tusk_node *node,
			int (*guard)(void *context, struct tusk_node *member, enum tusk_guard when,
				     struct tusk_err *err),
			void *context);

#endif
