#include "parts.h"

#include "fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define EXTENT_SIZE (TUSK_PART_BUFFER * sizeof(struct tusk_item))
#define FILE_NAME   "a temporary file"

static int out_of_memory(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot rebuild the index: out of memory");
}

/* Not every file system has files without a name. */
static int open_file(const struct tusk_place *folder)
{
	char name[64];
	int fd = openat(folder->fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	snprintf(name, sizeof(name), TUSK_INDEX_FILE ".new-%ld-parts", (long)getpid());
	fd = openat(folder->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		unlinkat(folder->fd, name, 0);
	return fd;
}

int tusk_parts_open(struct tusk_parts *parts, const struct tusk_place *folder, unsigned count, struct tusk_err *err)
{
	*parts = (struct tusk_parts){.fd = open_file(folder), .count = count, .width = UINT64_MAX / count};
	if (parts->fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot rebuild the index: cannot create " FILE_NAME);
	parts->parts = calloc(count, sizeof(*parts->parts));
	for (unsigned i = 0; parts->parts && i < count; i++) {
		parts->parts[i].items = calloc(TUSK_PART_BUFFER, sizeof(*parts->parts[i].items));
		if (!parts->parts[i].items)
			return out_of_memory(err);
	}
	return parts->parts ? 0 : out_of_memory(err);
}

void tusk_parts_close(struct tusk_parts *parts)
{
	for (unsigned i = 0; parts->parts && i < parts->count; i++)
		free(parts->parts[i].items);
	free(parts->parts);
	free(parts->owners);
	if (parts->fd >= 0)
		close(parts->fd);
	*parts = (struct tusk_parts){.fd = -1};
}

static int own_extent(struct tusk_parts *parts, unsigned part, struct tusk_err *err)
{
	if (parts->extents == parts->capacity) {
		size_t capacity = parts->capacity * 2 + 1024;
		uint16_t *owners = reallocarray(parts->owners, capacity, sizeof(*owners));

		if (!owners)
			return out_of_memory(err);
		parts->owners = owners;
		parts->capacity = capacity;
	}
	parts->owners[parts->extents++] = (uint16_t)part;
	return 0;
}

static int write_out(struct tusk_parts *parts, struct tusk_part *part, struct tusk_err *err)
{
	if (tusk_write_full(parts->fd, part->items, EXTENT_SIZE, FILE_NAME, err) < 0)
		return tusk_err_prefix(err, "cannot rebuild the index");
	part->count = 0;
	return own_extent(parts, (unsigned)(part - parts->parts), err);
}

int tusk_parts_add(struct tusk_parts *parts, const struct tusk_toc *toc, uint32_t pack, struct tusk_err *err)
{
	for (uint32_t i = 0; i < toc->count; i++) {
		uint64_t number = tusk_item_prefix(&toc->records[i].id) / parts->width;
		struct tusk_part *part = &parts->parts[number < parts->count ? number : parts->count - 1];

		part->items[part->count++] = tusk_item_of(&toc->records[i], pack);
		if (part->count == TUSK_PART_BUFFER && write_out(parts, part, err) < 0)
			return -1;
	}
	return 0;
}

static int read_extent(const struct tusk_parts *parts, struct tusk_part_reader *reader, size_t extent,
		       struct tusk_err *err)
{
	size_t len;

	if (tusk_pread_full(parts->fd, reader->items, EXTENT_SIZE, extent * EXTENT_SIZE, &len, FILE_NAME, err) < 0)
		return tusk_err_prefix(err, "cannot rebuild the index");
	if (len < EXTENT_SIZE)
		return tusk_err_set(err, TUSK_E_IO, EIO, "cannot rebuild the index: " FILE_NAME " is cut off");
	return 1;
}

int tusk_parts_next(const struct tusk_parts *parts, struct tusk_part_reader *reader, size_t *ret_count,
		    struct tusk_err *err)
{
	const struct tusk_part *part = &parts->parts[reader->part];

	while (reader->extent < parts->extents && parts->owners[reader->extent] != reader->part)
		reader->extent++;
	*ret_count = TUSK_PART_BUFFER;
	if (reader->extent < parts->extents)
		return read_extent(parts, reader, reader->extent++, err);
	if (reader->at_end)
		return 0;
	reader->at_end = true;
	*ret_count = part->count;
	memcpy(reader->items, part->items, part->count * sizeof(*part->items));
	return part->count > 0;
}
