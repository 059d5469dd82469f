#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "node.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PACK         "packs/01/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PATH_SIZE    300

struct place {
	char path[64], url[80];
	struct tusk_node *node;
};

static int make_place(void **state)
{
	static struct place place;
	struct tusk_err err = {0};

	memset(&place, 0, sizeof(place));
	tusk_test_directory(place.path);
	snprintf(place.url, sizeof(place.url), "%s/node", place.path);
	tusk_test_ok(tusk_node_create(place.url, &place.node, &err), &err);
	*state = &place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	tusk_node_close(place->node);
	tusk_test_remove(place->path);
	return 0;
}

static void in_place(const struct place *place, const char *name, char ret_path[PATH_SIZE])
{
	assert_in_range(snprintf(ret_path, PATH_SIZE, "%s/%s", place->url, name), 1, PATH_SIZE - 1);
}

static void put(const struct place *place, const char *name, const char *text)
{
	struct tusk_err err = {0};

	tusk_test_ok(tusk_node_put(place->node, name, text, strlen(text), &err), &err);
}

static void a_place_that_is_not_empty_is_not_taken(void **state)
{
	const struct place *place = *state;
	struct tusk_node *node = NULL;
	struct tusk_err err = {0};
	char path[PATH_SIZE];

	assert_int_equal(tusk_node_create(place->path, &node, &err), -1); /* it holds the node */
	assert_int_equal(err.code, TUSK_E_EXISTS);
	put(place, "tusk.repository", "x");
	assert_int_equal(tusk_node_create(place->url, &node, &err), -1);
	assert_int_equal(err.code, TUSK_E_EXISTS);
	assert_non_null(strstr(err.message, "repository already"));
	in_place(place, "tusk.repository", path);
	assert_int_equal(tusk_node_create(path, &node, &err), -1);
	assert_int_equal(err.code, TUSK_E_EXISTS);
	snprintf(path, sizeof(path), "%s/no/parent", place->path);
	assert_int_equal(tusk_node_create(path, &node, &err), -1);
	assert_int_equal(err.code, TUSK_E_IO);
	assert_null(node);
}

static void an_empty_file_system_is_taken(void **state)
{
	const struct place *place = *state;
	struct tusk_node *node TUSK_AUTO_NODE = NULL;
	struct tusk_err err = {0};
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/disk", place->path);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/disk/lost+found", place->path);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/disk", place->path);
	tusk_test_ok(tusk_node_create(path, &node, &err), &err);
}

static void undoing_leaves_what_was_there_before(void **state)
{
	const struct place *place = *state;
	struct tusk_node *node = NULL;
	struct tusk_upload *upload = NULL;
	struct tusk_err err = {0};
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/made", place->path);
	tusk_test_ok(tusk_node_create(path, &node, &err), &err);
	tusk_test_ok(tusk_upload_begin(node, &upload, &err), &err);
	tusk_node_uncreate(node);
	assert_int_equal(access(path, F_OK), -1);
	tusk_upload_abort(upload);
	tusk_node_close(node);

	assert_int_equal(mkdir(path, 0755), 0);
	tusk_test_ok(tusk_node_create(path, &node, &err), &err);
	tusk_node_uncreate(node);
	tusk_node_close(node);
	assert_int_equal(rmdir(path), 0); /* there still, and empty */

	put(place, PACK, "p");
	tusk_node_uncreate(place->node);
	in_place(place, PACK, path);
	assert_int_equal(access(path, F_OK), 0);
}

static void a_place_may_be_named_in_several_ways(void **state)
{
	const struct place *place = *state;
	struct tusk_err err = {0};
	char urls[4][200], folder[64];

	assert_non_null(strrchr(place->path, '/'));
	snprintf(folder, sizeof(folder), "%s", place->path);
	assert_int_equal(chdir(folder), 0);
	snprintf(urls[0], 200, "node/");
	snprintf(urls[1], 200, ".//./node");
	snprintf(urls[2], 200, "file://%s", place->url);
	snprintf(urls[3], 200, "file://localhost%s/%%6eode//", place->path);
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct tusk_node *node TUSK_AUTO_NODE = NULL;

		tusk_test_ok(tusk_node_open(urls[i], &node, &err), &err);
		assert_string_equal(tusk_node_url(node), place->url);
	}
	assert_int_equal(chdir("/"), 0);
}

static void other_kinds_of_place_are_refused_clearly(void **state)
{
	static const struct {
		const char *url, *word;
	} cases[] = {
	    {"s4://host/bucket", "s4:// is not supported by this build"},
	    {"ssh:///path", "no host name"},
	    {"ssh://host", "has no path"},
	    {"ssh://host/", "has no path"},
	    {"ssh://host:22x/path", "no host name or port"},
	    {"ssh://ho st/path", "no host name"},
	    {"ssh://-oProxyCommand=x/path", "no host name"},
	    {"ssh://-l@host/path", "no user name"},
	    {"ssh://a b@host/path", "no user name"},
	    {"ssh://host:-p/path", "no host name or port"},
	    {"ssh://[::1/path", "no host name"},
	    {"ssh://host/%zz", "broken %XX"},
	    {"file://host/path", "names another host"},
	    {"file:///a%0", "broken %XX"},
	    {"file:///a%zz", "broken %XX"},
	    {"file:///a%00", "broken %XX"},
	    {"", "empty"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tusk_node *node = NULL;
		struct tusk_err err = {0};

		assert_int_equal(tusk_node_open(cases[i].url, &node, &err), -1);
		assert_int_equal(err.code, TUSK_E_USAGE);
		assert_non_null(strstr(err.message, cases[i].word));
		assert_int_equal(tusk_node_create(cases[i].url, &node, &err), -1);
		assert_null(node);
	}
}

static void a_place_without_a_directory_holds_no_repository(void **state)
{
	const struct place *place = *state;
	struct tusk_node *node = NULL;
	struct tusk_err err = {0};
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/missing", place->path);
	assert_int_equal(tusk_node_open(path, &node, &err), -1);
	assert_int_equal(err.code, TUSK_E_NO_REPOSITORY);
	tusk_test_write(place->path, "missing", "", 0);
	assert_int_equal(tusk_node_open(path, &node, &err), -1);
	assert_int_equal(err.code, TUSK_E_NO_REPOSITORY);
}

static void the_space_of_the_place_is_known(void **state)
{
	const struct place *place = *state;
	struct tusk_err err = {0};
	uint64_t available = 0, total = 0;

	tusk_test_ok(tusk_node_space(place->node, &available, &total, &err), &err);
	assert_true(total > 0 && available <= total);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_place_that_is_not_empty_is_not_taken),   TEST(an_empty_file_system_is_taken),
	    TEST(undoing_leaves_what_was_there_before),     TEST(a_place_may_be_named_in_several_ways),
	    TEST(other_kinds_of_place_are_refused_clearly), TEST(a_place_without_a_directory_holds_no_repository),
	    TEST(the_space_of_the_place_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
