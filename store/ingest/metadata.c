#include "metadata.h"

#include "tusk/sabotage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static enum tusk_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return TUSK_TYPE_DIRECTORY;
	case S_IFLNK:
		return TUSK_TYPE_SYMLINK;
	case S_IFCHR:
		return TUSK_TYPE_CHARACTER_DEVICE;
	case S_IFBLK:
		return TUSK_TYPE_BLOCK_DEVICE;
	case S_IFIFO:
		return TUSK_TYPE_FIFO;
	case S_IFSOCK:
		return TUSK_TYPE_SOCKET;
	default:
		return TUSK_TYPE_FILE;
	}
}

static void set_owner(struct tusk_lane *lane, struct tusk_entry *entry)
{
	if (!lane->has_user || lane->uid != entry->uid)
		lane->user = tusk_accounts_user(lane->ingest->accounts, entry->uid);
	if (!lane->has_group || lane->gid != entry->gid)
		lane->group = tusk_accounts_group(lane->ingest->accounts, entry->gid);
	lane->has_user = lane->has_group = true;
	lane->uid = entry->uid;
	lane->gid = entry->gid;
	entry->user = lane->user;
	entry->group = lane->group;
}

void tusk_describe(struct tusk_lane *lane, const struct stat *stat, struct tusk_entry *entry)
{
	entry->type = type_of(stat->st_mode);
	entry->mode = stat->st_mode;
	entry->uid = stat->st_uid;
	entry->gid = stat->st_gid;
	entry->mtime = stat->st_mtim;
	entry->ctime = stat->st_ctim;
	entry->source_inode = stat->st_ino;
	entry->nlink = entry->link_id ? stat->st_nlink : 1;
	if (entry->type == TUSK_TYPE_CHARACTER_DEVICE || entry->type == TUSK_TYPE_BLOCK_DEVICE) {
		entry->device_major = major(stat->st_rdev);
		entry->device_minor = minor(stat->st_rdev);
	}
	set_owner(lane, entry);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool tusk_is_unchanged(const struct tusk_entry *old, const struct stat *stat)
{
	return old->source_inode == stat->st_ino &&
	       (same_time(&old->ctime, &stat->st_ctim) || TUSK_SABOTAGED(no_ctime)) &&
	       same_time(&old->mtime, &stat->st_mtim) && old->mode == stat->st_mode && old->uid == stat->st_uid &&
	       old->gid == stat->st_gid && (!S_ISREG(stat->st_mode) || old->size == (uint64_t)stat->st_size);
}

bool tusk_same_file_state(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

void tusk_content_sha256(const struct tusk_entry *entry, uint8_t ret_sha256[32])
{
	memset(ret_sha256, 0, 32);
	if (entry->has_sha256)
		memcpy(ret_sha256, entry->sha256, 32);
	else if (entry->content == TUSK_CONTENT_INLINE)
		tusk_sha256(entry->content_bytes.data, entry->content_bytes.len, ret_sha256);
}

/* ---- extended attributes ---- */

/* Where they are read: an ordinary descriptor, or a path that leads to what an O_PATH descriptor stands for (also when
 * that is a symlink: the link in /proc is followed, the symlink is not). */
struct place {
	int fd;
	bool is_path;
	char path[32];
};

static ssize_t list_names(const struct place *place, char *out, size_t size)
{
	return place->is_path ? listxattr(place->path, out, size) : flistxattr(place->fd, out, size);
}

static ssize_t get_value(const struct place *place, const char *name, void *out, size_t size)
{
	return place->is_path ? getxattr(place->path, name, out, size) : fgetxattr(place->fd, name, out, size);
}

/* Length of the list in lane->xattr_names, or -1 with errno. The kernel's limit for the list is that of a value. */
static ssize_t read_names(struct tusk_lane *lane, const struct place *place)
{
	lane->xattr_names.len = 0;
	if (tusk_buf_reserve(&lane->xattr_names, TUSK_XATTR_VALUE_MAX) < 0) {
		errno = ENOMEM;
		return -1;
	}
	ssize_t len = list_names(place, (char *)lane->xattr_names.data, TUSK_XATTR_VALUE_MAX);
	if (len < 0 && (errno == ENOTSUP || errno == ENOSYS))
		return 0;
	return len;
}

static int compare_xattrs(const void *a, const void *b)
{
	const struct tusk_xattr *x = a, *y = b;
	return tusk_name_compare(x->name.data, x->name.len, y->name.data, y->name.len);
}

static void report(struct tusk_lane *lane, const struct tusk_item *item, enum tusk_problem problem, int sys_errno)
{
	tusk_ingest_problem(lane->ingest, problem, item->dir, item->name, sys_errno);
}

/* Reads one value to the end of lane->values. 0; 1: left out; -1: out of memory. */
static int read_value(struct tusk_lane *lane, const struct place *place, const struct tusk_item *item,
		      struct tusk_xattr *xattr)
{
	struct tusk_buf *values = &lane->values;
	if (tusk_buf_reserve(values, TUSK_XATTR_VALUE_MAX) < 0)
		return -1;
	ssize_t len =
	    get_value(place, (const char *)xattr->name.data, values->data + values->len, TUSK_XATTR_VALUE_MAX);
	if (len < 0) {
		/* Gone between listing and reading: no loss. */
		if (errno != ENODATA)
			report(lane, item, TUSK_PROBLEM_UNREADABLE, errno);
		return 1;
	}
	/* An offset for now, since the buffer may move. */
	xattr->value = (struct tusk_bytes){(const uint8_t *)(uintptr_t)values->len, (size_t)len};
	values->len += (size_t)len;
	return 0;
}

static int read_values(struct tusk_lane *lane, const struct place *place, const struct tusk_item *item,
		       struct tusk_xattr *xattrs, size_t *ret_count, size_t names_len)
{
	const char *names = (const char *)lane->xattr_names.data;
	size_t count = 0;
	lane->values.len = 0;
	for (size_t at = 0; at < names_len; at += strlen(names + at) + 1) {
		xattrs[count].name = (struct tusk_bytes){(const uint8_t *)names + at, strlen(names + at)};
		int result = read_value(lane, place, item, &xattrs[count]);
		if (result < 0)
			return -1;
		count += result == 0;
	}
	for (size_t i = 0; i < count; i++)
		xattrs[i].value.data = lane->values.data + (uintptr_t)xattrs[i].value.data;
	qsort(xattrs, count, sizeof *xattrs, compare_xattrs);
	*ret_count = count;
	return 0;
}

static int encode(struct tusk_lane *lane, struct tusk_item *item, const struct tusk_xattr *xattrs, size_t count,
		  struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf encoded = {0};
	struct tusk_entry *entry = &item->entry;
	if (tusk_xattrs_encode(&encoded, xattrs, count) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (encoded.len > TUSK_BLOB_MAX) {
		report(lane, item, TUSK_PROBLEM_TOO_LARGE, 0);
		return 0;
	}
	item->xattrs.len = 0;
	entry->xattrs_in_blob = encoded.len > TUSK_BLOB_THRESHOLD;
	if (entry->xattrs_in_blob) {
		if (tusk_store_blob(lane, encoded.data, encoded.len, &item->xattrs, err) < 0)
			return -1;
	} else if (tusk_buf_append(&item->xattrs, encoded.data, encoded.len) < 0) {
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	}
	entry->has_xattrs = true;
	entry->xattr_bytes = (struct tusk_bytes){item->xattrs.data, item->xattrs.len};
	return 0;
}

int tusk_store_xattrs(struct tusk_lane *lane, int fd, bool is_path, struct tusk_item *item, struct tusk_err *err)
{
	struct place place = {.fd = fd, .is_path = is_path};
	if (is_path)
		snprintf(place.path, sizeof place.path, "/proc/self/fd/%d", fd);
	item->entry.has_xattrs = false;
	ssize_t names_len = read_names(lane, &place);
	if (names_len < 0)
		report(lane, item, TUSK_PROBLEM_UNREADABLE, errno);
	if (names_len <= 0)
		return 0;
	size_t count = 0;
	for (ssize_t i = 0; i < names_len; i++)
		count += lane->xattr_names.data[i] == 0;
	TUSK_AUTO_FREE struct tusk_xattr *xattrs = calloc(count + 1, sizeof *xattrs);
	if (!xattrs || read_values(lane, &place, item, xattrs, &count, (size_t)names_len) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return count ? encode(lane, item, xattrs, count, err) : 0;
}
