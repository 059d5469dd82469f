/* Marks: tags and pins that were given to a snapshot after it was written (FORMAT.md, Sealed notes). */
#ifndef TUSK_MARKS_H
#define TUSK_MARKS_H

#include "handle.h"
#include "tusk/snapshot.h"

#define TUSK_MARK_TAGS_MAX 1024u
#define TUSK_MARK_TAG_MAX  131072u /* bytes: as in a manifest */

/* counter: the highest one of a snapshot's marks holds; equal ones: the later time, then the greater name. */
struct tusk_mark {
	struct tusk_id name, snapshot;
	uint64_t counter;
	struct timespec time;
	bool pinned;
	struct tusk_strings tags;
};
void tusk_mark_release(struct tusk_mark *mark);
int tusk_mark_encode(const struct tusk_mark *mark, struct tusk_buf *out);
/* Pure: the fuzz target. Does not set name. */
int tusk_mark_decode(const void *data, size_t len, struct tusk_mark *ret_mark, struct tusk_err *err);

struct tusk_marks {
	struct tusk_mark *items;
	size_t count;
};
void tusk_marks_release(struct tusk_marks *marks);
#define TUSK_AUTO_MARKS TUSK_CLEANUP(tusk_marks_release)
/* All marks of the node that can be read, by snapshot, the one that holds first. */
int tusk_marks_load(struct tusk_repository *repository, struct tusk_marks *ret_marks, struct tusk_err *err);
/* Gives snapshots what their marks say. */
int tusk_marks_apply(const struct tusk_marks *marks, struct tusk_snapshot_list *list, struct tusk_err *err);

#endif
