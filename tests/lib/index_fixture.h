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

#endif
