/* From a node id to what it stands for, and from that to a struct stat. */
#include "tuskfs.h"

#include "errmap.h"
#include "inode.h"
#include "log.h"

#include "tusk/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <syslog.h>

#define FOLDER_BLOCK_SIZE (128 * 1024) /* glibc's readdir asks for that much at a time */
#define FILE_BLOCK_SIZE   (128 * 1024)
#define FOLDER_ENTRY_SIZE 32 /* the size of a directory is an estimate; it is not zero, which some programs dislike */

void tuskfs_place_release(struct tuskfs_place *place)
{
	tuskfs_catalogue_drop(place->catalogue);
	free(place->computed.text);
	*place = (struct tuskfs_place){0};
}

int tuskfs_report(const struct tuskfs_slot *slot, uint64_t number, const struct tusk_err *err)
{
	int answer = tuskfs_errno(err->code);
	if (err->code == TUSK_E_INTERRUPTED)
		return answer;
	if (!slot || !slot->view) {
		tuskfs_log(LOG_ERR, "%s", err->message);
		return answer;
	}
	char id[TUSK_ID_TEXT_SIZE];
	tusk_id_text(&slot->id, id);
	struct tusk_err ignored = {0};
	TUSK_AUTO_BUF struct tusk_buf path = {0}, shown = {0};
	if (tusk_view_path_of(slot->view, number, &path, &ignored) == 0 &&
	    tusk_text_escape(&shown, path.data, path.len) == 0)
		tuskfs_log(LOG_ERR, "snapshot %.8s: %s: %s", id, (const char *)shown.data, err->message);
	else
		tuskfs_log(LOG_ERR, "snapshot %.8s: entry %llu: %s", id, (unsigned long long)number, err->message);
	return answer;
}

int tuskfs_computed_link(const struct tuskfs_slot *slot, struct tuskfs_node *ret_node)
{
	char *target;
	if (asprintf(&target, "../snapshots/%s", slot->name) < 0)
		return -1;
	*ret_node = (struct tuskfs_node){.nodeid = tuskfs_inode_computed(TUSKFS_COMPUTED_LINK, slot->slot),
					 .parent = TUSKFS_NODE_AT,
					 .kind = TUSKFS_LINK,
					 .text = target,
					 .mtime = slot->time};
	return 0;
}

static int resolve_computed(struct tuskfs *fs, fuse_ino_t nodeid, struct tuskfs_place *place)
{
	uint32_t number;
	if (!tuskfs_inode_is_computed(nodeid, TUSKFS_COMPUTED_LINK, &number))
		return ESTALE;
	const struct tuskfs_slot *slot = tuskfs_slots_find(fs->slots, number);
	if (!slot)
		return ESTALE;
	if (tuskfs_computed_link(slot, &place->computed) < 0)
		return ENOMEM;
	place->node = &place->computed;
	return 0;
}

static int resolve_virtual(struct tuskfs *fs, fuse_ino_t nodeid, struct tuskfs_place *place)
{
	struct tusk_err err = {0};
	if (fs->single)
		return ESTALE;
	if (tuskfs_refresh_get(fs->refresh, &place->catalogue, &err) < 0)
		return tuskfs_report(NULL, 0, &err);
	place->node = tuskfs_catalogue_node(place->catalogue, nodeid);
	place->versions = nodeid == TUSKFS_NODE_VERSIONS;
	return place->node ? 0 : resolve_computed(fs, nodeid, place);
}

/* An NFS client may name a snapshot before anybody has looked at the list since the mount. */
static const struct tuskfs_slot *find_slot(struct tuskfs *fs, uint32_t number)
{
	if (fs->single)
		return fs->single->slot == number ? fs->single : NULL;
	const struct tuskfs_slot *slot = tuskfs_slots_find(fs->slots, number);
	if (slot)
		return slot;
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *catalogue = NULL;
	struct tusk_err err = {0};
	if (tuskfs_refresh_get(fs->refresh, &catalogue, &err) < 0)
		tuskfs_report(NULL, 0, &err);
	return tuskfs_slots_find(fs->slots, number);
}

static int resolve_path(struct tuskfs *fs, uint64_t entry, struct tuskfs_place *place)
{
	struct tusk_err err = {0};
	if (fs->single || entry >= TUSKFS_LINK_BIT)
		return ESTALE;
	if (tuskfs_refresh_get(fs->refresh, &place->catalogue, &err) < 0)
		return tuskfs_report(NULL, 0, &err);
	place->slot = find_slot(fs, tuskfs_inode_slot(entry));
	place->versions = true;
	return 0;
}

int tuskfs_resolve(struct tuskfs *fs, fuse_ino_t nodeid, struct tuskfs_place *place)
{
	int error = 0;
	*place = (struct tuskfs_place){0};
	if (fs->single && nodeid == FUSE_ROOT_ID)
		place->slot = fs->single;
	else if (tuskfs_inode_slot(nodeid) == 0)
		error = resolve_virtual(fs, nodeid, place);
	else if (nodeid & TUSKFS_PATH_BIT)
		error = resolve_path(fs, nodeid & ~TUSKFS_PATH_BIT, place);
	else
		place->slot = nodeid < TUSKFS_LINK_BIT ? find_slot(fs, tuskfs_inode_slot(nodeid)) : NULL;
	if (place->slot) {
		place->view = place->slot->view;
		place->number = nodeid == FUSE_ROOT_ID ? 0 : tuskfs_inode_number(nodeid);
		error = place->view ? 0 : tuskfs_errno(place->slot->why);
	} else if (!place->node && !error) {
		error = ESTALE;
	}
	if (error)
		tuskfs_place_release(place);
	return error;
}

fuse_ino_t tuskfs_nodeid(const struct tuskfs *fs, const struct tuskfs_slot *slot, uint64_t number)
{
	return fs->single && number == 0 ? FUSE_ROOT_ID : tuskfs_inode_pack(slot->slot, number);
}

/* -o umask: what the owner may do, everybody may, less the mask. */
static mode_t masked(const struct tuskfs_options *options, mode_t mode)
{
	mode_t owner = (mode >> 6) & 7;
	return (mode & S_IFMT) | ((owner << 6 | owner << 3 | owner) & ~(mode_t)options->umask);
}

static void apply_owner(const struct tuskfs_options *options, struct stat *stat)
{
	if (options->has_uid)
		stat->st_uid = options->uid;
	if (options->has_gid)
		stat->st_gid = options->gid;
	if (options->has_umask)
		stat->st_mode = masked(options, stat->st_mode);
}

static off_t clamp_size(uint64_t size)
{
	return size > INT64_MAX ? INT64_MAX : (off_t)size;
}

void tuskfs_stat_entry(const struct tuskfs *fs, const struct tuskfs_slot *slot, const struct tusk_entry *entry,
		       struct stat *ret_stat)
{
	struct stat stat = {.st_mode = entry->mode, .st_uid = entry->uid, .st_gid = entry->gid};
	stat.st_ino = entry->link_id && entry->type != TUSK_TYPE_DIRECTORY
			  ? tuskfs_inode_of_link(&slot->id, entry->link_id)
			  : tuskfs_inode_pack(slot->slot, entry->number);
	stat.st_nlink = entry->nlink;
	stat.st_size = clamp_size(entry->size);
	stat.st_blksize = FILE_BLOCK_SIZE;
	stat.st_mtim = stat.st_atim = entry->mtime;
	stat.st_ctim = entry->ctime;
	if (entry->type == TUSK_TYPE_FILE) {
		stat.st_blocks = (blkcnt_t)(entry->data_bytes / 512 + (entry->data_bytes % 512 != 0));
	} else if (entry->type == TUSK_TYPE_DIRECTORY) {
		stat.st_size = clamp_size((entry->subtree.entries + 2) * FOLDER_ENTRY_SIZE);
		stat.st_blksize = FOLDER_BLOCK_SIZE;
	} else if (entry->type == TUSK_TYPE_CHARACTER_DEVICE || entry->type == TUSK_TYPE_BLOCK_DEVICE) {
		stat.st_rdev = makedev(entry->device_major, entry->device_minor);
	}
	if (entry->number == 0)
		stat.st_mtim = stat.st_atim = slot->time;
	apply_owner(fs->options, &stat);
	*ret_stat = stat;
}

double tuskfs_node_timeout(const struct tuskfs_node *node)
{
	return node->kind == TUSKFS_SNAPSHOT || node->kind == TUSKFS_SUMS ? TUSKFS_FOREVER : TUSKFS_SHORTLY;
}

bool tuskfs_node_is_late(const struct tuskfs *fs, const struct tuskfs_node *node, const struct tuskfs_late *late)
{
	return node->kind == TUSKFS_SUMS && !tuskfs_sums_known(fs->sums, node->slot) &&
	       tuskfs_later_take(fs->later, late);
}

static int stat_snapshot(const struct tuskfs *fs, const struct tuskfs_slot *slot, struct stat *ret_stat)
{
	if (!slot->view)
		return tuskfs_errno(slot->why);
	struct tusk_err err = {0};
	TUSK_AUTO_ENTRY struct tusk_entry root = {0};
	if (tusk_view_entry(slot->view, 0, &root, &err) < 0)
		return tuskfs_report(slot, 0, &err);
	tuskfs_stat_entry(fs, slot, &root, ret_stat);
	return 0;
}

int tuskfs_node_text(const struct tuskfs *fs, const struct tuskfs_node *node, const char **ret_text)
{
	struct tusk_err err = {0};
	*ret_text = node->text;
	if (node->kind != TUSKFS_REPORT)
		return 0;
	if (tuskfs_refresh_report(fs->refresh, node->owner, node->report, fs->repository_name, ret_text, &err) == 0)
		return 0;
	return err.code == TUSK_E_ABSENT ? ESTALE : tuskfs_report(NULL, 0, &err);
}

/* 0 or errno. */
static int content_size(const struct tuskfs *fs, const struct tuskfs_node *node, off_t *ret_size)
{
	struct tusk_err err = {0};
	uint64_t size;
	if (node->kind != TUSKFS_SUMS) {
		const char *text;
		int error = tuskfs_node_text(fs, node, &text);
		*ret_size = error ? 0 : (off_t)strlen(text);
		return error;
	}
	if (tuskfs_sums_size(fs->sums, node->slot, &size, &err) < 0)
		return tuskfs_report(node->slot, 0, &err);
	*ret_size = clamp_size(size);
	return 0;
}

int tuskfs_stat_node(const struct tuskfs *fs, const struct tuskfs_node *node, struct stat *ret_stat)
{
	int error = 0;
	if (node->kind == TUSKFS_SNAPSHOT)
		return stat_snapshot(fs, node->slot, ret_stat);
	struct stat stat = {.st_ino = node->nodeid, .st_nlink = 1, .st_blksize = FILE_BLOCK_SIZE};
	stat.st_uid = geteuid();
	stat.st_gid = getegid();
	stat.st_mtim = stat.st_atim = stat.st_ctim = node->mtime;
	if (node->kind == TUSKFS_FOLDER) {
		stat.st_mode = S_IFDIR | 0555;
		stat.st_nlink = 2 + node->subfolders;
		stat.st_size = (off_t)(node->subfolders + 2) * FOLDER_ENTRY_SIZE;
		stat.st_blksize = FOLDER_BLOCK_SIZE;
	} else {
		stat.st_mode = node->kind == TUSKFS_LINK ? S_IFLNK | 0777 : S_IFREG | 0444;
		error = content_size(fs, node, &stat.st_size);
		stat.st_blocks = node->kind != TUSKFS_LINK ? (stat.st_size + 511) / 512 : 0;
	}
	if (fs->options->has_uid)
		stat.st_uid = fs->options->uid;
	if (fs->options->has_gid)
		stat.st_gid = fs->options->gid;
	if (!error)
		*ret_stat = stat;
	return error;
}
