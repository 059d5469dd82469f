/* Integrity of a repository. */
#ifndef TUSK_CHECK_H
#define TUSK_CHECK_H

#include "tusk/err.h"
#include "tusk/id.h"
#include "tusk/repository.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What is damaged. Any pointer may be NULL when it does not apply. path is escaped text. */
struct tusk_damage {
	const char *node;     /* the place of the copy */
	const char *object;   /* name on the node: "packs/ab/ab..." */
	const char *chunk;    /* hex id of the one record of it that is damaged: a chunk, tree block, list or blob */
	const char *what;     /* "bytes do not hash to the name", "is missing", ... */
	const char *snapshot; /* hex id of a snapshot that is affected */
	const char *path;     /* a path in it */
	uint64_t offset, len; /* of the affected file bytes; len 0: the whole entry */
};

struct tusk_check_options {
	bool data;          /* read and verify the bytes of packs too, not only the structure */
	uint32_t share_ppm; /* with data: of how many millionths of all bytes (the packs that were not read for
			     * longest), without the SHA-256 of files; 0: of every pack */
	unsigned threads;   /* 0: one per processor */
	void (*on_damage)(void *context,
			  const struct tusk_damage *damage); /* serialised by the caller's lock inside check */
	void (*on_stage)(void *context, const char *stage, uint64_t done,
			 uint64_t total); /* at most ten times a second */
	/* What went wrong without being damage, such as a ledger that cannot be written. May be NULL. */
	void (*on_warning)(void *context, const struct tusk_err *why);
	void *context;
	const atomic_bool *stop; /* set by a signal handler: the check ends with TUSK_E_INTERRUPTED; may be NULL */
};

struct tusk_check_result {
	uint64_t snapshots, packs, objects, bytes_read;
	uint64_t damaged_objects, affected_paths;
	uint64_t packs_read;               /* all bytes of so many packs, in this run */
	uint64_t pack_bytes, proven_bytes; /* of all packs; of those that were once read and found right (ledger) */
	int64_t oldest_proof_ms;           /* the oldest of these proofs, since 1970; 0: there is none */
};

/* Structure: parameters, key slots, every manifest, toc (against its own hash), pack (present, of the right size),
 * every tree of every snapshot, every chunk reference found in a toc. Data: every pack's SHA-256 is its name, every
 * record opens, every id is that of its data, every file's SHA-256; when each pack was read is noted in the node's
 * ledger. Returns 0 also when damage was found (see result);
 * -1 when it could not go on. Never believes the index. */
int tusk_check_run(struct tusk_repository *repository, const struct tusk_check_options *options,
		   struct tusk_check_result *ret_result, struct tusk_err *err);

/* The same for one node without a key: the hash of every object whose name says it, taken where the object lies; the
 * bytes of all packs are read. Knows nothing of snapshots and paths, and of options only the callbacks, threads and
 * stop. TUSK_E_NO_REPOSITORY when there is none at url. */
int tusk_check_keyless(const char *url, const struct tusk_check_options *options, struct tusk_check_result *ret_result,
		       struct tusk_err *err);

#endif
