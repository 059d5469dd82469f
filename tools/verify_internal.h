/* What the parts of verify share. */
#ifndef TUSK_TOOLS_VERIFY_INTERNAL_H
#define TUSK_TOOLS_VERIFY_INTERNAL_H

#include "verify.h"

#include "tusk/hash.h"

#include <sys/stat.h>

struct verify_links;

struct verify {
	const struct verify_options *options;
	struct verify_counts *counts;
	struct tusk_view *view;
	struct verify_links *links;
	struct tusk_hasher *hasher;
	uint8_t *buffer;
};

#define VERIFY_BUFFER_SIZE (1u << 20)

/* One entry as it is in the copy. fd is open for files and directories, else -1. */
struct verify_subject {
	int dirfd, fd;
	const char *name;
	struct stat st;
};

/* verify.c */
void verify_differ(struct verify *verify, uint64_t number, const char *what, const char *snapshot, const char *copy);

/* verify_entry.c: everything but what is below a directory. -1 only when the snapshot itself cannot be read. */
int verify_entry(struct verify *verify, const struct tusk_entry *entry, const struct verify_subject *subject,
		 struct tusk_err *err);

/* verify_content.c */
int verify_content(struct verify *verify, const struct tusk_entry *entry, const struct verify_subject *subject,
		   struct tusk_err *err);
int verify_xattrs(struct verify *verify, const struct tusk_entry *entry, const struct verify_subject *subject,
		  struct tusk_err *err);

/* verify_links.c: the hard-link groups of both sides must be the same. */
struct verify_links *verify_links_new(void);
void verify_links_free(struct verify_links *links);
/* The number of the entry that this file's group (0: none) should be linked with, as far as seen, on each side: equal
 * when all is well. */
int verify_links_see(struct verify_links *links, uint64_t link_id, const struct stat *st, uint64_t number,
		     uint64_t *ret_snapshot, uint64_t *ret_copy);

#endif
