/* Looking at objects, removing them, putting them aside. */
#include "node_s3.h"
#include "text.h"

#include <string.h>

#define QUARANTINE     "quarantine/"
#define QUARANTINE_MAX 1000
#define PROBLEM_MAX    (64u << 10)

/* HEAD: no answer has a body, so that a missing bucket looks like a missing object. */
static int head(struct tusk_node_s3 *node, const char *key, uint64_t *ret_size, struct tusk_err *err)
{
	struct tusk_s3_request request = {.method = "HEAD", .key = key};
	struct tusk_s3_result result;

	if (tusk_s3_call(&node->client, &request, &result, err) < 0)
		return -1;
	if (result.answer.status == 404)
		return TUSK_NODE_ABSENT;
	if (!tusk_s3_is_success(&result))
		return tusk_s3_unexpected(&node->client, &request, &result, err);
	if (!result.answer.has_length)
		return tusk_err_set(err, TUSK_E_NODE, 0, "%s: the service does not say how large it is", key);
	*ret_size = result.answer.length;
	return TUSK_NODE_FOUND;
}

int tusk_s3_stat(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err)
{
	char key[TUSK_S3_NAME_SIZE];

	tusk_s3_key((struct tusk_node_s3 *)node, name, key);
	return head((struct tusk_node_s3 *)node, key, ret_size, err);
}

int tusk_s3_remove(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	struct tusk_node_s3 *s3 = (struct tusk_node_s3 *)node;
	char key[TUSK_S3_NAME_SIZE];
	struct tusk_s3_request request = {.method = "DELETE", .key = key, .is_write = true};
	struct tusk_s3_result result;

	tusk_s3_key(s3, name, key);
	if (tusk_s3_call(&s3->client, &request, &result, err) < 0)
		return -1;
	tusk_s3_changed(s3, name);
	if (result.answer.status == 404 || tusk_s3_is_success(&result))
		return 0;
	return tusk_s3_unexpected(&s3->client, &request, &result, err);
}

/* ---- quarantine ---- */

static bool keep_problem(void *context, const void *data, size_t len)
{
	struct tusk_buf *problem = context;

	return problem->len + len <= PROBLEM_MAX && tusk_buf_append(problem, data, len) == 0;
}

static void forget_problem(void *context)
{
	((struct tusk_buf *)context)->len = 0;
}

/* Copies within the bucket. A service can say 200 and put an error into the body. */
static int copy(struct tusk_node_s3 *node, const char *from, const char *to, struct tusk_err *err)
{
	static const struct tusk_s3_body nothing = {.data = "", .fd = -1};
	struct tusk_buf source TUSK_AUTO_BUF = {0};
	struct tusk_buf answer TUSK_AUTO_BUF = {0};
	const struct tusk_s3_sink sink = {keep_problem, &answer};
	struct tusk_s3_pair header = {.name = "x-amz-copy-source"};
	struct tusk_s3_request request = {.method = "PUT",
					  .key = to,
					  .headers = &header,
					  .header_count = 1,
					  .body = &nothing,
					  .sink = &sink,
					  .restart = forget_problem,
					  .is_write = true};
	struct tusk_s3_result result;

	if (tusk_s3_print(&source, "/%s/", node->client.place.bucket) < 0 || tusk_s3_encode(&source, from, true) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot copy %s: out of memory", from);
	header.value = tusk_s3_text(&source);
	if (tusk_s3_call(&node->client, &request, &result, err) < 0)
		return -1;
	if (result.answer.status == 404 && strcmp(result.fault.code, "NoSuchBucket") != 0)
		return TUSK_NODE_ABSENT;
	if (result.answer.status == 200 && (tusk_s3_xml_fault(answer.data, answer.len, &result.fault) < 0 ||
					    strcmp(result.fault.root, "CopyObjectResult") != 0))
		return tusk_s3_unexpected(&node->client, &request, &result, err);
	return tusk_s3_is_success(&result) ? TUSK_NODE_FOUND
					   : tusk_s3_unexpected(&node->client, &request, &result, err);
}

/* A key in the quarantine that is free. */
static int free_key(struct tusk_node_s3 *node, const char *name, char ret_key[TUSK_S3_NAME_SIZE], struct tusk_err *err)
{
	char flat[TUSK_NODE_NAME_SIZE], target[TUSK_S3_NAME_SIZE - TUSK_S3_PREFIX_SIZE];
	uint64_t size;

	snprintf(flat, sizeof(flat), "%s", name);
	for (char *slash = strchr(flat, '/'); slash; slash = strchr(slash, '/'))
		*slash = '_';
	for (unsigned i = 1; i <= QUARANTINE_MAX; i++) {
		int found;

		snprintf(target, sizeof(target), QUARANTINE "%s.%u", flat, i);
		tusk_s3_key(node, target, ret_key);
		found = head(node, ret_key, &size, err);
		if (found != TUSK_NODE_FOUND)
			return found < 0 ? -1 : 0;
	}
	return tusk_err_set(err, TUSK_E_LIMIT, 0, "%s has %d damaged copies in quarantine", name, QUARANTINE_MAX);
}

int tusk_s3_quarantine(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	struct tusk_node_s3 *s3 = (struct tusk_node_s3 *)node;
	char from[TUSK_S3_NAME_SIZE], to[TUSK_S3_NAME_SIZE];
	int copied;

	tusk_s3_key(s3, name, from);
	if (free_key(s3, name, to, err) < 0)
		return -1;
	copied = copy(s3, from, to, err);
	if (copied != TUSK_NODE_FOUND)
		return copied < 0 ? -1 : 0;
	return tusk_s3_remove(node, name, err);
}
