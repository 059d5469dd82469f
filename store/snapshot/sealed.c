#include "sealed.h"

#include "tusk/cleanup.h"

#include <string.h>

static const char magic[8] = "tuskSEAL";

int tusk_sealed_make(const struct tusk_keys *keys, enum tusk_sealed_kind kind, const char *scope, const void *body,
		     size_t len, struct tusk_buf *ret_object, struct tusk_err *err)
{
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	size_t sealed_len = TUSK_OBJECT_HEADER_SIZE + len + TUSK_TAG_SIZE;
	struct tusk_object_key key;

	if (!aead || tusk_buf_reserve(ret_object, sealed_len))
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot seal %s: out of memory", scope);
	if (len > TUSK_SEALED_MAX - TUSK_OBJECT_HEADER_SIZE - TUSK_TAG_SIZE)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "%s would be too large", scope);
	uint8_t *object = ret_object->data + ret_object->len;
	if (tusk_object_header_make(keys, keys->meta, magic, kind, object, &key, err))
		return -1;
	int result =
	    tusk_aead_seal(aead, &key, 0, scope, strlen(scope), body, len, object + TUSK_OBJECT_HEADER_SIZE, err);
	tusk_wipe(&key, sizeof(key));
	if (result == 0)
		ret_object->len += sealed_len;
	return result;
}

int tusk_sealed_open(const struct tusk_keys *keys, enum tusk_sealed_kind kind, const char *scope, const char *name,
		     const void *data, size_t len, struct tusk_buf *ret_body, struct tusk_err *err)
{
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	struct tusk_object_key key;

	if (len > TUSK_SEALED_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "%s is too large", name);
	if (len < TUSK_OBJECT_HEADER_SIZE + TUSK_TAG_SIZE)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is truncated", name);
	size_t body_len = len - TUSK_OBJECT_HEADER_SIZE - TUSK_TAG_SIZE;
	/* One byte more, so that an empty body has a buffer too. */
	if (!aead || tusk_buf_reserve(&body, body_len + 1))
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open %s: out of memory", name);
	if (tusk_object_header_open(keys, keys->meta, magic, kind, data, name, &key, err))
		return -1;
	int result =
	    tusk_aead_open(aead, &key, 0, scope, strlen(scope), (const uint8_t *)data + TUSK_OBJECT_HEADER_SIZE,
			   body_len + TUSK_TAG_SIZE, body.data, err);
	tusk_wipe(&key, sizeof(key));
	if (result)
		return tusk_err_prefix(err, "%s", name);
	body.len = body_len;
	tusk_buf_release(ret_body);
	*ret_body = body;
	body = (struct tusk_buf){0};
	return 0;
}

int tusk_sealed_put(struct tusk_node *node, const struct tusk_keys *keys, enum tusk_sealed_kind kind,
		    const char *folder, const void *body, size_t len, struct tusk_id *ret_id, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf object = {0};
	char name[TUSK_ID_TEXT_SIZE + 32], text[TUSK_ID_TEXT_SIZE];
	struct tusk_id id;

	if (tusk_sealed_make(keys, kind, folder, body, len, &object, err))
		return -1;
	tusk_sha256(object.data, object.len, id.bytes);
	tusk_id_text(&id, text);
	snprintf(name, sizeof(name), "%s%s", folder, text);
	if (tusk_node_put(node, name, object.data, object.len, err))
		return -1;
	if (ret_id)
		*ret_id = id;
	return 0;
}

int tusk_sealed_get(struct tusk_node *node, const struct tusk_keys *keys, enum tusk_sealed_kind kind,
		    const char *folder, const char *name, struct tusk_buf *ret_body, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf object = {0};
	char text[TUSK_ID_TEXT_SIZE];
	struct tusk_id hash;
	int found = tusk_node_get(node, name, TUSK_SEALED_MAX, &object, err);

	if (found != TUSK_NODE_FOUND)
		return found;
	tusk_sha256(object.data, object.len, hash.bytes);
	tusk_id_text(&hash, text);
	if (strlen(name) != strlen(folder) + strlen(text) || strcmp(name + strlen(folder), text) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is damaged: its content does not match its name", name);
	return tusk_sealed_open(keys, kind, folder, name, object.data, object.len, ret_body, err);
}

int tusk_sealed_bury(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_id *id, const void *body,
		     size_t len, struct tusk_err *err)
{
	struct tusk_buf object TUSK_AUTO_BUF = {0};
	char name[80] = "forgotten/";
	uint8_t hash[TUSK_SHA256_SIZE];

	tusk_id_text(id, name + strlen(name));
	if (tusk_sealed_make(keys, TUSK_SEALED_FORGOTTEN, name, body, len, &object, err) < 0)
		return -1;
	tusk_sha256(object.data, object.len, hash);
	if (tusk_buf_append(&object, hash, sizeof(hash)) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return tusk_node_put(node, name, object.data, object.len, err);
}
