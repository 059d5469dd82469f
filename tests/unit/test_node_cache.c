#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "node_cache.h"
#include "node_ops.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PACK       "packs/01/" DIGITS
#define BLOCK      (256u << 10)
#define SIZE       (12u * BLOCK + 1000)
#define KIND_AT    11
#define CHUNK_PACK 1
#define TREE_PACK  2

/* A far node that holds one pack, and counts. */
struct far {
	struct tusk_node base;
	uint8_t *bytes;
	atomic_uint opens, reads;
	atomic_bool fails;
};
struct far_object {
	struct tusk_object base;
	struct far *far;
};
struct world {
	char folder[64], cache[80];
	struct far far;
	struct tusk_node *node;
};

static void far_object_close(struct tusk_object *object)
{
	free(object);
}

static int far_pread(struct tusk_object *object, void *data, size_t len, uint64_t offset, struct tusk_err *err)
{
	struct far *far = ((struct far_object *)object)->far;

	atomic_fetch_add(&far->reads, 1);
	if (atomic_load(&far->fails))
		return tusk_err_set(err, TUSK_E_NODE, 0, "the far node is away");
	memcpy(data, far->bytes + offset, len);
	return 0;
}

static const struct tusk_object_ops far_object_ops = {.close = far_object_close, .pread = far_pread};

static int far_open(struct tusk_node *node, const char *name, struct tusk_object **ret_object, struct tusk_err *err)
{
	struct far *far = (struct far *)node;
	struct far_object *object = calloc(1, sizeof(*object));

	(void)err;
	atomic_fetch_add(&far->opens, 1);
	assert_non_null(object);
	object->base.ops = &far_object_ops;
	object->base.size = SIZE;
	snprintf(object->base.name, sizeof(object->base.name), "%s", name);
	object->far = far;
	*ret_object = &object->base;
	return TUSK_NODE_FOUND;
}

static const struct tusk_node_ops far_ops = {.object_open = far_open};

static void open_cache(struct world *world, uint64_t max)
{
	struct tusk_err err = {0};

	tusk_test_ok(tusk_node_cache_new(&world->far.base, world->cache, max, &world->node, &err), &err);
}

/* As another process would: nothing in memory. */
static void reopen_cache(struct world *world, uint64_t max)
{
	tusk_node_close(world->node);
	atomic_store(&world->far.opens, 0);
	atomic_store(&world->far.reads, 0);
	open_cache(world, max);
}

static int make_world(void **state)
{
	static struct world world;

	memset(&world, 0, sizeof(world));
	tusk_test_directory(world.folder);
	snprintf(world.cache, sizeof(world.cache), "%s/cache", world.folder);
	world.far.base.ops = &far_ops;
	world.far.base.url = world.folder;
	world.far.bytes = malloc(SIZE);
	assert_non_null(world.far.bytes);
	for (size_t i = 0; i < SIZE; i++)
		world.far.bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	world.far.bytes[KIND_AT] = CHUNK_PACK;
	open_cache(&world, 1 << 30);
	*state = &world;
	return 0;
}

static int remove_world(void **state)
{
	struct world *world = *state;

	tusk_node_close(world->node);
	free(world->far.bytes);
	tusk_test_remove(world->folder);
	return 0;
}

static struct tusk_object *open_pack(struct world *world)
{
	struct tusk_object *object = NULL;
	struct tusk_err err = {0};

	tusk_test_ok(tusk_object_open(world->node, PACK, &object, &err), &err);
	assert_int_equal(tusk_object_size(object), SIZE);
	return object;
}

static void expect_bytes(struct world *world, struct tusk_object *object, size_t len, uint64_t offset)
{
	uint8_t *data = malloc(len);
	struct tusk_err err = {0};

	assert_non_null(data);
	tusk_test_ok(tusk_object_pread(object, data, len, offset, &err), &err);
	assert_memory_equal(data, world->far.bytes + offset, len);
	free(data);
}

static void what_was_read_once_is_not_asked_for_again(void **state)
{
	struct world *world = *state;
	struct tusk_object *object = open_pack(world);

	expect_bytes(world, object, 100, 5 * BLOCK + 7);
	expect_bytes(world, object, 1000, 5 * BLOCK + 1);
	assert_int_equal(world->far.reads, 1);
	tusk_object_close(object);
	reopen_cache(world, 1 << 30);
	object = open_pack(world);
	expect_bytes(world, object, 100, 5 * BLOCK + 7);
	assert_int_equal(world->far.reads, 0);
	tusk_object_close(object);
}

static void every_range_is_what_the_far_node_has(void **state)
{
	struct world *world = *state;
	struct tusk_object *object = open_pack(world);
	uint8_t byte;

	for (unsigned round = 0; round < 2; round++) {
		expect_bytes(world, object, SIZE, 0);
		expect_bytes(world, object, BLOCK + 2, BLOCK - 1);
		expect_bytes(world, object, 1, SIZE - 1);
		for (uint32_t offset = 0; offset + 70000 < SIZE; offset += 65537)
			expect_bytes(world, object, 70000, offset);
	}
	assert_int_equal(tusk_object_pread(object, &byte, 1, SIZE, NULL), -1);
	tusk_object_close(object);
}

static void a_reader_that_goes_forward_needs_few_requests(void **state)
{
	struct world *world = *state;
	struct tusk_object *object = open_pack(world);

	for (uint32_t offset = 0; offset + 4096 <= SIZE; offset += 4096)
		expect_bytes(world, object, 4096, offset);
	/* 1, 2, 4, 8 blocks */
	assert_in_range(world->far.reads, 1, 4);
	tusk_object_close(object);
}

static void a_pack_of_trees_comes_in_large_pieces(void **state)
{
	struct world *world = *state;
	struct tusk_object *object;

	world->far.bytes[KIND_AT] = TREE_PACK;
	object = open_pack(world);
	expect_bytes(world, object, 80, 0);
	for (uint32_t block = 12; block > 0; block--)
		expect_bytes(world, object, 100, block * BLOCK);
	assert_in_range(world->far.reads, 1, 4);
	tusk_object_close(object);
}

static void damage_on_this_disk_is_fetched_again(void **state)
{
	struct world *world = *state;
	struct tusk_object *object = open_pack(world);
	char path[200];
	uint8_t byte;
	int fd;

	expect_bytes(world, object, 10, 3 * BLOCK);
	tusk_object_close(object);
	snprintf(path, sizeof(path), "%s/01/" DIGITS ".3", world->cache);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, 5), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 5), 1);
	close(fd);
	reopen_cache(world, 1 << 30);
	object = open_pack(world);
	expect_bytes(world, object, 10, 3 * BLOCK);
	assert_int_equal(world->far.reads, 1);
	tusk_object_close(object);
}

static void what_is_doubted_is_fetched_again_once(void **state)
{
	struct world *world = *state;
	struct tusk_object *object = open_pack(world);

	world->far.bytes[2 * BLOCK] ^= 1; /* the far node was damaged, and is healed */
	expect_bytes(world, object, 10, 2 * BLOCK);
	world->far.bytes[2 * BLOCK] ^= 1;
	assert_true(tusk_object_doubt(object));
	expect_bytes(world, object, 10, 2 * BLOCK);
	assert_false(tusk_object_doubt(object));
	tusk_object_close(object);
	reopen_cache(world, 1 << 30);
	object = open_pack(world);
	expect_bytes(world, object, 10, 2 * BLOCK);
	tusk_object_close(object);
}

static void a_failure_is_told_and_not_remembered(void **state)
{
	struct world *world = *state;
	struct tusk_object *object = open_pack(world);
	struct tusk_err err = {0};
	uint8_t byte;

	atomic_store(&world->far.fails, true);
	assert_int_equal(tusk_object_pread(object, &byte, 1, 0, &err), -1);
	assert_int_equal(err.code, TUSK_E_NODE);
	atomic_store(&world->far.fails, false);
	expect_bytes(world, object, 10, 0);
	tusk_object_close(object);
}

static uint64_t bytes_below(const char *folder)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;
	uint64_t sum = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		struct stat status;
		char path[400];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		assert_int_equal(stat(path, &status), 0);
		sum += S_ISDIR(status.st_mode) ? bytes_below(path) : (uint64_t)status.st_size;
	}
	closedir(directory);
	return sum;
}

static void no_more_is_kept_than_was_allowed(void **state)
{
	struct world *world = *state;
	struct tusk_object *object;

	reopen_cache(world, 3 * BLOCK);
	object = open_pack(world);
	for (uint32_t block = 0; block < 12; block++)
		expect_bytes(world, object, 10, (11 - block) * BLOCK);
	assert_in_range(bytes_below(world->cache), 1, 3 * BLOCK);
	tusk_object_close(object);
	reopen_cache(world, 0);
	object = open_pack(world);
	expect_bytes(world, object, SIZE, 0);
	tusk_object_close(object);
}

static void *read_block(void *context)
{
	struct world *world = context;
	struct tusk_object *object = open_pack(world);

	for (unsigned i = 0; i < 50; i++)
		expect_bytes(world, object, 1000, (i * 7 % 12) * BLOCK);
	tusk_object_close(object);
	return NULL;
}

static void readers_of_one_block_share_one_request(void **state)
{
	struct world *world = *state;
	pthread_t threads[8];

	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_block, world), 0);
	for (unsigned i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_in_range(world->far.reads, 1, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_was_read_once_is_not_asked_for_again, make_world, remove_world),
	    cmocka_unit_test_setup_teardown(every_range_is_what_the_far_node_has, make_world, remove_world),
	    cmocka_unit_test_setup_teardown(a_reader_that_goes_forward_needs_few_requests, make_world, remove_world),
	    cmocka_unit_test_setup_teardown(a_pack_of_trees_comes_in_large_pieces, make_world, remove_world),
	    cmocka_unit_test_setup_teardown(damage_on_this_disk_is_fetched_again, make_world, remove_world),
	    cmocka_unit_test_setup_teardown(what_is_doubted_is_fetched_again_once, make_world, remove_world),
	    cmocka_unit_test_setup_teardown(a_failure_is_told_and_not_remembered, make_world, remove_world),
	    cmocka_unit_test_setup_teardown(no_more_is_kept_than_was_allowed, make_world, remove_world),
	    cmocka_unit_test_setup_teardown(readers_of_one_block_share_one_request, make_world, remove_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
