/* tusk repair: saves what is good of what is damaged. tusk repair index: drops this machine's index and builds it anew.
 */
#include "check_text.h"
#include "cmd.h"
#include "progress.h"
#include "signals.h"
#include "tusk/repair.h"
#include "tusk/text.h"

#include <stdatomic.h>
#include <string.h>

/* ---- the index ---- */

static void report_index(struct tusk_cli *cli, const struct tusk_rebuild_result *result)
{
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("summary");
		tusk_json_count(json, "packs", result->packs);
		tusk_json_count(json, "entries", result->entries);
		tusk_json_count(json, "damaged", result->damaged);
		tusk_cli_print(cli, json);
		return;
	}
	char packs[32], entries[32];
	tusk_text_count(result->packs, packs);
	tusk_text_count(result->entries, entries);
	printf("built the index anew: %s entries of %s packs\n", entries, packs);
}

static int repair_index(struct tusk_cli *cli, struct tusk_repository *repository)
{
	struct tusk_err err = {0};
	struct tusk_rebuild_result result = {0};
	if (tusk_repository_rebuild_index(repository, &result, &err) < 0) {
		tusk_err_prefix(&err, "repair index failed");
		return tusk_cli_fail(cli, &err);
	}
	report_index(cli, &result);
	if (!result.damaged)
		return TUSK_EXIT_OK;
	fflush(stdout);
	char damaged[32];
	tusk_text_count(result.damaged, damaged);
	return tusk_report_fail(&cli->report, TUSK_E_CORRUPT, "repair index: packs that could not be read: %s",
				damaged);
}

/* ---- the repository ---- */

struct work {
	struct tusk_cli *cli;
	struct tusk_display *display;
	atomic_uint_fast64_t done;
};

static void on_action(void *context, const struct tusk_repair_action *action)
{
	struct work *work = context;
	tusk_display_hold(work->display);
	if (work->cli->report.json) {
		struct tusk_json *json = tusk_json_new("repair");
		tusk_json_text(json, "object", action->object);
		tusk_json_flag(json, "loss", action->is_loss);
		tusk_json_text(json, "message", action->what);
		tusk_cli_print(work->cli, json);
	} else {
		printf("%s: %s\n", action->object, action->what);
	}
	tusk_display_resume(work->display);
}

static void on_object(void *context, uint64_t done)
{
	struct work *work = context;
	atomic_store(&work->done, done);
}

static void on_warning(void *context, const struct tusk_err *why)
{
	struct work *work = context;
	tusk_display_hold(work->display);
	tusk_report_warning(&work->cli->report, "repair: %s", why->message);
	tusk_display_resume(work->display);
}

/* What is still damaged: that is lost. */
static void on_damage(void *context, const struct tusk_damage *damage)
{
	struct work *work = context;
	tusk_display_hold(work->display);
	if (work->cli->report.json)
		tusk_cli_print(work->cli, tusk_damage_json(damage));
	else
		tusk_damage_print(stdout, damage);
	tusk_display_resume(work->display);
}

static void line(void *context, uint64_t elapsed_ms, char *ret_text, size_t size)
{
	struct work *work = context;
	char done[32], time[16];
	tusk_text_count(atomic_load(&work->done), done);
	tusk_text_duration(elapsed_ms / 1000, time);
	snprintf(ret_text, size, "%s  looking for damage: %s objects", time, done);
}

static void status(void *context, uint64_t elapsed_ms, struct tusk_json *json)
{
	struct work *work = context;
	(void)elapsed_ms;
	tusk_json_count(json, "done", atomic_load(&work->done));
}

/* lost: what check finds afterwards; untouched in a dry run, which has changed nothing. */
static int run(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_repair_result *ret_result,
	       struct tusk_check_result *ret_lost, struct tusk_err *err)
{
	struct work work = {.cli = cli};
	struct tusk_progress_source source = {.line = line, .status = status, .context = &work};
	TUSK_AUTO_DISPLAY struct tusk_display *display = NULL;
	if (tusk_display_start(cli, &source, &display, err) < 0)
		return -1;
	work.display = display;
	struct tusk_repair_options options = {.dry_run = tusk_args_has(cli->args, TUSK_OPT_DRY_RUN),
					      .threads = (unsigned)cli->args->values[TUSK_OPT_THREADS].number,
					      .on_action = on_action,
					      .on_object = on_object,
					      .on_warning = on_warning,
					      .context = &work,
					      .stop = tusk_signals_catch()};
	struct tusk_check_options check = {
	    .threads = options.threads, .on_damage = on_damage, .context = &work, .stop = options.stop};
	if (tusk_repair_run(repository, &options, ret_result, err) < 0)
		return -1;
	return options.dry_run ? 0 : tusk_check_run(repository, &check, ret_lost, err);
}

static void print_json(struct tusk_cli *cli, const struct tusk_repair_result *result,
		       const struct tusk_check_result *lost)
{
	struct tusk_json *json = tusk_json_new("summary");
	tusk_json_flag(json, "dry_run", tusk_args_has(cli->args, TUSK_OPT_DRY_RUN));
	tusk_json_count(json, "objects", result->objects);
	tusk_json_count(json, "bytes_read", result->bytes_read);
	tusk_json_count(json, "damaged_objects", result->damaged);
	tusk_json_count(json, "tocs_written", result->tocs_written);
	tusk_json_count(json, "records_saved", result->records_saved);
	tusk_json_count(json, "records_lost", result->records_lost);
	tusk_json_count(json, "quarantined", result->quarantined);
	tusk_json_count(json, "snapshots_lost", result->snapshots_lost);
	if (!tusk_args_has(cli->args, TUSK_OPT_DRY_RUN))
		tusk_json_count(json, "affected_paths", lost->affected_paths);
	tusk_cli_print(cli, json);
}

static void print_text(const struct tusk_cli *cli, const struct tusk_repair_result *result)
{
	char objects[32], damaged[32], saved[32], lost[32], bytes[16];
	tusk_text_count(result->objects, objects);
	tusk_text_count(result->damaged, damaged);
	tusk_text_count(result->records_saved, saved);
	tusk_text_count(result->records_lost, lost);
	tusk_text_bytes(result->bytes_read, bytes);
	printf("looked at %s objects, %s; damaged: %s\n", objects, bytes, damaged);
	if (result->records_saved || result->records_lost)
		printf("records of damaged packs: %s saved, %s lost\n", saved, lost);
	if (tusk_args_has(cli->args, TUSK_OPT_DRY_RUN))
		puts("this was a dry run: nothing was changed");
	else if (result->quarantined)
		puts("the damaged objects lie in quarantine/ and may be removed by hand");
}

static int repair_all(struct tusk_cli *cli, struct tusk_repository *repository)
{
	struct tusk_err err = {0};
	struct tusk_repair_result result = {0};
	struct tusk_check_result lost = {0};
	if (run(cli, repository, &result, &lost, &err) < 0) {
		if (err.code == TUSK_E_INTERRUPTED)
			return tusk_report_fail(&cli->report, TUSK_E_INTERRUPTED, "repair interrupted");
		tusk_err_prefix(&err, "repair failed");
		return tusk_cli_fail(cli, &err);
	}
	if (cli->report.json)
		print_json(cli, &result, &lost);
	else
		print_text(cli, &result);
	bool is_dry = tusk_args_has(cli->args, TUSK_OPT_DRY_RUN);
	if (is_dry ? result.damaged == 0 : !result.snapshots_lost && !lost.damaged_objects && !lost.affected_paths)
		return TUSK_EXIT_OK;
	fflush(stdout);
	char snapshots[32], paths[32];
	tusk_text_count(result.snapshots_lost, snapshots);
	tusk_text_count(lost.affected_paths, paths);
	if (is_dry)
		return tusk_report_fail(&cli->report, TUSK_E_CORRUPT, "repair: %s is damaged",
					tusk_repository_url(repository));
	return tusk_report_fail(&cli->report, TUSK_E_CORRUPT,
				"repair: lost: snapshots: %s, paths: %s; a backup of the source stores again what it "
				"still has",
				snapshots, paths);
}

int cmd_repair(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	const char *what = cli->args->operands.count ? cli->args->operands.items[0] : NULL;
	if (what && strcmp(what, "index") != 0)
		return tusk_report_fail(&cli->report, TUSK_E_USAGE, "repair knows no \"%s\"; there is: repair index",
					what);
	if (what && tusk_args_has(cli->args, TUSK_OPT_DRY_RUN))
		return tusk_report_fail(&cli->report, TUSK_E_USAGE, "repair index has no dry run");
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (tusk_cli_open(cli, &repository, &err) < 0)
		return tusk_cli_fail(cli, &err);
	return what ? repair_index(cli, repository) : repair_all(cli, repository);
}
