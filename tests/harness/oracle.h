/* What must hold in a repository that something was done to. The repository is ROOT/repo, the client's state
 * ROOT/state/tusk, key files ROOT/key, ROOT/key2. */
#ifndef TUSK_HARNESS_ORACLE_H
#define TUSK_HARNESS_ORACLE_H

#include "tusk/id.h"
#include "tusk/reader.h"
#include "tusk/repository.h"
#include "tusk/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

struct oracle_digest {
	struct tusk_id snapshot;
	uint8_t digest[32];
};

/* What snapshots contain: known from the live repository. */
struct oracle_table {
	struct oracle_digest *items;
	size_t count;
};
/* Lines "<snapshot> <digest>". Ends the program when the file cannot be read. */
void oracle_table_load(struct oracle_table *table, const char *path);
const uint8_t *oracle_table_find(const struct oracle_table *table, const struct tusk_id *id);

struct oracle_want {
	const struct oracle_table *table; /* NULL: snapshots need only be whole */
	const struct tusk_id *snapshots;  /* acknowledged, and not being forgotten */
	size_t snapshot_count;
	const char *key; /* a key file (below ROOT, or absolute) that must open; NULL: nothing is acknowledged yet */
	const char *instead;   /* the key that may open in its place; NULL: none */
	const char *other_key; /* one that must open as well; NULL: none */
	bool check_data;       /* check --data must find nothing */
	bool new_backup;       /* a new backup must succeed and read back */
};

/* In a child process. True when all holds; else says what does not on stderr, after prefix. */
bool oracle_judge(const char *root, const struct oracle_want *want, const char *prefix);
/* Prints the table of the repository. 0 or 1. */
int oracle_print(const char *root, const char *key);

int oracle_open(const char *root, const char *key, struct tusk_repository **ret_repository, struct tusk_err *err);
/* With the client's state in the folder ROOT/client. */
int oracle_open_as(const char *root, const char *client, const char *key, struct tusk_repository **ret_repository,
		   struct tusk_err *err);
/* Of all that a reader sees of a snapshot: names, metadata, bytes. */
int oracle_snapshot_digest(struct tusk_repository *repository, const struct tusk_snapshot *snapshot,
			   uint8_t ret_digest[32], struct tusk_err *err);
/* Of one entry. */
int oracle_entry_digest(struct tusk_view *view, uint64_t number, uint8_t ret_digest[32], struct tusk_err *err);

#endif
