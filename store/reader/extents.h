/* Where the data of a file with holes lies. */
#ifndef TUSK_EXTENTS_H
#define TUSK_EXTENTS_H

#include "fetcher.h"

/* Sorted, apart, within the size. starts[i]: data bytes before items[i]; count + 1 items. A file without holes is one
 * extent, and none when it is empty. */
struct tusk_extents {
	struct tusk_extent *items;
	uint64_t *starts;
	size_t count;
	uint64_t size; /* of the file */
};
int tusk_extents_load(struct tusk_fetcher *fetcher, const struct tusk_entry *entry, struct tusk_extents *ret_extents,
		      struct tusk_err *err);
void tusk_extents_release(struct tusk_extents *extents);
#define TUSK_AUTO_EXTENTS TUSK_CLEANUP(tusk_extents_release)

/* The longest stretch from offset (< size) that is all data or all hole. */
struct tusk_stretch {
	bool is_data;
	uint64_t data_offset; /* of its first byte among the data; for holes: of the data that follows */
	uint64_t len;
};
void tusk_extents_at(const struct tusk_extents *extents, uint64_t offset, struct tusk_stretch *ret_stretch);
/* The position in the file of the data byte data_offset (< all data bytes). */
uint64_t tusk_extents_position(const struct tusk_extents *extents, uint64_t data_offset);

#endif
