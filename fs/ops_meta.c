/* Names and attributes. Everything that would change something answers EROFS. */
#include "tuskfs.h"

#include "tusk/sabotage.h"

#include "inode.h"
#include "log.h"
#include "versions.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

/* Set exactly, whatever libfuse would have chosen: see DESIGN.md for what each of them gives. */
#define WANTED                                                                                             \
	(FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS | FUSE_CAP_CACHE_SYMLINKS | \
	 FUSE_CAP_NO_OPEN_SUPPORT | FUSE_CAP_NO_OPENDIR_SUPPORT | FUSE_CAP_EXPORT_SUPPORT)

void tuskfs_op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct tuskfs *fs = userdata;
	conn->want =
	    conn->capable & (WANTED | (fs->acls && !TUSK_SABOTAGED(default_permissions) ? FUSE_CAP_POSIX_ACL : 0));
	conn->time_gran = 1;
	if (fs->mounted)
		fs->mounted(fs->mounted_context);
}

static void reply_stat(fuse_req_t req, fuse_ino_t nodeid, const struct stat *stat, double name_timeout,
		       double stat_timeout)
{
	struct fuse_entry_param entry = {
	    .ino = nodeid, .generation = 1, .attr = *stat, .entry_timeout = name_timeout, .attr_timeout = stat_timeout};
	fuse_reply_entry(req, &entry);
}

static void reply_entry(fuse_req_t req, const struct tuskfs_slot *slot, const struct tusk_entry *entry)
{
	const struct tuskfs *fs = fuse_req_userdata(req);
	struct stat stat;
	tuskfs_stat_entry(fs, slot, entry, &stat);
	/* A snapshot's own name can go; so can where it is found. */
	reply_stat(req, tuskfs_nodeid(fs, slot, entry->number), &stat, entry->number ? TUSKFS_FOREVER : TUSKFS_SHORTLY,
		   TUSKFS_FOREVER);
}

static void reply_node(fuse_req_t req, const struct tuskfs_node *node)
{
	struct stat stat;
	int error = tuskfs_stat_node(fuse_req_userdata(req), node, &stat);
	if (error)
		fuse_reply_err(req, error);
	else
		reply_stat(req, node->nodeid, &stat, TUSKFS_SHORTLY, tuskfs_node_timeout(node));
}

/* A name in at/ is a time: it leads to the newest snapshot up to then. */
static void lookup_time(fuse_req_t req, struct tuskfs *fs, const char *name)
{
	const struct tuskfs_slot *slot;
	struct tuskfs_node link;
	struct tusk_err err = {0};
	int found = tuskfs_refresh_find(fs->refresh, name, &slot, &err);
	if (found != TUSK_FOUND) {
		fuse_reply_err(req, found == TUSK_ABSENT ? ENOENT : tuskfs_report(NULL, 0, &err));
	} else if (tuskfs_computed_link(slot, &link) < 0) {
		fuse_reply_err(req, ENOMEM);
	} else {
		reply_node(req, &link);
		free(link.text);
	}
}

static void lookup_again(const struct tuskfs_late *late)
{
	tuskfs_op_lookup(late->req, late->ino, late->name);
}

static void lookup_virtual(fuse_req_t req, const struct tuskfs_place *place, const char *name)
{
	struct tuskfs *fs = fuse_req_userdata(req);
	const struct tuskfs_node *node = place->node;
	if (strcmp(name, ".") == 0)
		;
	else if (strcmp(name, "..") == 0)
		node = tuskfs_catalogue_node(place->catalogue, node->parent ? node->parent : node->nodeid);
	else
		node = tuskfs_catalogue_child(place->catalogue, node->nodeid, name);
	if (!node && place->node->nodeid == TUSKFS_NODE_AT) {
		lookup_time(req, fs, name);
		return;
	}
	struct tuskfs_late late = {.req = req, .ino = place->node->nodeid, .answer = lookup_again};
	snprintf(late.name, sizeof(late.name), "%s", name);
	if (!node)
		fuse_reply_err(req, ENOENT);
	else if (!tuskfs_node_is_late(fs, node, &late))
		reply_node(req, node);
}

/* The entry above an entry, by way of its path: only NFS asks. */
static int parent_entry(const struct tuskfs_place *place, struct tusk_entry *ret_entry, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf path = {0};
	if (tusk_view_path_of(place->view, place->number, &path, err) < 0)
		return -1;
	*strrchr((char *)path.data, '/') = 0;
	return tusk_view_path(place->view, (const char *)path.data, ret_entry, err);
}

static void lookup_dot_dot(fuse_req_t req, struct tuskfs *fs, const struct tuskfs_place *place)
{
	struct tusk_err err = {0};
	TUSK_AUTO_ENTRY struct tusk_entry parent = {0};
	if (place->number == 0 && !fs->single) {
		TUSKFS_AUTO_PLACE struct tuskfs_place above = {0};
		int error = tuskfs_resolve(fs, TUSKFS_NODE_SNAPSHOTS, &above);
		if (error)
			fuse_reply_err(req, error);
		else
			reply_node(req, above.node);
	} else if (parent_entry(place, &parent, &err) < 0) {
		fuse_reply_err(req, tuskfs_report(place->slot, place->number, &err));
	} else {
		reply_entry(req, place->slot, &parent);
	}
}

/* A name that is not there will never be there: the kernel is told to remember (nodeid 0 with a timeout). */
static void lookup_name(fuse_req_t req, const struct tuskfs_place *place, const struct tusk_entry *directory,
			const char *name)
{
	struct tusk_err err = {0};
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	int found = tusk_view_lookup(place->view, directory, name, strlen(name), &entry, &err);
	if (found == TUSK_FOUND) {
		reply_entry(req, place->slot, &entry);
	} else if (found == TUSK_ABSENT) {
		struct fuse_entry_param absent = {.entry_timeout = TUSKFS_FOREVER};
		fuse_reply_entry(req, &absent);
	} else {
		fuse_reply_err(req, tuskfs_report(place->slot, place->number, &err));
	}
}

void tuskfs_op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct tuskfs *fs = fuse_req_userdata(req);
	TUSKFS_AUTO_PLACE struct tuskfs_place place = {0};
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	int error = tuskfs_resolve(fs, parent, &place);
	if (error || place.versions || place.node) {
		bool up = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
		if (error)
			fuse_reply_err(req, error);
		else if (place.versions && !(place.node && up))
			tuskfs_versions_lookup(req, &place, name);
		else
			lookup_virtual(req, &place, name);
		return;
	}
	struct tusk_err err = {0};
	if (tusk_view_entry(place.view, place.number, &entry, &err) < 0)
		fuse_reply_err(req, err.code == TUSK_E_ABSENT ? ESTALE : tuskfs_report(place.slot, place.number, &err));
	else if (strcmp(name, ".") == 0)
		reply_entry(req, place.slot, &entry);
	else if (strcmp(name, "..") == 0)
		lookup_dot_dot(req, fs, &place);
	else if (entry.type != TUSK_TYPE_DIRECTORY)
		fuse_reply_err(req, ENOTDIR);
	else
		lookup_name(req, &place, &entry, name);
}

void tuskfs_op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	(void)ino;
	(void)nlookup;
	fuse_reply_none(req);
}

void tuskfs_op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	(void)count;
	(void)forgets;
	fuse_reply_none(req);
}

static int stat_place(const struct tuskfs *fs, const struct tuskfs_place *place, struct stat *ret_stat)
{
	struct tusk_err err = {0};
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	if (place->versions)
		return tuskfs_versions_stat(fs, place, ret_stat);
	if (place->node)
		return tuskfs_stat_node(fs, place->node, ret_stat);
	if (tusk_view_entry(place->view, place->number, &entry, &err) < 0)
		return err.code == TUSK_E_ABSENT ? ESTALE : tuskfs_report(place->slot, place->number, &err);
	tuskfs_stat_entry(fs, place->slot, &entry, ret_stat);
	return 0;
}

static void getattr_again(const struct tuskfs_late *late)
{
	tuskfs_op_getattr(late->req, late->ino, NULL);
}

void tuskfs_op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
	(void)file;
	struct tuskfs *fs = fuse_req_userdata(req);
	TUSKFS_AUTO_PLACE struct tuskfs_place place = {0};
	struct tuskfs_late late = {.req = req, .ino = ino, .answer = getattr_again};
	struct stat stat = {0};
	int error = tuskfs_resolve(fs, ino, &place);
	if (!error && place.node && tuskfs_node_is_late(fs, place.node, &late))
		return;
	if (!error)
		error = stat_place(fs, &place, &stat);
	if (error)
		fuse_reply_err(req, error);
	else
		fuse_reply_attr(req, &stat,
				place.versions ? TUSKFS_SHORTLY
				: place.node   ? tuskfs_node_timeout(place.node)
					       : TUSKFS_FOREVER);
}

void tuskfs_op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct tuskfs *fs = fuse_req_userdata(req);
	TUSKFS_AUTO_PLACE struct tuskfs_place place = {0};
	struct tusk_err err = {0};
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	char target[4096];
	int error = tuskfs_resolve(fs, ino, &place);
	if (error || place.versions) {
		fuse_reply_err(req, error ? error : EINVAL);
	} else if (place.node) {
		if (place.node->kind == TUSKFS_LINK)
			fuse_reply_readlink(req, place.node->text);
		else
			fuse_reply_err(req, EINVAL);
	} else if (tusk_view_entry(place.view, place.number, &entry, &err) < 0) {
		fuse_reply_err(req, tuskfs_report(place.slot, place.number, &err));
	} else if (entry.type != TUSK_TYPE_SYMLINK || entry.target.len >= sizeof(target)) {
		fuse_reply_err(req, EINVAL);
	} else {
		memcpy(target, entry.target.data, entry.target.len);
		target[entry.target.len] = 0;
		fuse_reply_readlink(req, target);
	}
}

void tuskfs_op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	(void)ino;
	const struct tuskfs *fs = fuse_req_userdata(req);
	tuskfs_statfs_answer(fs->statfs, req);
}
