#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bytes.h"
#include "codec.h"

#define LARGEST (512 * 1024)

/* Text-like data: words of a small vocabulary. */
static void fill_text(uint8_t *data, size_t len, uint64_t seed)
{
	static const char words[8][8] = {"backup ", "chunks ", "snapsh\n", "packs  ",
					 "restor ", "verify ", "nodes  ",  "tusk   "};
	uint8_t choice[1024];

	for (size_t i = 0; i < len; i++) {
		if (i % 8192 == 0)
			fill_random(choice, sizeof(choice), seed + i);
		data[i] = (uint8_t)words[choice[i / 8 % 1024] & 7][i % 8];
	}
}

static int set_up(void **state)
{
	*state = tusk_compressor_new();
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	tusk_compressor_free(*state);
	return 0;
}

static void text_of_any_length_survives_the_round_trip(void **state)
{
	static const size_t lengths[] = {0, 1, 12, 13, 63, 64, 65, 1000, 16383, 16384, 16385, 131072, LARGEST};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		/* Blocks of exactly the size, so that a sanitizer sees every byte beyond. */
		size_t len = lengths[i], made = 12345;
		uint8_t *raw TUSK_AUTO_FREE = malloc(len ? len : 1), *out TUSK_AUTO_FREE = malloc(len ? len : 1);
		uint8_t *back TUSK_AUTO_FREE = malloc(len ? len : 1);
		struct tusk_err err = {0};
		enum tusk_codec codec;

		assert_true(raw && out && back);
		fill_text(raw, len, i);
		codec = tusk_compress(*state, raw, len, out, &made);
		assert_int_equal(codec, len < 1000 ? codec : TUSK_CODEC_LZ4);
		if (codec == TUSK_CODEC_RAW)
			assert_int_equal(made, len);
		else
			assert_true(made * 64 <= len * 63);
		assert_int_equal(tusk_decompress(codec, codec == TUSK_CODEC_RAW ? raw : out, made, back, len, &err), 0);
		assert_memory_equal(back, raw, len);
	}
}

static void random_data_stays_raw(void **state)
{
	static const size_t lengths[] = {1, 100, 4096, 16384, 40000, LARGEST};
	uint8_t *raw TUSK_AUTO_FREE = malloc(LARGEST), *out TUSK_AUTO_FREE = malloc(LARGEST);

	assert_true(raw && out);
	fill_random(raw, LARGEST, 3);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t made = 0;

		assert_int_equal(tusk_compress(*state, raw, lengths[i], out, &made), TUSK_CODEC_RAW);
		assert_int_equal(made, lengths[i]);
	}
}

static void data_that_shrinks_by_too_little_stays_raw(void **state)
{
	uint8_t raw[8192], out[8192];
	size_t made, shortest_lz4 = 0, longest_raw = 0;

	/* More and more zeros at the end of random bytes: raw below the rule, LZ4 from then on. */
	for (size_t zeros = 0; zeros <= 400; zeros++) {
		enum tusk_codec codec;

		fill_random(raw, sizeof(raw), 4);
		memset(raw + sizeof(raw) - zeros, 0, zeros);
		codec = tusk_compress(*state, raw, sizeof(raw), out, &made);
		if (codec == TUSK_CODEC_RAW)
			longest_raw = zeros;
		else if (!shortest_lz4)
			shortest_lz4 = zeros;
		if (codec == TUSK_CODEC_LZ4)
			assert_true(made <= sizeof(raw) - sizeof(raw) / 64);
	}
	assert_int_equal(shortest_lz4, longest_raw + 1);
	/* 128 bytes must be saved; the overhead of LZ4 is a byte for every 255 literals and a few more. */
	assert_in_range(shortest_lz4, 128, 128 + 8192 / 255 + 32);
}

static void a_compressible_part_found_by_the_sample_is_enough(void **state)
{
	uint8_t *raw TUSK_AUTO_FREE = malloc(131072), *out TUSK_AUTO_FREE = malloc(131072);
	size_t made;

	assert_true(raw && out);
	fill_random(raw, 131072, 5);
	fill_text(raw + 131072 - 16384, 16384, 5);
	assert_int_equal(tusk_compress(*state, raw, 131072, out, &made), TUSK_CODEC_LZ4);
	assert_true(made < 131072 - 8192);
}

static void the_result_does_not_depend_on_earlier_work(void **state)
{
	struct tusk_compressor *fresh TUSK_AUTO_COMPRESSOR = tusk_compressor_new();
	uint8_t *raw TUSK_AUTO_FREE = malloc(65536), *a TUSK_AUTO_FREE = malloc(65536),
		     *b TUSK_AUTO_FREE = malloc(65536);
	size_t a_len, b_len;

	assert_true(fresh && raw && a && b);
	fill_text(raw, 65536, 6);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(tusk_compress(*state, raw, 65536 - i, a, &a_len), TUSK_CODEC_LZ4);
	assert_int_equal(tusk_compress(*state, raw, 65536, a, &a_len), TUSK_CODEC_LZ4);
	assert_int_equal(tusk_compress(fresh, raw, 65536, b, &b_len), TUSK_CODEC_LZ4);
	assert_int_equal(a_len, b_len);
	assert_memory_equal(a, b, a_len);
}

static void a_block_cut_or_promised_wrongly_is_refused(void **state)
{
	uint8_t raw[3000], out[3000];
	size_t made;

	fill_text(raw, sizeof(raw), 7);
	assert_int_equal(tusk_compress(*state, raw, sizeof(raw), out, &made), TUSK_CODEC_LZ4);
	for (size_t cut = 0; cut < made; cut++) {
		uint8_t *copy TUSK_AUTO_FREE = malloc(cut ? cut : 1), *back TUSK_AUTO_FREE = malloc(sizeof(raw));
		struct tusk_err err = {0};

		assert_true(copy && back);
		memcpy(copy, out, cut);
		assert_int_equal(tusk_decompress(TUSK_CODEC_LZ4, copy, cut, back, sizeof(raw), &err), -1);
		assert_int_equal(err.code, TUSK_E_CORRUPT);
	}
	for (int delta = -3; delta <= 3; delta++) {
		size_t promised = sizeof(raw) + (size_t)delta;
		uint8_t *back TUSK_AUTO_FREE = malloc(promised);
		struct tusk_err err = {0};

		assert_non_null(back);
		assert_int_equal(tusk_decompress(TUSK_CODEC_LZ4, out, made, back, promised, &err), delta ? -1 : 0);
	}
}

static void raw_data_of_another_length_is_refused(void **state)
{
	struct tusk_err err = {0};
	uint8_t back[8];

	(void)state;
	assert_int_equal(tusk_decompress(TUSK_CODEC_RAW, "1234", 4, back, 4, &err), 0);
	assert_int_equal(tusk_decompress(TUSK_CODEC_RAW, NULL, 0, back, 0, &err), 0);
	assert_int_equal(tusk_decompress(TUSK_CODEC_RAW, "1234", 4, back, 5, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_int_equal(tusk_decompress(TUSK_CODEC_RAW, "1234", 4, back, 3, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

static void an_unknown_codec_is_refused_by_number(void **state)
{
	struct tusk_err err = {0};
	uint8_t back[4];

	(void)state;
	assert_int_equal(tusk_decompress((enum tusk_codec)3, "1234", 4, back, 4, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_string_equal(err.message, "unknown codec 3");
}

static void an_absurd_length_is_refused(void **state)
{
	struct tusk_err err = {0};
	uint8_t back[4];

	(void)state;
	assert_int_equal(tusk_decompress(TUSK_CODEC_LZ4, "\0", (size_t)1 << 32, back, 4, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_int_equal(tusk_decompress(TUSK_CODEC_LZ4, "\0", 1, back, (size_t)1 << 32, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

static void zstd_survives_the_round_trip_at_every_level(void **state)
{
	static uint8_t raw[131072], out[sizeof(raw)], back[sizeof(raw)];
	size_t lz4, made;
	struct tusk_err err = {0};

	fill_text(raw, sizeof(raw), 5);
	assert_int_equal(tusk_compress(*state, raw, sizeof(raw), out, &lz4), TUSK_CODEC_LZ4);
	for (int level = 1; level <= TUSK_ZSTD_LEVEL_MAX; level += 6) {
		struct tusk_compressor *zstd TUSK_AUTO_COMPRESSOR = tusk_compressor_new_for(TUSK_CODEC_ZSTD, level);

		assert_non_null(zstd);
		assert_int_equal(tusk_compress(zstd, raw, sizeof(raw), out, &made), TUSK_CODEC_ZSTD);
		assert_true(made < lz4);
		assert_int_equal(tusk_decompress(TUSK_CODEC_ZSTD, out, made, back, sizeof(raw), &err), 0);
		assert_memory_equal(back, raw, sizeof(raw));
		assert_int_equal(tusk_decompress(TUSK_CODEC_ZSTD, out, made, back, sizeof(raw) - 1, &err), -1);
		assert_int_equal(tusk_decompress(TUSK_CODEC_ZSTD, out, made - 1, back, sizeof(raw), &err), -1);
		assert_int_equal(err.code, TUSK_E_CORRUPT);
		fill_random(raw, sizeof(raw), 6);
		assert_int_equal(tusk_compress(zstd, raw, sizeof(raw), out, &made), TUSK_CODEC_RAW);
		fill_text(raw, sizeof(raw), 5);
	}
}

static void a_compressor_for_raw_data_leaves_everything_as_it_is(void **state)
{
	struct tusk_compressor *none TUSK_AUTO_COMPRESSOR = tusk_compressor_new_for(TUSK_CODEC_RAW, 0);
	uint8_t raw[1000], out[1000];
	size_t made = 0;

	(void)state;
	assert_non_null(none);
	fill_text(raw, sizeof(raw), 1);
	assert_int_equal(tusk_compress(none, raw, sizeof(raw), out, &made), TUSK_CODEC_RAW);
	assert_int_equal(made, sizeof(raw));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(text_of_any_length_survives_the_round_trip),
	    TEST(random_data_stays_raw),
	    TEST(data_that_shrinks_by_too_little_stays_raw),
	    TEST(a_compressible_part_found_by_the_sample_is_enough),
	    TEST(the_result_does_not_depend_on_earlier_work),
	    TEST(a_block_cut_or_promised_wrongly_is_refused),
	    TEST(raw_data_of_another_length_is_refused),
	    TEST(zstd_survives_the_round_trip_at_every_level),
	    TEST(a_compressor_for_raw_data_leaves_everything_as_it_is),
	    TEST(an_unknown_codec_is_refused_by_number),
	    TEST(an_absurd_length_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
