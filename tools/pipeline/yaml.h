/* A YAML document as a small tree that knows where every part stands. Bounded: size, depth, number of parts; aliases,
 * anchors and tags are refused, so that a document is never larger than its text. */
#ifndef TUSK_PIPELINE_YAML_H
#define TUSK_PIPELINE_YAML_H

#include "tusk/cleanup.h"
#include "tusk/err.h"

#include <stddef.h>

#define PIPELINE_YAML_MAX       (256u << 10)
#define PIPELINE_YAML_DEPTH_MAX 16u
#define PIPELINE_YAML_PARTS_MAX 20000u

enum pipeline_yaml_kind { PIPELINE_YAML_TEXT, PIPELINE_YAML_LIST, PIPELINE_YAML_MAP };

/* Counted from 1. line 0: not from the file. */
struct pipeline_place {
	unsigned line, column;
};

struct pipeline_yaml {
	enum pipeline_yaml_kind kind;
	struct pipeline_place place;
	char *text;                  /* of a text: valid UTF-8 without NUL */
	struct pipeline_yaml *items; /* of a list; of a map: key, value, key, value, ... with texts as keys */
	size_t count;
};

/* Parses the one document in data. name stands in messages: "NAME:LINE:COLUMN: ...", TUSK_E_USAGE. An empty document is
 * an empty map. *ret_root is freed by the caller. */
int pipeline_yaml_parse(const char *name, const void *data, size_t len, struct pipeline_yaml **ret_root,
			struct tusk_err *err);
void pipeline_yaml_free(struct pipeline_yaml *root);
TUSK_DEFINE_CLEANUP(struct pipeline_yaml, pipeline_yaml, pipeline_yaml_free)
#define PIPELINE_AUTO_YAML TUSK_CLEANUP(pipeline_yaml_cleanup)

#endif
