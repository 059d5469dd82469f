#include "entries.h"

#include "crypto.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* ---- chance ---- */

uint64_t test_random_next(struct test_random *random)
{
	uint64_t word = random->state += 0x9e3779b97f4a7c15;

	word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
	word = (word ^ word >> 27) * 0x94d049bb133111eb;
	return word ^ word >> 31;
}

uint64_t test_random_below(struct test_random *random, uint64_t below)
{
	return test_random_next(random) % below;
}

/* Of any magnitude below 2^bits, so that every length of varint comes up. */
static uint64_t any_number(struct test_random *random, unsigned bits)
{
	return test_random_next(random) >> (64 - bits) >> test_random_below(random, bits);
}

static void fill(struct test_random *random, uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)test_random_next(random);
}

static bool toss(struct test_random *random)
{
	return test_random_next(random) & 1;
}

/* ---- memory ---- */

void *test_pool_take(struct test_pool *pool, size_t len)
{
	/* Room for a power of two: grown whenever the count is one. */
	if ((pool->count & (pool->count - 1)) == 0)
		pool->items = realloc(pool->items, 2 * (pool->count + 1) * sizeof(*pool->items));
	assert_non_null(pool->items);
	void *data = calloc(1, len ? len : 1);
	assert_non_null(data);
	return pool->items[pool->count++] = data;
}

struct tusk_bytes test_pool_text(struct test_pool *pool, const char *text)
{
	size_t len = strlen(text);

	return (struct tusk_bytes){memcpy(test_pool_take(pool, len), text, len), len};
}

static struct tusk_bytes keep(struct test_pool *pool, struct tusk_buf *buf)
{
	uint8_t *data = test_pool_take(pool, buf->len);

	memcpy(data, buf->data, buf->len);
	struct tusk_bytes bytes = {data, buf->len};
	tusk_buf_release(buf);
	return bytes;
}

void test_pool_release(struct test_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		free(pool->items[i]);
	free(pool->items);
	*pool = (struct test_pool){0};
}

/* ---- entries ---- */

struct tusk_entry test_plain_file(struct test_pool *pool, const char *name)
{
	struct tusk_entry entry = {
	    .type = TUSK_TYPE_FILE,
	    .mode = S_IFREG | 0644,
	    .uid = 1000,
	    .gid = 100,
	    .mtime = {1700000000, 123456789},
	    .ctime = {1700000060, 987654321},
	    .source_inode = 4711,
	    .nlink = 1,
	    .size = 5000,
	    .data_bytes = 5000,
	    .content = TUSK_CONTENT_CHUNK,
	    .chunk_count = 1,
	    .has_sha256 = true,
	};

	entry.name = test_pool_text(pool, name);
	entry.user = test_pool_text(pool, "alice");
	entry.group = test_pool_text(pool, "users");
	memset(entry.sha256, 0xab, sizeof(entry.sha256));
	return entry;
}

static struct tusk_bytes random_blob(struct test_pool *pool, struct test_random *random)
{
	struct tusk_buf buf = {0};
	uint8_t id[TUSK_ID_SIZE];

	fill(random, id, sizeof(id));
	tusk_put_raw(&buf, id, sizeof(id));
	tusk_put_varint(&buf, 1 + any_number(random, 24));
	return keep(pool, &buf);
}

static void random_xattrs(struct test_pool *pool, struct test_random *random, struct tusk_entry *entry)
{
	struct tusk_xattr items[4];
	size_t count = 1 + (size_t)test_random_below(random, 4);
	struct tusk_buf buf = {0};
	char name[32];

	entry->has_xattrs = true;
	entry->xattrs_in_blob = test_random_below(random, 4) == 0;
	if (entry->xattrs_in_blob) {
		entry->xattr_bytes = random_blob(pool, random);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		size_t len = (size_t)test_random_below(random, 200);
		uint8_t *value = test_pool_take(pool, len);

		fill(random, value, len);
		snprintf(name, sizeof(name), "user.%zu", i);
		items[i] = (struct tusk_xattr){test_pool_text(pool, name), {value, len}};
	}
	assert_int_equal(tusk_xattrs_encode(&buf, items, count), 0);
	entry->xattr_bytes = keep(pool, &buf);
}

/* Cuts data_bytes bytes into extents with gaps, and gives the size that they need. */
static void random_holes(struct test_pool *pool, struct test_random *random, struct tusk_entry *entry)
{
	struct tusk_extent extents[8];
	size_t count = 0;
	uint64_t end = 0, left = entry->data_bytes;
	struct tusk_buf buf = {0};

	while (left > 0) {
		uint64_t len = count < 7 ? 1 + test_random_below(random, left) : left;

		end += (count > 0) + any_number(random, 20);
		extents[count++] = (struct tusk_extent){end, len};
		end += len;
		left -= len;
	}
	entry->has_holes = true;
	entry->size = end + any_number(random, 30);
	entry->extents_in_blob = test_random_below(random, 4) == 0;
	if (entry->extents_in_blob) {
		entry->extent_bytes = random_blob(pool, random);
		return;
	}
	assert_int_equal(tusk_extents_encode(&buf, extents, count), 0);
	entry->extent_bytes = keep(pool, &buf);
}

static void random_chunks(struct test_pool *pool, struct test_random *random, struct tusk_entry *entry)
{
	struct tusk_buf buf = {0};
	uint8_t id[TUSK_ID_SIZE];

	entry->chunk_count = 2 + test_random_below(random, TUSK_LIST_INLINE_MAX - 1);
	for (uint64_t i = 0; i < entry->chunk_count; i++) {
		uint64_t len = 1 + any_number(random, 23);

		fill(random, id, sizeof(id));
		tusk_put_raw(&buf, id, sizeof(id));
		tusk_put_varint(&buf, len);
		entry->data_bytes += len;
	}
	entry->content_bytes = keep(pool, &buf);
}

static void random_file(struct test_pool *pool, struct test_random *random, struct tusk_entry *entry)
{
	uint8_t *data;

	entry->content = (enum tusk_content)test_random_below(random, 5);
	switch (entry->content) {
	case TUSK_CONTENT_EMPTY:
		break;
	case TUSK_CONTENT_INLINE:
		entry->data_bytes = 1 + test_random_below(random, TUSK_INLINE_MAX);
		data = test_pool_take(pool, entry->data_bytes);
		fill(random, data, entry->data_bytes);
		entry->content_bytes = (struct tusk_bytes){data, entry->data_bytes};
		break;
	case TUSK_CONTENT_CHUNK:
		entry->data_bytes = 1 + any_number(random, 24);
		entry->chunk_count = 1;
		break;
	case TUSK_CONTENT_LIST:
		random_chunks(pool, random, entry);
		break;
	case TUSK_CONTENT_INDIRECT:
		entry->data_bytes = 1000 + any_number(random, 40);
		entry->chunk_count = (entry->data_bytes >> 24) + 2;
		entry->list_level = (uint8_t)test_random_below(random, 4);
		data = test_pool_take(pool, TUSK_ID_SIZE);
		fill(random, data, TUSK_ID_SIZE);
		entry->content_bytes = (struct tusk_bytes){data, TUSK_ID_SIZE};
		break;
	}
	entry->size = entry->data_bytes;
	if (entry->content != TUSK_CONTENT_INLINE && entry->content != TUSK_CONTENT_CHUNK && toss(random))
		random_holes(pool, random, entry);
	entry->has_sha256 =
	    entry->content != TUSK_CONTENT_INLINE && (entry->content != TUSK_CONTENT_EMPTY || entry->has_holes);
	if (entry->has_sha256)
		fill(random, entry->sha256, sizeof(entry->sha256));
}

static void random_subtree(struct test_random *random, struct tusk_entry *entry)
{
	struct tusk_subtree *subtree = &entry->subtree;

	if (toss(random)) {
		fill(random, subtree->id.bytes, TUSK_ID_SIZE);
		subtree->level = (uint8_t)test_random_below(random, TUSK_TREE_LEVELS);
		subtree->entries = 1 + any_number(random, 25);
		subtree->subdirs = test_random_below(random, subtree->entries + 1);
		subtree->descendants = subtree->entries + (subtree->subdirs ? any_number(random, 30) : 0);
		subtree->bytes = any_number(random, 63);
	}
	entry->nlink = 2 + subtree->subdirs;
}

static void random_head(struct test_pool *pool, struct test_random *random, struct tusk_entry *entry)
{
	static const char *const names[] = {"", "root", "alice", "bob", "www-data"};

	entry->mode = (uint32_t)test_random_below(random, 010000);
	entry->uid = toss(random) ? (uint32_t)any_number(random, 32) : 1000;
	entry->gid = toss(random) ? (uint32_t)any_number(random, 32) : 100;
	/* One name an id: a table maps ids to names. */
	entry->user = test_pool_text(pool, names[entry->uid % 5]);
	entry->group = test_pool_text(pool, names[entry->gid % 4]);
	entry->mtime.tv_sec = (time_t)any_number(random, 64);
	entry->mtime.tv_nsec = (long)test_random_below(random, 1000000000);
	entry->ctime.tv_sec = toss(random) ? (time_t)any_number(random, 64) : entry->mtime.tv_sec;
	entry->ctime.tv_nsec = (long)test_random_below(random, 1000000000);
	entry->source_inode = any_number(random, 64);
	entry->nlink = 1;
	if (test_random_below(random, 3) == 0)
		random_xattrs(pool, random, entry);
}

struct tusk_entry test_random_entry(struct test_pool *pool, struct test_random *random, const char *name)
{
	static const uint32_t modes[] = {0, S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK};
	struct tusk_entry entry = {.name = test_pool_text(pool, name)};

	random_head(pool, random, &entry);
	entry.type = (enum tusk_type)(1 + test_random_below(random, 7));
	entry.mode |= modes[entry.type];
	if (entry.type == TUSK_TYPE_FILE) {
		random_file(pool, random, &entry);
	} else if (entry.type == TUSK_TYPE_DIRECTORY) {
		random_subtree(random, &entry);
	} else if (entry.type == TUSK_TYPE_SYMLINK) {
		size_t len = 1 + (size_t)any_number(random, 11);
		uint8_t *target = test_pool_take(pool, len);

		memset(target, 'a' + (int)test_random_below(random, 26), len);
		entry.target = (struct tusk_bytes){target, len};
		entry.size = len;
	} else if (entry.type == TUSK_TYPE_CHARACTER_DEVICE || entry.type == TUSK_TYPE_BLOCK_DEVICE) {
		entry.device_major = (uint32_t)any_number(random, 32);
		entry.device_minor = (uint32_t)any_number(random, 32);
	}
	if (entry.type != TUSK_TYPE_DIRECTORY && toss(random)) {
		entry.nlink = 2 + any_number(random, 31);
		entry.link_id = 1 + any_number(random, 61);
	}
	return entry;
}

static void assert_same_bytes(const struct tusk_bytes *a, const struct tusk_bytes *b)
{
	assert_int_equal(a->len, b->len);
	if (a->len)
		assert_memory_equal(a->data, b->data, a->len);
}

static void assert_same_content(const struct tusk_entry *a, const struct tusk_entry *b)
{
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->data_bytes, b->data_bytes);
	assert_int_equal(a->has_holes, b->has_holes);
	assert_int_equal(a->content, b->content);
	assert_int_equal(a->chunk_count, b->chunk_count);
	assert_int_equal(a->list_level, b->list_level);
	assert_int_equal(a->extents_in_blob, b->extents_in_blob);
	assert_int_equal(a->has_sha256, b->has_sha256);
	assert_memory_equal(a->sha256, b->sha256, sizeof(a->sha256));
	assert_same_bytes(&a->content_bytes, &b->content_bytes);
	assert_same_bytes(&a->extent_bytes, &b->extent_bytes);
}

void test_assert_same_entry(const struct tusk_entry *a, const struct tusk_entry *b)
{
	assert_int_equal(a->type, b->type);
	assert_same_bytes(&a->name, &b->name);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->gid, b->gid);
	assert_same_bytes(&a->user, &b->user);
	assert_same_bytes(&a->group, &b->group);
	assert_memory_equal(&a->mtime, &b->mtime, sizeof(a->mtime));
	assert_memory_equal(&a->ctime, &b->ctime, sizeof(a->ctime));
	assert_int_equal(a->source_inode, b->source_inode);
	assert_int_equal(a->nlink, b->nlink);
	assert_int_equal(a->link_id, b->link_id);
	assert_same_content(a, b);
	assert_int_equal(a->device_major, b->device_major);
	assert_int_equal(a->device_minor, b->device_minor);
	assert_same_bytes(&a->target, &b->target);
	assert_int_equal(a->has_xattrs, b->has_xattrs);
	assert_int_equal(a->xattrs_in_blob, b->xattrs_in_blob);
	assert_same_bytes(&a->xattr_bytes, &b->xattr_bytes);
	assert_true(tusk_id_equal(&a->subtree.id, &b->subtree.id));
	assert_int_equal(a->subtree.level, b->subtree.level);
	assert_int_equal(a->subtree.entries, b->subtree.entries);
	assert_int_equal(a->subtree.descendants, b->subtree.descendants);
	assert_int_equal(a->subtree.bytes, b->subtree.bytes);
	assert_int_equal(a->subtree.subdirs, b->subtree.subdirs);
}

/* ---- the store ---- */

static int put(void *context, const void *block, size_t len, struct tusk_id *ret_id, struct tusk_err *err)
{
	struct test_store *store = context;

	if (store->fail_at && store->count + 1 == store->fail_at)
		return tusk_err_set(err, TUSK_E_FULL, 0, "the test's store is full");
	store->objects = realloc(store->objects, (store->count + 1) * sizeof(*store->objects));
	assert_non_null(store->objects);
	struct test_object *object = &store->objects[store->count++];
	object->data = malloc(len);
	assert_non_null(object->data);
	memcpy(object->data, block, len);
	object->len = len;
	tusk_sha256(block, len, object->id.bytes);
	*ret_id = object->id;
	return 0;
}

struct tusk_tree_sink test_store_sink(struct test_store *store)
{
	return (struct tusk_tree_sink){put, store};
}

const struct test_object *test_store_find(const struct test_store *store, const struct tusk_id *id)
{
	for (size_t i = 0; i < store->count; i++)
		if (tusk_id_equal(&store->objects[i].id, id))
			return &store->objects[i];
	fail_msg("a block is missing");
	return NULL;
}

void test_store_release(struct test_store *store)
{
	for (size_t i = 0; i < store->count; i++)
		free(store->objects[i].data);
	free(store->objects);
	*store = (struct test_store){0};
}

struct tusk_subtree test_build(struct test_store *store, const struct tusk_entry *entries, size_t count)
{
	struct tusk_tree_sink sink = test_store_sink(store);
	struct tusk_tree_builder *builder;
	struct tusk_subtree subtree;
	struct tusk_err err = {0};

	assert_int_equal(tusk_tree_builder_new(&sink, &builder, &err), 0);
	for (size_t i = 0; i < count; i++)
		if (tusk_tree_builder_add(builder, &entries[i], &err))
			fail_msg("%s", err.message);
	if (tusk_tree_builder_finish(builder, &subtree, &err))
		fail_msg("%s", err.message);
	tusk_tree_builder_free(builder);
	return subtree;
}

static void load(const struct test_store *store, const struct tusk_id *id, uint8_t level, struct tusk_tree *ret_tree)
{
	const struct test_object *object = test_store_find(store, id);
	struct tusk_err err = {0};

	if (tusk_tree_decode(object->data, object->len, ret_tree, &err))
		fail_msg("%s", err.message);
	assert_int_equal(ret_tree->level, level);
}

static void walk(const struct test_store *store, const struct tusk_id *id, uint8_t level,
		 void (*visit)(void *context, const struct tusk_entry *entry), void *context)
{
	struct tusk_tree tree;

	load(store, id, level, &tree);
	for (uint32_t i = 0; i < tree.count; i++) {
		struct tusk_tree_child child;
		struct tusk_entry entry;

		if (level == 0) {
			tusk_tree_entry(&tree, i, &entry);
			visit(context, &entry);
		} else {
			tusk_tree_child(&tree, i, &child);
			walk(store, &child.id, level - 1, visit, context);
		}
	}
	tusk_tree_release(&tree);
}

void test_walk(const struct test_store *store, const struct tusk_subtree *subtree,
	       void (*visit)(void *context, const struct tusk_entry *entry), void *context)
{
	if (subtree->entries)
		walk(store, &subtree->id, subtree->level, visit, context);
}

bool test_lookup(const struct test_store *store, const struct tusk_subtree *subtree, const char *name)
{
	struct tusk_id id = subtree->id;

	for (uint8_t level = subtree->level;; level--) {
		struct tusk_tree_child child;
		struct tusk_entry entry;
		struct tusk_tree tree;

		load(store, &id, level, &tree);
		int64_t at = tusk_tree_find(&tree, name, strlen(name));
		if (at >= 0 && level == 0) {
			tusk_tree_entry(&tree, (uint32_t)at, &entry);
			assert_int_equal(entry.name.len, strlen(name));
			assert_memory_equal(entry.name.data, name, entry.name.len);
		} else if (at >= 0) {
			tusk_tree_child(&tree, (uint32_t)at, &child);
			id = child.id;
		}
		tusk_tree_release(&tree);
		if (at < 0 || level == 0)
			return at >= 0;
	}
}
