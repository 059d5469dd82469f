/* Between the files of the loader: how a document is walked by tables. */
#ifndef TUSK_PIPELINE_LOADER_H
#define TUSK_PIPELINE_LOADER_H

#include "pipeline/pipeline.h"

struct pipeline_loader {
	struct pipeline *pipeline;
	struct tusk_err *err;
};

/* Sets a member from a value. key is what the user wrote, for messages. */
typedef int pipeline_setter(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
			    void *member);

struct pipeline_field {
	const char *key; /* NULL ends a table */
	pipeline_setter *set;
	size_t offset;
};

/* "FILE:LINE:COLUMN: ..." with TUSK_E_USAGE; returns -1. */
int pipeline_complain(struct pipeline_loader *loader, struct pipeline_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int pipeline_no_memory(struct pipeline_loader *loader);
/* "; did you mean "X"?" or "". */
void pipeline_suggest(const char *word, const char *const *candidates, char *ret_text, size_t size);

/* Walks a map by the table, storing into object. what names the map in messages. */
int pipeline_fill(struct pipeline_loader *loader, const char *what, const struct pipeline_yaml *map,
		  const struct pipeline_field *fields, void *object);

/* Setters; the comment is the type of the member. */
pipeline_setter pipeline_set_text;     /* const char * */
pipeline_setter pipeline_set_words;    /* struct tusk_words: a text or a list of texts */
pipeline_setter pipeline_set_flag;     /* bool */
pipeline_setter pipeline_set_count;    /* uint64_t: 0 to 10^9 */
pipeline_setter pipeline_set_size;     /* uint64_t */
pipeline_setter pipeline_set_duration; /* uint64_t, seconds: 90m, 36h, 7d, 2w */
pipeline_setter pipeline_set_percent;  /* uint64_t: 5% */
pipeline_setter pipeline_set_period;   /* enum pipeline_period */
pipeline_setter pipeline_set_schedule; /* struct pipeline_schedule */
pipeline_setter pipeline_set_share;    /* struct pipeline_verify: "5% weekly" */
pipeline_setter pipeline_set_drill;    /* struct pipeline_verify: "20 files weekly" */
pipeline_setter pipeline_set_keep;     /* struct pipeline_keep */
pipeline_setter pipeline_set_refs;     /* struct pipeline_refs: a name or a list of names */
pipeline_setter pipeline_set_role;     /* struct pipeline_node */
pipeline_setter pipeline_set_command;  /* struct tusk_words: a text for sh -c, or a list of arguments */

/* The table of the whole file. */
extern const struct pipeline_field pipeline_root_fields[];

/* What a table cannot say: names, inputs, cycles. */
int pipeline_connect(struct pipeline_loader *loader);

#endif
