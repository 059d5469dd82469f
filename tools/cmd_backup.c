/* tusk backup: options, the run, and how it is told. */
#include "backup_text.h"
#include "cmd.h"
#include "nodes_text.h"
#include "problems.h"
#include "progress.h"
#include "signals.h"
#include "space.h"
#include "timearg.h"
#include "tusk/cleanup.h"
#include "tusk/sabotage.h"
#include "tusk/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TUSK_DEFINE_CLEANUP(struct tusk_filter, filter, tusk_filter_free)

struct job {
	struct tusk_cli *cli;
	struct tusk_progress progress;
	struct tusk_problems problems, rotten;
	struct tusk_display *display;
};

static void on_problem(void *context, enum tusk_problem problem, const char *path, int sys_errno)
{
	struct job *job = context;
	struct tusk_problems *list = problem == TUSK_PROBLEM_ROTTEN ? &job->rotten : &job->problems;
	tusk_problems_add(list, &job->cli->report, problem, path, sys_errno);
}

/* -v: what is new, changed or left out; -vv: everything. */
static void on_entry(void *context, char fate, const char *path, uint64_t size)
{
	struct job *job = context;
	if (job->cli->report.verbosity < 2 && (fate == 'U' || fate == 'D'))
		return;
	if (job->cli->report.json) {
		char word[2] = {fate, '\0'};
		struct tusk_json *json = tusk_json_new("file");
		tusk_json_text(json, "fate", word);
		tusk_json_text(json, "path", path);
		tusk_json_count(json, "size", size);
		tusk_json_print(json, stderr);
		return;
	}
	TUSK_AUTO_BUF struct tusk_buf escaped = {0};
	if (tusk_text_escape(&escaped, path, strlen(path)) == 0)
		tusk_display_log(job->display, "%c %s", fate, (const char *)escaped.data);
}

static int fill_filter(const struct tusk_args *args, struct tusk_filter *filter, struct tusk_err *err)
{
	const struct tusk_words *patterns = &args->values[TUSK_OPT_EXCLUDE].list;
	const struct tusk_words *files = &args->values[TUSK_OPT_EXCLUDE_FILE].list;
	const struct tusk_words *markers = &args->values[TUSK_OPT_EXCLUDE_IF_PRESENT].list;
	for (size_t i = 0; i < patterns->count; i++)
		if (tusk_filter_exclude(filter, patterns->items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < files->count; i++)
		if (tusk_filter_exclude_file(filter, files->items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < markers->count; i++)
		if (tusk_filter_exclude_if_present(filter, markers->items[i], err) < 0)
			return -1;
	if (tusk_args_has(args, TUSK_OPT_EXCLUDE_CACHES))
		tusk_filter_exclude_caches(filter);
	if (tusk_args_has(args, TUSK_OPT_EXCLUDE_LARGER_THAN))
		tusk_filter_exclude_larger_than(filter, args->values[TUSK_OPT_EXCLUDE_LARGER_THAN].number);
	if (tusk_args_has(args, TUSK_OPT_EXCLUDE_NODUMP))
		tusk_filter_exclude_nodump(filter);
	if (tusk_args_has(args, TUSK_OPT_ONE_FILE_SYSTEM))
		tusk_filter_one_file_system(filter);
	return 0;
}

/* What is stored: paths, standard input, or the output of a program. */
static int fill_source(const struct tusk_args *args, struct tusk_backup_options *options, struct tusk_err *err)
{
	const char *from_stdin = tusk_args_text(args, TUSK_OPT_STDIN);
	const char *from_command = tusk_args_text(args, TUSK_OPT_COMMAND);
	const struct tusk_words *words = &args->operands;
	if (from_stdin && from_command)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "backup: --stdin and --command do not go together");
	if (from_stdin && words->count)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "backup: --stdin takes no path, but there is \"%s\"",
				    words->items[0]);
	if (from_command && (!words->count || !args->dashes))
		return tusk_err_set(err, TUSK_E_USAGE, 0,
				    "backup: --command needs a program: --command NAME -- PROG ARG...");
	if (!from_stdin && !words->count)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "backup: no path is given");
	if (from_stdin && isatty(STDIN_FILENO))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "backup: --stdin, but standard input is a terminal");
	for (size_t i = 0; i < words->count; i++)
		if (!*words->items[i])
			return tusk_err_set(err, TUSK_E_USAGE, 0, "backup: an argument is empty");

	options->stream_name = from_stdin ? from_stdin : from_command;
	if (from_stdin) {
		options->stream_fd = STDIN_FILENO;
	} else if (from_command) {
		options->stream_command = words->items;
	} else {
		options->paths = words->items;
		options->path_count = words->count;
	}
	return 0;
}

static int fill_compression(const char *how, struct tusk_backup_options *options, struct tusk_err *err)
{
	static const struct {
		const char *name;
		enum tusk_compression compression;
	} names[] = {{"auto", TUSK_COMPRESSION_AUTO},
		     {"none", TUSK_COMPRESSION_NONE},
		     {"lz4", TUSK_COMPRESSION_LZ4},
		     {"zstd", TUSK_COMPRESSION_ZSTD}};
	static const char zstd[] = "zstd:";
	char *end = NULL;

	options->compression = TUSK_COMPRESSION_ZSTD;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!how || strcmp(how, names[i].name) == 0) {
			options->compression = names[i].compression;
			return 0;
		}
	}
	if (strncmp(how, zstd, strlen(zstd)) == 0 && how[strlen(zstd)] >= '1' && how[strlen(zstd)] <= '9') {
		unsigned long level = strtoul(how + strlen(zstd), &end, 10);
		options->compression_level = (unsigned)level;
		if (!*end && level <= TUSK_COMPRESSION_LEVEL_MAX)
			return 0;
	}
	return tusk_err_set(err, TUSK_E_USAGE, 0,
			    "--compression %s: there is auto, none, lz4, zstd, and zstd:1 to zstd:%d", how,
			    TUSK_COMPRESSION_LEVEL_MAX);
}

/* In millionths; 0: the option is absent. */
static uint32_t share_of(const struct tusk_args *args, enum tusk_opt opt)
{
	uint32_t share = (uint32_t)args->values[opt].number;
	return !tusk_args_has(args, opt) ? 0 : share ? share : 1000000;
}

static void words_release(struct tusk_words *words)
{
	free(words->items);
}

/* "KEY=TEXT" of the command line, split in texts that owner keeps. */
static int fill_provenance(const struct tusk_args *args, struct tusk_words *owner, struct tusk_buf *texts,
			   struct tusk_err *err)
{
	const struct tusk_words *given = &args->values[TUSK_OPT_PROVENANCE].list;
	owner->items = calloc(2 * given->count + 1, sizeof(*owner->items));
	for (size_t i = 0; i < given->count; i++)
		if (tusk_buf_append(texts, given->items[i], strlen(given->items[i]) + 1) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (!owner->items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	char *at = (char *)texts->data;
	for (size_t i = 0; i < given->count; i++) {
		char *equals = strchr(at, '=');
		if (!equals || equals == at)
			return tusk_err_set(err, TUSK_E_USAGE, 0, "backup: --provenance \"%s\" is not KEY=TEXT", at);
		*equals = '\0';
		owner->items[owner->count++] = at;
		owner->items[owner->count++] = equals + 1;
		at = equals + 1 + strlen(equals + 1) + 1;
	}
	return 0;
}

static int fill_options(const struct tusk_args *args, struct tusk_backup_options *options, struct tusk_err *err)
{
	*options = (struct tusk_backup_options){
	    .tags = args->values[TUSK_OPT_TAG].list.items,
	    .tag_count = args->values[TUSK_OPT_TAG].list.count,
	    .host = tusk_args_text(args, TUSK_OPT_HOST),
	    .source = tusk_args_text(args, TUSK_OPT_SOURCE),
	    .comment = tusk_args_text(args, TUSK_OPT_COMMENT),
	    .command_line = args->record.items,
	    .parent = tusk_args_text(args, TUSK_OPT_PARENT),
	    .force = tusk_args_has(args, TUSK_OPT_FORCE),
	    .verify_ppm = share_of(args, TUSK_OPT_VERIFY_UNCHANGED),
	    .dry_run = tusk_args_has(args, TUSK_OPT_DRY_RUN),
	    .threads = (unsigned)args->values[TUSK_OPT_THREADS].number,
	    .stream_fd = -1,
	};
	const char *time = tusk_args_text(args, TUSK_OPT_TIME);
	if (time && tusk_time_parse(time, &options->time, err) < 0)
		return -1;
	if (fill_compression(tusk_args_text(args, TUSK_OPT_COMPRESSION), options, err) < 0)
		return -1;
	return fill_source(args, options, err);
}

static void log_start(const struct tusk_cli *cli, const struct tusk_backup_options *options)
{
	if (!cli->report.json)
		return;
	struct tusk_json *json = tusk_json_new("start");
	tusk_json_text(json, "command", "backup");
	tusk_json_flag(json, "dry_run", options->dry_run);
	tusk_json_print(json, stderr);
}

static int run(struct job *job, struct tusk_repository *repository, struct tusk_backup_options *options,
	       struct tusk_backup_result *ret_result, struct tusk_err *err)
{
	struct tusk_progress_source source = {
	    .line = tusk_backup_line, .status = tusk_backup_status, .context = &job->progress};
	log_start(job->cli, options);
	if (tusk_display_start(job->cli, &source, &job->display, err) < 0)
		return -1;
	options->progress = &job->progress;
	options->on_problem = on_problem;
	options->on_entry = job->cli->report.verbosity ? on_entry : NULL;
	options->context = job;
	options->stop = tusk_signals_catch();
	int rc = tusk_backup_run(repository, options, ret_result, err);
	tusk_display_stop(job->display);
	job->display = NULL;
	return rc;
}

static int fail(struct job *job, const struct tusk_repository *repository, struct tusk_err *err)
{
	if (err->code == TUSK_E_INTERRUPTED)
		return tusk_report_fail(&job->cli->report, TUSK_E_INTERRUPTED,
					"backup interrupted: nothing was damaged, no snapshot was written");
	if (err->code == TUSK_E_FULL) {
		/* This client's index is on a disk of its own. */
		const char *state = tusk_repository_state_dir(repository);
		tusk_space_explain("backup", strstr(err->message, state) ? state : tusk_repository_url(repository),
				   err);
		size_t len = strlen(err->message);
		snprintf(err->message + len, sizeof(err->message) - len,
			 "; nothing was damaged, no snapshot was written");
	} else {
		tusk_err_prefix(err, "backup failed");
	}
	int status = tusk_cli_fail(job->cli, err);
	if (job->problems.kept && !job->cli->report.json && err->code != TUSK_E_SOURCE)
		tusk_problems_print(&job->problems, stderr);
	return status;
}

#define MASS_FILES_MIN 100

/* What a virus or a slip of the hand looks like: half of the files of the last snapshot changed or gone. */
static void warn_of_mass_change(const struct tusk_report *report, const struct tusk_backup_result *result)
{
	const struct tusk_counters *c = &result->counters;
	uint64_t touched = c->changed_files + result->removed_files, before = touched + c->unchanged_files;
	char text[32];
	if (!result->has_parent || before < MASS_FILES_MIN || touched < before - touched)
		return;
	tusk_text_count(before, text);
	tusk_report_warning(report, "%u %% of the %s files of the last snapshot were changed or removed",
			    (unsigned)(touched * 100 / before), text);
}

static void warn_of_loss(const struct tusk_report *report, const struct tusk_backup_result *result)
{
	char id[TUSK_ID_TEXT_SIZE];
	if (!result->has_lost)
		return;
	tusk_id_text(&result->lost, id);
	tusk_report_warning(report,
			    "snapshot %.8s, the last that was written from here, is not in this repository and was not "
			    "forgotten: this is an older copy, or it was lost",
			    id);
}

static int tell_rotten(struct job *job)
{
	char count[32];
	tusk_text_count(job->rotten.count, count);
	if (!job->cli->report.json) {
		fflush(stdout);
		fprintf(
		    stderr,
		    "tusk: %s %s changed without a new time: the disk may be failing; earlier snapshots have the old "
		    "content:\n",
		    count, job->rotten.count == 1 ? "file has" : "files have");
		tusk_problems_print(&job->rotten, stderr);
	}
	return TUSK_EXIT_DAMAGE;
}

static int tell(struct job *job, const struct tusk_backup_options *options, const struct tusk_backup_result *result)
{
	const struct tusk_report *report = &job->cli->report;
	uint64_t read = atomic_load(&job->progress.bytes_read);
	bool partial = !TUSK_SABOTAGED(partial_exit) && (result->counters.errors > 0 || job->problems.count > 0);
	if (report->json)
		tusk_cli_print(job->cli, tusk_backup_summary_json(result, options->dry_run, read));
	else
		tusk_backup_summary(stdout, result, options, read, report->quiet);
	warn_of_mass_change(report, result);
	warn_of_loss(report, result);
	int status = job->rotten.count ? tell_rotten(job) : TUSK_EXIT_OK;
	if (!partial)
		return status;
	if (status == TUSK_EXIT_OK)
		status = TUSK_EXIT_PARTIAL;
	if (report->json)
		return status;

	fflush(stdout);
	char id[TUSK_ID_TEXT_SIZE], count[32];
	tusk_id_text(&result->id, id);
	uint64_t errors = job->problems.count ? job->problems.count : result->counters.errors;
	tusk_text_count(errors, count);
	const char *noun = errors == 1 ? "file" : "files";
	if (options->dry_run)
		fprintf(stderr, "tusk: dry run: %s %s could not be read:\n", count, noun);
	else
		fprintf(stderr, "tusk: snapshot %.*s saved, but %s %s could not be read:\n", TUSK_SHORT_ID_LENGTH, id,
			count, noun);
	tusk_problems_print(&job->problems, stderr);
	return status;
}

static int backup(struct job *job, struct tusk_backup_options *options)
{
	struct tusk_err err = {0};
	struct tusk_cli *cli = job->cli;
	struct tusk_backup_result result;
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	TUSK_CLEANUP(filter_cleanup) struct tusk_filter *filter = NULL;
	if (tusk_filter_new(&filter, &err) < 0 || fill_filter(cli->args, filter, &err) < 0 ||
	    tusk_cli_open(cli, &repository, &err) < 0)
		return tusk_cli_fail(cli, &err);
	options->filter = filter;
	if (run(job, repository, options, &result, &err) < 0)
		return fail(job, repository, &err);
	int status = tell(job, options, &result), reached = TUSK_EXIT_OK;
	if (!options->dry_run)
		reached = tusk_nodes_tell_delivery(cli, repository);
	return reached > status ? reached : status;
}

int cmd_backup(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	struct tusk_backup_options options;
	TUSK_CLEANUP(words_release) struct tusk_words provenance = {0};
	TUSK_AUTO_BUF struct tusk_buf texts = {0};
	if (fill_options(cli->args, &options, &err) < 0 || fill_provenance(cli->args, &provenance, &texts, &err) < 0)
		return tusk_cli_fail(cli, &err);
	options.provenance = provenance.items;
	options.provenance_count = provenance.count;
	struct job job = {.cli = cli};
	int status = backup(&job, &options);
	tusk_problems_release(&job.problems);
	tusk_problems_release(&job.rotten);
	return status;
}
