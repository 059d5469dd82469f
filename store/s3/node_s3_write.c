/* Storing objects. An object is stored when the service's checksum of it is ours, or when it is found to be there. */
#include "crypto.h"
#include "node_s3.h"
#include "text.h"

#include <string.h>
#include <time.h>

#define SENT_MAX      3 /* times that we believe a service which says it stored what it did not */
#define LOOK_MAX      4
#define LOOK_PAUSE_MS 250
#define BASE64_MD5    25

/* ---- one object ---- */

/* What a PUT says besides its body. */
struct headers {
	struct tusk_s3_pair pairs[3];
	size_t count;
	char md5[BASE64_MD5];
};

static void make_headers(const struct tusk_node_s3 *node, const char *name, const struct tusk_s3_content *content,
			 bool if_absent, struct headers *headers)
{
	const char *storage_class = node->client.place.storage_class;

	headers->count = 0;
	if (content->md5) {
		tusk_s3_base64(content->md5, TUSK_MD5_SIZE, headers->md5);
		headers->pairs[headers->count++] = (struct tusk_s3_pair){"content-md5", headers->md5};
	}
	/* Of the rest everything is needed at once, and often. */
	if (storage_class[0] && strncmp(name, "packs/", 6) == 0)
		headers->pairs[headers->count++] = (struct tusk_s3_pair){"x-amz-storage-class", storage_class};
	if (if_absent)
		headers->pairs[headers->count++] = (struct tusk_s3_pair){"if-none-match", "*"};
}

static bool has_conditions(struct tusk_node_s3 *node, bool lost)
{
	bool known;

	pthread_mutex_lock(&node->lock);
	node->no_conditions |= lost;
	known = !node->no_conditions;
	pthread_mutex_unlock(&node->lock);
	return known;
}

/* Under TLS a large body is proven by its Content-MD5, which is signed, as other clients do it: hashing it once more
 * with SHA-256 costs a service on slow processors much of its time. In the open it is signed itself. */
static const char *payload_hash(const struct tusk_node_s3 *node, const struct tusk_s3_content *content)
{
	bool is_file = content->body.fd >= 0;

	return is_file && content->md5 && node->client.place.tls ? "UNSIGNED-PAYLOAD" : content->hash;
}

/* Sends it once. TUSK_NODE_FOUND; TUSK_NODE_ABSENT when another one is there already; -1. */
static int send_object(struct tusk_node_s3 *node, const char *name, const struct tusk_s3_content *content,
		       bool if_absent, struct tusk_s3_result *ret_result, struct tusk_err *err)
{
	char key[TUSK_S3_NAME_SIZE];
	struct headers headers;
	struct tusk_s3_request request = {.method = "PUT",
					  .key = key,
					  .headers = headers.pairs,
					  .body = &content->body,
					  .body_hash = payload_hash(node, content),
					  .is_write = true};

	tusk_s3_key(node, name, key);
	if_absent = if_absent && has_conditions(node, false);
	make_headers(node, name, content, if_absent, &headers);
	request.header_count = headers.count;
	if (tusk_s3_call(&node->client, &request, ret_result, err) < 0)
		return -1;
	if (ret_result->answer.status == 501 && if_absent) {
		has_conditions(node, true);
		return send_object(node, name, content, false, ret_result, err);
	}
	if (ret_result->answer.status == 412 && if_absent)
		return TUSK_NODE_ABSENT;
	return tusk_s3_is_success(ret_result) ? TUSK_NODE_FOUND
					      : tusk_s3_unexpected(&node->client, &request, ret_result, err);
}

/* The ETag of an object that was sent in one piece is its MD5 with most services. */
static bool is_etag(const struct tusk_s3_content *content, const char *etag)
{
	char digits[2 * TUSK_MD5_SIZE + 1];

	if (!content->md5)
		return false;
	tusk_hex_encode(content->md5, TUSK_MD5_SIZE, digits);
	return strcmp(digits, etag) == 0;
}

/* Whether it is there with its size. A service may need a moment to notice. */
static int look(struct tusk_node_s3 *node, const char *name, uint64_t len, struct tusk_err *err)
{
	static const struct timespec pause = {.tv_nsec = LOOK_PAUSE_MS * 1000000L};

	for (unsigned i = 0; i < LOOK_MAX; i++) {
		uint64_t size = 0;
		int found = tusk_s3_stat(&node->base, name, &size, err);

		if (found < 0)
			return -1;
		if (found == TUSK_NODE_FOUND && size == len)
			return TUSK_NODE_FOUND;
		if (i + 1 < LOOK_MAX)
			nanosleep(&pause, NULL);
	}
	return TUSK_NODE_ABSENT;
}

/* Somebody was first: ourselves, if an answer got lost. */
static int compare(struct tusk_node_s3 *node, const char *name, const struct tusk_s3_content *content,
		   struct tusk_err *err)
{
	uint8_t hash[TUSK_SHA256_SIZE];
	char digits[2 * TUSK_SHA256_SIZE + 1];
	uint64_t size;
	int found = tusk_s3_digest(&node->base, name, hash, &size, err);

	if (found < 0)
		return -1;
	tusk_hex_encode(hash, sizeof(hash), digits);
	if (found == TUSK_NODE_FOUND && strcmp(digits, content->hash) == 0)
		return 0;
	return tusk_err_set(err, TUSK_E_EXISTS, 0, "%s is there already, with other content", name);
}

int tusk_s3_store(struct tusk_node_s3 *node, const char *name, const struct tusk_s3_content *content, bool if_absent,
		  struct tusk_err *err)
{
	for (unsigned i = 0; i < SENT_MAX; i++) {
		struct tusk_s3_result result;
		int sent = send_object(node, name, content, if_absent, &result, err);

		if (sent < 0)
			return -1;
		tusk_s3_changed(node, name);
		if (sent == TUSK_NODE_ABSENT)
			return compare(node, name, content, err);
		if (is_etag(content, result.answer.etag))
			return 0;
		sent = look(node, name, content->body.len, err);
		if (sent <= 0)
			return sent;
	}
	return tusk_err_set(err, TUSK_E_NODE, 0, "%s%s says that it stored %s, but does not have it",
			    node->client.place.host, node->client.place.port, name);
}

static int store_bytes(struct tusk_node *node, const char *name, const struct tusk_s3_body *body, bool if_absent,
		       struct tusk_err *err)
{
	struct tusk_md5 *md5 TUSK_AUTO_MD5 = tusk_md5_new();
	struct tusk_s3_content content = {.body = *body};
	uint8_t sum[TUSK_MD5_SIZE], hash[TUSK_SHA256_SIZE];

	tusk_sha256(body->data, body->len, hash);
	tusk_hex_encode(hash, sizeof(hash), content.hash);
	if (md5) {
		tusk_md5_update(md5, body->data, body->len);
		tusk_md5_final(md5, sum);
		content.md5 = sum;
	}
	return tusk_s3_store((struct tusk_node_s3 *)node, name, &content, if_absent, err);
}

int tusk_s3_put(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	const struct tusk_s3_body body = {.data = len ? data : "", .fd = -1, .len = len};

	/* All others are named by their content, or by chance. */
	return store_bytes(node, name, &body, strcmp(name, "tusk.repository") == 0, err);
}

int tusk_s3_replace(struct tusk_node *node, const char *name, const void *data, size_t len, struct tusk_err *err)
{
	const struct tusk_s3_body body = {.data = len ? data : "", .fd = -1, .len = len};

	return store_bytes(node, name, &body, false, err);
}
