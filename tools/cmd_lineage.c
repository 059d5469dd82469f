/* tusk lineage: where a snapshot comes from, and where it is. */
#include "cmd.h"
#include "entry.h"
#include "json.h"
#include "tusk/nodes.h"
#include "tusk/text.h"

#include <string.h>

#define GENERATIONS_MAX 1000u

static const struct tusk_snapshot *find(const struct tusk_snapshot_list *list, const struct tusk_id *id)
{
	for (size_t i = 0; i < list->count; i++)
		if (tusk_id_equal(&list->items[i].id, id))
			return &list->items[i];
	return NULL;
}

static void print_words(const char *label, const struct tusk_strings *words, size_t step, size_t first)
{
	if (words->count <= first)
		return;
	printf("  %-9s", label);
	for (size_t i = first; i < words->count; i += step) {
		putchar(' ');
		tusk_print_escaped(stdout, words->items[i], strlen(words->items[i]));
	}
	putchar('\n');
}

static void print_pairs(const struct tusk_strings *pairs)
{
	for (size_t i = 0; i + 1 < pairs->count; i += 2) {
		fputs("  ", stdout);
		tusk_print_escaped(stdout, pairs->items[i], strlen(pairs->items[i]));
		printf("%*s ", (int)(strlen(pairs->items[i]) < 9 ? 9 - strlen(pairs->items[i]) : 0), "");
		tusk_print_escaped(stdout, pairs->items[i + 1], strlen(pairs->items[i + 1]));
		putchar('\n');
	}
}

static void print_text(const char *label, const char *text)
{
	if (!*text)
		return;
	printf("  %-9s ", label);
	tusk_print_escaped(stdout, text, strlen(text));
	putchar('\n');
}

static void print_origin(const struct tusk_snapshot *s)
{
	char id[TUSK_ID_TEXT_SIZE], time[32];
	tusk_id_text(&s->id, id);
	tusk_text_time_local(s->time, time);
	printf("snapshot %s\n", id);
	print_text("time", time);
	print_text("host", s->host);
	print_text("user", s->user);
	print_text("source", s->source);
	print_words("paths", &s->paths, 1, 0);
	print_pairs(&s->provenance);
	print_words("command", &s->command, 1, 0);
	print_text("tusk", s->version);
}

/* The chain of parents, the nearest first. A parent that was forgotten ends it. */
static void print_parents(struct tusk_cli *cli, const struct tusk_snapshot_list *list, const struct tusk_snapshot *s)
{
	for (unsigned n = 1; s->has_parent && n <= GENERATIONS_MAX; n++) {
		char id[TUSK_ID_TEXT_SIZE], time[32] = "forgotten";
		const struct tusk_snapshot *parent = find(list, &s->parent);
		tusk_id_text(&s->parent, id);
		if (parent)
			tusk_text_time_local(parent->time, time);
		if (cli->report.json) {
			struct tusk_json *json = tusk_json_new("parent");
			tusk_json_text(json, "id", id);
			tusk_json_count(json, "generation", n);
			tusk_json_flag(json, "forgotten", !parent);
			if (parent)
				tusk_json_time(json, "time", parent->time);
			tusk_cli_print(cli, json);
		} else {
			printf("  %-9s %.*s  %s\n", n == 1 ? "parents" : "", TUSK_SHORT_ID_LENGTH, id, time);
		}
		if (!parent)
			return;
		s = parent;
	}
}

/* Whether the node has it, asked at the node itself. */
static const char *ask_node(struct tusk_cli *cli, const struct tusk_member *member, const struct tusk_id *id)
{
	struct tusk_err err = {0};
	struct tusk_args args = *cli->args;
	struct tusk_cli own = *cli;
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	args.values[TUSK_OPT_REPOSITORY].text = member->url;
	own.args = &args;
	if (tusk_cli_open(&own, &repository, &err) < 0 ||
	    tusk_snapshot_list_load(repository, NULL, NULL, &list, &err) < 0)
		return "unknown";
	return find(&list, id) ? "yes" : "no";
}

static void print_nodes(struct tusk_cli *cli, const struct tusk_repository *repository, const struct tusk_id *id)
{
	struct tusk_nodes nodes;
	tusk_nodes_get(repository, &nodes);
	for (size_t i = 0; i < nodes.count; i++) {
		const struct tusk_member *member = &nodes.items[i];
		const char *has = ask_node(cli, member, id);
		if (cli->report.json) {
			struct tusk_json *json = tusk_json_new("copy");
			tusk_json_text(json, "node", member->name);
			tusk_json_text(json, "url", member->url);
			tusk_json_text(json, "present", has);
			tusk_cli_print(cli, json);
			continue;
		}
		printf("  %-9s %-12s %-7s  %s\n", i ? "" : "nodes", member->name, has, member->url);
	}
}

int cmd_lineage(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	const struct tusk_snapshot *snapshot;
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	if (tusk_cli_open(cli, &repository, &err) < 0 || tusk_cli_snapshots(cli, repository, &list, &err) < 0 ||
	    tusk_snapshot_find(&list, cli->args->operands.items[0], &snapshot, &err) < 0)
		return tusk_cli_fail(cli, &err);
	if (!cli->report.json)
		print_origin(snapshot);
	print_parents(cli, &list, snapshot);
	print_nodes(cli, repository, &snapshot->id);
	return TUSK_EXIT_OK;
}
