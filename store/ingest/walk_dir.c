/* The walker's directories: opening and listing them, and when they have to be built. */
#include "fileio.h"
#include "filter_match.h"
#include "metadata.h"
#include "walk_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define HEADER_MAX 4096

/* ---- opening ---- */

static int open_directory(const struct tusk_dirjob *job)
{
	const struct tusk_dirjob *above = job->item.dir;
	int at = above ? above->fd : AT_FDCWD;
	const char *name = above ? job->item.name : "/";
	/* On the way to a path, permission to search is enough. */
	if (job->is_path)
		return openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC;
	if (!job->plan || !job->plan->follow)
		flags |= O_NOFOLLOW;
	int fd = openat(at, name, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = openat(at, name, flags);
	return fd;
}

/* True if name in job begins with header. */
static bool has_header(const struct tusk_dirjob *job, const char *name, const char *header)
{
	char start[HEADER_MAX];
	size_t len = strlen(header), got = 0;
	if (len == 0)
		return true;
	if (len > sizeof start)
		return false;
	TUSK_AUTO_FD int fd = openat(job->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 && tusk_pread_full(fd, start, len, 0, &got, name, NULL) == 0 && got == len &&
	       memcmp(start, header, len) == 0;
}

/* A directory that is marked as not worth keeping holds only its mark. */
static int apply_tags(struct walk *walk, struct tusk_dirjob *job)
{
	const char *name, *header;
	for (size_t i = 0; (name = tusk_filter_tag(walk->ingest->options->filter, i, &header)) != NULL; i++) {
		if (!tusk_names_contains(&job->names, name) || !has_header(job, name, header))
			continue;
		tusk_names_release(&job->names);
		return tusk_names_add(&job->names, name);
	}
	return 0;
}

static int list_plan(struct tusk_dirjob *job)
{
	int result = 0;
	for (size_t i = 0; job->plan && i < job->plan->count && result == 0; i++)
		result = tusk_names_add(&job->names, job->plan->children[i]->name);
	tusk_names_sort(&job->names);
	return result;
}

/* 0 or an errno. */
static int list(struct walk *walk, struct tusk_dirjob *job)
{
	if (job->is_path || job->device != job->item.stat.st_dev)
		return list_plan(job);
	int result = tusk_names_read(job->fd, &job->names);
	return result ? result : apply_tags(walk, job);
}

static void choose_device(const struct walk *walk, struct tusk_dirjob *job)
{
	bool stays = tusk_filter_stays_on_device(walk->ingest->options->filter);
	bool is_root_of_walk = !job->item.dir || (job->plan && job->plan->wanted) || !stays;
	job->device = is_root_of_walk ? job->item.stat.st_dev : job->item.dir->device;
}

static int set_path(struct walk *walk, struct tusk_dirjob *job)
{
	if (!job->item.dir || !tusk_filter_has_patterns(walk->ingest->options->filter))
		return 0;
	walk->path.len = job->item.dir->path_len;
	if (tusk_buf_append(&walk->path, "/", 1) < 0 ||
	    tusk_buf_append(&walk->path, job->item.entry.name.data, job->item.entry.name.len) < 0)
		return ENOMEM;
	job->path_len = walk->path.len;
	return 0;
}

static void report(struct walk *walk, const struct tusk_dirjob *job, enum tusk_problem problem, int sys_errno)
{
	tusk_ingest_problem(walk->ingest, problem, job->item.dir, job->item.name, sys_errno);
}

bool tusk_walk_open(struct walk *walk, struct tusk_dirjob *job)
{
	int sys_errno = 0;
	job->covered = (job->plan && job->plan->wanted) || (job->item.dir && job->item.dir->covered);
	job->is_path = !job->covered;
	if (job->depth > TUSK_DEPTH_MAX) {
		report(walk, job, TUSK_PROBLEM_TOO_LARGE, 0);
		return true;
	}
	job->fd = open_directory(job);
	if (job->fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ESTALE)) {
		report(walk, job, TUSK_PROBLEM_VANISHED, errno);
		return true;
	}
	if (job->fd < 0 || fstat(job->fd, &job->item.stat) < 0)
		sys_errno = errno;
	job->metadata_same =
	    job->has_old && tusk_is_unchanged(&job->old, &job->item.stat) && tusk_ingest_keeps(walk->ingest, &job->old);
	choose_device(walk, job);
	if (sys_errno == 0)
		sys_errno = set_path(walk, job);
	if (sys_errno == 0)
		sys_errno = list(walk, job);
	if (sys_errno != 0)
		report(walk, job, TUSK_PROBLEM_UNREADABLE, sys_errno);
	return false;
}

int tusk_walk_describe(struct walk *walk, struct tusk_dirjob *job)
{
	struct tusk_item *item = &job->item;
	if (job->metadata_same) {
		struct tusk_bytes name = item->entry.name;
		if (tusk_entry_flatten(&job->old, &item->entry, &item->flat, &walk->err) < 0)
			return -1;
		item->entry.name = name;
		return 0;
	}
	tusk_describe(&walk->lane, &item->stat, &item->entry);
	if (job->fd < 0)
		return 0;
	return tusk_store_xattrs(&walk->lane, job->fd, job->is_path, item, &walk->err);
}

/* ---- building ---- */

/* Adds what was the same so far. 1: the parent snapshot cannot be read any more. */
static int replay(struct walk *walk, struct tusk_dirjob *job)
{
	TUSK_AUTO_DIR struct tusk_dir *dir = NULL;
	struct tusk_entry entry;
	struct tusk_err ignored = {0};
	if (job->same_count == 0)
		return 0;
	if (tusk_dir_open(walk->ingest->parent, &job->old, &dir, &ignored) < 0)
		return 1;
	for (uint64_t i = 0; i < job->same_count; i++) {
		if (tusk_dir_next(dir, &entry, &ignored) != 1)
			return 1;
		if (tusk_dirjob_add_ready(job, &walk->lane, &entry, NULL, &walk->err) < 0)
			return -1;
	}
	return 0;
}

static void take_back(atomic_uint_fast64_t *counter, uint64_t amount)
{
	atomic_fetch_sub_explicit(counter, amount, memory_order_relaxed);
}

/* What the walker counted below job is counted again. */
static void restore_tally(struct walk *walk, const struct tusk_dirjob *job)
{
	struct tusk_progress *progress = walk->ingest->progress;
	const struct tusk_counters *now = &walk->tally, *then = &job->tally;
	take_back(&progress->files_same, now->files - then->files);
	take_back(&progress->files_done, now->files - then->files);
	take_back(&progress->bytes_done, now->bytes - then->bytes);
	take_back(&progress->others_done, now->others - then->others);
	take_back(&progress->dirs_done, now->dirs - then->dirs);
	walk->tally = *then;
}

/* Walks job from its start without the parent snapshot. Directories below it on the stack are not building, so that
 * nobody but the walker knows them. */
static int restart(struct walk *walk, struct tusk_dirjob *job)
{
	while (walk->current != job) {
		struct tusk_dirjob *below = walk->current;
		walk->current = below->item.dir;
		tusk_dirjob_free(below);
	}
	tusk_box_free(TUSK_STEAL(job->box));
	tusk_dirjob_forget_old(job);
	job->cursor = 0;
	restore_tally(walk, job);
	return tusk_dirjob_build(job, &walk->err) < 0 ? -1 : 1;
}

static int build_one(struct walk *walk, struct tusk_dirjob *job)
{
	if (tusk_dirjob_build(job, &walk->err) < 0 || tusk_walk_describe(walk, job) < 0)
		return -1;
	if (job->item.dir)
		tusk_dirjob_append(job->item.dir, &job->item);
	int result = replay(walk, job);
	return result > 0 ? restart(walk, job) : result;
}

int tusk_walk_build(struct walk *walk, struct tusk_dirjob *job)
{
	while (!job->building) {
		/* From the top: an entry's place in its directory is given by the order of adding. */
		struct tusk_dirjob *top = job;
		while (top->item.dir && !top->item.dir->building)
			top = top->item.dir;
		int result = build_one(walk, top);
		if (result != 0)
			return result;
	}
	return 0;
}
