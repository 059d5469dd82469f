#include "objects.h"

#include "crypto.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)1 << 20)

TUSK_DEFINE_CLEANUP(struct tusk_object, object, tusk_object_close)
TUSK_DEFINE_CLEANUP(struct tusk_upload, upload, tusk_upload_abort)

static const char *const hashed[] = {"packs/", "keys/", "snapshots/", "nodes/", "marks/", "ledger/", "drills/"};

bool tusk_object_is_pack(const char *name)
{
	return strncmp(name, "packs/", 6) == 0;
}

/* Whether the object ends in the SHA-256 of what is before. */
static bool has_trailer(const char *name)
{
	return strncmp(name, "toc/", 4) == 0 || strncmp(name, "forgotten/", 10) == 0;
}

/* Whether the last part of the name is the SHA-256 of the bytes. */
static bool is_hashed(const char *name)
{
	for (size_t i = 0; i < sizeof(hashed) / sizeof(hashed[0]); i++) {
		if (strncmp(name, hashed[i], strlen(hashed[i])) == 0)
			return true;
	}
	return false;
}

bool tusk_object_is_provable(const char *name)
{
	return has_trailer(name) || is_hashed(name);
}

static bool is_named(const char *name, const uint8_t hash[TUSK_SHA256_SIZE])
{
	char digits[2 * TUSK_SHA256_SIZE + 1];

	tusk_hex_encode(hash, TUSK_SHA256_SIZE, digits);
	return strcmp(strrchr(name, '/') + 1, digits) == 0;
}

bool tusk_object_proves(const char *name, const void *data, size_t len)
{
	uint8_t hash[TUSK_SHA256_SIZE];

	if (has_trailer(name)) {
		if (len < sizeof(hash))
			return false;
		tusk_sha256(data, len - sizeof(hash), hash);
		return memcmp(hash, (const uint8_t *)data + len - sizeof(hash), sizeof(hash)) == 0;
	}
	if (!is_hashed(name))
		return true;
	tusk_sha256(data, len, hash);
	return is_named(name, hash);
}

static int set_damaged(const char *name, struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is damaged: its content does not match its %s", name,
			    has_trailer(name) ? "checksum" : "name");
}

static int examine_small(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	int found = tusk_node_get(node, name, TUSK_SMALL_OBJECT_MAX, &data, err);

	if (found == TUSK_NODE_FOUND && !tusk_object_proves(name, data.data, data.len))
		return set_damaged(name, err);
	return found;
}

int tusk_object_examine(struct tusk_node *node, const char *name, struct tusk_err *err)
{
	uint8_t hash[TUSK_SHA256_SIZE];
	uint64_t size;
	int found;

	if (!is_hashed(name))
		return examine_small(node, name, err);
	found = tusk_node_digest(node, name, hash, &size, err);
	if (found == TUSK_NODE_FOUND && !is_named(name, hash))
		return set_damaged(name, err);
	return found;
}

/* ---- copying ---- */

static void meter(const struct tusk_copy *copy, size_t len)
{
	if (copy->meter)
		copy->meter->add(copy->meter->context, len);
}

static int clear_place(const struct tusk_copy *copy, struct tusk_err *err)
{
	return copy->replace ? tusk_node_quarantine(copy->to, copy->name, err) : 0;
}

/* Streams source into upload; its hash must be its name. */
static int stream(struct tusk_copy *copy, struct tusk_object *source, struct tusk_upload *upload, struct tusk_err *err)
{
	uint8_t *block TUSK_AUTO_FREE = malloc(BLOCK_SIZE);
	struct tusk_hasher *hasher TUSK_AUTO_HASHER = tusk_hasher_new();
	uint64_t size = tusk_object_size(source);
	uint8_t hash[TUSK_SHA256_SIZE];

	if (!block || !hasher)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot copy %s: out of memory", copy->name);
	for (uint64_t offset = 0; offset < size;) {
		size_t len = size - offset < BLOCK_SIZE ? (size_t)(size - offset) : BLOCK_SIZE;

		copy->source_failed = true;
		if (tusk_object_pread(source, block, len, offset, err) < 0)
			return -1;
		tusk_hasher_update(hasher, block, len);
		copy->source_failed = false;
		if (tusk_upload_write(upload, block, len, err) < 0)
			return -1;
		meter(copy, len);
		offset += len;
	}
	tusk_hasher_final(hasher, hash);
	if (is_named(copy->name, hash))
		return 0;
	copy->source_failed = true;
	return set_damaged(copy->name, err);
}

int tusk_copy_from_object(struct tusk_copy *copy, struct tusk_object *source, struct tusk_err *err)
{
	struct tusk_upload *upload TUSK_CLEANUP(upload_cleanup) = NULL;

	copy->source_failed = false;
	if (tusk_upload_begin(copy->to, &upload, err) < 0 || stream(copy, source, upload, err) < 0 ||
	    clear_place(copy, err) < 0)
		return -1;
	return tusk_upload_commit(TUSK_STEAL(upload), copy->name, err) < 0 ? -1 : TUSK_NODE_FOUND;
}

static int copy_small(struct tusk_copy *copy, struct tusk_node *source, struct tusk_err *err)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	int found;

	copy->source_failed = true;
	found = tusk_node_get(source, copy->name, TUSK_SMALL_OBJECT_MAX, &data, err);
	if (found != TUSK_NODE_FOUND)
		return found;
	if (!tusk_object_proves(copy->name, data.data, data.len))
		return set_damaged(copy->name, err);
	copy->source_failed = false;
	if (clear_place(copy, err) < 0 || tusk_node_put(copy->to, copy->name, data.data, data.len, err) < 0)
		return -1;
	meter(copy, data.len);
	return TUSK_NODE_FOUND;
}

int tusk_copy_from_node(struct tusk_copy *copy, struct tusk_node *source, struct tusk_err *err)
{
	struct tusk_object *object TUSK_CLEANUP(object_cleanup) = NULL;
	int found;

	if (!tusk_object_is_pack(copy->name))
		return copy_small(copy, source, err);
	found = tusk_object_open(source, copy->name, &object, err);
	if (found != TUSK_NODE_FOUND) {
		copy->source_failed = true;
		return found;
	}
	return tusk_copy_from_object(copy, object, err);
}
