/* A recorded log read again: its records in order, what its marks have acknowledged so far, and the points at which
 * crashes are drawn. Marks: "begin" (crashes from here on), "opens KEY", "or KEY", "also KEY", "snapshot ID", "going
 * ID" (being forgotten). */
#ifndef TUSK_HARNESS_STORY_H
#define TUSK_HARNESS_STORY_H

#include "log.h"
#include "oracle.h"

#define STORY_SNAPSHOTS_MAX 4096

struct story {
	const uint8_t *log;
	size_t log_len, at;
	struct oracle_table table;
	struct tusk_id acknowledged[STORY_SNAPSHOTS_MAX];
	size_t acknowledged_count;
	char key[128], instead[128], other_key[128];
	size_t records, begin;                         /* record numbers: read so far; the mark "begin" */
	size_t marks[STORY_SNAPSHOTS_MAX], mark_count; /* the instants after an acknowledgement */
};

/* Ends the program when the files cannot be read. */
void story_load(struct story *story, const char *log, const char *table);
/* The next record; false at the end. A mark takes effect. */
bool story_next(struct story *story, struct log_record *ret_record, const char **ret_name, const uint8_t **ret_data);
/* How many of so many states are drawn after each record: every fourth right after an acknowledgement, which is when
 * promises begin. The story is at its beginning afterwards. The caller frees it. */
unsigned *story_draw(struct story *story, unsigned states, uint64_t seed);
/* What must hold now; one of eight states is asked for a new backup as well. */
struct oracle_want story_want(const struct story *story, uint64_t seed);

#endif
