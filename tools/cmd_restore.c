/* tusk restore: options, the mount, the run, and how it is told. */
#include "cmd.h"
#include "privatemount.h"
#include "progress.h"
#include "restore.h"
#include "signals.h"
#include "snaparg.h"
#include "space.h"
#include "tusk/cleanup.h"
#include "tusk/clock.h"
#include "tusk/text.h"

#include <inttypes.h>
#include <string.h>

#define SHOWN_MAX 100

struct job {
	struct tusk_cli *cli;
	struct restore_counts counts;
	struct tusk_display *display;
	unsigned shown;
	uint64_t expected_bytes;
	char snapshot[TUSK_SHORT_ID_LENGTH + 1];
};

static void on_problem(void *context, const char *path, const struct tusk_err *why)
{
	struct job *job = context;
	TUSK_AUTO_BUF struct tusk_buf escaped = {0};

	if (job->cli->report.json) {
		struct tusk_json *json = tusk_json_new("warning");
		tusk_json_text(json, "problem", tusk_code_name(why->code));
		tusk_json_text(json, "path", path);
		tusk_json_text(json, "message", why->message);
		tusk_json_print(json, job->cli->report.log);
	} else if (job->shown++ < SHOWN_MAX && tusk_text_escape(&escaped, path, strlen(path)) == 0) {
		tusk_display_log(job->display, "tusk: not restored: %s: %s", (const char *)escaped.data, why->message);
	}
}

static void line(void *context, uint64_t elapsed_ms, char *ret_text, size_t size)
{
	struct job *job = context;
	char files[32], done[16], all[16], time[16];

	tusk_text_count(atomic_load(&job->counts.files), files);
	/* A file counts when it is proven; a large one should be seen to move before that. */
	uint64_t bytes = atomic_load(&job->counts.bytes), copied = atomic_load(&job->counts.copied);
	tusk_text_bytes(bytes > copied ? bytes : copied, done);
	tusk_text_bytes(job->expected_bytes, all);
	tusk_text_duration(elapsed_ms / 1000, time);
	snprintf(ret_text, size, "%s  restoring  %s files  %s of %s", time, files, done, all);
}

static void add_counts(const struct job *job, struct tusk_json *json)
{
	const struct restore_counts *counts = &job->counts;

	tusk_json_count(json, "files", atomic_load(&counts->files));
	tusk_json_count(json, "bytes", atomic_load(&counts->bytes));
	tusk_json_count(json, "written", atomic_load(&counts->written));
	tusk_json_count(json, "verified", atomic_load(&counts->verified));
	tusk_json_count(json, "dirs", atomic_load(&counts->dirs));
	tusk_json_count(json, "links", atomic_load(&counts->links));
	tusk_json_count(json, "others", atomic_load(&counts->others));
	tusk_json_count(json, "kept", atomic_load(&counts->kept));
	tusk_json_count(json, "deleted", atomic_load(&counts->deleted));
	tusk_json_count(json, "mismatches", atomic_load(&counts->mismatches));
	tusk_json_count(json, "problems", atomic_load(&counts->problems));
	tusk_json_count(json, "attributes_refused", atomic_load(&counts->attributes_refused));
	tusk_json_count(json, "owners_refused", atomic_load(&counts->owners_refused));
}

static void status_line(void *context, uint64_t elapsed_ms, struct tusk_json *json)
{
	tusk_json_count(json, "elapsed_ms", elapsed_ms);
	add_counts(context, json);
}

static const char *ending(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void tell_files(const struct restore_counts *counts)
{
	char files[32], dirs[32], links[32], others[32], bytes[16];
	uint64_t f = atomic_load(&counts->files), d = atomic_load(&counts->dirs), l = atomic_load(&counts->links),
		 o = atomic_load(&counts->others);

	tusk_text_count(f, files);
	tusk_text_count(d, dirs);
	tusk_text_count(l, links);
	tusk_text_count(o, others);
	tusk_text_bytes(atomic_load(&counts->bytes), bytes);
	printf("  files   %s (%s), %s folder%s, %s hard link%s, %s other%s\n", files, bytes, dirs, ending(d), links,
	       ending(l), others, ending(o));
}

/* What the user has to know although it is no problem. */
static void tell_notes(const struct restore_counts *counts)
{
	if (atomic_load(&counts->kept))
		printf("  kept    %" PRIuFAST64 " as they were\n", atomic_load(&counts->kept));
	if (atomic_load(&counts->deleted))
		printf("  deleted %" PRIuFAST64 " that the snapshot does not have\n", atomic_load(&counts->deleted));
	if (atomic_load(&counts->owners_refused))
		printf("  note    %" PRIuFAST64 " could not be given to their owners: they are yours, without their"
		       " set-user-ID bits\n",
		       atomic_load(&counts->owners_refused));
	if (atomic_load(&counts->attributes_refused))
		printf("  note    %" PRIuFAST64 " extended attributes were refused by the target\n",
		       atomic_load(&counts->attributes_refused));
	if (atomic_load(&counts->problems))
		printf("  PROBLEMS %" PRIuFAST64 ", of them damaged or not equal: %" PRIuFAST64 "\n",
		       atomic_load(&counts->problems), atomic_load(&counts->mismatches));
}

static void tell(const struct job *job, const struct restore_options *options, uint64_t elapsed_ms)
{
	const struct restore_counts *counts = &job->counts;
	uint64_t proven = atomic_load(&counts->verified), fresh = atomic_load(&counts->written);
	char verified[32], written[32], right[32], time[16];

	if (job->cli->report.quiet)
		return;
	tusk_text_count(proven, verified);
	tusk_text_count(fresh, written);
	tusk_text_count(proven > fresh ? proven - fresh : 0, right);
	tusk_text_duration(elapsed_ms / 1000, time);
	printf("%s snapshot %s to %s  %s\n", options->dry_run ? "would restore" : "restored", job->snapshot,
	       options->dest, time);
	tell_files(counts);
	if (!options->dry_run)
		printf("  proof   %s file%s read back, SHA-256 right: %s written, %s right already\n", verified,
		       ending(proven), written, right);
	tell_notes(counts);
}

static int finish(struct job *job, const struct restore_options *options, uint64_t elapsed_ms)
{
	if (job->cli->report.json) {
		struct tusk_json *json = tusk_json_new("summary");
		tusk_json_text(json, "command", "restore");
		tusk_json_text(json, "dest", options->dest);
		tusk_json_flag(json, "dry_run", options->dry_run);
		tusk_json_flag(json, "mount", options->source_fd >= 0);
		add_counts(job, json);
		tusk_json_count(json, "elapsed_ms", elapsed_ms);
		tusk_cli_print(job->cli, json);
	} else {
		tell(job, options, elapsed_ms);
	}
	if (atomic_load(&job->counts.mismatches))
		return TUSK_EXIT_DAMAGE;
	return atomic_load(&job->counts.problems) ? TUSK_EXIT_PARTIAL : TUSK_EXIT_OK;
}

/* The mount to copy out of; without one the reader in this process does the same work. */
static int open_mount(struct job *job, const struct tusk_session *session, const struct tusk_secret *secret,
		      struct tusk_private_mount *mount, struct tusk_err *err)
{
	const struct tusk_args *args = job->cli->args;
	const char *given = tusk_args_text(args, TUSK_OPT_FROM_MOUNT);
	const struct tusk_id *snapshot = &session->place.snapshot;

	if (given)
		return tusk_private_mount_use(given, snapshot, mount, err);
	if (tusk_args_has(args, TUSK_OPT_NO_MOUNT) || tusk_args_has(args, TUSK_OPT_DRY_RUN))
		return 0;
	if (tusk_private_mount_start(tusk_repository_url(session->repository), tusk_cli_only(job->cli), snapshot,
				     secret, mount, err) == 0)
		return 0;
	tusk_report_warning(&job->cli->report, "no mount (%s); reading the repository directly", err->message);
	tusk_err_clear(err);
	tusk_private_mount_end(mount);
	return 0;
}

static enum restore_overwrite policy(const char *word)
{
	if (word && strcmp(word, "if-changed") == 0)
		return RESTORE_IF_CHANGED;
	if (word && strcmp(word, "if-newer") == 0)
		return RESTORE_IF_NEWER;
	return word && strcmp(word, "never") == 0 ? RESTORE_NEVER : RESTORE_ALWAYS;
}

static int run(struct job *job, const struct tusk_session *session, struct restore_options *options,
	       struct tusk_err *err)
{
	struct tusk_progress_source source = {.line = line, .status = status_line, .context = job};

	job->expected_bytes = session->place.entry.type == TUSK_TYPE_DIRECTORY ? session->place.entry.subtree.bytes
									       : session->place.entry.size;
	if (tusk_display_start(job->cli, &source, &job->display, err))
		return -1;
	int result = restore_run(session->place.view, options, err);
	tusk_display_stop(job->display);
	job->display = NULL;
	return result;
}

int cmd_restore(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	const struct tusk_args *args = cli->args;
	TUSK_AUTO_SESSION struct tusk_session session = {0};
	TUSK_AUTO_SECRET struct tusk_secret secret = {0};
	TUSK_AUTO_PRIVATE_MOUNT struct tusk_private_mount mount = TUSK_PRIVATE_MOUNT_NONE;
	struct job job = {.cli = cli};

	cli->keep_secret = &secret;
	const atomic_bool *stop = tusk_signals_catch();
	if (tusk_session_open(cli, args->operands.items[0], &session, &err) ||
	    open_mount(&job, &session, &secret, &mount, &err))
		return tusk_cli_fail(cli, &err);
	struct restore_options options = {
	    .path = session.place.path,
	    .dest = args->operands.items[1],
	    .overwrite = policy(tusk_args_text(args, TUSK_OPT_OVERWRITE)),
	    .delete_extra = tusk_args_has(args, TUSK_OPT_DELETE),
	    .dry_run = tusk_args_has(args, TUSK_OPT_DRY_RUN),
	    .threads = (unsigned)args->values[TUSK_OPT_THREADS].number,
	    .source_fd = mount.fd,
	    .on_problem = on_problem,
	    .context = &job,
	    .stop = stop,
	    .counts = &job.counts,
	};
	int64_t started = tusk_now_ms();
	char id[TUSK_ID_TEXT_SIZE];
	tusk_id_text(&session.place.snapshot, id);
	snprintf(job.snapshot, sizeof(job.snapshot), "%.*s", TUSK_SHORT_ID_LENGTH, id);
	if (run(&job, &session, &options, &err)) {
		if (err.code == TUSK_E_FULL)
			tusk_space_explain("restore", options.dest, &err);
		else
			tusk_err_prefix(&err, "restore stopped");
		return tusk_cli_fail(cli, &err);
	}
	return finish(&job, &options, (uint64_t)(tusk_now_ms() - started));
}
