/* The only file with libarchive. */
#include "tar.h"

#include "archive_functions.h"
#include "linkmap.h"
#include "tusk/cleanup.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>

#define BUFFER_SIZE ((size_t)1 << 20)
#define BLOCK_SIZE  (64 * 1024)
#define LAST_BLOCK  10240 /* as tar(1) pads an archive */

struct tusk_tar {
	struct archive *archive;
	int fd;
	int write_errno; /* of the first write that failed */
	bool closed;     /* nothing is written any more */
	struct tusk_linkmap links;
	uint8_t *buffer;
	locale_t locale, before; /* libarchive converts names by the thread's locale */
};

static struct tusk_archive lib;

/* Libarchive loses its buffers when a write fails or an archive is given up. So a failure is kept aside, and after it
 * writing is only pretended. */
static la_ssize_t write_block(struct archive *archive, void *context, const void *data, size_t len)
{
	(void)archive;
	struct tusk_tar *tar = context;
	for (size_t done = 0; !tar->closed && done < len;) {
		ssize_t got = write(tar->fd, (const uint8_t *)data + done, len - done);
		if (got >= 0) {
			done += (size_t)got;
		} else if (errno != EINTR) {
			tar->write_errno = errno;
			tar->closed = true;
		}
	}
	return (la_ssize_t)len;
}

static int check_written(const struct tusk_tar *tar, struct tusk_err *err)
{
	if (!tar->write_errno)
		return 0;
	return tusk_err_set(err, TUSK_E_IO, tar->write_errno, "cannot write the archive");
}

static int failed(const struct tusk_tar *tar, const char *path, struct tusk_err *err)
{
	const char *words = lib.archive_error_string(tar->archive);
	return tusk_err_set(err, TUSK_E_IO, lib.archive_errno(tar->archive) > 0 ? lib.archive_errno(tar->archive) : 0,
			    "%s%scannot write the archive: %s", path, *path ? ": " : "", words ? words : "unknown");
}

void tusk_tar_free(struct tusk_tar *tar)
{
	if (!tar)
		return;
	tar->closed = true; /* no end of archive unless it was finished */
	if (tar->archive)
		lib.archive_write_free(tar->archive);
	if (tar->locale) {
		uselocale(tar->before);
		freelocale(tar->locale);
	}
	tusk_linkmap_release(&tar->links);
	free(tar->buffer);
	free(tar);
}

int tusk_tar_open(int fd, struct tusk_tar **ret_tar, struct tusk_err *err)
{
	static const char *const names[] = {TUSK_ARCHIVE_FUNCTIONS(TUSK_LIBRARY_NAME)};

	if (tusk_library_load("libarchive.so.13", names, sizeof(names) / sizeof(*names), &lib, err) < 0)
		return -1;
	TUSK_AUTO_TAR struct tusk_tar *tar = calloc(1, sizeof(*tar));
	if (!tar || !(tar->buffer = malloc(BUFFER_SIZE)) || !(tar->archive = lib.archive_write_new()))
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	tar->fd = fd;
	tar->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (tar->locale)
		tar->before = uselocale(tar->locale);
	if (lib.archive_write_set_format_pax(tar->archive) != ARCHIVE_OK ||
	    lib.archive_write_set_option(tar->archive, "pax", "xattrheader", "SCHILY") != ARCHIVE_OK ||
	    lib.archive_write_set_bytes_per_block(tar->archive, BLOCK_SIZE) != ARCHIVE_OK ||
	    lib.archive_write_set_bytes_in_last_block(tar->archive, LAST_BLOCK) != ARCHIVE_OK ||
	    lib.archive_write_open(tar->archive, tar, NULL, write_block, NULL) != ARCHIVE_OK)
		return failed(tar, "", err);
	*ret_tar = TUSK_STEAL(tar);
	return 0;
}

static void set_owner(struct archive_entry *out, const struct tusk_entry *entry)
{
	char name[256];
	lib.archive_entry_set_uid(out, entry->uid);
	lib.archive_entry_set_gid(out, entry->gid);
	if (entry->user.len && entry->user.len < sizeof(name)) {
		snprintf(name, sizeof(name), "%.*s", (int)entry->user.len, (const char *)entry->user.data);
		lib.archive_entry_copy_uname(out, name);
	}
	if (entry->group.len && entry->group.len < sizeof(name)) {
		snprintf(name, sizeof(name), "%.*s", (int)entry->group.len, (const char *)entry->group.data);
		lib.archive_entry_copy_gname(out, name);
	}
}

static int set_xattrs(struct archive_entry *out, struct tusk_view *view, const struct tusk_entry *entry,
		      struct tusk_err *err)
{
	TUSK_AUTO_XATTRS struct tusk_xattrs xattrs = {0};
	if (!entry->has_xattrs)
		return 0;
	if (tusk_entry_xattrs(view, entry, &xattrs, err) < 0)
		return -1;
	for (size_t i = 0; i < xattrs.count; i++) {
		const struct tusk_xattr *x = &xattrs.items[i];
		TUSK_AUTO_FREE char *name = strndup((const char *)x->name.data, x->name.len);
		if (!name)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		lib.archive_entry_xattr_add_entry(out, name, x->value.data, x->value.len);
	}
	return 0;
}

/* Lists the data extents. A file that is nothing but a hole has one of length zero: libarchive's way to say so. */
static int set_extents(struct archive_entry *out, struct tusk_file *file, struct tusk_err *err)
{
	uint64_t size = tusk_file_size(file), offset = 0, start, end;
	for (;;) {
		int found = offset < size ? tusk_file_seek(file, offset, true, &start, err) : TUSK_ABSENT;
		if (found < 0)
			return -1;
		if (found == TUSK_ABSENT)
			break;
		if (tusk_file_seek(file, start, false, &end, err) != TUSK_FOUND)
			return err->code ? -1 : tusk_err_set(err, TUSK_E_INTERNAL, 0, "an extent has no end");
		lib.archive_entry_sparse_add_entry(out, (la_int64_t)start, (la_int64_t)(end - start));
		offset = end;
	}
	if (offset == 0)
		lib.archive_entry_sparse_add_entry(out, 0, 0);
	return 0;
}

/* The content, holes as zeros: libarchive leaves them out by the list of extents. Once damage is met, zeros follow, so
 * that the archive stays readable behind this file. */
static int write_content(struct tusk_tar *tar, struct tusk_file *file, const char *path, struct tusk_err *err)
{
	uint64_t size = tusk_file_size(file);
	bool damaged = false;
	for (uint64_t offset = 0; offset < size;) {
		size_t got = size - offset < BUFFER_SIZE ? (size_t)(size - offset) : BUFFER_SIZE;
		if (!damaged) {
			tusk_file_prefetch(file, offset, 4 * BUFFER_SIZE);
			damaged = tusk_file_pread(file, tar->buffer, got, offset, &got, err) < 0 || got == 0;
		}
		if (damaged) {
			got = size - offset < BUFFER_SIZE ? (size_t)(size - offset) : BUFFER_SIZE;
			memset(tar->buffer, 0, got);
		}
		if (lib.archive_write_data(tar->archive, tar->buffer, got) < 0)
			return failed(tar, path, err);
		if (tar->write_errno)
			return check_written(tar, err);
		offset += got;
	}
	if (!damaged)
		return 0;
	if (!err->code)
		tusk_err_set(err, TUSK_E_CORRUPT, 0, "shorter than its recorded size");
	return tusk_err_prefix(err, "%s", path);
}

static int write_header(struct tusk_tar *tar, struct archive_entry *out, const char *path, struct tusk_err *err)
{
	/* A warning is about names that are no UTF-8: they are stored as bytes. */
	int rc = lib.archive_write_header(tar->archive, out);
	return rc == ARCHIVE_OK || rc == ARCHIVE_WARN ? check_written(tar, err) : failed(tar, path, err);
}

static int add_file(struct tusk_tar *tar, struct archive_entry *out, struct tusk_view *view, const char *path,
		    const struct tusk_entry *entry, struct tusk_err *err)
{
	TUSK_AUTO_FILE struct tusk_file *file = NULL;
	lib.archive_entry_set_size(out, (la_int64_t)entry->size);
	if (tusk_file_open(view, entry, &file, err) < 0 || (entry->has_holes && set_extents(out, file, err) < 0))
		return tusk_err_prefix(err, "%s", path);
	if (write_header(tar, out, path, err) < 0)
		return -1;
	return write_content(tar, file, path, err);
}

/* *ret_link: this is a later name of a file that is in the archive already. */
static int set_hardlink(struct tusk_tar *tar, struct archive_entry *out, struct tusk_view *view,
			const struct tusk_entry *entry, bool *ret_link, struct tusk_err *err)
{
	uint64_t first;
	*ret_link = false;
	if (!entry->link_id || entry->type == TUSK_TYPE_DIRECTORY)
		return 0;
	if (tusk_linkmap_first(&tar->links, entry->link_id, entry->number, &first) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (first == entry->number)
		return 0;
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	if (tusk_view_path_of(view, first, &path, err) < 0)
		return -1;
	lib.archive_entry_copy_hardlink(out, (const char *)path.data + 1);
	lib.archive_entry_set_size(out, 0);
	*ret_link = true;
	return 0;
}

static int set_metadata(struct archive_entry *out, struct tusk_view *view, const char *path,
			const struct tusk_entry *entry, struct tusk_err *err)
{
	lib.archive_entry_copy_pathname(out, path[1] ? path + 1 : ".");
	lib.archive_entry_set_mode(out, entry->mode);
	lib.archive_entry_set_mtime(out, entry->mtime.tv_sec, entry->mtime.tv_nsec);
	set_owner(out, entry);
	if (entry->type == TUSK_TYPE_CHARACTER_DEVICE || entry->type == TUSK_TYPE_BLOCK_DEVICE) {
		lib.archive_entry_set_rdevmajor(out, entry->device_major);
		lib.archive_entry_set_rdevminor(out, entry->device_minor);
	}
	if (entry->type == TUSK_TYPE_SYMLINK) {
		TUSK_AUTO_FREE char *target = strndup((const char *)entry->target.data, entry->target.len);
		if (!target)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		lib.archive_entry_copy_symlink(out, target);
	}
	return set_xattrs(out, view, entry, err) < 0 ? tusk_err_prefix(err, "%s", path) : 0;
}

static int add_entry(struct tusk_tar *tar, struct archive_entry *out, struct tusk_view *view, const char *path,
		     const struct tusk_entry *entry, struct tusk_err *err)
{
	bool link;
	if (set_metadata(out, view, path, entry, err) < 0 || set_hardlink(tar, out, view, entry, &link, err) < 0)
		return -1;
	if (entry->type == TUSK_TYPE_FILE && !link)
		return add_file(tar, out, view, path, entry, err);
	return write_header(tar, out, path, err);
}

int tusk_tar_add(struct tusk_tar *tar, struct tusk_view *view, const char *path, const struct tusk_entry *entry,
		 bool *ret_stored, struct tusk_err *err)
{
	*ret_stored = entry->type != TUSK_TYPE_SOCKET;
	if (!*ret_stored)
		return 0;
	struct archive_entry *out = lib.archive_entry_new();
	if (!out)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	int rc = add_entry(tar, out, view, path, entry, err);
	lib.archive_entry_free(out);
	return rc;
}

int tusk_tar_finish(struct tusk_tar *tar, struct tusk_err *err)
{
	if (lib.archive_write_close(tar->archive) != ARCHIVE_OK)
		return failed(tar, "", err);
	return check_written(tar, err);
}
