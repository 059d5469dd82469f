/* Manifests: the bytes of snapshots/<id>. */
#ifndef TUSK_MANIFEST_H
#define TUSK_MANIFEST_H

#include "crypto.h"
#include "node.h"
#include "tusk/snapshot.h"

#define TUSK_MANIFEST_MAX         (16u << 20)
#define TUSK_MANIFEST_STRINGS_MAX 65536u /* of each repeated field: paths, tags, arguments, pairs of provenance */

/* Pure: the fuzz target. Does not set id. */
int tusk_manifest_decode_body(const void *body, size_t len, struct tusk_snapshot *ret_snapshot, struct tusk_err *err);
/* Appends the body to out. root_entry must be set (tusk_tree_encode_root). Empty texts (NULL is one too), a zero writer
 * and a zero end time are left out. TUSK_E_LIMIT for texts that are too long or too many. */
int tusk_manifest_encode_body(const struct tusk_snapshot *snapshot, struct tusk_buf *out, struct tusk_err *err);
/* Checks that the bytes hash to id, opens them, gives the body. ret_body: released by the caller. Messages name the
 * object. TUSK_E_CORRUPT, TUSK_E_VERSION. */
int tusk_manifest_open(const struct tusk_keys *keys, struct tusk_aead *aead, const struct tusk_id *id, const void *data,
		       size_t len, struct tusk_buf *ret_body, struct tusk_err *err);
/* Encodes, seals, proves that it opens and decodes again, publishes durably; sets snapshot->id. The commit point of a
 * backup. */
int tusk_manifest_publish(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_snapshot *snapshot,
			  struct tusk_err *err);

#endif
