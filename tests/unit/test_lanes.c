/* SHA-256 in lanes: whatever the number, the lengths and the width, the hashes are those of one message at a time. */
#include "crypto.h"
#include "lanes.h"
#include "sha256_plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POOL_SIZE    (1u << 20)
#define MESSAGES_MAX 50

static uint8_t *pool;

/* OpenSSL gets no memory (LINKER:--wrap). */
static bool starved;

void *__real_EVP_MD_CTX_new(void);
void *__wrap_EVP_MD_CTX_new(void);
void *__wrap_EVP_MD_CTX_new(void)
{
	return starved ? NULL : __real_EVP_MD_CTX_new();
}

int __real_EVP_MD_CTX_copy_ex(void *to, const void *from);
int __wrap_EVP_MD_CTX_copy_ex(void *to, const void *from);
int __wrap_EVP_MD_CTX_copy_ex(void *to, const void *from)
{
	return starved ? 0 : __real_EVP_MD_CTX_copy_ex(to, from);
}

int __real_EVP_DigestInit_ex2(void *context, const void *type, const void *parameters);
int __wrap_EVP_DigestInit_ex2(void *context, const void *type, const void *parameters);
int __wrap_EVP_DigestInit_ex2(void *context, const void *type, const void *parameters)
{
	return starved ? 0 : __real_EVP_DigestInit_ex2(context, type, parameters);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static int make_pool(void **state)
{
	(void)state;
	uint32_t seed = 7;
	pool = malloc(POOL_SIZE);
	for (size_t i = 0; pool && i < POOL_SIZE; i++)
		pool[i] = (uint8_t)next_random(&seed);
	return pool ? 0 : -1;
}

static int free_pool(void **state)
{
	(void)state;
	free(pool);
	return 0;
}

static void check_against_one_at_a_time(unsigned width, const struct tusk_message *messages, size_t count)
{
	uint8_t expected[32];

	if (width)
		tusk_lanes_hash(width, messages, count);
	else
		tusk_sha256_many(messages, count);
	for (size_t i = 0; i < count; i++) {
		tusk_sha256(messages[i].data, messages[i].len, expected);
		assert_memory_equal(expected, messages[i].hash, 32);
	}
}

static void run_mixed(unsigned width)
{
	static const uint32_t limits[] = {1, 70, 130, 1000, 20000};
	uint8_t hashes[MESSAGES_MAX][32];
	uint32_t seed = 42;

	for (unsigned round = 0; round < 300; round++) {
		struct tusk_message messages[MESSAGES_MAX];
		size_t count = 1 + next_random(&seed) % MESSAGES_MAX;
		for (size_t i = 0; i < count; i++) {
			messages[i].len = next_random(&seed) % limits[round % 5];
			messages[i].data = pool + next_random(&seed) % (POOL_SIZE - messages[i].len);
			messages[i].hash = hashes[i];
			memset(hashes[i], 0, 32);
		}
		check_against_one_at_a_time(width, messages, count);
	}
}

static void the_dispatcher_gives_the_same_hashes(void **state)
{
	(void)state;
	run_mixed(0);
}

static void eight_lanes_give_the_same_hashes(void **state)
{
	(void)state;
#if defined(__x86_64__)
	if (!__builtin_cpu_supports("avx2"))
		skip();
	run_mixed(8);
#else
	skip();
#endif
}

static void sixteen_lanes_give_the_same_hashes(void **state)
{
	(void)state;
#if defined(__x86_64__)
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw"))
		skip();
	run_mixed(16);
#else
	skip();
#endif
}

static void every_length_around_the_padding_is_right(void **state)
{
	(void)state;
	uint8_t hashes[260][32];
	struct tusk_message messages[260];

	for (size_t i = 0; i < 260; i++)
		messages[i] = (struct tusk_message){pool + i, i, hashes[i]};
	check_against_one_at_a_time(0, messages, 260);
}

static void no_messages_are_fine(void **state)
{
	(void)state;
	tusk_sha256_many(NULL, 0);
	assert_true(tusk_sha256_lanes() >= 1);
}

static void the_plain_hash_is_the_same_in_any_pieces(void **state)
{
	(void)state;
	uint32_t seed = 3;

	for (size_t len = 0; len < 300; len++) {
		struct tusk_sha256_plain plain;
		uint8_t expected[32], hash[32];

		tusk_sha256_plain_init(&plain);
		for (size_t done = 0, part; done < len; done += part) {
			part = 1 + next_random(&seed) % 100;
			part = part < len - done ? part : len - done;
			tusk_sha256_plain_update(&plain, pool + done, part);
		}
		tusk_sha256_plain_final(&plain, hash);
		tusk_sha256(pool, len, expected);
		assert_memory_equal(expected, hash, 32);
	}
}

static void without_memory_hashes_and_ids_are_the_same_and_no_hasher_is_made(void **state)
{
	(void)state;
	struct tusk_keys keys = {.suite = TUSK_SUITE_AES256_GCM, .id = {1, 2, 3}};
	struct tusk_ider *ider TUSK_AUTO_IDER = tusk_ider_new(&keys);
	struct tusk_id expected_id, id;
	uint8_t expected[32], hash[32];

	tusk_sha256(pool, 1000, expected);
	tusk_ider_from_data(ider, 1, pool, 1000, &expected_id);
	starved = true;
	tusk_sha256(pool, 1000, hash);
	tusk_ider_from_data(ider, 1, pool, 1000, &id);
	assert_null(tusk_hasher_new());
	assert_null(tusk_ider_new(&keys));
	starved = false;
	assert_memory_equal(expected, hash, 32);
	assert_memory_equal(expected_id.bytes, id.bytes, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_dispatcher_gives_the_same_hashes),
	    cmocka_unit_test(eight_lanes_give_the_same_hashes),
	    cmocka_unit_test(sixteen_lanes_give_the_same_hashes),
	    cmocka_unit_test(every_length_around_the_padding_is_right),
	    cmocka_unit_test(no_messages_are_fine),
	    cmocka_unit_test(the_plain_hash_is_the_same_in_any_pieces),
	    cmocka_unit_test(without_memory_hashes_and_ids_are_the_same_and_no_hasher_is_made),
	};

	return cmocka_run_group_tests(tests, make_pool, free_pool);
}
