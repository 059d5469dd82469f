/* A source folder and a repository for tests of backups: PATH/source, PATH/repository, PATH/state. Failures of the
 * surroundings end the test program; what is tested comes back to the test. */
#ifndef TUSK_TEST_WORLD_H
#define TUSK_TEST_WORLD_H

#include "fixture_repository.h"
#include "tusk/backup.h"
#include "tusk/reader.h"

#define WORLD_PROBLEMS 64

struct world {
	char path[64], source[128];
	struct tusk_repository *repository;
	struct tusk_backup_options options; /* of the next backup; paths: source */
	const char *paths[4];
	struct tusk_backup_result result; /* of the last one */
	struct tusk_err err;
	struct {
		enum tusk_problem kind;
		char path[256];
		int sys_errno;
	} problems[WORLD_PROBLEMS];
	size_t problem_count;
	void (*on_entry)(struct world *world, char fate, const char *path); /* may be NULL */
	size_t entry_count;                                                 /* for on_entry's use */
};

void world_open(struct world *world, enum tusk_suite suite);
void world_close(struct world *world);
/* A new process, as it were; with forget, a new client. */
void world_reopen(struct world *world, bool forget);

/* In the source; name may have slashes. Random bytes: the same for the same seed. */
void world_mkdir(struct world *world, const char *name);
void world_file(struct world *world, const char *name, const void *data, size_t len);
void world_text(struct world *world, const char *name, const char *text);
void world_random_file(struct world *world, const char *name, size_t len, uint64_t seed);
void world_random_bytes(void *data, size_t len, uint64_t seed);
void world_remove(struct world *world, const char *name);
/* Gives every file a ctime in the past as a backup sees it: until the clock has left the tick of the last change. */
void world_settle(struct world *world);

/* Runs a backup with world->options; its result. */
int world_try(struct world *world);
/* The same; must succeed with that many problems. */
void world_backup(struct world *world, size_t problems);

/* The last snapshot. Names are relative to the source. */
struct tusk_view *world_view(struct world *world);
bool world_has(struct world *world, const char *name);
void world_entry(struct world *world, const char *name, struct tusk_entry *ret_entry, struct tusk_view **ret_view);
/* The last snapshot's source folder. */
struct tusk_subtree world_subtree(struct world *world);
/* The source and the last snapshot are the same in every respect: names, metadata, attributes, content, hashes, holes.
 */
void world_assert_same(struct world *world);
/* The same for one file whose content is known. */
void world_assert_content(struct world *world, const char *name, const void *data, size_t len);
size_t world_snapshot_count(struct world *world);
/* A hash of the names, sizes and times of all that is on the node. */
uint64_t world_node_state(struct world *world);
/* Objects below "packs" with their sizes summed up. */
struct world_packs {
	size_t count;
	uint64_t bytes;
};
struct world_packs world_packs(struct world *world);

#endif
