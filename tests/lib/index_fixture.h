/* Packs made of numbers, and a node of their tocs, for the tests of the index. Include after cmocka.h. */
#ifndef TUSK_TEST_INDEX_FIXTURE_H
#define TUSK_TEST_INDEX_FIXTURE_H

#include "bytes.h"
#include "fixture.h"
#include "index_env.h"
#include "pack.h"

#include <stdio.h>
#include <sys/stat.h>

/* The n-th object, and the n-th pack. */
static inline struct tusk_id test_id(uint64_t n)
{
	struct tusk_id id;

	fill_random(id.bytes, sizeof(id.bytes), n * 1000003 + 17);
	return id;
}

static inline struct tusk_id test_pack_id(uint64_t n)
{
	return test_id(n + (UINT64_C(1) << 40));
}

static inline void test_keys(uint8_t repository_byte, struct tusk_keys *ret_keys)
{
	const uint8_t root[32] = {1, 2, 3};
	uint8_t repository[16];
	struct tusk_err err = {0};

	memset(repository, repository_byte, sizeof(repository));
	tusk_test_ok(tusk_keys_derive(TUSK_SUITE_NONE, repository, root, ret_keys, &err), &err);
}

/* Pack number n with the objects first..first+count-1, as a table of contents in memory. */
static inline struct tusk_toc test_toc(uint64_t n, uint64_t first, uint32_t count)
{
	struct tusk_toc toc = {.pack = test_pack_id(n), .kind = TUSK_PACK_CHUNKS, .count = count};

	toc.records = calloc(count ? count : 1, sizeof(*toc.records));
	assert_non_null(toc.records);
	for (uint32_t i = 0; i < count; i++)
		toc.records[i] = (struct tusk_record){.id = test_id(first + i),
						      .offset = 80 + 100 * i,
						      .stored = 100,
						      .raw = 84,
						      .type = TUSK_OBJECT_CHUNK,
						      .codec = 0};
	return toc;
}

static inline void test_add(struct tusk_index *index, uint64_t n, uint64_t first, uint32_t count)
{
	struct tusk_toc toc TUSK_AUTO_TOC = test_toc(n, first, count);
	const uint64_t size = 80 + UINT64_C(100) * count;
	struct tusk_err err = {0};

	tusk_test_ok(tusk_index_add(index, &toc, &size, 1, &err), &err);
}

/* A real pack on the node with the objects first..first+count-1, each of a few bytes. */
static inline struct tusk_toc test_pack_write(struct tusk_node *node, const struct tusk_keys *keys, uint64_t first,
					      uint32_t count)
{
	struct tusk_pack_writer *writer;
	struct tusk_err err = {0};
	struct tusk_toc toc;
	uint64_t size;

	tusk_test_ok(tusk_pack_writer_open(node, keys, TUSK_PACK_CHUNKS, &writer, &err), &err);
	for (uint32_t i = 0; i < count; i++) {
		struct tusk_id id = test_id(first + i);

		tusk_test_ok(tusk_pack_writer_add(writer, TUSK_OBJECT_CHUNK, 0, &id, id.bytes, 8, 8, NULL, &err), &err);
	}
	tusk_test_ok(tusk_pack_writer_finish(writer, &toc, &size, &err), &err);
	return toc;
}

static inline struct tusk_node *test_node(const char *folder)
{
	struct tusk_node *node;
	struct tusk_err err = {0};
	char path[128];

	snprintf(path, sizeof(path), "%s/node", folder);
	mkdir(path, 0700);
	tusk_test_ok(tusk_node_create(path, &node, &err), &err);
	return node;
}

/* An index in a scratch folder, with a node beside it: each test has its own. */
struct index_fixture {
	char path[64], state[80];
	struct tusk_keys keys;
	struct tusk_node *node;
	struct tusk_index_tuning tuning;
	struct tusk_index *index;
};

static inline void reopen(struct index_fixture *f)
{
	struct tusk_err err = {0};

	tusk_index_close(f->index);
	tusk_test_ok(tusk_index_open_tuned(f->state, &f->keys, &f->tuning, &f->index, &err), &err);
}

static inline int setup(void **state)
{
	struct index_fixture *f = calloc(1, sizeof(*f));

	tusk_test_directory(f->path);
	snprintf(f->state, sizeof(f->state), "%s/state", f->path);
	test_keys(7, &f->keys);
	f->node = test_node(f->path);
	f->tuning = tusk_index_default_tuning;
	reopen(f);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct index_fixture *f = *state;

	tusk_index_close(f->index);
	tusk_node_close(f->node);
	chmod(f->state, 0700);
	tusk_test_remove(f->path);
	free(f);
	return 0;
}

/* Whether object n is known, and if so that it is where it belongs: in pack, as record at. */
static inline bool is_found(struct tusk_index *index, uint64_t n, const struct tusk_id *pack, uint32_t offset)
{
	struct tusk_id id = test_id(n);
	struct tusk_location location;
	struct tusk_err err = {0};
	int found = tusk_index_find(index, &id, &location, &err);

	assert_true(found >= 0);
	if (found == TUSK_INDEX_ABSENT)
		return false;
	assert_true(tusk_id_equal(&location.record.id, &id));
	assert_true(tusk_id_equal(&location.pack, pack));
	assert_int_equal(location.record.offset, offset);
	return true;
}

static inline bool is_in_pack(struct tusk_index *index, uint64_t n, uint64_t pack, uint64_t first)
{
	struct tusk_id id = test_pack_id(pack);

	return is_found(index, n, &id, (uint32_t)(80 + 100 * (n - first)));
}

static inline void assert_count(struct tusk_index *index, uint64_t entries, uint64_t packs)
{
	uint64_t have_entries, have_packs;
	struct tusk_err err = {0};

	tusk_test_ok(tusk_index_count(index, &have_entries, &have_packs, &err), &err);
	assert_int_equal(have_entries, entries);
	assert_int_equal(have_packs, packs);
}

static inline bool exists(const struct index_fixture *f, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->state, name);
	return access(path, F_OK) == 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
