#include "check_nodes.h"

#include "check_text.h"
#include "json.h"
#include "progress.h"
#include "signals.h"
#include "tusk/replicate.h"
#include "tusk/text.h"

struct inspection {
	struct tusk_cli *cli;
	struct tusk_display *display;
	struct tusk_sync_progress progress;
};

bool tusk_check_nodes_wanted(const struct tusk_args *args)
{
	return tusk_args_has(args, TUSK_OPT_NODE) || tusk_args_has(args, TUSK_OPT_ALL) ||
	       tusk_args_has(args, TUSK_OPT_HEAL);
}

static void line(void *context, uint64_t elapsed_ms, char *ret_text, size_t size)
{
	const struct tusk_sync_progress *progress = context;
	char time[16], objects[32], bytes[16];
	tusk_text_duration(elapsed_ms / 1000, time);
	tusk_text_count(atomic_load(&progress->objects), objects);
	tusk_text_bytes(atomic_load(&progress->bytes), bytes);
	snprintf(ret_text, size, "%s  %s objects, %s", time, objects, bytes);
}

static void status(void *context, uint64_t elapsed_ms, struct tusk_json *json)
{
	const struct tusk_sync_progress *progress = context;
	(void)elapsed_ms;
	tusk_json_count(json, "objects", atomic_load(&progress->objects));
	tusk_json_count(json, "bytes", atomic_load(&progress->bytes));
}

static void on_damage(void *context, const char *node, const char *object, const char *what)
{
	struct inspection *inspection = context;
	const struct tusk_damage damage = {.node = node, .object = object, .what = what};
	tusk_display_hold(inspection->display);
	if (inspection->cli->report.json)
		tusk_cli_print(inspection->cli, tusk_damage_json(&damage));
	else
		tusk_damage_print(stdout, &damage);
	tusk_display_resume(inspection->display);
}

static void on_heal(void *context, const char *node, const char *object, const struct tusk_err *why)
{
	struct inspection *inspection = context;
	if (why)
		tusk_display_log(inspection->display, "tusk: cannot heal %s on %s: %s", object, node, why->message);
	else
		tusk_display_log(inspection->display, "tusk: healed %s on %s", object, node);
	if (inspection->display)
		return;
	if (why)
		tusk_report_warning(&inspection->cli->report, "cannot heal %s on %s: %s", object, node, why->message);
	else
		tusk_report_warning(&inspection->cli->report, "healed %s on %s", object, node);
}

static void print(struct tusk_cli *cli, const struct tusk_member *member, const struct tusk_inspected *node)
{
	char objects[32], bytes[16];
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("checked");
		tusk_json_text(json, "node", member->name);
		tusk_json_flag(json, "complete", node->complete);
		tusk_json_count(json, "objects", node->objects);
		tusk_json_count(json, "packs", node->packs);
		tusk_json_count(json, "bytes", node->bytes);
		tusk_json_count(json, "damaged", node->damaged);
		tusk_json_count(json, "missing", node->missing);
		tusk_json_count(json, "healed", node->healed);
		tusk_cli_print(cli, json);
		return;
	}
	tusk_text_count(node->objects, objects);
	tusk_text_bytes(node->bytes, bytes);
	printf("%-12s  %s objects, %s", member->name, objects, bytes);
	if (node->damaged || node->missing)
		printf(", %llu damaged, %llu missing, %llu healed", (unsigned long long)node->damaged,
		       (unsigned long long)node->missing, (unsigned long long)node->healed);
	puts(node->complete ? "" : "; not complete");
}

static void judge(struct tusk_cli *cli, const struct tusk_member *member, struct tusk_inspected *node)
{
	struct tusk_err err = {0};
	if (!node->complete) {
		tusk_err_prefix(&node->why, "check: node %s", member->name);
		tusk_cli_note(cli, &node->why);
	} else if (node->damaged + node->missing > node->healed) {
		tusk_err_set(&err, TUSK_E_CORRUPT, 0, "check: node %s is damaged: objects: %llu, healed: %llu",
			     member->name, (unsigned long long)(node->damaged + node->missing),
			     (unsigned long long)node->healed);
		tusk_cli_note(cli, &err);
	}
}

int tusk_check_nodes(struct tusk_cli *cli, struct tusk_repository *repository)
{
	const struct tusk_words *names = &cli->args->values[TUSK_OPT_NODE].list;
	struct inspection inspection = {.cli = cli};
	struct tusk_progress_source source = {.line = line, .status = status, .context = &inspection.progress};
	struct tusk_inspect_result result;
	struct tusk_nodes nodes;
	struct tusk_err err = {0};
	if (tusk_args_has(cli->args, TUSK_OPT_ALL) && names->count)
		return tusk_report_fail(&cli->report, TUSK_E_USAGE, "check: --node and --all do not go together");
	if (tusk_display_start(cli, &source, &inspection.display, &err) < 0)
		return tusk_cli_fail(cli, &err);
	struct tusk_inspect_options options = {.names = names->items,
					       .count = names->count,
					       .data = tusk_args_has(cli->args, TUSK_OPT_DATA),
					       .heal = tusk_args_has(cli->args, TUSK_OPT_HEAL),
					       .on_damage = on_damage,
					       .on_heal = on_heal,
					       .context = &inspection,
					       .progress = &inspection.progress,
					       .stop = tusk_signals_catch()};
	int rc = tusk_nodes_inspect(repository, &options, &result, &err);
	tusk_display_stop(inspection.display);
	if (rc < 0) {
		tusk_err_prefix(&err, "check failed");
		return tusk_cli_fail(cli, &err);
	}
	tusk_nodes_get(repository, &nodes);
	for (size_t i = 0; i < result.count; i++)
		if (result.items[i].asked)
			print(cli, &nodes.items[i], &result.items[i]);
	fflush(stdout);
	for (size_t i = 0; i < result.count; i++)
		if (result.items[i].asked)
			judge(cli, &nodes.items[i], &result.items[i]);
	return TUSK_EXIT_OK;
}
