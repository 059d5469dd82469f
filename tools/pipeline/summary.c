/* The summary of a run. */
#include "pipeline/summary.h"

#include "json.h"
#include "tusk/text.h"

#include <inttypes.h>
#include <string.h>

int pipeline_graver(int a, int b)
{
	static const int order[] = {TUSK_EXIT_OK,         TUSK_EXIT_PARTIAL,  TUSK_EXIT_GOAL,  TUSK_EXIT_NODE,
				    TUSK_EXIT_ERROR,      TUSK_EXIT_LOCKED,   TUSK_EXIT_USAGE, TUSK_EXIT_NO_REPOSITORY,
				    TUSK_EXIT_MOUNT,      TUSK_EXIT_PASSWORD, TUSK_EXIT_FULL,  TUSK_EXIT_DAMAGE,
				    TUSK_EXIT_INTERRUPTED};
	size_t rank[2] = {4, 4}; /* an unknown status is an error */
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		rank[0] = order[i] == a ? i : rank[0];
		rank[1] = order[i] == b ? i : rank[1];
	}
	return rank[1] > rank[0] ? b : a;
}

bool pipeline_is_believed(const struct pipeline_source *source, const struct pipeline_job *job)
{
	TUSK_AUTO_BUF struct tusk_buf out = {0};
	const struct pipeline_limits *limits = &source->require;
	if (pipeline_job_output(job->out_fd, 1u << 20, &out) < 0)
		return false;
	const char *lines = (const char *)out.data;
	uint64_t files = tusk_json_find_count(lines, "summary", "files");
	uint64_t bytes = tusk_json_find_count(lines, "summary", "bytes");
	uint64_t removed = tusk_json_find_count(lines, "summary", "removed_files");
	uint64_t before = files + removed - tusk_json_find_count(lines, "summary", "new_files");
	if (files < limits->min_files || bytes < limits->min_bytes)
		return false;
	return !limits->max_removed_percent || removed * 100 <= before * limits->max_removed_percent;
}

static void tell_backup(const char *lines, char *ret_text, size_t size)
{
	char id[80] = "", bytes[16], stored[16], files[32];
	uint64_t count = tusk_json_find_count(lines, "summary", "files");
	tusk_json_find(lines, "summary", "snapshot", id, sizeof(id));
	tusk_text_bytes(tusk_json_find_count(lines, "summary", "bytes"), bytes);
	tusk_text_bytes(tusk_json_find_count(lines, "summary", "stored_bytes"), stored);
	tusk_text_count(count, files);
	snprintf(ret_text, size, "snapshot %.*s, %s file%s, %s, %s stored", TUSK_SHORT_ID_LENGTH, id, files,
		 count == 1 ? "" : "s", bytes, stored);
}

static void tell_sync(const char *lines, char *ret_text, size_t size)
{
	uint64_t snapshots = tusk_json_find_count(lines, "synced", "snapshots");
	uint64_t sent = tusk_json_find_count(lines, "synced", "bytes");
	char bytes[16];
	tusk_text_bytes(sent, bytes);
	if (!snapshots && !sent)
		snprintf(ret_text, size, "has everything");
	else
		snprintf(ret_text, size, "%" PRIu64 " snapshot%s, %s sent", snapshots, snapshots == 1 ? "" : "s",
			 bytes);
}

static void tell_proof(const struct pipeline_job *job, const char *lines, char *ret_text, size_t size)
{
	char bytes[16];
	uint64_t read = tusk_json_find_count(lines, "summary", "bytes_read");
	if (job->kind == PIPELINE_JOB_DRILL) {
		tusk_text_bytes(tusk_json_find_count(lines, "summary", "bytes"), bytes);
		snprintf(ret_text, size, "%" PRIu64 " files, %s restored and equal",
			 tusk_json_find_count(lines, "summary", "files"), bytes);
		return;
	}
	tusk_text_bytes(read, bytes);
	snprintf(ret_text, size, "no damage, %s read", bytes);
}

/* The last line that is not empty. */
static void last_line(const char *text, char *ret_text, size_t size)
{
	size_t len = strlen(text);
	while (len && text[len - 1] == '\n')
		len--;
	size_t start = len;
	while (start && text[start - 1] != '\n')
		start--;
	snprintf(ret_text, size, "%.*s", (int)(len - start), text + start);
}

static void tell_failure(const struct pipeline_job *job, char *ret_text, size_t size)
{
	TUSK_AUTO_BUF struct tusk_buf errors = {0};
	char message[600] = "";
	if (job->status == PIPELINE_SKIPPED) {
		snprintf(ret_text, size, "not done");
		return;
	}
	if (job->status == TUSK_EXIT_GOAL && job->kind == PIPELINE_JOB_BACKUP) {
		snprintf(ret_text, size, "saved, but it has less than the source requires; nothing is forgotten");
		return;
	}
	if (pipeline_job_output(job->err_fd, 65536, &errors) == 0 &&
	    !tusk_json_find((const char *)errors.data, "error", "message", message, sizeof(message)))
		last_line((const char *)errors.data, message, sizeof(message));
	snprintf(ret_text, size, "exit %d%s%s", job->status, *message ? ": " : "", message);
}

static void describe(const struct pipeline_job *job, char *ret_text, size_t size)
{
	TUSK_AUTO_BUF struct tusk_buf out = {0};
	ret_text[0] = '\0';
	if (!pipeline_job_succeeded(job)) {
		tell_failure(job, ret_text, size);
		return;
	}
	if (pipeline_job_output(job->out_fd, 1u << 20, &out) < 0)
		return;
	const char *lines = (const char *)out.data;
	switch (job->kind) {
	case PIPELINE_JOB_BACKUP:
		tell_backup(lines, ret_text, size);
		break;
	case PIPELINE_JOB_SYNC:
		tell_sync(lines, ret_text, size);
		break;
	case PIPELINE_JOB_CHECK:
	case PIPELINE_JOB_DRILL:
		tell_proof(job, lines, ret_text, size);
		break;
	case PIPELINE_JOB_FORGET:
		snprintf(ret_text, size, "%" PRIu64 " forgotten", tusk_json_matches(lines, "forget", "keep", "false"));
		break;
	case PIPELINE_JOB_HOOK:
		snprintf(ret_text, size, "done");
		break;
	}
	if (job->status == TUSK_EXIT_PARTIAL) {
		size_t used = strlen(ret_text);
		snprintf(ret_text + used, size - used, "; something could not be read");
	}
}

/* A job that is only there for failures is no step when nothing failed. */
static bool is_silent(const struct pipeline_job *job)
{
	return job->when == PIPELINE_AFTER_FAILURE && job->status == PIPELINE_SKIPPED;
}

static void print_json(struct tusk_cli *cli, const struct pipeline_job *job, const char *text)
{
	struct tusk_json *json = tusk_json_new("step");
	tusk_json_text(json, "step", job->title);
	tusk_json_integer(json, "exit", job->status);
	tusk_json_count(json, "elapsed_ms", job->started ? job->elapsed_ms : 0);
	tusk_json_text(json, "message", text);
	tusk_cli_print(cli, json);
}

static void print_text(const struct pipeline_job *job, const char *text)
{
	bool good = pipeline_job_succeeded(job);
	char time[16];
	tusk_text_duration(job->elapsed_ms / 1000, time);
	printf("  %-28s %s", job->title, good || job->status == PIPELINE_SKIPPED ? "" : "FAILED: ");
	tusk_report_print_safe(stdout, text);
	if (good && job->elapsed_ms >= 1000)
		printf("  (%s)", time);
	putchar('\n');
}

static void print_absent(const struct pipeline *p, const bool *usable)
{
	for (size_t n = 0; n < p->node_count; n++)
		if (!usable[n])
			printf("  %-28s %s\n", p->nodes[n].name,
			       p->nodes[n].when_present ? "not there" : "FAILED: not usable, see above");
}

void pipeline_summary(struct tusk_cli *cli, const struct pipeline *p, const struct pipeline_jobs *jobs,
		      const bool *usable, int status)
{
	size_t good = 0, count = 0;
	if (!cli->report.json && !cli->report.quiet)
		printf("pipeline %s\n", p->name);
	for (size_t i = 0; i < jobs->count; i++) {
		const struct pipeline_job *job = &jobs->items[i];
		char text[700];
		if (is_silent(job))
			continue;
		count++;
		good += pipeline_job_succeeded(job);
		describe(job, text, sizeof(text));
		if (cli->report.json)
			print_json(cli, job, text);
		else if (!cli->report.quiet || !pipeline_job_succeeded(job))
			print_text(job, text);
	}
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("summary");
		tusk_json_text(json, "command", "run");
		tusk_json_text(json, "pipeline", p->name);
		tusk_json_count(json, "steps", count);
		tusk_json_count(json, "steps_good", good);
		tusk_json_integer(json, "exit", status);
		tusk_cli_print(cli, json);
		return;
	}
	if (!cli->report.quiet)
		print_absent(p, usable);
	printf("%s: %zu of %zu steps done%s\n", p->name, good, count, status ? "" : ", all is well");
}
