/* What all operations of one mount share, and how a node id is resolved. */
#ifndef TUSKFS_H
#define TUSKFS_H

#include "files.h"
#include "later.h"
#include "options.h"
#include "push.h"
#include "refresh.h"
#include "slots.h"
#include "statfs.h"
#include "sums.h"

#include <stdatomic.h>

/* Below a snapshot nothing ever changes. (libfuse passes whole seconds on; the kernel caps them.) */
#define TUSKFS_FOREVER 1e9
/* The kernel may believe a name in a folder that lists snapshots this long. */
#define TUSKFS_SHORTLY 0.7

/* Nothing in this mount has extended attributes, and this will stay so (DESIGN.md): the kernel may be told to ask no
 * more, as soon as somebody asks many times for others than our own. */
struct tuskfs_quiet {
	bool is_allowed;
	atomic_uint foreign;    /* requests for others than our own */
	atomic_bool wants_ours; /* somebody has asked for one of ours: then the kernel goes on asking */
};

struct tuskfs {
	const struct tuskfs_options *options;
	const char *repository_name, *mountpoint; /* absolute */
	struct tusk_repository *repository;
	struct fuse_session *session;
	struct tuskfs_slots *slots;
	const struct tuskfs_slot *single; /* -o snapshot=: its root is the mount's root; else NULL */
	struct tuskfs_refresh *refresh;   /* NULL with single */
	struct tuskfs_files *files;
	struct tuskfs_push *push; /* NULL: no pushing */
	struct tuskfs_statfs *statfs;
	struct tuskfs_sums *sums;
	struct tuskfs_later *later;     /* NULL: everything is answered at once */
	void (*mounted)(void *context); /* called once, when the kernel has said hello */
	void *mounted_context;
	bool no_xattrs;
	struct tuskfs_quiet quiet;
	bool acls; /* the kernel asks for ACLs and obeys them */
};

/* The driver's operations, for fuse_session_new. userdata is the struct tuskfs. */
const struct fuse_lowlevel_ops *tuskfs_operations(void);

/* Where a node id leads: into a snapshot (view set), to a virtual node (catalogue held, node in it), or, with versions,
 * to a folder of versions/ (catalogue held; the path is that of the entry, or the root's where node is set). */
struct tuskfs_place {
	const struct tuskfs_slot *slot;
	struct tusk_view *view;
	uint64_t number;
	bool versions;
	struct tuskfs_catalogue *catalogue;
	const struct tuskfs_node *node;
	struct tuskfs_node computed; /* what node points to when it is not in the catalogue */
};
void tuskfs_place_release(struct tuskfs_place *place);
#define TUSKFS_AUTO_PLACE TUSK_CLEANUP(tuskfs_place_release)

/* 0, or an errno value (ESTALE: no such node, or no longer). */
int tuskfs_resolve(struct tuskfs *fs, fuse_ino_t nodeid, struct tuskfs_place *ret_place);

/* Logs an error of the library with the snapshot and path it struck (number: the entry) and returns its errno. */
int tuskfs_report(const struct tuskfs_slot *slot, uint64_t number, const struct tusk_err *err);

/* Node id of an entry, 1 for the root of a mount of a single snapshot. */
fuse_ino_t tuskfs_nodeid(const struct tuskfs *fs, const struct tuskfs_slot *slot, uint64_t number);
void tuskfs_stat_entry(const struct tuskfs *fs, const struct tuskfs_slot *slot, const struct tusk_entry *entry,
		       struct stat *ret_stat);
/* Fills in the node of a link in at/ that leads to a snapshot; its text is the caller's to free. 0 or -1 (memory). */
int tuskfs_computed_link(const struct tuskfs_slot *slot, struct tuskfs_node *ret_node);
/* 0 or errno: a snapshot's folder needs that snapshot's root, sums need all of its folders. */
int tuskfs_stat_node(const struct tuskfs *fs, const struct tuskfs_node *node, struct stat *ret_stat);

/* The text of a link, text or report; it lives as long as the node's catalogue. 0 or errno. */
int tuskfs_node_text(const struct tuskfs *fs, const struct tuskfs_node *node, const char **ret_text);
/* How long the kernel may believe a virtual node's attributes. */
double tuskfs_node_timeout(const struct tuskfs_node *node);
/* True: the request will be answered later, by answer: this node's attributes or content take long to find out. */
bool tuskfs_node_is_late(const struct tuskfs *fs, const struct tuskfs_node *node, const struct tuskfs_late *late);

/* Operations, by file. */
void tuskfs_op_init(void *userdata, struct fuse_conn_info *conn);
void tuskfs_op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void tuskfs_op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup);
void tuskfs_op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void tuskfs_op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void tuskfs_op_readlink(fuse_req_t req, fuse_ino_t ino);
void tuskfs_op_statfs(fuse_req_t req, fuse_ino_t ino);
void tuskfs_op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void tuskfs_op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file);
void tuskfs_op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file);
void tuskfs_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void tuskfs_op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file);
void tuskfs_op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence, struct fuse_file_info *file);
void tuskfs_op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void tuskfs_op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);

#endif
