/* The hash of an object that cannot be hashed where it lies. */
#include "node_ops.h"

#include "tusk/hash.h"

#include <stdlib.h>

#define BLOCK (1u << 20)

TUSK_DEFINE_CLEANUP(struct tusk_object, object, tusk_object_close)

static int hash_object(struct tusk_object *object, struct tusk_hasher *hasher, struct tusk_err *err)
{
	uint8_t *block TUSK_AUTO_FREE = malloc(BLOCK);
	uint64_t size = tusk_object_size(object);

	if (!block)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot read %s: out of memory", object->name);
	for (uint64_t offset = 0; offset < size;) {
		size_t len = size - offset < BLOCK ? (size_t)(size - offset) : BLOCK;

		if (tusk_object_pread(object, block, len, offset, err) < 0)
			return -1;
		tusk_hasher_update(hasher, block, len);
		offset += len;
	}
	return 0;
}

int tusk_node_digest_here(struct tusk_node *node, const char *name, uint8_t ret_sha256[32], uint64_t *ret_size,
			  struct tusk_err *err)
{
	struct tusk_object *object TUSK_CLEANUP(object_cleanup) = NULL;
	struct tusk_hasher *hasher TUSK_AUTO_HASHER = NULL;
	int result = tusk_object_open(node, name, &object, err);

	if (result != TUSK_NODE_FOUND)
		return result;
	hasher = tusk_hasher_new();
	if (!hasher)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot hash %s: out of memory", name);
	if (hash_object(object, hasher, err) < 0)
		return -1;
	tusk_hasher_final(hasher, ret_sha256);
	*ret_size = tusk_object_size(object);
	return TUSK_NODE_FOUND;
}
