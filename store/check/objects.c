#include "check_private.h"

#include "keyslot.h"
#include "manifest.h"

#include <stdlib.h>
#include <string.h>

#define PARAMETERS "tusk.repository"

static int judge_parameters(struct tusk_check *check, const struct tusk_buf *data, struct tusk_err *err)
{
	struct tusk_parameters parameters;
	uint8_t hash[32];
	if (tusk_parameters_decode(data->data, data->len, &parameters, err) != 0)
		return -1;
	tusk_sha256(data->data, data->len, hash);
	if (memcmp(hash, check->repository->parameters_hash, sizeof(hash)) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "changed while the repository was open");
	return 0;
}

int check_object_error(struct tusk_check *check, const char *object, const struct tusk_err *why, struct tusk_err *err)
{
	if (check_is_damage(why->code)) {
		check_object_damaged(check, object, why->message);
		return 0;
	}
	if (err)
		*err = *why;
	return -1;
}

int check_parameters(struct tusk_check *check, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	struct tusk_err why = {0};
	int found = tusk_node_get(check->repository->node, PARAMETERS, TUSK_PARAMETERS_MAX, &data, &why);
	if (found == TUSK_NODE_ABSENT)
		tusk_err_set(&why, TUSK_E_ABSENT, 0, "is missing");
	if (found != TUSK_NODE_FOUND || judge_parameters(check, &data, &why) != 0)
		return check_object_error(check, PARAMETERS, &why, err);
	return 0;
}

static int check_key(struct tusk_check *check, const struct tusk_id *id, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	TUSK_AUTO_KEYSLOT struct tusk_keyslot slot;
	struct tusk_err why = {0};
	char name[80];

	tusk_keyslot_name(id, name);
	memset(&slot, 0, sizeof(slot));
	if (tusk_keyslot_get(check->repository->node, id, &data, &why) != 0 ||
	    tusk_keyslot_peek(data.data, data.len, &slot, &why) != 0)
		return check_object_error(check, name, &why, err);
	return 0;
}

int check_keys(struct tusk_check *check, struct tusk_err *err)
{
	TUSK_AUTO_FREE struct tusk_id *ids = NULL;
	size_t count;
	if (tusk_keyslot_list(check->repository->node, &ids, &count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (check_key(check, &ids[i], err) != 0)
			return -1;
	return 0;
}

/* Names as the node lists them; what vanishes meanwhile (forget) is not damage. */
static int collect_name(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	(void)size;
	if (tusk_buf_append(context, name, strlen(name) + 1) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

static int read_manifest(struct tusk_check *check, const char *name, struct tusk_snapshot *ret_snapshot,
			 struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf sealed = {0};
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	struct tusk_id id;

	const char *digits = strchr(name, '/') + 1;
	if (tusk_hex_decode(digits, strlen(digits), id.bytes, TUSK_ID_SIZE) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "is not the name of a snapshot");
	int found = tusk_node_get(check->repository->node, name, TUSK_MANIFEST_MAX, &sealed, err);
	if (found != TUSK_NODE_FOUND)
		return found;
	if (tusk_manifest_open(&check->repository->keys, aead, &id, sealed.data, sealed.len, &body, err) != 0 ||
	    tusk_manifest_decode_body(body.data, body.len, ret_snapshot, err) != 0)
		return -1;
	ret_snapshot->id = id;
	check->result.bytes_read += sealed.len;
	return TUSK_NODE_FOUND;
}

static int check_manifest(struct tusk_check *check, const char *name, struct tusk_err *err)
{
	struct tusk_snapshot_list *list = &check->snapshots;
	struct tusk_err why = {0};
	int found = read_manifest(check, name, &list->items[list->count], &why);
	check->result.snapshots += found != TUSK_NODE_ABSENT;
	if (found < 0)
		return check_object_error(check, name, &why, err);
	list->count += found == TUSK_NODE_FOUND;
	return 0;
}

int check_manifests(struct tusk_check *check, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf names = {0};
	if (tusk_node_list(check->repository->node, "snapshots/", collect_name, &names, err) != 0)
		return -1;
	const char *first = (const char *)names.data, *end = names.len ? first + names.len : first;
	size_t total = 0, done = 0;
	for (const char *name = first; name < end; name += strlen(name) + 1)
		total++;
	check->snapshots.items = calloc(total + 1, sizeof(*check->snapshots.items));
	if (!check->snapshots.items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (const char *name = first; name < end; name += strlen(name) + 1) {
		check_stage(check, "snapshots", done++, total);
		if (check_go_on(check, err) != 0 || check_manifest(check, name, err) != 0)
			return -1;
	}
	check_stage(check, "snapshots", total, total);
	return 0;
}
