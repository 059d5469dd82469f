/* Objects by name: which of them prove themselves, and copying one between nodes without ever spreading damage. */
#ifndef TUSK_OBJECTS_H
#define TUSK_OBJECTS_H

#include "node.h"

/* The largest object that is no pack, a little beyond the limits of FORMAT.md. */
#define TUSK_SMALL_OBJECT_MAX ((size_t)17 << 20)

bool tusk_object_is_pack(const char *name);
/* Whether the bytes of such an object can be told from damaged ones without a key. */
bool tusk_object_is_provable(const char *name);
/* True for objects that are not provable, too. */
bool tusk_object_proves(const char *name, const void *data, size_t len);

/* Whether the node has the object intact: hashed where it lies. TUSK_NODE_FOUND, TUSK_NODE_ABSENT, -1 (TUSK_E_CORRUPT
 * when it is damaged). */
int tusk_object_examine(struct tusk_node *node, const char *name, struct tusk_err *err);

/* Reports bytes as they are written; may be NULL. */
struct tusk_copy_meter {
	void (*add)(void *context, size_t bytes);
	void *context;
};
/* Copies a whole object from what is open, or from a node, to a node; what arrives must prove itself before it gets its
 * name. replace: a damaged one on the target is quarantined first. TUSK_NODE_FOUND; TUSK_NODE_ABSENT on the source;
 * -1: *ret_source_failed says on which side. TUSK_E_CORRUPT from the source: it is damaged there. */
struct tusk_copy {
	struct tusk_node *to;
	const char *name;
	bool replace;
	const struct tusk_copy_meter *meter;
	bool source_failed; /* out */
};
int tusk_copy_from_object(struct tusk_copy *copy, struct tusk_object *source, struct tusk_err *err);
int tusk_copy_from_node(struct tusk_copy *copy, struct tusk_node *source, struct tusk_err *err);

#endif
