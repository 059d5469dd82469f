#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "keyslot.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LOG2_N       15 /* the cheapest that is allowed */

static const struct tusk_parameters parameters = {.id = {1, 2, 3},
						  .suite = TUSK_SUITE_AES256_GCM,
						  .chunk_min = 32768,
						  .chunk_average = 131072,
						  .chunk_max = 524288,
						  .pack_size = 33554432};
static const uint8_t parameters_hash[32] = {4, 5, 6};

static void make_secret(struct tusk_secret *secret, enum tusk_secret_kind kind, uint8_t byte)
{
	*secret = (struct tusk_secret){.kind = kind, .origin = "the test"};
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(tusk_put_u8(&secret->secret, byte), 0);
}

static void make_slot(struct tusk_keyslot *slot, const char *label)
{
	*slot = (struct tusk_keyslot){.log2_n = LOG2_N, .created = 1700000000};
	snprintf(slot->label, sizeof(slot->label), "%s", label);
	memset(slot->root, 0x77, sizeof(slot->root));
}

static void seal(enum tusk_secret_kind kind, uint8_t byte, const char *label, struct tusk_buf *out)
{
	struct tusk_secret secret TUSK_AUTO_SECRET = {0};
	struct tusk_keyslot slot;
	struct tusk_err err = {0};

	make_secret(&secret, kind, byte);
	make_slot(&slot, label);
	tusk_test_ok(tusk_keyslot_seal(&parameters, parameters_hash, &secret, &slot, out, &err), &err);
}

static enum tusk_code try_open(const struct tusk_buf *data, enum tusk_secret_kind kind, uint8_t byte,
			       struct tusk_keyslot *ret_slot)
{
	struct tusk_secret secret TUSK_AUTO_SECRET = {0};
	struct tusk_err err = {0};

	make_secret(&secret, kind, byte);
	if (tusk_keyslot_open(&parameters, parameters_hash, &secret, data, ret_slot, &err) == 0)
		return TUSK_OK;
	return err.code;
}

static void a_slot_gives_back_what_was_sealed(void **state)
{
	static const enum tusk_secret_kind kinds[] = {TUSK_SECRET_PASSPHRASE, TUSK_SECRET_KEY_FILE,
						      TUSK_SECRET_RECOVERY};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct tusk_buf data TUSK_AUTO_BUF = {0};
		struct tusk_keyslot slot = {0}, header = {0};
		struct tusk_keyslot expected;

		seal(kinds[i], 1, "my laptop", &data);
		make_slot(&expected, "my laptop");
		assert_int_equal(try_open(&data, kinds[i], 1, &slot), TUSK_OK);
		assert_int_equal(slot.kind, kinds[i]);
		assert_int_equal(slot.created, expected.created);
		assert_string_equal(slot.label, expected.label);
		assert_memory_equal(slot.root, expected.root, sizeof(slot.root));
		assert_int_equal(tusk_keyslot_peek(data.data, data.len, &header, NULL), 0);
		assert_int_equal(header.kind, kinds[i]);
		assert_int_equal(header.log2_n, kinds[i] == TUSK_SECRET_PASSPHRASE ? LOG2_N : 0);
		assert_int_equal(try_open(&data, kinds[i], 2, &slot), TUSK_E_PASSWORD);
	}
}

static void nothing_secret_is_in_the_clear(void **state)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_keyslot slot;

	(void)state;
	make_slot(&slot, "label");
	seal(TUSK_SECRET_KEY_FILE, 1, "label", &data);
	assert_null(memmem(data.data, data.len, slot.root, 8));
	assert_null(memmem(data.data, data.len, "label", 5));
}

static void a_key_may_be_typed_as_a_recovery_code_but_not_as_a_password(void **state)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_keyslot slot;

	(void)state;
	seal(TUSK_SECRET_KEY_FILE, 1, "", &data);
	assert_int_equal(try_open(&data, TUSK_SECRET_RECOVERY, 1, &slot), TUSK_OK);
	assert_int_equal(try_open(&data, TUSK_SECRET_PASSPHRASE, 1, &slot), TUSK_E_PASSWORD);
}

static void every_flipped_byte_of_a_slot_is_refused(void **state)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_keyslot slot;

	(void)state;
	seal(TUSK_SECRET_KEY_FILE, 1, "label", &data);
	for (size_t i = 0; i < data.len; i++) {
		enum tusk_code code;

		data.data[i] ^= 1;
		code = try_open(&data, TUSK_SECRET_KEY_FILE, 1, &slot);
		assert_true(code == TUSK_E_CORRUPT || code == TUSK_E_PASSWORD || code == TUSK_E_VERSION);
		data.data[i] ^= 1;
	}
}

static void every_truncation_of_a_slot_is_refused(void **state)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_keyslot slot;

	(void)state;
	seal(TUSK_SECRET_KEY_FILE, 1, "label", &data);
	while (data.len--)
		assert_int_equal(try_open(&data, TUSK_SECRET_KEY_FILE, 1, &slot), TUSK_E_CORRUPT);
}

static void a_slot_of_another_repository_is_refused(void **state)
{
	struct tusk_secret secret TUSK_AUTO_SECRET = {0};
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	uint8_t other_hash[32] = {0};
	struct tusk_keyslot slot;
	struct tusk_err err = {0};

	(void)state;
	seal(TUSK_SECRET_KEY_FILE, 1, "", &data);
	make_secret(&secret, TUSK_SECRET_KEY_FILE, 1);
	assert_int_equal(tusk_keyslot_open(&parameters, other_hash, &secret, &data, &slot, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
}

/* If one of these reached scrypt, the test would take hours or all memory. */
static void costs_out_of_bounds_are_refused_before_any_derivation(void **state)
{
	static const struct {
		uint8_t log2_n;
		uint32_t r, p;
	} costs[] = {{14, 8, 1}, {21, 8, 1}, {40, 8, 1}, {255, 8, 1},      {17, 0, 1},
		     {17, 9, 1}, {17, 8, 0}, {17, 8, 5}, {17, 8, 1 << 20}, {17, UINT32_MAX, 1}};
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_keyslot slot;

	(void)state;
	seal(TUSK_SECRET_PASSPHRASE, 1, "", &data);
	for (size_t i = 0; i < COUNT(costs); i++) {
		data.data[11] = costs[i].log2_n;
		tusk_store_u32(data.data + 12, costs[i].r);
		tusk_store_u32(data.data + 16, costs[i].p);
		assert_int_equal(try_open(&data, TUSK_SECRET_PASSPHRASE, 1, &slot), TUSK_E_CORRUPT);
	}
}

static void what_cannot_be_sealed_is_the_callers_mistake(void **state)
{
	struct tusk_parameters plain = parameters;
	struct tusk_secret secret TUSK_AUTO_SECRET = {0}, empty = {.kind = TUSK_SECRET_PASSPHRASE};
	struct tusk_buf out TUSK_AUTO_BUF = {0};
	struct tusk_keyslot slot;
	struct tusk_err err = {0};

	(void)state;
	make_secret(&secret, TUSK_SECRET_PASSPHRASE, 1);
	make_slot(&slot, "");
	slot.log2_n = 14;
	assert_int_equal(tusk_keyslot_seal(&parameters, parameters_hash, &secret, &slot, &out, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	slot.log2_n = 256 + 17;
	assert_int_equal(tusk_keyslot_seal(&parameters, parameters_hash, &secret, &slot, &out, &err), -1);
	slot.log2_n = LOG2_N;
	memset(slot.label, 'x', sizeof(slot.label));
	assert_int_equal(tusk_keyslot_seal(&parameters, parameters_hash, &secret, &slot, &out, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	slot.label[127] = '\0';
	assert_int_equal(tusk_keyslot_seal(&parameters, parameters_hash, &empty, &slot, &out, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	plain.suite = TUSK_SUITE_NONE;
	assert_int_equal(tusk_keyslot_seal(&plain, parameters_hash, &secret, &slot, &out, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	secret.kind = TUSK_SECRET_KEY_FILE;
	secret.secret.len = 31;
	assert_int_equal(tusk_keyslot_seal(&parameters, parameters_hash, &secret, &slot, &out, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	assert_int_equal(out.len, 0);
}

/* A node for the tests of unlocking. */
struct bench {
	char path[64], url[80];
	struct tusk_node *node;
};

static int begin(void **state)
{
	static struct bench bench;
	struct tusk_err err = {0};

	memset(&bench, 0, sizeof(bench));
	tusk_test_directory(bench.path);
	snprintf(bench.url, sizeof(bench.url), "%s/node", bench.path);
	tusk_test_ok(tusk_node_create(bench.url, &bench.node, &err), &err);
	*state = &bench;
	return 0;
}

static int end(void **state)
{
	struct bench *bench = *state;

	tusk_node_close(bench->node);
	tusk_test_remove(bench->path);
	return 0;
}

static void store(const struct bench *bench, const struct tusk_buf *data, char ret_name[80])
{
	struct tusk_err err = {0};
	struct tusk_id id;

	tusk_sha256(data->data, data->len, id.bytes);
	tusk_keyslot_name(&id, ret_name);
	tusk_test_ok(tusk_node_put(bench->node, ret_name, data->data, data->len, &err), &err);
}

static void store_new(const struct bench *bench, enum tusk_secret_kind kind, uint8_t byte, const char *label,
		      char ret_name[80])
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};

	seal(kind, byte, label, &data);
	store(bench, &data, ret_name);
}

static void damage(const struct bench *bench, const char *name)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};

	tusk_test_read(bench->url, name, &data);
	data.data[90] ^= 1;
	tusk_test_write(bench->url, name, data.data, data.len);
}

static int unlock(const struct bench *bench, enum tusk_secret_kind kind, uint8_t byte, struct tusk_keyslot_found *found,
		  struct tusk_err *err)
{
	struct tusk_secret secret TUSK_AUTO_SECRET = {0};

	make_secret(&secret, kind, byte);
	tusk_err_clear(err);
	return tusk_keyslot_unlock(bench->node, &parameters, parameters_hash, &secret, found, err);
}

static void the_slot_that_fits_is_found_among_many(void **state)
{
	const struct bench *bench = *state;
	struct tusk_keyslot_found found = {0};
	struct tusk_err err = {0};
	char name[80], expected[80] = "";

	store_new(bench, TUSK_SECRET_PASSPHRASE, 9, "password", name);
	for (uint8_t i = 0; i < 5; i++) {
		char label[] = {(char)('a' + i), '\0'};

		store_new(bench, TUSK_SECRET_KEY_FILE, i, label, i == 3 ? expected : name);
	}
	tusk_test_ok(unlock(bench, TUSK_SECRET_KEY_FILE, 3, &found, &err), &err);
	assert_string_equal(found.slot.label, "d");
	tusk_keyslot_name(&found.id, name);
	assert_string_equal(name, expected);
}

static void a_wrong_secret_is_told_from_damage(void **state)
{
	const struct bench *bench = *state;
	struct tusk_keyslot_found found = {0};
	struct tusk_err err = {0};
	char first[80], second[80];

	assert_int_equal(unlock(bench, TUSK_SECRET_KEY_FILE, 1, &found, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT); /* no slot at all */

	store_new(bench, TUSK_SECRET_KEY_FILE, 1, "", first);
	assert_int_equal(unlock(bench, TUSK_SECRET_KEY_FILE, 2, &found, &err), -1);
	assert_int_equal(err.code, TUSK_E_PASSWORD);
	assert_string_equal(err.message, "wrong key (from the test)");
	assert_int_equal(unlock(bench, TUSK_SECRET_PASSPHRASE, 1, &found, &err), -1);
	assert_int_equal(err.code, TUSK_E_PASSWORD);
	assert_non_null(strstr(err.message, "no key slot takes a password"));

	store_new(bench, TUSK_SECRET_KEY_FILE, 2, "", second);
	damage(bench, first);
	tusk_test_ok(unlock(bench, TUSK_SECRET_KEY_FILE, 2, &found, &err), &err);
	assert_int_equal(unlock(bench, TUSK_SECRET_KEY_FILE, 1, &found, &err), -1);
	assert_int_equal(err.code, TUSK_E_PASSWORD);
	assert_non_null(strstr(err.message, "1 of 2 key slots are damaged"));
	assert_non_null(strstr(err.message, first));
	damage(bench, second);
	assert_int_equal(unlock(bench, TUSK_SECRET_KEY_FILE, 2, &found, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_non_null(strstr(err.message, "does not hash to its name"));
}

static void a_wrong_password_is_named_as_such(void **state)
{
	const struct bench *bench = *state;
	struct tusk_keyslot_found found = {0};
	struct tusk_err err = {0};
	char name[80];

	store_new(bench, TUSK_SECRET_PASSPHRASE, 1, "", name);
	assert_int_equal(unlock(bench, TUSK_SECRET_PASSPHRASE, 2, &found, &err), -1);
	assert_int_equal(err.code, TUSK_E_PASSWORD);
	assert_string_equal(err.message, "wrong password (from the test)");
	tusk_test_ok(unlock(bench, TUSK_SECRET_PASSPHRASE, 1, &found, &err), &err);
}

static void too_many_slots_are_refused(void **state)
{
	const struct bench *bench = *state;
	struct tusk_keyslot_found found = {0};
	struct tusk_err err = {0};
	char name[80];

	for (unsigned i = 0; i <= TUSK_KEYSLOT_COUNT_MAX; i++) {
		snprintf(name, sizeof(name), "keys/%064x", i);
		tusk_test_write(bench->url, name, "x", 1);
	}
	assert_int_equal(unlock(bench, TUSK_SECRET_KEY_FILE, 1, &found, &err), -1);
	assert_int_equal(err.code, TUSK_E_LIMIT);
}

#define ON_NODE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_slot_gives_back_what_was_sealed),
	    cmocka_unit_test(nothing_secret_is_in_the_clear),
	    cmocka_unit_test(a_key_may_be_typed_as_a_recovery_code_but_not_as_a_password),
	    cmocka_unit_test(every_flipped_byte_of_a_slot_is_refused),
	    cmocka_unit_test(every_truncation_of_a_slot_is_refused),
	    cmocka_unit_test(a_slot_of_another_repository_is_refused),
	    cmocka_unit_test(costs_out_of_bounds_are_refused_before_any_derivation),
	    cmocka_unit_test(what_cannot_be_sealed_is_the_callers_mistake),
	    ON_NODE(the_slot_that_fits_is_found_among_many),
	    ON_NODE(a_wrong_secret_is_told_from_damage),
	    ON_NODE(a_wrong_password_is_named_as_such),
	    ON_NODE(too_many_slots_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
