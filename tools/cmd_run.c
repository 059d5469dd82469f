/* tusk run: one run of a pipeline. Each step is a process of our own program (pipeline/jobs.c says why). */
#include "cmd.h"
#include "json.h"
#include "pipeline/members.h"
#include "pipeline/metrics.h"
#include "pipeline/output.h"
#include "pipeline/ping.h"
#include "pipeline/plan.h"
#include "pipeline/reality.h"
#include "pipeline/summary.h"
#include "progress.h"
#include "signals.h"

#include <string.h>

struct run {
	struct tusk_cli *cli;
	struct pipeline pipeline;
	struct pipeline_access access;
	struct pipeline_state state;
	struct pipeline_jobs jobs;
	bool *usable;
	int status;           /* the gravest so far */
	pthread_mutex_t lock; /* guards the line: the display's thread reads it */
	size_t finished;
	char doing[200];
};

static void release(struct run *run)
{
	free(run->usable);
	pipeline_jobs_release(&run->jobs);
	if (run->state.nodes)
		pipeline_state_release(&run->state);
	pipeline_access_release(&run->access);
	pipeline_release(&run->pipeline);
}

static void note_status(struct run *run, int status)
{
	run->status = pipeline_graver(run->status, status);
}

/* What a hook ends with, or a signal, means nothing but failure to those who read our exit status. */
static void note_job(struct run *run, const struct pipeline_job *job)
{
	if (job->status != PIPELINE_SKIPPED && job->status != 0)
		note_status(run, job->kind == PIPELINE_JOB_HOOK || job->status > 128 ? TUSK_EXIT_ERROR : job->status);
}

static void on_unusable(void *context, size_t node, const struct tusk_err *why)
{
	struct run *run = context;
	struct tusk_err err = *why;
	tusk_err_prefix(&err, "run: node %s", run->pipeline.nodes[node].name);
	if (err.code != TUSK_E_USAGE && err.code != TUSK_E_PASSWORD)
		err.code = TUSK_E_NODE;
	note_status(run, tusk_report_error(&run->cli->report, &err, NULL));
}

static int prepare(struct run *run, struct tusk_err *err)
{
	const struct pipeline *p = &run->pipeline;
	char folder[PATH_MAX];
	if (pipeline_state_folder(folder, sizeof(folder), err) < 0 ||
	    pipeline_state_open(p, folder, true, &run->state, err) < 0)
		return -1;
	pipeline_ping(run->cli, p, "/start", "");
	run->usable = calloc(p->node_count, sizeof(*run->usable));
	if (!run->usable)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t n = 0; n < p->node_count; n++) {
		const struct pipeline_node *node = &p->nodes[n];
		struct tusk_err why = {0};
		if (node->upstream != PIPELINE_NONE || (node->when_present && !pipeline_is_present(node)))
			continue;
		if (pipeline_members_join(&run->access, n, run->usable, on_unusable, run, &why) == 0)
			continue;
		/* Without a password, or without the only head, there is nothing to do. */
		size_t heads = 0;
		for (size_t i = 0; i < p->node_count; i++)
			heads += p->nodes[i].upstream == PIPELINE_NONE;
		if (heads == 1 || why.code == TUSK_E_PASSWORD) {
			*err = why;
			return -1;
		}
		on_unusable(run, n, &why);
	}
	return 0;
}

/* ---- while the jobs run ---- */

static void describe_running(struct run *run)
{
	char text[sizeof(run->doing)] = "";
	size_t used = 0, finished = 0;
	for (size_t i = 0; i < run->jobs.count; i++) {
		const struct pipeline_job *job = &run->jobs.items[i];
		finished += job->done;
		if (job->started && !job->done && used < sizeof(text))
			used +=
			    (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? ", " : "", job->title);
	}
	pthread_mutex_lock(&run->lock);
	run->finished = finished;
	memcpy(run->doing, text, sizeof(text));
	pthread_mutex_unlock(&run->lock);
}

/* A success is remembered at once, so that a run which is killed has not lost it. */
static void remember(struct run *run, const struct pipeline_job *job)
{
	struct tusk_err ignored = {0};
	if (job->node == PIPELINE_NONE)
		return;
	struct pipeline_node_state *node = &run->state.nodes[job->node];
	bool proof = job->kind == PIPELINE_JOB_CHECK || job->kind == PIPELINE_JOB_DRILL;
	uint64_t now = (uint64_t)time(NULL);
	run->state.failures += proof && job->status != 0 && job->status != PIPELINE_SKIPPED;
	if (!pipeline_job_succeeded(job))
		return;
	TUSK_AUTO_BUF struct tusk_buf out = {0};
	if (pipeline_job_output(job->out_fd, 65536, &out) < 0)
		return;
	const char *lines = (const char *)out.data;
	switch (job->kind) {
	case PIPELINE_JOB_SYNC:
	case PIPELINE_JOB_BACKUP:
		node->synced = now;
		break;
	case PIPELINE_JOB_CHECK:
		node->structure = now;
		if (tusk_json_find_count(lines, "summary", "packs_read"))
			node->data = now;
		break;
	case PIPELINE_JOB_DRILL:
		node->drill = now;
		node->drill_files = tusk_json_find_count(lines, "summary", "files");
		node->drill_ms = tusk_json_find_count(lines, "summary", "elapsed_ms");
		node->drill_bytes = tusk_json_find_count(lines, "summary", "bytes");
		break;
	case PIPELINE_JOB_HOOK:
	case PIPELINE_JOB_FORGET:
		return;
	}
	pipeline_state_save(&run->pipeline, &run->state, &ignored);
}

static void on_change(void *context, struct pipeline_job *job)
{
	struct run *run = context;
	if (job->done && job->kind == PIPELINE_JOB_BACKUP && pipeline_job_succeeded(job) &&
	    !pipeline_is_believed(&run->pipeline.sources[job->source], job))
		job->status = TUSK_EXIT_GOAL;
	if (job->done)
		remember(run, job);
	describe_running(run);
}

static void line(void *context, uint64_t elapsed_ms, char *ret_text, size_t size)
{
	struct run *run = context;
	pthread_mutex_lock(&run->lock);
	snprintf(ret_text, size, "%llu:%02llu  %zu/%zu steps  %s", (unsigned long long)(elapsed_ms / 60000),
		 (unsigned long long)(elapsed_ms / 1000 % 60), run->finished, run->jobs.count, run->doing);
	pthread_mutex_unlock(&run->lock);
}

static void status_json(void *context, uint64_t elapsed_ms, struct tusk_json *json)
{
	struct run *run = context;
	(void)elapsed_ms;
	pthread_mutex_lock(&run->lock);
	tusk_json_count(json, "done", run->finished);
	tusk_json_count(json, "total", run->jobs.count);
	tusk_json_text(json, "stage", run->doing);
	pthread_mutex_unlock(&run->lock);
}

static int run_jobs(struct run *run, struct tusk_err *err)
{
	char program[PATH_MAX], secret[64] = "";
	TUSK_AUTO_FD int secret_fd = -1;
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (len < 0)
		return tusk_err_set(err, TUSK_E_IO, 0, "cannot find this program: /proc is not mounted");
	program[len] = '\0';
	if (pipeline_secret_file(&run->access, &secret_fd, secret, sizeof(secret), err) < 0)
		return -1;
	struct pipeline_plan plan = {.pipeline = &run->pipeline,
				     .state = &run->state,
				     .program = program,
				     .secret_option = secret,
				     .usable = run->usable,
				     .now = run->state.run_began,
				     .jobs = &run->jobs};
	if (pipeline_plan_make(&plan, err) < 0)
		return -1;
	struct tusk_progress_source source = {.line = line, .status = status_json, .context = run};
	TUSK_AUTO_DISPLAY struct tusk_display *display = NULL;
	if (tusk_display_start(run->cli, &source, &display, err) < 0)
		return -1;
	const atomic_bool *stop = tusk_signals_catch();
	struct pipeline_jobs_watch watch = {.on_change = on_change, .context = run, .stop = stop, .keep_fd = secret_fd};
	int rc = pipeline_jobs_run(&run->jobs, &watch, err);
	for (size_t i = 0; i < run->jobs.count; i++)
		note_job(run, &run->jobs.items[i]);
	if (atomic_load(stop))
		note_status(run, TUSK_EXIT_INTERRUPTED);
	return rc;
}

/* ---- afterwards ---- */

static int write_metrics(struct run *run, struct tusk_err *err)
{
	PIPELINE_AUTO_SURVEY struct pipeline_survey survey = {0};
	PIPELINE_AUTO_OUTPUT struct pipeline_output output = {0};
	if (!run->pipeline.alert.metrics_file)
		return 0;
	if (pipeline_survey_make(&run->access, &survey, err) < 0 ||
	    pipeline_output_open(run->pipeline.alert.metrics_file, &output, err) < 0)
		return -1;
	pipeline_metrics_write(output.stream, &run->pipeline, &run->state, &survey);
	return pipeline_output_close(&output, err);
}

/* The commands that tell somebody, with what there is to tell in their environment. */
static void alarm_people(struct run *run)
{
	struct tusk_err err = {0};
	char status[16];
	PIPELINE_AUTO_JOBS struct pipeline_jobs jobs = {0};
	const struct tusk_words *hooks = &run->pipeline.alert.on_failure;
	snprintf(status, sizeof(status), "%d", run->status);
	for (size_t i = 0; run->status && i < hooks->count; i++) {
		struct pipeline_job *job = pipeline_jobs_add(&jobs, PIPELINE_JOB_HOOK, PIPELINE_AFTER_ALL);
		if (!job || pipeline_job_argue(job, "/bin/sh") < 0 || pipeline_job_argue(job, "-c") < 0 ||
		    pipeline_job_argue(job, hooks->items[i]) < 0 ||
		    pipeline_job_env(job, "TUSK_PIPELINE", run->pipeline.name) < 0 ||
		    pipeline_job_env(job, "TUSK_STATUS", status) < 0)
			return;
		snprintf(job->title, sizeof(job->title), "on-failure");
	}
	struct pipeline_jobs_watch watch = {.on_change = on_change, .context = run, .keep_fd = -1};
	if (pipeline_jobs_run(&jobs, &watch, &err) < 0)
		tusk_cli_note(run->cli, &err);
	for (size_t i = 0; i < jobs.count; i++)
		if (jobs.items[i].status != 0)
			tusk_report_warning(&run->cli->report, "run: on-failure: exit %d: %s", jobs.items[i].status,
					    hooks->items[i]);
}

static void ping_end(struct run *run)
{
	char part[16] = "", text[160];
	size_t good = 0;
	for (size_t i = 0; i < run->jobs.count; i++)
		good += pipeline_job_succeeded(&run->jobs.items[i]);
	if (run->status)
		snprintf(part, sizeof(part), "/%d", run->status);
	snprintf(text, sizeof(text), "%s: %zu steps succeeded, exit %d\n", run->pipeline.name, good, run->status);
	pipeline_ping(run->cli, &run->pipeline, part, text);
}

static int run_pipeline(struct run *run)
{
	struct tusk_err err = {0};
	struct tusk_cli *cli = run->cli;
	run->state.lock_fd = -1;
	if (pipeline_load(cli->args->operands.items[0], &run->pipeline, &err) < 0)
		return pipeline_fail(cli, &err);
	run->access = (struct pipeline_access){.pipeline = &run->pipeline, .cli = cli};
	uint64_t began = (uint64_t)time(NULL);
	if (prepare(run, &err) < 0) {
		tusk_err_prefix(&err, "run");
		run->status = tusk_cli_fail(cli, &err);
	} else {
		run->state.run_began = began;
		if (run_jobs(run, &err) < 0)
			note_status(run, tusk_cli_fail(cli, &err));
	}
	tusk_err_clear(&err);
	run->state.run_ended = (uint64_t)time(NULL);
	run->state.run_exit = (uint64_t)run->status;
	if (run->state.lock_fd >= 0 && (pipeline_state_save(&run->pipeline, &run->state, &err) < 0 ||
					(run->jobs.count && write_metrics(run, &err) < 0))) {
		tusk_err_prefix(&err, "run");
		note_status(run, tusk_cli_fail(cli, &err));
	}
	if (run->jobs.count)
		pipeline_summary(cli, &run->pipeline, &run->jobs, run->usable, run->status);
	alarm_people(run);
	/* Another run, if that holds the lock, tells of itself. */
	if (run->state.lock_fd >= 0)
		ping_end(run);
	return run->status;
}

int cmd_run(struct tusk_cli *cli)
{
	struct run run = {.cli = cli, .lock = PTHREAD_MUTEX_INITIALIZER};
	int status = run_pipeline(&run);
	release(&run);
	return status;
}
