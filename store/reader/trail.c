#include "tusk/trail.h"

#include "tusk/hash.h"

#include <string.h>

struct name {
	const char *text; /* into path */
	size_t len;
};

struct tusk_trail {
	char *path;
	struct name *names;
	size_t count;
	/* The folders on the way, in the step before: folders[i] is where names[i] was looked up. */
	struct tusk_subtree *folders;
	size_t known;
};

void tusk_trail_free(struct tusk_trail *trail)
{
	if (!trail)
		return;
	free(trail->path);
	free(trail->names);
	free(trail->folders);
	free(trail);
}

static int split(struct tusk_trail *trail, struct tusk_err *err)
{
	const char *text = trail->path;
	for (;;) {
		text += strspn(text, "/");
		size_t len = strcspn(text, "/");
		if (!len)
			return 0;
		if ((len == 1 && text[0] == '.') || (len == 2 && text[0] == '.' && text[1] == '.'))
			return tusk_err_set(err, TUSK_E_USAGE, 0, "%s: \".\" and \"..\" are not possible", trail->path);
		trail->names[trail->count++] = (struct name){text, len};
		text += len;
	}
}

int tusk_trail_new(const char *path, struct tusk_trail **ret_trail, struct tusk_err *err)
{
	TUSK_AUTO_TRAIL struct tusk_trail *trail = calloc(1, sizeof(*trail));
	size_t most = strlen(path) / 2 + 1;
	if (trail) {
		trail->path = strdup(path);
		trail->names = calloc(most, sizeof(*trail->names));
		trail->folders = calloc(most, sizeof(*trail->folders));
	}
	if (!trail || !trail->path || !trail->names || !trail->folders)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (split(trail, err) < 0)
		return -1;
	*ret_trail = TUSK_STEAL(trail);
	return 0;
}

static bool same_folder(const struct tusk_subtree *a, const struct tusk_subtree *b)
{
	return tusk_id_equal(&a->id, &b->id) && a->level == b->level && a->entries == b->entries;
}

int tusk_trail_step(struct tusk_trail *trail, struct tusk_view *view, struct tusk_entry *ret_entry,
		    struct tusk_err *err)
{
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	size_t known = trail->known;
	trail->known = 0;
	if (tusk_view_entry(view, 0, &entry, err) < 0)
		return -1;
	for (size_t i = 0; i < trail->count; i++) {
		struct tusk_entry child = {0};
		if (entry.type != TUSK_TYPE_DIRECTORY) {
			trail->known = i;
			return TUSK_STEP_ABSENT;
		}
		if (i < known && same_folder(&entry.subtree, &trail->folders[i])) {
			trail->known = known;
			return TUSK_STEP_SAME;
		}
		trail->folders[i] = entry.subtree;
		int found = tusk_view_lookup(view, &entry, trail->names[i].text, trail->names[i].len, &child, err);
		if (found < 0)
			return -1;
		if (found == TUSK_ABSENT) {
			trail->known = i + 1;
			return TUSK_STEP_ABSENT;
		}
		tusk_entry_release(&entry);
		entry = child;
	}
	trail->known = trail->count;
	*ret_entry = entry;
	entry.pin = NULL;
	return TUSK_STEP_FOUND;
}

int tusk_entry_content_key(const struct tusk_entry *entry, uint8_t ret_key[TUSK_CONTENT_KEY_SIZE], struct tusk_err *err)
{
	uint8_t *hash = ret_key + 1;
	const uint32_t device[2] = {entry->device_major, entry->device_minor};
	memset(ret_key, 0, TUSK_CONTENT_KEY_SIZE);
	ret_key[0] = (uint8_t)entry->type;
	switch (entry->type) {
	case TUSK_TYPE_FILE:
		return tusk_entry_sha256(entry, hash, err);
	case TUSK_TYPE_DIRECTORY:
		memcpy(hash, entry->subtree.id.bytes, TUSK_ID_SIZE);
		return 0;
	case TUSK_TYPE_SYMLINK:
		tusk_sha256(entry->target.data, entry->target.len, hash);
		return 0;
	case TUSK_TYPE_CHARACTER_DEVICE:
	case TUSK_TYPE_BLOCK_DEVICE:
		memcpy(hash, device, sizeof(device));
		return 0;
	case TUSK_TYPE_FIFO:
	case TUSK_TYPE_SOCKET:
		return 0;
	}
	return 0;
}
