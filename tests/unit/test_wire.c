#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bytes.h"
#include "wire.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void fixed_integers_are_little_endian(void **state)
{
	struct tusk_buf buf TUSK_AUTO_BUF = {0};
	struct tusk_cursor cursor;

	(void)state;
	assert_int_equal(tusk_put_u8(&buf, 0xa1), 0);
	assert_int_equal(tusk_put_u16(&buf, 0xa1b2), 0);
	assert_int_equal(tusk_put_u32(&buf, 0xa1b2c3d4), 0);
	assert_int_equal(tusk_put_u64(&buf, 0xa1b2c3d4e5f60718), 0);
	assert_hex(buf.data, buf.len, "a1b2a1d4c3b2a11807f6e5d4c3b2a1");
	tusk_cursor_init(&cursor, buf.data, buf.len);
	assert_int_equal(tusk_get_u8(&cursor), 0xa1);
	assert_int_equal(tusk_get_u16(&cursor), 0xa1b2);
	assert_int_equal(tusk_get_u32(&cursor), 0xa1b2c3d4);
	assert_int_equal(tusk_get_u64(&cursor), 0xa1b2c3d4e5f60718);
	assert_true(tusk_cursor_done(&cursor));
}

static void loads_and_stores_need_no_alignment(void **state)
{
	uint8_t bytes[16] = {0};

	(void)state;
	tusk_store_u16(bytes + 1, 0x1122);
	assert_int_equal(tusk_load_u16(bytes + 1), 0x1122);
	tusk_store_u32(bytes + 3, 0x33445566);
	assert_int_equal(tusk_load_u32(bytes + 3), 0x33445566);
	tusk_store_u64(bytes + 7, 0x778899aabbccddee);
	assert_int_equal(tusk_load_u64(bytes + 7), 0x778899aabbccddee);
	assert_hex(bytes, 16, "00221166554433eeddccbbaa99887700");
}

static const struct {
	uint64_t value;
	const char *hex;
} varints[] = {
    {0, "00"},
    {1, "01"},
    {127, "7f"},
    {128, "8001"},
    {300, "ac02"},
    {16383, "ff7f"},
    {16384, "808001"},
    {UINT32_MAX, "ffffffff0f"},
    {(uint64_t)1 << 56, "808080808080808001"},
    {(uint64_t)1 << 63, "80808080808080808001"},
    {UINT64_MAX, "ffffffffffffffffff01"},
};

static void varints_match_the_published_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(varints); i++) {
		struct tusk_buf buf TUSK_AUTO_BUF = {0};
		struct tusk_cursor cursor;

		assert_int_equal(tusk_put_varint(&buf, varints[i].value), 0);
		assert_hex(buf.data, buf.len, varints[i].hex);
		tusk_cursor_init(&cursor, buf.data, buf.len);
		assert_int_equal(tusk_get_varint(&cursor), varints[i].value);
		assert_true(tusk_cursor_done(&cursor));
	}
}

static void every_power_of_two_survives_as_a_varint(void **state)
{
	struct tusk_buf buf TUSK_AUTO_BUF = {0};
	struct tusk_cursor cursor;

	(void)state;
	for (unsigned bit = 0; bit < 64; bit++)
		for (int delta = -1; delta <= 1; delta++)
			assert_int_equal(tusk_put_varint(&buf, ((uint64_t)1 << bit) + (uint64_t)delta), 0);
	tusk_cursor_init(&cursor, buf.data, buf.len);
	for (unsigned bit = 0; bit < 64; bit++)
		for (int delta = -1; delta <= 1; delta++)
			assert_int_equal(tusk_get_varint(&cursor), ((uint64_t)1 << bit) + (uint64_t)delta);
	assert_true(tusk_cursor_done(&cursor));
}

static void a_varint_that_is_too_long_or_too_large_is_refused(void **state)
{
	static const char *const bad[] = {
	    "8000",                   /* 0 in two bytes */
	    "ff00",                   /* 127 in two bytes */
	    "80808000",               /* 0 in four */
	    "80808080808080808000",   /* 0 in ten */
	    "ffffffffffffffffff02",   /* bit 64 */
	    "ffffffffffffffffff03",   /* bits 63 and 64 */
	    "ffffffffffffffffff7f",   /* far beyond */
	    "ffffffffffffffffff8100", /* eleven bytes */
	    "8080808080808080808001", /* eleven bytes */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		uint8_t bytes[16];
		size_t len = strlen(bad[i]) / 2;
		struct tusk_cursor cursor;

		assert_int_equal(tusk_hex_decode(bad[i], 2 * len, bytes, len), 0);
		tusk_cursor_init(&cursor, bytes, len);
		assert_int_equal(tusk_get_varint(&cursor), 0);
		assert_true(cursor.failed);
		assert_false(tusk_cursor_done(&cursor));
	}
}

static void a_varint_cut_anywhere_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(varints); i++) {
		uint8_t bytes[16];
		size_t len = strlen(varints[i].hex) / 2;

		assert_int_equal(tusk_hex_decode(varints[i].hex, 2 * len, bytes, len), 0);
		for (size_t cut = 0; cut < len; cut++) {
			struct tusk_cursor cursor;

			tusk_cursor_init(&cursor, bytes, cut);
			assert_int_equal(tusk_get_varint(&cursor), 0);
			assert_true(cursor.failed);
		}
	}
}

/* Both readers over the same bytes must agree in value, place and failure. */
static void assert_readers_agree(const uint8_t *data, size_t len)
{
	struct tusk_cursor slow, quick;

	tusk_cursor_init(&slow, data, len);
	tusk_cursor_init(&quick, data, len);
	for (unsigned i = 0; i < 20; i++) {
		assert_true(tusk_get_varint(&slow) == tusk_get_varint_quick(&quick));
		assert_int_equal(slow.failed, quick.failed);
		assert_ptr_equal(slow.position, quick.position);
	}
}

static void the_quick_varint_reader_agrees_with_the_plain_one(void **state)
{
	uint8_t bytes[16];

	(void)state;
	/* Every length, with every byte at each place and two kinds of neighbours, before every end. */
	for (size_t place = 0; place < 12; place++)
		for (unsigned value = 0; value < 256; value++)
			for (size_t len = 0; len <= sizeof(bytes); len += len < 8 ? 4 : 1) {
				memset(bytes, 0xff, sizeof(bytes));
				bytes[place] = (uint8_t)value;
				assert_readers_agree(bytes, len);
				memset(bytes, 0x80, sizeof(bytes));
				bytes[place] = (uint8_t)value;
				assert_readers_agree(bytes, len);
			}
	for (uint64_t seed = 0; seed < 2000; seed++) {
		uint8_t *copy TUSK_AUTO_FREE = malloc(seed % 16 + 1);

		assert_non_null(copy);
		fill_random(copy, seed % 16 + 1, seed << 32);
		/* Long varints are rare among random bytes. */
		for (size_t i = 0; i < seed % 16 + 1; i++)
			copy[i] |= (uint8_t)(copy[i] % 5 ? 0x80 : 0);
		assert_readers_agree(copy, seed % 16 + 1);
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		struct tusk_buf buf TUSK_AUTO_BUF = {0};
		struct tusk_cursor cursor;

		assert_int_equal(tusk_put_varint(&buf, ((uint64_t)2 << bit) - 1), 0);
		assert_int_equal(tusk_put_raw(&buf, "12345678", 8), 0);
		tusk_cursor_init(&cursor, buf.data, buf.len);
		assert_true(tusk_get_varint_quick(&cursor) == ((uint64_t)2 << bit) - 1);
		assert_int_equal(tusk_cursor_left(&cursor), 8);
	}
}

static void zigzag_covers_all_signed_numbers(void **state)
{
	static const struct {
		int64_t value;
		const char *hex;
	} cases[] = {
	    {0, "00"},
	    {-1, "01"},
	    {1, "02"},
	    {-64, "7f"},
	    {64, "8001"},
	    {INT64_MAX, "feffffffffffffffff01"},
	    {INT64_MIN, "ffffffffffffffffff01"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tusk_buf buf TUSK_AUTO_BUF = {0};
		struct tusk_cursor cursor;

		assert_int_equal(tusk_put_zigzag(&buf, cases[i].value), 0);
		assert_hex(buf.data, buf.len, cases[i].hex);
		tusk_cursor_init(&cursor, buf.data, buf.len);
		assert_true(tusk_get_zigzag(&cursor) == cases[i].value);
		assert_true(tusk_cursor_done(&cursor));
	}
}

/* One of each primitive. */
static void put_record(struct tusk_buf *buf)
{
	struct tusk_id id;

	memset(id.bytes, 0x5a, sizeof(id.bytes));
	assert_int_equal(tusk_put_u8(buf, 1), 0);
	assert_int_equal(tusk_put_u16(buf, 2), 0);
	assert_int_equal(tusk_put_u32(buf, 3), 0);
	assert_int_equal(tusk_put_u64(buf, 4), 0);
	assert_int_equal(tusk_put_varint(buf, 500), 0);
	assert_int_equal(tusk_put_zigzag(buf, -600), 0);
	assert_int_equal(tusk_put_bytes(buf, "name", 4), 0);
	assert_int_equal(tusk_put_bytes(buf, NULL, 0), 0);
	assert_int_equal(tusk_put_raw(buf, id.bytes, sizeof(id.bytes)), 0);
}

/* True when the record decodes and nothing is left. */
static bool get_record(const uint8_t *data, size_t len)
{
	struct tusk_cursor cursor;
	struct tusk_id id;
	const uint8_t *name, *empty;
	size_t name_len, empty_len;
	bool good;

	tusk_cursor_init(&cursor, data, len);
	good = tusk_get_u8(&cursor) == 1 && tusk_get_u16(&cursor) == 2 && tusk_get_u32(&cursor) == 3;
	good = good && tusk_get_u64(&cursor) == 4 && tusk_get_varint(&cursor) == 500;
	good = good && tusk_get_zigzag(&cursor) == -600;
	name = tusk_get_bytes(&cursor, 4, &name_len);
	empty = tusk_get_bytes(&cursor, 4, &empty_len);
	tusk_get_id(&cursor, &id);
	if (!tusk_cursor_done(&cursor))
		return false;
	assert_true(good);
	assert_int_equal(name_len, 4);
	assert_memory_equal(name, "name", 4);
	assert_non_null(empty);
	assert_int_equal(empty_len, 0);
	assert_int_equal(id.bytes[31], 0x5a);
	return true;
}

static void a_record_cut_at_any_byte_is_refused(void **state)
{
	struct tusk_buf buf TUSK_AUTO_BUF = {0};

	(void)state;
	put_record(&buf);
	assert_true(get_record(buf.data, buf.len));
	for (size_t cut = 0; cut < buf.len; cut++) {
		/* A copy of exactly that size, so that a sanitizer sees every byte read beyond. */
		uint8_t *copy TUSK_AUTO_FREE = malloc(cut ? cut : 1);

		assert_non_null(copy);
		memcpy(copy, buf.data, cut);
		assert_false(get_record(copy, cut));
	}
	assert_int_equal(tusk_put_u8(&buf, 0), 0);
	assert_false(get_record(buf.data, buf.len));
}

static void a_failed_cursor_stays_failed(void **state)
{
	const uint8_t bytes[] = {1, 2, 3, 4, 5};
	struct tusk_cursor cursor;
	struct tusk_id id;
	size_t len = 77;

	(void)state;
	tusk_cursor_init(&cursor, bytes, sizeof(bytes));
	assert_int_equal(tusk_get_u64(&cursor), 0);
	assert_true(cursor.failed);
	assert_int_equal(tusk_get_u8(&cursor), 0);
	assert_int_equal(tusk_get_u16(&cursor), 0);
	assert_int_equal(tusk_get_u32(&cursor), 0);
	assert_int_equal(tusk_get_varint(&cursor), 0);
	assert_int_equal(tusk_get_zigzag(&cursor), 0);
	assert_null(tusk_get_raw(&cursor, 0));
	assert_null(tusk_get_bytes(&cursor, 10, &len));
	assert_int_equal(len, 0);
	tusk_get_id(&cursor, &id);
	assert_true(tusk_id_is_zero(&id));
	assert_false(tusk_cursor_done(&cursor));
}

static void bytes_longer_than_their_limit_are_refused(void **state)
{
	static const char *const bad[] = {
	    "0461626364",           /* 4 where 3 are allowed */
	    "0361",                 /* 3 announced, 1 there */
	    "ffffffffffffffffff01", /* 2^64 - 1 */
	};
	struct tusk_cursor cursor;
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		uint8_t bytes[16];
		size_t size = strlen(bad[i]) / 2;

		assert_int_equal(tusk_hex_decode(bad[i], 2 * size, bytes, size), 0);
		tusk_cursor_init(&cursor, bytes, size);
		assert_null(tusk_get_bytes(&cursor, 3, &len));
		assert_true(cursor.failed);
	}
	/* A length that would wrap an addition, with the largest limit. */
	tusk_cursor_init(&cursor, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 11);
	assert_null(tusk_get_bytes(&cursor, SIZE_MAX, &len));
	assert_true(cursor.failed);
}

static void an_empty_input_is_done_at_once(void **state)
{
	struct tusk_cursor cursor;

	(void)state;
	tusk_cursor_init(&cursor, NULL, 0);
	assert_true(tusk_cursor_done(&cursor));
	assert_int_equal(tusk_cursor_left(&cursor), 0);
	assert_non_null(tusk_get_raw(&cursor, 0));
	assert_int_equal(tusk_get_u8(&cursor), 0);
	assert_false(tusk_cursor_done(&cursor));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fixed_integers_are_little_endian),
	    cmocka_unit_test(loads_and_stores_need_no_alignment),
	    cmocka_unit_test(varints_match_the_published_bytes),
	    cmocka_unit_test(every_power_of_two_survives_as_a_varint),
	    cmocka_unit_test(a_varint_that_is_too_long_or_too_large_is_refused),
	    cmocka_unit_test(a_varint_cut_anywhere_is_refused),
	    cmocka_unit_test(the_quick_varint_reader_agrees_with_the_plain_one),
	    cmocka_unit_test(zigzag_covers_all_signed_numbers),
	    cmocka_unit_test(a_record_cut_at_any_byte_is_refused),
	    cmocka_unit_test(a_failed_cursor_stays_failed),
	    cmocka_unit_test(bytes_longer_than_their_limit_are_refused),
	    cmocka_unit_test(an_empty_input_is_done_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
