/* tusk_backup_run: what is needed before the walk, and what follows it. */
#include "claims.h"
#include "dirjob.h"
#include "links.h"
#include "metadata.h"
#include "nodeset.h"
#include "paths.h"
#include "queue.h"
#include "sample.h"
#include "writers.h"

#include "filter_match.h"
#include "tusk/sabotage.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#define RACY_NS     20000000 /* more than a tick of the slowest kernel: the granularity of ctime */
#define FILES_MAX   65536
#define DIRS_MAX    4096
#define DIRS_MIN    64
#define FILES_OWN   256 /* descriptors for everything but directories */
#define THREADS_MAX 64
#define REPEATS     3 /* when prune takes away what a backup relies on */

/* One run: what is made for it, in the order of making. */
struct run {
	struct tusk_ingest ingest;
	struct tusk_plan *plan;
	struct tusk_strings paths;
	char host[256];
	struct timespec time;
	struct tusk_snapshot_list snapshots;
	const struct tusk_snapshot *parent; /* one of them */
	struct tusk_workers *workers;
	pid_t command; /* 0: none */
	int command_fd;
	bool is_second; /* prune took something away that the first run relied on: now everything is read */
};

/* ---- before ---- */

static void report_missing(void *context, const char *path, int sys_errno)
{
	struct tusk_ingest *ingest = context;
	bool gone = sys_errno == ENOENT || sys_errno == ENOTDIR;
	tusk_ingest_problem_path(ingest, gone ? TUSK_PROBLEM_VANISHED : TUSK_PROBLEM_UNREADABLE, path, sys_errno);
}

static int check_stream(struct run *run, struct tusk_err *err)
{
	const char *name = run->ingest.options->stream_name;
	size_t len = strlen(name);
	if (len == 0 || len > TUSK_NAME_MAX || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "\"%s\" is not a file name", name);
	char path[TUSK_NAME_MAX + 2] = "/";
	memcpy(path + 1, name, len + 1);
	if (tusk_strings_add(&run->paths, path) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

static int find_source(struct run *run, struct tusk_err *err)
{
	const struct tusk_backup_options *options = run->ingest.options;
	if (options->stream_name)
		return check_stream(run, err);
	struct tusk_plan_options wanted = {.paths = options->paths,
					   .count = options->path_count,
					   .keep_mounts = tusk_filter_stays_on_device(options->filter),
					   .missing = report_missing,
					   .context = &run->ingest};
	return tusk_plan_make(&wanted, &run->plan, &run->paths, err);
}

static bool same_paths(const struct tusk_strings *a, const struct tusk_strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static const struct tusk_snapshot *newest_alike(const struct run *run)
{
	for (size_t i = run->snapshots.count; i-- > 0;) {
		const struct tusk_snapshot *snapshot = &run->snapshots.items[i];
		if (strcmp(snapshot->host, run->host) == 0 && same_paths(&snapshot->paths, &run->paths))
			return snapshot;
	}
	return NULL;
}

/* A file that changed while or just after the parent snapshot read it may have changed twice within one tick of ctime:
 * what has a ctime from the start of that backup on is read again, whatever its entry says. (git's "racily clean"
 * entries.) */
static struct timespec racy_from(const struct tusk_snapshot *parent)
{
	struct timespec from = parent->time, end = parent->end_time;
	if (end.tv_sec < from.tv_sec || (end.tv_sec == from.tv_sec && end.tv_nsec < from.tv_nsec))
		from = end;
	from.tv_nsec -= RACY_NS;
	if (from.tv_nsec < 0) {
		from.tv_nsec += 1000000000;
		from.tv_sec--;
	}
	return from;
}

static int find_parent(struct run *run, struct tusk_err *err)
{
	struct tusk_ingest *ingest = &run->ingest;
	const char *name = ingest->options->parent;
	if ((name && !*name) || run->is_second)
		return 0;
	if (tusk_snapshot_list_load(ingest->repository, NULL, NULL, &run->snapshots, err) < 0)
		return -1;
	if (name && tusk_snapshot_find(&run->snapshots, name, &run->parent, err) < 0)
		return -1;
	if (!name)
		run->parent = newest_alike(run);
	if (!run->parent)
		return 0;
	if (ingest->session && tusk_session_protect(ingest->session, &run->parent->root.id, err) < 0)
		return -1;
	atomic_store(&ingest->progress->files_expected, run->parent->counters.files);
	atomic_store(&ingest->progress->bytes_expected, run->parent->counters.bytes);
	ingest->racy = racy_from(run->parent);
	tusk_sample_choose(ingest, run->parent);
	if (ingest->options->stream_name)
		return 0;
	return tusk_view_open(ingest->repository, run->parent, &ingest->parent, err);
}

/* After the index was synced. An index that cannot say is not trusted. */
static void find_doubt(struct run *run)
{
	struct tusk_ingest *ingest = &run->ingest;
	const struct tusk_id *parent = run->parent ? &run->parent->id : NULL;
	bool is_settled = false;
	if (tusk_index_doubt(ingest->repository->index, parent, &ingest->doubt, &is_settled, NULL) < 0)
		is_settled = false;
	ingest->distrusts = !is_settled;
}

static int find_host_and_time(struct run *run, struct tusk_err *err)
{
	const struct tusk_backup_options *options = run->ingest.options;
	if (options->host)
		snprintf(run->host, sizeof run->host, "%s", options->host);
	else if (gethostname(run->host, sizeof run->host - 1) < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot find the name of this host");
	run->time = options->time;
	if (run->time.tv_sec == 0 && run->time.tv_nsec == 0)
		clock_gettime(CLOCK_REALTIME, &run->time);
	return 0;
}

/* ---- the machinery ---- */

static unsigned choose_threads(const struct tusk_backup_options *options)
{
	cpu_set_t set;
	unsigned count = options->threads;
	if (count == 0)
		count = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
	return count < THREADS_MAX ? count : THREADS_MAX;
}

/* Directories on their way hold a descriptor each: as many as the system lets us have. */
static size_t choose_dirs(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return DIRS_MIN;
	rlim_t wanted = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
	if (limit.rlim_cur < wanted) {
		rlim_t before = limit.rlim_cur;
		limit.rlim_cur = wanted;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			limit.rlim_cur = before;
	}
	/* The walker's own stack takes up to TUSK_DEPTH_MAX of them. */
	rlim_t used = FILES_OWN + TUSK_DEPTH_MAX;
	size_t left = limit.rlim_cur > used ? (size_t)(limit.rlim_cur - used) : DIRS_MIN;
	return left < DIRS_MAX ? left : DIRS_MAX;
}

static int make_chunker(struct tusk_ingest *ingest, struct tusk_err *err)
{
	uint64_t gear[256];
	const struct tusk_parameters *parameters = &ingest->repository->parameters;
	if (tusk_gear_table(ingest->repository->keys.cdc, gear, err) < 0)
		return -1;
	tusk_chunker_init(&ingest->chunker, gear, parameters->chunk_min, parameters->chunk_average,
			  parameters->chunk_max);
	return 0;
}

static int start_machinery(struct run *run, struct tusk_err *err)
{
	struct tusk_ingest *ingest = &run->ingest;
	unsigned threads = choose_threads(ingest->options);
	if (make_chunker(ingest, err) < 0)
		return -1;
	ingest->claims = tusk_claims_new();
	ingest->items = tusk_items_new(choose_dirs());
	ingest->links = tusk_links_new();
	ingest->accounts = tusk_accounts_new();
	ingest->boxes = tusk_boxes_new();
	ingest->queue = tusk_queue_new(ingest, threads);
	if (!ingest->claims || !ingest->items || !ingest->links || !ingest->accounts || !ingest->boxes ||
	    !ingest->queue)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (!ingest->options->dry_run && tusk_writers_start(ingest, &ingest->writers, err) < 0)
		return -1;
	return tusk_workers_start(ingest, threads, &run->workers, err);
}

/* Joins all threads and frees what they used. */
static void stop_machinery(struct run *run)
{
	struct tusk_ingest *ingest = &run->ingest;
	if (ingest->queue)
		tusk_queue_close(ingest->queue);
	tusk_workers_join(TUSK_STEAL(run->workers));
	tusk_writers_free(TUSK_STEAL(ingest->writers));
	tusk_dirjob_free_all(ingest);
	tusk_queue_free(TUSK_STEAL(ingest->queue));
	tusk_items_free(TUSK_STEAL(ingest->items));
	tusk_links_free(TUSK_STEAL(ingest->links));
	tusk_boxes_free(TUSK_STEAL(ingest->boxes));
	tusk_accounts_free(TUSK_STEAL(ingest->accounts));
	tusk_claims_free(TUSK_STEAL(ingest->claims));
}

/* ---- the run ---- */

static int start_stream(struct run *run, struct tusk_err *err)
{
	const struct tusk_backup_options *options = run->ingest.options;
	run->ingest.stream_fd = -1;
	run->command_fd = -1;
	if (!options->stream_name)
		return 0;
	run->ingest.stream_fd = options->stream_fd;
	if (!options->stream_command)
		return options->stream_fd >= 0 ? 0 : tusk_err_set(err, TUSK_E_USAGE, 0, "there is no input to back up");
	if (tusk_stream_spawn(options->stream_command, &run->command_fd, &run->command, err) < 0)
		return -1;
	run->ingest.stream_fd = run->command_fd;
	return 0;
}

static int end_command(struct run *run, bool end_it, struct tusk_err *err)
{
	pid_t pid = run->command;
	run->command = 0;
	if (run->command_fd >= 0)
		close(tusk_steal_fd(&run->command_fd));
	return pid ? tusk_stream_wait(run->ingest.options->stream_command, pid, end_it, err) : 0;
}

/* Everything is stored, and durable, on success. */
static int store_all(struct run *run, struct tusk_err *err)
{
	struct tusk_ingest *ingest = &run->ingest;
	if (ingest->options->stream_name)
		tusk_stream_run(ingest);
	else
		tusk_walk_run(ingest, run->plan);
	tusk_queue_close(ingest->queue);
	tusk_workers_join(TUSK_STEAL(run->workers));
	if (ingest->writers && !tusk_ingest_stopped(ingest) && !TUSK_SABOTAGED(snapshot_before_packs))
		tusk_writers_finish(ingest->writers);
	if (tusk_ingest_stopped(ingest)) {
		*err = ingest->err;
		return -1;
	}
	if (!ingest->root_done)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "the root directory was not completed");
	return end_command(run, false, err);
}

static int prepare(struct run *run, struct tusk_err *err)
{
	if (find_host_and_time(run, err) < 0 || find_source(run, err) < 0 || tusk_ingest_begin(&run->ingest, err) < 0 ||
	    find_parent(run, err) < 0)
		return -1;
	tusk_node_foreseen_drop(run->ingest.repository->node);
	find_doubt(run);
	if (start_machinery(run, err) < 0)
		return -1;
	if (!run->ingest.options->dry_run)
		tusk_node_sweep(run->ingest.repository->node);
	return start_stream(run, err);
}

/* As tusk_publish_snapshot. */
static int run_all(struct run *run, struct tusk_backup_result *ret_result, struct tusk_err *err)
{
	if (prepare(run, err) < 0 || store_all(run, err) < 0)
		return -1;
	struct tusk_publish what = {.paths = &run->paths,
				    .parent = run->parent,
				    .snapshots = &run->snapshots,
				    .host = run->host,
				    .time = run->time};
	int result = tusk_publish_snapshot(&run->ingest, &what, ret_result, err);
	if (TUSK_SABOTAGED(snapshot_before_packs))
		tusk_writers_finish(run->ingest.writers);
	if (result != 0)
		return result;
	/* The snapshot is safe; the other nodes get what is still on its way to them. */
	tusk_nodeset_settle(run->ingest.repository->node, run->ingest.options->stop);
	return 0;
}

static void release(struct run *run)
{
	struct tusk_ingest *ingest = &run->ingest;
	struct tusk_err ignored = {0};
	if (run->workers || ingest->queue) {
		/* So that nobody waits for work that will not come. */
		tusk_err_set(&ignored, TUSK_E_INTERRUPTED, 0, "the backup has ended");
		tusk_ingest_fail(ingest, &ignored);
	}
	stop_machinery(run);
	end_command(run, true, &ignored);
	tusk_session_end(ingest->session);
	tusk_view_close(ingest->parent);
	tusk_snapshot_list_release(&run->snapshots);
	tusk_plan_free(run->plan);
	tusk_strings_free(&run->paths);
	tusk_buf_release(&ingest->root_entry);
	pthread_mutex_destroy(&ingest->err_lock);
	pthread_mutex_destroy(&ingest->report_lock);
	pthread_mutex_destroy(&ingest->index_lock);
	pthread_mutex_destroy(&ingest->jobs_lock);
}

static void reset_progress(struct tusk_progress *progress)
{
	atomic_uint_fast64_t *const counters[] = {&progress->files_done,    &progress->bytes_done, &progress->files_new,
						  &progress->files_changed, &progress->files_same, &progress->dirs_done,
						  &progress->others_done,   &progress->bytes_read, &progress->bytes_new,
						  &progress->bytes_stored,  &progress->errors};
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
		atomic_store(counters[i], 0);
}

/* As tusk_publish_snapshot. */
static int run_once(struct tusk_repository *repository, const struct tusk_backup_options *options, bool is_second,
		    struct tusk_backup_result *ret_result, struct tusk_err *err)
{
	struct run run = {.ingest = {.repository = repository, .options = options, .stream_fd = -1},
			  .command_fd = -1,
			  .is_second = is_second};
	struct tusk_ingest *ingest = &run.ingest;
	ingest->progress = options->progress ? options->progress : &ingest->own_progress;
	if (is_second)
		reset_progress(ingest->progress);
	pthread_mutex_init(&ingest->err_lock, NULL);
	pthread_mutex_init(&ingest->report_lock, NULL);
	pthread_mutex_init(&ingest->index_lock, NULL);
	pthread_mutex_init(&ingest->jobs_lock, NULL);
	int result = run_all(&run, ret_result, err);
	release(&run);
	return result;
}

int tusk_backup_run(struct tusk_repository *repository, const struct tusk_backup_options *options,
		    struct tusk_backup_result *ret_result, struct tusk_err *err)
{
	int result = run_once(repository, options, false, ret_result, err);
	/* What a stream gave is gone. */
	bool can_repeat = !options->stream_name || options->stream_command;
	for (unsigned i = 0; i < REPEATS && result == TUSK_COMMIT_STALE && can_repeat; i++)
		result = run_once(repository, options, true, ret_result, err);
	if (result != TUSK_COMMIT_STALE)
		return result;
	return tusk_err_set(err, TUSK_E_LOCKED, 0,
			    "prune removed what this backup relied on; no snapshot was written: run it again");
}
