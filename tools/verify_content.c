#include "hash_range.h"
#include "verify_internal.h"

#include "tusk/cleanup.h"
#include "tusk/id.h"
#include "tusk/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#define BLOCK                                                                                                     \
	4096u /* holes are compared in whole blocks of this size: two file systems may put their ends differently \
		 within one */

static int hash_file(struct verify *verify, int fd, uint64_t size, uint8_t ret_hash[TUSK_SHA256_SIZE])
{
	tusk_hasher_reset(verify->hasher);
	if (tusk_hash_range(verify->hasher, fd, 0, size, verify->buffer, VERIFY_BUFFER_SIZE))
		return -1;
	tusk_hasher_final(verify->hasher, ret_hash);
	return 0;
}

/* True when the copy has data anywhere in [start, end), which are multiples of BLOCK. */
static bool has_data(int fd, uint64_t start, uint64_t end)
{
	off_t data = lseek(fd, (off_t)start, SEEK_DATA);

	return data >= 0 && (uint64_t)data < end;
}

static int compare_holes(struct verify *verify, const struct tusk_entry *entry, int fd, struct tusk_err *err)
{
	TUSK_AUTO_FILE struct tusk_file *file = NULL;
	uint64_t hole = 0, data;
	char text[64];

	if (tusk_file_open(verify->view, entry, &file, err))
		return -1;
	while (hole < entry->size) {
		int state = tusk_file_seek(file, hole, false, &hole, err);
		if (state < 0)
			return -1;
		if (state == TUSK_ABSENT || hole >= entry->size)
			break;
		state = tusk_file_seek(file, hole, true, &data, err);
		if (state < 0)
			return -1;
		uint64_t end = state == TUSK_ABSENT ? entry->size : data;
		uint64_t first = (hole + BLOCK - 1) / BLOCK * BLOCK, last = end / BLOCK * BLOCK;
		if (first < last && has_data(fd, first, last)) {
			snprintf(text, sizeof text, "hole at %llu-%llu", (unsigned long long)hole,
				 (unsigned long long)end);
			verify_differ(verify, entry->number, "holes", text, "data");
			break;
		}
		hole = end;
	}
	return 0;
}

int verify_content(struct verify *verify, const struct tusk_entry *entry, const struct verify_subject *subject,
		   struct tusk_err *err)
{
	uint8_t expected[TUSK_SHA256_SIZE], actual[TUSK_SHA256_SIZE];
	char snapshot[2 * TUSK_SHA256_SIZE + 1], copy[2 * TUSK_SHA256_SIZE + 1];
	uint64_t size = (uint64_t)subject->st.st_size;

	verify->counts->files++;
	verify->counts->bytes += size;
	if (size != entry->size) {
		snprintf(snapshot, sizeof snapshot, "%llu", (unsigned long long)entry->size);
		snprintf(copy, sizeof copy, "%llu", (unsigned long long)size);
		verify_differ(verify, entry->number, "size", snapshot, copy);
		return 0;
	}
	bool only_hole = size > 0 && entry->data_bytes == 0 && lseek(subject->fd, 0, SEEK_DATA) < 0 && errno == ENXIO;
	if (only_hole)
		return 0;
	if (tusk_entry_sha256(entry, expected, err))
		return -1;
	if (hash_file(verify, subject->fd, size, actual)) {
		verify_differ(verify, entry->number, "unreadable", "readable", strerror(errno));
		return 0;
	}
	if (memcmp(expected, actual, sizeof actual) != 0) {
		tusk_hex_encode(expected, sizeof expected, snapshot);
		tusk_hex_encode(actual, sizeof actual, copy);
		verify_differ(verify, entry->number, "content", snapshot, copy);
	}
	return entry->has_holes ? compare_holes(verify, entry, subject->fd, err) : 0;
}

/* ---- extended attributes ---- */

static ssize_t get_value(const struct verify_subject *subject, const char *path, const char *name, void *value,
			 size_t size)
{
	return subject->fd >= 0 ? fgetxattr(subject->fd, name, value, size) : lgetxattr(path, name, value, size);
}

/* What the copy has instead of the snapshot's attribute; NULL when it has the same. */
static const char *judge_xattr(struct verify *verify, const struct verify_subject *subject, const char *path,
			       const struct tusk_xattr *item)
{
	char name[256];

	if (item->name.len >= sizeof name || item->value.len > VERIFY_BUFFER_SIZE)
		return "absent"; /* beyond what Linux can store */
	memcpy(name, item->name.data, item->name.len);
	name[item->name.len] = 0;
	ssize_t len = get_value(subject, path, name, verify->buffer, VERIFY_BUFFER_SIZE);
	if (len < 0 && errno != ERANGE)
		return errno == ENODATA ? "absent" : strerror(errno);
	bool same =
	    len >= 0 && (size_t)len == item->value.len && memcmp(verify->buffer, item->value.data, (size_t)len) == 0;
	return same ? NULL : "different";
}

static void differ_xattr(struct verify *verify, uint64_t number, const void *name, size_t len, const char *snapshot,
			 const char *copy)
{
	TUSK_AUTO_BUF struct tusk_buf what = {0};

	if (tusk_buf_append(&what, "xattr ", 6) == 0 && tusk_text_escape(&what, name, len) == 0)
		verify_differ(verify, number, (const char *)what.data, snapshot, copy);
}

static bool is_wanted(const struct tusk_xattrs *xattrs, const char *name, size_t len)
{
	for (size_t i = 0; i < xattrs->count; i++)
		if (xattrs->items[i].name.len == len && memcmp(xattrs->items[i].name.data, name, len) == 0)
			return true;
	return false;
}

int verify_xattrs(struct verify *verify, const struct tusk_entry *entry, const struct verify_subject *subject,
		  struct tusk_err *err)
{
	TUSK_AUTO_XATTRS struct tusk_xattrs xattrs = {0};
	TUSK_AUTO_FREE char *path = NULL;
	char *list = (char *)verify->buffer;

	if (entry->has_xattrs && tusk_entry_xattrs(verify->view, entry, &xattrs, err))
		return -1;
	if (subject->dirfd == AT_FDCWD)
		path = strdup(subject->name);
	else if (asprintf(&path, "/proc/self/fd/%d/%s", subject->dirfd, subject->name) < 0)
		path = NULL;
	if (!path)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "verify");
	ssize_t size = subject->fd >= 0 ? flistxattr(subject->fd, list, VERIFY_BUFFER_SIZE)
					: llistxattr(path, list, VERIFY_BUFFER_SIZE);
	for (const char *name = list; size > 0 && name < list + size; name += strlen(name) + 1)
		if (!is_wanted(&xattrs, name, strlen(name)))
			differ_xattr(verify, entry->number, name, strlen(name), "absent", "present");
	for (size_t i = 0; i < xattrs.count; i++) {
		const char *copy = judge_xattr(verify, subject, path, &xattrs.items[i]);

		if (copy)
			differ_xattr(verify, entry->number, xattrs.items[i].name.data, xattrs.items[i].name.len,
				     "present", copy);
	}
	return 0;
}
