/* Unique bytes by folder: every chunk goes to the lowest common folder of the files that refer to it. */
#include "pipeline/folders.h"

#include "walk.h"

#include <string.h>

#define SEEN_MAX (1u << 20) /* chunks remembered */

struct seen {
	uint8_t id[16]; /* the first half: enough to tell chunks apart */
	uint32_t folder, len;
};

struct measure {
	struct tusk_view *view;
	struct pipeline_folders *folders;
	size_t base;        /* the folder of the snapshot */
	struct seen *slots; /* 2 * SEEN_MAX, open addressing; len 0 is free */
	size_t used;
	unsigned shift;  /* only chunks whose id begins with so many zero bits are counted */
	char last[4096]; /* the folder of the last file, found again at once */
	size_t last_len, last_folder;
	size_t folder; /* of the file whose chunks are visited */
};

void pipeline_folders_release(struct pipeline_folders *folders)
{
	for (size_t i = 0; i < folders->count; i++)
		free(folders->items[i].name);
	free(folders->items);
	*folders = (struct pipeline_folders){0};
}

static int add_folder(struct pipeline_folders *folders, size_t parent, const char *name, size_t len, size_t *ret_folder,
		      struct tusk_err *err)
{
	if (folders->count == folders->capacity) {
		size_t capacity = folders->capacity ? 2 * folders->capacity : 64;
		struct pipeline_folder *items = reallocarray(folders->items, capacity, sizeof(*items));
		if (!items)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		folders->items = items;
		folders->capacity = capacity;
	}
	struct pipeline_folder *folder = &folders->items[folders->count];
	*folder = (struct pipeline_folder){.name = strndup(name, len), .parent = parent};
	if (!folder->name)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (folders->count)
		folder->depth = folders->items[parent].depth + 1;
	*ret_folder = folders->count++;
	return 0;
}

/* The newest children come last, and a walk goes through folders in order: looking from the end is short. */
static int child_of(struct pipeline_folders *folders, size_t parent, const char *name, size_t len, size_t *ret_folder,
		    struct tusk_err *err)
{
	for (size_t i = folders->count; i-- > parent + 1;) {
		const struct pipeline_folder *folder = &folders->items[i];
		if (folder->parent != parent || strncmp(folder->name, name, len) != 0 || folder->name[len])
			continue;
		*ret_folder = i;
		return 0;
	}
	return add_folder(folders, parent, name, len, ret_folder, err);
}

/* The folder of a file with that path, as deep as folders are kept. */
static int folder_of(struct measure *measure, const char *path, size_t *ret_folder, struct tusk_err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0, folder = measure->base;
	if (len && len == measure->last_len && memcmp(path, measure->last, len) == 0) {
		*ret_folder = measure->last_folder;
		return 0;
	}
	for (const char *at = path; at < path + len;) {
		size_t part = strcspn(at + 1, "/");
		if (measure->folders->items[folder].depth >= PIPELINE_FOLDERS_DEPTH_MAX ||
		    measure->folders->count >= PIPELINE_FOLDERS_MAX)
			break;
		if (part && child_of(measure->folders, folder, at + 1, part, &folder, err) < 0)
			return -1;
		at += 1 + part;
	}
	if (len < sizeof(measure->last)) {
		memcpy(measure->last, path, len);
		measure->last_len = len;
		measure->last_folder = folder;
	}
	*ret_folder = folder;
	return 0;
}

static size_t common(const struct pipeline_folders *folders, size_t a, size_t b)
{
	while (a != b) {
		if (folders->items[a].depth >= folders->items[b].depth)
			a = folders->items[a].parent;
		else
			b = folders->items[b].parent;
	}
	return a;
}

static bool is_sampled(const struct measure *measure, const uint8_t *id)
{
	uint32_t bits = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
	return measure->shift == 0 || bits >> (32 - measure->shift) == 0;
}

static struct seen *find_slot(struct seen *slots, const uint8_t *id)
{
	size_t mask = 2 * (size_t)SEEN_MAX - 1;
	size_t at = ((size_t)id[4] | (size_t)id[5] << 8 | (size_t)id[6] << 16 | (size_t)id[7] << 24) & mask;
	while (slots[at].len && memcmp(slots[at].id, id, sizeof(slots[at].id)) != 0)
		at = (at + 1) & mask;
	return &slots[at];
}

/* Half of what is remembered goes. */
static int thin_out(struct measure *measure, struct tusk_err *err)
{
	struct seen *slots = calloc(2 * (size_t)SEEN_MAX, sizeof(*slots));
	if (!slots)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	measure->shift++;
	measure->used = 0;
	for (size_t i = 0; i < 2 * (size_t)SEEN_MAX; i++) {
		const struct seen *old = &measure->slots[i];
		if (!old->len || !is_sampled(measure, old->id))
			continue;
		*find_slot(slots, old->id) = *old;
		measure->used++;
	}
	free(measure->slots);
	measure->slots = slots;
	return 0;
}

static int on_chunk(void *context, const struct tusk_id *id, uint64_t data_offset, uint32_t len, struct tusk_err *err)
{
	struct measure *measure = context;
	(void)data_offset;
	if (!len || !is_sampled(measure, id->bytes))
		return 0;
	struct seen *slot = find_slot(measure->slots, id->bytes);
	if (slot->len) {
		slot->folder = (uint32_t)common(measure->folders, slot->folder, measure->folder);
		return 0;
	}
	memcpy(slot->id, id->bytes, sizeof(slot->id));
	slot->len = len;
	slot->folder = (uint32_t)measure->folder;
	return ++measure->used >= SEEN_MAX ? thin_out(measure, err) : 0;
}

static int on_entry(void *context, const char *path, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct measure *measure = context;
	if (entry->type != TUSK_TYPE_FILE || !entry->size)
		return 0;
	if (folder_of(measure, path, &measure->folder, err) < 0)
		return -1;
	if (entry->content == TUSK_CONTENT_INLINE)
		measure->folders->items[measure->folder].own += entry->size;
	if (entry->content == TUSK_CONTENT_INLINE || entry->content == TUSK_CONTENT_EMPTY)
		return 0;
	TUSK_AUTO_FILE struct tusk_file *file = NULL;
	if (tusk_file_open(measure->view, entry, &file, err) < 0)
		return -1;
	return tusk_file_chunks(file, on_chunk, measure, err);
}

/* Damage is the business of check: what cannot be read is passed over. */
static int on_broken(void *context, const char *path, struct tusk_err *err)
{
	(void)context;
	(void)path;
	tusk_err_clear(err);
	return 0;
}

static int measure_one(struct measure *measure, struct tusk_repository *repository,
		       const struct tusk_snapshot *snapshot, struct tusk_err *err)
{
	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	TUSK_AUTO_ENTRY struct tusk_entry root = {0};
	struct tusk_walker walker = {.visit = on_entry, .broken = on_broken, .context = measure};
	if (tusk_view_open(repository, snapshot, &view, err) < 0 || tusk_view_entry(view, 0, &root, err) < 0)
		return -1;
	measure->view = view;
	measure->last_len = 0;
	return tusk_walk(&walker, view, &root, "/", err);
}

static void add_up(struct measure *measure)
{
	struct pipeline_folders *folders = measure->folders;
	for (size_t i = 0; i < 2 * (size_t)SEEN_MAX; i++)
		if (measure->slots[i].len)
			folders->items[measure->slots[i].folder].own += (uint64_t)measure->slots[i].len
									<< measure->shift;
	for (size_t i = folders->count; i-- > 0;) {
		struct pipeline_folder *folder = &folders->items[i];
		folder->bytes += folder->own;
		if (i)
			folders->items[folder->parent].bytes += folder->bytes;
	}
}

int pipeline_folders_measure(struct tusk_repository *repository, const struct tusk_snapshot *const *list, size_t count,
			     struct pipeline_folders *ret_folders, struct tusk_err *err)
{
	PIPELINE_AUTO_FOLDERS struct pipeline_folders folders = {0};
	struct measure measure = {.folders = &folders, .slots = calloc(2 * (size_t)SEEN_MAX, sizeof(struct seen))};
	int rc = measure.slots ? add_folder(&folders, 0, "", 0, &measure.base, err)
			       : tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const char *name = *list[i]->source ? list[i]->source : list[i]->host;
		measure.base = 0;
		if (count > 1)
			rc = add_folder(&folders, 0, name, strlen(name), &measure.base, err);
		if (rc == 0)
			rc = measure_one(&measure, repository, list[i], err);
	}
	if (rc == 0) {
		add_up(&measure);
		*ret_folders = folders;
		folders = (struct pipeline_folders){0};
	}
	free(measure.slots);
	return rc;
}
