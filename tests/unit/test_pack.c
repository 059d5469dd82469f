#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bytes.h"
#include "codec.h"
#include "fixture.h"
#include "pack.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RECORDS      4u
#define HEADER_SIZE  80u
#define TRAILER_SIZE 16u

static const enum tusk_suite suites[] = {TUSK_SUITE_NONE, TUSK_SUITE_AES256_GCM, TUSK_SUITE_CHACHA20_POLY1305};

/* A node with one small pack: two raw records of the same length, a compressed one, an empty one. */
struct bench {
	char path[64], url[80];
	struct tusk_node *node;
	struct tusk_keys keys;
	struct tusk_aead *aead;
	struct tusk_toc toc;
	uint64_t size;
	unsigned first_id;
	uint8_t data[RECORDS][600];
	uint32_t len[RECORDS];
};

static void begin(struct bench *bench, enum tusk_suite suite)
{
	const uint8_t id[16] = {7}, root[32] = {9};
	struct tusk_err err = {0};

	memset(bench, 0, sizeof(*bench));
	tusk_test_directory(bench->path);
	snprintf(bench->url, sizeof(bench->url), "%s/node", bench->path);
	tusk_test_ok(tusk_node_create(bench->url, &bench->node, &err), &err);
	tusk_test_ok(tusk_keys_derive(suite, id, root, &bench->keys, &err), &err);
	bench->aead = tusk_aead_new();
	assert_non_null(bench->aead);
}

static void end(struct bench *bench)
{
	tusk_toc_release(&bench->toc);
	tusk_aead_free(bench->aead);
	tusk_keys_wipe(&bench->keys);
	tusk_node_close(bench->node);
	tusk_test_remove(bench->path);
}

static void id_of(unsigned i, struct tusk_id *ret_id)
{
	memset(ret_id->bytes, (int)i, sizeof(ret_id->bytes));
}

static void add(struct bench *bench, struct tusk_pack_writer *writer, unsigned i)
{
	struct tusk_compressor *compressor TUSK_AUTO_COMPRESSOR = tusk_compressor_new();
	uint8_t packed[sizeof(bench->data[0])];
	const uint8_t *payload = bench->data[i];
	size_t len = bench->len[i];
	struct tusk_err err = {0};
	struct tusk_id id;
	enum tusk_codec codec = TUSK_CODEC_RAW;

	if (i == 2) {
		codec = tusk_compress(compressor, payload, len, packed, &len);
		assert_int_equal(codec, TUSK_CODEC_LZ4);
		payload = packed;
	}
	id_of(bench->first_id + i, &id);
	tusk_test_ok(tusk_pack_writer_add(writer, (uint8_t)(i + 1), (uint8_t)codec, &id, payload, len, bench->len[i],
					  NULL, &err),
		     &err);
}

static void fill_pack(struct bench *bench)
{
	static const uint32_t lengths[RECORDS] = {40, 40, 600, 0};
	struct tusk_pack_writer *writer = NULL;
	struct tusk_err err = {0};

	memcpy(bench->len, lengths, sizeof(lengths));
	fill_random(bench->data[0], 40, 1);
	fill_random(bench->data[1], 40, 2);
	memset(bench->data[2], 'x', 600);
	tusk_test_ok(tusk_pack_writer_open(bench->node, &bench->keys, TUSK_PACK_TREES, &writer, &err), &err);
	for (unsigned i = 0; i < RECORDS; i++)
		add(bench, writer, i);
	assert_int_equal(tusk_pack_writer_count(writer), RECORDS);
	tusk_test_ok(tusk_pack_writer_finish(writer, &bench->toc, &bench->size, &err), &err);
}

static void begin_with_pack(struct bench *bench, enum tusk_suite suite)
{
	begin(bench, suite);
	fill_pack(bench);
}

/* Reads every record; the number of those refused. One that is not refused must be right. */
static unsigned read_all(struct bench *bench, const struct tusk_toc *toc, const struct tusk_id *id)
{
	struct tusk_buf scratch TUSK_AUTO_BUF = {0};
	struct tusk_pack *pack = NULL;
	struct tusk_err err = {0};
	unsigned refused = 0;
	uint8_t out[600];

	if (tusk_pack_open(bench->node, &bench->keys, id, &pack, &err) < 0) {
		assert_true(err.code == TUSK_E_CORRUPT || err.code == TUSK_E_VERSION);
		return toc->count;
	}
	for (uint32_t i = 0; i < toc->count; i++) {
		assert_true(toc->records[i].raw <= sizeof(out));
		if (tusk_pack_read(pack, bench->aead, &toc->records[i], &scratch, out, &err) < 0) {
			assert_int_equal(err.code, TUSK_E_CORRUPT);
			refused++;
			continue;
		}
		assert_int_equal(toc->records[i].raw, bench->len[i]);
		assert_memory_equal(out, bench->data[i], bench->len[i]);
	}
	tusk_pack_close(pack);
	return refused;
}

static void read_file(const struct bench *bench, const char *name, struct tusk_buf *ret_data)
{
	tusk_test_read(bench->url, name, ret_data);
}

static void what_is_packed_is_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(suites); i++) {
		struct tusk_buf file TUSK_AUTO_BUF = {0};
		struct bench bench;
		struct tusk_id hash;
		char name[80];

		begin_with_pack(&bench, suites[i]);
		assert_int_equal(read_all(&bench, &bench.toc, &bench.toc.pack), 0);
		assert_int_equal(bench.toc.kind, TUSK_PACK_TREES);
		tusk_pack_name(&bench.toc.pack, name);
		read_file(&bench, name, &file);
		assert_int_equal(file.len, bench.size);
		tusk_sha256(file.data, file.len, hash.bytes);
		assert_true(tusk_id_equal(&hash, &bench.toc.pack));
		end(&bench);
	}
}

static void records_follow_one_another_so_that_no_number_is_used_twice(void **state)
{
	struct bench bench;
	uint32_t offset = HEADER_SIZE;

	(void)state;
	begin_with_pack(&bench, TUSK_SUITE_AES256_GCM);
	for (uint32_t i = 0; i < bench.toc.count; i++) {
		assert_int_equal(bench.toc.records[i].offset, offset);
		assert_true(bench.toc.records[i].stored >= TUSK_TAG_SIZE);
		offset += bench.toc.records[i].stored;
	}
	end(&bench);
}

static void equal_packs_have_unequal_bytes(void **state)
{
	struct tusk_buf first TUSK_AUTO_BUF = {0}, second TUSK_AUTO_BUF = {0};
	struct bench one, two;
	char name[80];

	(void)state;
	begin_with_pack(&one, TUSK_SUITE_AES256_GCM);
	begin_with_pack(&two, TUSK_SUITE_AES256_GCM);
	tusk_pack_name(&one.toc.pack, name);
	read_file(&one, name, &first);
	tusk_pack_name(&two.toc.pack, name);
	read_file(&two, name, &second);
	assert_memory_not_equal(first.data + HEADER_SIZE, second.data + HEADER_SIZE, 56);
	end(&one);
	end(&two);
}

static void only_encrypted_packs_are_padded(void **state)
{
	uint64_t used = HEADER_SIZE + TRAILER_SIZE + 42 * RECORDS + TUSK_TAG_SIZE;
	struct bench bench;

	(void)state;
	begin_with_pack(&bench, TUSK_SUITE_NONE);
	for (uint32_t i = 0; i < RECORDS; i++)
		used += bench.toc.records[i].stored;
	assert_int_equal(bench.size, used);
	end(&bench);
	begin_with_pack(&bench, TUSK_SUITE_AES256_GCM);
	/* 256 <= used < 512: exponent 8, 7 bits below it are kept, so multiples of 2. */
	assert_true(used >= 256 && used < 512);
	assert_int_equal(bench.size, (used + 1) / 2 * 2);
	end(&bench);
}

static void a_large_pack_is_streamed(void **state)
{
	enum { LENGTH = 700000, PIECES = 6 };
	struct tusk_pack_writer *writer = NULL;
	struct tusk_buf scratch TUSK_AUTO_BUF = {0};
	uint8_t *data TUSK_AUTO_FREE = malloc(LENGTH), *out TUSK_AUTO_FREE = malloc(LENGTH);
	struct tusk_pack *pack = NULL;
	struct tusk_err err = {0};
	struct tusk_id id;
	struct bench bench;

	(void)state;
	begin(&bench, TUSK_SUITE_CHACHA20_POLY1305);
	tusk_test_ok(tusk_pack_writer_open(bench.node, &bench.keys, TUSK_PACK_CHUNKS, &writer, &err), &err);
	for (unsigned i = 0; i < PIECES; i++) {
		id_of(i, &id);
		fill_random(data, LENGTH, i);
		tusk_test_ok(tusk_pack_writer_add(writer, TUSK_OBJECT_CHUNK, TUSK_CODEC_RAW, &id, data, LENGTH, LENGTH,
						  NULL, &err),
			     &err);
	}
	tusk_test_ok(tusk_pack_writer_finish(writer, &bench.toc, &bench.size, &err), &err);
	tusk_test_ok(tusk_pack_open(bench.node, &bench.keys, &bench.toc.pack, &pack, &err), &err);
	for (unsigned i = 0; i < PIECES; i++) {
		fill_random(data, LENGTH, i);
		tusk_test_ok(tusk_pack_read(pack, bench.aead, &bench.toc.records[i], &scratch, out, &err), &err);
		assert_memory_equal(out, data, LENGTH);
	}
	tusk_pack_close(pack);
	end(&bench);
}

static void every_flipped_byte_of_a_pack_is_refused_or_harmless(void **state)
{
	(void)state;
	for (size_t s = 0; s < COUNT(suites); s++) {
		struct tusk_buf file TUSK_AUTO_BUF = {0};
		struct bench bench;
		char name[80];

		begin_with_pack(&bench, suites[s]);
		tusk_pack_name(&bench.toc.pack, name);
		read_file(&bench, name, &file);
		for (size_t i = 0; i < file.len; i++) {
			const struct tusk_record *last = &bench.toc.records[RECORDS - 1];
			unsigned refused;

			file.data[i] ^= 0x40;
			tusk_test_write(bench.url, name, file.data, file.len);
			file.data[i] ^= 0x40;
			refused = read_all(&bench, &bench.toc, &bench.toc.pack);
			if (i < HEADER_SIZE)
				assert_int_equal(refused, RECORDS);
			else
				assert_int_equal(refused, i < last->offset + last->stored ? 1 : 0);
		}
		end(&bench);
	}
}

static void a_pack_cut_anywhere_is_refused_or_right(void **state)
{
	struct tusk_buf file TUSK_AUTO_BUF = {0};
	struct bench bench;
	char name[80], toc_name[80];

	(void)state;
	begin_with_pack(&bench, TUSK_SUITE_AES256_GCM);
	tusk_pack_name(&bench.toc.pack, name);
	tusk_toc_name(&bench.toc.pack, toc_name);
	tusk_test_ok(tusk_node_remove(bench.node, toc_name, NULL), &(struct tusk_err){0});
	read_file(&bench, name, &file);
	for (size_t len = 0; len < file.len; len++) {
		struct tusk_toc toc TUSK_AUTO_TOC = {0};
		struct tusk_err err = {0};
		unsigned refused;

		tusk_test_write(bench.url, name, file.data, len);
		refused = read_all(&bench, &bench.toc, &bench.toc.pack);
		for (uint32_t i = 0; i < RECORDS; i++) {
			const struct tusk_record *record = &bench.toc.records[i];
			bool whole = len >= HEADER_SIZE && len >= record->offset + record->stored;

			refused -= whole ? 0 : 1;
		}
		assert_int_equal(refused, 0);
		assert_int_equal(tusk_toc_load(bench.node, &bench.keys, bench.aead, &bench.toc.pack, &toc, &err), -1);
		assert_int_equal(err.code, TUSK_E_CORRUPT);
	}
	end(&bench);
}

static void records_that_changed_places_are_refused(void **state)
{
	(void)state;
	for (size_t s = 0; s < COUNT(suites); s++) {
		struct tusk_buf file TUSK_AUTO_BUF = {0};
		uint8_t moved[56];
		struct bench bench;
		char name[80];

		begin_with_pack(&bench, suites[s]);
		assert_int_equal(bench.toc.records[0].stored, sizeof(moved));
		assert_int_equal(bench.toc.records[1].stored, sizeof(moved));
		tusk_pack_name(&bench.toc.pack, name);
		read_file(&bench, name, &file);
		memcpy(moved, file.data + bench.toc.records[0].offset, sizeof(moved));
		memcpy(file.data + bench.toc.records[0].offset, file.data + bench.toc.records[1].offset, sizeof(moved));
		memcpy(file.data + bench.toc.records[1].offset, moved, sizeof(moved));
		tusk_test_write(bench.url, name, file.data, file.len);
		assert_int_equal(read_all(&bench, &bench.toc, &bench.toc.pack), 2);
		end(&bench);
	}
}

static void a_record_opens_only_as_what_it_was_sealed(void **state)
{
	struct tusk_buf scratch TUSK_AUTO_BUF = {0};
	struct tusk_record wrong[6];
	struct tusk_pack *pack = NULL;
	struct tusk_err err = {0};
	struct bench bench;
	uint8_t out[600];

	(void)state;
	begin_with_pack(&bench, TUSK_SUITE_NONE);
	for (size_t i = 0; i < COUNT(wrong); i++)
		wrong[i] = bench.toc.records[2];
	wrong[0].id.bytes[31] ^= 1;
	wrong[1].type = TUSK_OBJECT_CHUNK;
	wrong[2].raw--;
	wrong[3].codec = TUSK_CODEC_RAW;
	wrong[3].raw = wrong[3].stored - TUSK_TAG_SIZE;
	wrong[4].offset++;
	wrong[5].stored++;
	tusk_test_ok(tusk_pack_open(bench.node, &bench.keys, &bench.toc.pack, &pack, &err), &err);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(tusk_pack_read(pack, bench.aead, &wrong[i], &scratch, out, &err), -1);
		assert_int_equal(err.code, TUSK_E_CORRUPT);
	}
	tusk_test_ok(tusk_pack_read(pack, bench.aead, &bench.toc.records[2], &scratch, out, &err), &err);
	tusk_pack_close(pack);
	end(&bench);
}

static void a_record_that_cannot_be_is_refused_before_it_is_read(void **state)
{
	const struct tusk_record cases[] = {
	    {.type = 0, .codec = 0, .raw = 10, .stored = 26},
	    {.type = 5, .codec = 0, .raw = 10, .stored = 26},
	    {.type = 1, .codec = 3, .raw = 10, .stored = 26},
	    {.type = 1, .codec = 0, .raw = 10, .stored = 27},
	    {.type = 1, .codec = 0, .raw = 0, .stored = 15},
	    {.type = 1, .codec = 1, .raw = 10, .stored = 27},
	    {.type = 1, .codec = 1, .raw = 10, .stored = 16},
	    {.type = 1, .codec = 1, .raw = TUSK_RECORD_MAX_RAW + 1, .stored = 100},
	    {.type = 1, .codec = 0, .raw = UINT32_MAX, .stored = 15},
	};
	struct tusk_buf scratch TUSK_AUTO_BUF = {0};
	struct tusk_pack *pack = NULL;
	struct tusk_err err = {0};
	struct bench bench;

	(void)state;
	begin_with_pack(&bench, TUSK_SUITE_NONE);
	tusk_test_ok(tusk_pack_open(bench.node, &bench.keys, &bench.toc.pack, &pack, &err), &err);
	for (size_t i = 0; i < COUNT(cases); i++) {
		/* Neither the sealed bytes nor the output are touched. */
		assert_int_equal(tusk_pack_read(pack, bench.aead, &cases[i], &scratch, NULL, &err), -1);
		assert_int_equal(err.code, TUSK_E_CORRUPT);
		assert_int_equal(tusk_pack_decode(pack, bench.aead, &cases[i], NULL, &scratch, NULL, &err), -1);
	}
	tusk_pack_close(pack);
	end(&bench);
}

static void another_pack_under_this_name_is_refused(void **state)
{
	struct tusk_buf file TUSK_AUTO_BUF = {0};
	struct bench one, two;
	char name[80];

	(void)state;
	begin_with_pack(&one, TUSK_SUITE_AES256_GCM);
	begin(&two, TUSK_SUITE_AES256_GCM);
	two.first_id = 100;
	fill_pack(&two);
	tusk_pack_name(&two.toc.pack, name);
	read_file(&two, name, &file);
	tusk_pack_name(&one.toc.pack, name);
	tusk_test_write(one.url, name, file.data, file.len);
	assert_int_equal(read_all(&one, &one.toc, &one.toc.pack), RECORDS);
	end(&one);
	end(&two);
}

static void a_pack_of_another_repository_is_refused(void **state)
{
	const uint8_t id[16] = {7}, other_id[16] = {8}, root[32] = {9}, other_root[32] = {10};
	struct tusk_err err = {0};
	struct bench bench;

	(void)state;
	begin_with_pack(&bench, TUSK_SUITE_AES256_GCM);
	tusk_test_ok(tusk_keys_derive(TUSK_SUITE_AES256_GCM, id, other_root, &bench.keys, &err), &err);
	assert_int_equal(read_all(&bench, &bench.toc, &bench.toc.pack), RECORDS);
	tusk_test_ok(tusk_keys_derive(TUSK_SUITE_AES256_GCM, other_id, root, &bench.keys, &err), &err);
	assert_int_equal(read_all(&bench, &bench.toc, &bench.toc.pack), RECORDS);
	tusk_test_ok(tusk_keys_derive(TUSK_SUITE_NONE, id, root, &bench.keys, &err), &err);
	assert_int_equal(read_all(&bench, &bench.toc, &bench.toc.pack), RECORDS);
	end(&bench);
}

static void a_missing_pack_is_absent(void **state)
{
	struct tusk_pack *pack = NULL;
	struct tusk_toc toc = {0};
	struct tusk_err err = {0};
	struct bench bench;
	struct tusk_id id;

	(void)state;
	begin(&bench, TUSK_SUITE_NONE);
	id_of(3, &id);
	assert_int_equal(tusk_pack_open(bench.node, &bench.keys, &id, &pack, &err), -1);
	assert_int_equal(err.code, TUSK_E_ABSENT);
	tusk_err_clear(&err);
	assert_int_equal(tusk_toc_load(bench.node, &bench.keys, bench.aead, &id, &toc, &err), -1);
	assert_int_equal(err.code, TUSK_E_ABSENT);
	end(&bench);
}

static void records_beyond_the_limits_are_not_written(void **state)
{
	static const struct {
		uint8_t type, codec;
		size_t payload;
		uint32_t raw;
		enum tusk_code code;
	} cases[] = {
	    {1, 0, TUSK_RECORD_MAX_RAW + 1, TUSK_RECORD_MAX_RAW + 1, TUSK_E_LIMIT},
	    {1, 1, 100, TUSK_RECORD_MAX_RAW + 1, TUSK_E_LIMIT},
	    {1, 1, SIZE_MAX, 100, TUSK_E_LIMIT},
	    {1, 0, 100, 99, TUSK_E_USAGE},
	    {1, 1, 100, 99, TUSK_E_USAGE},
	    {1, 1, 0, 99, TUSK_E_USAGE},
	    {0, 0, 100, 100, TUSK_E_USAGE},
	    {5, 0, 100, 100, TUSK_E_USAGE},
	    {1, 3, 100, 100, TUSK_E_USAGE},
	};
	uint8_t *data TUSK_AUTO_FREE = calloc(1, TUSK_RECORD_MAX_RAW);
	struct tusk_pack_writer *writer = NULL;
	struct tusk_err err = {0};
	const struct tusk_id id = {{1}};
	struct bench bench;
	uint64_t before;
	int added = 0;

	(void)state;
	begin(&bench, TUSK_SUITE_AES256_GCM);
	tusk_test_ok(tusk_pack_writer_open(bench.node, &bench.keys, TUSK_PACK_CHUNKS, &writer, &err), &err);
	before = tusk_pack_writer_size(writer);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(tusk_pack_writer_add(writer, cases[i].type, cases[i].codec, &id, data,
						      cases[i].payload, cases[i].raw, NULL, &err),
				 -1);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(tusk_pack_writer_size(writer), before);
	}
	/* The fifth of 16 MiB does not fit; the pack can be finished all the same. */
	while (tusk_pack_writer_add(writer, 1, 0, &id, data, TUSK_RECORD_MAX_RAW, TUSK_RECORD_MAX_RAW, NULL, &err) == 0)
		added++;
	assert_int_equal(err.code, TUSK_E_LIMIT);
	assert_int_equal(added, 4);
	tusk_test_ok(tusk_pack_writer_finish(writer, &bench.toc, &bench.size, &err), &err);
	assert_true(bench.size <= TUSK_PACK_MAX_SIZE);
	end(&bench);
}

static void an_empty_pack_is_not_written(void **state)
{
	struct tusk_pack_writer *writer = NULL;
	struct tusk_toc toc = {0};
	struct tusk_err err = {0};
	struct bench bench;
	char path[100];
	uint64_t size;

	(void)state;
	begin(&bench, TUSK_SUITE_NONE);
	tusk_test_ok(tusk_pack_writer_open(bench.node, &bench.keys, TUSK_PACK_CHUNKS, &writer, &err), &err);
	assert_int_equal(tusk_pack_writer_finish(writer, &toc, &size, &err), -1);
	snprintf(path, sizeof(path), "%s/tmp", bench.url);
	assert_int_equal(rmdir(path), 0); /* it is empty */
	end(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_packed_is_read_back),
	    cmocka_unit_test(records_follow_one_another_so_that_no_number_is_used_twice),
	    cmocka_unit_test(equal_packs_have_unequal_bytes),
	    cmocka_unit_test(only_encrypted_packs_are_padded),
	    cmocka_unit_test(a_large_pack_is_streamed),
	    cmocka_unit_test(every_flipped_byte_of_a_pack_is_refused_or_harmless),
	    cmocka_unit_test(a_pack_cut_anywhere_is_refused_or_right),
	    cmocka_unit_test(records_that_changed_places_are_refused),
	    cmocka_unit_test(a_record_opens_only_as_what_it_was_sealed),
	    cmocka_unit_test(a_record_that_cannot_be_is_refused_before_it_is_read),
	    cmocka_unit_test(another_pack_under_this_name_is_refused),
	    cmocka_unit_test(a_pack_of_another_repository_is_refused),
	    cmocka_unit_test(a_missing_pack_is_absent),
	    cmocka_unit_test(records_beyond_the_limits_are_not_written),
	    cmocka_unit_test(an_empty_pack_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
