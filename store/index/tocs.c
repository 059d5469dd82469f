#include "index_tocs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_NEAR 2u
#define THREADS_FAR  16u /* they mostly wait for answers */
#define SLOT_COUNT   32u
#define HELD_RECORDS 262144u /* that wait in slots before no more is begun: 12 MiB */

void tusk_pack_list_release(struct tusk_pack_list *list)
{
	free(list->packs);
	*list = (struct tusk_pack_list){0};
}

int tusk_pack_list_append(struct tusk_pack_list *list, const struct tusk_id *id, uint64_t size, struct tusk_err *err)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 256;
		struct tusk_listed_pack *packs = reallocarray(list->packs, capacity, sizeof(*packs));

		if (!packs)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot list packs: out of memory");
		list->packs = packs;
		list->capacity = capacity;
	}
	list->packs[list->count++] = (struct tusk_listed_pack){.id = *id, .size = size};
	return 0;
}

static int visit_name(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	size_t len = strlen(name), digits = 2 * TUSK_ID_SIZE;
	struct tusk_id id;

	if (len < digits || tusk_hex_decode(name + len - digits, digits, id.bytes, TUSK_ID_SIZE) != 0)
		return 0;
	return tusk_pack_list_append(context, &id, size, err);
}

static int compare_packs(const void *a, const void *b)
{
	return tusk_id_compare(&((const struct tusk_listed_pack *)a)->id, &((const struct tusk_listed_pack *)b)->id);
}

int tusk_pack_list_load(struct tusk_node *node, const char *prefix, struct tusk_pack_list *ret_list,
			struct tusk_err *err)
{
	struct tusk_pack_list list TUSK_AUTO_PACK_LIST = {0};

	if (tusk_node_list(node, prefix, visit_name, &list, err) != 0)
		return -1;
	if (list.count > 0)
		qsort(list.packs, list.count, sizeof(*list.packs), compare_packs);
	*ret_list = list;
	list = (struct tusk_pack_list){0};
	return 0;
}

struct slot {
	bool filled;
	enum tusk_toc_state state;
	struct tusk_toc toc;
	uint64_t size;
	int result; /* -1: err says why */
	struct tusk_err err;
};

/* Invariants: 1. consumed <= claimed <= consumed + SLOT_COUNT. 2. slots[i % SLOT_COUNT] is that of pack i for consumed
 * <= i < claimed. */
struct tusk_toc_stream {
	struct tusk_node *node;
	const struct tusk_keys *keys;
	const struct tusk_pack_list *list;
	enum tusk_toc_sizes sizes;
	struct tusk_pack_list listed;
	pthread_mutex_t lock;     /* all below */
	pthread_cond_t has_room;  /* a slot was emptied, or stop */
	pthread_cond_t is_filled; /* a slot was filled */
	size_t claimed, consumed;
	size_t held; /* records in filled slots */
	bool stop;
	struct slot slots[SLOT_COUNT];
	pthread_t threads[THREADS_FAR];
	unsigned thread_count;
};

static const struct tusk_listed_pack *find_listed(const struct tusk_toc_stream *stream, const struct tusk_id *id)
{
	const struct tusk_listed_pack key = {.id = *id};

	if (stream->listed.count == 0)
		return NULL;
	return bsearch(&key, stream->listed.packs, stream->listed.count, sizeof(key), compare_packs);
}

/* The table of contents is on its way while the size is asked. */
static void look_ahead(const struct tusk_toc_stream *stream, const struct tusk_listed_pack *pack)
{
	char name[80];
	const char *const names[] = {name};

	tusk_toc_name(&pack->id, name);
	tusk_node_foresee(stream->node, names, 1);
}

/* 1: the pack is there. */
static int find_size(const struct tusk_toc_stream *stream, const struct tusk_listed_pack *pack, struct slot *slot)
{
	const struct tusk_listed_pack *listed =
	    stream->sizes == TUSK_SIZES_GIVEN ? pack : find_listed(stream, &pack->id);
	char name[80];

	if (listed) {
		slot->size = listed->size;
		return 1;
	}
	look_ahead(stream, pack);
	tusk_pack_name(&pack->id, name);
	int found = tusk_node_stat(stream->node, name, &slot->size, &slot->err);
	if (found == TUSK_NODE_FOUND)
		return 1;
	slot->state = TUSK_TOC_GONE;
	slot->result = found < 0 ? -1 : 0;
	return 0;
}

static void load(const struct tusk_toc_stream *stream, struct tusk_aead *aead, size_t i, struct slot *slot)
{
	const struct tusk_listed_pack *pack = &stream->list->packs[i];

	*slot = (struct slot){.state = TUSK_TOC_LOADED};
	if (!find_size(stream, pack, slot))
		return;
	slot->result = tusk_toc_load(stream->node, stream->keys, aead, &pack->id, &slot->toc, &slot->err);
	if (slot->result == 0)
		return;
	if (slot->err.code == TUSK_E_ABSENT)
		slot->state = TUSK_TOC_GONE;
	else if (slot->err.code == TUSK_E_CORRUPT || slot->err.code == TUSK_E_LIMIT)
		slot->state = TUSK_TOC_DAMAGED;
	else
		return;
	slot->result = 0;
}

static bool claim(struct tusk_toc_stream *stream, size_t *ret_i)
{
	pthread_mutex_lock(&stream->lock);
	while (!stream->stop && stream->claimed < stream->list->count &&
	       (stream->claimed == stream->consumed + SLOT_COUNT || stream->held > HELD_RECORDS))
		pthread_cond_wait(&stream->has_room, &stream->lock);
	bool more = !stream->stop && stream->claimed < stream->list->count;
	if (more)
		*ret_i = stream->claimed++;
	pthread_mutex_unlock(&stream->lock);
	return more;
}

static void *run(void *context)
{
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	struct tusk_toc_stream *stream = context;
	size_t i;

	while (claim(stream, &i)) {
		struct slot loaded;

		load(stream, aead, i, &loaded);
		pthread_mutex_lock(&stream->lock);
		stream->slots[i % SLOT_COUNT] = loaded;
		stream->slots[i % SLOT_COUNT].filled = true;
		stream->held += loaded.toc.count;
		pthread_cond_signal(&stream->is_filled);
		pthread_mutex_unlock(&stream->lock);
	}
	return NULL;
}

int tusk_toc_stream_open(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_pack_list *list,
			 enum tusk_toc_sizes sizes, struct tusk_toc_stream **ret_stream, struct tusk_err *err)
{
	struct tusk_toc_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot load tables of contents: out of memory");
	stream->node = node;
	stream->keys = keys;
	stream->list = list;
	stream->sizes = sizes;
	pthread_mutex_init(&stream->lock, NULL);
	pthread_cond_init(&stream->has_room, NULL);
	pthread_cond_init(&stream->is_filled, NULL);
	/* If it cannot be listed, asking will say why. */
	if (sizes == TUSK_SIZES_LISTED)
		(void)tusk_pack_list_load(node, "packs/", &stream->listed, NULL);
	unsigned wanted = tusk_node_is_remote(node) ? THREADS_FAR : THREADS_NEAR;
	for (size_t i = 0; i < wanted && i < list->count; i++)
		if (pthread_create(&stream->threads[stream->thread_count], NULL, run, stream) == 0)
			stream->thread_count++;
	if (stream->thread_count == 0 && list->count > 0) {
		tusk_toc_stream_close(stream);
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot load tables of contents: no thread can be started");
	}
	*ret_stream = stream;
	return 0;
}

int tusk_toc_stream_next(struct tusk_toc_stream *stream, enum tusk_toc_state *ret_state, struct tusk_toc *ret_toc,
			 uint64_t *ret_size, struct tusk_err *err)
{
	if (stream->consumed == stream->list->count) {
		*ret_state = TUSK_TOC_END;
		return 0;
	}
	pthread_mutex_lock(&stream->lock);
	struct slot *slot = &stream->slots[stream->consumed % SLOT_COUNT];
	while (!slot->filled)
		pthread_cond_wait(&stream->is_filled, &stream->lock);
	struct slot taken = *slot;
	*slot = (struct slot){0};
	stream->consumed++;
	stream->held -= taken.toc.count;
	pthread_cond_broadcast(&stream->has_room);
	pthread_mutex_unlock(&stream->lock);
	if (taken.result < 0) {
		if (err)
			*err = taken.err;
		return -1;
	}
	*ret_state = taken.state;
	if (taken.state == TUSK_TOC_LOADED) {
		*ret_toc = taken.toc;
		*ret_size = taken.size;
	}
	return 0;
}

void tusk_toc_stream_close(struct tusk_toc_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	stream->stop = true;
	pthread_cond_broadcast(&stream->has_room);
	pthread_mutex_unlock(&stream->lock);
	for (unsigned i = 0; i < stream->thread_count; i++)
		pthread_join(stream->threads[i], NULL);
	for (size_t i = 0; i < SLOT_COUNT; i++)
		tusk_toc_release(&stream->slots[i].toc);
	tusk_pack_list_release(&stream->listed);
	pthread_cond_destroy(&stream->has_room);
	pthread_cond_destroy(&stream->is_filled);
	pthread_mutex_destroy(&stream->lock);
	free(stream);
}
