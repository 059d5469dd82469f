/* Everything that a reader sees of a snapshot, as one hash. */
#include "oracle.h"

#include "tusk/hash.h"
#include "tusk/reader.h"

#include <stdlib.h>
#include <string.h>

#define PIECE 65536

struct walk {
	struct tusk_view *view;
	struct tusk_hasher *hasher;
	uint8_t *piece;
};

static int hash_content(struct walk *walk, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct tusk_file *file TUSK_AUTO_FILE = NULL;
	uint64_t offset = 0;
	size_t got;

	if (tusk_file_open(walk->view, entry, &file, err) < 0)
		return -1;
	do {
		if (tusk_file_pread(file, walk->piece, PIECE, offset, &got, err) < 0)
			return -1;
		tusk_hasher_update(walk->hasher, walk->piece, got);
		offset += got;
	} while (got);
	return 0;
}

static int hash_xattrs(struct walk *walk, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct tusk_xattrs xattrs TUSK_AUTO_XATTRS = {0};

	if (!entry->has_xattrs)
		return 0;
	if (tusk_entry_xattrs(walk->view, entry, &xattrs, err) < 0)
		return -1;
	for (size_t i = 0; i < xattrs.count; i++) {
		tusk_hasher_update(walk->hasher, xattrs.items[i].name.data, xattrs.items[i].name.len);
		tusk_hasher_update(walk->hasher, "=", 1);
		tusk_hasher_update(walk->hasher, xattrs.items[i].value.data, xattrs.items[i].value.len);
	}
	return 0;
}

/* Without the times of folders: those above the source change as other tests come and go. */
static int hash_entry(struct walk *walk, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct timespec mtime = entry->type == TUSK_TYPE_DIRECTORY ? (struct timespec){0} : entry->mtime;
	char text[256];
	int len = snprintf(text, sizeof(text), "%d %o %u %u %lld.%ld %llu %llu %u:%u ", (int)entry->type, entry->mode,
			   entry->uid, entry->gid, (long long)mtime.tv_sec, mtime.tv_nsec,
			   entry->type == TUSK_TYPE_DIRECTORY ? 0ULL : (unsigned long long)entry->nlink,
			   (unsigned long long)entry->size, entry->device_major, entry->device_minor);

	tusk_hasher_update(walk->hasher, text, (size_t)len);
	tusk_hasher_update(walk->hasher, entry->name.data, entry->name.len);
	tusk_hasher_update(walk->hasher, "\n", 1);
	if (entry->type == TUSK_TYPE_SYMLINK)
		tusk_hasher_update(walk->hasher, entry->target.data, entry->target.len);
	if (hash_xattrs(walk, entry, err) < 0)
		return -1;
	return entry->type == TUSK_TYPE_FILE ? hash_content(walk, entry, err) : 0;
}

int oracle_entry_digest(struct tusk_view *view, uint64_t number, uint8_t ret_digest[32], struct tusk_err *err)
{
	struct tusk_hasher *hasher TUSK_AUTO_HASHER = tusk_hasher_new();
	uint8_t *piece TUSK_AUTO_FREE = malloc(PIECE);
	struct walk walk = {.view = view, .hasher = hasher, .piece = piece};
	struct tusk_entry entry TUSK_AUTO_ENTRY = {0};

	if (!piece || !hasher)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_view_entry(view, number, &entry, err) < 0 || hash_entry(&walk, &entry, err) < 0)
		return -1;
	tusk_hasher_final(hasher, ret_digest);
	return 0;
}

int oracle_snapshot_digest(struct tusk_repository *repository, const struct tusk_snapshot *snapshot,
			   uint8_t ret_digest[32], struct tusk_err *err)
{
	struct tusk_view *view TUSK_AUTO_VIEW = NULL;
	struct tusk_hasher *hasher TUSK_AUTO_HASHER = tusk_hasher_new();
	uint8_t *piece TUSK_AUTO_FREE = malloc(PIECE);
	struct walk walk = {.hasher = hasher, .piece = piece};

	if (!piece)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_view_open(repository, snapshot, &view, err) < 0)
		return -1;
	walk.view = view;
	for (uint64_t i = 0; i < tusk_view_entry_count(view); i++) {
		struct tusk_entry entry TUSK_AUTO_ENTRY = {0};

		if (tusk_view_entry(view, i, &entry, err) < 0 || hash_entry(&walk, &entry, err) < 0)
			return tusk_err_prefix(err, "entry %llu", (unsigned long long)i);
	}
	tusk_hasher_final(hasher, ret_digest);
	return 0;
}
