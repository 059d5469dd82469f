/* tusk check: is the repository whole? */
#include "check_nodes.h"
#include "check_text.h"
#include "cmd.h"
#include "signals.h"
#include "stage.h"
#include "tusk/text.h"

struct watch {
	struct tusk_cli *cli;
	struct tusk_display *display;
	struct tusk_stage stage;
};

static void on_damage(void *context, const struct tusk_damage *damage)
{
	struct watch *watch = context;
	tusk_display_hold(watch->display);
	if (watch->cli->report.json)
		tusk_cli_print(watch->cli, tusk_damage_json(damage));
	else
		tusk_damage_print(stdout, damage);
	tusk_display_resume(watch->display);
}

static void on_stage(void *context, const char *name, uint64_t done, uint64_t total)
{
	struct watch *watch = context;
	tusk_stage_set(&watch->stage, name, done, total);
}

static void on_warning(void *context, const struct tusk_err *why)
{
	struct watch *watch = context;
	tusk_display_hold(watch->display);
	tusk_report_warning(&watch->cli->report, "check: %s", why->message);
	tusk_display_resume(watch->display);
}

/* repository: NULL for a check without a key. */
static int run(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_check_result *ret_result,
	       struct tusk_err *err)
{
	struct watch watch = {.cli = cli, .stage = TUSK_STAGE("checking ")};
	struct tusk_progress_source source = tusk_stage_source(&watch.stage);
	TUSK_AUTO_DISPLAY struct tusk_display *display = NULL;
	if (tusk_display_start(cli, &source, &display, err) < 0)
		return -1;
	watch.display = display;
	struct tusk_check_options options = {.data = tusk_args_has(cli->args, TUSK_OPT_DATA),
					     .share_ppm = (uint32_t)cli->args->values[TUSK_OPT_DATA].number,
					     .threads = (unsigned)cli->args->values[TUSK_OPT_THREADS].number,
					     .on_damage = on_damage,
					     .on_stage = on_stage,
					     .on_warning = on_warning,
					     .context = &watch,
					     .stop = tusk_signals_catch()};
	if (!repository)
		return tusk_check_keyless(tusk_cli_url(cli, err), &options, ret_result, err);
	return tusk_check_run(repository, &options, ret_result, err);
}

int cmd_check(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	struct tusk_check_result result = {0};
	bool no_key = tusk_args_has(cli->args, TUSK_OPT_NO_KEY);
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (no_key && cli->args->values[TUSK_OPT_DATA].number)
		return tusk_report_fail(&cli->report, TUSK_E_USAGE,
					"check: --data=N%% needs the key: what was read when is in a sealed ledger");
	if (no_key ? !tusk_cli_url(cli, &err) : tusk_cli_open(cli, &repository, &err) < 0)
		return tusk_cli_fail(cli, &err);
	if (repository && tusk_check_nodes_wanted(cli->args))
		return tusk_check_nodes(cli, repository);
	if (run(cli, repository, &result, &err) < 0) {
		if (err.code == TUSK_E_INTERRUPTED)
			return tusk_report_fail(&cli->report, TUSK_E_INTERRUPTED, "check interrupted");
		tusk_err_prefix(&err, "check failed");
		return tusk_cli_fail(cli, &err);
	}
	if (cli->report.json)
		tusk_cli_print(cli, tusk_check_json(cli->args, &result));
	else
		tusk_check_print(stdout, cli->args, &result);
	if (!result.damaged_objects && !result.affected_paths)
		return TUSK_EXIT_OK;
	fflush(stdout);
	char objects[32], paths[32];
	tusk_text_count(result.damaged_objects, objects);
	tusk_text_count(result.affected_paths, paths);
	return tusk_report_fail(&cli->report, TUSK_E_CORRUPT, "check: %s is damaged: objects: %s, affected paths: %s",
				repository ? tusk_repository_url(repository) : tusk_cli_url(cli, &err), objects, paths);
}
