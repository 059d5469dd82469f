/* What the files of check/ share. */
#ifndef TUSK_CHECK_PRIVATE_H
#define TUSK_CHECK_PRIVATE_H

#include "fetcher.h"
#include "keyset.h"
#include "ledger.h"
#include "stored.h"
#include "tusk/check.h"
#include "tusk/snapshot.h"

#include <pthread.h>
#include <time.h>

#define CHECK_NO_PACK UINT32_MAX

/* A pack that is on the node, or that a table of contents speaks of. */
struct check_pack {
	struct tusk_id id;
	uint64_t size;
	bool is_present;
	bool is_unusable; /* there, but it cannot be opened */
	bool has_toc;     /* an intact toc object */
	bool lost_toc_counts;
	bool is_damaged;
	bool is_wanted; /* all its bytes are to be read */
	bool is_read;   /* and were */
	uint32_t lines; /* paths reported */
	uint64_t more;  /* and those not reported */
};

/* Something that cannot be read: an object by its id, or a file's content by check_content_key. */
struct check_damage {
	uint32_t pack; /* or CHECK_NO_PACK */
	char *what;
};

/* What of an entry suffers. */
struct check_place {
	struct tusk_extent range; /* len 0: the whole entry */
	struct tusk_id chunk;     /* that is damaged; zero: several, or none */
};

struct tusk_check {
	struct tusk_repository *repository;
	struct tusk_fetcher *fetcher;
	const struct tusk_check_options *options;
	unsigned threads;
	struct tusk_snapshot_list snapshots;
	struct check_pack *packs; /* sorted by id */
	size_t pack_count;
	struct tusk_stored stored;
	struct tusk_ledger ledger;
	pthread_mutex_t lock; /* all below */
	struct tusk_check_result result;
	struct tusk_keyset damaged; /* key -> place in damages */
	struct check_damage *damages;
	size_t damage_count, damage_capacity;
	struct check_pack nowhere; /* lines about what is in no pack */
	struct timespec last_stage;
};

/* ---- report.c ---- */

/* Whether an error means damage to what was read; else check cannot go on. */
bool check_is_damage(enum tusk_code code);
/* TUSK_E_INTERRUPTED once options->stop is set. Cheap enough for each record. */
int check_go_on(const struct tusk_check *check, struct tusk_err *err);
void check_stage(struct tusk_check *check, const char *stage, uint64_t done, uint64_t total);
/* What does not keep check from going on, and is no damage. */
void check_warn(struct tusk_check *check, const struct tusk_err *why);
/* One more damaged object of the node. */
void check_object_damaged(struct tusk_check *check, const char *object, const char *what);
/* The same for a pack, counted once. chunk: the record that is damaged; may be NULL. */
void check_pack_damaged(struct tusk_check *check, uint32_t pack, const struct tusk_id *chunk, const char *what);
/* Remembers what cannot be read, for check_blame; the first reason for a key stays. pack: CHECK_NO_PACK when it is in
 * none. */
int check_add_damage(struct tusk_check *check, const struct tusk_id *key, uint32_t pack, const char *what,
		     struct tusk_err *err);
/* The same for an object that cannot be read; its pack, if it is in one, counts as damaged from now on. */
int check_add_object(struct tusk_check *check, const struct tusk_id *id, const char *what, struct tusk_err *err);
bool check_knows_damage(struct tusk_check *check, const struct tusk_id *key);
/* A path that suffers: at most 1,000 for each pack are reported. path: bytes. */
int check_affected(struct tusk_check *check, const struct check_damage *damage, const struct tusk_snapshot *snapshot,
		   const struct tusk_buf *path, const struct check_place *place, struct tusk_err *err);
/* Says how many were not reported. */
void check_report_rest(struct tusk_check *check);

/* ---- objects.c: what lies on the node ---- */

int check_parameters(struct tusk_check *check, struct tusk_err *err);
int check_keys(struct tusk_check *check, struct tusk_err *err);
int check_manifests(struct tusk_check *check, struct tusk_err *err);
/* An error about an object: 0 when it is damage, which is reported then; -1 when check cannot go on. */
int check_object_error(struct tusk_check *check, const char *object, const struct tusk_err *why, struct tusk_err *err);

/* ---- gone.c, notes.c: snapshots that should be there; sealed notes ---- */

int check_gone(struct tusk_check *check, struct tusk_err *err);
int check_notes(struct tusk_check *check, struct tusk_err *err);

/* ---- packs.c: packs and their tables of contents ---- */

int check_packs(struct tusk_check *check, struct tusk_err *err);
/* Where an object is, by the tables of contents: the pack, preferring one that can be read; CHECK_NO_PACK when in none.
 */
uint32_t check_find(struct tusk_check *check, const struct tusk_id *id);

/* ---- structure.c: every tree once; files.c: every file's SHA-256 ---- */

int check_structure(struct tusk_check *check, struct tusk_err *err);
/* Identifies what a file's recorded SHA-256 is about. */
void check_content_key(const struct tusk_entry *entry, struct tusk_id *ret_key);
struct check_files;
int check_files_new(struct tusk_check *check, struct check_files **ret_files, struct tusk_err *err);
/* Queues a file of several chunks; waits while there are many. */
int check_files_add(struct check_files *files, const struct tusk_entry *entry, struct tusk_err *err);
int check_files_finish(struct check_files *files, struct tusk_err *err);

/* ---- data.c: every byte of the packs that are wanted ---- */

int check_data(struct tusk_check *check, struct tusk_err *err);

/* ---- share.c: which packs to read, and when they were read ---- */

/* Loads the ledger and marks the packs that this run reads: those whose proof is the oldest. */
int check_choose(struct tusk_check *check, struct tusk_err *err);
/* Tells the ledger which packs were read. Also after a check that was stopped. */
void check_remember(struct tusk_check *check);
/* How old the proofs are, in check->result. */
void check_measure(struct tusk_check *check);

/* ---- blame.c: which paths suffer ---- */

int check_blame(struct tusk_check *check, struct tusk_err *err);

#endif
