/* A pipeline file as a checked model: sources, storage nodes and the edges between them (man 5 tusk-pipeline).
 *
 * Texts point into the document that the model owns. Lists of words end with NULL when they are not empty.
 */
#ifndef TUSK_PIPELINE_H
#define TUSK_PIPELINE_H

#include "opt.h"
#include "pipeline/yaml.h"
#include "tusk/buf.h"

#include <stdbool.h>
#include <stdint.h>

#define PIPELINE_NAME_MAX  64
#define PIPELINE_ITEMS_MAX 256u /* of sources, and of nodes */
#define PIPELINE_NONE      ((size_t)-1)

enum pipeline_role { PIPELINE_LOCAL, PIPELINE_REMOTE, PIPELINE_CLOUD, PIPELINE_ROLES };
extern const char *const pipeline_role_names[PIPELINE_ROLES + 1]; /* ends with NULL */

enum pipeline_period { PIPELINE_NEVER, PIPELINE_HOURLY, PIPELINE_DAILY, PIPELINE_WEEKLY, PIPELINE_MONTHLY };
/* "daily"; "" for never */
const char *pipeline_period_name(enum pipeline_period period);
/* Seconds between two; 0 for never. */
uint64_t pipeline_period_seconds(enum pipeline_period period);

struct pipeline_schedule {
	enum pipeline_period period;
	unsigned weekday;      /* weekly: 0 is Monday */
	unsigned day;          /* monthly: 1..28 */
	unsigned hour, minute; /* minute also for hourly */
};

struct pipeline_keep {
	bool given;
	uint64_t last, hourly, daily, weekly, monthly, yearly, within_s;
};

/* What a snapshot of a source must have to be believed. 0: no such limit. */
struct pipeline_limits {
	uint64_t min_files, min_bytes, max_removed_percent;
};

struct pipeline_source {
	const char *name;
	struct pipeline_place place;
	struct tusk_words paths;
	struct tusk_words command; /* its output is stored as file */
	const char *file;
	struct tusk_words exclude, exclude_file, exclude_if_present, tags;
	bool exclude_caches, exclude_nodump, one_file_system;
	uint64_t exclude_larger_than;
	struct tusk_words before, after, on_failure; /* for sh -c */
	struct pipeline_limits require;
};

struct pipeline_ref {
	const char *name;
	struct pipeline_place place;
	size_t index; /* of the source or node */
};
struct pipeline_refs {
	struct pipeline_ref *items;
	size_t count;
};

/* Invariant of a checked model: either upstream is PIPELINE_NONE and sources has at least one: the head of a
 * repository; or upstream is a node, of which this is a copy, and sources and keep are empty. */
struct pipeline_node {
	const char *name, *url;
	struct pipeline_place place;
	enum pipeline_role role;
	bool has_role;
	struct pipeline_refs input; /* as written */
	struct pipeline_refs sources;
	size_t upstream;
	uint64_t limit_upload, limit_download; /* bytes a second; 0: none */
	struct pipeline_keep keep;
	bool when_present;
	const char *credentials_file;
	struct pipeline_place credentials_place;
};

struct pipeline_strategy {
	uint64_t require[PIPELINE_ROLES];
	bool given;
	struct pipeline_refs recover; /* nodes, the best first */
};

struct pipeline_verify {
	enum pipeline_period structure, data, drill;
	uint64_t data_percent, drill_files;
};

struct pipeline_alert {
	uint64_t max_age_s, min_copies;
	struct tusk_words on_failure;
	const char *metrics_file, *ping_url;
};

struct pipeline {
	const char *file; /* as given; borrowed */
	char name[PIPELINE_NAME_MAX + 1];
	struct pipeline_yaml *document;
	const char *given_name, *repository, *password_file, *password_command, *key_file;
	struct pipeline_place name_place, repository_place, password_place, key_place;
	struct pipeline_source *sources;
	size_t source_count;
	struct pipeline_node *nodes; /* the repository, if that key is given, is the first: "primary" */
	size_t node_count;
	size_t *order; /* node_count numbers: every node after its upstream */
	struct pipeline_keep keep;
	struct pipeline_strategy strategy;
	struct pipeline_verify verify;
	struct pipeline_alert alert;
	struct pipeline_schedule schedule;
	uint64_t version, reserve;
};

/* Loads and checks data. file stands in messages and gives the pipeline its name; borrowed until release. Errors:
 * TUSK_E_USAGE "FILE:LINE:COLUMN: ...". Files that the text names are not looked at. */
int pipeline_parse(const char *file, const void *data, size_t len, struct pipeline *ret_pipeline, struct tusk_err *err);
/* The same from the file, and the files that it names for credentials and passwords must be there. */
int pipeline_load(const char *file, struct pipeline *ret_pipeline, struct tusk_err *err);
void pipeline_release(struct pipeline *pipeline);
#define PIPELINE_AUTO TUSK_CLEANUP(pipeline_release)

/* The node by that name; NULL when there is none. */
const struct pipeline_node *pipeline_find_node(const struct pipeline *pipeline, const char *name);
/* The node where the source's snapshots are written first: the first node that has it as a direct input. */
size_t pipeline_first_node(const struct pipeline *pipeline, size_t source);
/* Whether snapshots of that source arrive at that node. */
bool pipeline_reaches(const struct pipeline *pipeline, size_t source, size_t node);

#endif
