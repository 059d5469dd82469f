#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec.h"
#include "fixture.h"
#include "pack.h"
#include "wire.h"

#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEADER_SIZE  80u
#define TRAILER_SIZE 16u
#define HASH_SIZE    32u
#define ENTRY_SIZE   42u
#define RECORDS      3u

static const enum tusk_suite suites[] = {TUSK_SUITE_NONE, TUSK_SUITE_AES256_GCM, TUSK_SUITE_CHACHA20_POLY1305};

/* A node with one pack of three records, two of which are the same. */
struct bench {
	char path[64], url[80], toc_name[80], pack_name[80];
	struct tusk_node *node;
	struct tusk_keys keys;
	struct tusk_aead *aead;
	struct tusk_toc toc;
	struct tusk_buf object; /* the toc object */
};

static void begin(struct bench *bench, enum tusk_suite suite)
{
	const uint8_t repository[16] = {7}, root[32] = {9};
	struct tusk_pack_writer *writer = NULL;
	struct tusk_err err = {0};
	uint64_t size;

	memset(bench, 0, sizeof(*bench));
	tusk_test_directory(bench->path);
	snprintf(bench->url, sizeof(bench->url), "%s/node", bench->path);
	tusk_test_ok(tusk_node_create(bench->url, &bench->node, &err), &err);
	tusk_test_ok(tusk_keys_derive(suite, repository, root, &bench->keys, &err), &err);
	bench->aead = tusk_aead_new();
	assert_non_null(bench->aead);
	tusk_test_ok(tusk_pack_writer_open(bench->node, &bench->keys, TUSK_PACK_CHUNKS, &writer, &err), &err);
	for (uint8_t i = 0; i < RECORDS; i++) {
		const struct tusk_id id = {{i / 2, 1}};

		tusk_test_ok(tusk_pack_writer_add(writer, TUSK_OBJECT_CHUNK, TUSK_CODEC_RAW, &id, "0123456789", 10, 10,
						  NULL, &err),
			     &err);
	}
	tusk_test_ok(tusk_pack_writer_finish(writer, &bench->toc, &size, &err), &err);
	tusk_toc_name(&bench->toc.pack, bench->toc_name);
	tusk_pack_name(&bench->toc.pack, bench->pack_name);
	tusk_test_read(bench->url, bench->toc_name, &bench->object);
}

static void end(struct bench *bench)
{
	tusk_buf_release(&bench->object);
	tusk_toc_release(&bench->toc);
	tusk_aead_free(bench->aead);
	tusk_keys_wipe(&bench->keys);
	tusk_node_close(bench->node);
	tusk_test_remove(bench->path);
}

static void assert_same(const struct tusk_toc *a, const struct tusk_toc *b)
{
	assert_true(tusk_id_equal(&a->pack, &b->pack));
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->count, b->count);
	for (uint32_t i = 0; i < a->count; i++) {
		const struct tusk_record *one = &a->records[i], *two = &b->records[i];

		assert_true(tusk_id_equal(&one->id, &two->id));
		assert_int_equal(one->offset, two->offset);
		assert_int_equal(one->stored, two->stored);
		assert_int_equal(one->raw, two->raw);
		assert_int_equal(one->type, two->type);
		assert_int_equal(one->codec, two->codec);
	}
}

static void assert_refused(const struct bench *bench, const void *data, size_t len)
{
	struct tusk_toc toc = {0};
	struct tusk_err err = {0};

	assert_int_equal(tusk_toc_decode(&bench->keys, bench->aead, &bench->toc.pack, data, len, &toc, &err), -1);
	assert_true(err.code == TUSK_E_CORRUPT || err.code == TUSK_E_VERSION);
	assert_null(toc.records);
}

/* As somebody without a key could do it. */
static void hash_anew(struct tusk_buf *object)
{
	tusk_sha256(object->data, object->len - HASH_SIZE, object->data + object->len - HASH_SIZE);
}

static void the_table_is_read_from_its_object_or_from_the_pack(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(suites); i++) {
		struct tusk_err err = {0};
		struct bench bench;

		begin(&bench, suites[i]);
		for (unsigned lost = 0; lost < 2; lost++) {
			struct tusk_toc toc TUSK_AUTO_TOC = {0};

			tusk_test_ok(tusk_toc_load(bench.node, &bench.keys, bench.aead, &bench.toc.pack, &toc, &err),
				     &err);
			assert_same(&toc, &bench.toc);
			tusk_test_ok(tusk_node_remove(bench.node, bench.toc_name, &err), &err);
		}
		end(&bench);
	}
}

static void a_damaged_object_is_replaced_by_the_pack(void **state)
{
	struct tusk_toc toc TUSK_AUTO_TOC = {0};
	struct tusk_err err = {0};
	struct bench bench;

	(void)state;
	begin(&bench, TUSK_SUITE_AES256_GCM);
	bench.object.data[100] ^= 1;
	tusk_test_write(bench.url, bench.toc_name, bench.object.data, bench.object.len);
	tusk_test_ok(tusk_toc_load(bench.node, &bench.keys, bench.aead, &bench.toc.pack, &toc, &err), &err);
	assert_same(&toc, &bench.toc);
	tusk_test_ok(tusk_node_remove(bench.node, bench.pack_name, &err), &err);
	assert_int_equal(tusk_toc_load(bench.node, &bench.keys, bench.aead, &bench.toc.pack, &toc, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_non_null(strstr(err.message, bench.toc_name));
	end(&bench);
}

static void every_flipped_byte_is_refused(void **state)
{
	(void)state;
	for (size_t s = 0; s < COUNT(suites); s++) {
		struct bench bench;

		begin(&bench, suites[s]);
		for (size_t i = 0; i < bench.object.len; i++) {
			bench.object.data[i] ^= 1;
			assert_refused(&bench, bench.object.data, bench.object.len);
			bench.object.data[i] ^= 1;
		}
		end(&bench);
	}
}

static void every_flipped_byte_is_refused_with_a_right_hash_too(void **state)
{
	(void)state;
	for (size_t s = 0; s < COUNT(suites); s++) {
		struct bench bench;

		begin(&bench, suites[s]);
		for (size_t i = 0; i < bench.object.len - HASH_SIZE; i++) {
			bench.object.data[i] ^= 1;
			hash_anew(&bench.object);
			assert_refused(&bench, bench.object.data, bench.object.len);
			bench.object.data[i] ^= 1;
		}
		end(&bench);
	}
}

static void every_truncation_is_refused(void **state)
{
	struct bench bench;

	(void)state;
	begin(&bench, TUSK_SUITE_AES256_GCM);
	for (size_t cut = 0; cut < bench.object.len; cut++)
		assert_refused(&bench, bench.object.data, cut);
	while (--bench.object.len > HASH_SIZE) {
		hash_anew(&bench.object);
		assert_refused(&bench, bench.object.data, bench.object.len);
	}
	end(&bench);
}

/* A table that says what it likes, sealed with the right key: what a faulty writer, or one who holds the key, can do.
 */
static void forge(struct bench *bench, const uint8_t *plain, uint32_t count)
{
	size_t plain_len = (size_t)count * ENTRY_SIZE, sealed_len = plain_len + TUSK_TAG_SIZE;
	struct tusk_object_key key;
	struct tusk_err err = {0};
	uint8_t aad[7] = {'t', 'o', 'c'}, *end;

	assert_int_equal(tusk_buf_reserve(&bench->object, HEADER_SIZE + sealed_len + TRAILER_SIZE + HASH_SIZE), 0);
	tusk_test_ok(tusk_object_header_make(&bench->keys, bench->keys.pack, "tuskPACK", TUSK_PACK_CHUNKS,
					     bench->object.data, &key, &err),
		     &err);
	tusk_store_u32(aad + 3, count);
	tusk_test_ok(tusk_aead_seal(bench->aead, &key, UINT64_MAX, aad, sizeof(aad), plain, plain_len,
				    bench->object.data + HEADER_SIZE, &err),
		     &err);
	end = bench->object.data + HEADER_SIZE + sealed_len;
	tusk_store_u32(end, (uint32_t)sealed_len);
	tusk_store_u32(end + 4, count);
	memcpy(end + 8, "tuskEND1", 8);
	bench->object.len = HEADER_SIZE + sealed_len + TRAILER_SIZE + HASH_SIZE;
	hash_anew(&bench->object);
}

static void entry(uint8_t *plain, uint32_t stored, uint32_t raw, uint8_t type, uint8_t codec)
{
	memset(plain, 1, 32);
	tusk_store_u32(plain + 32, stored);
	tusk_store_u32(plain + 36, raw);
	plain[40] = type;
	plain[41] = codec;
}

static void a_sealed_table_that_is_impossible_is_refused(void **state)
{
	static const struct {
		uint32_t stored, raw;
		uint8_t type, codec;
		bool possible;
	} cases[] = {
	    {26, 10, 1, 0, true},          {26, 10, 4, 0, true},
	    {16, 0, 1, 0, true},           {20, 10, 1, 1, true},
	    {26, 10, 0, 0, false},         {26, 10, 5, 0, false},
	    {26, 10, 1, 3, false},         {25, 10, 1, 0, false},
	    {27, 10, 1, 1, false},         {16, 10, 1, 1, false},
	    {15, 0xffffffff, 1, 0, false}, {TUSK_RECORD_MAX_RAW + 17, TUSK_RECORD_MAX_RAW + 1, 1, 0, false},
	};
	struct bench bench;

	(void)state;
	begin(&bench, TUSK_SUITE_AES256_GCM);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tusk_toc toc TUSK_AUTO_TOC = {0};
		uint8_t plain[ENTRY_SIZE];

		entry(plain, cases[i].stored, cases[i].raw, cases[i].type, cases[i].codec);
		forge(&bench, plain, 1);
		if (!cases[i].possible)
			assert_refused(&bench, bench.object.data, bench.object.len);
		else
			assert_int_equal(tusk_toc_decode(&bench.keys, bench.aead, &bench.toc.pack, bench.object.data,
							 bench.object.len, &toc, NULL),
					 0);
	}
	end(&bench);
}

static void records_must_fit_into_a_pack(void **state)
{
	uint8_t plain[5 * ENTRY_SIZE];
	struct tusk_toc toc TUSK_AUTO_TOC = {0};
	struct bench bench;

	(void)state;
	begin(&bench, TUSK_SUITE_AES256_GCM);
	for (unsigned i = 0; i < 5; i++)
		entry(plain + i * ENTRY_SIZE, TUSK_RECORD_MAX_RAW + 16, TUSK_RECORD_MAX_RAW, 1, 0);
	forge(&bench, plain, 5); /* 80 MiB and 80 bytes */
	assert_refused(&bench, bench.object.data, bench.object.len);
	forge(&bench, plain, 4);
	assert_int_equal(
	    tusk_toc_decode(&bench.keys, bench.aead, &bench.toc.pack, bench.object.data, bench.object.len, &toc, NULL),
	    0);
	end(&bench);
}

static void a_table_that_claims_more_than_the_pack_holds_is_refused(void **state)
{
	struct tusk_toc toc = {0};
	struct tusk_err err = {0};
	uint8_t plain[ENTRY_SIZE];
	struct bench bench;

	(void)state;
	begin(&bench, TUSK_SUITE_AES256_GCM);
	entry(plain, 1000, 984, 1, 0);
	forge(&bench, plain, 1);
	tusk_test_ok(tusk_node_remove(bench.node, bench.toc_name, &err), &err);
	tusk_test_write(bench.url, bench.pack_name, bench.object.data, bench.object.len - HASH_SIZE);
	assert_int_equal(tusk_toc_load(bench.node, &bench.keys, bench.aead, &bench.toc.pack, &toc, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_non_null(strstr(err.message, "record 0 of 1 is impossible"));
	end(&bench);
}

static void huge_counts_are_refused_before_anything_is_allocated(void **state)
{
	static const uint32_t counts[] = {0xffffffff, 0x7fffffff, TUSK_PACK_MAX_RECORDS + 1, 102261126};
	struct bench bench;

	(void)state;
	begin(&bench, TUSK_SUITE_AES256_GCM);
	for (size_t i = 0; i < COUNT(counts); i++) {
		uint8_t *trailer = bench.object.data + bench.object.len - HASH_SIZE - TRAILER_SIZE;

		tusk_store_u32(trailer + 4, counts[i]);
		hash_anew(&bench.object);
		assert_refused(&bench, bench.object.data, bench.object.len);
	}
	end(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_table_is_read_from_its_object_or_from_the_pack),
	    cmocka_unit_test(a_damaged_object_is_replaced_by_the_pack),
	    cmocka_unit_test(every_flipped_byte_is_refused),
	    cmocka_unit_test(every_flipped_byte_is_refused_with_a_right_hash_too),
	    cmocka_unit_test(every_truncation_is_refused),
	    cmocka_unit_test(a_sealed_table_that_is_impossible_is_refused),
	    cmocka_unit_test(records_must_fit_into_a_pack),
	    cmocka_unit_test(a_table_that_claims_more_than_the_pack_holds_is_refused),
	    cmocka_unit_test(huge_counts_are_refused_before_anything_is_allocated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
