/* The manifest, and the identity of the writer that it carries. */
#include "ingest.h"
#include "manifest.h"
#include "paths.h"
#include "sample.h"
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#define WRITER_LOCK "writer.lock"

/* Which client wrote a snapshot, and after which one: a copy of a node that has lost snapshots can be told. */
struct writer {
	int dir_fd, lock_fd;
	struct tusk_writer identity;
};

static void writer_release(struct writer *writer)
{
	tusk_fd_cleanup(&writer->dir_fd);
	tusk_fd_cleanup(&writer->lock_fd);
}

static int writer_begin(struct writer *writer, struct tusk_err *err)
{
	writer->identity = (struct tusk_writer){0};
	return tusk_random(writer->identity.uuid, sizeof writer->identity.uuid, err);
}

/* Takes the identity until writer_release: two backups at a time must not use the same counter. */
static int writer_open(struct writer *writer, const char *state_dir, struct tusk_err *err)
{
	writer->dir_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (writer->dir_fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot open the state folder %s", state_dir);
	writer->lock_fd = openat(writer->dir_fd, WRITER_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (writer->lock_fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot open %s/" WRITER_LOCK, state_dir);
	while (flock(writer->lock_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return tusk_err_set(err, TUSK_E_IO, errno, "cannot lock %s/" WRITER_LOCK, state_dir);
	/* A lost or damaged file is a new writer. */
	return tusk_writer_load(writer->dir_fd, &writer->identity) ? 0 : writer_begin(writer, err);
}

static int set_text(char **ret_text, const char *text)
{
	*ret_text = strdup(text ? text : "");
	return *ret_text ? 0 : -1;
}

static int set_user(struct tusk_snapshot *snapshot)
{
	char lookup[4096], number[16];
	struct passwd entry, *found = NULL;
	snprintf(number, sizeof number, "%u", (unsigned)geteuid());
	if (getpwuid_r(geteuid(), &entry, lookup, sizeof lookup, &found) != 0 || !found)
		return set_text(&snapshot->user, number);
	return set_text(&snapshot->user, entry.pw_name);
}

static int set_strings(struct tusk_strings *strings, const char *const *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (tusk_strings_add(strings, items[i]) < 0)
			return -1;
	return 0;
}

static void set_counters(const struct tusk_ingest *ingest, struct tusk_counters *counters)
{
	struct tusk_progress *progress = ingest->progress;
	*counters = (struct tusk_counters){
	    .files = atomic_load(&progress->files_done),
	    .dirs = atomic_load(&progress->dirs_done),
	    .others = atomic_load(&progress->others_done),
	    .bytes = atomic_load(&progress->bytes_done),
	    .new_files = atomic_load(&progress->files_new),
	    .changed_files = atomic_load(&progress->files_changed),
	    .unchanged_files = atomic_load(&progress->files_same),
	    .new_bytes = atomic_load(&progress->bytes_new),
	    .stored_bytes = atomic_load(&progress->bytes_stored),
	    .errors = atomic_load(&progress->errors),
	};
}

static int fill(struct tusk_ingest *ingest, const struct tusk_publish *what, struct tusk_snapshot *snapshot)
{
	const struct tusk_backup_options *options = ingest->options;
	size_t arguments = 0;
	while (options->command_line && options->command_line[arguments])
		arguments++;
	snapshot->time = what->time;
	clock_gettime(CLOCK_REALTIME, &snapshot->end_time);
	snapshot->root = ingest->root;
	snapshot->has_xattrs = atomic_load(&ingest->has_xattrs);
	snapshot->has_parent = what->parent != NULL;
	if (what->parent)
		snapshot->parent = what->parent->id;
	set_counters(ingest, &snapshot->counters);
	if (tusk_buf_append(&snapshot->root_entry, ingest->root_entry.data, ingest->root_entry.len) < 0 ||
	    set_text(&snapshot->host, what->host) < 0 || set_user(snapshot) < 0 ||
	    set_text(&snapshot->source, options->source) < 0 || set_text(&snapshot->comment, options->comment) < 0 ||
	    set_text(&snapshot->version, TUSK_VERSION) < 0 ||
	    set_strings(&snapshot->tags, options->tags, options->tag_count) < 0 ||
	    set_strings(&snapshot->provenance, options->provenance, options->provenance_count) < 0 ||
	    tusk_sample_record(ingest, snapshot) < 0 ||
	    set_strings(&snapshot->command, options->command_line, arguments) < 0)
		return -1;
	for (size_t i = 0; i < what->paths->count; i++)
		if (tusk_strings_add(&snapshot->paths, what->paths->items[i]) < 0)
			return -1;
	return 0;
}

/* From a far node the next backup would have to fetch it, to find its parent. */
static void remember(struct tusk_repository *repository, const struct tusk_snapshot *snapshot)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	struct tusk_err ignored = {0};
	if (tusk_node_is_remote(repository->node) && tusk_manifest_encode_body(snapshot, &body, &ignored) == 0)
		(void)tusk_index_snapshot_put(repository->index, &snapshot->id, body.data, body.len, NULL);
}

/* Whether the snapshot is there or was forgotten on purpose; a node that does not say is believed. */
static bool is_accounted(const struct tusk_ingest *ingest, const struct tusk_snapshot_list *known,
			 const struct tusk_id *id)
{
	char text[TUSK_ID_TEXT_SIZE], name[80];
	uint64_t size;

	for (size_t i = 0; i < known->count; i++)
		if (tusk_id_equal(&known->items[i].id, id))
			return true;
	tusk_id_text(id, text);
	snprintf(name, sizeof name, "snapshots/%s", text);
	if (tusk_node_stat(ingest->repository->node, name, &size, NULL) != TUSK_NODE_ABSENT)
		return true;
	snprintf(name, sizeof name, "forgotten/%s", text);
	return tusk_node_stat(ingest->repository->node, name, &size, NULL) != TUSK_NODE_ABSENT;
}

/* A copy of a repository goes its own way, and must not name what only the other one has: that would look like a loss
 * for ever. */
static int part_from_lost(const struct tusk_ingest *ingest, const struct tusk_snapshot_list *known,
			  struct writer *writer, struct tusk_backup_result *result, struct tusk_err *err)
{
	const struct tusk_id *previous = &writer->identity.previous;
	if (tusk_id_is_zero(previous) || is_accounted(ingest, known, previous))
		return 0;
	result->has_lost = true;
	result->lost = *previous;
	return writer_begin(writer, err);
}

static int publish(struct tusk_ingest *ingest, const struct tusk_publish *what, struct tusk_snapshot *snapshot,
		   struct tusk_backup_result *result, struct tusk_err *err)
{
	struct tusk_repository *repository = ingest->repository;
	struct writer writer TUSK_CLEANUP(writer_release) = {.dir_fd = -1, .lock_fd = -1};
	struct tusk_err ignored = {0};
	if (writer_open(&writer, repository->state_dir, err) < 0 ||
	    part_from_lost(ingest, what->snapshots, &writer, result, err) < 0)
		return -1;
	memcpy(snapshot->writer, writer.identity.uuid, sizeof snapshot->writer);
	snapshot->writer_counter = ++writer.identity.counter;
	snapshot->writer_previous = writer.identity.previous;
	int committed = tusk_ingest_commit(ingest, snapshot, err);
	if (committed != TUSK_COMMITTED)
		return committed;
	/* The snapshot exists: that something could not be noted must not be reported as a failed backup. */
	writer.identity.previous = snapshot->id;
	tusk_writer_save(writer.dir_fd, &writer.identity, &ignored);
	remember(repository, snapshot);
	const struct tusk_id *parent = snapshot->has_parent ? &snapshot->parent : NULL;
	(void)tusk_index_settle(repository->index, &snapshot->id, parent, ingest->doubt, NULL);
	return 0;
}

int tusk_publish_snapshot(struct tusk_ingest *ingest, const struct tusk_publish *what,
			  struct tusk_backup_result *ret_result, struct tusk_err *err)
{
	struct tusk_snapshot snapshot = {0};
	struct tusk_backup_result lost = {0};
	int result = 0;
	if (fill(ingest, what, &snapshot) < 0)
		result = tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (result == 0 && !ingest->options->dry_run)
		result = publish(ingest, what, &snapshot, &lost, err);
	if (result == 0)
		*ret_result = (struct tusk_backup_result){.id = snapshot.id,
							  .counters = snapshot.counters,
							  .time = snapshot.time,
							  .end_time = snapshot.end_time,
							  .has_parent = snapshot.has_parent,
							  .parent = snapshot.parent,
							  .removed_files = ingest->removed_files,
							  .has_lost = lost.has_lost,
							  .lost = lost.lost};
	tusk_snapshot_release(&snapshot);
	return result;
}
