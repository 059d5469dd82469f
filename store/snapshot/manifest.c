/* Manifests: sealing and publishing. The body is in body_*.c. */
#include "manifest.h"

#include "tusk/cleanup.h"

#include <string.h>

#define KIND        3
#define NAME_PREFIX "snapshots/"

static const char magic[8] = "tuskSNAP";
static const char aad[8] = "snapshot";

static void make_name(const struct tusk_id *id, char ret_name[sizeof(NAME_PREFIX) + TUSK_ID_TEXT_SIZE])
{
	char text[TUSK_ID_TEXT_SIZE];

	tusk_id_text(id, text);
	memcpy(ret_name, NAME_PREFIX, sizeof(NAME_PREFIX) - 1);
	memcpy(ret_name + sizeof(NAME_PREFIX) - 1, text, sizeof(text));
}

int tusk_manifest_open(const struct tusk_keys *keys, struct tusk_aead *aead, const struct tusk_id *id, const void *data,
		       size_t len, struct tusk_buf *ret_body, struct tusk_err *err)
{
	char name[sizeof(NAME_PREFIX) + TUSK_ID_TEXT_SIZE];
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	struct tusk_object_key key;
	struct tusk_id hash;
	int result = -1;

	make_name(id, name);
	if (len > TUSK_MANIFEST_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "%s is too large for a manifest", name);
	if (len < TUSK_OBJECT_HEADER_SIZE + TUSK_TAG_SIZE)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is truncated", name);
	tusk_sha256(data, len, hash.bytes);
	if (!tusk_id_equal(&hash, id))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is damaged: its content does not match its name", name);
	if (tusk_object_header_open(keys, keys->meta, magic, KIND, data, name, &key, err))
		return -1;
	const uint8_t *sealed = (const uint8_t *)data + TUSK_OBJECT_HEADER_SIZE;
	size_t sealed_len = len - TUSK_OBJECT_HEADER_SIZE;
	/* One byte more, so that an empty body has a buffer too. */
	if (tusk_buf_reserve(&body, sealed_len - TUSK_TAG_SIZE + 1))
		tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for %s", name);
	else if (tusk_aead_open(aead, &key, 0, aad, sizeof(aad), sealed, sealed_len, body.data, err))
		tusk_err_prefix(err, "%s", name);
	else
		result = 0;
	tusk_wipe(&key, sizeof(key));
	if (result)
		return -1;
	body.len = sealed_len - TUSK_TAG_SIZE;
	*ret_body = body;
	body = (struct tusk_buf){0};
	return 0;
}

/* The bytes of the object: header, sealed body. */
static int seal(const struct tusk_keys *keys, struct tusk_aead *aead, const struct tusk_buf *body,
		struct tusk_buf *object, struct tusk_err *err)
{
	struct tusk_object_key key;
	size_t len = TUSK_OBJECT_HEADER_SIZE + body->len + TUSK_TAG_SIZE;

	if (len > TUSK_MANIFEST_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "the snapshot's manifest would be too large");
	if (tusk_buf_reserve(object, len))
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for a manifest");
	if (tusk_object_header_make(keys, keys->meta, magic, KIND, object->data, &key, err))
		return -1;
	int result = tusk_aead_seal(aead, &key, 0, aad, sizeof(aad), body->data, body->len,
				    object->data + TUSK_OBJECT_HEADER_SIZE, err);
	tusk_wipe(&key, sizeof(key));
	object->len = len;
	return result;
}

/* Proves that what is about to be published can be read back. */
static int prove(const struct tusk_keys *keys, struct tusk_aead *aead, const struct tusk_id *id,
		 const struct tusk_buf *object, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	struct tusk_snapshot snapshot;
	struct tusk_err why;

	if (tusk_manifest_open(keys, aead, id, object->data, object->len, &body, &why) ||
	    tusk_manifest_decode_body(body.data, body.len, &snapshot, &why))
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "the new manifest cannot be read back: %s", why.message);
	tusk_snapshot_release(&snapshot);
	return 0;
}

int tusk_manifest_publish(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_snapshot *snapshot,
			  struct tusk_err *err)
{
	char name[sizeof(NAME_PREFIX) + TUSK_ID_TEXT_SIZE];
	TUSK_AUTO_BUF struct tusk_buf body = {0}, object = {0};
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	struct tusk_id id;

	if (!aead)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for a manifest");
	if (tusk_manifest_encode_body(snapshot, &body, err) || seal(keys, aead, &body, &object, err))
		return -1;
	tusk_sha256(object.data, object.len, id.bytes);
	make_name(&id, name);
	if (prove(keys, aead, &id, &object, err) || tusk_node_put(node, name, object.data, object.len, err))
		return -1;
	snapshot->id = id;
	return 0;
}
