#include "fetcher.h"

#include "fetch.h"
#include "prefetch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TREE_CACHE_DEFAULT  ((size_t)16 << 20)
#define CHUNK_CACHE_DEFAULT ((size_t)32 << 20)

struct tusk_fetcher {
	struct tusk_fetch *fetch;
	struct tusk_cache *trees; /* blocks and lists */
	struct tusk_cache *chunks;
	pthread_mutex_t lock; /* prefetch */
	struct tusk_prefetch *prefetch;
};

struct tusk_chunk {
	struct tusk_cached cached;
	struct tusk_fetcher *fetcher;
	struct tusk_raw raw;
};

struct tusk_block {
	struct tusk_cached cached;
	struct tusk_fetcher *fetcher;
	struct tusk_raw raw;
	struct tusk_tree tree;
};

struct list_item {
	struct tusk_cached cached;
	struct tusk_list list;
};

/* ---- what the caches hold ---- */

static void chunk_destroy(struct tusk_cached *item)
{
	struct tusk_chunk *chunk = (struct tusk_chunk *)item;
	tusk_raw_give(chunk->fetcher->fetch, &chunk->raw);
	free(chunk);
}

static void list_destroy(struct list_item *item)
{
	free(item->list.refs);
	free(item->list.starts);
	free(item);
}

static void tree_item_destroy(struct tusk_cached *item)
{
	if (item->type == TUSK_OBJECT_LIST) {
		list_destroy((struct list_item *)item);
		return;
	}
	struct tusk_block *block = (struct tusk_block *)item;
	tusk_tree_release(&block->tree);
	tusk_raw_give(block->fetcher->fetch, &block->raw);
	free(block);
}

struct load {
	struct tusk_fetcher *fetcher;
	uint64_t len;
};

static int chunk_load(void *context, const struct tusk_id *id, struct tusk_cached **ret_item, struct tusk_err *err)
{
	const struct load *load = context;
	struct tusk_want want = {.id = id, .type = TUSK_OBJECT_CHUNK, .len = load->len};
	TUSK_AUTO_FREE struct tusk_chunk *chunk = calloc(1, sizeof(*chunk));
	if (!chunk)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_fetch_read(load->fetcher->fetch, &want, &chunk->raw, err) != 0)
		return -1;
	chunk->fetcher = load->fetcher;
	chunk->cached.id = *id;
	chunk->cached.type = TUSK_OBJECT_CHUNK;
	chunk->cached.cost = sizeof(*chunk) + chunk->raw.capacity;
	*ret_item = &TUSK_STEAL(chunk)->cached;
	return 0;
}

static size_t block_cost(const struct tusk_block *block)
{
	/* Two arrays at most; owners are few. */
	return sizeof(*block) + block->raw.capacity + 2 * sizeof(uint64_t) * ((size_t)block->tree.count + 1) +
	       (size_t)block->tree.owner_count * 32;
}

static int block_load(void *context, const struct tusk_id *id, struct tusk_cached **ret_item, struct tusk_err *err)
{
	const struct load *load = context;
	struct tusk_want want = {.id = id, .type = TUSK_OBJECT_TREE, .len = UINT64_MAX};
	char text[TUSK_ID_TEXT_SIZE];
	TUSK_AUTO_FREE struct tusk_block *block = calloc(1, sizeof(*block));
	if (!block)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_fetch_read(load->fetcher->fetch, &want, &block->raw, err) != 0)
		return -1;
	if (tusk_tree_decode(block->raw.data, block->raw.len, &block->tree, err) != 0) {
		tusk_raw_give(load->fetcher->fetch, &block->raw);
		tusk_id_text(id, text);
		return tusk_err_prefix(err, "tree block %s", text);
	}
	block->fetcher = load->fetcher;
	block->cached.id = *id;
	block->cached.type = TUSK_OBJECT_TREE;
	block->cached.cost = block_cost(block);
	*ret_item = &TUSK_STEAL(block)->cached;
	return 0;
}

static int list_starts(struct tusk_list *list, struct tusk_err *err)
{
	list->starts = calloc(list->count + 1, sizeof(*list->starts));
	if (!list->starts)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < list->count; i++)
		if (__builtin_add_overflow(list->starts[i], list->refs[i].len, &list->starts[i + 1]))
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the lengths in a chunk list overflow");
	return 0;
}

static int list_load(void *context, const struct tusk_id *id, struct tusk_cached **ret_item, struct tusk_err *err)
{
	const struct load *load = context;
	struct tusk_want want = {.id = id, .type = TUSK_OBJECT_LIST, .len = UINT64_MAX};
	char text[TUSK_ID_TEXT_SIZE];
	struct tusk_raw raw;
	struct list_item *item = calloc(1, sizeof(*item));
	if (!item)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	item->cached.id = *id;
	item->cached.type = TUSK_OBJECT_LIST;
	int status = tusk_fetch_read(load->fetcher->fetch, &want, &raw, err);
	if (status == 0) {
		struct tusk_list *list = &item->list;
		status = tusk_list_decode(raw.data, raw.len, &list->level, &list->refs, &list->count, err);
		tusk_raw_give(load->fetcher->fetch, &raw);
		if (status == 0)
			status = list_starts(list, err);
		tusk_id_text(id, text);
		if (status != 0)
			tusk_err_prefix(err, "chunk list %s", text);
	}
	if (status != 0) {
		list_destroy(item);
		return -1;
	}
	item->cached.cost = sizeof(*item) + (item->list.count + 1) * (sizeof(uint64_t) + sizeof(struct tusk_chunk_ref));
	*ret_item = &item->cached;
	return 0;
}

/* ---- making and freeing ---- */

static void fetcher_free(struct tusk_fetcher *fetcher)
{
	if (!fetcher)
		return;
	tusk_prefetch_free(fetcher->prefetch);
	tusk_cache_free(fetcher->chunks);
	tusk_cache_free(fetcher->trees);
	tusk_fetch_free(fetcher->fetch);
	pthread_mutex_destroy(&fetcher->lock);
	free(fetcher);
}

static struct tusk_fetcher *fetcher_new(struct tusk_repository *repository)
{
	size_t trees = repository->tree_cache ? repository->tree_cache : TREE_CACHE_DEFAULT;
	size_t chunks = repository->chunk_cache ? repository->chunk_cache : CHUNK_CACHE_DEFAULT;
	struct tusk_fetcher *fetcher = calloc(1, sizeof(*fetcher));
	if (!fetcher)
		return NULL;
	pthread_mutex_init(&fetcher->lock, NULL);
	fetcher->fetch = tusk_fetch_new(repository);
	fetcher->trees = tusk_cache_new(trees, tree_item_destroy);
	fetcher->chunks = tusk_cache_new(chunks, chunk_destroy);
	if (!fetcher->fetch || !fetcher->trees || !fetcher->chunks) {
		fetcher_free(fetcher);
		return NULL;
	}
	return fetcher;
}

int tusk_fetcher_get(struct tusk_repository *repository, struct tusk_fetcher **ret_fetcher, struct tusk_err *err)
{
	pthread_mutex_lock(&repository->lock);
	if (!repository->fetcher) {
		repository->fetcher = fetcher_new(repository);
		repository->fetcher_free = fetcher_free;
	}
	struct tusk_fetcher *fetcher = repository->fetcher;
	pthread_mutex_unlock(&repository->lock);
	if (!fetcher)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	*ret_fetcher = fetcher;
	return 0;
}

struct tusk_prefetch *tusk_fetcher_prefetch(struct tusk_fetcher *fetcher)
{
	pthread_mutex_lock(&fetcher->lock);
	if (!fetcher->prefetch)
		fetcher->prefetch = tusk_prefetch_new();
	struct tusk_prefetch *prefetch = fetcher->prefetch;
	pthread_mutex_unlock(&fetcher->lock);
	return prefetch;
}

/* ---- the contract ---- */

int tusk_fetcher_chunk(struct tusk_fetcher *fetcher, const struct tusk_id *id, uint64_t expected_len,
		       struct tusk_chunk **ret_chunk, struct tusk_err *err)
{
	struct load load = {.fetcher = fetcher, .len = expected_len};
	struct tusk_cache_loader loader = {.load = chunk_load, .context = &load};
	struct tusk_cached *item;
	char text[TUSK_ID_TEXT_SIZE];

	if (tusk_cache_get(fetcher->chunks, id, TUSK_OBJECT_CHUNK, &loader, &item, err) != 0)
		return -1;
	struct tusk_chunk *chunk = (struct tusk_chunk *)item;
	if (chunk->raw.len != expected_len) { /* cached for another file that gave another length */
		tusk_id_text(id, text);
		int status = tusk_err_set(err, TUSK_E_CORRUPT, 0, "chunk %s has %zu bytes, expected %llu", text,
					  chunk->raw.len, (unsigned long long)expected_len);
		tusk_chunk_release(chunk);
		return status;
	}
	*ret_chunk = chunk;
	return 0;
}

int tusk_fetcher_chunk_into(struct tusk_fetcher *fetcher, const struct tusk_id *id, uint64_t len, uint8_t *out,
			    struct tusk_err *err)
{
	struct tusk_want want = {.id = id, .type = TUSK_OBJECT_CHUNK, .len = len};
	struct tusk_chunk *chunk = (struct tusk_chunk *)tusk_cache_find(fetcher->chunks, id, TUSK_OBJECT_CHUNK);
	bool is_cached = chunk && chunk->raw.len == len;

	if (is_cached)
		memcpy(out, chunk->raw.data, (size_t)len);
	tusk_chunk_release(chunk);
	return is_cached ? 0 : tusk_fetch_into(fetcher->fetch, &want, out, err);
}

struct tusk_cached *tusk_chunk_pin(struct tusk_chunk *chunk)
{
	return &chunk->cached;
}

const uint8_t *tusk_chunk_data(const struct tusk_chunk *chunk, size_t *ret_len)
{
	*ret_len = chunk->raw.len;
	return chunk->raw.data;
}

void tusk_chunk_release(struct tusk_chunk *chunk)
{
	if (chunk)
		tusk_cached_release(&chunk->cached);
}

int tusk_fetcher_block(struct tusk_fetcher *fetcher, const struct tusk_id *id, struct tusk_block **ret_block,
		       struct tusk_err *err)
{
	struct load load = {.fetcher = fetcher};
	struct tusk_cache_loader loader = {.load = block_load, .context = &load};
	struct tusk_cached *item;

	if (tusk_cache_get(fetcher->trees, id, TUSK_OBJECT_TREE, &loader, &item, err) != 0)
		return -1;
	*ret_block = (struct tusk_block *)item;
	return 0;
}

const struct tusk_tree *tusk_block_tree(const struct tusk_block *block)
{
	return &block->tree;
}

struct tusk_block *tusk_block_retain(struct tusk_block *block)
{
	tusk_cached_retain(&block->cached);
	return block;
}

struct tusk_cached *tusk_block_pin(struct tusk_block *block)
{
	return &block->cached;
}

void tusk_block_release(struct tusk_block *block)
{
	if (block)
		tusk_cached_release(&block->cached);
}

int tusk_fetcher_list(struct tusk_fetcher *fetcher, const struct tusk_id *id, const struct tusk_list **ret_list,
		      struct tusk_err *err)
{
	struct load load = {.fetcher = fetcher};
	struct tusk_cache_loader loader = {.load = list_load, .context = &load};
	struct tusk_cached *item;

	if (tusk_cache_get(fetcher->trees, id, TUSK_OBJECT_LIST, &loader, &item, err) != 0)
		return -1;
	*ret_list = &((struct list_item *)item)->list;
	return 0;
}

void tusk_list_release(const struct tusk_list *list)
{
	if (list)
		tusk_cached_release((struct tusk_cached *)((uintptr_t)list - offsetof(struct list_item, list)));
}

int tusk_fetcher_read(struct tusk_fetcher *fetcher, const struct tusk_id *id, uint8_t type, uint64_t expected_len,
		      struct tusk_buf *ret_data, struct tusk_err *err)
{
	struct tusk_want want = {.id = id, .type = type, .len = expected_len};
	struct tusk_raw raw;

	if (tusk_fetch_read(fetcher->fetch, &want, &raw, err) != 0)
		return -1;
	ret_data->len = 0;
	int status = tusk_buf_append(ret_data, raw.data, raw.len);
	tusk_raw_give(fetcher->fetch, &raw);
	return status == 0 ? 0 : tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
}

int tusk_fetcher_object(struct tusk_fetcher *fetcher, const struct tusk_id *id, uint8_t type, struct tusk_buf *ret_data,
			struct tusk_err *err)
{
	return tusk_fetcher_read(fetcher, id, type, UINT64_MAX, ret_data, err);
}

int tusk_fetcher_locate(struct tusk_fetcher *fetcher, const struct tusk_id *id, struct tusk_location *ret_location,
			struct tusk_err *err)
{
	return tusk_fetch_locate(fetcher->fetch, id, ret_location, err);
}

int tusk_fetcher_chunk_id(struct tusk_fetcher *fetcher, const uint8_t sha256[32], struct tusk_id *ret_id,
			  struct tusk_err *err)
{
	return tusk_fetch_chunk_id(fetcher->fetch, sha256, ret_id, err);
}

void tusk_fetcher_usage(const struct tusk_fetcher *fetcher, size_t *ret_trees, size_t *ret_chunks)
{
	*ret_trees = tusk_cache_used(fetcher->trees);
	*ret_chunks = tusk_cache_used(fetcher->chunks);
}
