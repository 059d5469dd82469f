/* What each kind of node implements. node.c checks names and prefixes before any of these is called. */
#ifndef TUSK_NODE_OPS_H
#define TUSK_NODE_OPS_H

#include "node.h"

#include <stdatomic.h>

/* The longest object name: "packs/" 2 digits "/" 64 digits. */
#define TUSK_NODE_NAME_SIZE 80

/* The contracts are those of the functions of the same names in node.h. */
struct tusk_node_ops {
	void (*close)(struct tusk_node *node);
	void (*uncreate)(struct tusk_node *node);
	int (*get)(struct tusk_node *node, const char *name, size_t max, struct tusk_buf *ret_data,
		   struct tusk_err *err);
	int (*put)(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err);
	int (*object_open)(struct tusk_node *node, const char *name, struct tusk_object **ret_object,
			   struct tusk_err *err);
	unsigned uploads;                          /* worth being committed at the same time; 0 for one */
	bool (*is_behind)(struct tusk_node *node); /* NULL: never */
	int (*upload_begin)(struct tusk_node *node, struct tusk_upload **ret_upload, struct tusk_err *err);
	int (*list)(struct tusk_node *node, const char *prefix,
		    int (*visit)(void *context, const char *name, uint64_t size, struct tusk_err *err), void *context,
		    struct tusk_err *err);
	int (*stat)(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err);
	int (*remove)(struct tusk_node *node, const char *name, struct tusk_err *err);
	int (*replace)(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err);
	int (*lock)(struct tusk_node *node, struct tusk_node_lock **ret_lock, struct tusk_err *err);
	int (*digest)(struct tusk_node *node, const char *name, uint8_t ret_sha256[32], uint64_t *ret_size,
		      struct tusk_err *err);                      /* NULL: it is read and hashed here */
	int (*suspect)(struct tusk_node *node, const char *name); /* NULL: it never helps */
	int (*quarantine)(struct tusk_node *node, const char *name, struct tusk_err *err);
	int (*generation)(struct tusk_node *node, const char *prefix, uint64_t *ret_generation, struct tusk_err *err);
	void (*sweep)(struct tusk_node *node);
	void (*reserve)(struct tusk_node *node, bool keep);                              /* NULL: none */
	void (*foresee)(struct tusk_node *node, const char *const *names, size_t count); /* NULL: it is near */
	void (*foreseen_drop)(struct tusk_node *node);
	int (*space)(struct tusk_node *node, uint64_t *ret_free, uint64_t *ret_total, struct tusk_err *err);
};

struct tusk_object_ops {
	void (*close)(struct tusk_object *object);
	int (*pread)(struct tusk_object *object, void *data, size_t len, uint64_t offset, struct tusk_err *err);
	bool (*doubt)(struct tusk_object *object); /* NULL: there is no cache */
};

struct tusk_upload_ops {
	int (*write)(struct tusk_upload *upload, const void *data, size_t len, struct tusk_err *err);
	int (*commit)(struct tusk_upload *upload, const char *name, struct tusk_err *err);
	void (*abort)(struct tusk_upload *upload);
};

/* Each kind embeds these as its first member. */
struct tusk_node {
	const struct tusk_node_ops *ops;
	char *url;
	bool is_remote;
	atomic_uint_fast64_t read_bytes; /* node.c counts */
};
struct tusk_object {
	const struct tusk_object_ops *ops;
	struct tusk_node *node; /* set by node.c */
	uint64_t size;
	char name[TUSK_NODE_NAME_SIZE];
};
struct tusk_upload {
	const struct tusk_upload_ops *ops;
};
struct tusk_node_lock {
	void (*release)(struct tusk_node_lock *lock); /* frees it too */
};

/* Whether FORMAT.md allows an object of that name; whether it is one of those that change. */
bool tusk_node_name_valid(const char *name);
bool tusk_node_name_changes(const char *name);
/* Whether a node without the folder of that prefix is broken. */
bool tusk_node_folder_is_required(const char *prefix);

/* Reads the whole object and hashes it. */
int tusk_node_digest_here(struct tusk_node *node, const char *name, uint8_t ret_sha256[32], uint64_t *ret_size,
			  struct tusk_err *err);

/* The kinds of node. path: absolute, owned by the caller. */
int tusk_node_local_open(const char *path, struct tusk_node **ret_node, struct tusk_err *err);
int tusk_node_local_create(const char *path, struct tusk_node **ret_node, struct tusk_err *err);
/* url: s3://... or s3+http://..., see place.h of store/s3. */
int tusk_node_s3_open(const char *url, struct tusk_node **ret_node, struct tusk_err *err);
int tusk_node_s3_create(const char *url, struct tusk_node **ret_node, struct tusk_err *err);

/* url: "ssh://[user@]host[:port]/path". TUSK_SSH_COMMAND, run by a shell, stands for ssh: it gets ssh's arguments, the
 * last of which is the command for the far side; TUSK_REMOTE_COMMAND stands for tusk there. */
int tusk_node_ssh_open(const char *url, struct tusk_node **ret_node, struct tusk_err *err);
int tusk_node_ssh_create(const char *url, struct tusk_node **ret_node, struct tusk_err *err);

#endif
