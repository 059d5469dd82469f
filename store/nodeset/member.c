/* Members: opened when first needed, in a thread of their own if they are far away, given a rest when they fail. */
#include "crypto.h"
#include "nodeset_private.h"
#include "tusk/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define READ_PATIENCE_MS 2000  /* for a remote member, once, before others are asked */
#define REST_MS          30000 /* after a failure */
#define PARAMETERS_MAX   4096

/* An attempt to open a member. It may outlive the set: a connection that does not come cannot be interrupted. */
struct opening {
	pthread_mutex_t lock; /* all below */
	pthread_cond_t ended;
	unsigned users;
	bool done;
	char *url;
	uint8_t parameters_hash[32];
	bool is_foreign;
	struct tusk_node *node;
	struct tusk_err why;
};

static void opening_drop(struct opening *opening)
{
	pthread_mutex_lock(&opening->lock);
	bool is_last = --opening->users == 0;
	pthread_mutex_unlock(&opening->lock);
	if (!is_last)
		return;
	tusk_node_close(opening->node);
	pthread_mutex_destroy(&opening->lock);
	pthread_cond_destroy(&opening->ended);
	free(opening->url);
	free(opening);
}

static struct opening *opening_new(const struct member *member)
{
	struct opening *opening = calloc(1, sizeof(*opening));
	char *url = strdup(member->info.url);

	if (!opening || !url) {
		free(opening);
		free(url);
		return NULL;
	}
	pthread_mutex_init(&opening->lock, NULL);
	tusk_cond_init(&opening->ended);
	opening->users = 1;
	opening->url = url;
	memcpy(opening->parameters_hash, member->set->parameters_hash, sizeof(opening->parameters_hash));
	return opening;
}

/* A node that holds another repository must not be mixed up with ours. */
static int check_parameters(struct tusk_node *node, const uint8_t expected[32], bool *ret_is_foreign,
			    struct tusk_err *err)
{
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	uint8_t hash[TUSK_SHA256_SIZE];
	int found = tusk_node_get(node, "tusk.repository", PARAMETERS_MAX, &text, err);

	if (found == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_NO_REPOSITORY, 0, "there is no repository here (no tusk.repository)");
	if (found < 0)
		return -1;
	tusk_sha256(text.data, text.len, hash);
	*ret_is_foreign = memcmp(hash, expected, sizeof(hash)) != 0;
	return *ret_is_foreign ? tusk_err_set(err, TUSK_E_CORRUPT, 0, "another repository is here") : 0;
}

static void *opening_run(void *context)
{
	struct opening *opening = context;
	struct tusk_node *node = NULL;
	struct tusk_err why = {0};
	bool is_foreign = false;
	int result = tusk_node_open(opening->url, &node, &why);

	if (result == 0)
		result = check_parameters(node, opening->parameters_hash, &is_foreign, &why);
	if (result < 0) {
		tusk_node_close(TUSK_STEAL(node));
		tusk_err_prefix(&why, "%s", opening->url);
		/* A place that is not there now: a disk that is not mounted. */
		if (why.code == TUSK_E_NO_REPOSITORY || why.code == TUSK_E_IO)
			why.code = TUSK_E_NODE;
	}
	pthread_mutex_lock(&opening->lock);
	opening->node = node;
	opening->why = why;
	opening->is_foreign = is_foreign;
	opening->done = true;
	pthread_cond_broadcast(&opening->ended);
	pthread_mutex_unlock(&opening->lock);
	opening_drop(opening);
	return NULL;
}

/* A local folder answers at once; the rest gets a thread. */
static void opening_start(struct opening *opening, bool is_local)
{
	pthread_t thread;

	opening->users++;
	if (is_local || pthread_create(&thread, NULL, opening_run, opening) != 0)
		opening_run(opening);
	else
		pthread_detach(thread);
}

static void opening_wait(struct opening *opening, int patience_ms)
{
	const struct timespec until = tusk_deadline(patience_ms < 0 ? 0 : patience_ms);

	pthread_mutex_lock(&opening->lock);
	while (!opening->done) {
		if (patience_ms < 0)
			pthread_cond_wait(&opening->ended, &opening->lock);
		else if (pthread_cond_timedwait(&opening->ended, &opening->lock, &until) == ETIMEDOUT)
			break;
	}
	pthread_mutex_unlock(&opening->lock);
}

bool member_is_local(const struct member *member)
{
	return tusk_role_of_url(member->info.url) == TUSK_ROLE_LOCAL;
}

/* With the member's lock: what the attempt came to, if it came to anything. */
static void harvest(struct member *member)
{
	struct opening *opening = member->opening;

	pthread_mutex_lock(&opening->lock);
	bool done = opening->done;
	pthread_mutex_unlock(&opening->lock);
	if (!done)
		return;
	member->node = TUSK_STEAL(opening->node);
	member->why = opening->why;
	member->opening = NULL;
	member->retry_at_ms = tusk_now_ms() + REST_MS;
	member->state = member->node ? MEMBER_OPEN : opening->is_foreign ? MEMBER_FOREIGN : MEMBER_DOWN;
	opening_drop(opening);
	if (member->state != MEMBER_OPEN)
		set_log(member->set, "node %s is not used: %s", member->info.name, member->why.message);
}

/* With the member's lock: begins an attempt where that is due. Gives the one to wait for, or NULL. */
static struct opening *attempt(struct member *member)
{
	if (member->state == MEMBER_CLOSED || (member->state == MEMBER_DOWN && tusk_now_ms() >= member->retry_at_ms)) {
		member->opening = opening_new(member);
		if (!member->opening)
			return NULL;
		member->state = MEMBER_OPENING;
		opening_start(member->opening, member_is_local(member));
	}
	if (member->state != MEMBER_OPENING)
		return NULL;
	pthread_mutex_lock(&member->opening->lock);
	member->opening->users++;
	pthread_mutex_unlock(&member->opening->lock);
	return member->opening;
}

struct tusk_node *member_node(struct member *member, int patience_ms, struct tusk_err *err)
{
	struct tusk_node *node;

	pthread_mutex_lock(&member->lock);
	struct opening *opening = attempt(member);
	if (opening) {
		pthread_mutex_unlock(&member->lock);
		opening_wait(opening, patience_ms);
		pthread_mutex_lock(&member->lock);
		if (member->state == MEMBER_OPENING && member->opening == opening)
			harvest(member);
		opening_drop(opening);
	}
	node = member->state == MEMBER_OPEN ? member->node : NULL;
	if (!node && member->state == MEMBER_OPENING)
		tusk_err_set(err, TUSK_E_NODE, 0, "node %s has not answered yet", member->info.name);
	else if (!node && err)
		*err = member->why;
	pthread_mutex_unlock(&member->lock);
	return node;
}

struct tusk_node *member_node_to_read(struct member *member, struct tusk_err *err)
{
	struct tusk_node *node = member_node(member, member->was_late ? 0 : READ_PATIENCE_MS, err);

	member->was_late = !node;
	return node;
}

void member_failed(struct member *member, struct tusk_node *node, const struct tusk_err *err)
{
	if (err->code != TUSK_E_NODE)
		return;
	pthread_mutex_lock(&member->lock);
	if (member->node == node && member->graves < GRAVEYARD_MAX) {
		member->graveyard[member->graves++] = TUSK_STEAL(member->node);
		member->buried_bytes += tusk_node_read_bytes(node);
		member->state = MEMBER_DOWN;
		member->why = *err;
		member->retry_at_ms = tusk_now_ms() + REST_MS;
		set_log(member->set, "node %s fails: %s", member->info.name, err->message);
	}
	pthread_mutex_unlock(&member->lock);
}

uint64_t member_read_bytes(struct member *member)
{
	pthread_mutex_lock(&member->lock);
	uint64_t bytes = member->buried_bytes + (member->node ? tusk_node_read_bytes(member->node) : 0);
	pthread_mutex_unlock(&member->lock);
	return bytes;
}

void member_release(struct member *member)
{
	if (member->opening)
		opening_drop(member->opening);
	tusk_node_close(member->node);
	for (size_t i = 0; i < member->graves; i++)
		tusk_node_close(member->graveyard[i]);
	pthread_mutex_destroy(&member->lock);
}

/* ---- turns ---- */

void turn_begin(struct set *set, struct turn *ret_turn)
{
	*ret_turn = (struct turn){.set = set};
}

bool turn_next(struct turn *turn)
{
	struct set *set = turn->set;

	for (;;) {
		if (turn->next == set->count && (turn->second || turn->answered))
			return false;
		if (turn->next == set->count) {
			turn->second = true;
			turn->next = 0;
		}
		struct member *member = &set->members[set->order[turn->next++]];
		struct tusk_node *node;
		if (turn->second) {
			/* Those that were asked in the first round have failed or answered. */
			pthread_mutex_lock(&member->lock);
			bool is_late = member->state == MEMBER_OPENING;
			pthread_mutex_unlock(&member->lock);
			node = is_late ? member_node(member, -1, &turn->why) : NULL;
		} else {
			node = member_node_to_read(member, &turn->why);
		}
		if (!node)
			continue;
		turn->member = member;
		turn->node = node;
		return true;
	}
}

void turn_failed(struct turn *turn)
{
	member_failed(turn->member, turn->node, &turn->why);
}

void turn_missed(struct turn *turn, int found)
{
	if (found == TUSK_NODE_ABSENT)
		turn->answered = true;
	else
		turn_failed(turn);
}

int turn_end(const struct turn *turn, struct tusk_err *err)
{
	if (turn->answered)
		return TUSK_NODE_ABSENT;
	if (err)
		*err = turn->why;
	return -1;
}
