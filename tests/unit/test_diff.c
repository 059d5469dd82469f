/* Comparing trees: which change is told for what. The directories are made up here: this file stands in for the
 * reader's tusk_dir_* and tusk_entry_sha256. */
#include "diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* A node of a made-up tree. children ends with a node without name. */
struct node {
	const char *name;
	enum tusk_type type;
	const char *content; /* or target */
	uint32_t mode;
	const struct node *children;
	uint8_t subtree; /* equal numbers: equal subtrees */
	int64_t mtime;
};

struct tusk_dir {
	const struct node *next;
};

static unsigned opened;

static struct tusk_entry entry_of(const struct node *node)
{
	struct tusk_entry entry = {
	    .type = node->type,
	    .name = {(const uint8_t *)node->name, strlen(node->name)},
	    .mode = node->mode,
	    .mtime = {.tv_sec = node->mtime},
	    .content_bytes = {(const uint8_t *)node, sizeof(*node)}, /* the way back, for the stand-ins */
	};
	if (node->content) {
		entry.size = strlen(node->content);
		entry.target = (struct tusk_bytes){(const uint8_t *)node->content, strlen(node->content)};
		memcpy(entry.sha256, node->content, entry.size < 32 ? entry.size : 32);
	}
	entry.subtree.id.bytes[0] = node->subtree;
	return entry;
}

int tusk_entry_sha256(const struct tusk_entry *entry, uint8_t ret_sha256[32], struct tusk_err *err)
{
	(void)err;
	memcpy(ret_sha256, entry->sha256, 32);
	return 0;
}

int tusk_dir_open(struct tusk_view *view, const struct tusk_entry *directory, struct tusk_dir **ret_dir,
		  struct tusk_err *err)
{
	(void)view;
	const struct node *node = (const struct node *)(const void *)directory->content_bytes.data;
	if (!node->children)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "is damaged");
	*ret_dir = calloc(1, sizeof(**ret_dir));
	assert_non_null(*ret_dir);
	(*ret_dir)->next = node->children;
	opened++;
	return 0;
}

void tusk_dir_close(struct tusk_dir *dir)
{
	free(dir);
}

int tusk_dir_next(struct tusk_dir *dir, struct tusk_entry *ret_entry, struct tusk_err *err)
{
	(void)err;
	if (!dir->next->name)
		return 0;
	*ret_entry = entry_of(dir->next++);
	return 1;
}

static int collect(void *context, enum tusk_change change, const char *path, const struct tusk_entry *before,
		   const struct tusk_entry *after, struct tusk_err *err)
{
	(void)err;
	assert_true(change == TUSK_CHANGE_ADDED ? !before : before != NULL);
	assert_true(change == TUSK_CHANGE_REMOVED ? !after : after != NULL);
	char *text = context;
	size_t len = strlen(text);
	snprintf(text + len, 512 - len, "%c%s ", (char)change, path);
	return 0;
}

static void check(const struct node *before, const struct node *after, const char *expected)
{
	char text[512] = "";
	struct tusk_err err = {0};
	struct tusk_entry left = entry_of(before), right = entry_of(after);
	struct tusk_diff_side a = {NULL, &left}, b = {NULL, &right};
	struct tusk_diff_sink sink = {.change = collect, .context = text};
	assert_int_equal(tusk_diff_run(&a, &b, "/", &sink, &err), 0);
	assert_string_equal(text, expected);
}

#define FILE_(n, c)                                                              \
	{                                                                        \
		.name = n, .type = TUSK_TYPE_FILE, .content = c, .mode = 0100644 \
	}
#define DIR_(n, id, ...)                                                               \
	{                                                                              \
		.name = n, .type = TUSK_TYPE_DIRECTORY, .mode = 040755, .subtree = id, \
		.children = (const struct node[])                                      \
		{                                                                      \
			__VA_ARGS__                                                    \
			{                                                              \
				0                                                      \
			}                                                              \
		}                                                                      \
	}
#define ROOT(id, ...) &(const struct node)DIR_("", id, __VA_ARGS__)

static void names_on_one_side_are_added_or_removed_with_all_below(void **state)
{
	(void)state;
	check(ROOT(1, FILE_("a", "1"), DIR_("gone", 5, FILE_("x", "1"), DIR_("y", 6, FILE_("z", "1"), ), ), ),
	      ROOT(2, FILE_("a", "1"), FILE_("b", "1"), ), "+/b -/gone -/gone/x -/gone/y -/gone/y/z ");
	check(ROOT(0, ), ROOT(2, FILE_("b", "1"), ), "+/b ");
	check(ROOT(1, FILE_("ab", "1"), ), ROOT(2, FILE_("a", "1"), FILE_("ab", "1"), FILE_("abc", "1"), ),
	      "+/a +/abc ");
}

static void equal_subtrees_are_not_opened(void **state)
{
	(void)state;
	opened = 0;
	check(ROOT(1, DIR_("big", 9, FILE_("x", "1"), ), FILE_("f", "1"), ),
	      ROOT(2, DIR_("big", 9, FILE_("x", "1"), ), FILE_("f", "2"), ), "M/f ");
	assert_int_equal(opened, 2);
}

static void content_comes_before_metadata(void **state)
{
	(void)state;
	const struct node old[] = {FILE_("f", "one"), {0}};
	struct node new[] = {FILE_("f", "one"), {0}};
	const struct node before = {.name = "", .type = TUSK_TYPE_DIRECTORY, .subtree = 1, .children = old};
	const struct node after = {.name = "", .type = TUSK_TYPE_DIRECTORY, .subtree = 2, .children = new};
	new[0].mode = 0100600;
	check(&before, &after, "U/f ");
	new[0].mode = old[0].mode;
	new[0].mtime = 7;
	check(&before, &after, "U/f ");
	new[0].content = "two";
	check(&before, &after, "M/f ");
	new[0].content = "three";
	check(&before, &after, "M/f ");
	new[0].mode = 0100600;
	check(&before, &after, "M/f ");
}

static void the_time_of_a_directory_does_not_count(void **state)
{
	(void)state;
	struct node after = DIR_("", 2, FILE_("f", "2"), );
	after.mtime = 9;
	check(ROOT(1, FILE_("f", "1"), ), &after, "M/f ");
	after.mode = 040700;
	check(ROOT(1, FILE_("f", "1"), ), &after, "U/ M/f ");
}

static void another_type_is_told_with_what_is_below(void **state)
{
	(void)state;
	check(ROOT(1, DIR_("d", 3, FILE_("x", "1"), ), {.name = "l", .type = TUSK_TYPE_SYMLINK, .content = "a"}, ),
	      ROOT(2, FILE_("d", "1"), {.name = "l", .type = TUSK_TYPE_SYMLINK, .content = "b"}, ), "T/d -/d/x M/l ");
	check(ROOT(1, FILE_("d", "1"), ), ROOT(2, DIR_("d", 3, FILE_("x", "1"), ), ), "T/d +/d/x ");
}

static void damage_ends_the_comparison(void **state)
{
	(void)state;
	char text[512] = "";
	struct tusk_err err = {0};
	const struct node *left = ROOT(1, {.name = "d", .type = TUSK_TYPE_DIRECTORY, .subtree = 3}, );
	const struct node *right = ROOT(2, DIR_("d", 4, FILE_("x", "1"), ), );
	struct tusk_entry a = entry_of(left), b = entry_of(right);
	struct tusk_diff_sink sink = {.change = collect, .context = text};
	struct tusk_diff_side before = {NULL, &a}, after = {NULL, &b};
	assert_int_equal(tusk_diff_run(&before, &after, "/", &sink, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	assert_string_equal(err.message, "/d: is damaged");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_on_one_side_are_added_or_removed_with_all_below),
	    cmocka_unit_test(equal_subtrees_are_not_opened),
	    cmocka_unit_test(content_comes_before_metadata),
	    cmocka_unit_test(the_time_of_a_directory_does_not_count),
	    cmocka_unit_test(another_type_is_told_with_what_is_below),
	    cmocka_unit_test(damage_ends_the_comparison),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
