/* One path through many snapshots: what it was in each of them. */
#ifndef TUSK_TRAIL_H
#define TUSK_TRAIL_H

#include "tusk/reader.h"

struct tusk_trail;

/* path as for tusk_view_path. TUSK_E_USAGE for "." and "..". */
int tusk_trail_new(const char *path, struct tusk_trail **ret_trail, struct tusk_err *err);
void tusk_trail_free(struct tusk_trail *trail);
TUSK_DEFINE_CLEANUP(struct tusk_trail, tusk_trail, tusk_trail_free)
#define TUSK_AUTO_TRAIL TUSK_CLEANUP(tusk_trail_cleanup)

enum tusk_step {
	TUSK_STEP_FOUND,
	TUSK_STEP_ABSENT,
	TUSK_STEP_SAME /* as in the step before: a folder above it is the same, so that nothing was looked up */
};

/* Looks for the path in the next snapshot, in whatever order the caller goes through them. TUSK_STEP_FOUND with the
 * entry, to be released; the others leave it alone. -1: the snapshot cannot be read there; the step after it is never
 * TUSK_STEP_SAME. */
int tusk_trail_step(struct tusk_trail *trail, struct tusk_view *view, struct tusk_entry *ret_entry,
		    struct tusk_err *err);

#define TUSK_CONTENT_KEY_SIZE 33

/* Equal for two entries if and only if they have the same type and content: the bytes of files, the target of links,
 * numbers of devices, and all that is below a directory, metadata included. Owner, mode and times do not count. */
int tusk_entry_content_key(const struct tusk_entry *entry, uint8_t ret_key[TUSK_CONTENT_KEY_SIZE],
			   struct tusk_err *err);

#endif
