#include "fetcher.h"

#include "locator.h"
#include "packs.h"
#include "prefetch.h"
#include "slab.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TREE_CACHE_DEFAULT  ((size_t)16 << 20)
#define CHUNK_CACHE_DEFAULT ((size_t)32 << 20)
#define FREE_SLABS_MAX      ((size_t)4 << 20)

/* What a thread needs while it reads a record; recycled. */
struct scratch {
	struct scratch *next;
	struct tusk_aead *aead;
	struct tusk_ider *ider;
	struct tusk_buf sealed;
};

struct tusk_fetcher {
	struct tusk_repository *repository;
	struct tusk_locator *locator;
	struct tusk_packs *packs;
	struct tusk_slabs *slabs;
	struct tusk_cache *trees; /* blocks and lists */
	struct tusk_cache *chunks;
	pthread_mutex_t lock; /* the two below */
	struct scratch *scratches;
	struct tusk_prefetch *prefetch;
};

/* Decoded bytes in recycled memory. */
struct raw {
	uint8_t *data;
	size_t len, capacity;
};

struct tusk_chunk {
	struct tusk_cached cached;
	struct tusk_fetcher *fetcher;
	struct raw raw;
};

struct tusk_block {
	struct tusk_cached cached;
	struct tusk_fetcher *fetcher;
	struct raw raw;
	struct tusk_tree tree;
};

struct list_item {
	struct tusk_cached cached;
	struct tusk_list list;
};

/* ---- scratch ---- */

static void scratch_free(struct scratch *scratch)
{
	tusk_aead_free(scratch->aead);
	tusk_ider_free(scratch->ider);
	tusk_buf_wipe(&scratch->sealed);
	free(scratch);
}

static struct scratch *scratch_take(struct tusk_fetcher *fetcher)
{
	pthread_mutex_lock(&fetcher->lock);
	struct scratch *scratch = fetcher->scratches;
	if (scratch)
		fetcher->scratches = scratch->next;
	pthread_mutex_unlock(&fetcher->lock);
	if (scratch)
		return scratch;
	scratch = calloc(1, sizeof(*scratch));
	if (scratch) {
		scratch->aead = tusk_aead_new();
		scratch->ider = tusk_ider_new(&fetcher->repository->keys);
	}
	return scratch;
}

static void scratch_give(struct tusk_fetcher *fetcher, struct scratch *scratch)
{
	pthread_mutex_lock(&fetcher->lock);
	scratch->next = fetcher->scratches;
	fetcher->scratches = scratch;
	pthread_mutex_unlock(&fetcher->lock);
}

/* ---- from id to bytes ---- */

struct want {
	const struct tusk_id *id;
	uint8_t type;
	uint64_t len; /* UINT64_MAX: any */
};

static int read_record(struct tusk_fetcher *fetcher, const struct tusk_location *location, uint8_t *out,
		       struct tusk_err *err)
{
	struct scratch *scratch = scratch_take(fetcher);
	if (!scratch)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	struct tusk_open_pack *open;
	int status = tusk_packs_get(fetcher->packs, &location->pack, &open, err);
	if (status == 0) {
		status = tusk_pack_read(open->pack, scratch->aead, &location->record, &scratch->sealed, out, err);
		tusk_packs_put(fetcher->packs, open, status != 0);
	}
	scratch_give(fetcher, scratch);
	return status;
}

/* What the index says is checked before it is believed: lengths here, the rest by the record's tag. */
static int fetch_at(struct tusk_fetcher *fetcher, const struct want *want, const struct tusk_location *location,
		    struct raw *ret_raw, struct tusk_err *err)
{
	const struct tusk_record *record = &location->record;
	struct raw raw = {.len = record->raw};
	char name[80], text[TUSK_ID_TEXT_SIZE];

	tusk_pack_name(&location->pack, name);
	tusk_id_text(want->id, text);
	if (record->type != want->type || !tusk_id_equal(&record->id, want->id))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s at %u: object %s is of type %u, not %u", name,
				    record->offset, text, record->type, want->type);
	if (record->raw > TUSK_RECORD_MAX_RAW || (want->len != UINT64_MAX && record->raw != want->len))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s at %u: object %s has %u bytes, expected %llu", name,
				    record->offset, text, record->raw, (unsigned long long)want->len);
	raw.data = tusk_slab_take(fetcher->slabs, raw.len, &raw.capacity);
	if (!raw.data)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (read_record(fetcher, location, raw.data, err) != 0) {
		tusk_slab_give(fetcher->slabs, raw.data, raw.capacity);
		return tusk_err_prefix(err, "object %s", text);
	}
	*ret_raw = raw;
	return 0;
}

/* Absent data is damage here: somebody refers to it. */
static int fail_as_corrupt(const struct tusk_err *why, struct tusk_err *err)
{
	if (err) {
		*err = *why;
		if (err->code == TUSK_E_ABSENT)
			err->code = TUSK_E_CORRUPT;
	}
	return -1;
}

static int fetch(struct tusk_fetcher *fetcher, const struct want *want, struct raw *ret_raw, struct tusk_err *err)
{
	struct tusk_location location, other;
	struct tusk_err why = {0};
	char text[TUSK_ID_TEXT_SIZE];

	int found = tusk_locator_search(fetcher->locator, want->id, &location, err);
	if (found == TUSK_INDEX_ABSENT) {
		tusk_id_text(want->id, text);
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "object %s is not stored anywhere", text);
	}
	if (found < 0)
		return -1;
	if (fetch_at(fetcher, want, &location, ret_raw, &why) == 0)
		return 0;
	if (why.code == TUSK_E_CORRUPT || why.code == TUSK_E_ABSENT) {
		found = tusk_locator_replace(fetcher->locator, want->id, &location, &other, NULL);
		if (found == TUSK_INDEX_FOUND && fetch_at(fetcher, want, &other, ret_raw, NULL) == 0)
			return 0;
	}
	return fail_as_corrupt(&why, err);
}

/* ---- what the caches hold ---- */

static void chunk_destroy(struct tusk_cached *item)
{
	struct tusk_chunk *chunk = (struct tusk_chunk *)item;
	tusk_slab_give(chunk->fetcher->slabs, chunk->raw.data, chunk->raw.capacity);
	free(chunk);
}

static void tree_item_destroy(struct tusk_cached *item)
{
	if (item->type == TUSK_OBJECT_LIST) {
		struct list_item *list = (struct list_item *)item;
		free(list->list.refs);
		free(list->list.starts);
		free(list);
		return;
	}
	struct tusk_block *block = (struct tusk_block *)item;
	tusk_tree_release(&block->tree);
	tusk_slab_give(block->fetcher->slabs, block->raw.data, block->raw.capacity);
	free(block);
}

struct load {
	struct tusk_fetcher *fetcher;
	uint64_t len;
};

static int chunk_load(void *context, const struct tusk_id *id, struct tusk_cached **ret_item, struct tusk_err *err)
{
	const struct load *load = context;
	struct want want = {.id = id, .type = TUSK_OBJECT_CHUNK, .len = load->len};
	TUSK_AUTO_FREE struct tusk_chunk *chunk = calloc(1, sizeof(*chunk));
	if (!chunk)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (fetch(load->fetcher, &want, &chunk->raw, err) != 0)
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
	struct want want = {.id = id, .type = TUSK_OBJECT_TREE, .len = UINT64_MAX};
	char text[TUSK_ID_TEXT_SIZE];
	TUSK_AUTO_FREE struct tusk_block *block = calloc(1, sizeof(*block));
	if (!block)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (fetch(load->fetcher, &want, &block->raw, err) != 0)
		return -1;
	if (tusk_tree_decode(block->raw.data, block->raw.len, &block->tree, err) != 0) {
		tusk_slab_give(load->fetcher->slabs, block->raw.data, block->raw.capacity);
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
	struct want want = {.id = id, .type = TUSK_OBJECT_LIST, .len = UINT64_MAX};
	char text[TUSK_ID_TEXT_SIZE];
	struct raw raw;
	struct list_item *item = calloc(1, sizeof(*item));
	if (!item)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	item->cached.id = *id;
	item->cached.type = TUSK_OBJECT_LIST;
	int status = fetch(load->fetcher, &want, &raw, err);
	if (status == 0) {
		struct tusk_list *list = &item->list;
		status = tusk_list_decode(raw.data, raw.len, &list->level, &list->refs, &list->count, err);
		tusk_slab_give(load->fetcher->slabs, raw.data, raw.capacity);
		if (status == 0)
			status = list_starts(list, err);
		tusk_id_text(id, text);
		if (status != 0)
			tusk_err_prefix(err, "chunk list %s", text);
	}
	if (status != 0) {
		tree_item_destroy(&item->cached);
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
	tusk_slabs_free(fetcher->slabs);
	tusk_packs_free(fetcher->packs);
	tusk_locator_free(fetcher->locator);
	while (fetcher->scratches) {
		struct scratch *scratch = fetcher->scratches;
		fetcher->scratches = scratch->next;
		scratch_free(scratch);
	}
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
	fetcher->repository = repository;
	pthread_mutex_init(&fetcher->lock, NULL);
	fetcher->locator = tusk_locator_new(repository);
	fetcher->packs = tusk_packs_new(repository->node, &repository->keys);
	fetcher->slabs = tusk_slabs_new(repository->parameters.chunk_max, FREE_SLABS_MAX);
	fetcher->trees = tusk_cache_new(trees, tree_item_destroy);
	fetcher->chunks = tusk_cache_new(chunks, chunk_destroy);
	if (!fetcher->locator || !fetcher->packs || !fetcher->slabs || !fetcher->trees || !fetcher->chunks) {
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
	struct want want = {.id = id, .type = type, .len = expected_len};
	struct raw raw;

	if (fetch(fetcher, &want, &raw, err) != 0)
		return -1;
	ret_data->len = 0;
	int status = tusk_buf_append(ret_data, raw.data, raw.len);
	tusk_slab_give(fetcher->slabs, raw.data, raw.capacity);
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
	return tusk_locator_find(fetcher->locator, id, ret_location, err);
}

int tusk_fetcher_chunk_id(struct tusk_fetcher *fetcher, const uint8_t sha256[32], struct tusk_id *ret_id,
			  struct tusk_err *err)
{
	struct scratch *scratch = scratch_take(fetcher);
	if (!scratch)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	tusk_ider_from_hash(scratch->ider, TUSK_OBJECT_CHUNK, sha256, ret_id);
	scratch_give(fetcher, scratch);
	return 0;
}

void tusk_fetcher_usage(const struct tusk_fetcher *fetcher, size_t *ret_trees, size_t *ret_chunks)
{
	*ret_trees = tusk_cache_used(fetcher->trees);
	*ret_chunks = tusk_cache_used(fetcher->chunks);
}
