/* tusk tag: tags of a snapshot, given later. */
#include "cmd.h"
#include "json.h"
#include "tusk/cleanup.h"
#include "tusk/forget.h"

#include <string.h>

static bool contains(const struct tusk_words *words, const char *text)
{
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->items[i], text) == 0)
			return true;
	return false;
}

/* The tags that stay and those that come, once each; borrowed. */
static int new_tags(const struct tusk_args *args, const struct tusk_snapshot *snapshot, struct tusk_words *ret_tags,
		    struct tusk_err *err)
{
	const struct tusk_words *add = &args->values[TUSK_OPT_ADD].list,
				*remove = &args->values[TUSK_OPT_REMOVE_TAG].list;
	struct tusk_words tags = {.items = calloc(snapshot->tags.count + add->count + 1, sizeof(*tags.items))};

	if (!tags.items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < snapshot->tags.count; i++)
		if (!contains(remove, snapshot->tags.items[i]))
			tags.items[tags.count++] = snapshot->tags.items[i];
	for (size_t i = 0; i < add->count; i++)
		if (!contains(&tags, add->items[i]))
			tags.items[tags.count++] = add->items[i];
	*ret_tags = tags;
	return 0;
}

static void print_tags(struct tusk_cli *cli, const struct tusk_snapshot *snapshot, const struct tusk_strings *tags)
{
	char id[TUSK_ID_TEXT_SIZE];

	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("tag");
		tusk_json_id(json, "id", &snapshot->id);
		tusk_json_strings(json, "tags", tags);
		tusk_cli_print(cli, json);
		return;
	}
	tusk_id_text(&snapshot->id, id);
	printf("%.*s ", TUSK_SHORT_ID_LENGTH, id);
	for (size_t i = 0; i < tags->count; i++) {
		putchar(i ? ',' : ' ');
		tusk_report_print_safe(stdout, tags->items[i]);
	}
	putchar('\n');
}

static int tag(struct tusk_cli *cli, struct tusk_repository *repository, const struct tusk_snapshot *snapshot,
	       struct tusk_err *err)
{
	struct tusk_words words;

	if (new_tags(cli->args, snapshot, &words, err) < 0)
		return -1;
	TUSK_AUTO_FREE void *owned = words.items;
	/* The library does not write to them. */
	struct tusk_strings tags = {.items = (char **)owned, .count = words.count};
	if (tusk_snapshot_mark(repository, snapshot, &tags, snapshot->pinned, err) < 0)
		return -1;
	print_tags(cli, snapshot, &tags);
	return 0;
}

int cmd_tag(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	const struct tusk_words *names = &cli->args->operands;

	if (!tusk_args_has(cli->args, TUSK_OPT_ADD) && !tusk_args_has(cli->args, TUSK_OPT_REMOVE_TAG))
		return tusk_report_fail(&cli->report, TUSK_E_USAGE, "tag: say --add TAG or --remove TAG");
	if (tusk_cli_open(cli, &repository, &err) < 0 || tusk_cli_snapshots(cli, repository, &list, &err) < 0)
		return tusk_cli_fail(cli, &err);
	for (size_t i = 0; i < names->count; i++) {
		const struct tusk_snapshot *snapshot;
		if (tusk_snapshot_find(&list, names->items[i], &snapshot, &err) < 0 ||
		    tag(cli, repository, snapshot, &err) < 0) {
			tusk_err_prefix(&err, "tag");
			return tusk_cli_fail(cli, &err);
		}
	}
	return TUSK_EXIT_OK;
}
