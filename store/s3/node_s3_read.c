/* Reading objects: whole, in ranges, as a hash. */
#include "crypto.h"
#include "node_s3.h"

#include <stdlib.h>
#include <string.h>

/* Read when an object is opened: its size comes with it, a pack's header is in it, and a small pack altogether. */
#define HEAD_SIZE (64u << 10)

struct s3_object {
	struct tusk_object base;
	struct tusk_node_s3 *node;
	uint8_t *head;
	size_t head_len;
};

/* Collects up to max bytes. */
struct collector {
	uint8_t *data;
	size_t len, max;
	bool more; /* there were more */
};

static bool collect(void *context, const void *data, size_t len)
{
	struct collector *collector = context;
	size_t room = collector->max - collector->len;

	memcpy(collector->data + collector->len, data, len < room ? len : room);
	collector->len += len < room ? len : room;
	collector->more = len > room;
	return !collector->more;
}

static void collect_again(void *context)
{
	((struct collector *)context)->len = 0;
	((struct collector *)context)->more = false;
}

/* A range of an object. TUSK_NODE_FOUND with 2xx or 416, TUSK_NODE_ABSENT, -1. */
static int get_range(struct tusk_node_s3 *node, const char *name, uint64_t first, struct collector *collector,
		     struct tusk_s3_result *ret_result, struct tusk_err *err)
{
	const struct tusk_s3_sink sink = {collect, collector};
	char key[TUSK_S3_NAME_SIZE], range[64];
	const struct tusk_s3_pair header = {"range", range};
	struct tusk_s3_request request = {.method = "GET",
					  .key = key,
					  .headers = &header,
					  .header_count = 1,
					  .sink = &sink,
					  .restart = collect_again};

	tusk_s3_key(node, name, key);
	snprintf(range, sizeof(range), "bytes=%llu-%llu", (unsigned long long)first,
		 (unsigned long long)(first + collector->max - 1));
	if (tusk_s3_call(&node->client, &request, ret_result, err) < 0)
		return -1;
	if (tusk_s3_is_success(ret_result) || ret_result->answer.status == 416)
		return TUSK_NODE_FOUND;
	if (ret_result->answer.status == 404 && strcmp(ret_result->fault.code, "NoSuchBucket") != 0)
		return TUSK_NODE_ABSENT;
	return tusk_s3_unexpected(&node->client, &request, ret_result, err);
}

static void object_close(struct tusk_object *object)
{
	free(((struct s3_object *)object)->head);
	free(object);
}

static int not_the_range(const struct tusk_object *object, const struct tusk_s3_answer *answer, struct tusk_err *err)
{
	if (answer->status == 200)
		return tusk_err_set(err, TUSK_E_NODE, 0, "%s: the service cannot send a part of an object",
				    object->name);
	return tusk_err_set(err, TUSK_E_NODE, 0, "%s: the service sent another part than it was asked for",
			    object->name);
}

static int object_pread(struct tusk_object *object, void *data, size_t len, uint64_t offset, struct tusk_err *err)
{
	const struct s3_object *s3 = (const struct s3_object *)object;
	struct collector collector = {.data = data, .max = len};
	struct tusk_s3_result result;
	bool whole;
	int found;

	if (!len)
		return 0;
	if (offset + len <= s3->head_len) {
		memcpy(data, s3->head + offset, len);
		return 0;
	}
	found = get_range(s3->node, object->name, offset, &collector, &result, err);
	if (found == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "%s is not there any more", object->name);
	if (found < 0)
		return -1;
	whole = result.answer.status == 200 && offset == 0;
	if (result.answer.status != 416 && !whole &&
	    (!result.answer.has_range || result.answer.range_first != offset || collector.more))
		return not_the_range(object, &result.answer, err);
	if (result.answer.status == 416 || collector.len < len)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is truncated: %zu of %zu bytes at offset %llu",
				    object->name, result.answer.status == 416 ? (size_t)0 : collector.len, len,
				    (unsigned long long)offset);
	return 0;
}

static const struct tusk_object_ops object_ops = {.close = object_close, .pread = object_pread};

/* The size that the answer to a request for the first bytes tells. */
static int size_of(const char *name, const struct tusk_s3_answer *answer, uint64_t *ret_size, struct tusk_err *err)
{
	if (answer->status == 416) /* an empty object has no first byte */
		*ret_size = 0;
	else if (answer->status == 206 && answer->has_range && answer->range_first == 0)
		*ret_size = answer->range_all;
	else if (answer->status == 200 && answer->has_length)
		*ret_size = answer->length;
	else
		return tusk_err_set(err, TUSK_E_NODE, 0, "%s: the service does not say how large it is", name);
	return 0;
}

TUSK_DEFINE_CLEANUP(struct tusk_object, object, object_close)

int tusk_s3_object_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object, struct tusk_err *err)
{
	struct s3_object *s3 = calloc(1, sizeof(*s3));
	struct tusk_object *object TUSK_CLEANUP(object_cleanup) = (struct tusk_object *)s3;
	struct collector collector = {.max = HEAD_SIZE};
	struct tusk_s3_result result;
	uint8_t *smaller;
	int found;

	if (!s3 || !(s3->head = malloc(HEAD_SIZE)))
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open %s: out of memory", name);
	collector.data = s3->head;
	found = get_range((struct tusk_node_s3 *)node, name, 0, &collector, &result, err);
	if (found != TUSK_NODE_FOUND)
		return found;
	if (size_of(name, &result.answer, &s3->base.size, err) < 0)
		return -1;
	smaller = collector.len ? realloc(s3->head, collector.len) : NULL;
	if (smaller)
		s3->head = smaller;
	s3->base.ops = &object_ops;
	snprintf(s3->base.name, sizeof(s3->base.name), "%s", name);
	s3->node = (struct tusk_node_s3 *)node;
	s3->head_len = collector.len;
	*ret_object = TUSK_STEAL(object);
	return TUSK_NODE_FOUND;
}

/* ---- whole objects ---- */

struct whole {
	struct tusk_buf data;
	size_t max;
	bool too_large, no_memory;
};

static bool whole_take(void *context, const void *data, size_t len)
{
	struct whole *whole = context;

	whole->too_large = len > whole->max - whole->data.len;
	whole->no_memory = !whole->too_large && tusk_buf_append(&whole->data, data, len) < 0;
	return !whole->too_large && !whole->no_memory;
}

static void whole_again(void *context)
{
	struct whole *whole = context;

	tusk_buf_wipe(&whole->data);
	whole->too_large = whole->no_memory = false;
}

static void whole_release(struct whole *whole)
{
	tusk_buf_wipe(&whole->data);
}

/* GET of a whole object into a sink. */
static int get_whole(struct tusk_node_s3 *node, const char *name, const struct tusk_s3_sink *sink,
		     void (*restart)(void *context), struct tusk_err *err)
{
	char key[TUSK_S3_NAME_SIZE];
	struct tusk_s3_request request = {.method = "GET", .key = key, .sink = sink, .restart = restart};
	struct tusk_s3_result result;

	tusk_s3_key(node, name, key);
	if (tusk_s3_call(&node->client, &request, &result, err) < 0)
		return -1;
	if (result.answer.status == 200)
		return TUSK_NODE_FOUND;
	if (result.answer.status == 404 && strcmp(result.fault.code, "NoSuchBucket") != 0)
		return TUSK_NODE_ABSENT;
	return tusk_s3_unexpected(&node->client, &request, &result, err);
}

static int too_large(const char *name, size_t max, struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_LIMIT, 0, "%s is too large: at most %zu bytes are allowed", name, max);
}

int tusk_s3_get_now(struct tusk_node_s3 *node, const char *name, size_t max, struct tusk_buf *ret_data,
		    struct tusk_err *err)
{
	struct whole whole TUSK_CLEANUP(whole_release) = {.max = max};
	const struct tusk_s3_sink sink = {whole_take, &whole};
	int found = get_whole(node, name, &sink, whole_again, err);

	if (found != TUSK_NODE_FOUND)
		return found;
	if (whole.too_large)
		return too_large(name, max, err);
	if (whole.no_memory)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot read %s: out of memory", name);
	tusk_buf_release(ret_data);
	*ret_data = whole.data;
	whole.data = (struct tusk_buf){0};
	return TUSK_NODE_FOUND;
}

int tusk_s3_get(struct tusk_node *node, const char *name, size_t max, struct tusk_buf *ret_data, struct tusk_err *err)
{
	struct tusk_buf data TUSK_AUTO_SECRET_BUF = {0};
	int found;

	if (!tusk_s3_foreseen_take((struct tusk_node_s3 *)node, name, &found, &data))
		return tusk_s3_get_now((struct tusk_node_s3 *)node, name, max, ret_data, err);
	if (found != TUSK_NODE_FOUND)
		return found;
	if (data.len > max)
		return too_large(name, max, err);
	tusk_buf_release(ret_data);
	*ret_data = data;
	data = (struct tusk_buf){0};
	return TUSK_NODE_FOUND;
}

struct hashing {
	struct tusk_hasher *hasher;
	uint64_t len;
};

static bool hash_take(void *context, const void *data, size_t len)
{
	struct hashing *hashing = context;

	tusk_hasher_update(hashing->hasher, data, len);
	hashing->len += len;
	return true;
}

static void hash_again(void *context)
{
	struct hashing *hashing = context;

	tusk_hasher_reset(hashing->hasher);
	hashing->len = 0;
}

/* Streamed: what a service says of an object (ETag) is what it was, not what it is. */
int tusk_s3_digest(struct tusk_node *node, const char *name, uint8_t ret_sha256[32], uint64_t *ret_size,
		   struct tusk_err *err)
{
	struct tusk_hasher *hasher TUSK_AUTO_HASHER = tusk_hasher_new();
	struct hashing hashing = {.hasher = hasher};
	const struct tusk_s3_sink sink = {hash_take, &hashing};
	int found;

	if (!hasher)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot hash %s: out of memory", name);
	found = get_whole((struct tusk_node_s3 *)node, name, &sink, hash_again, err);
	if (found != TUSK_NODE_FOUND)
		return found;
	tusk_hasher_final(hasher, ret_sha256);
	*ret_size = hashing.len;
	return TUSK_NODE_FOUND;
}
