/* Small sealed objects other than packs and manifests (FORMAT.md, Sealed notes). */
#ifndef TUSK_SEALED_H
#define TUSK_SEALED_H

#include "crypto.h"
#include "node.h"

#define TUSK_SEALED_MAX (16u << 20)

/* The kind byte of the header. */
enum tusk_sealed_kind {
	TUSK_SEALED_LEASE = 4,
	TUSK_SEALED_EPOCH = 5,
	TUSK_SEALED_CONDEMNED = 6,
	TUSK_SEALED_NODES = 7,
	TUSK_SEALED_MARK = 8,
	TUSK_SEALED_FORGOTTEN = 9,
	TUSK_SEALED_LEDGER = 10,
	TUSK_SEALED_DRILL = 11,
};

/* Appends header and sealed body to ret_object. scope is authenticated: the object's name where that is fixed ("epoch",
 * "leases/<id>"), else the folder ("nodes/"). */
int tusk_sealed_make(const struct tusk_keys *keys, enum tusk_sealed_kind kind, const char *scope, const void *body,
		     size_t len, struct tusk_buf *ret_object, struct tusk_err *err);
/* The body of such an object. Messages name name. TUSK_E_CORRUPT, TUSK_E_VERSION, TUSK_E_LIMIT. */
int tusk_sealed_open(const struct tusk_keys *keys, enum tusk_sealed_kind kind, const char *scope, const char *name,
		     const void *data, size_t len, struct tusk_buf *ret_body, struct tusk_err *err);
/* For folders of objects that are named by the SHA-256 of their bytes: seals and puts. ret_id may be NULL. */
int tusk_sealed_put(struct tusk_node *node, const struct tusk_keys *keys, enum tusk_sealed_kind kind,
		    const char *folder, const void *body, size_t len, struct tusk_id *ret_id, struct tusk_err *err);
/* Gets one of those by its full name; the bytes must hash to it. TUSK_NODE_FOUND, TUSK_NODE_ABSENT or -1. */
int tusk_sealed_get(struct tusk_node *node, const struct tusk_keys *keys, enum tusk_sealed_kind kind,
		    const char *folder, const char *name, struct tusk_buf *ret_body, struct tusk_err *err);
/* Puts "forgotten/<id>" with that body: the sealed note, then the SHA-256 of it. */
int tusk_sealed_bury(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_id *id, const void *body,
		     size_t len, struct tusk_err *err);

#endif
