#include "content.h"

#include <errno.h>
#include <unistd.h>

#define EXTENTS_MAX (1u << 20) /* an encoded extent has at least two bytes: more may not fit a blob */

static bool add_extent(struct tusk_buf *extents, uint64_t offset, uint64_t end)
{
	struct tusk_extent extent = {.offset = offset, .len = end - offset};
	return extents->len / sizeof extent < EXTENTS_MAX && tusk_buf_append(extents, &extent, sizeof extent) == 0;
}

bool tusk_holes_find(struct tusk_lane *lane, int fd, uint64_t size)
{
	uint64_t at = 0, data_bytes = 0;
	lane->extents.len = 0;
	while (at < size) {
		off_t data = lseek(fd, (off_t)at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break;
		off_t end = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		/* A file that changes meanwhile, or a file system that does not say: all of it is data then. */
		if (end < 0 || (uint64_t)data < at || end <= data)
			return false;
		uint64_t stop = (uint64_t)end < size ? (uint64_t)end : size;
		if ((uint64_t)data >= size)
			break;
		if (!add_extent(&lane->extents, (uint64_t)data, stop))
			return false;
		data_bytes += stop - (uint64_t)data;
		at = (uint64_t)end;
	}
	return data_bytes < size;
}

int tusk_holes_store(struct tusk_lane *lane, struct tusk_item *item, struct tusk_err *err)
{
	const struct tusk_extent *extents = (const struct tusk_extent *)(const void *)lane->extents.data;
	struct tusk_entry *entry = &item->entry;
	item->extents.len = 0;
	if (tusk_extents_encode(&item->extents, extents, lane->extents.len / sizeof *extents) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	entry->extents_in_blob = item->extents.len > TUSK_BLOB_THRESHOLD;
	if (entry->extents_in_blob) {
		TUSK_AUTO_BUF struct tusk_buf encoded = item->extents;
		item->extents = (struct tusk_buf){0};
		if (tusk_store_blob(lane, encoded.data, encoded.len, &item->extents, err) < 0)
			return -1;
	}
	entry->extent_bytes = (struct tusk_bytes){item->extents.data, item->extents.len};
	return 0;
}
