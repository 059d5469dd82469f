/* tusk sync: nodes catch up. */
#include "cmd.h"
#include "json.h"
#include "nodes_text.h"
#include "progress.h"
#include "signals.h"
#include "tusk/replicate.h"
#include "tusk/text.h"

static void line(void *context, uint64_t elapsed_ms, char *ret_text, size_t size)
{
	const struct tusk_sync_progress *progress = context;
	char time[16], objects[32], expected[32], bytes[16], bytes_expected[16];
	tusk_text_duration(elapsed_ms / 1000, time);
	tusk_text_count(atomic_load(&progress->objects), objects);
	tusk_text_count(atomic_load(&progress->objects_expected), expected);
	tusk_text_bytes(atomic_load(&progress->bytes), bytes);
	tusk_text_bytes(atomic_load(&progress->bytes_expected), bytes_expected);
	snprintf(ret_text, size, "%s  %s/%s objects, %s/%s", time, objects, expected, bytes, bytes_expected);
}

static void status(void *context, uint64_t elapsed_ms, struct tusk_json *json)
{
	const struct tusk_sync_progress *progress = context;
	(void)elapsed_ms;
	tusk_json_count(json, "objects", atomic_load(&progress->objects));
	tusk_json_count(json, "objects_expected", atomic_load(&progress->objects_expected));
	tusk_json_count(json, "bytes", atomic_load(&progress->bytes));
	tusk_json_count(json, "bytes_expected", atomic_load(&progress->bytes_expected));
}

static void print_json(struct tusk_cli *cli, const struct tusk_member *member, const struct tusk_sync_target *target)
{
	struct tusk_json *json = tusk_json_new("synced");
	tusk_json_text(json, "node", member->name);
	tusk_json_flag(json, "complete", target->complete);
	tusk_json_count(json, "snapshots", target->snapshots);
	tusk_json_count(json, "packs", target->packs);
	tusk_json_count(json, "bytes", target->bytes);
	tusk_json_count(json, "forgotten", target->forgotten);
	tusk_json_count(json, "damaged", target->damaged);
	if (!target->complete)
		tusk_json_text(json, "message", target->why.message);
	tusk_cli_print(cli, json);
}

static void print_text(const struct tusk_member *member, const struct tusk_sync_target *target)
{
	char snapshots[32], bytes[16], forgotten[32];
	tusk_text_count(target->snapshots, snapshots);
	tusk_text_count(target->forgotten, forgotten);
	tusk_text_bytes(target->bytes, bytes);
	printf("%-12s  ", member->name);
	if (target->bytes == 0 && target->snapshots == 0 && target->forgotten == 0 && target->complete)
		fputs("has everything", stdout);
	else
		printf("%s %s, %s sent", snapshots, target->snapshots == 1 ? "snapshot" : "snapshots", bytes);
	if (target->forgotten)
		printf(", %s forgotten", forgotten);
	puts(target->complete ? "" : "; not complete");
}

/* Damage that no node can heal is worse than a node that cannot be reached. */
static void tell(struct tusk_cli *cli, const struct tusk_nodes *nodes, struct tusk_sync_result *result)
{
	for (size_t i = 0; i < result->count; i++) {
		if (!result->items[i].asked)
			continue;
		if (cli->report.json)
			print_json(cli, &nodes->items[i], &result->items[i]);
		else if (!cli->report.quiet || !result->items[i].complete)
			print_text(&nodes->items[i], &result->items[i]);
	}
	fflush(stdout);
	for (size_t i = 0; i < result->count; i++) {
		struct tusk_err *why = &result->items[i].why;
		if (why->code == TUSK_OK)
			continue;
		/* Whatever keeps a node from being complete: it is behind. */
		if (why->code != TUSK_E_CORRUPT && why->code != TUSK_E_FULL && why->code != TUSK_E_INTERRUPTED)
			why->code = TUSK_E_NODE;
		tusk_err_prefix(why, "sync: node %s", nodes->items[i].name);
		tusk_cli_note(cli, why);
	}
}

int tusk_nodes_catch_up(struct tusk_cli *cli, struct tusk_repository *repository, const char *const *names,
			size_t count, struct tusk_err *err)
{
	struct tusk_nodes nodes;
	struct tusk_sync_progress progress = {0};
	struct tusk_sync_result result;
	TUSK_AUTO_DISPLAY struct tusk_display *display = NULL;
	struct tusk_progress_source source = {.line = line, .status = status, .context = &progress};
	if (tusk_display_start(cli, &source, &display, err) < 0)
		return -1;
	tusk_nodes_get(repository, &nodes);
	struct tusk_sync_options options = {
	    .names = names, .count = count, .progress = &progress, .stop = tusk_signals_catch()};
	int rc = tusk_nodes_sync(repository, &options, &result, err);
	tusk_display_stop(TUSK_STEAL(display));
	if (rc < 0)
		return tusk_err_prefix(err, "sync failed");
	tell(cli, &nodes, &result);
	return 0;
}

int cmd_sync(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	const struct tusk_words *names = &cli->args->operands;
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (tusk_cli_open(cli, &repository, &err) < 0 ||
	    tusk_nodes_catch_up(cli, repository, names->items, names->count, &err) < 0)
		return tusk_cli_fail(cli, &err);
	return TUSK_EXIT_OK;
}
