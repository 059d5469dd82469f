/* The inside of a node in a bucket. */
#ifndef TUSK_NODE_S3_H
#define TUSK_NODE_S3_H

#include "client.h"
#include "node_ops.h"
#include "pace.h"

#include <sys/types.h>

#define TUSK_S3_NAME_SIZE (TUSK_S3_PREFIX_SIZE + 2 * TUSK_NODE_NAME_SIZE)

struct tusk_node_s3 {
	struct tusk_node base;
	struct tusk_s3_client client;
	bool made_bucket; /* by create: then uncreate removes it */
	struct tusk_s3_pace pace;
	pthread_mutex_t lock; /* guards what follows */
	struct tusk_s3_foreseen *foreseen;
	pthread_cond_t foreseen_changed; /* one was answered */
	pid_t foreseen_by;
	unsigned foresee_calls;
	int64_t quickest_ms; /* of the answers to what was foreseen; 0: none yet */
	bool is_closing;
	bool no_conditions; /* the service does not know If-None-Match */
	uint64_t changes;   /* our own, counted */
	struct tusk_s3_generation {
		char prefix[16];
		uint64_t value;
		int64_t read_ms;    /* 0: never, or out of date */
		int64_t changed_ms; /* when it had another value */
	} generations[4];
};

/* The key of an object: prefix and name. */
void tusk_s3_key(const struct tusk_node_s3 *node, const char *name, char ret_key[TUSK_S3_NAME_SIZE]);

/* Requests for one object, as node.h has them. */
int tusk_s3_object_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object,
			struct tusk_err *err);
int tusk_s3_get(struct tusk_node *node, const char *name, size_t max, struct tusk_buf *ret_data, struct tusk_err *err);
/* The same, but never what was foreseen. */
int tusk_s3_get_now(struct tusk_node_s3 *node, const char *name, size_t max, struct tusk_buf *ret_data,
		    struct tusk_err *err);
int tusk_s3_digest(struct tusk_node *node, const char *name, uint8_t ret_sha256[32], uint64_t *ret_size,
		   struct tusk_err *err);
int tusk_s3_stat(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err);
int tusk_s3_remove(struct tusk_node *node, const char *name, struct tusk_err *err);
int tusk_s3_quarantine(struct tusk_node *node, const char *name, struct tusk_err *err);
int tusk_s3_list(struct tusk_node *node, const char *prefix,
		 int (*visit)(void *context, const char *name, uint64_t size, struct tusk_err *err), void *context,
		 struct tusk_err *err);
int tusk_s3_generation(struct tusk_node *node, const char *prefix, uint64_t *ret_generation, struct tusk_err *err);
int tusk_s3_upload_begin(struct tusk_node *node, struct tusk_upload **ret_upload, struct tusk_err *err);
void tusk_s3_uncreate(struct tusk_node *node);

/* The keys below the node's prefix and prefix, without the node's prefix. Stops at a non-zero answer of visit. */
int tusk_s3_list_keys(struct tusk_node_s3 *node, const char *prefix,
		      int (*visit)(void *context, const char *key, uint64_t size, struct tusk_err *err), void *context,
		      struct tusk_err *err);
/* Our own change below a prefix: the next generation is read anew. */
void tusk_s3_changed(struct tusk_node_s3 *node, const char *name);

/* What was foreseen (tusk_node_foresee). take: true with the answer, which the caller owns: of get, or of a listing its
 * entries, each 8 bytes of size and the name with its NUL. changed: under the node's lock. */
void tusk_s3_foresee(struct tusk_node *node, const char *const *names, size_t count);
void tusk_s3_foreseen_drop(struct tusk_node *node);
void tusk_s3_foreseen_changed(struct tusk_node_s3 *node, const char *name);
bool tusk_s3_foreseen_take(struct tusk_node_s3 *node, const char *name, int *ret_found, struct tusk_buf *ret_data);
void tusk_s3_foreseen_close(struct tusk_node_s3 *node);

/* Storing. md5: NULL where there is none. */
struct tusk_s3_content {
	struct tusk_s3_body body;
	char hash[65];
	const uint8_t *md5;
};
/* Sends an object and makes sure that the service has it. if_absent: not over another one where the service can do so
 * (TUSK_E_EXISTS when it has different content). */
int tusk_s3_store(struct tusk_node_s3 *node, const char *name, const struct tusk_s3_content *content, bool if_absent,
		  struct tusk_err *err);
int tusk_s3_put(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err);
int tusk_s3_replace(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err);

#endif
