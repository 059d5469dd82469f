/* tusk prune: giving back the space of what was forgotten. */
#include "prune_text.h"
#include "signals.h"
#include "stage.h"
#include "tusk/cleanup.h"
#include "tusk/text.h"

static void on_stage(void *context, const char *name, uint64_t done, uint64_t total)
{
	tusk_stage_set(context, name, done, total);
}

static void print_json(struct tusk_cli *cli, const struct tusk_prune_result *result, bool dry_run)
{
	struct tusk_json *json = tusk_json_new("summary");
	tusk_json_flag(json, "dry_run", dry_run);
	tusk_json_count(json, "packs", result->packs);
	tusk_json_count(json, "bytes", result->bytes);
	tusk_json_count(json, "unused_packs", result->unused_packs);
	tusk_json_count(json, "unused_bytes", result->unused_bytes);
	tusk_json_count(json, "repacked_packs", result->repacked_packs);
	tusk_json_count(json, "repacked_bytes", result->repacked_bytes);
	tusk_json_count(json, "written_bytes", result->written_bytes);
	tusk_json_count(json, "removed_packs", result->removed_packs);
	tusk_json_count(json, "removed_bytes", result->removed_bytes);
	tusk_json_count(json, "waiting_packs", result->waiting_packs);
	tusk_json_count(json, "waiting_bytes", result->waiting_bytes);
	tusk_json_count(json, "waiting_for", result->waiting_for);
	tusk_json_count(json, "wasted_bytes", result->wasted_bytes);
	tusk_json_count(json, "unreadable_packs", result->unreadable_packs);
	tusk_cli_print(cli, json);
}

static void print_packs(const char *what, uint64_t packs, uint64_t bytes)
{
	char count[32], size[16];
	tusk_text_count(packs, count);
	tusk_text_bytes(bytes, size);
	printf("%s %s %s, %s\n", what, count, packs == 1 ? "pack" : "packs", size);
}

static void print_text(const struct tusk_prune_result *result, bool dry_run)
{
	if (dry_run) {
		print_packs("would remove", result->unused_packs + result->waiting_packs + result->repacked_packs,
			    result->unused_bytes + result->waiting_bytes + result->repacked_bytes);
		if (result->repacked_packs)
			print_packs("  of them written anew, for what is used in them:", result->repacked_packs,
				    result->repacked_bytes);
		if (result->written_bytes)
			print_packs("would write", (result->written_bytes >> 25) + 1, result->written_bytes);
	} else {
		print_packs("removed", result->removed_packs, result->removed_bytes);
		if (result->repacked_packs)
			print_packs("written anew, for what is used in them:", result->repacked_packs,
				    result->repacked_bytes);
		if (result->waiting_packs)
			print_packs("left for a later prune:", result->waiting_packs, result->waiting_bytes);
	}
	if (result->waiting_for)
		printf("backups at work that may rely on them: %llu (--no-wait removes them all the same)\n",
		       (unsigned long long)result->waiting_for);
}

static int run(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_prune_options *options,
	       struct tusk_prune_result *ret_result, struct tusk_err *err)
{
	struct tusk_stage stage = TUSK_STAGE("");
	struct tusk_progress_source source = tusk_stage_source(&stage);
	TUSK_AUTO_DISPLAY struct tusk_display *display = NULL;
	if (tusk_display_start(cli, &source, &display, err) < 0)
		return -1;
	options->on_stage = on_stage;
	options->context = &stage;
	options->stop = tusk_signals_catch();
	return tusk_prune_run(repository, options, ret_result, err);
}

int tusk_cli_prune(struct tusk_cli *cli, struct tusk_repository *repository)
{
	struct tusk_err err = {0};
	struct tusk_prune_result result = {0};
	const struct tusk_args *args = cli->args;
	struct tusk_prune_options options = {.dry_run = tusk_args_has(args, TUSK_OPT_DRY_RUN),
					     .undelete = tusk_args_has(args, TUSK_OPT_UNDELETE),
					     .no_wait = tusk_args_has(args, TUSK_OPT_NO_WAIT),
					     .max_unused = 5};
	if (tusk_args_has(args, TUSK_OPT_MAX_UNUSED))
		options.max_unused = (unsigned)args->values[TUSK_OPT_MAX_UNUSED].number;
	if (options.max_unused > 100)
		return tusk_report_fail(&cli->report, TUSK_E_USAGE, "prune: --max-unused is a percentage, 0 to 100");
	if (options.undelete && options.dry_run)
		return tusk_report_fail(&cli->report, TUSK_E_USAGE,
					"prune: --undelete and --dry-run exclude each other");
	if (run(cli, repository, &options, &result, &err) < 0) {
		tusk_err_prefix(&err, "prune");
		return tusk_cli_fail(cli, &err);
	}
	if (cli->report.json)
		print_json(cli, &result, options.dry_run);
	else if (options.undelete)
		printf("packs that stay after all: %llu\n", (unsigned long long)result.waiting_packs);
	else
		print_text(&result, options.dry_run);
	if (result.unreadable_packs)
		tusk_report_warning(&cli->report, "packs that cannot be read, and stay: %llu; see: tusk check",
				    (unsigned long long)result.unreadable_packs);
	return TUSK_EXIT_OK;
}

int cmd_prune(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (tusk_cli_open(cli, &repository, &err) < 0)
		return tusk_cli_fail(cli, &err);
	return tusk_cli_prune(cli, repository);
}
