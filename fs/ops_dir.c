/* Listings. No handle is open between two calls (NO_OPENDIR_SUPPORT): the offset alone says where to go on. */
#include "tuskfs.h"

#include "inode.h"
#include "versions.h"

#include <errno.h>
#include <string.h>

#define LISTING_MAX (1u << 20)

/* Offsets within a snapshot: 1 behind ".", 2 behind "..", 3 + k behind child k. */
#define FIRST_CHILD_OFFSET 2

struct listing {
	fuse_req_t req;
	bool plus; /* attributes are wanted too */
	char *buffer;
	size_t size, len;
	/* For the push, after the reply: */
	const struct tuskfs_slot *slot; /* NULL: not in a snapshot */
	struct tusk_entry directory;
	uint64_t end; /* number behind the last entry sent */
};

void tuskfs_op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	(void)ino;
	(void)file;
	fuse_reply_err(req, ENOSYS);
}

/* False: it does not fit any more. "." and ".." have nodeid 0: the kernel knows them. */
static bool add(struct listing *listing, const char *name, const struct fuse_entry_param *entry, off_t next)
{
	char *at = listing->buffer + listing->len;
	size_t room = listing->size - listing->len;
	size_t len = listing->plus ? fuse_add_direntry_plus(listing->req, at, room, name, entry, next)
				   : fuse_add_direntry(listing->req, at, room, name, &entry->attr, next);
	if (len > room)
		return false;
	listing->len += len;
	return true;
}

static bool add_version(void *context, const char *name, const struct fuse_entry_param *entry, off_t next)
{
	return add(context, name, entry, next);
}

static bool add_dot(struct listing *listing, const char *name, uint64_t inode, off_t next)
{
	struct fuse_entry_param entry = {.attr = {.st_ino = inode, .st_mode = S_IFDIR}};
	return add(listing, name, &entry, next);
}

static int list_virtual(const struct tuskfs *fs, const struct tuskfs_place *place, off_t offset,
			struct listing *listing)
{
	const struct tuskfs_node *folder = place->node;
	if (folder->kind != TUSKFS_FOLDER)
		return ENOTDIR;
	uint64_t parent = folder->parent ? folder->parent : folder->nodeid;
	if (offset < 1 && !add_dot(listing, ".", folder->nodeid, 1))
		return 0;
	if (offset < 2 && !add_dot(listing, "..", parent, 2))
		return 0;
	uint64_t after = offset > FIRST_CHILD_OFFSET ? (uint64_t)offset - FIRST_CHILD_OFFSET : 0;
	const struct tuskfs_node *node;
	while ((node = tuskfs_catalogue_next(place->catalogue, folder->nodeid, after))) {
		struct fuse_entry_param entry = {.ino = node->nodeid, .generation = 1, .entry_timeout = TUSKFS_SHORTLY};
		bool is_made = node->kind == TUSKFS_SUMS || node->kind == TUSKFS_REPORT;
		entry.attr_timeout = tuskfs_node_timeout(node);
		after = node->sequence;
		/* One unreadable snapshot must not hide the others: it is listed, and its look-up fails. Nor is
		 * a content that is made on demand made for a listing. */
		if (is_made || tuskfs_stat_node(fs, node, &entry.attr) != 0) {
			entry.ino = 0;
			entry.attr = (struct stat){.st_ino = node->nodeid, .st_mode = is_made ? S_IFREG : S_IFDIR};
		}
		if (!add(listing, node->name, &entry, (off_t)(after + FIRST_CHILD_OFFSET)))
			return 0;
	}
	return 0;
}

static uint64_t parent_inode(const struct tuskfs *fs, const struct tuskfs_place *place)
{
	struct tusk_err ignored = {0};
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	TUSK_AUTO_ENTRY struct tusk_entry parent = {0};
	if (place->number == 0)
		return fs->single ? tuskfs_inode_pack(place->slot->slot, 0) : TUSKFS_NODE_SNAPSHOTS;
	if (tusk_view_path_of(place->view, place->number, &path, &ignored) < 0)
		return place->number;
	*strrchr((char *)path.data, '/') = 0;
	if (tusk_view_path(place->view, (const char *)path.data, &parent, &ignored) < 0)
		return place->number;
	return tuskfs_inode_pack(place->slot->slot, parent.number);
}

static bool add_child(const struct tuskfs *fs, const struct tuskfs_slot *slot, const struct tusk_entry *child,
		      off_t next, struct listing *listing)
{
	struct fuse_entry_param entry = {.ino = tuskfs_nodeid(fs, slot, child->number),
					 .generation = 1,
					 .entry_timeout = TUSKFS_FOREVER,
					 .attr_timeout = TUSKFS_FOREVER};
	char name[256];
	memcpy(name, child->name.data, child->name.len);
	name[child->name.len] = 0;
	tuskfs_stat_entry(fs, slot, child, &entry.attr);
	return add(listing, name, &entry, next);
}

/* Damage in the middle of a directory: what lies before it is listed, the call that reaches it fails. */
static int list_entries(const struct tuskfs *fs, const struct tuskfs_place *place, const struct tusk_entry *directory,
			off_t offset, struct listing *listing)
{
	struct tusk_err err = {0};
	TUSK_AUTO_DIR struct tusk_dir *dir = NULL;
	if (offset < 1 && !add_dot(listing, ".", tuskfs_inode_pack(place->slot->slot, place->number), 1))
		return 0;
	if (offset < 2 && !add_dot(listing, "..", parent_inode(fs, place), 2))
		return 0;
	uint64_t position = offset > FIRST_CHILD_OFFSET ? (uint64_t)offset - FIRST_CHILD_OFFSET : 0;
	if (tusk_dir_open(place->view, directory, &dir, &err) < 0)
		return tuskfs_report(place->slot, place->number, &err);
	tusk_dir_seek(dir, position);
	struct tusk_entry child = {0};
	int more;
	listing->slot = place->slot;
	listing->directory = *directory;
	listing->directory.pin = NULL;
	while ((more = tusk_dir_next(dir, &child, &err)) == 1) {
		position++;
		if (!add_child(fs, place->slot, &child, (off_t)(position + FIRST_CHILD_OFFSET), listing))
			return 0;
		listing->end = child.number + 1;
	}
	if (more < 0)
		return listing->len ? 0 : tuskfs_report(place->slot, place->number, &err);
	return 0;
}

static int list(struct tuskfs *fs, fuse_ino_t ino, off_t offset, struct listing *listing)
{
	TUSKFS_AUTO_PLACE struct tuskfs_place place = {0};
	TUSK_AUTO_ENTRY struct tusk_entry directory = {0};
	struct tusk_err err = {0};
	int error = tuskfs_resolve(fs, ino, &place);
	if (error)
		return error;
	if (place.versions)
		return tuskfs_versions_list(fs, &place, offset, &(struct tuskfs_lister){add_version, listing});
	if (place.node)
		return list_virtual(fs, &place, offset, listing);
	if (tusk_view_entry(place.view, place.number, &directory, &err) < 0)
		return err.code == TUSK_E_ABSENT ? ESTALE : tuskfs_report(place.slot, place.number, &err);
	if (directory.type != TUSK_TYPE_DIRECTORY)
		return ENOTDIR;
	return list_entries(fs, &place, &directory, offset, listing);
}

static void read_directory(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, bool plus)
{
	struct listing listing = {.req = req, .plus = plus, .size = size > LISTING_MAX ? LISTING_MAX : size};
	TUSK_AUTO_FREE char *buffer = malloc(listing.size + 1);
	if (!buffer || offset < 0) {
		fuse_reply_err(req, buffer ? EINVAL : ENOMEM);
		return;
	}
	listing.buffer = buffer;
	struct tuskfs *fs = fuse_req_userdata(req);
	int error = list(fs, ino, offset, &listing);
	if (error)
		fuse_reply_err(req, error);
	else
		fuse_reply_buf(req, buffer, listing.len);
	if (!error && plus && fs->push && listing.slot && listing.end)
		tuskfs_push_listed(fs->push, listing.slot, &listing.directory, listing.end);
}

void tuskfs_op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file)
{
	(void)file;
	read_directory(req, ino, size, offset, false);
}

void tuskfs_op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file)
{
	(void)file;
	read_directory(req, ino, size, offset, true);
}
