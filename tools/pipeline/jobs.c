/* Child processes in an order. Each is one of our own commands or a hook: what goes wrong in one edge of the flow ends
 * that edge and nothing else, and each has its own environment, output and signal handlers. */
#include "pipeline/jobs.h"

#include "report.h"
#include "tusk/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static void free_words(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

void pipeline_jobs_release(struct pipeline_jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		struct pipeline_job *job = &jobs->items[i];
		free_words(job->argv);
		free_words(job->environment);
		free(job->needs);
		tusk_fd_cleanup(&job->out_fd);
		tusk_fd_cleanup(&job->err_fd);
	}
	free(jobs->items);
	*jobs = (struct pipeline_jobs){0};
}

struct pipeline_job *pipeline_jobs_add(struct pipeline_jobs *jobs, enum pipeline_job_kind kind, enum pipeline_when when)
{
	if (jobs->count == jobs->capacity) {
		size_t capacity = jobs->capacity ? 2 * jobs->capacity : 16;
		struct pipeline_job *items = reallocarray(jobs->items, capacity, sizeof(*items));
		if (!items)
			return NULL;
		jobs->items = items;
		jobs->capacity = capacity;
	}
	struct pipeline_job *job = &jobs->items[jobs->count++];
	*job = (struct pipeline_job){
	    .kind = kind, .when = when, .source = PIPELINE_NONE, .node = PIPELINE_NONE, .out_fd = -1, .err_fd = -1};
	return job;
}

static int append(char ***words, char *text)
{
	size_t count = 0;
	while (*words && (*words)[count])
		count++;
	char **longer = text ? reallocarray(*words, count + 2, sizeof(**words)) : NULL;
	if (!longer) {
		free(text);
		return -1;
	}
	longer[count] = text;
	longer[count + 1] = NULL;
	*words = longer;
	return 0;
}

int pipeline_job_argue(struct pipeline_job *job, const char *word)
{
	return append(&job->argv, strdup(word));
}

int pipeline_job_env(struct pipeline_job *job, const char *name, const char *value)
{
	char *text = NULL;
	if (asprintf(&text, "%s=%s", name, value) < 0)
		return -1;
	return append(&job->environment, text);
}

int pipeline_job_need(struct pipeline_job *job, size_t number, bool order_only)
{
	struct pipeline_need *needs = reallocarray(job->needs, job->need_count + 1, sizeof(*needs));
	if (!needs)
		return -1;
	job->needs = needs;
	needs[job->need_count++] = (struct pipeline_need){number, order_only};
	return 0;
}

bool pipeline_job_succeeded(const struct pipeline_job *job)
{
	return job->done && (job->status == 0 || job->status == 3);
}

/* ---- one job ---- */

/* After fork: only calls that are safe there. */
static void become(const struct pipeline_job *job, char **environment, int keep_fd, pid_t parent)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	/* Ctrl-C on the terminal reaches us, and we end the jobs in good order. */
	setpgid(0, 0);
	int null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(job->out_fd, STDOUT_FILENO) < 0 ||
	    dup2(job->err_fd, STDERR_FILENO) < 0)
		_exit(127);
	if (keep_fd >= 0)
		fcntl(keep_fd, F_SETFD, 0);
	execve(job->argv[0], job->argv, environment);
	_exit(127);
}

/* Our environment with the job's own before it: the first of two counts. */
static char **make_environment(const struct pipeline_job *job)
{
	size_t own = 0, ours = 0;
	while (job->environment && job->environment[own])
		own++;
	while (environ[ours])
		ours++;
	char **all = calloc(own + ours + 1, sizeof(*all));
	if (!all)
		return NULL;
	for (size_t i = 0; i < own; i++)
		all[i] = job->environment[i];
	size_t count = own;
	for (size_t i = 0; i < ours; i++) {
		size_t name = strcspn(environ[i], "=") + 1;
		bool replaced = false;
		for (size_t j = 0; j < own; j++)
			replaced = replaced || strncmp(environ[i], job->environment[j], name) == 0;
		if (!replaced)
			all[count++] = environ[i];
	}
	return all;
}

static int start(struct pipeline_job *job, int keep_fd, struct tusk_err *err)
{
	TUSK_AUTO_FREE char **environment = make_environment(job);
	job->out_fd = memfd_create("tusk-out", MFD_CLOEXEC);
	job->err_fd = memfd_create("tusk-err", MFD_CLOEXEC);
	if (!environment || job->out_fd < 0 || job->err_fd < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	/* Both ends append, so that a program and its children do not write over each other. */
	fcntl(job->out_fd, F_SETFL, O_APPEND);
	fcntl(job->err_fd, F_SETFL, O_APPEND);
	pid_t parent = getpid();
	job->started = true;
	job->elapsed_ms = (uint64_t)tusk_now_ms();
	job->pid = fork();
	if (job->pid < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot start %s", job->title);
	if (job->pid == 0)
		become(job, environment, keep_fd, parent);
	return 0;
}

/* ---- all of them ---- */

static bool may_start(const struct pipeline_jobs *jobs, const struct pipeline_job *job, bool *ret_skip)
{
	bool all_done = true, good = true, away = false;
	for (size_t i = 0; i < job->need_count; i++) {
		const struct pipeline_job *before = &jobs->items[job->needs[i].number];
		all_done = all_done && before->done;
		if (job->needs[i].order_only)
			continue;
		good = good && pipeline_job_succeeded(before);
		away = away || (before->done && before->status == TUSK_EXIT_NODE);
	}
	bool fits = job->when == PIPELINE_AFTER_ALL || (job->when == PIPELINE_AFTER_SUCCESS && good) ||
		    (job->when == PIPELINE_UNLESS_AWAY && !away) || (job->when == PIPELINE_AFTER_FAILURE && !good);
	*ret_skip = all_done && !fits;
	return all_done && fits;
}

/* Starts what can be started and skips what cannot; a skipped job may decide others, so until nothing changes. */
static int advance(struct pipeline_jobs *jobs, const struct pipeline_jobs_watch *watch, size_t *running,
		   struct tusk_err *err)
{
	bool changed, stop = watch->stop && atomic_load(watch->stop);
	do {
		changed = false;
		for (size_t i = 0; i < jobs->count; i++) {
			struct pipeline_job *job = &jobs->items[i];
			bool skip = false;
			if (job->started || job->done)
				continue;
			bool ready = may_start(jobs, job, &skip);
			if (skip || stop) {
				job->done = changed = true;
				job->status = PIPELINE_SKIPPED;
			} else if (ready && *running < PIPELINE_PARALLEL_MAX) {
				if (start(job, watch->keep_fd, err) < 0)
					return -1;
				changed = true;
				++*running;
			} else {
				continue;
			}
			watch->on_change(watch->context, job);
		}
	} while (changed);
	return 0;
}

static void ask_to_end(struct pipeline_jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->items[i].started && !jobs->items[i].done && jobs->items[i].pid > 0)
			kill(jobs->items[i].pid, SIGTERM);
}

static void collect(struct pipeline_jobs *jobs, const struct pipeline_jobs_watch *watch, size_t *running)
{
	for (size_t i = 0; i < jobs->count; i++) {
		struct pipeline_job *job = &jobs->items[i];
		int status;
		if (!job->started || job->done || waitpid(job->pid, &status, WNOHANG) != job->pid)
			continue;
		job->done = true;
		job->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		job->elapsed_ms = (uint64_t)tusk_now_ms() - job->elapsed_ms;
		--*running;
		watch->on_change(watch->context, job);
	}
}

/* Waits for the end of a child, a signal, or a moment: SIGCHLD may come before the wait begins. */
static void wait_a_moment(void)
{
	sigset_t chld;
	const struct timespec moment = {.tv_nsec = 100000000};
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigtimedwait(&chld, NULL, &moment);
}

int pipeline_jobs_run(struct pipeline_jobs *jobs, const struct pipeline_jobs_watch *watch, struct tusk_err *err)
{
	size_t running = 0;
	bool asked = false;
	sigset_t chld, before;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &chld, &before);
	int rc = advance(jobs, watch, &running, err);
	while (running) {
		if (!asked && (rc < 0 || (watch->stop && atomic_load(watch->stop)))) {
			asked = true;
			ask_to_end(jobs);
		}
		wait_a_moment();
		collect(jobs, watch, &running);
		if (rc == 0)
			rc = advance(jobs, watch, &running, err);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

int pipeline_job_output(int fd, size_t max, struct tusk_buf *ret_text)
{
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	if (size < 0)
		size = 0;
	off_t from = (size_t)size > max ? size - (off_t)max : 0;
	if (tusk_buf_reserve(ret_text, (size_t)(size - from) + 1) < 0)
		return -1;
	ssize_t got = size > from ? pread(fd, ret_text->data + ret_text->len, (size_t)(size - from), from) : 0;
	if (got < 0)
		return -1;
	ret_text->len += (size_t)got;
	ret_text->data[ret_text->len] = '\0';
	return 0;
}
