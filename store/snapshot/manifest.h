/* Manifests: the bytes of snapshots/<id>. */
#ifndef TUSK_MANIFEST_H
#define TUSK_MANIFEST_H

#include "crypto.h"
#include "node.h"
#include "tusk/snapshot.h"

#define TUSK_MANIFEST_MAX (16u << 20)

/* Pure: the fuzz target. Does not set id. */
int tusk_manifest_decode_body(const void *body, size_t len, struct tusk_snapshot *ret_snapshot, struct tusk_err *err);
int tusk_manifest_encode_body(const struct tusk_snapshot *snapshot, struct tusk_buf *out, struct tusk_err *err);
/* Checks that the bytes hash to id, opens them, gives the body. */
int tusk_manifest_open(const struct tusk_keys *keys, struct tusk_aead *aead, const struct tusk_id *id, const void *data,
		       size_t len, struct tusk_buf *ret_body, struct tusk_err *err);
/* Encodes, seals, publishes; sets snapshot->id. The commit point of a backup. */
int tusk_manifest_publish(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_snapshot *snapshot,
			  struct tusk_err *err);

#endif
