/* Answers to what will be asked for next, fetched side by side. A thread each: requests run in the threads that make
 * them. */
#include "node_s3.h"

#include "tusk/clock.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORESEEN_MAX  32
#define KEEP_MS       10000 /* older answers are no news */
#define OBJECT_MAX    (1u << 20)
#define PATIENCE_MS   200 /* for an answer that is late: perhaps a packet got lost, and a second request is faster */
#define PATIENCE_SLOW 3   /* the same as a multiple of the quickest answer so far */

enum progress { WAITING, RUNNING, DONE, FAILED };

struct tusk_s3_foreseen {
	struct tusk_s3_foreseen *next;
	struct tusk_node_s3 *node;
	char name[TUSK_NODE_NAME_SIZE];
	unsigned call, wave; /* which call of foresee it is from, and which of its waves */
	bool is_void;        /* nobody gets it any more */
	bool is_awaited;     /* by the one who gets it */
	enum progress progress;
	bool has_thread;
	pthread_t thread;
	int64_t asked_ms;
	int found;
	struct tusk_buf data; /* the object; for a listing its entries: the size (8 bytes) and the name with its NUL */
};

static bool is_listing(const char *name)
{
	return name[strlen(name) - 1] == '/';
}

/* ---- the threads ---- */

static int keep_entry(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct tusk_buf *entries = context;

	if (!tusk_node_name_valid(name))
		return 0;
	if (tusk_put_u64(entries, size) < 0 || tusk_buf_append(entries, name, strlen(name) + 1) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

static int fetch(struct tusk_s3_foreseen *foreseen)
{
	struct tusk_node_s3 *node = foreseen->node;
	struct tusk_err ignored = {0};

	if (is_listing(foreseen->name))
		return tusk_s3_list_keys(node, foreseen->name, keep_entry, &foreseen->data, &ignored);
	return tusk_s3_get_now(node, foreseen->name, OBJECT_MAX, &foreseen->data, &ignored);
}

static void start_wave(struct tusk_node_s3 *node, unsigned call);

static void *run(void *context)
{
	struct tusk_s3_foreseen *foreseen = context;
	struct tusk_node_s3 *node = foreseen->node;
	int64_t begun = tusk_now_ms(), took;
	int found = fetch(foreseen);

	pthread_mutex_lock(&node->lock);
	took = tusk_now_ms() - begun;
	if (found >= 0 && (!node->quickest_ms || took < node->quickest_ms))
		node->quickest_ms = took + 1;
	foreseen->found = found;
	foreseen->progress = found < 0 ? FAILED : DONE;
	start_wave(node, foreseen->call);
	pthread_cond_broadcast(&node->foreseen_changed);
	pthread_mutex_unlock(&node->lock);
	return NULL;
}

/* The functions below are called with the node's lock. */

/* Starts the earliest wave of a call that is not answered, unless it is under way or one before it failed. */
static void start_wave(struct tusk_node_s3 *node, unsigned call)
{
	struct tusk_s3_foreseen *each;
	unsigned wave = UINT32_MAX;

	for (each = node->foreseen; each; each = each->next) {
		if (each->call != call)
			continue;
		if (each->progress == RUNNING || each->progress == FAILED)
			return;
		if (each->progress == WAITING && each->wave < wave)
			wave = each->wave;
	}
	for (each = node->foreseen; each && !node->is_closing; each = each->next) {
		if (each->call != call || each->progress != WAITING || each->wave != wave)
			continue;
		each->asked_ms = tusk_now_ms();
		each->has_thread = pthread_create(&each->thread, NULL, run, each) == 0;
		each->progress = each->has_thread ? RUNNING : FAILED;
	}
}

static void foreseen_free(struct tusk_s3_foreseen *foreseen)
{
	tusk_buf_wipe(&foreseen->data);
	free(foreseen);
}

/* Frees those that nobody gets any more. all: waits for threads, too. */
static void collect(struct tusk_node_s3 *node, bool all)
{
	struct tusk_s3_foreseen **place = &node->foreseen;

	while (*place) {
		struct tusk_s3_foreseen *each = *place;

		if (!all &&
		    (!each->is_void || each->is_awaited || each->progress == RUNNING || each->progress == WAITING)) {
			place = &each->next;
			continue;
		}
		*place = each->next;
		if (each->has_thread) {
			/* It may wait for the lock; meanwhile the list can change, but this one is ours alone. */
			pthread_mutex_unlock(&node->lock);
			pthread_join(each->thread, NULL);
			pthread_mutex_lock(&node->lock);
			place = &node->foreseen;
		}
		foreseen_free(each);
	}
}

/* After a fork the threads are those of the parent, and so is all that they have not brought. */
static void note_process(struct tusk_node_s3 *node)
{
	if (node->foreseen_by == getpid())
		return;
	node->foreseen = NULL;
	node->foreseen_by = getpid();
}

static struct tusk_s3_foreseen *find(struct tusk_node_s3 *node, const char *name)
{
	for (struct tusk_s3_foreseen *each = node->foreseen; each; each = each->next)
		if (!each->is_void && strcmp(each->name, name) == 0)
			return each;
	return NULL;
}

/* By an earlier call; one call may want it twice. */
static bool is_foreseen(const struct tusk_node_s3 *node, const char *name)
{
	for (const struct tusk_s3_foreseen *each = node->foreseen; each; each = each->next)
		if (!each->is_void && each->call != node->foresee_calls && strcmp(each->name, name) == 0)
			return true;
	return false;
}

/* ---- what the rest of the node calls ---- */

static int add(struct tusk_node_s3 *node, const char *name, unsigned call, unsigned wave)
{
	struct tusk_s3_foreseen *foreseen = calloc(1, sizeof(*foreseen));

	if (!foreseen)
		return -1;
	snprintf(foreseen->name, sizeof(foreseen->name), "%s", name);
	foreseen->node = node;
	foreseen->call = call;
	foreseen->wave = wave;
	foreseen->next = node->foreseen;
	node->foreseen = foreseen;
	return 0;
}

void tusk_s3_foresee(struct tusk_node *base, const char *const *names, size_t count)
{
	struct tusk_node_s3 *node = (struct tusk_node_s3 *)base;
	unsigned wave = 0;

	pthread_mutex_lock(&node->lock);
	note_process(node);
	collect(node, false);
	node->foresee_calls++;
	for (size_t i = 0; i < count && i < FORESEEN_MAX; i++) {
		if (!names[i])
			wave++;
		else if (!is_foreseen(node, names[i]) && add(node, names[i], node->foresee_calls, wave) < 0)
			break;
	}
	start_wave(node, node->foresee_calls);
	pthread_mutex_unlock(&node->lock);
}

void tusk_s3_foreseen_drop(struct tusk_node *base)
{
	struct tusk_node_s3 *node = (struct tusk_node_s3 *)base;

	pthread_mutex_lock(&node->lock);
	note_process(node);
	for (struct tusk_s3_foreseen *each = node->foreseen; each; each = each->next) {
		each->is_void = true;
		if (each->progress == WAITING)
			each->progress = FAILED;
	}
	collect(node, false);
	pthread_mutex_unlock(&node->lock);
}

void tusk_s3_foreseen_close(struct tusk_node_s3 *node)
{
	pthread_mutex_lock(&node->lock);
	note_process(node);
	node->is_closing = true;
	tusk_s3_client_stop(&node->client);
	collect(node, true);
	pthread_mutex_unlock(&node->lock);
}

/* Its answer will not be used. Those that were to come after it would come before the answer that is. */
static void give_up(struct tusk_node_s3 *node, const struct tusk_s3_foreseen *late)
{
	for (struct tusk_s3_foreseen *each = node->foreseen; each; each = each->next) {
		if (each->call != late->call || each->wave < late->wave)
			continue;
		if (each->progress == WAITING)
			each->progress = FAILED;
		each->is_void |= each->wave > late->wave;
	}
}

static bool is_about(const struct tusk_s3_foreseen *foreseen, const char *name)
{
	if (is_listing(foreseen->name))
		return strncmp(name, foreseen->name, strlen(foreseen->name)) == 0;
	return strcmp(name, foreseen->name) == 0;
}

void tusk_s3_foreseen_changed(struct tusk_node_s3 *node, const char *name)
{
	for (struct tusk_s3_foreseen *each = node->foreseen; each; each = each->next) {
		if (each->is_void || !is_about(each, name))
			continue;
		each->is_void = true;
		give_up(node, each);
	}
}

/* Until it is answered, or for so long that another request is likely faster. */
static void await(struct tusk_node_s3 *node, const struct tusk_s3_foreseen *foreseen)
{
	const int64_t slow = PATIENCE_SLOW * node->quickest_ms;
	const struct timespec until = tusk_deadline(slow > PATIENCE_MS ? slow : PATIENCE_MS);

	while (foreseen->progress == RUNNING)
		if (pthread_cond_timedwait(&node->foreseen_changed, &node->lock, &until) != 0)
			return;
}

bool tusk_s3_foreseen_take(struct tusk_node_s3 *node, const char *name, int *ret_found, struct tusk_buf *ret_data)
{
	struct tusk_s3_foreseen *foreseen;
	bool is_good = false;

	pthread_mutex_lock(&node->lock);
	note_process(node);
	foreseen = find(node, name);
	if (foreseen) {
		foreseen->is_void = foreseen->is_awaited = true;
		await(node, foreseen);
		foreseen->is_awaited = false;
		is_good = foreseen->progress == DONE && tusk_now_ms() - foreseen->asked_ms < KEEP_MS;
	}
	if (is_good) {
		*ret_found = foreseen->found;
		*ret_data = foreseen->data;
		foreseen->data = (struct tusk_buf){0};
	} else if (foreseen) {
		give_up(node, foreseen);
	}
	collect(node, false);
	pthread_mutex_unlock(&node->lock);
	return is_good;
}
