#include "extents.h"

#include "blob.h"

#include <stdlib.h>

void tusk_extents_release(struct tusk_extents *extents)
{
	free(extents->items);
	free(extents->starts);
	*extents = (struct tusk_extents){0};
}

static int decode(struct tusk_fetcher *fetcher, const struct tusk_entry *entry, struct tusk_extents *extents,
		  struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf blob = {0};
	struct tusk_bytes bytes = entry->extent_bytes;

	if (entry->extents_in_blob) {
		if (tusk_blob_load(fetcher, &entry->extent_bytes, &blob, err) != 0)
			return tusk_err_prefix(err, "extents");
		bytes = (struct tusk_bytes){.data = blob.data, .len = blob.len};
	}
	return tusk_extents_decode(bytes.data, bytes.len, entry->size, entry->data_bytes, &extents->items,
				   &extents->count, err);
}

static int whole_file(const struct tusk_entry *entry, struct tusk_extents *extents, struct tusk_err *err)
{
	if (entry->data_bytes != entry->size)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a file without holes has fewer data bytes than its size");
	if (entry->size == 0)
		return 0;
	extents->items = calloc(1, sizeof(*extents->items));
	if (!extents->items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	extents->items[0].len = entry->size;
	extents->count = 1;
	return 0;
}

int tusk_extents_load(struct tusk_fetcher *fetcher, const struct tusk_entry *entry, struct tusk_extents *ret_extents,
		      struct tusk_err *err)
{
	TUSK_AUTO_EXTENTS struct tusk_extents extents = {.size = entry->size};
	int status = entry->has_holes ? decode(fetcher, entry, &extents, err) : whole_file(entry, &extents, err);
	if (status != 0)
		return -1;
	extents.starts = calloc(extents.count + 1, sizeof(*extents.starts));
	if (!extents.starts)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < extents.count; i++)
		extents.starts[i + 1] = extents.starts[i] + extents.items[i].len;
	*ret_extents = extents;
	extents = (struct tusk_extents){0};
	return 0;
}

/* Number of extents that begin at or before offset. */
static size_t begun_at(const struct tusk_extents *extents, uint64_t offset)
{
	size_t low = 0, high = extents->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (extents->items[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void tusk_extents_at(const struct tusk_extents *extents, uint64_t offset, struct tusk_stretch *ret_stretch)
{
	size_t next = begun_at(extents, offset);
	if (next > 0) {
		const struct tusk_extent *extent = &extents->items[next - 1];
		uint64_t within = offset - extent->offset;
		if (within < extent->len) {
			*ret_stretch = (struct tusk_stretch){.is_data = true,
							     .data_offset = extents->starts[next - 1] + within,
							     .len = extent->len - within};
			return;
		}
	}
	uint64_t end = next < extents->count ? extents->items[next].offset : extents->size;
	*ret_stretch = (struct tusk_stretch){.data_offset = extents->starts[next], .len = end - offset};
}

uint64_t tusk_extents_position(const struct tusk_extents *extents, uint64_t data_offset)
{
	size_t low = 0, high = extents->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (extents->starts[middle] <= data_offset)
			low = middle;
		else
			high = middle;
	}
	return extents->items[low].offset + (data_offset - extents->starts[low]);
}
