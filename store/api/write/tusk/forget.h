/* Forgetting snapshots: which by a policy, and how; tags and pins. */
#ifndef TUSK_FORGET_H
#define TUSK_FORGET_H

#include "tusk/snapshot.h"

#define TUSK_KEEP_ALL UINT32_MAX

/* A length of time on the calendar. */
struct tusk_span {
	unsigned years, months, days, hours;
};
/* "2y5m7d3h", "36h", "2w"; units may be left out, not repeated. 0 or -1. */
int tusk_span_parse(const char *text, struct tusk_span *ret_span);

enum tusk_keep_kind {
	TUSK_KEEP_LAST,
	TUSK_KEEP_HOURLY,
	TUSK_KEEP_DAILY,
	TUSK_KEEP_WEEKLY, /* ISO 8601 weeks */
	TUSK_KEEP_MONTHLY,
	TUSK_KEEP_YEARLY,
	TUSK_KEEP_KINDS
};

/* What stays of each group of snapshots, by local time. */
struct tusk_policy {
	uint32_t keep[TUSK_KEEP_KINDS]; /* so many of each; TUSK_KEEP_ALL */
	bool has_within;
	struct tusk_span within; /* before the newest of the group */
	const char *const *tags; /* those with one of these; "" is any tag */
	size_t tag_count;
};
bool tusk_policy_is_empty(const struct tusk_policy *policy);

/* Why a snapshot stays: bits 1 << enum tusk_keep_kind, and these. 0: it goes. */
#define TUSK_KEPT_WITHIN (1u << 8)
#define TUSK_KEPT_TAG    (1u << 9)
#define TUSK_KEPT_PIN    (1u << 10)

struct tusk_verdict {
	const struct tusk_snapshot *snapshot;
	size_t group; /* 0...: same host and paths */
	unsigned reasons;
};
/* Judges all snapshots of items: one verdict each, group by group, the newest first. A pinned one always stays. A
 * period counts if it holds a snapshot; of its snapshots the newest stays. ret_verdicts: count of them, freed by the
 * caller. */
int tusk_policy_apply(const struct tusk_policy *policy, const struct tusk_snapshot *const *items, size_t count,
		      struct tusk_verdict **ret_verdicts, struct tusk_err *err);

/* Forgets one snapshot: leaves a note, then removes its manifest. The data stay until prune. Durable on return; after a
 * crash it is forgotten or not. TUSK_E_ABSENT. */
int tusk_snapshot_forget(struct tusk_repository *repository, const struct tusk_id *id, struct tusk_err *err);

/* Brings back the forgotten snapshot whose id begins with prefix (4 digits or more), if all that it refers to is still
 * there; its tags are those of its manifest again. Durable on return. TUSK_E_ABSENT, TUSK_E_USAGE (ambiguous),
 * TUSK_E_NODE when a node cannot be reached. */
int tusk_snapshot_remember(struct tusk_repository *repository, const char *prefix, struct tusk_id *ret_id,
			   struct tusk_err *err);

/* Replaces tags and pin of a snapshot (the manifest stays as it is). Durable on return. */
int tusk_snapshot_mark(struct tusk_repository *repository, const struct tusk_snapshot *snapshot,
		       const struct tusk_strings *tags, bool pinned, struct tusk_err *err);

#endif
