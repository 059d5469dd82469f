/* The fields of a manifest's body (FORMAT.md, Manifest). Private to this module. */
#ifndef TUSK_BODY_H
#define TUSK_BODY_H

#include "tusk/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUSK_BODY_FLAG_XATTRS 1u
#define TUSK_BODY_COUNTERS    10

enum tusk_body_tag {
	TAG_TIME = 1,
	TAG_ROOT,
	TAG_ROOT_ENTRY,
	TAG_HOST,
	TAG_USER,
	TAG_SOURCE,
	TAG_PATH,
	TAG_TAG,
	TAG_COMMENT,
	TAG_PARENT,
	TAG_VERSION,
	TAG_COMMAND,
	TAG_COUNTERS,
	TAG_WRITER,
	TAG_FLAGS,
	TAG_PROVENANCE,
	TAG_END_TIME,
	TAG_COUNT
};

/* The fields that are texts: where they go, and how long they can be. */
struct tusk_body_text {
	size_t offset; /* of char * or of struct tusk_strings */
	size_t max;
	bool repeated;
	const char *what;
};
/* By tag; what is NULL for the tags that are no texts. */
extern const struct tusk_body_text tusk_body_texts[TAG_COUNT];
/* The counters in the order of the format. */
void tusk_body_counters(struct tusk_counters *counters, uint64_t *ret_fields[TUSK_BODY_COUNTERS]);

#endif
