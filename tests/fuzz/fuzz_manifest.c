/* Manifests: the input as a body, and sealed as an object. What decodes encodes to a body that decodes to the same. */
#include "manifest.h"
#include "tree.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tusk_keys keys;
static struct tusk_aead *aead;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_body(const uint8_t *data, size_t size)
{
	struct tusk_buf first = {0}, second = {0};
	struct tusk_snapshot snapshot, again;
	struct tusk_entry root;
	struct tusk_err err;

	if (tusk_manifest_decode_body(data, size, &snapshot, &err)) {
		require(err.code == TUSK_E_CORRUPT);
		return;
	}
	require(tusk_tree_decode_root(snapshot.root_entry.data, snapshot.root_entry.len, &root, &err) == 0);
	require(snapshot.host && snapshot.user && snapshot.source && snapshot.comment && snapshot.version);
	require(tusk_manifest_encode_body(&snapshot, &first, &err) == 0);
	require(tusk_manifest_decode_body(first.data, first.len, &again, &err) == 0);
	require(tusk_manifest_encode_body(&again, &second, &err) == 0);
	require(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	tusk_snapshot_release(&snapshot);
	tusk_snapshot_release(&again);
	tusk_buf_release(&first);
	tusk_buf_release(&second);
}

static void check_object(const uint8_t *data, size_t size)
{
	struct tusk_buf body = {0};
	struct tusk_err err;
	struct tusk_id id;

	tusk_sha256(data, size, id.bytes);
	if (tusk_manifest_open(&keys, aead, &id, data, size, &body, &err) == 0)
		check_body(body.data, body.len);
	else
		require(err.code != TUSK_OK);
	tusk_buf_release(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!aead) {
		aead = tusk_aead_new();
		require(aead && tusk_keys_derive(TUSK_SUITE_NONE, (const uint8_t[16]){1}, (const uint8_t[32]){2}, &keys,
						 NULL) == 0);
	}
	check_body(data, size);
	check_object(data, size);
	return 0;
}
