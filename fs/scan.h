/* Noticing that somebody reads the files of a tree one after the other. Not thread-safe: push.c locks. */
#ifndef TUSKFS_SCAN_H
#define TUSKFS_SCAN_H

#include "slots.h"

#include <stdbool.h>
#include <stdint.h>

#define TUSKFS_SCAN_FOLDERS 512 /* rsync lists a whole tree before it reads */

/* A directory that was listed lately. Entry numbers rise in the order of a listing, so they tell how a reader moves. */
struct tuskfs_scan_folder {
	const struct tuskfs_slot *slot;
	uint64_t directory, first, end; /* its entries that the kernel knows: [first, end) */
	uint64_t pushed_end;            /* pushed, or about to be, up to here */
	uint64_t next_read;             /* behind the last file read; 0: none yet */
	unsigned streak, window;        /* files read in order; files to push at a time */
	uint64_t used;
};

/* Zero is the empty state. */
struct tuskfs_scan {
	struct tuskfs_scan_folder folders[TUSKFS_SCAN_FOLDERS];
	uint64_t clock;
	unsigned score; /* how much it looks as if the whole tree is being read */
	unsigned quiet; /* listings since a file was read */
};

/* Entries worth pushing: [from, end) of a directory. */
struct tuskfs_scan_run {
	uint64_t directory, from, end;
};

/* A listing was sent up to number end (exclusive). True, with ret_run, if its files should be pushed at once. */
bool tuskfs_scan_listed(struct tuskfs_scan *scan, const struct tuskfs_slot *slot, const struct tusk_entry *directory,
			uint64_t end, struct tuskfs_scan_run *ret_run);
/* A file was read from its start. True, with ret_run, if the ones behind it should be pushed. */
bool tuskfs_scan_read(struct tuskfs_scan *scan, const struct tuskfs_slot *slot, uint64_t number,
		      struct tuskfs_scan_run *ret_run);
/* Whether the reader is past that file or about to ask for it, so that pushing it is too late. */
bool tuskfs_scan_has_passed(const struct tuskfs_scan *scan, const struct tuskfs_slot *slot, uint64_t number);
/* A run ended early, before that number. */
void tuskfs_scan_stopped_at(struct tuskfs_scan *scan, const struct tuskfs_slot *slot, uint64_t number);

#endif
