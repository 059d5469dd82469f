/* The tables of the pipeline file: which keys there are, and what each sets. */
#include "pipeline/loader.h"

#include <stddef.h>
#include <string.h>

#define FIELD(key_, type, setter, member)                                                          \
	{                                                                                          \
		.key = key_, .set = pipeline_set_##setter, .offset = offsetof(struct type, member) \
	}
/* A setter that gets the whole struct. */
#define WHOLE(key_, setter)                             \
	{                                               \
		.key = key_, .set = setter, .offset = 0 \
	}

const char *const pipeline_role_names[PIPELINE_ROLES + 1] = {"local", "remote", "cloud", NULL};

static const struct pipeline_field keep_fields[] = {
    FIELD("last", pipeline_keep, count, last),          FIELD("hourly", pipeline_keep, count, hourly),
    FIELD("daily", pipeline_keep, count, daily),        FIELD("weekly", pipeline_keep, count, weekly),
    FIELD("monthly", pipeline_keep, count, monthly),    FIELD("yearly", pipeline_keep, count, yearly),
    FIELD("within", pipeline_keep, duration, within_s), {.key = NULL},
};

int pipeline_set_keep(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	struct pipeline_keep *keep = member;
	if (value->kind == PIPELINE_YAML_TEXT && strcmp(value->text, "same") == 0)
		return 0;
	keep->given = true;
	if (value->kind == PIPELINE_YAML_TEXT && strcmp(value->text, "all") == 0)
		return 0;
	if (value->kind != PIPELINE_YAML_MAP)
		return pipeline_complain(loader, value->place,
					 "%s: expected \"same\", \"all\" or a mapping such as {daily: 7, weekly: 5}",
					 key);
	if (pipeline_fill(loader, key, value, keep_fields, keep) < 0)
		return -1;
	if (keep->last + keep->hourly + keep->daily + keep->weekly + keep->monthly + keep->yearly + keep->within_s)
		return 0;
	return pipeline_complain(loader, value->place, "keep: this would remove every snapshot; to keep all: all");
}

int pipeline_set_refs(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	struct pipeline_refs *refs = member;
	size_t count = value->kind == PIPELINE_YAML_LIST ? value->count : 1;
	const struct pipeline_yaml *items = value->kind == PIPELINE_YAML_LIST ? value->items : value;
	if (value->kind == PIPELINE_YAML_MAP || count == 0)
		return pipeline_complain(loader, value->place, "%s: expected a name or a list of names", key);
	refs->items = calloc(count, sizeof(*refs->items));
	if (!refs->items)
		return pipeline_no_memory(loader);
	for (size_t i = 0; i < count; i++) {
		if (items[i].kind != PIPELINE_YAML_TEXT)
			return pipeline_complain(loader, items[i].place, "%s: expected a name", key);
		refs->items[refs->count++] =
		    (struct pipeline_ref){.name = items[i].text, .place = items[i].place, .index = PIPELINE_NONE};
	}
	return 0;
}

int pipeline_set_role(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	struct pipeline_node *node = member;
	for (int i = 0; value->kind == PIPELINE_YAML_TEXT && i < PIPELINE_ROLES; i++) {
		if (strcmp(value->text, pipeline_role_names[i]) != 0)
			continue;
		node->role = (enum pipeline_role)i;
		node->has_role = true;
		return 0;
	}
	return pipeline_complain(loader, value->place, "%s: expected local, remote or cloud", key);
}

static const struct pipeline_field limit_fields[] = {
    FIELD("min-files", pipeline_limits, count, min_files),
    FIELD("min-size", pipeline_limits, size, min_bytes),
    FIELD("max-removed", pipeline_limits, percent, max_removed_percent),
    {.key = NULL},
};

static int set_limits(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	return pipeline_fill(loader, key, value, limit_fields, member);
}

static const struct pipeline_field source_fields[] = {
    FIELD("name", pipeline_source, text, name),
    FIELD("paths", pipeline_source, words, paths),
    FIELD("command", pipeline_source, command, command),
    FIELD("file", pipeline_source, text, file),
    FIELD("exclude", pipeline_source, words, exclude),
    FIELD("exclude-file", pipeline_source, words, exclude_file),
    FIELD("exclude-if-present", pipeline_source, words, exclude_if_present),
    FIELD("exclude-caches", pipeline_source, flag, exclude_caches),
    FIELD("exclude-nodump", pipeline_source, flag, exclude_nodump),
    FIELD("exclude-larger-than", pipeline_source, size, exclude_larger_than),
    FIELD("one-file-system", pipeline_source, flag, one_file_system),
    FIELD("tags", pipeline_source, words, tags),
    FIELD("before", pipeline_source, words, before),
    FIELD("after", pipeline_source, words, after),
    FIELD("on-failure", pipeline_source, words, on_failure),
    {.key = "require", .set = set_limits, .offset = offsetof(struct pipeline_source, require)},
    {.key = NULL},
};

static int set_credentials(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
			   void *member)
{
	struct pipeline_node *node = member;
	node->credentials_place = value->place;
	return pipeline_set_text(loader, key, value, &node->credentials_file);
}

static const struct pipeline_field node_fields[] = {
    FIELD("name", pipeline_node, text, name),
    FIELD("url", pipeline_node, text, url),
    FIELD("input", pipeline_node, refs, input),
    FIELD("sources", pipeline_node, refs, sources),
    FIELD("limit-upload", pipeline_node, size, limit_upload),
    FIELD("limit-download", pipeline_node, size, limit_download),
    FIELD("keep", pipeline_node, keep, keep),
    FIELD("when-present", pipeline_node, flag, when_present),
    WHOLE("role", pipeline_set_role),
    WHOLE("credentials-file", set_credentials),
    {.key = NULL},
};

/* A list of at least one map, each filled by the table into an array of objects. */
static int fill_list(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value)
{
	if (value->kind != PIPELINE_YAML_LIST || value->count == 0)
		return pipeline_complain(loader, value->place, "%s: expected a list", key);
	if (value->count > PIPELINE_ITEMS_MAX)
		return pipeline_complain(loader, value->place, "%s: more than %u", key, PIPELINE_ITEMS_MAX);
	return 0;
}

static int set_sources(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	struct pipeline *pipeline = member;
	if (fill_list(loader, key, value) < 0)
		return -1;
	pipeline->sources = calloc(value->count, sizeof(*pipeline->sources));
	if (!pipeline->sources)
		return pipeline_no_memory(loader);
	for (size_t i = 0; i < value->count; i++) {
		struct pipeline_source *source = &pipeline->sources[pipeline->source_count++];
		source->place = value->items[i].place;
		if (pipeline_fill(loader, "a source", &value->items[i], source_fields, source) < 0)
			return -1;
	}
	return 0;
}

/* The first place is kept free for the repository. */
static int set_nodes(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	struct pipeline *pipeline = member;
	if (fill_list(loader, key, value) < 0)
		return -1;
	pipeline->nodes = calloc(value->count + 1, sizeof(*pipeline->nodes));
	if (!pipeline->nodes)
		return pipeline_no_memory(loader);
	for (size_t i = 0; i < value->count; i++) {
		struct pipeline_node *node = &pipeline->nodes[pipeline->node_count++];
		node->place = value->items[i].place;
		node->upstream = PIPELINE_NONE;
		if (pipeline_fill(loader, "a node", &value->items[i], node_fields, node) < 0)
			return -1;
	}
	return 0;
}

static const struct pipeline_field role_fields[] = {
    {.key = "local", .set = pipeline_set_count, .offset = PIPELINE_LOCAL * sizeof(uint64_t)},
    {.key = "remote", .set = pipeline_set_count, .offset = PIPELINE_REMOTE * sizeof(uint64_t)},
    {.key = "cloud", .set = pipeline_set_count, .offset = PIPELINE_CLOUD * sizeof(uint64_t)},
    {.key = NULL},
};

static int set_required(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
			void *member)
{
	return pipeline_fill(loader, key, value, role_fields, member);
}

static const struct pipeline_field strategy_fields[] = {
    {.key = "require", .set = set_required, .offset = offsetof(struct pipeline_strategy, require)},
    FIELD("recover", pipeline_strategy, refs, recover),
    {.key = NULL},
};

static int set_strategy(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
			void *member)
{
	((struct pipeline_strategy *)member)->given = true;
	return pipeline_fill(loader, key, value, strategy_fields, member);
}

static const struct pipeline_field verify_fields[] = {
    FIELD("structure", pipeline_verify, period, structure),
    WHOLE("data", pipeline_set_share),
    WHOLE("restore-drill", pipeline_set_drill),
    {.key = NULL},
};

static int set_verify(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	return pipeline_fill(loader, key, value, verify_fields, member);
}

static int set_ping(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	const char **url = member;
	if (pipeline_set_text(loader, key, value, url) < 0)
		return -1;
	if (strncmp(*url, "https://", 8) == 0 || strncmp(*url, "http://", 7) == 0)
		return 0;
	return pipeline_complain(loader, value->place, "%s: expected http://... or https://...", key);
}

static const struct pipeline_field alert_fields[] = {
    FIELD("max-age", pipeline_alert, duration, max_age_s),
    FIELD("min-copies", pipeline_alert, count, min_copies),
    FIELD("on-failure", pipeline_alert, words, on_failure),
    {.key = "ping-url", .set = set_ping, .offset = offsetof(struct pipeline_alert, ping_url)},
    FIELD("metrics-file", pipeline_alert, text, metrics_file),
    {.key = NULL},
};

static int set_alert(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	return pipeline_fill(loader, key, value, alert_fields, member);
}

/* Texts whose place is needed later. */
static int set_name(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	struct pipeline *pipeline = member;
	pipeline->name_place = value->place;
	return pipeline_set_text(loader, key, value, &pipeline->given_name);
}

static int set_repository(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
			  void *member)
{
	struct pipeline *pipeline = member;
	pipeline->repository_place = value->place;
	return pipeline_set_text(loader, key, value, &pipeline->repository);
}

static int set_password_file(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
			     void *member)
{
	struct pipeline *pipeline = member;
	pipeline->password_place = value->place;
	return pipeline_set_text(loader, key, value, &pipeline->password_file);
}

static int set_key_file(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
			void *member)
{
	struct pipeline *pipeline = member;
	pipeline->key_place = value->place;
	return pipeline_set_text(loader, key, value, &pipeline->key_file);
}

const struct pipeline_field pipeline_root_fields[] = {
    FIELD("version", pipeline, count, version),
    WHOLE("name", set_name),
    WHOLE("repository", set_repository),
    WHOLE("password-file", set_password_file),
    FIELD("password-command", pipeline, text, password_command),
    WHOLE("key-file", set_key_file),
    WHOLE("sources", set_sources),
    WHOLE("nodes", set_nodes),
    FIELD("keep", pipeline, keep, keep),
    {.key = "strategy", .set = set_strategy, .offset = offsetof(struct pipeline, strategy)},
    {.key = "verify", .set = set_verify, .offset = offsetof(struct pipeline, verify)},
    FIELD("reserve", pipeline, size, reserve),
    FIELD("schedule", pipeline, schedule, schedule),
    {.key = "alert", .set = set_alert, .offset = offsetof(struct pipeline, alert)},
    {.key = NULL},
};
