/* Making a node: the bucket if it is missing, and a prefix that nobody uses. */
#include "crypto.h"
#include "node_s3.h"
#include "text.h"

#include <string.h>

/* TUSK_NODE_FOUND, also where we may not look; TUSK_NODE_ABSENT; -1. */
static int head_bucket(struct tusk_node_s3 *node, struct tusk_err *err)
{
	const struct tusk_s3_request request = {.method = "HEAD"};
	struct tusk_s3_result result;
	struct tusk_err why = {0};

	if (tusk_s3_call(&node->client, &request, &result, &why) < 0) {
		/* A key may be good for a prefix and nothing else. */
		if (result.answer.status == 403)
			return TUSK_NODE_FOUND;
		if (err)
			*err = why;
		return -1;
	}
	if (result.answer.status == 404)
		return TUSK_NODE_ABSENT;
	return tusk_s3_is_success(&result) ? TUSK_NODE_FOUND
					   : tusk_s3_unexpected(&node->client, &request, &result, err);
}

/* AWS wants to be told the region, except for its first one. */
static int make_bucket(struct tusk_node_s3 *node, struct tusk_err *err)
{
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	struct tusk_s3_body body = {.data = "", .fd = -1};
	struct tusk_s3_request request = {.method = "PUT", .body = &body, .is_write = true};
	struct tusk_s3_result result;
	uint8_t hash[TUSK_SHA256_SIZE];
	char digits[2 * TUSK_SHA256_SIZE + 1];

	if (strcmp(node->client.region, "us-east-1") != 0 &&
	    tusk_s3_print(&text,
			  "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
			  "<LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>",
			  node->client.region) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot create a bucket: out of memory");
	if (text.len)
		body = (struct tusk_s3_body){.data = text.data, .fd = -1, .len = text.len};
	tusk_sha256(body.data, body.len, hash);
	tusk_hex_encode(hash, sizeof(hash), digits);
	request.body_hash = digits;
	if (tusk_s3_call(&node->client, &request, &result, err) < 0)
		return tusk_err_prefix(err, "the bucket \"%s\" does not exist and cannot be created",
				       node->client.place.bucket);
	node->made_bucket = tusk_s3_is_success(&result);
	if (node->made_bucket || strcmp(result.fault.code, "BucketAlreadyOwnedByYou") == 0)
		return 0;
	return tusk_s3_unexpected(&node->client, &request, &result, err);
}

static int found_key(void *context, const char *key, uint64_t size, struct tusk_err *err)
{
	(void)context;
	(void)key;
	(void)size;
	(void)err;
	return 1;
}

static int refuse_unless_empty(struct tusk_node_s3 *node, struct tusk_err *err)
{
	uint64_t size;
	int found = tusk_s3_list_keys(node, "", found_key, NULL, err);

	if (found <= 0)
		return found;
	found = tusk_s3_stat(&node->base, "tusk.repository", &size, err);
	if (found < 0)
		return -1;
	if (found == TUSK_NODE_FOUND)
		return tusk_err_set(err, TUSK_E_EXISTS, 0, "there is a repository already");
	return tusk_err_set(err, TUSK_E_EXISTS, 0, "there are other objects below this prefix");
}

int tusk_node_s3_create(const char *url, struct tusk_node **ret_node, struct tusk_err *err)
{
	struct tusk_node *node TUSK_AUTO_NODE = NULL;
	struct tusk_node_s3 *s3;
	int found;

	if (tusk_node_s3_open(url, &node, err) < 0)
		return -1;
	s3 = (struct tusk_node_s3 *)node;
	found = head_bucket(s3, err);
	if (found == TUSK_NODE_ABSENT)
		found = make_bucket(s3, err);
	if (found < 0)
		return -1;
	if (refuse_unless_empty(s3, err) < 0) {
		tusk_s3_uncreate(node);
		return -1;
	}
	*ret_node = TUSK_STEAL(node);
	return 0;
}

/* A service removes no bucket that something is in. */
void tusk_s3_uncreate(struct tusk_node *node)
{
	struct tusk_node_s3 *s3 = (struct tusk_node_s3 *)node;
	const struct tusk_s3_request request = {.method = "DELETE", .is_write = true};
	struct tusk_s3_result result;

	if (s3->made_bucket)
		(void)tusk_s3_call(&s3->client, &request, &result, NULL);
}
