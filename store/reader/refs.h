/* The objects that an entry refers to. */
#ifndef TUSK_REFS_H
#define TUSK_REFS_H

#include "fetcher.h"

/* Invariant: level and len matter for lists only; data_offset and len are a range of the file's data, or len is 0 for
 * a blob. */
struct tusk_ref {
	struct tusk_id id;
	uint8_t type, level;
	uint64_t data_offset, len;
};
/* Called with each reference, a list before what it holds. 0: go on; 1: not into this list; -1: stop. */
struct tusk_ref_sink {
	int (*take)(void *context, const struct tusk_ref *ref, struct tusk_err *err);
	void *context;
};
/* Loads lists through fetcher once take has let them pass. */
int tusk_refs_of(struct tusk_fetcher *fetcher, const struct tusk_entry *entry, const struct tusk_ref_sink *sink,
		 struct tusk_err *err);
/* Whether a list is what ref says of it. */
bool tusk_ref_holds(const struct tusk_ref *ref, const struct tusk_list *list);
/* Stands for a list and for what ref says of it: the same list under another claim is another thing to check. */
void tusk_ref_key(const struct tusk_ref *ref, struct tusk_id *ret_key);

#endif
