#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture_repository.h"
#include "handle.h"
#include "keyslot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const enum tusk_suite suites[] = {TUSK_SUITE_NONE, TUSK_SUITE_AES256_GCM, TUSK_SUITE_CHACHA20_POLY1305};

struct place {
	char path[64], url[128], state_dir[128];
};

static int make_place(void **state)
{
	static struct place place;

	tusk_test_directory(place.path);
	snprintf(place.url, sizeof(place.url), "%s/repository", place.path);
	(void)tusk_test_options(place.path, place.state_dir);
	*state = &place;
	return 0;
}

static int remove_place(void **state)
{
	tusk_test_remove(((struct place *)*state)->path);
	return 0;
}

static void make_repository(const struct place *place, enum tusk_suite suite)
{
	struct tusk_repository *repository = NULL;

	tusk_test_repository(place->path, suite, &repository);
	tusk_repository_close(repository);
}

/* An ask that counts its calls and gives 32 bytes of one value. */
struct asker {
	unsigned calls;
	uint8_t byte;
};

static int ask(void *context, struct tusk_secret *ret_secret, struct tusk_err *err)
{
	struct asker *asker = context;

	(void)err;
	asker->calls++;
	*ret_secret = (struct tusk_secret){.kind = TUSK_SECRET_KEY_FILE, .origin = "/some/key"};
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(tusk_buf_append(&ret_secret->secret, &asker->byte, 1), 0);
	return 0;
}

static enum tusk_code try_open(const struct place *place, struct asker *asker, struct tusk_err *err)
{
	const struct tusk_open_options options = {.ask = ask, .ask_context = asker, .state_dir = place->state_dir};
	struct tusk_repository *repository = NULL;

	tusk_err_clear(err);
	if (tusk_repository_open(place->url, &options, &repository, err) == 0) {
		tusk_repository_close(repository);
		return TUSK_OK;
	}
	return err->code;
}

static void a_repository_is_opened_in_every_suite(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(suites); i++) {
		struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;
		char path[64];

		tusk_test_directory(path);
		tusk_test_repository(path, suites[i], &repository);
		assert_int_equal(tusk_repository_parameters(repository)->suite, suites[i]);
		assert_int_equal(tusk_repository_parameters(repository)->chunk_average, 16384);
		assert_int_equal(tusk_repository_parameters(repository)->chunk_min, 4096);
		assert_int_equal(tusk_repository_parameters(repository)->chunk_max, 65536);
		assert_int_equal(strncmp(tusk_repository_url(repository), path, strlen(path)), 0);
		tusk_repository_close(TUSK_STEAL(repository));
		tusk_test_remove(path);
	}
}

static void the_secret_is_asked_for_only_when_it_is_needed(void **state)
{
	const struct place *place = *state;
	struct asker asker = {.byte = 0x5a};
	struct tusk_err err = {0};

	assert_int_equal(try_open(place, &asker, &err), TUSK_E_NO_REPOSITORY);
	make_repository(place, TUSK_SUITE_NONE);
	assert_int_equal(try_open(place, &asker, &err), TUSK_OK);
	assert_int_equal(asker.calls, 0);
	tusk_test_remove(place->url);
	make_repository(place, TUSK_SUITE_AES256_GCM);
	assert_int_equal(try_open(place, &asker, &err), TUSK_OK);
	assert_int_equal(asker.calls, 1);
}

static void a_wrong_secret_is_said_with_its_origin(void **state)
{
	const struct place *place = *state;
	struct asker asker = {.byte = 1};
	struct tusk_err err = {0};
	struct tusk_open_options options = {.state_dir = place->state_dir};
	struct tusk_repository *repository = NULL;

	make_repository(place, TUSK_SUITE_AES256_GCM);
	assert_int_equal(try_open(place, &asker, &err), TUSK_E_PASSWORD);
	assert_non_null(strstr(err.message, "wrong key (from /some/key)"));
	assert_non_null(strstr(err.message, place->url));
	assert_int_equal(tusk_repository_open(place->url, &options, &repository, &err), -1);
	assert_int_equal(err.code, TUSK_E_PASSWORD);
	assert_null(repository);
}

static void a_place_without_a_repository_is_said_to_have_none(void **state)
{
	const struct place *place = *state;
	struct asker asker = {0};
	struct tusk_err err = {0};

	assert_int_equal(try_open(place, &asker, &err), TUSK_E_NO_REPOSITORY);
	assert_int_equal(mkdir(place->url, 0700), 0);
	assert_int_equal(try_open(place, &asker, &err), TUSK_E_NO_REPOSITORY);
	assert_non_null(strstr(err.message, "there is no repository here (no tusk.repository)"));
	assert_int_equal(rmdir(place->url), 0);
	tusk_test_write(place->path, "repository", "", 0);
	assert_int_equal(try_open(place, &asker, &err), TUSK_E_NO_REPOSITORY);
}

static void damaged_and_newer_parameters_are_told_apart(void **state)
{
	const struct place *place = *state;
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	struct asker asker = {0};
	struct tusk_err err = {0};

	make_repository(place, TUSK_SUITE_AES256_GCM);
	tusk_test_read(place->url, "tusk.repository", &text);
	text.data[text.len - 2] ^= 1;
	tusk_test_write(place->url, "tusk.repository", text.data, text.len);
	assert_int_equal(try_open(place, &asker, &err), TUSK_E_CORRUPT);
	tusk_test_write(place->url, "tusk.repository", "tusk repository\nversion 2\nnew\n", 30);
	assert_int_equal(try_open(place, &asker, &err), TUSK_E_VERSION);
	assert_non_null(strstr(err.message, "version 2"));
	assert_int_equal(asker.calls, 0);
}

/* Writes the parameters again, without encryption. */
static void take_encryption_away(const struct place *place)
{
	struct tusk_buf text TUSK_AUTO_BUF = {0}, plain TUSK_AUTO_BUF = {0};
	struct tusk_parameters parameters;
	struct tusk_err err = {0};

	tusk_test_read(place->url, "tusk.repository", &text);
	tusk_test_ok(tusk_parameters_decode(text.data, text.len, &parameters, &err), &err);
	parameters.suite = TUSK_SUITE_NONE;
	tusk_test_ok(tusk_parameters_encode(&parameters, &plain, &err), &err);
	tusk_test_write(place->url, "tusk.repository", plain.data, plain.len);
}

static void a_repository_that_lost_its_encryption_is_refused(void **state)
{
	struct place *place = *state;
	struct asker asker = {.byte = 0x5a};
	struct tusk_err err = {0};

	make_repository(place, TUSK_SUITE_AES256_GCM);
	take_encryption_away(place);
	assert_int_equal(try_open(place, &asker, &err), TUSK_E_CORRUPT);
	assert_non_null(strstr(err.message, "changed since this client last used it"));
	assert_non_null(strstr(err.message, "was aes256-gcm, is none"));
	assert_int_equal(asker.calls, 0);
	/* A client that never saw it cannot know. */
	strcat(place->state_dir, "-other");
	assert_int_equal(try_open(place, &asker, &err), TUSK_OK);
}

static void a_client_that_cannot_keep_state_goes_on_without(void **state)
{
	const struct place *place = *state;
	struct asker asker = {.byte = 0x5a};
	struct tusk_err err = {0};

	make_repository(place, TUSK_SUITE_AES256_GCM);
	tusk_test_remove(place->state_dir);
	tusk_test_write(place->path, "state", "a file is in the way", 20);
	assert_int_equal(try_open(place, &asker, &err), TUSK_OK);
}

static void the_state_goes_where_the_environment_says(void **state)
{
	const struct place *place = *state;
	struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;
	struct tusk_open_options options = {0};
	struct tusk_err err = {0};
	char expected[200], digits[33];
	struct stat status;

	make_repository(place, TUSK_SUITE_NONE);
	assert_int_equal(setenv("XDG_STATE_HOME", place->path, 1), 0);
	tusk_test_ok(tusk_repository_open(place->url, &options, &repository, &err), &err);
	assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
	tusk_hex_encode(tusk_repository_parameters(repository)->id, 16, digits);
	snprintf(expected, sizeof(expected), "%s/tusk/%s", place->path, digits);
	assert_string_equal(tusk_repository_state_dir(repository), expected);
	assert_int_equal(stat(expected, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
}

static void a_new_repository_needs_an_empty_place(void **state)
{
	const struct place *place = *state;
	struct tusk_init_options options = {.suite = TUSK_SUITE_NONE, .chunk_average = 131072};
	struct tusk_parameters parameters;
	struct tusk_err err = {0};

	make_repository(place, TUSK_SUITE_NONE);
	assert_int_equal(tusk_repository_init(place->url, &options, &parameters, &err), -1);
	assert_int_equal(err.code, TUSK_E_EXISTS);
	assert_int_equal(tusk_repository_init(place->path, &options, &parameters, &err), -1);
	assert_int_equal(err.code, TUSK_E_EXISTS);
}

static void options_that_make_no_sense_are_refused(void **state)
{
	const struct place *place = *state;
	struct tusk_secret secret TUSK_AUTO_SECRET = {0};
	struct tusk_init_options cases[6];
	struct tusk_parameters parameters;

	tusk_test_secret(&secret);
	for (size_t i = 0; i < COUNT(cases); i++)
		cases[i] = (struct tusk_init_options){
		    .suite = TUSK_SUITE_AES256_GCM, .chunk_average = 131072, .secret = &secret};
	cases[0].chunk_average = 8192;
	cases[1].chunk_average = 8388608;
	cases[2].chunk_average = 100000;
	cases[3].suite = TUSK_SUITE_NONE; /* with a secret */
	cases[4].secret = NULL;
	cases[5].suite = (enum tusk_suite)9;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tusk_err err = {0};

		assert_int_equal(tusk_repository_init(place->url, &cases[i], &parameters, &err), -1);
		assert_int_equal(err.code, i == 4 ? TUSK_E_PASSWORD : TUSK_E_USAGE);
		assert_int_equal(access(place->url, F_OK), -1);
	}
}

static void a_failed_creation_leaves_nothing(void **state)
{
	const struct place *place = *state;
	struct tusk_secret secret TUSK_AUTO_SECRET = {0};
	char label[200];
	struct tusk_init_options options = {
	    .suite = TUSK_SUITE_AES256_GCM, .chunk_average = 131072, .secret = &secret, .label = label};
	struct tusk_parameters parameters;
	struct tusk_err err = {0};

	tusk_test_secret(&secret);
	memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	assert_int_equal(tusk_repository_init(place->url, &options, &parameters, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	assert_int_equal(access(place->url, F_OK), -1);
	assert_int_equal(mkdir(place->url, 0700), 0);
	assert_int_equal(tusk_repository_init(place->url, &options, &parameters, &err), -1);
	assert_int_equal(rmdir(place->url), 0); /* there still, and empty */
}

/* The key with that id among the listed ones. */
static void find_key(struct tusk_repository *repository, const struct tusk_id *id, size_t count,
		     struct tusk_key_info *ret_info)
{
	struct tusk_key_info *keys TUSK_AUTO_FREE = NULL;
	struct tusk_err err = {0};
	size_t listed = 0, matches = 0;

	tusk_test_ok(tusk_key_list(repository, &keys, &listed, &err), &err);
	assert_int_equal(listed, count);
	for (size_t i = 0; i < listed; i++) {
		if (!tusk_id_equal(&keys[i].id, id))
			continue;
		*ret_info = keys[i];
		matches++;
	}
	assert_int_equal(matches, 1);
}

static void keys_are_added_listed_and_removed(void **state)
{
	const struct place *place = *state;
	struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;
	struct tusk_secret secret TUSK_AUTO_SECRET = {.kind = TUSK_SECRET_RECOVERY};
	struct asker asker = {.byte = 2};
	struct tusk_id first, second, removed;
	struct tusk_key_info info = {0};
	struct tusk_err err = {0};
	char text[TUSK_ID_TEXT_SIZE];
	uint8_t key[32];

	tusk_test_repository(place->path, TUSK_SUITE_AES256_GCM, &repository);
	tusk_test_ok(tusk_key_current(repository, &first, &err), &err);
	memset(key, 2, sizeof(key));
	assert_int_equal(tusk_buf_append(&secret.secret, key, sizeof(key)), 0);
	assert_int_equal(try_open(place, &asker, &err), TUSK_E_PASSWORD);
	tusk_test_ok(tusk_key_add(repository, &secret, "spare", 0, &second, &err), &err);
	assert_int_equal(try_open(place, &asker, &err), TUSK_OK);

	find_key(repository, &second, 2, &info);
	assert_int_equal(info.kind, TUSK_SECRET_RECOVERY);
	assert_false(info.current);
	assert_string_equal(info.label, "");
	find_key(repository, &first, 2, &info);
	assert_true(info.current);
	assert_true(info.created > 0);

	tusk_id_text(&second, text);
	text[12] = '\0';
	tusk_test_ok(tusk_key_remove(repository, text, &removed, &err), &err);
	assert_true(tusk_id_equal(&removed, &second));
	assert_int_equal(try_open(place, &asker, &err), TUSK_E_PASSWORD);
	tusk_id_text(&first, text);
	assert_int_equal(tusk_key_remove(repository, text, &removed, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	assert_non_null(strstr(err.message, "last key"));
}

static void a_damaged_key_does_not_count_as_another_way_in(void **state)
{
	const struct place *place = *state;
	struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;
	struct tusk_id current, removed;
	struct tusk_key_info info = {.kind = TUSK_SECRET_KEY_FILE};
	struct tusk_id damaged = {{0xab}};
	struct tusk_err err = {0};
	char name[80], text[TUSK_ID_TEXT_SIZE];

	tusk_test_repository(place->path, TUSK_SUITE_AES256_GCM, &repository);
	tusk_test_ok(tusk_key_current(repository, &current, &err), &err);
	tusk_keyslot_name(&damaged, name);
	tusk_test_write(place->url, name, "garbage", 7);
	find_key(repository, &damaged, 2, &info);
	assert_int_equal(info.kind, 0);
	tusk_id_text(&current, text);
	assert_int_equal(tusk_key_remove(repository, text, &removed, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	tusk_id_text(&damaged, text);
	tusk_test_ok(tusk_key_remove(repository, text, &removed, &err), &err);
}

static void a_key_must_be_named_without_doubt(void **state)
{
	const struct place *place = *state;
	struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;
	const struct tusk_id twins[2] = {{{0xab, 1}}, {{0xab, 2}}};
	struct tusk_id removed;
	struct tusk_err err = {0};
	char name[80];

	tusk_test_repository(place->path, TUSK_SUITE_AES256_GCM, &repository);
	for (size_t i = 0; i < COUNT(twins); i++) {
		tusk_keyslot_name(&twins[i], name);
		tusk_test_write(place->url, name, "x", 1);
	}
	assert_int_equal(tusk_key_remove(repository, "ab0", &removed, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	assert_int_equal(tusk_key_remove(repository, "", &removed, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	assert_int_equal(tusk_key_remove(repository, "xyz", &removed, &err), -1);
	assert_int_equal(err.code, TUSK_E_ABSENT);
	tusk_test_ok(tusk_key_remove(repository, "AB01", &removed, &err), &err);
}

static void a_plain_repository_has_no_keys(void **state)
{
	const struct place *place = *state;
	struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;
	struct tusk_secret secret TUSK_AUTO_SECRET = {0};
	struct tusk_key_info *keys TUSK_AUTO_FREE = NULL;
	struct tusk_err err = {0};
	struct tusk_id id;
	size_t count = 1;

	tusk_test_secret(&secret);
	tusk_test_repository(place->path, TUSK_SUITE_NONE, &repository);
	assert_int_equal(tusk_key_add(repository, &secret, NULL, 0, &id, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	assert_int_equal(tusk_key_current(repository, &id, &err), -1);
	assert_int_equal(err.code, TUSK_E_ABSENT);
	tusk_test_ok(tusk_key_list(repository, &keys, &count, &err), &err);
	assert_int_equal(count, 0);
}

static void write_pack(struct tusk_repository *repository, enum tusk_pack_kind kind, uint8_t byte)
{
	struct tusk_toc toc TUSK_AUTO_TOC = {0};
	struct tusk_pack_writer *writer = NULL;
	struct tusk_err err = {0};
	const struct tusk_id id = {{byte}};
	uint8_t data[1000];
	uint64_t size;

	memset(data, byte, sizeof(data));
	tusk_test_ok(tusk_pack_writer_open(repository->node, &repository->keys, kind, &writer, &err), &err);
	tusk_test_ok(
	    tusk_pack_writer_add(writer, TUSK_OBJECT_CHUNK, 0, &id, data, sizeof(data), sizeof(data), NULL, &err),
	    &err);
	tusk_test_ok(tusk_pack_writer_finish(writer, &toc, &size, &err), &err);
}

static void figures_cover_what_is_on_the_node(void **state)
{
	const struct place *place = *state;
	struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;
	struct tusk_repository_stats stats = {0}, again = {0};
	struct tusk_err err = {0};
	uint64_t empty_bytes;

	tusk_test_repository(place->path, TUSK_SUITE_AES256_GCM, &repository);
	tusk_test_ok(tusk_repository_stat(repository, &stats, &err), &err);
	assert_int_equal(stats.packs + stats.snapshots + stats.raw_bytes + stats.records, 0);
	assert_true(stats.physical_bytes > 300 && stats.total_bytes >= stats.free_bytes && stats.total_bytes > 0);
	empty_bytes = stats.physical_bytes;
	write_pack(repository, TUSK_PACK_CHUNKS, 1);
	write_pack(repository, TUSK_PACK_CHUNKS, 2);
	tusk_test_ok(tusk_repository_stat(repository, &stats, &err), &err);
	write_pack(repository, TUSK_PACK_TREES, 3);
	tusk_test_ok(tusk_repository_stat(repository, &again, &err), &err);
	assert_int_equal(stats.chunk_packs, 2);
	assert_int_equal(stats.tree_packs, 0);
	assert_int_equal(again.packs, 3);
	assert_int_equal(again.tree_packs, 1);
	assert_int_equal(again.records, 3);
	assert_int_equal(again.raw_bytes, 3000);
	assert_int_equal(again.stored_bytes, 3048);
	assert_true(again.physical_bytes > stats.physical_bytes && stats.physical_bytes > empty_bytes + 2000);
}

static void the_index_is_rebuilt_from_the_node(void **state)
{
	const struct place *place = *state;
	struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;
	struct tusk_rebuild_result result = {0};
	struct tusk_err err = {0};

	tusk_test_repository(place->path, TUSK_SUITE_CHACHA20_POLY1305, &repository);
	write_pack(repository, TUSK_PACK_CHUNKS, 1);
	write_pack(repository, TUSK_PACK_TREES, 2);
	tusk_test_ok(tusk_repository_rebuild_index(repository, &result, &err), &err);
	assert_int_equal(result.packs, 2);
	assert_int_equal(result.entries, 2);
	assert_int_equal(result.damaged, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_repository_is_opened_in_every_suite),
	    TEST(the_secret_is_asked_for_only_when_it_is_needed),
	    TEST(a_wrong_secret_is_said_with_its_origin),
	    TEST(a_place_without_a_repository_is_said_to_have_none),
	    TEST(damaged_and_newer_parameters_are_told_apart),
	    TEST(a_repository_that_lost_its_encryption_is_refused),
	    TEST(a_client_that_cannot_keep_state_goes_on_without),
	    TEST(the_state_goes_where_the_environment_says),
	    TEST(a_new_repository_needs_an_empty_place),
	    TEST(options_that_make_no_sense_are_refused),
	    TEST(a_failed_creation_leaves_nothing),
	    TEST(keys_are_added_listed_and_removed),
	    TEST(a_damaged_key_does_not_count_as_another_way_in),
	    TEST(a_key_must_be_named_without_doubt),
	    TEST(a_plain_repository_has_no_keys),
	    TEST(figures_cover_what_is_on_the_node),
	    TEST(the_index_is_rebuilt_from_the_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
