/* What will be asked for next, asked now: round trips less. What every opening asks for goes out with the greeting. */
#include "node_ssh.h"

#include "tusk/clock.h"

#include <stdlib.h>
#include <string.h>

#define OBJECT_ROOM ((size_t)1 << 20)
#define LIST_ROOM   ((size_t)128 << 20)
#define EARLY_MAX   32
#define KEEP_MS     10000 /* older answers are no news */

struct tusk_ssh_early {
	struct tusk_ssh_early *next;
	struct tusk_ssh_session *session;
	struct tusk_ssh_call *call; /* NULL: not asked yet */
	char name[TUSK_NODE_NAME_SIZE];
	unsigned round, wave; /* which call of foresee it is from, and which of its waves */
	int64_t asked_ms;
};

static enum tusk_frame_kind kind_of(const char *name)
{
	return name[strlen(name) - 1] == '/' ? TUSK_REQUEST_LIST : TUSK_REQUEST_GET;
}

/* ---- the list; with the node's lock ---- */

static void early_free(struct tusk_ssh_early *early)
{
	if (early->call)
		tusk_ssh_orphan(early->session, early->call);
	tusk_ssh_session_unref(early->session);
	free(early);
}

static struct tusk_ssh_early **find(struct tusk_node_ssh *node, enum tusk_frame_kind kind, const char *name)
{
	struct tusk_ssh_early **place = &node->early;

	while (*place && (kind_of((*place)->name) != kind || strcmp((*place)->name, name) != 0))
		place = &(*place)->next;
	return place;
}

static bool add(struct tusk_node_ssh *node, struct tusk_ssh_session *session, const char *name, unsigned wave)
{
	struct tusk_ssh_early *early = calloc(1, sizeof(*early));

	if (!early)
		return false;
	snprintf(early->name, sizeof(early->name), "%s", name);
	early->session = tusk_ssh_session_ref(session);
	early->round = node->early_rounds;
	early->wave = wave;
	early->next = node->early;
	node->early = early;
	return true;
}

static bool ask(struct tusk_ssh_early *early)
{
	size_t room = kind_of(early->name) == TUSK_REQUEST_LIST ? LIST_ROOM : OBJECT_ROOM;
	struct tusk_request request = {.kind = kind_of(early->name), .len = (uint32_t)room};
	struct tusk_ssh_call *call TUSK_AUTO_FREE = calloc(1, sizeof(*call));

	if (!call)
		return false;
	call->room = room;
	early->asked_ms = tusk_now_ms();
	tusk_ssh_request_name(&request, early->name);
	if (tusk_ssh_send(early->session, 0, &request, call, NULL) < 0)
		return false;
	early->call = TUSK_STEAL(call);
	return true;
}

/* The first wave of its round that is not asked yet, if all before it is answered; else UINT32_MAX. */
static unsigned next_wave(const struct tusk_node_ssh *node, unsigned round)
{
	unsigned wave = UINT32_MAX;

	for (const struct tusk_ssh_early *each = node->early; each; each = each->next)
		if (each->round == round && !each->call && each->wave < wave)
			wave = each->wave;
	for (const struct tusk_ssh_early *each = node->early; each; each = each->next)
		if (each->round == round && each->call && !tusk_ssh_call_is_done(each->session, each->call))
			return UINT32_MAX;
	return wave;
}

static void drop_round(struct tusk_node_ssh *node, unsigned round, unsigned from_wave)
{
	struct tusk_ssh_early **place = &node->early;

	while (*place) {
		struct tusk_ssh_early *each = *place;

		if (each->round != round || each->wave < from_wave) {
			place = &each->next;
			continue;
		}
		*place = each->next;
		early_free(each);
	}
}

static void go_on(struct tusk_node_ssh *node, unsigned round)
{
	unsigned wave = node->early_awaited ? UINT32_MAX : next_wave(node, round);

	if (wave == UINT32_MAX)
		return;
	for (struct tusk_ssh_early *each = node->early; each; each = each->next) {
		if (each->round == round && each->wave == wave && !each->call && !ask(each)) {
			drop_round(node, round, wave);
			return;
		}
	}
}

/* By an earlier call; one call may want it twice. */
static bool is_foreseen(const struct tusk_node_ssh *node, const char *name)
{
	for (const struct tusk_ssh_early *each = node->early; each; each = each->next)
		if (each->round != node->early_rounds && strcmp(each->name, name) == 0)
			return true;
	return false;
}

/* ---- for the rest of the node ---- */

void tusk_ssh_early_ask(struct tusk_node_ssh *node, struct tusk_ssh_session *session)
{
	if (add(node, session, "keys/", 0) && add(node, session, "tusk.repository", 0))
		go_on(node, node->early_rounds);
}

void tusk_node_ssh_foresee(struct tusk_node *base, const char *const *names, size_t count)
{
	struct tusk_node_ssh *node = (struct tusk_node_ssh *)base;
	struct tusk_ssh_session *session TUSK_AUTO_SSH_SESSION = NULL;
	unsigned wave = 0;

	if (tusk_node_ssh_session(node, &session, NULL) < 0)
		return;
	pthread_mutex_lock(&node->lock);
	node->early_rounds++;
	for (size_t i = 0; i < count && i < EARLY_MAX; i++) {
		if (!names[i])
			wave++;
		else if (!is_foreseen(node, names[i]) && !add(node, session, names[i], wave))
			break;
	}
	go_on(node, node->early_rounds);
	pthread_mutex_unlock(&node->lock);
}

void tusk_ssh_early_advance(struct tusk_node_ssh *node)
{
	pthread_mutex_lock(&node->lock);
	if (node->early)
		go_on(node, node->early_rounds);
	pthread_mutex_unlock(&node->lock);
}

/* Takes it out of the list; NULL: it was not foreseen. What comes after it waits until its answer is there. */
static struct tusk_ssh_early *take_out(struct tusk_node_ssh *node, const struct tusk_request *request)
{
	struct tusk_ssh_early **place, *early = NULL;

	if (request->kind != TUSK_REQUEST_GET && request->kind != TUSK_REQUEST_LIST)
		return NULL;
	pthread_mutex_lock(&node->lock);
	place = find(node, request->kind, request->name);
	if (*place) {
		early = *place;
		*place = early->next;
		node->early_awaited++;
	}
	pthread_mutex_unlock(&node->lock);
	return early;
}

static void put_back(struct tusk_node_ssh *node, struct tusk_ssh_early *early, bool is_good)
{
	pthread_mutex_lock(&node->lock);
	node->early_awaited--;
	/* Those that were to come after it would come before the answer that is used. */
	if (!is_good)
		drop_round(node, early->round, early->wave + 1);
	go_on(node, early->round);
	early_free(early);
	pthread_mutex_unlock(&node->lock);
}

bool tusk_ssh_early_take(struct tusk_node_ssh *node, const struct tusk_request *request, struct tusk_ssh_call *call,
			 int *ret_outcome)
{
	struct tusk_ssh_early *early = take_out(node, request);
	bool is_broken, is_good = false;

	if (!early)
		return false;
	if (early->call && tusk_now_ms() - early->asked_ms <= KEEP_MS) {
		struct tusk_ssh_call *answer = TUSK_STEAL(early->call);
		int outcome = tusk_ssh_wait(early->session, answer, &is_broken, NULL);

		is_good = outcome == TUSK_NODE_ABSENT || (outcome == TUSK_NODE_FOUND && answer->got <= call->room);
		if (is_good) {
			tusk_buf_release(&call->answer);
			call->answer = answer->answer;
			call->got = answer->got;
			answer->answer = (struct tusk_buf){0};
			*ret_outcome = outcome;
		}
		tusk_ssh_call_release(answer);
		free(answer);
	}
	put_back(node, early, is_good);
	return is_good;
}

static bool is_about(const struct tusk_ssh_early *early, const char *name)
{
	if (kind_of(early->name) == TUSK_REQUEST_LIST)
		return strncmp(name, early->name, strlen(early->name)) == 0;
	return strcmp(name, early->name) == 0;
}

void tusk_ssh_early_changed(struct tusk_node_ssh *node, const char *name)
{
	struct tusk_ssh_early *each;

	pthread_mutex_lock(&node->lock);
	/* With those that were to come after it. */
	do {
		for (each = node->early; each && !is_about(each, name);)
			each = each->next;
		if (each)
			drop_round(node, each->round, each->wave);
	} while (each);
	pthread_mutex_unlock(&node->lock);
}

void tusk_ssh_early_drop_locked(struct tusk_node_ssh *node)
{
	while (node->early) {
		struct tusk_ssh_early *each = node->early;

		node->early = each->next;
		early_free(each);
	}
}

void tusk_node_ssh_foreseen_drop(struct tusk_node *base)
{
	struct tusk_node_ssh *node = (struct tusk_node_ssh *)base;

	pthread_mutex_lock(&node->lock);
	tusk_ssh_early_drop_locked(node);
	pthread_mutex_unlock(&node->lock);
}
