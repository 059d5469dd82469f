/* versions/: below it every path that any snapshot has is a folder. That of a directory holds its names, that of
 * anything else every distinct content it ever had, each as TIME.NAME of the first snapshot that has it. */
#ifndef TUSKFS_VERSIONS_H
#define TUSKFS_VERSIONS_H

#include "tuskfs.h"

/* The operations on a place with versions set. */
int tuskfs_versions_stat(const struct tuskfs *fs, const struct tuskfs_place *place, struct stat *ret_stat);
void tuskfs_versions_lookup(fuse_req_t req, const struct tuskfs_place *place, const char *name);

/* Where a listing goes: false when it is full. */
struct tuskfs_lister {
	bool (*add)(void *context, const char *name, const struct fuse_entry_param *entry, off_t next);
	void *context;
};
/* Goes on behind the entry with that offset (0: the start). 0 or errno. */
int tuskfs_versions_list(const struct tuskfs *fs, const struct tuskfs_place *place, off_t offset,
			 const struct tuskfs_lister *lister);

/* The oldest snapshot that has the same content at the path of this entry. 0 or errno. */
int tuskfs_first_seen(const struct tuskfs *fs, const struct tuskfs_place *place, const struct tusk_entry *entry,
		      const struct tuskfs_slot **ret_slot);

#endif
