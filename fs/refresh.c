#define FUSE_USE_VERSION 314

#include "refresh.h"

#include "log.h"
#include "tusk/clock.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <string.h>
#include <syslog.h>

#define ACCESS_CHECK_MS 200 /* a request looks for a new list at most this often */
#define THREAD_CHECK_MS 500

struct tuskfs_refresh {
	struct tusk_repository *repository;
	struct tuskfs_slots *slots;
	const char *readme;

	pthread_mutex_t lock; /* the fields below; held while the list is read, so that it is read once */
	struct tuskfs_catalogue *current;
	struct tusk_snapshot_list list; /* that current was made from */
	uint64_t generation;
	int64_t checked_ms;

	void (*refused)(void *context);
	void *refused_context;
	struct fuse_session *session;
	pthread_t thread;
	bool running, stop;  /* stop: under lock */
	pthread_cond_t wake; /* when stop is set */
};

int tuskfs_refresh_new(struct tusk_repository *repository, struct tuskfs_slots *slots, const char *readme,
		       struct tuskfs_refresh **ret_refresh, struct tusk_err *err)
{
	struct tuskfs_refresh *refresh = calloc(1, sizeof(*refresh));
	if (!refresh)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot keep a list of snapshots");
	refresh->repository = repository;
	refresh->slots = slots;
	refresh->readme = readme;
	pthread_mutex_init(&refresh->lock, NULL);
	tusk_cond_init(&refresh->wake);
	*ret_refresh = refresh;
	return 0;
}

void tuskfs_refresh_free(struct tuskfs_refresh *refresh)
{
	if (!refresh)
		return;
	tuskfs_refresh_stop(refresh);
	tuskfs_catalogue_drop(refresh->current);
	tusk_snapshot_list_release(&refresh->list);
	pthread_cond_destroy(&refresh->wake);
	pthread_mutex_destroy(&refresh->lock);
	free(refresh);
}

static bool same_list(const struct tusk_snapshot_list *a, const struct tusk_snapshot_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!tusk_id_equal(&a->items[i].id, &b->items[i].id))
			return false;
	}
	return true;
}

static void log_damage(void *context, const struct tusk_id *id, const struct tusk_err *why)
{
	(void)context;
	char text[TUSK_ID_TEXT_SIZE];
	tusk_id_text(id, text);
	tuskfs_log(LOG_ERR, "snapshot %.8s is left out: %s", text, why->message);
}

/* The generation is read before the list: a snapshot that appears between the two is then found by the next check. */
static int reload(struct tuskfs_refresh *refresh, struct tusk_err *err)
{
	uint64_t generation;
	if (!refresh->current)
		tusk_snapshot_list_expect(refresh->repository);
	if (tusk_snapshot_generation(refresh->repository, &generation, err) < 0)
		return -1;
	if (refresh->current && generation == refresh->generation)
		return 0;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	if (tusk_snapshot_list_load(refresh->repository, log_damage, NULL, &list, err) < 0)
		return -1;
	if (!refresh->current || !same_list(&refresh->list, &list)) {
		struct tuskfs_catalogue *catalogue;
		if (tuskfs_slots_assign(refresh->slots, refresh->repository, &list, err) < 0)
			return -1;
		if (refresh->refused && tuskfs_slots_have_xattrs(refresh->slots)) {
			refresh->generation = generation;
			refresh->refused(refresh->refused_context);
			return 0;
		}
		if (tuskfs_catalogue_new(refresh->slots, &list, refresh->readme, refresh->current, &catalogue, err) < 0)
			return -1;
		tuskfs_catalogue_drop(refresh->current);
		refresh->current = catalogue;
		struct tusk_snapshot_list old = refresh->list;
		refresh->list = list;
		list = old;
	}
	refresh->generation = generation;
	return 0;
}

void tuskfs_refresh_refuse_xattrs(struct tuskfs_refresh *refresh, void (*refused)(void *context), void *context)
{
	refresh->refused = refused;
	refresh->refused_context = context;
}

static int get_locked(struct tuskfs_refresh *refresh, struct tusk_err *err)
{
	if (refresh->current && tusk_now_ms() - refresh->checked_ms < ACCESS_CHECK_MS)
		return 0;
	struct tusk_err why = {0};
	int result = reload(refresh, &why);
	refresh->checked_ms = tusk_now_ms();
	if (result == 0)
		return 0;
	if (!refresh->current) {
		*err = why;
		return -1;
	}
	tuskfs_log(LOG_WARNING, "cannot look for new snapshots: %s", why.message);
	return 0;
}

int tuskfs_refresh_get(struct tuskfs_refresh *refresh, struct tuskfs_catalogue **ret_catalogue, struct tusk_err *err)
{
	pthread_mutex_lock(&refresh->lock);
	int result = get_locked(refresh, err);
	if (result == 0)
		*ret_catalogue = tuskfs_catalogue_hold(refresh->current);
	pthread_mutex_unlock(&refresh->lock);
	return result;
}

/* "@2026-11-20T14-07": with colons, as the library reads times. */
static void with_colons(char *name)
{
	char *time = strrchr(name, '@') + 1;
	if (strlen(time) < 11 || time[10] != 'T')
		return;
	for (char *p = time + 10; *p; p++) {
		if (*p == '-')
			*p = ':';
	}
}

int tuskfs_refresh_find(struct tuskfs_refresh *refresh, const char *name, const struct tuskfs_slot **ret_slot,
			struct tusk_err *err)
{
	char text[264];
	struct tusk_err why = {0};
	const struct tusk_snapshot *found = NULL;
	snprintf(text, sizeof(text), "%s%.255s", strchr(name, '@') ? "" : "@", name);
	with_colons(text);
	pthread_mutex_lock(&refresh->lock);
	int result = get_locked(refresh, err);
	if (result == 0 && tusk_snapshot_find(&refresh->list, text, &found, &why) < 0)
		result = TUSK_ABSENT;
	else if (result == 0)
		*ret_slot = tuskfs_slots_find_id(refresh->slots, &found->id);
	pthread_mutex_unlock(&refresh->lock);
	return result;
}

int tuskfs_refresh_report(struct tuskfs_refresh *refresh, struct tuskfs_catalogue *catalogue, enum tuskfs_report report,
			  const char *repository, const char **ret_text, struct tusk_err *err)
{
	int result = 0;
	pthread_mutex_lock(&refresh->lock);
	char **text = tuskfs_catalogue_report(catalogue, report);
	if (!*text && refresh->current != catalogue)
		result = tusk_err_set(err, TUSK_E_ABSENT, 0, "the list of snapshots has changed");
	else if (!*text)
		result = tuskfs_report_text(report, repository, &refresh->list, text, err);
	if (result == 0)
		*ret_text = *text;
	pthread_mutex_unlock(&refresh->lock);
	return result;
}

/* Errors are expected: the kernel says ENOENT for what it does not know. */
static void tell_kernel(void *context, uint64_t parent, const char *entry)
{
	struct tuskfs_refresh *refresh = context;
	if (entry)
		fuse_lowlevel_notify_inval_entry(refresh->session, parent, entry, strlen(entry));
	else
		fuse_lowlevel_notify_inval_inode(refresh->session, parent, 0, 0);
}

static bool wait_for_stop(struct tuskfs_refresh *refresh)
{
	const struct timespec until = tusk_deadline(THREAD_CHECK_MS);

	pthread_mutex_lock(&refresh->lock);
	while (!refresh->stop && pthread_cond_timedwait(&refresh->wake, &refresh->lock, &until) == 0)
		;
	bool stop = refresh->stop;
	pthread_mutex_unlock(&refresh->lock);
	return stop;
}

static void *run(void *argument)
{
	struct tuskfs_refresh *refresh = argument;
	struct tuskfs_catalogue *told = NULL, *current = NULL;
	do {
		struct tusk_err err = {0};
		if (tuskfs_refresh_get(refresh, &current, &err) < 0) {
			tuskfs_log(LOG_ERR, "cannot list the snapshots: %s", err.message);
			continue;
		}
		if (told && told != current)
			tuskfs_catalogue_compare(told, current, tell_kernel, refresh);
		tuskfs_catalogue_drop(told);
		told = current;
	} while (!wait_for_stop(refresh));
	tuskfs_catalogue_drop(told);
	return NULL;
}

int tuskfs_refresh_start(struct tuskfs_refresh *refresh, struct fuse_session *session, struct tusk_err *err)
{
	refresh->session = session;
	int error = pthread_create(&refresh->thread, NULL, run, refresh);
	if (error)
		return tusk_err_set(err, TUSK_E_IO, error, "cannot start a thread");
	refresh->running = true;
	return 0;
}

void tuskfs_refresh_stop(struct tuskfs_refresh *refresh)
{
	if (!refresh->running)
		return;
	pthread_mutex_lock(&refresh->lock);
	refresh->stop = true;
	pthread_cond_signal(&refresh->wake);
	pthread_mutex_unlock(&refresh->lock);
	pthread_join(refresh->thread, NULL);
	refresh->running = false;
}
