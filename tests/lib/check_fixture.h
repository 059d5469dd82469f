/* A repository with something of everything to damage, and what check said of it. Include after cmocka.h. */
#ifndef TUSK_TEST_CHECK_FIXTURE_H
#define TUSK_TEST_CHECK_FIXTURE_H

#include "handmade.h"
#include "tusk/check.h"

#include <stdio.h>
#include <string.h>

#define PIECE 4000u

static struct handmade made;

/* A repository with something of everything; what tests damage. */
static struct {
	const uint8_t *data;
	struct tusk_id first, second; /* snapshots; the second shares /shared with the first */
	struct tusk_id shared_tree, only_tree, list, xattr_blob, extent_blob;
	struct tusk_id list_chunk, single_chunk, orphan;
} all;

static inline struct tusk_id id_in(const struct tusk_bytes *bytes)
{
	struct tusk_id id;
	memcpy(id.bytes, bytes->data, TUSK_ID_SIZE);
	return id;
}

static inline struct tusk_id chunk_id(const uint8_t *data, size_t len)
{
	struct tusk_id id;
	tusk_ider_from_data(made.ider, TUSK_OBJECT_CHUNK, data, len, &id);
	return id;
}

static inline struct tusk_entry shared_directory(void)
{
	static const struct tusk_extent extents[] = {{PIECE, PIECE}, {5 * PIECE, PIECE}};
	struct handmade_holes holes = {8 * PIECE, extents, 2, all.data + 300 * PIECE, 2 * PIECE, PIECE + 1000};
	struct tusk_xattr item = {{(const uint8_t *)"user.a", 6}, {all.data, 5000}};
	struct tusk_entry entries[] = {handmade_file(&made, "attributes", "x", 1, 1),
				       handmade_holed(&made, "holed", &holes),
				       handmade_file(&made, "huge", all.data, 100 * PIECE, PIECE),
				       handmade_file(&made, "listed", all.data + 200 * PIECE, 10 * PIECE, PIECE),
				       handmade_file(&made, "single", all.data + 290 * PIECE, PIECE, PIECE)};
	handmade_set_xattrs(&made, &entries[0], &item, 1, true);
	handmade_move_extents(&made, &entries[1]);
	all.xattr_blob = id_in(&entries[0].xattr_bytes);
	all.extent_blob = id_in(&entries[1].extent_bytes);
	all.list = id_in(&entries[2].content_bytes);
	struct tusk_entry directory = handmade_directory(&made, "shared", entries, 5);
	all.shared_tree = directory.subtree.id;
	return directory;
}

static inline int open_made(void **state)
{
	(void)state;
	handmade_open(&made, TUSK_SUITE_AES256_GCM);
	all.data = handmade_bytes(&made, 400 * PIECE, 3);
	struct tusk_entry directory = shared_directory();
	struct tusk_subtree root = handmade_tree(&made, &directory, 1);
	all.first = handmade_snapshot(&made, &root, 1700000000);
	struct tusk_entry only = handmade_file(&made, "only", all.data + 380 * PIECE, PIECE, PIECE);
	struct tusk_entry top[] = {directory, handmade_directory(&made, "other", &only, 1)};
	all.only_tree = top[1].subtree.id;
	root = handmade_tree(&made, top, 2);
	all.list_chunk = chunk_id(all.data + 203 * PIECE, PIECE);
	all.single_chunk = chunk_id(all.data + 290 * PIECE, PIECE);
	all.orphan = handmade_put(&made, TUSK_OBJECT_CHUNK, "nobody refers to this", 21);
	all.second = handmade_snapshot(&made, &root, 1700000100);
	return 0;
}

static inline int close_made(void **state)
{
	(void)state;
	handmade_close(&made);
	return 0;
}

/* ---- what check said ---- */

struct line {
	char object[100], what[400], snapshot[TUSK_ID_TEXT_SIZE], path[100];
	uint64_t offset, len;
};
static struct line lines[3000];
static size_t line_count;
static struct tusk_check_result result;

static inline void note(void *context, const struct tusk_damage *damage)
{
	(void)context;
	assert_true(line_count < sizeof(lines) / sizeof(lines[0]));
	struct line *line = &lines[line_count++];
	snprintf(line->object, sizeof(line->object), "%s", damage->object ? damage->object : "");
	snprintf(line->what, sizeof(line->what), "%s", damage->what);
	snprintf(line->snapshot, sizeof(line->snapshot), "%s", damage->snapshot ? damage->snapshot : "");
	snprintf(line->path, sizeof(line->path), "%s", damage->path ? damage->path : "");
	line->offset = damage->offset;
	line->len = damage->len;
}

static inline void check(bool data)
{
	struct tusk_check_options options = {.data = data, .threads = 2, .on_damage = note};
	struct tusk_err err = {0};
	line_count = 0;
	handmade_seal(&made);
	tusk_test_ok(tusk_check_run(made.repository, &options, &result, &err), &err);
}

static inline const struct line *find_line(const char *object, const char *what, const char *path)
{
	for (size_t i = 0; i < line_count; i++)
		if (strstr(lines[i].object, object) && strstr(lines[i].what, what) && strcmp(lines[i].path, path) == 0)
			return &lines[i];
	for (size_t i = 0; i < line_count; i++)
		print_message("  %s: %s: %.8s:%s\n", lines[i].object, lines[i].what, lines[i].snapshot, lines[i].path);
	fail_msg("no line with \"%s\", \"%s\", \"%s\"", object, what, path);
	return NULL;
}

static inline size_t count_path(const char *path)
{
	size_t count = 0;
	for (size_t i = 0; i < line_count; i++)
		count += strcmp(lines[i].path, path) == 0;
	return count;
}

static inline size_t count_paths(void)
{
	return line_count - count_path("");
}

static inline void assert_clean(bool data)
{
	check(data);
	for (size_t i = 0; i < line_count; i++)
		print_message("  %s: %s: %s\n", lines[i].object, lines[i].what, lines[i].path);
	assert_int_equal(line_count, 0);
	assert_int_equal(result.damaged_objects, 0);
	assert_int_equal(result.affected_paths, 0);
}

#endif
