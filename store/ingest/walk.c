#include "content.h"
#include "filter_match.h"
#include "links.h"
#include "metadata.h"
#include "sample.h"
#include "walk_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* The name at the cursor of the current directory. */
struct child {
	const char *name;
	size_t len;
	const struct tusk_entry *old; /* in the parent snapshot; NULL: not there */
	const struct tusk_plan *plan;
	struct stat stat;
};

/* ---- the directory in the parent snapshot ---- */

static void next_old(struct tusk_dirjob *job)
{
	struct tusk_err ignored = {0};
	job->has_old_child = false;
	if (!job->old_dir)
		return;
	int got = tusk_dir_next(job->old_dir, &job->old_child, &ignored);
	job->has_old_child = got == 1;
	/* Damage there only costs reading files again. */
	job->old_failed |= got < 0;
}

/* The name at the cursor is dealt with. */
static void settle(struct tusk_dirjob *job, bool takes_old)
{
	job->cursor++;
	if (takes_old)
		next_old(job);
}

static void count_removed(struct walk *walk, const struct tusk_entry *old)
{
	if (old->type == TUSK_TYPE_FILE)
		walk->ingest->removed_files++;
}

/* Counts what the parent snapshot has before name (NULL: all that is left). 1: the current directory has changed. */
static int pass_removed(struct walk *walk, struct tusk_dirjob *job, const char *name, size_t len)
{
	while (job->has_old_child) {
		const struct tusk_bytes *old = &job->old_child.name;
		if (name && tusk_name_compare(old->data, old->len, name, len) >= 0)
			return 0;
		int result = tusk_walk_build(walk, job);
		if (result != 0)
			return result;
		count_removed(walk, &job->old_child);
		next_old(job);
	}
	return job->old_failed ? tusk_walk_build(walk, job) : 0;
}

/* ---- entries that are not directories ---- */

static void count_same(struct walk *walk, const struct tusk_entry *old)
{
	struct tusk_progress *progress = walk->ingest->progress;
	if (old->type != TUSK_TYPE_FILE) {
		walk->tally.others++;
		tusk_count(&progress->others_done, 1);
		return;
	}
	walk->tally.files++;
	walk->tally.bytes += old->size;
	tusk_count(&progress->files_same, 1);
	tusk_count(&progress->files_done, 1);
	tusk_count(&progress->bytes_done, old->size);
}

/* The current directory's old child is taken over as it is. */
static int keep_old(struct walk *walk, struct tusk_dirjob *job)
{
	struct tusk_item *spare = NULL;
	if (job->old_child.has_xattrs)
		atomic_store_explicit(&walk->ingest->has_xattrs, true, memory_order_relaxed);
	if (!job->building) {
		job->same_count++;
		return 0;
	}
	if (tusk_dirjob_needs_item(job)) {
		spare = tusk_walk_take_item(walk);
		if (!spare)
			return -1;
	}
	return tusk_dirjob_add_ready(job, &walk->lane, &job->old_child, spare, &walk->err);
}

static bool is_racy(const struct walk *walk, const struct tusk_entry *old)
{
	const struct timespec *racy = &walk->ingest->racy;
	return old->ctime.tv_sec > racy->tv_sec ||
	       (old->ctime.tv_sec == racy->tv_sec && old->ctime.tv_nsec >= racy->tv_nsec);
}

static void set_fate(const struct walk *walk, struct tusk_item *item, const struct tusk_entry *old)
{
	bool same_type = old && (old->mode & S_IFMT) == (item->stat.st_mode & S_IFMT);
	item->fate = same_type ? 'M' : 'N';
	if (!same_type || old->type != TUSK_TYPE_FILE || !tusk_is_unchanged(old, &item->stat))
		return;
	item->fate = 'R';
	item->is_settled = !is_racy(walk, old);
	item->old_size = old->size;
	tusk_content_sha256(old, item->old_sha256);
}

static int dispatch(struct walk *walk, struct tusk_dirjob *job, struct tusk_item *item)
{
	enum tusk_link_role role = TUSK_LINK_READS;
	bool linked = item->stat.st_nlink > 1 && job->fd >= 0;
	/* Only a file has content that is worth reading once; a symlink or FIFO is described anew for each of its
	 * names. */
	bool shared = linked && S_ISREG(item->stat.st_mode);
	if (linked)
		item->entry.link_id = tusk_links_id(walk->ingest->links, &item->stat, job->fd);
	/* First into its directory: as soon as it is known to others it may be completed. */
	tusk_dirjob_append(job, item);
	if (shared && tusk_links_join(walk->ingest->links, item, &role, &walk->err) < 0)
		return -1;
	if (role == TUSK_LINK_READS)
		tusk_walk_batch(walk, item);
	else if (role == TUSK_LINK_READY)
		return tusk_item_complete(&walk->lane, item, TUSK_ITEM_READY, &walk->err);
	return 0;
}

static int visit_leaf(struct walk *walk, struct tusk_dirjob *job, const struct child *child)
{
	const struct tusk_entry *old = child->old;
	bool is_file = S_ISREG(child->stat.st_mode);
	if (old && old->type != TUSK_TYPE_DIRECTORY && tusk_is_unchanged(old, &child->stat) &&
	    !(is_file && (walk->ingest->options->force || is_racy(walk, old) ||
			  tusk_sample_has(walk->ingest, child->stat.st_ino))) &&
	    tusk_ingest_keeps(walk->ingest, old)) {
		count_same(walk, old);
		tusk_ingest_tell(walk->ingest, 'U', job, child->name, old->size);
		int kept = keep_old(walk, job);
		settle(job, true);
		return kept;
	}
	int result = tusk_walk_build(walk, job);
	if (result != 0)
		return result;
	struct tusk_item *item = tusk_walk_take_item(walk);
	if (!item)
		return -1;
	memcpy(item->name, child->name, child->len + 1);
	item->entry.name = (struct tusk_bytes){(const uint8_t *)item->name, child->len};
	item->stat = child->stat;
	set_fate(walk, item, old);
	settle(job, old != NULL);
	return dispatch(walk, job, item);
}

/* ---- what is left out ---- */

/* The name at the cursor does not become an entry. */
static int leave_out(struct walk *walk, struct tusk_dirjob *job, const struct child *child)
{
	int result = child->old ? tusk_walk_build(walk, job) : 0;
	if (result != 0)
		return result;
	if (child->old)
		count_removed(walk, child->old);
	settle(job, child->old != NULL);
	return 0;
}

static bool is_nodump(const struct tusk_dirjob *job, const char *name)
{
	struct statx info;
	return statx(job->fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &info) == 0 &&
	       (info.stx_attributes & STATX_ATTR_NODUMP);
}

static bool is_left_out(struct walk *walk, const struct tusk_dirjob *job, const struct child *child)
{
	const struct tusk_filter *filter = walk->ingest->options->filter;
	bool is_directory = S_ISDIR(child->stat.st_mode);
	if (is_directory && tusk_walk_skips(walk, job, &child->stat))
		return true;
	/* Whoever names a path wants it. */
	if (child->plan)
		return false;
	if (tusk_filter_has_patterns(filter)) {
		walk->path.len = job->path_len;
		if (tusk_buf_reserve(&walk->path, child->len + 1) < 0)
			return false;
		walk->path.data[walk->path.len] = '/';
		memcpy(walk->path.data + walk->path.len + 1, child->name, child->len);
		if (tusk_filter_leaves_out(filter, (const char *)walk->path.data, job->path_len + 1 + child->len,
					   is_directory))
			return true;
	}
	if (S_ISREG(child->stat.st_mode) && tusk_filter_is_too_large(filter, (uint64_t)child->stat.st_size))
		return true;
	return tusk_filter_wants_nodump(filter) && is_nodump(job, child->name);
}

/* ---- directories ---- */

static int visit_directory(struct walk *walk, struct tusk_dirjob *job, const struct child *child)
{
	struct tusk_dirjob *below;
	if (tusk_items_crowded(walk->ingest->items)) {
		tusk_walk_flush(walk);
		tusk_items_wait(walk->ingest->items, walk->ingest);
	}
	if (tusk_dirjob_new(walk->ingest, job, child->name, &below, &walk->err) < 0)
		return -1;
	below->item.stat = child->stat;
	below->plan = child->plan;
	below->takes_old = child->old != NULL;
	if (child->old && child->old->type == TUSK_TYPE_DIRECTORY) {
		below->has_old = true;
		below->old = *child->old;
	}
	if (tusk_walk_open(walk, below)) {
		tusk_dirjob_free(below);
		return leave_out(walk, job, child);
	}
	int result = tusk_walk_enter(walk, below);
	if (result == 0 && child->old)
		count_removed(walk, child->old);
	return result;
}

int tusk_walk_enter(struct walk *walk, struct tusk_dirjob *job)
{
	struct tusk_err ignored = {0};
	walk->current = job;
	tusk_count(&walk->ingest->progress->dirs_done, 1);
	walk->tally.dirs++;
	job->tally = walk->tally;
	if (job->has_old && tusk_dir_open(walk->ingest->parent, &job->old, &job->old_dir, &ignored) < 0)
		job->old_failed = true;
	next_old(job);
	return job->has_old ? 0 : tusk_walk_build(walk, job);
}

/* All names are dealt with and nothing differs from the parent snapshot but, perhaps, the directory's own metadata. */
static int leave_same(struct walk *walk, struct tusk_dirjob *job)
{
	struct tusk_dirjob *above = job->item.dir;
	if (above && job->metadata_same) {
		int kept = keep_old(walk, above);
		tusk_dirjob_free(job);
		settle(above, true);
		walk->current = above;
		return kept;
	}
	int result = above ? tusk_walk_build(walk, above) : 0;
	if (result != 0)
		return result;
	walk->current = above;
	if (tusk_walk_describe(walk, job) < 0)
		return -1;
	job->item.entry.subtree = job->old.subtree;
	if (!above)
		return tusk_dirjob_finish_root(job, &walk->err);
	settle(above, true);
	tusk_dirjob_close(job);
	tusk_dirjob_append(above, &job->item);
	return tusk_dirjob_complete(&walk->lane, &job->item, TUSK_ITEM_READY, &walk->err);
}

static int leave(struct walk *walk, struct tusk_dirjob *job)
{
	int result = pass_removed(walk, job, NULL, 0);
	if (result != 0)
		return result;
	tusk_ingest_tell(walk->ingest, 'D', job->item.dir, job->item.name, 0);
	if (!job->building)
		return leave_same(walk, job);
	struct tusk_dirjob *above = job->item.dir;
	walk->current = above;
	if (above)
		settle(above, job->takes_old);
	return tusk_dirjob_walked(&walk->lane, job, &walk->err);
}

/* ---- the walk ---- */

static int look_at(const struct tusk_dirjob *job, struct child *child)
{
	bool follow = child->plan && (child->plan->follow || !(child->plan->wanted || job->covered));
	int flags = AT_NO_AUTOMOUNT | (follow ? 0 : AT_SYMLINK_NOFOLLOW);
	return fstatat(job->fd, child->name, &child->stat, flags) < 0 ? errno : 0;
}

/* Deals with the name at the cursor. 0; 1: a directory is walked again from its start; -1. */
static int visit(struct walk *walk, struct tusk_dirjob *job)
{
	struct child child = {0};
	child.name = tusk_names_get(&job->names, job->cursor, &child.len);
	int result = pass_removed(walk, job, child.name, child.len);
	if (result != 0)
		return result;
	const struct tusk_bytes *old = &job->old_child.name;
	if (job->has_old_child && tusk_name_compare(old->data, old->len, child.name, child.len) == 0)
		child.old = &job->old_child;
	child.plan = tusk_plan_child(job->plan, child.name);
	int sys_errno = look_at(job, &child);
	if (sys_errno != 0) {
		bool gone = sys_errno == ENOENT || sys_errno == ESTALE;
		tusk_ingest_problem(walk->ingest, gone ? TUSK_PROBLEM_VANISHED : TUSK_PROBLEM_UNREADABLE, job,
				    child.name, sys_errno);
		return leave_out(walk, job, &child);
	}
	if (is_left_out(walk, job, &child)) {
		tusk_ingest_tell(walk->ingest, 'X', job, child.name, (uint64_t)child.stat.st_size);
		return leave_out(walk, job, &child);
	}
	if (S_ISDIR(child.stat.st_mode))
		return visit_directory(walk, job, &child);
	return visit_leaf(walk, job, &child);
}

static int walk_all(struct walk *walk)
{
	while (walk->current) {
		struct tusk_dirjob *job = walk->current;
		if (tusk_ingest_stopped(walk->ingest))
			return 0;
		int result = job->cursor < job->names.count ? visit(walk, job) : leave(walk, job);
		if (result < 0)
			return -1;
	}
	tusk_walk_flush(walk);
	return 0;
}

int tusk_walk_run(struct tusk_ingest *ingest, const struct tusk_plan *plan)
{
	struct walk walk = {.ingest = ingest};
	int result = tusk_lane_init(&walk.lane, ingest, false, &walk.err);
	if (result == 0)
		result = tusk_walk_begin(&walk, plan);
	if (result >= 0)
		result = walk_all(&walk);
	tusk_walk_release(&walk);
	/* An error that was kept before is more to the point. */
	return result < 0 ? tusk_ingest_fail(ingest, &walk.err) : 0;
}
