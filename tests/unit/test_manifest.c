/* Manifests: bodies, sealing, publishing. */
#include "manifest.h"
#include "tree.h"
#include "tusk/cleanup.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "entries.h"
#include "fixture.h"
#include "golden.h"

/* A list of copies. */
static struct tusk_strings strings(size_t count, ...)
{
	struct tusk_strings list = {calloc(count, sizeof(char *)), count};
	va_list items;

	assert_non_null(list.items);
	va_start(items, count);
	for (size_t i = 0; i < count; i++)
		list.items[i] = strdup(va_arg(items, const char *));
	va_end(items);
	return list;
}

static void set_root(struct tusk_snapshot *snapshot)
{
	struct tusk_entry root = {.type = TUSK_TYPE_DIRECTORY, .mode = S_IFDIR | 0755, .nlink = 2};
	struct tusk_err err;

	root.mtime = root.ctime = (struct timespec){1700000000, 5};
	tusk_test_ok(tusk_tree_encode_root(&snapshot->root_entry, &root, &err), &err);
}

static struct tusk_snapshot full_snapshot(void)
{
	struct tusk_snapshot snapshot = {
	    .time = {1763800000, 123456789},
	    .end_time = {1763800042, 987654321},
	    .host = strdup("workstation"),
	    .user = strdup("alice"),
	    .source = strdup("home"),
	    .comment = strdup("before the upgrade"),
	    .version = strdup("0.1.0"),
	    .paths = strings(2, "/home/alice", "/srv/with space"),
	    .tags = strings(2, "weekly", "keep"),
	    .command = strings(4, "tusk", "backup", "", "--tag=weekly"),
	    .has_parent = true,
	    .has_xattrs = true,
	    .counters = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1000000},
	    .writer_counter = 42,
	    .provenance = strings(4, "ticket", "1234", "note", ""),
	};

	memset(snapshot.root.id.bytes, 0x21, TUSK_ID_SIZE);
	snapshot.root.level = 1;
	snapshot.root.entries = 300;
	snapshot.root.descendants = 40000;
	snapshot.root.bytes = 5000000000;
	snapshot.root.subdirs = 20;
	memset(snapshot.parent.bytes, 0x22, TUSK_ID_SIZE);
	memset(snapshot.writer, 0x23, sizeof(snapshot.writer));
	memset(snapshot.writer_previous.bytes, 0x24, TUSK_ID_SIZE);
	set_root(&snapshot);
	return snapshot;
}

static struct tusk_snapshot least_snapshot(void)
{
	struct tusk_snapshot snapshot = {.time = {1, 0}};

	set_root(&snapshot);
	return snapshot;
}

static void assert_same_strings(const struct tusk_strings *a, const struct tusk_strings *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_string_equal(a->items[i], b->items[i]);
}

static void assert_same_snapshot(const struct tusk_snapshot *a, const struct tusk_snapshot *b)
{
	assert_memory_equal(&a->time, &b->time, sizeof(a->time));
	assert_memory_equal(&a->end_time, &b->end_time, sizeof(a->end_time));
	assert_true(tusk_id_equal(&a->root.id, &b->root.id));
	assert_int_equal(a->root.level, b->root.level);
	assert_int_equal(a->root.entries, b->root.entries);
	assert_int_equal(a->root.descendants, b->root.descendants);
	assert_int_equal(a->root.bytes, b->root.bytes);
	assert_int_equal(a->root.subdirs, b->root.subdirs);
	assert_int_equal(a->root_entry.len, b->root_entry.len);
	assert_memory_equal(a->root_entry.data, b->root_entry.data, a->root_entry.len);
	assert_string_equal(a->host ? a->host : "", b->host);
	assert_string_equal(a->user ? a->user : "", b->user);
	assert_string_equal(a->source ? a->source : "", b->source);
	assert_string_equal(a->comment ? a->comment : "", b->comment);
	assert_string_equal(a->version ? a->version : "", b->version);
	assert_same_strings(&a->paths, &b->paths);
	assert_same_strings(&a->tags, &b->tags);
	assert_same_strings(&a->command, &b->command);
	assert_same_strings(&a->provenance, &b->provenance);
	assert_int_equal(a->has_parent, b->has_parent);
	assert_true(tusk_id_equal(&a->parent, &b->parent));
	assert_int_equal(a->has_xattrs, b->has_xattrs);
	assert_memory_equal(&a->counters, &b->counters, sizeof(a->counters));
	assert_memory_equal(a->writer, b->writer, sizeof(a->writer));
	assert_int_equal(a->writer_counter, b->writer_counter);
	assert_true(tusk_id_equal(&a->writer_previous, &b->writer_previous));
}

static void check_round_trip(struct tusk_snapshot snapshot)
{
	struct tusk_buf body = {0};
	struct tusk_snapshot back;
	struct tusk_err err;

	tusk_test_ok(tusk_manifest_encode_body(&snapshot, &body, &err), &err);
	tusk_test_ok(tusk_manifest_decode_body(body.data, body.len, &back, &err), &err);
	assert_same_snapshot(&snapshot, &back);
	tusk_snapshot_release(&back);
	assert_null(back.host);
	tusk_snapshot_release(&snapshot);
	tusk_buf_release(&body);
}

static void every_field_survives_a_round_trip(void **state)
{
	(void)state;
	check_round_trip(full_snapshot());
}

static void a_snapshot_of_nothing_but_a_root_survives_a_round_trip(void **state)
{
	(void)state;
	check_round_trip(least_snapshot());
}

static void the_golden_body_is_what_is_written_and_read(void **state)
{
	struct tusk_snapshot snapshot = full_snapshot(), back;
	struct tusk_buf body = {0}, golden = {0};
	struct tusk_err err;
	(void)state;

	tusk_test_ok(tusk_manifest_encode_body(&snapshot, &body, &err), &err);
	golden_compare("manifest", body.data, body.len);
	golden_load("manifest", &golden);
	tusk_test_ok(tusk_manifest_decode_body(golden.data, golden.len, &back, &err), &err);
	assert_same_snapshot(&snapshot, &back);
	tusk_snapshot_release(&back);
	tusk_snapshot_release(&snapshot);
	tusk_buf_release(&body);
	tusk_buf_release(&golden);
}

/* From memory of exactly that size. */
static int decode(const void *data, size_t len, struct tusk_err *err)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct tusk_snapshot snapshot;

	assert_non_null(copy);
	if (len)
		memcpy(copy, data, len);
	int result = tusk_manifest_decode_body(copy, len, &snapshot, err);
	if (result)
		assert_int_equal(err->code, TUSK_E_CORRUPT);
	else
		tusk_snapshot_release(&snapshot);
	free(copy);
	return result;
}

static void a_damaged_body_is_refused_or_still_legal(void **state)
{
	struct tusk_buf body = {0};
	struct tusk_err err;
	size_t refused = 0;
	(void)state;

	golden_load("manifest", &body);
	for (size_t i = 0; i < body.len; i++) {
		for (unsigned change = 1; change < 256; change <<= 1) {
			body.data[i] ^= (uint8_t)change;
			refused += decode(body.data, body.len, &err) != 0;
			body.data[i] ^= (uint8_t)change;
		}
	}
	assert_in_range(refused, 300, body.len * 8);
	tusk_buf_release(&body);
}

/* A body of the required fields, then those given as bytes. */
static int decode_with(const void *fields, size_t len, struct tusk_err *err)
{
	struct tusk_snapshot snapshot = least_snapshot();
	struct tusk_buf body = {0}, start = {0};

	tusk_test_ok(tusk_manifest_encode_body(&snapshot, &body, err), err);
	/* All that it writes beyond tag 3 are the counters: 12 bytes, tag 13. */
	assert_int_equal(body.data[body.len - 12], 13);
	tusk_buf_append(&start, body.data, body.len - 12);
	tusk_buf_append(&start, fields, len);
	int result = decode(start.data, start.len, err);
	tusk_buf_release(&body);
	tusk_buf_release(&start);
	tusk_snapshot_release(&snapshot);
	return result;
}

static void fields_against_the_rules_are_refused(void **state)
{
	static const struct {
		const char *fields;
		size_t len;
		const char *why;
	} cases[] = {
	    {"\x05\x01x\x04\x01x", 6, "out of order"},
	    {"\x04\x01x\x04\x01x", 6, "out of order"},
	    {"\x00\x01x", 3, "out of order"},
	    {"\x04\x02x", 3, "cut short"},
	    {"\x04\x02x\x00", 4, "NUL"},
	    {"\x07\x01x", 3, "not absolute"},
	    {"\x07\x00", 2, "not absolute"},
	    {"\x07\x03/\x00/", 5, "NUL"},
	    {"\x0a\x01x", 3, "parent"},
	    {"\x0d\x01\x00", 3, "counters"},
	    {"\x0e\x01\x00", 3, "writer"},
	    {"\x0f\x00", 2, "flags"},
	    {"\x10\x02\x00\x00", 4, "provenance"},
	    {"\x10\x02\x01x", 4, "provenance"},
	    {"\x11\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00\xca\x9a\x3b", 14, "time"},
	    {"\x11\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 13, "time"},
	};
	struct tusk_err err;
	(void)state;

	assert_int_equal(decode_with("", 0, &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(decode_with(cases[i].fields, cases[i].len, &err), -1);
		if (!strstr(err.message, cases[i].why))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.message, cases[i].why);
	}
}

static void unknown_tags_are_ignored(void **state)
{
	struct tusk_err err;
	(void)state;

	assert_int_equal(decode_with("\x04\x01x\x12\x01y\x12\x01z\x80\x01\x00", 12, &err), 0);
}

static void a_body_without_a_required_field_is_refused(void **state)
{
	struct tusk_snapshot snapshot = least_snapshot();
	struct tusk_buf body = {0};
	struct tusk_err err;
	(void)state;

	tusk_test_ok(tusk_manifest_encode_body(&snapshot, &body, &err), &err);
	assert_int_equal(body.data[0], 1);
	size_t first = 2 + (size_t)body.data[1];
	assert_int_equal(decode(body.data + first, body.len - first, &err), -1);
	assert_non_null(strstr(err.message, "lacks"));
	assert_int_equal(decode(body.data, first, &err), -1);
	assert_int_equal(decode("", 0, &err), -1);
	tusk_buf_release(&body);
	tusk_snapshot_release(&snapshot);
}

static void texts_that_are_too_long_are_a_limit(void **state)
{
	struct tusk_snapshot snapshot = least_snapshot();
	struct tusk_buf body = {0};
	struct tusk_err err;
	(void)state;

	snapshot.host = calloc(1, 257);
	assert_non_null(snapshot.host);
	memset(snapshot.host, 'h', 256);
	assert_int_equal(tusk_manifest_encode_body(&snapshot, &body, &err), -1);
	assert_int_equal(err.code, TUSK_E_LIMIT);
	assert_non_null(strstr(err.message, "host name"));
	snapshot.host[255] = 0;
	body.len = 0;
	assert_int_equal(tusk_manifest_encode_body(&snapshot, &body, &err), 0);
	assert_int_equal(decode(body.data, body.len, &err), 0);
	snapshot.tags.count = TUSK_MANIFEST_STRINGS_MAX + 1;
	snapshot.tags.items = calloc(snapshot.tags.count, sizeof(char *));
	assert_non_null(snapshot.tags.items);
	for (size_t i = 0; i < snapshot.tags.count; i++)
		snapshot.tags.items[i] = strdup("t");
	body.len = 0;
	assert_int_equal(tusk_manifest_encode_body(&snapshot, &body, &err), -1);
	assert_int_equal(err.code, TUSK_E_LIMIT);
	free(snapshot.tags.items[--snapshot.tags.count]);
	body.len = 0;
	assert_int_equal(tusk_manifest_encode_body(&snapshot, &body, &err), 0);
	assert_int_equal(decode(body.data, body.len, &err), 0);
	tusk_buf_release(&body);
	tusk_snapshot_release(&snapshot);
}

/* ---- sealed, on a node ---- */

struct scene {
	char path[64];
	struct tusk_node *node;
	struct tusk_keys keys;
	struct tusk_aead *aead;
};

static void set_up(struct scene *scene, enum tusk_suite suite)
{
	static const uint8_t repository[16] = "sixteen bytes...";
	static const uint8_t root[32] = "thirty-two bytes of root key....";
	char url[96];
	struct tusk_err err;

	tusk_test_directory(scene->path);
	snprintf(url, sizeof(url), "%s/node", scene->path);
	tusk_test_ok(tusk_node_create(url, &scene->node, &err), &err);
	tusk_test_ok(tusk_keys_derive(suite, repository, root, &scene->keys, &err), &err);
	scene->aead = tusk_aead_new();
	assert_non_null(scene->aead);
}

static void tear_down(struct scene *scene)
{
	tusk_aead_free(scene->aead);
	tusk_node_close(scene->node);
	tusk_test_remove(scene->path);
}

static void fetch(struct scene *scene, const struct tusk_id *id, struct tusk_buf *ret_object)
{
	char name[16 + TUSK_ID_TEXT_SIZE] = "snapshots/";
	struct tusk_err err;

	tusk_id_text(id, name + strlen(name));
	assert_int_equal(tusk_node_get(scene->node, name, TUSK_MANIFEST_MAX, ret_object, &err), TUSK_NODE_FOUND);
}

static void a_published_manifest_opens_and_is_the_same(void **state)
{
	static const enum tusk_suite suites[] = {TUSK_SUITE_NONE, TUSK_SUITE_AES256_GCM, TUSK_SUITE_CHACHA20_POLY1305};
	(void)state;

	for (size_t i = 0; i < sizeof(suites) / sizeof(*suites); i++) {
		struct tusk_snapshot snapshot = full_snapshot(), back;
		struct tusk_buf object = {0}, body = {0};
		struct scene scene;
		struct tusk_err err;

		set_up(&scene, suites[i]);
		tusk_test_ok(tusk_manifest_publish(scene.node, &scene.keys, &snapshot, &err), &err);
		fetch(&scene, &snapshot.id, &object);
		tusk_test_ok(
		    tusk_manifest_open(&scene.keys, scene.aead, &snapshot.id, object.data, object.len, &body, &err),
		    &err);
		tusk_test_ok(tusk_manifest_decode_body(body.data, body.len, &back, &err), &err);
		assert_same_snapshot(&snapshot, &back);
		tusk_snapshot_release(&back);
		tusk_snapshot_release(&snapshot);
		tusk_buf_release(&object);
		tusk_buf_release(&body);
		tear_down(&scene);
	}
}

/* Its name is given anew, so that the hash does not save the decoder. */
static int open_renamed(struct scene *scene, const void *data, size_t len, struct tusk_err *err)
{
	struct tusk_buf body = {0};
	struct tusk_id id;

	tusk_sha256(data, len, id.bytes);
	int result = tusk_manifest_open(&scene->keys, scene->aead, &id, data, len, &body, err);
	tusk_buf_release(&body);
	return result;
}

static void every_changed_byte_of_a_manifest_is_found(void **state)
{
	static const enum tusk_suite suites[] = {TUSK_SUITE_NONE, TUSK_SUITE_AES256_GCM};
	struct tusk_buf object = {0}, body = {0};
	struct scene scene;
	struct tusk_err err;
	(void)state;

	for (size_t k = 0; k < 2; k++) {
		struct tusk_snapshot snapshot = full_snapshot();

		set_up(&scene, suites[k]);
		tusk_test_ok(tusk_manifest_publish(scene.node, &scene.keys, &snapshot, &err), &err);
		object.len = 0;
		fetch(&scene, &snapshot.id, &object);
		for (size_t i = 0; i < object.len; i++) {
			object.data[i] ^= 0x10;
			assert_int_equal(tusk_manifest_open(&scene.keys, scene.aead, &snapshot.id, object.data,
							    object.len, &body, &err),
					 -1);
			assert_int_equal(err.code, TUSK_E_CORRUPT);
			assert_int_equal(open_renamed(&scene, object.data, object.len, &err), -1);
			assert_true(err.code == TUSK_E_CORRUPT || err.code == TUSK_E_VERSION);
			object.data[i] ^= 0x10;
		}
		for (size_t len = 0; len < object.len; len++)
			assert_int_equal(open_renamed(&scene, object.data, len, &err), -1);
		assert_int_equal(open_renamed(&scene, object.data, object.len, &err), 0);
		assert_int_equal(body.len, 0);
		tusk_snapshot_release(&snapshot);
		tear_down(&scene);
	}
	tusk_buf_release(&object);
	tusk_buf_release(&body);
}

static int count_object(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	(void)name;
	(void)size;
	(void)err;
	++*(size_t *)context;
	return 0;
}

static void a_snapshot_that_cannot_be_read_back_is_not_published(void **state)
{
	struct tusk_snapshot snapshot = full_snapshot();
	struct scene scene;
	struct tusk_err err;
	size_t count = 0;
	(void)state;

	set_up(&scene, TUSK_SUITE_AES256_GCM);
	snapshot.root.subdirs = snapshot.root.entries + 1;
	assert_int_equal(tusk_manifest_publish(scene.node, &scene.keys, &snapshot, &err), -1);
	assert_int_equal(err.code, TUSK_E_INTERNAL);
	assert_true(tusk_id_is_zero(&snapshot.id));
	assert_int_equal(tusk_node_list(scene.node, "snapshots/", count_object, &count, &err), 0);
	assert_int_equal(count, 0);
	snapshot.root.subdirs = 20;
	tusk_test_ok(tusk_manifest_publish(scene.node, &scene.keys, &snapshot, &err), &err);
	assert_int_equal(tusk_node_list(scene.node, "snapshots/", count_object, &count, &err), 0);
	assert_int_equal(count, 1);
	tusk_snapshot_release(&snapshot);
	tear_down(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_field_survives_a_round_trip),
	    cmocka_unit_test(a_snapshot_of_nothing_but_a_root_survives_a_round_trip),
	    cmocka_unit_test(the_golden_body_is_what_is_written_and_read),
	    cmocka_unit_test(a_damaged_body_is_refused_or_still_legal),
	    cmocka_unit_test(fields_against_the_rules_are_refused),
	    cmocka_unit_test(unknown_tags_are_ignored),
	    cmocka_unit_test(a_body_without_a_required_field_is_refused),
	    cmocka_unit_test(texts_that_are_too_long_are_a_limit),
	    cmocka_unit_test(a_published_manifest_opens_and_is_the_same),
	    cmocka_unit_test(every_changed_byte_of_a_manifest_is_found),
	    cmocka_unit_test(a_snapshot_that_cannot_be_read_back_is_not_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
