/* Nothing is kept between two requests. A folder's node id names the path by an entry that has it, in the oldest
 * snapshot that does, so that it stays the same when snapshots are added; what the folder is (a directory's names or a
 * file's versions) is decided by the newest snapshot that has the path. A version is the entry itself, with the node id
 * it has in snapshots/: what was read there is in the page cache here. */
#include "versions.h"

#include "inode.h"

#include "tusk/trail.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Readdir offsets: 1 behind ".", 2 behind "..", else slot << 40 | position. The slot is that of the snapshot whose
 * directory is being listed (position: 3 + k behind child k), or the version's (position 0): either way a listing goes
 * on rightly when a snapshot has come meanwhile. */
#define FIRST_CHILD_OFFSET 2
#define FOLDER_SIZE        4096

struct found {
	const struct tuskfs_slot *slot;
	uint64_t number;
	enum tusk_type type;
};

struct version {
	const struct tuskfs_slot *slot;
	uint64_t number;
	uint8_t key[TUSK_CONTENT_KEY_SIZE];
};

struct versions {
	struct version *items;
	size_t count, capacity;
};

static void release_versions(struct versions *versions)
{
	free(versions->items);
}

/* ---- paths ---- */

/* 0 or errno. */
static int path_of(const struct tuskfs_place *place, struct tusk_buf *ret_path)
{
	struct tusk_err err = {0};
	if (place->node)
		return tusk_buf_append(ret_path, "/", 2) < 0 ? ENOMEM : 0;
	if (tusk_view_path_of(place->view, place->number, ret_path, &err) < 0)
		return err.code == TUSK_E_ABSENT ? ESTALE : tuskfs_report(place->slot, place->number, &err);
	return 0;
}

/* Looks for the path from the newest or from the oldest snapshot on. A snapshot that is damaged there is passed over
 * unless no other has the path. 0 or errno. */
static int find(const struct tuskfs_catalogue *catalogue, const char *path, bool newest, struct found *ret_found)
{
	TUSK_AUTO_TRAIL struct tusk_trail *trail = NULL;
	struct tusk_err err = {0};
	size_t count = tuskfs_catalogue_snapshot_count(catalogue);
	int error = ENOENT;
	if (tusk_trail_new(path, &trail, &err) < 0)
		return err.code == TUSK_E_USAGE ? ENOENT : tuskfs_report(NULL, 0, &err);
	for (size_t i = 0; i < count; i++) {
		const struct tuskfs_slot *slot = tuskfs_catalogue_snapshot(catalogue, newest ? count - 1 - i : i);
		TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
		int step = slot->view ? tusk_trail_step(trail, slot->view, &entry, &err) : TUSK_STEP_ABSENT;
		if (step == TUSK_STEP_FOUND) {
			*ret_found = (struct found){slot, entry.number, entry.type};
			return 0;
		}
		if (step < 0)
			error = tuskfs_report(slot, 0, &err);
		tusk_err_clear(&err);
	}
	return error;
}

/* ---- the distinct contents of a path ---- */

/* 0 or errno. A directory that the path once was is no version. */
static int add_version(struct versions *versions, const struct tuskfs_slot *slot, const struct tusk_entry *entry)
{
	struct version version = {.slot = slot, .number = entry->number};
	struct tusk_err err = {0};
	if (entry->type == TUSK_TYPE_DIRECTORY)
		return 0;
	if (tusk_entry_content_key(entry, version.key, &err) < 0)
		return tuskfs_report(slot, entry->number, &err);
	for (size_t i = 0; i < versions->count; i++) {
		if (memcmp(versions->items[i].key, version.key, sizeof(version.key)) == 0)
			return 0;
	}
	if (versions->count == versions->capacity) {
		size_t capacity = versions->capacity ? 2 * versions->capacity : 16;
		struct version *items = reallocarray(versions->items, capacity, sizeof(*items));
		if (!items)
			return ENOMEM;
		versions->items = items;
		versions->capacity = capacity;
	}
	versions->items[versions->count++] = version;
	return 0;
}

/* All versions, in the order of the first snapshot that has each. 0 or errno. */
static int find_versions(const struct tuskfs_catalogue *catalogue, const char *path, struct versions *versions)
{
	TUSK_AUTO_TRAIL struct tusk_trail *trail = NULL;
	struct tusk_err err = {0};
	size_t count = tuskfs_catalogue_snapshot_count(catalogue);
	int error = 0;
	if (tusk_trail_new(path, &trail, &err) < 0)
		return tuskfs_report(NULL, 0, &err);
	for (size_t i = 0; i < count && error != ENOMEM; i++) {
		const struct tuskfs_slot *slot = tuskfs_catalogue_snapshot(catalogue, i);
		TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
		int step = slot->view ? tusk_trail_step(trail, slot->view, &entry, &err) : TUSK_STEP_ABSENT;
		if (step == TUSK_STEP_FOUND)
			error = add_version(versions, slot, &entry);
		else if (step < 0)
			error = tuskfs_report(slot, 0, &err);
		tusk_err_clear(&err);
	}
	return error == ENOMEM || (error && !versions->count) ? error : 0;
}

/* A step that is as the one before it has not found the content either; damage counts as absent. */
static bool has_content(struct tusk_trail *trail, const struct tuskfs_slot *slot, const uint8_t *key)
{
	struct tusk_err ignored = {0};
	uint8_t here[TUSK_CONTENT_KEY_SIZE];
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	return slot->view && tusk_trail_step(trail, slot->view, &entry, &ignored) == TUSK_STEP_FOUND &&
	       tusk_entry_content_key(&entry, here, &ignored) == 0 && memcmp(here, key, sizeof(here)) == 0;
}

int tuskfs_first_seen(const struct tuskfs *fs, const struct tuskfs_place *place, const struct tusk_entry *entry,
		      const struct tuskfs_slot **ret_slot)
{
	struct tusk_err err = {0};
	uint8_t key[TUSK_CONTENT_KEY_SIZE];
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *catalogue = NULL;
	TUSK_AUTO_TRAIL struct tusk_trail *trail = NULL;
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	if (!fs->refresh)
		return ENODATA;
	if (tusk_entry_content_key(entry, key, &err) < 0 || tuskfs_refresh_get(fs->refresh, &catalogue, &err) < 0)
		return tuskfs_report(place->slot, place->number, &err);
	int error = path_of(place, &path);
	if (error)
		return error;
	if (tusk_trail_new((const char *)path.data, &trail, &err) < 0)
		return tuskfs_report(NULL, 0, &err);
	*ret_slot = place->slot;
	size_t count = tuskfs_catalogue_snapshot_count(catalogue);
	for (size_t i = 0; i < count; i++) {
		const struct tuskfs_slot *slot = tuskfs_catalogue_snapshot(catalogue, i);
		if (slot != place->slot && !has_content(trail, slot, key))
			continue;
		*ret_slot = slot;
		break;
	}
	return 0;
}

/* "2026-11-20T02-30-01Z.letter.odt"; of a name that is too long the end stays, with what says its type. */
static void name_version(const struct tuskfs_slot *slot, const char *path, char ret_name[256])
{
	const char *name = strrchr(path, '/') + 1;
	size_t len = strlen(name), most = 255 - strlen(slot->name) - 1;
	snprintf(ret_name, 256, "%s.%s", slot->name, name + (len > most ? len - most : 0));
}

/* ---- operations ---- */

static uint64_t nodeid_of(const struct found *found)
{
	assert(found->slot); /* whoever found it has set it */
	return TUSKFS_PATH_BIT | tuskfs_inode_pack(found->slot->slot, found->number);
}

static void stat_folder(const struct tuskfs *fs, const struct tuskfs_catalogue *catalogue, uint64_t nodeid,
			struct stat *ret_stat)
{
	/* All of them may change when the list of snapshots does; their time has to say so. */
	struct timespec changed = tuskfs_catalogue_node(catalogue, TUSKFS_NODE_VERSIONS)->mtime;
	*ret_stat = (struct stat){.st_ino = nodeid, .st_mode = S_IFDIR | 0555, .st_nlink = 2};
	ret_stat->st_uid = fs->options->has_uid ? fs->options->uid : geteuid();
	ret_stat->st_gid = fs->options->has_gid ? fs->options->gid : getegid();
	ret_stat->st_size = ret_stat->st_blksize = FOLDER_SIZE;
	ret_stat->st_mtim = ret_stat->st_atim = ret_stat->st_ctim = changed;
}

int tuskfs_versions_stat(const struct tuskfs *fs, const struct tuskfs_place *place, struct stat *ret_stat)
{
	if (place->node)
		return tuskfs_stat_node(fs, place->node, ret_stat);
	if (place->number >= tusk_view_entry_count(place->view))
		return ESTALE;
	stat_folder(fs, place->catalogue, TUSKFS_PATH_BIT | tuskfs_inode_pack(place->slot->slot, place->number),
		    ret_stat);
	return 0;
}

/* What stands for a path: its folder. 0 or errno. */
static int folder_entry(const struct tuskfs *fs, const struct tuskfs_catalogue *catalogue, const char *path,
			struct fuse_entry_param *ret_entry)
{
	struct found oldest = {0};
	if (strcmp(path, "/") == 0) {
		const struct tuskfs_node *node = tuskfs_catalogue_node(catalogue, TUSKFS_NODE_VERSIONS);
		ret_entry->ino = TUSKFS_NODE_VERSIONS;
		return tuskfs_stat_node(fs, node, &ret_entry->attr);
	}
	int error = find(catalogue, path, false, &oldest);
	if (error)
		return error;
	ret_entry->ino = nodeid_of(&oldest);
	stat_folder(fs, catalogue, ret_entry->ino, &ret_entry->attr);
	return 0;
}

static int version_entry(const struct tuskfs *fs, const struct version *version, struct fuse_entry_param *ret_entry)
{
	struct tusk_err err = {0};
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	if (tusk_view_entry(version->slot->view, version->number, &entry, &err) < 0)
		return tuskfs_report(version->slot, version->number, &err);
	ret_entry->ino = tuskfs_nodeid(fs, version->slot, version->number);
	ret_entry->attr_timeout = TUSKFS_FOREVER;
	tuskfs_stat_entry(fs, version->slot, &entry, &ret_entry->attr);
	return 0;
}

/* A name among the versions of a file. */
static int named_version(const struct tuskfs *fs, const struct tuskfs_place *place, const char *path, const char *name,
			 struct fuse_entry_param *ret_entry)
{
	TUSK_CLEANUP(release_versions) struct versions versions = {0};
	int error = find_versions(place->catalogue, path, &versions);
	for (size_t i = 0; i < versions.count && !error; i++) {
		char candidate[256];
		name_version(versions.items[i].slot, path, candidate);
		if (strcmp(candidate, name) == 0)
			return version_entry(fs, &versions.items[i], ret_entry);
	}
	return error ? error : ENOENT;
}

/* "." and ".." are asked for by NFS. */
static int find_name(const struct tuskfs *fs, const struct tuskfs_place *place, const char *name,
		     struct fuse_entry_param *ret_entry)
{
	TUSK_AUTO_BUF struct tusk_buf buffer = {0};
	struct found newest = {0};
	int error = path_of(place, &buffer);
	if (error)
		return error;
	char *path = (char *)buffer.data;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		char *slash = strrchr(path, '/');
		if (name[1])
			slash[slash == path] = 0;
		return folder_entry(fs, place->catalogue, path, ret_entry);
	}
	if (!place->node && (error = find(place->catalogue, path, true, &newest)))
		return error;
	if (!place->node && newest.type != TUSK_TYPE_DIRECTORY) {
		error = named_version(fs, place, path, name, ret_entry);
		if (error != ENOENT)
			return error;
		/* it may have been a directory once */
	}
	buffer.len = strlen(path);
	if ((buffer.len > 1 && tusk_buf_append(&buffer, "/", 1) < 0) ||
	    tusk_buf_append(&buffer, name, strlen(name) + 1) < 0)
		return ENOMEM;
	return folder_entry(fs, place->catalogue, (const char *)buffer.data, ret_entry);
}

void tuskfs_versions_lookup(fuse_req_t req, const struct tuskfs_place *place, const char *name)
{
	struct fuse_entry_param entry = {
	    .generation = 1, .entry_timeout = TUSKFS_SHORTLY, .attr_timeout = TUSKFS_SHORTLY};
	int error = find_name(fuse_req_userdata(req), place, name, &entry);
	if (error)
		fuse_reply_err(req, error);
	else
		fuse_reply_entry(req, &entry);
}

static int list_versions(const struct tuskfs *fs, const struct tuskfs_place *place, const char *path,
			 const struct tuskfs_slot *after, const struct tuskfs_lister *lister)
{
	TUSK_CLEANUP(release_versions) struct versions versions = {0};
	int error = find_versions(place->catalogue, path, &versions);
	size_t first = 0;
	/* They are in the order of time; the snapshot of the last one listed may be gone. */
	while (after && first < versions.count) {
		const struct tuskfs_slot *slot = versions.items[first].slot;
		if (slot != after &&
		    (slot->time.tv_sec > after->time.tv_sec ||
		     (slot->time.tv_sec == after->time.tv_sec &&
		      (slot->time.tv_nsec > after->time.tv_nsec ||
		       (slot->time.tv_nsec == after->time.tv_nsec && tusk_id_compare(&slot->id, &after->id) > 0)))))
			break;
		first++;
	}
	for (size_t i = first; i < versions.count && !error; i++) {
		struct fuse_entry_param entry = {.generation = 1, .entry_timeout = TUSKFS_SHORTLY};
		char name[256];
		name_version(versions.items[i].slot, path, name);
		error = version_entry(fs, &versions.items[i], &entry);
		if (!error && !lister->add(lister->context, name, &entry,
					   (off_t)tuskfs_inode_pack(versions.items[i].slot->slot, 0)))
			break;
	}
	return error;
}

/* The names in the newest snapshot; no attributes, because the node ids would have to be looked for. */
static int list_names(const struct found *folder, uint64_t position, const struct tuskfs_lister *lister)
{
	struct tusk_err err = {0};
	TUSK_AUTO_ENTRY struct tusk_entry directory = {0};
	TUSK_AUTO_DIR struct tusk_dir *dir = NULL;
	struct tusk_entry child = {0};
	int more;
	assert(folder->slot);
	if (tusk_view_entry(folder->slot->view, folder->number, &directory, &err) < 0 ||
	    tusk_dir_open(folder->slot->view, &directory, &dir, &err) < 0)
		return tuskfs_report(folder->slot, folder->number, &err);
	tusk_dir_seek(dir, position);
	while ((more = tusk_dir_next(dir, &child, &err)) == 1) {
		struct found found = {.slot = folder->slot, .number = child.number};
		struct fuse_entry_param entry = {.attr = {.st_ino = nodeid_of(&found), .st_mode = S_IFDIR}};
		char name[256];
		memcpy(name, child.name.data, child.name.len);
		name[child.name.len] = 0;
		position++;
		if (!lister->add(lister->context, name, &entry,
				 (off_t)tuskfs_inode_pack(folder->slot->slot, position + FIRST_CHILD_OFFSET)))
			return 0;
	}
	return more < 0 ? tuskfs_report(folder->slot, folder->number, &err) : 0;
}

/* The path in the snapshot in which a listing has begun. 0 or errno. */
static int find_in(const struct tuskfs_slot *slot, const char *path, struct found *ret_found)
{
	struct tusk_err err = {0};
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	if (!slot || !slot->view)
		return ESTALE;
	if (tusk_view_path(slot->view, path, &entry, &err) < 0)
		return err.code == TUSK_E_ABSENT ? ESTALE : tuskfs_report(slot, 0, &err);
	*ret_found = (struct found){slot, entry.number, entry.type};
	return 0;
}

static bool add_dots(const struct tuskfs *fs, const struct tuskfs_place *place, const char *path, off_t offset,
		     const struct tuskfs_lister *lister)
{
	struct fuse_entry_param self = {0}, above = {0};
	TUSK_AUTO_FREE char *parent = strdup(path);
	if (tuskfs_versions_stat(fs, place, &self.attr) != 0 || !parent)
		return false;
	*(strrchr(parent, '/') + (strrchr(parent, '/') == parent)) = 0;
	if (place->node || folder_entry(fs, place->catalogue, parent, &above) != 0)
		above.attr =
		    (struct stat){.st_ino = place->node ? TUSKFS_NODE_ROOT : self.attr.st_ino, .st_mode = S_IFDIR};
	above.ino = self.ino = 0; /* the kernel knows them */
	return (offset >= 1 || lister->add(lister->context, ".", &self, 1)) &&
	       (offset >= 2 || lister->add(lister->context, "..", &above, 2));
}

int tuskfs_versions_list(const struct tuskfs *fs, const struct tuskfs_place *place, off_t offset,
			 const struct tuskfs_lister *lister)
{
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	struct found newest = {0};
	uint32_t slot = tuskfs_inode_slot((uint64_t)offset);
	uint64_t position = tuskfs_inode_number((uint64_t)offset);
	int error = path_of(place, &path);
	const char *text = (const char *)path.data;
	if (error)
		return error;
	if (offset <= FIRST_CHILD_OFFSET && !add_dots(fs, place, text, offset, lister))
		return 0;
	if (slot && position) {
		error = find_in(tuskfs_slots_find(fs->slots, slot), text, &newest);
		return error ? error : list_names(&newest, position - FIRST_CHILD_OFFSET, lister);
	}
	error = find(place->catalogue, text, true, &newest);
	if (error)
		return place->node && error == ENOENT ? 0 : error; /* there are no snapshots */
	if (newest.type != TUSK_TYPE_DIRECTORY)
		return list_versions(fs, place, text, slot ? tuskfs_slots_find(fs->slots, slot) : NULL, lister);
	return list_names(&newest, 0, lister);
}
