/* More entries than memory shall hold, on their way into the table of chunks: dealt by their ids into parts, which wait
 * in a file without a name. */
#ifndef TUSK_INDEX_PARTS_H
#define TUSK_INDEX_PARTS_H

#include "index_items.h"

#define TUSK_PART_BUFFER 256u  /* items that are written at once: 13 KiB */
#define TUSK_PARTS_MAX   1024u /* with one buffer each */

struct tusk_part {
	struct tusk_item *items; /* up to TUSK_PART_BUFFER that are not written yet */
	size_t count;
};

/* Invariant: extent i of the file, TUSK_PART_BUFFER items long, belongs to part owners[i]. */
struct tusk_parts {
	int fd;
	unsigned count;
	uint64_t width; /* ids, by their first eight bytes, in a part */
	struct tusk_part *parts;
	uint16_t *owners;
	size_t extents, capacity;
};

/* The file lies in folder. Every part holds ids that are above those of the parts before it. TUSK_E_FULL, TUSK_E_IO,
 * TUSK_E_NOMEM. */
int tusk_parts_open(struct tusk_parts *parts, const struct tusk_place *folder, unsigned count, struct tusk_err *err);
void tusk_parts_close(struct tusk_parts *parts); /* parts->fd -1: nothing to do */
int tusk_parts_add(struct tusk_parts *parts, const struct tusk_toc *toc, uint32_t pack, struct tusk_err *err);

/* A part in pieces of TUSK_PART_BUFFER items at most, in the order in which they were added. */
struct tusk_part_reader {
	unsigned part;
	size_t extent;
	bool at_end;
	struct tusk_item items[TUSK_PART_BUFFER];
};
/* 1: *ret_count items are in reader->items; 0: that was all; -1. */
int tusk_parts_next(const struct tusk_parts *parts, struct tusk_part_reader *reader, size_t *ret_count,
		    struct tusk_err *err);

#endif
