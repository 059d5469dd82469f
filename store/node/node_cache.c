#include "node_cache.h"

#include "cache_store.h"
#include "node_ops.h"

#include "tusk/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE   TUSK_CACHE_BLOCK_SIZE
#define SLOT_COUNT   64u  /* blocks in memory: 16 MiB at most */
#define RUN_MAX      16u  /* blocks of one request */
#define TREE_RUN     8u   /* for a pack of trees, which are needed in any order */
#define HEAD_SIZE    256u /* what far nodes read when they open an object */
#define KIND_AT      11   /* FORMAT.md, Pack */
#define KIND_TREES   2
#define DEFAULT_SIZE ((uint64_t)1 << 30)

enum slot_state { SLOT_FREE, SLOT_FETCHING, SLOT_READY };

/* Invariant: data is there and len > 0 when READY; users > 0 only when READY. */
struct slot {
	enum slot_state state;
	char digits[65]; /* empty: doubted, nobody finds it any more */
	uint32_t block;
	unsigned users;
	uint64_t used_at;
	size_t len;
	uint8_t *data;
};

struct cache {
	struct tusk_node base;
	struct tusk_node *child;
	struct tusk_cache_store *store;
	pthread_mutex_t lock;   /* all below, and the moving parts of objects */
	pthread_cond_t changed; /* a slot is no longer FETCHING, or was let go */
	uint64_t clock;
	struct slot slots[SLOT_COUNT];
};

struct cached_object {
	struct tusk_object base;
	struct cache *cache;
	char digits[65];
	pthread_mutex_t opening;
	struct tusk_object *child; /* opened when something must be fetched; guarded by opening */
	uint32_t next;             /* the block after what was read last */
	uint32_t run;              /* blocks that the next request may take */
	bool is_trees, is_doubted;
};

/* ---- slots; with the lock held ---- */

static struct slot *find_slot(struct cache *cache, const char *digits, uint32_t block)
{
	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		struct slot *slot = &cache->slots[i];

		if (slot->state != SLOT_FREE && slot->block == block && strcmp(slot->digits, digits) == 0)
			return slot;
	}
	return NULL;
}

/* A slot to fill: a free one, or the one not used for longest; NULL when all are in use. */
static struct slot *claim_slot(struct cache *cache, const char *digits, uint32_t block)
{
	struct slot *best = NULL;

	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		struct slot *slot = &cache->slots[i];

		if (slot->state == SLOT_FETCHING || slot->users)
			continue;
		if (!best || (best->state != SLOT_FREE && (slot->state == SLOT_FREE || slot->used_at < best->used_at)))
			best = slot;
	}
	if (best && !best->data)
		best->data = malloc(BLOCK_SIZE);
	if (!best || !best->data)
		return NULL;
	best->state = SLOT_FETCHING;
	best->block = block;
	best->used_at = ++cache->clock;
	snprintf(best->digits, sizeof(best->digits), "%s", digits);
	return best;
}

static uint32_t block_count(const struct cached_object *object)
{
	return (uint32_t)((object->base.size + BLOCK_SIZE - 1) / BLOCK_SIZE);
}

static size_t length_of(const struct cached_object *object, uint32_t block)
{
	uint64_t left = object->base.size - (uint64_t)block * BLOCK_SIZE;

	return left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE;
}

/* Blocks that are fetched together. */
struct run {
	struct slot *slots[RUN_MAX];
	uint32_t count;
};

/* Claims the block and those after it that may be wanted: what the caller reads, and ahead of a reader that goes
 * forward; of trees also those before it. */
static void claim_run(struct cached_object *object, uint32_t block, uint32_t wanted, struct run *run)
{
	struct cache *cache = object->cache;
	uint32_t count = block_count(object), most;

	object->run = block == object->next && block ? 2 * object->run : 1;
	object->run = object->run < RUN_MAX ? object->run : RUN_MAX;
	most = object->run > wanted ? object->run : wanted;
	if (object->is_trees) {
		most = TREE_RUN;
		while (block % TREE_RUN && !find_slot(cache, object->digits, block - 1))
			block--;
	}
	run->count = 0;
	while (run->count < most && run->count < RUN_MAX && block + run->count < count) {
		struct slot *slot;

		if (find_slot(cache, object->digits, block + run->count) ||
		    !(slot = claim_slot(cache, object->digits, block + run->count)))
			break;
		run->slots[run->count++] = slot;
	}
	object->next = block + run->count;
}

/* The first good blocks are ready, the others are given back. */
static void settle_run(struct cache *cache, const struct run *run, uint32_t good)
{
	pthread_mutex_lock(&cache->lock);
	for (uint32_t i = 0; i < run->count; i++)
		run->slots[i]->state = i < good ? SLOT_READY : SLOT_FREE;
	pthread_cond_broadcast(&cache->changed);
	pthread_mutex_unlock(&cache->lock);
}

/* ---- filling ---- */

static int open_child(struct cached_object *object, struct tusk_err *err)
{
	int found = TUSK_NODE_FOUND;

	pthread_mutex_lock(&object->opening);
	if (!object->child)
		found = tusk_object_open(object->cache->child, object->base.name, &object->child, err);
	pthread_mutex_unlock(&object->opening);
	if (found == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "%s is missing", object->base.name);
	if (found == TUSK_NODE_FOUND && tusk_object_size(object->child) != object->base.size)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s has another size than before", object->base.name);
	return found;
}

static int fetch(struct cached_object *object, const struct run *run, uint32_t count, struct tusk_err *err)
{
	uint32_t first = run->slots[0]->block;
	size_t len = (size_t)(count - 1) * BLOCK_SIZE + length_of(object, first + count - 1);
	uint8_t *bytes TUSK_AUTO_FREE = malloc(len);

	if (!bytes)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot read %s: out of memory", object->base.name);
	if (open_child(object, err) < 0 ||
	    tusk_object_pread(object->child, bytes, len, (uint64_t)first * BLOCK_SIZE, err) < 0)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		run->slots[i]->len = length_of(object, first + i);
		memcpy(run->slots[i]->data, bytes + (size_t)i * BLOCK_SIZE, run->slots[i]->len);
	}
	return 0;
}

/* From disk as far as that has them. */
static uint32_t load(struct cached_object *object, const struct run *run)
{
	uint32_t good = 0;

	while (good < run->count) {
		struct slot *slot = run->slots[good];
		uint64_t size;

		if (!tusk_cache_store_load(object->cache->store, object->digits, slot->block, slot->data, &slot->len,
					   &size) ||
		    size != object->base.size || slot->len != length_of(object, slot->block))
			break;
		good++;
	}
	return good;
}

/* One request at most, for the blocks up to the first that the disk has. */
static int fill_run(struct cached_object *object, const struct run *run, struct tusk_err *err)
{
	struct cache *cache = object->cache;
	uint32_t good = load(object, run), count = 1;

	if (good) {
		settle_run(cache, run, good);
		return 0;
	}
	while (count < run->count && !tusk_cache_store_has(cache->store, object->digits, run->slots[count]->block))
		count++;
	if (fetch(object, run, count, err) < 0) {
		settle_run(cache, run, 0);
		return -1;
	}
	for (uint32_t i = 0; i < count; i++)
		tusk_cache_store_save(cache->store, object->digits, run->slots[i]->block, run->slots[i]->data,
				      run->slots[i]->len, object->base.size);
	settle_run(cache, run, count);
	return 0;
}

/* The block, pinned. wanted: so many from there on are going to be read. */
static int get_block(struct cached_object *object, uint32_t block, uint32_t wanted, struct slot **ret_slot,
		     struct tusk_err *err)
{
	struct cache *cache = object->cache;
	struct slot *slot;
	struct run run;

	pthread_mutex_lock(&cache->lock);
	for (;;) {
		slot = find_slot(cache, object->digits, block);
		if (slot && slot->state == SLOT_READY)
			break;
		run.count = 0;
		if (!slot)
			claim_run(object, block, wanted, &run);
		if (!run.count) { /* another fetches it, or there is no room */
			pthread_cond_wait(&cache->changed, &cache->lock);
			continue;
		}
		pthread_mutex_unlock(&cache->lock);
		if (fill_run(object, &run, err) < 0)
			return -1;
		pthread_mutex_lock(&cache->lock);
	}
	slot->users++;
	slot->used_at = ++cache->clock;
	pthread_mutex_unlock(&cache->lock);
	*ret_slot = slot;
	return 0;
}

static void put_block(struct cache *cache, struct slot *slot)
{
	pthread_mutex_lock(&cache->lock);
	slot->users--;
	pthread_cond_broadcast(&cache->changed);
	pthread_mutex_unlock(&cache->lock);
}

/* ---- objects ---- */

static void note_kind(struct cached_object *object, const uint8_t *data, uint64_t offset, size_t len)
{
	if (offset > 0 || len <= KIND_AT)
		return;
	pthread_mutex_lock(&object->cache->lock);
	object->is_trees = data[KIND_AT] == KIND_TREES;
	pthread_mutex_unlock(&object->cache->lock);
}

/* A pack's header came with opening it: no block is fetched for that. True: it is answered. */
static bool read_head(struct cached_object *object, void *data, size_t len, uint64_t offset)
{
	struct cache *cache = object->cache;
	struct tusk_object *child;

	if (offset + len > HEAD_SIZE)
		return false;
	pthread_mutex_lock(&object->opening);
	child = object->child; /* stays once it is there */
	pthread_mutex_unlock(&object->opening);
	pthread_mutex_lock(&cache->lock);
	if (object->is_doubted || find_slot(cache, object->digits, 0))
		child = NULL;
	pthread_mutex_unlock(&cache->lock);
	if (!child || tusk_object_pread(child, data, len, offset, NULL) < 0)
		return false;
	note_kind(object, data, offset, len);
	return true;
}

static int cached_pread(struct tusk_object *base, void *data, size_t len, uint64_t offset, struct tusk_err *err)
{
	struct cached_object *object = (struct cached_object *)base;
	uint8_t *out = data;

	if (read_head(object, data, len, offset))
		return 0;
	while (len) {
		uint32_t block = (uint32_t)(offset / BLOCK_SIZE), last = (uint32_t)((offset + len - 1) / BLOCK_SIZE);
		size_t from = (size_t)(offset % BLOCK_SIZE), part = BLOCK_SIZE - from;
		struct slot *slot;

		part = part < len ? part : len;
		if (get_block(object, block, last - block + 1, &slot, err) < 0)
			return -1;
		memcpy(out, slot->data + from, part);
		put_block(object->cache, slot);
		note_kind(object, out, offset, part);
		out += part;
		offset += part;
		len -= part;
	}
	return 0;
}

static bool cached_doubt(struct tusk_object *base)
{
	struct cached_object *object = (struct cached_object *)base;
	struct cache *cache = object->cache;
	bool is_first;

	pthread_mutex_lock(&cache->lock);
	is_first = !object->is_doubted;
	object->is_doubted = true;
	for (unsigned i = 0; is_first && i < SLOT_COUNT; i++) {
		struct slot *slot = &cache->slots[i];

		if (slot->state == SLOT_READY && strcmp(slot->digits, object->digits) == 0)
			slot->digits[0] = '\0';
	}
	pthread_mutex_unlock(&cache->lock);
	if (is_first)
		tusk_cache_store_drop(cache->store, object->digits, block_count(object));
	return is_first;
}

static void cached_close(struct tusk_object *base)
{
	struct cached_object *object = (struct cached_object *)base;

	tusk_object_close(object->child);
	pthread_mutex_destroy(&object->opening);
	free(object);
}

static const struct tusk_object_ops object_ops = {.close = cached_close, .pread = cached_pread, .doubt = cached_doubt};

/* The size of an object whose first block is on disk. */
static bool known_size(struct cache *cache, const char *digits, uint64_t *ret_size)
{
	uint8_t *data TUSK_AUTO_FREE = malloc(BLOCK_SIZE);
	size_t len;

	return data && tusk_cache_store_load(cache->store, digits, 0, data, &len, ret_size);
}

static int cached_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object, struct tusk_err *err)
{
	struct cache *cache = (struct cache *)node;
	struct cached_object *object;
	int found = TUSK_NODE_FOUND;

	if (strncmp(name, "packs/", 6) != 0)
		return tusk_object_open(cache->child, name, ret_object, err);
	object = calloc(1, sizeof(*object));
	if (!object)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot open %s: out of memory", name);
	object->base.ops = &object_ops;
	object->cache = cache;
	snprintf(object->base.name, sizeof(object->base.name), "%s", name);
	snprintf(object->digits, sizeof(object->digits), "%s", name + strlen("packs/xx/"));
	pthread_mutex_init(&object->opening, NULL);
	if (!known_size(cache, object->digits, &object->base.size)) {
		found = tusk_object_open(cache->child, name, &object->child, err);
		if (found == TUSK_NODE_FOUND)
			object->base.size = tusk_object_size(object->child);
	}
	if (found == TUSK_NODE_FOUND)
		*ret_object = &object->base;
	else
		cached_close(&object->base);
	return found;
}

/* ---- the node ---- */

static int cached_get(struct tusk_node *node, const char *name, size_t max, struct tusk_buf *ret_data,
		      struct tusk_err *err)
{
	return tusk_node_get(((struct cache *)node)->child, name, max, ret_data, err);
}

static int cached_stat(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err)
{
	return tusk_node_stat(((struct cache *)node)->child, name, ret_size, err);
}

static void cache_close(struct tusk_node *node)
{
	struct cache *cache = (struct cache *)node;

	for (unsigned i = 0; i < SLOT_COUNT; i++)
		free(cache->slots[i].data);
	tusk_cache_store_free(cache->store);
	pthread_mutex_destroy(&cache->lock);
	pthread_cond_destroy(&cache->changed);
	free(cache->base.url);
	free(cache);
}

static const struct tusk_node_ops node_ops = {
    .close = cache_close, .get = cached_get, .object_open = cached_open, .stat = cached_stat};

int tusk_node_cache_new(struct tusk_node *child, const char *folder, uint64_t max, struct tusk_node **ret_node,
			struct tusk_err *err)
{
	struct cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	cache->base.ops = &node_ops;
	cache->base.url = strdup(tusk_node_url(child));
	cache->child = child;
	cache->store = tusk_cache_store_new(folder, max);
	pthread_mutex_init(&cache->lock, NULL);
	pthread_cond_init(&cache->changed, NULL);
	if (!cache->base.url || !cache->store) {
		cache_close(&cache->base);
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	}
	*ret_node = &cache->base;
	return 0;
}

int tusk_node_cache_size(uint64_t *ret_max, struct tusk_err *err)
{
	const char *text = getenv("TUSK_CACHE_SIZE");

	*ret_max = DEFAULT_SIZE;
	if (text && *text && tusk_text_parse_size(text, ret_max) < 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "TUSK_CACHE_SIZE is not a size: \"%.40s\"", text);
	return 0;
}
