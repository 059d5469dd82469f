#include "status.h"

#include "jsontext.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* The snapshots of one host and source. */
struct group {
	const struct tusk_snapshot *newest;
	uint64_t snapshots, new_bytes, stored_bytes;
};

const char *tuskfs_report_name(enum tuskfs_report report)
{
	static const char *const names[TUSKFS_REPORT_COUNT] = {
	    [TUSKFS_REPORT_STATUS] = "status.json",
	    [TUSKFS_REPORT_SNAPSHOTS] = "snapshots.jsonl",
	    [TUSKFS_REPORT_METRICS] = "metrics.prom",
	};
	return names[report];
}

static int compare_groups(const void *a, const void *b)
{
	const struct tusk_snapshot *x = *(const struct tusk_snapshot *const *)a;
	const struct tusk_snapshot *y = *(const struct tusk_snapshot *const *)b;
	int order = strcmp(x->host, y->host);
	order = order ? order : strcmp(x->source, y->source);
	return order ? order : (x > y) - (x < y); /* they are in one array, the oldest first */
}

/* The groups, sorted by host and source; NULL without memory. */
static struct group *make_groups(const struct tusk_snapshot_list *list, size_t *ret_count)
{
	TUSK_AUTO_FREE const struct tusk_snapshot **order = calloc(list->count + 1, sizeof(*order));
	struct group *groups = calloc(list->count + 1, sizeof(*groups));
	size_t count = 0;
	if (!order || !groups) {
		free(groups);
		return NULL;
	}
	for (size_t i = 0; i < list->count; i++)
		order[i] = &list->items[i];
	qsort(order, list->count, sizeof(struct tusk_snapshot *), compare_groups);
	for (size_t i = 0; i < list->count; i++) {
		struct group *last = count ? &groups[count - 1] : NULL;
		if (!last || strcmp(last->newest->host, order[i]->host) != 0 ||
		    strcmp(last->newest->source, order[i]->source) != 0)
			last = &groups[count++];
		last->newest = order[i];
		last->snapshots++;
		last->new_bytes += order[i]->counters.new_bytes;
		last->stored_bytes += order[i]->counters.stored_bytes;
	}
	*ret_count = count;
	return groups;
}

static void add_counters(struct tuskfs_text *text, const struct tusk_counters *counters)
{
	tuskfs_json_count(text, "files", counters->files);
	tuskfs_json_count(text, "dirs", counters->dirs);
	tuskfs_json_count(text, "others", counters->others);
	tuskfs_json_count(text, "bytes", counters->bytes);
	tuskfs_json_count(text, "new_files", counters->new_files);
	tuskfs_json_count(text, "changed_files", counters->changed_files);
	tuskfs_json_count(text, "unchanged_files", counters->unchanged_files);
	tuskfs_json_count(text, "new_bytes", counters->new_bytes);
	tuskfs_json_count(text, "stored_bytes", counters->stored_bytes);
	tuskfs_json_count(text, "errors", counters->errors);
}

/* The keys are those of tusk snapshots --json. */
static void add_snapshots(struct tuskfs_text *text, const struct tusk_snapshot_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct tusk_snapshot *snapshot = &list->items[i];
		text->comma = false;
		tuskfs_json_open(text, NULL, '{');
		tuskfs_json_count(text, "v", 1);
		tuskfs_json_string(text, "type", "snapshot");
		tuskfs_json_id(text, "id", &snapshot->id);
		tuskfs_json_time(text, "time", snapshot->time);
		tuskfs_json_time(text, "end_time", snapshot->end_time);
		tuskfs_json_string(text, "host", snapshot->host);
		tuskfs_json_string(text, "user", snapshot->user);
		tuskfs_json_string(text, "source", snapshot->source);
		tuskfs_json_strings(text, "paths", &snapshot->paths);
		tuskfs_json_strings(text, "tags", &snapshot->tags);
		tuskfs_json_string(text, "comment", snapshot->comment);
		if (snapshot->has_parent)
			tuskfs_json_id(text, "parent", &snapshot->parent);
		add_counters(text, &snapshot->counters);
		tuskfs_json_string(text, "version", snapshot->version);
		tuskfs_json_strings(text, "command", &snapshot->command);
		tuskfs_json_close(text, '}');
		tuskfs_text_add(text, "\n");
	}
}

static void add_status(struct tuskfs_text *text, const char *repository, const struct tusk_snapshot_list *list,
		       const struct group *groups, size_t count)
{
	tuskfs_json_open(text, NULL, '{');
	tuskfs_json_count(text, "v", 1);
	tuskfs_json_string(text, "type", "status");
	tuskfs_json_string(text, "repository", repository);
	tuskfs_json_string(text, "version", TUSK_VERSION);
	tuskfs_json_count(text, "snapshots", list->count);
	tuskfs_json_count(text, "damaged_snapshots", list->damaged);
	if (list->count) {
		tuskfs_json_id(text, "newest", &list->items[list->count - 1].id);
		tuskfs_json_time(text, "newest_time", list->items[list->count - 1].time);
		tuskfs_json_time(text, "oldest_time", list->items[0].time);
	}
	tuskfs_json_open(text, "sources", '[');
	for (size_t i = 0; i < count; i++) {
		const struct tusk_snapshot *newest = groups[i].newest;
		tuskfs_json_open(text, NULL, '{');
		tuskfs_json_string(text, "host", newest->host);
		tuskfs_json_string(text, "source", newest->source);
		tuskfs_json_count(text, "snapshots", groups[i].snapshots);
		tuskfs_json_id(text, "newest", &newest->id);
		tuskfs_json_time(text, "newest_time", newest->time);
		tuskfs_json_count(text, "files", newest->counters.files);
		tuskfs_json_count(text, "bytes", newest->counters.bytes);
		tuskfs_json_count(text, "errors", newest->counters.errors);
		tuskfs_json_close(text, '}');
	}
	tuskfs_json_close(text, ']');
	tuskfs_json_close(text, '}');
	tuskfs_text_add(text, "\n");
}

/* ---- Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/ ---- */

static uint64_t snapshots_of(const struct group *group)
{
	return group->snapshots;
}

static uint64_t time_of(const struct group *group)
{
	return (uint64_t)group->newest->time.tv_sec;
}

static uint64_t duration_of(const struct group *group)
{
	const struct tusk_snapshot *newest = group->newest;
	return newest->end_time.tv_sec > newest->time.tv_sec ? (uint64_t)(newest->end_time.tv_sec - newest->time.tv_sec)
							     : 0;
}

static uint64_t files_of(const struct group *group)
{
	return group->newest->counters.files;
}

static uint64_t bytes_of(const struct group *group)
{
	return group->newest->counters.bytes;
}

static uint64_t errors_of(const struct group *group)
{
	return group->newest->counters.errors;
}

static uint64_t new_bytes_of(const struct group *group)
{
	return group->new_bytes;
}

static uint64_t stored_bytes_of(const struct group *group)
{
	return group->stored_bytes;
}

static const struct metric {
	const char *name, *help;
	uint64_t (*value)(const struct group *group);
} metrics[] = {
    {"tusk_snapshots", "Snapshots that there are.", snapshots_of},
    {"tusk_last_snapshot_timestamp_seconds", "When the newest one was begun.", time_of},
    {"tusk_last_snapshot_duration_seconds", "How long it took.", duration_of},
    {"tusk_last_snapshot_files", "Files in it.", files_of},
    {"tusk_last_snapshot_bytes", "Size of all its files.", bytes_of},
    {"tusk_last_snapshot_errors", "What could not be read for it.", errors_of},
    {"tusk_new_bytes", "Content that was new, over all snapshots.", new_bytes_of},
    {"tusk_stored_bytes", "What that took in the repository.", stored_bytes_of},
};

static void add_metrics(struct tuskfs_text *text, const struct tusk_snapshot_list *list, const struct group *groups,
			size_t count)
{
	text->labels = true;
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		const struct metric *metric = &metrics[i];
		tuskfs_text_add(text, "# HELP %s %s\n# TYPE %s gauge\n", metric->name, metric->help, metric->name);
		for (size_t j = 0; j < count; j++) {
			tuskfs_text_add(text, "%s{host=", metric->name);
			tuskfs_text_quote(text, groups[j].newest->host);
			tuskfs_text_add(text, ",source=");
			tuskfs_text_quote(text, groups[j].newest->source);
			tuskfs_text_add(text, "} %" PRIu64 "\n", metric->value(&groups[j]));
		}
	}
	tuskfs_text_add(text,
			"# HELP tusk_damaged_snapshots Snapshots whose description cannot be read.\n"
			"# TYPE tusk_damaged_snapshots gauge\ntusk_damaged_snapshots %zu\n",
			list->damaged);
}

int tuskfs_report_text(enum tuskfs_report report, const char *repository, const struct tusk_snapshot_list *list,
		       char **ret_text, struct tusk_err *err)
{
	struct tuskfs_text text = {0};
	size_t count = 0;
	TUSK_AUTO_FREE struct group *groups = make_groups(list, &count);
	if (groups && report == TUSKFS_REPORT_STATUS)
		add_status(&text, repository, list, groups, count);
	else if (groups && report == TUSKFS_REPORT_SNAPSHOTS)
		add_snapshots(&text, list);
	else if (groups)
		add_metrics(&text, list, groups, count);
	tuskfs_text_add(&text, "%c", 0);
	if (!groups || text.failed) {
		tusk_buf_release(&text.buf);
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot write %s", tuskfs_report_name(report));
	}
	*ret_text = (char *)text.buf.data;
	return 0;
}
