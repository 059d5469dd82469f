/* Comparing two trees. Equal subtrees are skipped by their ids; memory is one path and two blocks a level. */
#ifndef TUSK_TOOLS_DIFF_H
#define TUSK_TOOLS_DIFF_H

#include "tusk/reader.h"

enum tusk_change {
	TUSK_CHANGE_NONE = ' ',
	TUSK_CHANGE_ADDED = '+',
	TUSK_CHANGE_REMOVED = '-',
	TUSK_CHANGE_CONTENT = 'M', /* content, target or device number */
	TUSK_CHANGE_TYPE = 'T',
	TUSK_CHANGE_METADATA = 'U' /* mode, owner, time, attributes */
};

/* How two entries of one name differ, their children left aside. The times of a directory are not compared: they
 * follow from what happens in it. 0 or -1. */
int tusk_diff_entries(const struct tusk_entry *before, const struct tusk_entry *after, enum tusk_change *ret_change,
		      struct tusk_err *err);

struct tusk_diff_sink {
	/* path is bytes, relative to the compared places and with "/" first; before or after is NULL for what is added
	 * or removed. 0: go on; -1 with err: end. */
	int (*change)(void *context, enum tusk_change change, const char *path, const struct tusk_entry *before,
		      const struct tusk_entry *after, struct tusk_err *err);
	void *context;
};

struct tusk_diff_side {
	struct tusk_view *view;
	const struct tusk_entry *entry;
};

/* Compares two places (path: what to call them, "/" for roots). 0 or -1. */
int tusk_diff_run(const struct tusk_diff_side *before, const struct tusk_diff_side *after, const char *path,
		  const struct tusk_diff_sink *sink, struct tusk_err *err);

#endif
