#include "restore_internal.h"

#include "tusk/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

bool restore_stopped(const struct restore *restore)
{
	return atomic_load(&restore->stopped) || (restore->options->stop && atomic_load(restore->options->stop));
}

/* Errors that would meet every other file as well. */
static bool is_fatal(const struct tusk_err *why)
{
	return why->code == TUSK_E_FULL || why->code == TUSK_E_NOMEM ||
	       (why->code == TUSK_E_IO &&
		(why->sys_errno == EROFS || why->sys_errno == EMFILE || why->sys_errno == ENFILE));
}

int restore_problem(struct restore *restore, uint64_t number, const struct tusk_err *why)
{
	TUSK_AUTO_BUF struct tusk_buf path = {0};

	if (tusk_view_path_of(restore->view, number, &path, NULL))
		tusk_buf_release(&path);
	atomic_fetch_add(&restore->counts->problems, 1);
	if (why->code == TUSK_E_CORRUPT)
		atomic_fetch_add(&restore->counts->mismatches, 1);
	pthread_mutex_lock(&restore->lock);
	if (is_fatal(why)) {
		if (!atomic_exchange(&restore->stopped, true)) {
			restore->fatal = *why;
			if (path.data)
				tusk_err_prefix(&restore->fatal, "%s", (const char *)path.data);
		}
		pthread_cond_broadcast(&restore->can_put);
	} else if (restore->options->on_problem) {
		restore->options->on_problem(restore->options->context, path.data ? (const char *)path.data : "?", why);
	}
	pthread_mutex_unlock(&restore->lock);
	return -1;
}

int restore_put_task(struct restore *restore, struct restore_dir *dir, uint64_t number)
{
	pthread_mutex_lock(&restore->lock);
	while (restore->queue_count == RESTORE_QUEUE_SIZE && !restore_stopped(restore))
		pthread_cond_wait(&restore->can_put, &restore->lock);
	bool stopped = restore_stopped(restore);
	if (!stopped) {
		atomic_fetch_add(&dir->refs, 1);
		restore->queue[(restore->queue_first + restore->queue_count++) % RESTORE_QUEUE_SIZE] =
		    (struct restore_task){dir, number};
		pthread_cond_signal(&restore->can_take);
	}
	pthread_mutex_unlock(&restore->lock);
	return stopped ? -1 : 0;
}

static bool take_task(struct restore *restore, struct restore_task *ret_task)
{
	pthread_mutex_lock(&restore->lock);
	while (restore->queue_count == 0 && !restore->closed)
		pthread_cond_wait(&restore->can_take, &restore->lock);
	bool found = restore->queue_count > 0;
	if (found) {
		*ret_task = restore->queue[restore->queue_first];
		restore->queue_first = (restore->queue_first + 1) % RESTORE_QUEUE_SIZE;
		restore->queue_count--;
		pthread_cond_signal(&restore->can_put);
	}
	pthread_mutex_unlock(&restore->lock);
	return found;
}

static void work(struct restore_worker *worker, const struct restore_task *task)
{
	struct restore *restore = worker->restore;
	struct tusk_err err = {0};
	TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
	char name[256];

	if (tusk_view_entry(restore->view, task->number, &entry, &err)) {
		restore_problem(restore, task->number, &err);
		return;
	}
	memcpy(name, entry.name.data, entry.name.len);
	name[entry.name.len] = 0;
	int failed = restore_file(worker, task->dir, &entry, restore->dest_name ? restore->dest_name : name, &err);
	if (failed)
		restore_problem(restore, task->number, &err);
	else
		atomic_fetch_add(&restore->counts->files, 1);
}

static void *worker_main(void *argument)
{
	struct restore_worker *worker = argument;
	struct restore_task task;

	/* After a stop the queue is still emptied, so that every directory is closed. */
	while (take_task(worker->restore, &task)) {
		if (!restore_stopped(worker->restore))
			work(worker, &task);
		restore_dir_unref(worker->restore, task.dir);
	}
	return NULL;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Makes path with the mode, and the folders above it that are missing with 0755. path is as before on return. */
static int make_folders(char *path, mode_t mode, struct tusk_err *err)
{
	for (char *slash = path + strspn(path, "/"); (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		bool failed = mkdir(path, 0755) < 0 && errno != EEXIST && !is_folder(path);
		if (failed)
			tusk_err_set(err, TUSK_E_IO, errno, "%s: cannot make a folder for the target", path);
		*slash = '/';
		if (failed)
			return -1;
	}
	if (mkdir(path, mode) < 0 && !is_folder(path))
		return tusk_err_set(err, TUSK_E_IO, errno, "%s: cannot make the target folder", path);
	return 0;
}

/* The target: a directory, or for a single file its folder and name. Folders are made if missing. */
static int open_target(struct restore *restore, const struct tusk_entry *top, struct tusk_err *err)
{
	const char *dest = restore->options->dest;
	bool directory = top->type == TUSK_TYPE_DIRECTORY;
	TUSK_AUTO_FREE char *folder = strdup(dest);

	if (!folder)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "restore");
	if (!*dest)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "the target is an empty name");
	if (!directory) {
		if (is_folder(dest) || dest[strlen(dest) - 1] == '/') {
			restore->dest_name = strndup((const char *)top->name.data, top->name.len);
		} else {
			char *slash = strrchr(folder, '/');
			restore->dest_name = strdup(slash ? slash + 1 : folder);
			folder[slash ? (slash == folder ? 1 : slash - folder) : 0] = 0;
		}
		if (!restore->dest_name)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "restore");
	}
	if (*folder && !is_folder(folder)) {
		if (restore->options->dry_run)
			return 0;
		if (make_folders(folder, directory ? 0700 : 0755, err) < 0)
			return -1;
	}
	restore->dest_fd = open(*folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (restore->dest_fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "%s: cannot open the target folder", *folder ? folder : ".");
	return 0;
}

/* The folder in the mount that corresponds to the parent of, or to, the top entry. */
static int open_source(struct restore *restore, const struct tusk_entry *top, struct tusk_err *err)
{
	TUSK_AUTO_FREE char *path = NULL;

	if (restore->options->source_fd < 0)
		return -1;
	if (asprintf(&path, "./%s", restore->options->path) < 0) {
		path = NULL;
		tusk_err_set(err, TUSK_E_NOMEM, 0, "restore");
		return -2;
	}
	if (top->type != TUSK_TYPE_DIRECTORY) {
		while (path[strlen(path) - 1] == '/')
			path[strlen(path) - 1] = 0;
		*strrchr(path, '/') = 0;
	}
	int fd = openat(restore->options->source_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		tusk_err_set(err, TUSK_E_IO, errno, "%s: cannot open it in the mount", restore->options->path);
		return -2;
	}
	return fd;
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void walk_top(struct restore *restore, struct restore_dir *dir, const struct tusk_entry *top)
{
	struct tusk_err err = {0};

	if (top->type == TUSK_TYPE_DIRECTORY) {
		restore_walk(restore, dir, top, 0);
	} else if (top->type == TUSK_TYPE_FILE) {
		restore_put_task(restore, dir, top->number);
	} else if (restore_special(restore, dir, top, restore->dest_name, &err)) {
		restore_problem(restore, top->number, &err);
	}
	restore_dir_unref(restore, dir);
}

static void run_threads(struct restore *restore, struct restore_dir *dir, const struct tusk_entry *top, unsigned count)
{
	struct restore_worker *workers = calloc(count, sizeof *workers);
	unsigned started = 0;

	for (; workers && started < count; started++) {
		struct restore_worker *worker = &workers[started];
		worker->restore = restore;
		worker->buffer = malloc(RESTORE_BUFFER_SIZE);
		worker->hasher = tusk_hasher_new();
		if (!worker->buffer || !worker->hasher || pthread_create(&worker->thread, NULL, worker_main, worker)) {
			free(worker->buffer);
			tusk_hasher_free(worker->hasher);
			break;
		}
	}
	if (started == 0) {
		tusk_err_set(&restore->fatal, TUSK_E_NOMEM, 0, "restore: cannot start a thread");
		atomic_store(&restore->stopped, true);
	}
	walk_top(restore, dir, top);
	pthread_mutex_lock(&restore->lock);
	restore->closed = true;
	pthread_cond_broadcast(&restore->can_take);
	pthread_mutex_unlock(&restore->lock);
	for (unsigned i = 0; i < started; i++) {
		pthread_join(workers[i].thread, NULL);
		free(workers[i].buffer);
		tusk_hasher_free(workers[i].hasher);
	}
	free(workers);
}

static int run(struct restore *restore, struct tusk_err *err)
{
	const struct restore_options *options = restore->options;
	TUSK_AUTO_ENTRY struct tusk_entry top = {0};

	if (tusk_view_path(restore->view, options->path, &top, err) || open_target(restore, &top, err))
		return -1;
	int source_fd = open_source(restore, &top, err);
	if (source_fd == -2)
		return -1;
	struct restore_dir *dir = restore_dir_new(NULL, top.number);
	if (!dir)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "restore");
	dir->fd = restore->dest_fd;
	dir->source_fd = source_fd;
	dir->keep_metadata = top.number == 0 || top.type != TUSK_TYPE_DIRECTORY || options->dry_run;
	restore->dest_fd = -1;
	unsigned threads = options->threads ? options->threads : (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	run_threads(restore, dir, &top, threads);
	if (restore->fatal.code) {
		if (err)
			*err = restore->fatal;
		return -1;
	}
	if (restore_stopped(restore))
		return tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted; run it again to complete it");
	return 0;
}

int restore_run(struct tusk_view *view, const struct restore_options *options, struct tusk_err *err)
{
	struct restore restore = {
	    .options = options,
	    .counts = options->counts,
	    .view = view,
	    .root = geteuid() == 0,
	    .dest_fd = -1,
	    .links = restore_links_new(),
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .can_put = PTHREAD_COND_INITIALIZER,
	    .can_take = PTHREAD_COND_INITIALIZER,
	};

	if (!restore.links)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "restore");
	raise_descriptor_limit();
	int result = run(&restore, err);
	if (restore.dest_fd >= 0)
		close(restore.dest_fd);
	free(restore.dest_name);
	restore_links_free(restore.links);
	pthread_mutex_destroy(&restore.lock);
	pthread_cond_destroy(&restore.can_put);
	pthread_cond_destroy(&restore.can_take);
	return result;
}
