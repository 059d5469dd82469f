/* tusk snapshots: the list. */
#include "cmd.h"
#include "entry.h"
#include "json.h"
#include "snaparg.h"
#include "tusk/places.h"
#include "tusk/text.h"

#include <string.h>

/* Where the snapshots are; places is NULL when the repository has one node only. */
struct whereabouts {
	struct tusk_nodes nodes;
	struct tusk_places *places;
	int width; /* of a column with all names */
};

static void whereabouts_release(struct whereabouts *where)
{
	tusk_places_free(where->places);
}

static int load_whereabouts(struct tusk_repository *repository, struct whereabouts *where, struct tusk_err *err)
{
	tusk_nodes_get(repository, &where->nodes);
	if (where->nodes.count < 2)
		return 0;
	for (size_t i = 0; i < where->nodes.count; i++)
		where->width += (int)strlen(where->nodes.items[i].name) + (i > 0);
	where->width = where->width < 5 ? 5 : where->width;
	return tusk_places_load(repository, &where->places, err);
}

static void print_whereabouts(const struct whereabouts *where, const struct tusk_id *id)
{
	int len = 0;
	printf("%-10s  ", tusk_snapshot_state_name(tusk_places_state(where->places, id)));
	for (size_t i = 0; i < where->nodes.count; i++)
		if (tusk_places_has(where->places, i, id))
			len += printf("%s%s", len ? "," : "", where->nodes.items[i].name);
	printf("%*s  ", where->width - len, "");
}

static void add_whereabouts(struct tusk_json *json, const struct whereabouts *where, const struct tusk_id *id)
{
	char *names[TUSK_NODES_MAX + 1];
	struct tusk_strings strings = {.items = names};
	for (size_t i = 0; i < where->nodes.count; i++)
		if (tusk_places_has(where->places, i, id))
			names[strings.count++] = (char *)(uintptr_t)where->nodes.items[i].name;
	tusk_json_text(json, "state", tusk_snapshot_state_name(tusk_places_state(where->places, id)));
	tusk_json_strings(json, "nodes", &strings);
}

static void print_json(struct tusk_cli *cli, const struct tusk_snapshot *s, const struct whereabouts *where)
{
	struct tusk_json *json = tusk_json_new("snapshot");
	tusk_json_id(json, "id", &s->id);
	tusk_json_time(json, "time", s->time);
	tusk_json_time(json, "end_time", s->end_time);
	tusk_json_text(json, "host", s->host);
	tusk_json_text(json, "user", s->user);
	tusk_json_text(json, "source", s->source);
	tusk_json_strings(json, "paths", &s->paths);
	tusk_json_strings(json, "tags", &s->tags);
	tusk_json_text(json, "comment", s->comment);
	if (s->has_parent)
		tusk_json_id(json, "parent", &s->parent);
	tusk_json_count(json, "files", s->counters.files);
	tusk_json_count(json, "dirs", s->counters.dirs);
	tusk_json_count(json, "others", s->counters.others);
	tusk_json_count(json, "bytes", s->counters.bytes);
	tusk_json_count(json, "new_files", s->counters.new_files);
	tusk_json_count(json, "changed_files", s->counters.changed_files);
	tusk_json_count(json, "unchanged_files", s->counters.unchanged_files);
	tusk_json_count(json, "new_bytes", s->counters.new_bytes);
	tusk_json_count(json, "stored_bytes", s->counters.stored_bytes);
	tusk_json_count(json, "errors", s->counters.errors);
	tusk_json_text(json, "version", s->version);
	tusk_json_strings(json, "command", &s->command);
	tusk_json_strings(json, "provenance", &s->provenance);
	if (where->places)
		add_whereabouts(json, where, &s->id);
	tusk_cli_print(cli, json);
}

/* Columns wide enough for every row. */
struct widths {
	int host, tags;
};

static size_t tags_length(const struct tusk_strings *tags)
{
	size_t len = 0;
	for (size_t i = 0; i < tags->count; i++)
		len += strlen(tags->items[i]) + (i > 0);
	return len;
}

static struct widths measure(const struct tusk_args *args, const struct tusk_snapshot_list *list)
{
	struct widths widths = {4, 4};
	for (size_t i = 0; i < list->count; i++) {
		const struct tusk_snapshot *s = &list->items[i];
		if (!tusk_snapshot_wanted(args, s))
			continue;
		int host = (int)strnlen(s->host, 30), tags = (int)tags_length(&s->tags);
		widths.host = host > widths.host ? host : widths.host;
		widths.tags = tags > widths.tags ? tags : widths.tags;
	}
	widths.tags = widths.tags > 30 ? 30 : widths.tags;
	return widths;
}

static void print_joined(const struct tusk_strings *strings, const char *separator)
{
	for (size_t i = 0; i < strings->count; i++) {
		fputs(i ? separator : "", stdout);
		tusk_print_escaped(stdout, strings->items[i], strlen(strings->items[i]));
	}
}

static void print_row(const struct tusk_snapshot *s, const struct widths *widths, const struct whereabouts *where)
{
	char id[TUSK_ID_TEXT_SIZE], time[32], size[16];
	tusk_id_text(&s->id, id);
	tusk_text_time_local(s->time, time);
	tusk_text_bytes(s->counters.bytes, size);
	printf("%.*s  %s  %10s  ", TUSK_SHORT_ID_LENGTH, id, time, size);
	tusk_print_escaped(stdout, s->host, strlen(s->host));
	printf("%*s  ", widths->host - (int)strnlen(s->host, (size_t)widths->host), "");
	print_joined(&s->tags, ",");
	int pad = widths->tags - (int)tags_length(&s->tags);
	printf("%*s  ", pad > 0 ? pad : 0, "");
	if (where->places)
		print_whereabouts(where, &s->id);
	print_joined(&s->paths, " ");
	if (s->counters.errors)
		fputs("  (incomplete)", stdout);
	putchar('\n');
}

static void print_head(const struct widths *widths, const struct whereabouts *where)
{
	printf("%-8s  %-19s  %10s  %-*s  %-*s  ", "ID", "TIME", "SIZE", widths->host, "HOST", widths->tags, "TAGS");
	if (where->places)
		printf("%-10s  %-*s  ", "STATE", where->width, "NODES");
	puts("PATHS");
}

int cmd_snapshots(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	TUSK_CLEANUP(whereabouts_release) struct whereabouts where = {0};
	if (tusk_cli_open(cli, &repository, &err) < 0 || tusk_cli_snapshots(cli, repository, &list, &err) < 0 ||
	    load_whereabouts(repository, &where, &err) < 0)
		return tusk_cli_fail(cli, &err);

	struct widths widths = measure(cli->args, &list);
	size_t shown = 0;
	for (size_t i = 0; i < list.count; i++) {
		const struct tusk_snapshot *s = &list.items[i];
		if (!tusk_snapshot_wanted(cli->args, s))
			continue;
		if (cli->report.json)
			print_json(cli, s, &where);
		else if (shown == 0 && !cli->report.quiet)
			print_head(&widths, &where);
		if (!cli->report.json)
			print_row(s, &widths, &where);
		shown++;
	}
	if (shown == 0 && !cli->report.json && !cli->report.quiet)
		fputs("no snapshots\n", stderr);
	return TUSK_EXIT_OK;
}
