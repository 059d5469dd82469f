#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keyslot.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HASH_LINE    72

static const struct tusk_parameters standard = {
    .id = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef},
    .suite = TUSK_SUITE_AES256_GCM,
    .chunk_min = 32768,
    .chunk_average = 131072,
    .chunk_max = 524288,
    .pack_size = 33554432,
};

#define BODY                                    \
	"compatible 0\n"                        \
	"incompatible 0\n"                      \
	"id 0123456789abcdef0123456789abcdef\n" \
	"suite aes256-gcm\n"                    \
	"chunk-min 32768\n"                     \
	"chunk-average 131072\n"                \
	"chunk-max 524288\n"                    \
	"pack-size 33554432\n"
#define TEXT "tusk repository\nversion 1\n" BODY

static enum tusk_code decode(const void *data, size_t len, char ret_message[TUSK_ERR_MESSAGE_SIZE])
{
	struct tusk_parameters parameters;
	struct tusk_err err = {0};

	if (tusk_parameters_decode(data, len, &parameters, &err) == 0)
		return TUSK_OK;
	if (ret_message)
		memcpy(ret_message, err.message, TUSK_ERR_MESSAGE_SIZE);
	return err.code;
}

/* Adds the hash line to text and decodes. */
static enum tusk_code decode_hashed(const char *text, char ret_message[TUSK_ERR_MESSAGE_SIZE])
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	char digits[65], line[HASH_LINE + 1];
	uint8_t hash[32];

	tusk_sha256(text, strlen(text), hash);
	tusk_hex_encode(hash, sizeof(hash), digits);
	snprintf(line, sizeof(line), "sha256 %s\n", digits);
	assert_int_equal(tusk_buf_append(&data, text, strlen(text)), 0);
	assert_int_equal(tusk_buf_append(&data, line, strlen(line)), 0);
	return decode(data.data, data.len, ret_message);
}

/* TEXT with one part replaced. */
static enum tusk_code decode_with(const char *part, const char *other, char ret_message[TUSK_ERR_MESSAGE_SIZE])
{
	const char *place = strstr(TEXT, part);
	char text[4096];

	assert_non_null(place);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(place - TEXT), TEXT, other, place + strlen(part));
	return decode_hashed(text, ret_message);
}

static void the_text_is_as_the_format_page_says(void **state)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};

	(void)state;
	assert_int_equal(tusk_parameters_encode(&standard, &data, NULL), 0);
	assert_int_equal(data.len, strlen(TEXT) + HASH_LINE);
	assert_memory_equal(data.data, TEXT, strlen(TEXT));
}

static void parameters_are_read_back(void **state)
{
	static const enum tusk_suite suites[] = {TUSK_SUITE_NONE, TUSK_SUITE_AES256_GCM, TUSK_SUITE_CHACHA20_POLY1305};

	(void)state;
	for (size_t i = 0; i < COUNT(suites); i++) {
		struct tusk_parameters in = standard, out = {0};
		struct tusk_buf data TUSK_AUTO_BUF = {0};

		in.suite = suites[i];
		assert_int_equal(tusk_parameters_encode(&in, &data, NULL), 0);
		assert_int_equal(tusk_parameters_decode(data.data, data.len, &out, NULL), 0);
		assert_memory_equal(in.id, out.id, sizeof(in.id));
		assert_int_equal(in.suite, out.suite);
		assert_int_equal(in.chunk_min, out.chunk_min);
		assert_int_equal(in.chunk_average, out.chunk_average);
		assert_int_equal(in.chunk_max, out.chunk_max);
		assert_int_equal(in.pack_size, out.pack_size);
	}
}

static void every_flipped_byte_is_refused(void **state)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};

	(void)state;
	assert_int_equal(tusk_parameters_encode(&standard, &data, NULL), 0);
	for (size_t i = 0; i < data.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			enum tusk_code code;

			data.data[i] ^= (uint8_t)(1u << bit);
			code = decode(data.data, data.len, NULL);
			assert_true(code == TUSK_E_CORRUPT || code == TUSK_E_VERSION);
			data.data[i] ^= (uint8_t)(1u << bit);
		}
	}
}

static void every_truncation_and_every_addition_is_refused(void **state)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};

	(void)state;
	assert_int_equal(tusk_parameters_encode(&standard, &data, NULL), 0);
	for (size_t len = 0; len < data.len; len++)
		assert_int_equal(decode(data.data, len, NULL), TUSK_E_CORRUPT);
	assert_int_equal(tusk_buf_append(&data, "\n", 1), 0);
	assert_int_equal(decode(data.data, data.len, NULL), TUSK_E_CORRUPT);
}

static void a_newer_version_is_named_whatever_follows(void **state)
{
	char message[TUSK_ERR_MESSAGE_SIZE];
	const char *text = "tusk repository\nversion 12\nwho knows what";

	(void)state;
	assert_int_equal(decode(text, strlen(text), message), TUSK_E_VERSION);
	assert_non_null(strstr(message, "format version 12"));
	assert_non_null(strstr(message, "up to version 1"));
}

static void unknown_features_are_refused_only_if_they_matter(void **state)
{
	char message[TUSK_ERR_MESSAGE_SIZE];

	(void)state;
	assert_int_equal(decode_with("\ncompatible 0", "\ncompatible ff", NULL), TUSK_OK);
	assert_int_equal(decode_with("incompatible 0", "incompatible 1f", message), TUSK_E_VERSION);
	assert_non_null(strstr(message, "1f"));
}

static void what_the_format_does_not_allow_is_refused(void **state)
{
	static const char *const cases[][2] = {
	    {"version 1", "version 0"},
	    {"version 1", "version 01"},
	    {"version 1", "version  1"},
	    {"\ncompatible 0", "\ncompatible 0xff"},
	    {"\ncompatible 0", "\ncompatible FF"},
	    {"\ncompatible 0", "\ncompatible fffffffffffffffff"},
	    {"id 0123456789abcdef", "id 0123456789abcdeg"},
	    {"id 0123456789abcdef", "id "},
	    {"suite aes256-gcm", "suite aes128-gcm"},
	    {"suite aes256-gcm", "suite "},
	    {"chunk-average 131072", "chunk-average 131073"},
	    {"chunk-average 131072", "chunk-average 32768"},
	    {"chunk-average 131072", "chunk-average 524288"},
	    {"chunk-average 131072", "chunk-average -131072"},
	    {"chunk-average 131072", "chunk-average 4295098368"},
	    {"chunk-min 32768", "chunk-min 0"},
	    {"chunk-max 524288", "chunk-max 33554432"},
	    {"chunk-max 524288\n", ""},
	    {"chunk-max 524288", "chunk-max 524288 "},
	    {"pack-size 33554432", "pack-size 0"},
	    {"pack-size 33554432", "pack-size 4194304000"},
	    {"pack-size 33554432\n", "pack-size 33554432\nmore 1\n"},
	    {"chunk-min 32768\nchunk-average 131072\n", "chunk-average 131072\nchunk-min 32768\n"},
	    {"tusk repository", "tusk snapshot"},
	};

	(void)state;
	assert_int_equal(decode_hashed(TEXT, NULL), TUSK_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (decode_with(cases[i][0], cases[i][1], NULL) != TUSK_E_CORRUPT)
			fail_msg("\"%s\" was not refused", cases[i][1]);
	}
}

static void impossible_parameters_are_not_written(void **state)
{
	struct tusk_parameters wrong[5];
	struct tusk_buf data TUSK_AUTO_BUF = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		wrong[i] = standard;
	wrong[0].chunk_average = 100000;
	wrong[1].chunk_min = 131072;
	wrong[2].chunk_max = 1 << 30;
	wrong[3].pack_size = 100;
	wrong[4].suite = (enum tusk_suite)3;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct tusk_err err = {0};

		assert_int_equal(tusk_parameters_encode(&wrong[i], &data, &err), -1);
		assert_int_equal(err.code, TUSK_E_USAGE);
	}
	assert_int_equal(data.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_text_is_as_the_format_page_says),
	    cmocka_unit_test(parameters_are_read_back),
	    cmocka_unit_test(every_flipped_byte_is_refused),
	    cmocka_unit_test(every_truncation_and_every_addition_is_refused),
	    cmocka_unit_test(a_newer_version_is_named_whatever_follows),
	    cmocka_unit_test(unknown_features_are_refused_only_if_they_matter),
	    cmocka_unit_test(what_the_format_does_not_allow_is_refused),
	    cmocka_unit_test(impossible_parameters_are_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
