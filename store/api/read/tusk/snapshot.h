/* Snapshots: manifests, lists of them, and how a user names one. */
#ifndef TUSK_SNAPSHOT_H
#define TUSK_SNAPSHOT_H

#include "tusk/err.h"
#include "tusk/id.h"
#include "tusk/repository.h"

#include <time.h>

/* The place of a directory's block, with the sums over it. */
struct tusk_subtree {
	struct tusk_id id; /* zero for an empty directory */
	uint8_t level;
	uint64_t entries;     /* direct children */
	uint64_t descendants; /* children and all below them */
	uint64_t bytes;       /* size of all files below */
	uint64_t subdirs;     /* directories among the direct children */
};

struct tusk_counters {
	uint64_t files, dirs, others, bytes;
	uint64_t new_files, changed_files, unchanged_files;
	uint64_t new_bytes, stored_bytes, errors;
};

struct tusk_strings {
	char **items;
	size_t count;
};

/* A decoded manifest. Owns its strings. Absent texts are "" (never NULL). */
struct tusk_snapshot {
	struct tusk_id id;
	struct timespec time, end_time;
	struct tusk_subtree root;
	struct tusk_buf root_entry; /* FORMAT.md, manifest tag 3 */
	char *host, *user, *source, *comment, *version;
	struct tusk_strings paths, tags, command;
	bool has_parent;
	struct tusk_id parent;
	bool has_xattrs;
	bool pinned; /* set by tusk_snapshot_list_load: forget leaves it alone */
	struct tusk_counters counters;
	uint8_t writer[16];
	uint64_t writer_counter;
	struct tusk_id writer_previous;
	struct tusk_strings provenance; /* key, value, key, value, ... */
};
void tusk_snapshot_release(struct tusk_snapshot *snapshot);

/* All snapshots, oldest first, then by id, with the tags and pins that were given to them later. Reads the index's
 * cache for manifests already seen. A manifest that cannot
 * be read is left out of items and counted in damaged, its id and reason given to on_damage (which may be NULL). */
struct tusk_snapshot_list {
	struct tusk_snapshot *items;
	size_t count;
	size_t damaged;
};
int tusk_snapshot_list_load(struct tusk_repository *repository,
			    void (*on_damage)(void *context, const struct tusk_id *id, const struct tusk_err *why),
			    void *context, struct tusk_snapshot_list *ret_list, struct tusk_err *err);
void tusk_snapshot_list_release(struct tusk_snapshot_list *list);
#define TUSK_AUTO_SNAPSHOT_LIST TUSK_CLEANUP(tusk_snapshot_list_release)

/* Says that the first generation and list will be asked for: a far node is asked for both at once. */
void tusk_snapshot_list_expect(struct tusk_repository *repository);
/* A number that changes whenever the set of snapshots may have changed: cheap (one stat on a local node). */
int tusk_snapshot_generation(struct tusk_repository *repository, uint64_t *ret_generation, struct tusk_err *err);

/* Finds what a user named: an id prefix of 4 digits or more, "latest", "latest~N", "@2026-11-20" (the newest at or
 * before the end of that day, local time), "@2026-11-20T14:07", "@yesterday", "@today", "@3d"/"@12h"/"@2w" (ago).
 * Returns an item of list. Errors: TUSK_E_ABSENT (names the newest), TUSK_E_USAGE (ambiguous prefix, names the
 * candidates; or not understood). */
int tusk_snapshot_find(const struct tusk_snapshot_list *list, const char *name,
		       const struct tusk_snapshot **ret_snapshot, struct tusk_err *err);

#endif
