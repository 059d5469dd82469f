/* Hard links: the content of an inode with several names is read once. */
#ifndef TUSK_LINKS_H
#define TUSK_LINKS_H

#include "dirjob.h"

struct tusk_links; /* thread-safe */
struct tusk_links *tusk_links_new(void);
void tusk_links_free(struct tusk_links *links);

/* Walker: the link id of an inode: the same for its links, and in every snapshot as long as the file system keeps its
 * identity; below 2^62, never 0. fd: any descriptor on that file system. */
uint64_t tusk_links_id(struct tusk_links *links, const struct stat *stat, int fd);

enum tusk_link_role {
	TUSK_LINK_READS, /* this item has to be read; then tusk_links_finish */
	TUSK_LINK_WAITS, /* it will come back from tusk_links_finish */
	TUSK_LINK_READY  /* its entry is filled in */
};
/* Walker: item (with stat and entry.link_id set) is another link. -1: out of memory. */
int tusk_links_join(struct tusk_links *links, struct tusk_item *item, enum tusk_link_role *ret_role,
		    struct tusk_err *err);
/* item, which was to be read, is ready or (is_ready false) could not be stored. Gives those that waited for it, linked
 * by batch_next: filled in with item's entry, or to be read themselves. */
int tusk_links_finish(struct tusk_links *links, struct tusk_item *item, bool is_ready, struct tusk_item **ret_waiting,
		      struct tusk_err *err);

#endif
