/* tusk verify: compares a folder with a snapshot and lists every difference. */
#include "cmd.h"
#include "json.h"
#include "progress.h"
#include "signals.h"
#include "snaparg.h"
#include "tusk/text.h"
#include "verify.h"

#include <string.h>

struct job {
	struct tusk_cli *cli;
	struct tusk_display *display;
	struct verify_counts counts;
	uint64_t expected_bytes;
};

static void on_difference(void *context, const char *path, const char *what, const char *snapshot, const char *copy)
{
	struct job *job = context;
	TUSK_AUTO_BUF struct tusk_buf escaped = {0};

	tusk_display_hold(job->display);
	if (job->cli->report.json) {
		struct tusk_json *json = tusk_json_new("difference");
		tusk_json_text(json, "path", path);
		tusk_json_text(json, "what", what);
		tusk_json_text(json, "snapshot", snapshot);
		tusk_json_text(json, "copy", copy);
		tusk_cli_print(job->cli, json);
	} else if (tusk_text_escape(&escaped, path, strlen(path)) == 0) {
		printf("%s: %s: snapshot %s, here %s\n", (const char *)escaped.data, what, snapshot, copy);
	}
	tusk_display_resume(job->display);
}

static void line(void *context, uint64_t elapsed_ms, char *ret_text, size_t size)
{
	struct job *job = context;
	char files[32], done[16], all[16], time[16];

	tusk_text_count(atomic_load(&job->counts.files), files);
	tusk_text_bytes(atomic_load(&job->counts.bytes), done);
	tusk_text_bytes(job->expected_bytes, all);
	tusk_text_duration(elapsed_ms / 1000, time);
	snprintf(ret_text, size, "%s  comparing  %s files  %s of %s", time, files, done, all);
}

static void status(void *context, uint64_t elapsed_ms, struct tusk_json *json)
{
	struct job *job = context;

	(void)elapsed_ms;
	tusk_json_count(json, "entries", atomic_load(&job->counts.entries));
	tusk_json_count(json, "files", atomic_load(&job->counts.files));
	tusk_json_count(json, "bytes", atomic_load(&job->counts.bytes));
	tusk_json_count(json, "bytes_expected", job->expected_bytes);
	tusk_json_count(json, "differences", atomic_load(&job->counts.differences));
}

static void tell(struct tusk_cli *cli, const struct verify_counts *counts)
{
	char entries[32], files[32], bytes[16], differences[32];

	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("summary");
		tusk_json_text(json, "command", "verify");
		tusk_json_count(json, "entries", counts->entries);
		tusk_json_count(json, "files", counts->files);
		tusk_json_count(json, "bytes", counts->bytes);
		tusk_json_count(json, "differences", counts->differences);
		tusk_cli_print(cli, json);
		return;
	}
	tusk_text_count(counts->entries, entries);
	tusk_text_count(counts->files, files);
	tusk_text_bytes(counts->bytes, bytes);
	tusk_text_count(counts->differences, differences);
	if (counts->differences)
		printf("%s differences in %s entries\n", differences, entries);
	else if (!cli->report.quiet)
		printf("no difference: %s entries, %s files read and hashed (%s)\n", entries, files, bytes);
}

static int run(struct job *job, struct tusk_session *session, struct tusk_err *err)
{
	struct tusk_progress_source source = {.line = line, .status = status, .context = job};
	struct verify_options options = {
	    .path = session->place.path,
	    .dir = job->cli->args->operands.items[1],
	    .on_difference = on_difference,
	    .context = job,
	    .stop = tusk_signals_catch(),
	};

	job->expected_bytes = session->place.entry.type == TUSK_TYPE_DIRECTORY ? session->place.entry.subtree.bytes
									       : session->place.entry.size;
	if (tusk_display_start(job->cli, &source, &job->display, err) < 0)
		return -1;
	int rc = verify_run(session->place.view, &options, &job->counts, err);
	tusk_display_stop(job->display);
	job->display = NULL;
	return rc;
}

int cmd_verify(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	TUSK_AUTO_SESSION struct tusk_session session = {0};
	struct job job = {.cli = cli};

	if (tusk_session_open(cli, cli->args->operands.items[0], &session, &err))
		return tusk_cli_fail(cli, &err);
	if (run(&job, &session, &err)) {
		tusk_err_prefix(&err, "verify stopped");
		return tusk_cli_fail(cli, &err);
	}
	tell(cli, &job.counts);
	return job.counts.differences ? TUSK_EXIT_DAMAGE : TUSK_EXIT_OK;
}
