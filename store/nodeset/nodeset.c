#include "nodeset_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 2048

void set_log(struct set *set, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;

	if (!set->log)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	set->log(set->log_context, line);
}

static void set_close(struct tusk_node *node)
{
	struct set *set = set_of(node);

	for (size_t i = 0; i < set->count; i++)
		queue_close(&set->members[i]);
	for (size_t i = 0; i < set->count; i++)
		member_release(&set->members[i]);
	listing_release(&set->required);
	listing_release(&set->lost);
	pthread_mutex_destroy(&set->heal_lock);
	pthread_mutex_destroy(&set->lock);
	pthread_cond_destroy(&set->changed);
	free(set->spool_dir);
	free(node->url);
	free(set);
}

/* Sets are not created, so there is nothing to undo. */
static void set_uncreate(struct tusk_node *node)
{
	(void)node;
}

const struct tusk_node_ops tusk_nodeset_ops = {
    .close = set_close,
    .uncreate = set_uncreate,
    .get = set_get,
    .put = set_put,
    .object_open = set_object_open,
    .is_behind = set_is_behind,
    .upload_begin = set_upload_begin,
    .list = set_list,
    .stat = set_stat,
    .remove = set_remove,
    .replace = set_replace,
    .lock = set_lock,
    .digest = set_digest,
    .suspect = set_suspect,
    .quarantine = set_quarantine,
    .generation = set_generation,
    .sweep = set_sweep,
    .reserve = set_reserve,
    .space = set_space,
};

/* Local before remote before cloud; among equals the one that was named first, then by the list. */
static void choose_order(struct set *set, size_t primary)
{
	size_t count = 0;

	for (unsigned role = 0; role < TUSK_ROLE_COUNT; role++) {
		if ((unsigned)set->members[primary].info.role == role)
			set->order[count++] = primary;
		for (size_t i = 0; i < set->count; i++) {
			if (i != primary && (unsigned)set->members[i].info.role == role)
				set->order[count++] = i;
		}
	}
}

static void members_init(struct set *set, const struct tusk_nodeset_options *options)
{
	set->count = options->nodes->count;
	set->base.is_remote = true;
	for (size_t i = 0; i < set->count; i++) {
		struct member *member = &set->members[i];

		member->set = set;
		member->number = i;
		member->info = options->nodes->items[i];
		if (member_is_local(member))
			set->base.is_remote = false;
		pthread_mutex_init(&member->lock, NULL);
		queue_init(&member->queue);
	}
	set->members[options->primary].node = options->primary_node;
	set->members[options->primary].state = MEMBER_OPEN;
	choose_order(set, options->primary);
}

int tusk_nodeset_new(const struct tusk_nodeset_options *options, struct tusk_node **ret_node, struct tusk_err *err)
{
	struct set *set = calloc(1, sizeof(*set));
	char *url = strdup(tusk_node_url(options->primary_node)), *spool_dir = strdup(options->spool_dir);

	if (!set || !url || !spool_dir) {
		free(set);
		free(url);
		free(spool_dir);
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open the nodes: out of memory");
	}
	set->base.ops = &tusk_nodeset_ops;
	set->base.url = url;
	set->spool_dir = spool_dir;
	set->log = options->log;
	set->log_context = options->log_context;
	memcpy(set->parameters_hash, options->parameters_hash, sizeof(set->parameters_hash));
	pthread_mutex_init(&set->heal_lock, NULL);
	pthread_mutex_init(&set->lock, NULL);
	pthread_cond_init(&set->changed, NULL);
	members_init(set, options);
	*ret_node = &set->base;
	return 0;
}

/* ---- members for callers ---- */

static bool is_set(const struct tusk_node *node)
{
	return node->ops == &tusk_nodeset_ops;
}

size_t tusk_node_member_count(const struct tusk_node *node)
{
	return is_set(node) ? ((const struct set *)node)->count : 1;
}

int tusk_node_member(struct tusk_node *node, size_t i, struct tusk_node **ret_member, struct tusk_err *err)
{
	struct tusk_node *member = is_set(node) ? member_node(&set_of(node)->members[i], -1, err) : node;

	if (!member)
		return -1;
	*ret_member = member;
	return 0;
}

const struct tusk_member *tusk_node_member_info(const struct tusk_node *node, size_t i)
{
	return is_set(node) ? &((const struct set *)node)->members[i].info : NULL;
}

uint64_t tusk_node_member_read_bytes(struct tusk_node *node, size_t i)
{
	return is_set(node) ? member_read_bytes(&set_of(node)->members[i]) : tusk_node_read_bytes(node);
}

void tusk_nodeset_settle(struct tusk_node *node, const atomic_bool *stop)
{
	for (size_t i = 0; is_set(node) && i < set_of(node)->count; i++)
		queue_settle(&set_of(node)->members[i], stop);
}

enum tusk_delivery tusk_nodeset_delivery(struct tusk_node *node, size_t i, struct tusk_err *ret_why)
{
	if (!is_set(node))
		return TUSK_DELIVERY_DONE;
	struct queue *queue = &set_of(node)->members[i].queue;
	pthread_mutex_lock(&queue->lock);
	enum tusk_delivery delivery = queue->delivery;
	*ret_why = queue->why;
	pthread_mutex_unlock(&queue->lock);
	return delivery;
}

void tusk_nodeset_guard(struct tusk_node *node,
			int (*guard)(void *context, struct tusk_node *member, enum tusk_guard when,
				     struct tusk_err *err),
			void *context)
{
	if (!is_set(node))
		return;
	set_of(node)->guard = guard;
	set_of(node)->guard_context = context;
}
