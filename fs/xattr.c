/* Extended attributes. "Not supported" (ENOSYS) is believed by the kernel for the whole mount and for ever; so it is
 * said only where it will stay true: DESIGN.md. */
#include "tuskfs.h"

#include "versions.h"

#include "tusk/text.h"

#include <errno.h>
#include <string.h>

#define QUIET_AFTER 16
#define PREFIX      "user.tusk."

/* The driver's own attributes of an entry. They are answered, but not listed unless -o xattrs=list: else cp -a would
 * write them into the copy. */
static const char *const own_names[] = {PREFIX "sha256", PREFIX "snapshot", PREFIX "time", PREFIX "source",
					PREFIX "first-seen"};
#define OWN_COUNT (sizeof(own_names) / sizeof(own_names[0]))

static void reply_value(fuse_req_t req, const void *value, size_t len, size_t size)
{
	if (size == 0)
		fuse_reply_xattr(req, len);
	else if (len > size)
		fuse_reply_err(req, ERANGE);
	else
		fuse_reply_buf(req, value, len);
}

static int sha256_text(const struct tuskfs_place *place, const struct tusk_entry *entry, char *ret_text)
{
	uint8_t sha256[32];
	struct tusk_err err = {0};
	if (entry->type != TUSK_TYPE_FILE)
		return ENODATA;
	if (tusk_entry_sha256(entry, sha256, &err) < 0)
		return tuskfs_report(place->slot, place->number, &err);
	tusk_hex_encode(sha256, sizeof(sha256), ret_text);
	return 0;
}

/* 0; ENODATA: it is not one of ours, or the entry does not have it; another errno. */
static int own_text(const struct tuskfs *fs, const struct tuskfs_place *place, const struct tusk_entry *entry,
		    const char *name, char ret_text[256])
{
	const struct tuskfs_slot *first;
	int error = 0;
	if (strcmp(name, PREFIX "sha256") == 0) {
		error = sha256_text(place, entry, ret_text);
	} else if (strcmp(name, PREFIX "snapshot") == 0) {
		tusk_id_text(&place->slot->id, ret_text);
	} else if (strcmp(name, PREFIX "time") == 0) {
		tusk_text_time_rfc3339(place->slot->time, ret_text);
	} else if (strcmp(name, PREFIX "source") == 0) {
		snprintf(ret_text, 256, "%s", place->slot->source);
		error = *ret_text ? 0 : ENODATA;
	} else if (strcmp(name, PREFIX "first-seen") == 0) {
		error = tuskfs_first_seen(fs, place, entry, &first);
		if (!error)
			tusk_text_time_rfc3339(first->time, ret_text);
	} else {
		error = ENODATA;
	}
	return error;
}

/* True: replied. */
static bool reply_own(fuse_req_t req, const struct tuskfs_place *place, const struct tusk_entry *entry,
		      const char *name, size_t size)
{
	char text[256];
	int error = own_text(fuse_req_userdata(req), place, entry, name, text);
	if (error == ENODATA)
		return false;
	if (error)
		fuse_reply_err(req, error);
	else
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

/* Those of ours that this entry has; "first-seen" without looking for it. */
static int list_own(const struct tuskfs *fs, const struct tuskfs_place *place, const struct tusk_entry *entry,
		    struct tusk_buf *names)
{
	for (size_t i = 0; i < OWN_COUNT; i++) {
		bool has = strcmp(own_names[i], PREFIX "sha256") == 0       ? entry->type == TUSK_TYPE_FILE
			   : strcmp(own_names[i], PREFIX "source") == 0     ? *place->slot->source != 0
			   : strcmp(own_names[i], PREFIX "first-seen") == 0 ? fs->refresh != NULL
									    : true;
		if (has && tusk_buf_append(names, own_names[i], strlen(own_names[i]) + 1) < 0)
			return -1;
	}
	return 0;
}

/* entry NULL: only what is in xattrs. */
static void reply_names(fuse_req_t req, const struct tuskfs_place *place, const struct tusk_entry *entry,
			const struct tusk_xattrs *xattrs, size_t size)
{
	TUSK_AUTO_BUF struct tusk_buf names = {0};
	for (size_t i = 0; i < xattrs->count; i++) {
		const struct tusk_bytes *name = &xattrs->items[i].name;
		if (tusk_buf_append(&names, name->data, name->len) < 0 || tusk_buf_append(&names, "", 1) < 0) {
			fuse_reply_err(req, ENOMEM);
			return;
		}
	}
	if (entry && list_own(fuse_req_userdata(req), place, entry, &names) < 0)
		fuse_reply_err(req, ENOMEM);
	else
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
	bool listed = fs->options->xattrs && strcmp(fs->options->xattrs, "list") == 0;
	bool own = name ? strncmp(name, PREFIX, strlen(PREFIX)) == 0 : listed;
	bool no_more = fs->no_xattrs || is_time_for_quiet(fs, name, own);
	int error = no_more ? ENOSYS : tuskfs_resolve(fs, ino, &place);
	if (!error && (place.node || place.versions || (!place.slot->has_xattrs && !own)))
		; /* nothing there, and that without looking at the entry */
	else if (!error && tusk_view_entry(place.view, place.number, &entry, &err) < 0)
		error = err.code == TUSK_E_ABSENT ? ESTALE : tuskfs_report(place.slot, place.number, &err);
	else if (!error && own && name && reply_own(req, &place, &entry, name, size))
		return;
	if (!error && entry.has_xattrs && tusk_entry_xattrs(place.view, &entry, &xattrs, &err) < 0)
		error = tuskfs_report(place.slot, place.number, &err);

	if (error)
		fuse_reply_err(req, error);
	else if (name)
		reply_named(req, &xattrs, name, size);
	else
		reply_names(req, &place, own && place.view ? &entry : NULL, &xattrs, size);
}

void tuskfs_op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	answer(req, ino, name, size);
}

void tuskfs_op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	answer(req, ino, NULL, size);
}
