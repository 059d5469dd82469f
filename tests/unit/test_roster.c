#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "roster.h"

#include <string.h>

static struct tusk_nodes two_nodes(void)
{
	return (struct tusk_nodes){
	    .counter = 7,
	    .require = {1, 0, 1},
	    .count = 2,
	    .items = {{.name = "home", .url = "/srv/backup", .role = TUSK_ROLE_LOCAL},
		      {.name = "bucket.2", .url = "s3://host/bucket/prefix", .role = TUSK_ROLE_CLOUD}},
	};
}

static void a_list_decodes_to_what_was_encoded(void **state)
{
	struct tusk_nodes nodes = two_nodes(), again = {0};
	struct tusk_buf body = {0};
	struct tusk_err err = {0};

	(void)state;
	tusk_test_ok(tusk_roster_encode(&nodes, &body, &err), &err);
	tusk_test_ok(tusk_roster_decode(body.data, body.len, &again, &err), &err);
	assert_int_equal(again.counter, 7);
	assert_int_equal(again.count, 2);
	assert_memory_equal(again.require, nodes.require, sizeof(nodes.require));
	assert_string_equal(again.items[1].name, "bucket.2");
	assert_string_equal(again.items[1].url, "s3://host/bucket/prefix");
	assert_int_equal(again.items[1].role, TUSK_ROLE_CLOUD);
	/* Cut anywhere but between two nodes it is refused. */
	for (size_t len = 0; len < body.len; len++) {
		int result = tusk_roster_decode(body.data, len, &again, NULL);
		assert_true(result < 0 || again.count == 1);
	}
	tusk_buf_release(&body);
}

static void refuse(const char *name, const char *url)
{
	struct tusk_nodes nodes = two_nodes();
	struct tusk_buf body = {0};
	struct tusk_err err = {0};

	snprintf(nodes.items[1].name, sizeof(nodes.items[1].name), "%s", name);
	snprintf(nodes.items[1].url, sizeof(nodes.items[1].url), "%s", url);
	assert_int_equal(tusk_roster_encode(&nodes, &body, &err), -1);
	assert_int_equal(err.code, TUSK_E_USAGE);
	tusk_buf_release(&body);
}

static void what_cannot_be_in_a_list_is_refused(void **state)
{
	(void)state;
	refuse("home", "/elsewhere");
	refuse("other", "/srv/backup");
	refuse("", "/elsewhere");
	refuse("-r", "/elsewhere");
	refuse("a/b", "/elsewhere");
	refuse("other", "");
	refuse("other", "/a\nb");
	refuse("other", "ssh://anna:secret@host/path");
}

static void an_at_sign_or_colon_elsewhere_is_no_password(void **state)
{
	struct tusk_member member = {.name = "a", .role = TUSK_ROLE_REMOTE};
	const char *const urls[] = {"ssh://anna@host:22/path", "/srv/a:b@c", "ssh://host:22/x@y",
				    "s3://[::1]:80/bucket"};
	struct tusk_err err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		snprintf(member.url, sizeof(member.url), "%s", urls[i]);
		tusk_test_ok(tusk_member_check(&member, &err), &err);
	}
}

static void the_newest_list_on_a_node_holds(void **state)
{
	struct tusk_nodes nodes = two_nodes(), found = {0};
	struct tusk_node *node = NULL;
	struct tusk_keys keys;
	struct tusk_err err = {0};
	char path[64], url[128];
	uint8_t root[32] = {1};

	(void)state;
	tusk_test_directory(path);
	snprintf(url, sizeof(url), "%s/node", path);
	tusk_test_ok(tusk_node_create(url, &node, &err), &err);
	tusk_test_ok(tusk_keys_derive(TUSK_SUITE_AES256_GCM, (const uint8_t[16]){2}, root, &keys, &err), &err);
	tusk_test_ok(tusk_roster_load(node, &keys, &found, &err), &err);
	assert_int_equal(found.counter, 0);
	tusk_test_ok(tusk_roster_save(node, &keys, &nodes, &err), &err);
	nodes.counter = 9;
	nodes.count = 1;
	tusk_test_ok(tusk_roster_save(node, &keys, &nodes, &err), &err);
	nodes.counter = 8;
	nodes.count = 2;
	tusk_test_ok(tusk_roster_save(node, &keys, &nodes, &err), &err);
	tusk_test_ok(tusk_roster_load(node, &keys, &found, &err), &err);
	assert_int_equal(found.counter, 9);
	assert_int_equal(found.count, 1);
	tusk_keys_wipe(&keys);
	tusk_node_close(node);
	tusk_test_remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_list_decodes_to_what_was_encoded),
	    cmocka_unit_test(what_cannot_be_in_a_list_is_refused),
	    cmocka_unit_test(an_at_sign_or_colon_elsewhere_is_no_password),
	    cmocka_unit_test(the_newest_list_on_a_node_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
