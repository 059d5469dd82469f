/* Packs in temporary files, for repositories without a local node: written once, sent to all members from there. A
 * bounded number: when it is reached, a member that is behind gets what another has already from there instead. */
#include "fileio.h"
#include "nodeset_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define SPOOLED_MAX 8u /* and those that are being sent: a member that hangs keeps as many as it has threads */
#define SPOOL_MODE  0700

struct spooled {
	struct set *set;
	struct spooled *next; /* in set->spooled_first; under set->lock as all below */
	int fd;
	uint64_t size;
	char name[TUSK_NODE_NAME_SIZE];
	unsigned users;  /* jobs, and the upload */
	unsigned stored; /* members that have it */
	bool is_counted;
};

struct spool_upload {
	struct tusk_upload base;
	struct spooled *spooled;
};

/* ---- reading one back ---- */

struct spool_object {
	struct tusk_object base;
	int fd; /* the spooled pack's */
};

static int spool_object_pread(struct tusk_object *object, void *data, size_t len, uint64_t offset, struct tusk_err *err)
{
	size_t got;

	if (tusk_pread_full(((struct spool_object *)object)->fd, data, len, offset, &got, object->name, err) < 0)
		return -1;
	return got == len ? 0 : tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s is truncated", object->name);
}

static void spool_object_close(struct tusk_object *object)
{
	free(object);
}

static const struct tusk_object_ops object_ops = {.close = spool_object_close, .pread = spool_object_pread};

struct tusk_object *spool_object(struct spooled *spooled)
{
	struct spool_object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	object->base.ops = &object_ops;
	object->base.node = &spooled->set->base;
	object->base.size = spooled->size;
	snprintf(object->base.name, sizeof(object->base.name), "%s", spooled->name);
	object->fd = spooled->fd;
	return &object->base;
}

/* ---- the number of them ---- */

static void unlink_from_list(struct set *set, const struct spooled *spooled)
{
	struct spooled **link = &set->spooled_first;

	while (*link && *link != spooled)
		link = &(*link)->next;
	if (*link)
		*link = spooled->next;
}

void spool_done(struct spooled *spooled, bool is_stored)
{
	struct set *set = spooled->set;

	pthread_mutex_lock(&set->lock);
	spooled->stored += is_stored;
	bool is_last = --spooled->users == 0;
	if (is_last) {
		unlink_from_list(set, spooled);
		set->spooled_count -= spooled->is_counted;
	}
	pthread_cond_broadcast(&set->changed);
	pthread_mutex_unlock(&set->lock);
	if (!is_last)
		return;
	close(spooled->fd);
	free(spooled);
}

/* The oldest pack that somebody has already; it gets a user more. */
static struct spooled *find_safe(struct set *set)
{
	struct spooled *found = NULL;

	for (struct spooled *spooled = set->spooled_first; spooled; spooled = spooled->next) {
		if (spooled->stored > 0)
			found = spooled; /* the list begins with the newest */
	}
	if (found)
		found->users++;
	return found;
}

/* With the lock, which it leaves meanwhile. False when nobody waits for a pack that another has. */
static bool redirect_slow(struct set *set)
{
	struct spooled *spooled = find_safe(set);
	bool any = false;

	if (!spooled)
		return false;
	pthread_mutex_unlock(&set->lock);
	for (size_t i = 0; i < set->count; i++)
		any = queue_redirect(&set->members[i], spooled) || any;
	spool_done(spooled, false);
	pthread_mutex_lock(&set->lock);
	return any;
}

/* Waits until there is room for one more, with a user for each member. */
static void enter(struct spooled *spooled)
{
	struct set *set = spooled->set;
	size_t max = SPOOLED_MAX + set->count * QUEUE_THREADS_MAX;

	pthread_mutex_lock(&set->lock);
	while (set->spooled_count >= max) {
		if (!redirect_slow(set) && set->spooled_count >= max)
			pthread_cond_wait(&set->changed, &set->lock);
	}
	set->spooled_count++;
	spooled->is_counted = true;
	spooled->next = set->spooled_first;
	set->spooled_first = spooled;
	spooled->users += (unsigned)set->count;
	pthread_mutex_unlock(&set->lock);
}

/* A pack that no member takes is lost. */
static int require_taker(struct set *set, const char *name, struct tusk_err *err)
{
	for (size_t i = 0; i < set->count; i++) {
		if (!queue_has_failed(&set->members[i], err))
			return 0;
	}
	return tusk_err_prefix(err, "no node takes %s", name);
}

/* ---- writing one ---- */

static int spool_write(struct tusk_upload *upload, const void *data, size_t len, struct tusk_err *err)
{
	struct spooled *spooled = ((struct spool_upload *)upload)->spooled;

	if (tusk_write_full(spooled->fd, data, len, "a temporary file", err) < 0)
		return -1;
	spooled->size += len;
	return 0;
}

static void spool_abort(struct tusk_upload *upload)
{
	spool_done(((struct spool_upload *)upload)->spooled, false);
	free(upload);
}

static int spool_commit(struct tusk_upload *upload, const char *name, struct tusk_err *err)
{
	struct spooled *spooled = ((struct spool_upload *)upload)->spooled;
	struct set *set = spooled->set;
	int result = 0;

	snprintf(spooled->name, sizeof(spooled->name), "%s", name);
	enter(spooled);
	for (size_t i = 0; i < set->count; i++) {
		struct job *job = job_new(name, NULL, 0, spooled);

		if (job) {
			queue_push(&set->members[i], job);
			continue;
		}
		spool_done(spooled, false);
		result = tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot send %s: out of memory", name);
	}
	set_require_pack(set, name);
	spool_abort(upload);
	return result == 0 ? require_taker(set, name, err) : result;
}

static const struct tusk_upload_ops upload_ops = {.write = spool_write, .commit = spool_commit, .abort = spool_abort};

/* A file without a name: it goes when the process does. */
static int open_temporary(const char *folder, struct tusk_err *err)
{
	char path[4096];
	int fd, printed;

	if (tusk_make_directories(folder, SPOOL_MODE, err) < 0)
		return -1;
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	printed = snprintf(path, sizeof(path), "%s/spool.XXXXXX", folder);
	fd = printed > 0 && (size_t)printed < sizeof(path) ? mkostemp(path, O_CLOEXEC) : -1;
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot make a temporary file in %s", folder);
	unlink(path);
	return fd;
}

int spool_upload_begin(struct set *set, struct tusk_upload **ret_upload, struct tusk_err *err)
{
	struct spool_upload *upload TUSK_AUTO_FREE = calloc(1, sizeof(*upload));
	struct spooled *spooled TUSK_AUTO_FREE = calloc(1, sizeof(*spooled));

	if (!upload || !spooled)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot begin to write an object: out of memory");
	spooled->fd = open_temporary(set->spool_dir, err);
	if (spooled->fd < 0)
		return -1;
	spooled->set = set;
	spooled->users = 1;
	upload->base.ops = &upload_ops;
	upload->spooled = TUSK_STEAL(spooled);
	*ret_upload = &TUSK_STEAL(upload)->base;
	return 0;
}
