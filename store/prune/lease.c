#include "lease.h"

#include "sealed.h"
#include "tusk/cleanup.h"
#include "tusk/clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define FOLDER "leases/"

static uint64_t boot_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

static int64_t wall_clock(void)
{
	return (int64_t)time(NULL);
}

struct tusk_lease_env tusk_lease_env = {
    .boot = boot_clock, .wall = wall_clock, .self = tusk_owner_self, .life = tusk_owner_life};

static int write_note(struct tusk_lease *lease, struct tusk_lease_note *note, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0}, object = {0};
	/* Before the write: what it may take counts as time without a renewal. */
	uint64_t now = tusk_lease_env.boot();

	note->time = tusk_lease_env.wall();
	if (tusk_lease_encode(note, &body) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_sealed_make(lease->keys, TUSK_SEALED_LEASE, lease->name, body.data, body.len, &object, err) < 0 ||
	    tusk_node_replace(lease->node, lease->name, object.data, object.len, err) < 0)
		return tusk_err_prefix(err, "writing a lease");
	lease->note = *note;
	lease->renewed = now;
	return 0;
}

static int take(struct tusk_lease *lease, struct tusk_node *node, const struct tusk_keys *keys,
		struct tusk_lease_note *note, struct tusk_err *err)
{
	char digits[TUSK_ID_TEXT_SIZE];
	struct tusk_id id;

	if (tusk_random(id.bytes, sizeof(id.bytes), err) < 0)
		return -1;
	tusk_lease_env.self(&note->owner);
	tusk_id_text(&id, digits);
	*lease = (struct tusk_lease){.node = node, .keys = keys};
	snprintf(lease->name, sizeof(lease->name), FOLDER "%s", digits);
	pthread_mutex_init(&lease->lock, NULL);
	tusk_cond_init(&lease->stopped);
	if (write_note(lease, note, err) == 0)
		return 0;
	tusk_lease_release(lease);
	return -1;
}

int tusk_lease_take(struct tusk_lease *lease, struct tusk_node *node, const struct tusk_keys *keys,
		    enum tusk_lease_kind kind, struct tusk_err *err)
{
	struct tusk_lease_note note = {.kind = kind};

	return take(lease, node, keys, &note, err);
}

int tusk_lease_take_writer(struct tusk_lease *lease, struct tusk_node *node, const struct tusk_keys *keys,
			   const struct tusk_epoch *epoch, struct tusk_err *err)
{
	struct tusk_lease_note note = {.kind = TUSK_LEASE_WRITER, .epoch = *epoch};

	return take(lease, node, keys, &note, err);
}

static int renew_locked(struct tusk_lease *lease, struct tusk_lease_note *note, struct tusk_err *err)
{
	note->counter++;
	return write_note(lease, note, err);
}

/* A root that is in it as it lies on the node needs no other write. */
static int add_root_locked(struct tusk_lease *lease, const struct tusk_id *root, struct tusk_err *err)
{
	struct tusk_lease_note note = lease->note;

	for (size_t i = 0; i < note.root_count; i++)
		if (tusk_id_equal(&note.roots[i], root))
			return 0;
	if (note.root_count == TUSK_LEASE_ROOTS_MAX)
		return 0;
	note.roots[note.root_count++] = *root;
	return renew_locked(lease, &note, err);
}

/* Until it is time, or there is something to write before. */
static bool wait_for_work(struct tusk_lease *lease)
{
	const struct timespec until = tusk_deadline(TUSK_LEASE_RENEW_S * 1000);

	while (!lease->stop && !lease->has_soon)
		if (pthread_cond_timedwait(&lease->stopped, &lease->lock, &until) == ETIMEDOUT)
			break;
	return !lease->stop;
}

/* A failure shows when the lease is relied upon. */
static void *renew_now_and_then(void *context)
{
	struct tusk_lease *lease = context;

	pthread_mutex_lock(&lease->lock);
	while (wait_for_work(lease)) {
		struct tusk_lease_note note = lease->note;

		if (!lease->has_soon) {
			(void)renew_locked(lease, &note, NULL);
			continue;
		}
		lease->has_soon = false;
		(void)add_root_locked(lease, &lease->soon, NULL);
	}
	pthread_mutex_unlock(&lease->lock);
	return NULL;
}

int tusk_lease_keep(struct tusk_lease *lease, struct tusk_err *err)
{
	int failure = pthread_create(&lease->thread, NULL, renew_now_and_then, lease);
	lease->has_thread = failure == 0;
	return failure ? tusk_err_set(err, TUSK_E_INTERNAL, failure, "cannot start a thread") : 0;
}

int tusk_lease_root(struct tusk_lease *lease, const struct tusk_id *root, struct tusk_err *err)
{
	pthread_mutex_lock(&lease->lock);
	int result = add_root_locked(lease, root, err);
	pthread_mutex_unlock(&lease->lock);
	return result;
}

int tusk_lease_root_soon(struct tusk_lease *lease, const struct tusk_id *root, struct tusk_err *err)
{
	int result = 0;

	pthread_mutex_lock(&lease->lock);
	if (lease->has_thread) {
		lease->soon = *root;
		lease->has_soon = true;
		pthread_cond_signal(&lease->stopped);
	} else {
		result = add_root_locked(lease, root, err);
	}
	pthread_mutex_unlock(&lease->lock);
	return result;
}

static int read_note(struct tusk_node *node, const struct tusk_keys *keys, const char *name,
		     struct tusk_lease_note *ret_note, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf object = {0}, body = {0};
	int found = tusk_node_get(node, name, TUSK_SEALED_MAX, &object, err);

	if (found != TUSK_NODE_FOUND)
		return found;
	if (tusk_sealed_open(keys, TUSK_SEALED_LEASE, name, name, object.data, object.len, &body, err) < 0)
		return -1;
	return tusk_lease_decode(body.data, body.len, ret_note, err) < 0 ? tusk_err_prefix(err, "%s", name)
									 : TUSK_NODE_FOUND;
}

int tusk_lease_holds(struct tusk_lease *lease, struct tusk_err *err)
{
	struct tusk_lease_note note;
	int result = 0;

	pthread_mutex_lock(&lease->lock);
	if (tusk_lease_env.boot() - lease->renewed < TUSK_LEASE_FENCE_S) {
		int found = read_note(lease->node, lease->keys, lease->name, &note, err);
		result = found < 0 ? -1 : found == TUSK_NODE_FOUND && note.counter == lease->note.counter;
	}
	pthread_mutex_unlock(&lease->lock);
	return result;
}

void tusk_lease_release(struct tusk_lease *lease)
{
	if (!lease->name[0])
		return;
	if (lease->has_thread) {
		pthread_mutex_lock(&lease->lock);
		lease->stop = true;
		pthread_cond_signal(&lease->stopped);
		pthread_mutex_unlock(&lease->lock);
		pthread_join(lease->thread, NULL);
	}
	(void)tusk_node_remove(lease->node, lease->name, NULL);
	pthread_mutex_destroy(&lease->lock);
	pthread_cond_destroy(&lease->stopped);
	lease->name[0] = '\0';
}
