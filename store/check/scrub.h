/* Checking one node without a key: every object whose name or end says what its bytes must hash to. Objects are hashed
 * where they lie, so that a remote node moves no data but its small objects. */
#ifndef TUSK_SCRUB_H
#define TUSK_SCRUB_H

#include "node.h"

#include <stdatomic.h>

enum tusk_scrub_state {
	TUSK_SCRUB_INTACT,
	TUSK_SCRUB_DAMAGED, /* its bytes are not what its name says, or cannot be read */
	TUSK_SCRUB_MISSING  /* tusk.repository, or a pack whose table of contents is there */
};

struct tusk_scrub_object {
	const char *name; /* on the node */
	uint64_t size;    /* 0 when missing */
	enum tusk_scrub_state state;
	const char *what;    /* what is wrong; NULL when intact */
	enum tusk_code code; /* TUSK_E_IO: it could not be read, which may pass; else its bytes are wrong */
};

struct tusk_scrub_options {
	/* Which objects to look at; NULL: all. It also sees the names of what is missing, with size 0. */
	bool (*wants)(void *context, const char *name, uint64_t size);
	/* Each object when it has been looked at, in no order, one call at a time; a non-zero answer ends the scrub. */
	int (*on_object)(void *context, const struct tusk_scrub_object *object, struct tusk_err *err);
	void *context;
	unsigned threads;        /* 0: two */
	const atomic_bool *stop; /* may be NULL; else TUSK_E_INTERRUPTED once it is set */
};

struct tusk_scrub_result {
	uint64_t objects, packs, bytes; /* looked at */
	uint64_t damaged, missing;
};

/* Looks at tusk.repository, keys, manifests, tables of contents, packs and those notes that are named by their hash.
 * What vanishes meanwhile is passed over. 0 also when damage was found; -1 when it could not go on. */
int tusk_scrub_run(struct tusk_node *node, const struct tusk_scrub_options *options,
		   struct tusk_scrub_result *ret_result, struct tusk_err *err);
/* Looks at one object of the node, whichever kind it is of. TUSK_NODE_FOUND with the state (DAMAGED: ret_why says
 * why), TUSK_NODE_ABSENT or -1. */
int tusk_scrub_object(struct tusk_node *node, const char *name, enum tusk_scrub_state *ret_state, uint64_t *ret_size,
		      struct tusk_err *ret_why, struct tusk_err *err);

#endif
