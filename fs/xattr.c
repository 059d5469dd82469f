/* Extended attributes. "Not supported" (ENOSYS) is believed by the kernel for the whole mount and for ever; so it is
 * said only where it will stay true: DESIGN.md. */
#include "tuskfs.h"

#include <errno.h>
#include <string.h>

#define SHA256_NAME   "user.tusk.sha256"
#define SNAPSHOT_NAME "user.tusk.snapshot"
#define QUIET_AFTER   16

static void reply_value(fuse_req_t req, const void *value, size_t len, size_t size)
{
	if (size == 0)
		fuse_reply_xattr(req, len);
	else if (len > size)
		fuse_reply_err(req, ERANGE);
	else
		fuse_reply_buf(req, value, len);
}

/* The driver's own attributes: answered, but not listed, or cp -a would write them into the copy. */
static bool reply_own(fuse_req_t req, const struct tuskfs_place *place, const struct tusk_entry *entry,
		      const char *name, size_t size)
{
	char text[TUSK_ID_TEXT_SIZE];
	uint8_t sha256[32];
	struct tusk_err err = {0};
	if (strcmp(name, SNAPSHOT_NAME) == 0) {
		tusk_id_text(&place->slot->id, text);
	} else if (strcmp(name, SHA256_NAME) == 0 && entry->type == TUSK_TYPE_FILE) {
		if (tusk_entry_sha256(entry, sha256, &err) < 0) {
			fuse_reply_err(req, tuskfs_report(place->slot, place->number, &err));
			return true;
		}
		tusk_hex_encode(sha256, sizeof(sha256), text);
	} else {
		return false;
	}
	reply_value(req, text, strlen(text), size);
	return true;
}

static void reply_named(fuse_req_t req, const struct tusk_xattrs *xattrs, const char *name, size_t size)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < xattrs->count; i++) {
		const struct tusk_xattr *item = &xattrs->items[i];
		if (item->name.len == len && memcmp(item->name.data, name, len) == 0) {
			reply_value(req, item->value.data, item->value.len, size);
			return;
		}
	}
	fuse_reply_err(req, ENODATA);
}

static void reply_names(fuse_req_t req, const struct tusk_xattrs *xattrs, size_t size)
{
	TUSK_AUTO_BUF struct tusk_buf names = {0};
	for (size_t i = 0; i < xattrs->count; i++) {
		const struct tusk_bytes *name = &xattrs->items[i].name;
		if (tusk_buf_append(&names, name->data, name->len) < 0 || tusk_buf_append(&names, "", 1) < 0) {
			fuse_reply_err(req, ENOMEM);
			return;
		}
	}
	reply_value(req, names.data, names.len, size);
}

/* Whether to tell the kernel that this mount has no extended attributes (ENOSYS): it never asks again. Our own are then
 * out of reach, too, so that is not said to one who has used them, and not before it pays. */
static bool is_time_for_quiet(struct tuskfs *fs, const char *name, bool own)
{
	struct tuskfs_quiet *quiet = &fs->quiet;
	if (!quiet->is_allowed)
		return false;
	if (!name)
		return true; /* that nothing is listed harms nobody */
	if (own)
		atomic_store(&quiet->wants_ours, true);
	else if (atomic_fetch_add(&quiet->foreign, 1) >= QUIET_AFTER)
		return !atomic_load(&quiet->wants_ours);
	return false;
}

/* name NULL: the list of names. */
static void answer(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct tuskfs *fs = fuse_req_userdata(req);
	TUSKFS_AUTO_PLACE struct tuskfs_place place = {0};
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	TUSK_AUTO_XATTRS struct tusk_xattrs xattrs = {0};
	struct tusk_err err = {0};
	bool own = name && strncmp(name, "user.tusk.", 10) == 0;
	bool no_more = fs->no_xattrs || is_time_for_quiet(fs, name, own);
	int error = no_more ? ENOSYS : tuskfs_resolve(fs, ino, &place);
	if (!error && (place.node || place.versions || (!place.slot->has_xattrs && !own)))
		; /* nothing there, and that without looking at the entry */
	else if (!error && tusk_view_entry(place.view, place.number, &entry, &err) < 0)
		error = err.code == TUSK_E_ABSENT ? ESTALE : tuskfs_report(place.slot, place.number, &err);
	else if (!error && own && reply_own(req, &place, &entry, name, size))
		return;
	if (!error && entry.has_xattrs && tusk_entry_xattrs(place.view, &entry, &xattrs, &err) < 0)
		error = tuskfs_report(place.slot, place.number, &err);

	if (error)
		fuse_reply_err(req, error);
	else if (name)
		reply_named(req, &xattrs, name, size);
	else
		reply_names(req, &xattrs, size);
}

void tuskfs_op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	answer(req, ino, name, size);
}

void tuskfs_op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	answer(req, ino, NULL, size);
}
