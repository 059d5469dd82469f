#include "fixture_repository.h"
#include "inode.h"
#include "views.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define SNAPSHOTS_MAX 8
#define DAY           86400

/* The views need no real snapshots, only a list of them; a slot whose reader cannot be opened is listed all the same.
 */
struct fixture {
	char path[64];
	struct tusk_repository *repository;
	struct tuskfs_slots *slots;
};

static char *no_strings[1];
static char text_of_host[SNAPSHOTS_MAX][300], text_of_tag[SNAPSHOTS_MAX][300];
static char *tags_of[SNAPSHOTS_MAX][1];

static int set_up(void **state)
{
	static struct fixture fixture;
	struct tusk_err err = {0};
	tusk_test_directory(fixture.path);
	tusk_test_repository(fixture.path, TUSK_SUITE_NONE, &fixture.repository);
	tusk_test_ok(tuskfs_slots_new(&fixture.slots, &err), &err);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	tuskfs_slots_free(fixture->slots);
	tusk_repository_close(fixture->repository);
	tusk_test_remove(fixture->path);
	return 0;
}

/* A snapshot with an id that begins with those bytes. tag may be NULL. */
static struct tusk_snapshot make(unsigned i, const char *id_start, time_t seconds, const char *host, const char *tag)
{
	struct tusk_snapshot snapshot = {.time = {.tv_sec = seconds}, .tags = {no_strings, 0}};
	memset(snapshot.id.bytes, 0x11 * (int)(i + 1), sizeof(snapshot.id.bytes));
	tusk_hex_decode(id_start, strlen(id_start), snapshot.id.bytes, strlen(id_start) / 2);
	snprintf(text_of_host[i], sizeof(text_of_host[i]), "%s", host);
	snapshot.host = text_of_host[i];
	if (tag) {
		snprintf(text_of_tag[i], sizeof(text_of_tag[i]), "%s", tag);
		tags_of[i][0] = text_of_tag[i];
		snapshot.tags = (struct tusk_strings){tags_of[i], 1};
	}
	return snapshot;
}

static struct tuskfs_catalogue *catalogue_of(struct fixture *fixture, struct tusk_snapshot *items, size_t count,
					     const struct tuskfs_catalogue *previous)
{
	struct tusk_snapshot_list list = {.items = items, .count = count};
	struct tuskfs_catalogue *catalogue;
	struct tusk_err err = {0};
	tusk_test_ok(tuskfs_slots_assign(fixture->slots, fixture->repository, &list, &err), &err);
	tusk_test_ok(tuskfs_catalogue_new(fixture->slots, &list, "read me\n", previous, &catalogue, &err), &err);
	return catalogue;
}

/* The node at a path of the catalogue; NULL if it is absent. */
static const struct tuskfs_node *at(const struct tuskfs_catalogue *catalogue, const char *path)
{
	char copy[1024], *rest = copy;
	snprintf(copy, sizeof(copy), "%s", path);
	const struct tuskfs_node *node = tuskfs_catalogue_node(catalogue, TUSKFS_NODE_ROOT);
	for (char *name; node && (name = strsep(&rest, "/"));)
		node = tuskfs_catalogue_child(catalogue, node->nodeid, name);
	return node;
}

static void an_empty_repository_has_its_folders(void **state)
{
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *catalogue = catalogue_of(*state, NULL, 0, NULL);
	assert_non_null(at(catalogue, "snapshots"));
	assert_non_null(at(catalogue, "ids"));
	assert_non_null(at(catalogue, "hosts"));
	assert_non_null(at(catalogue, "tags"));
	assert_string_equal(at(catalogue, "README.txt")->text, "read me\n");
	assert_null(at(catalogue, "latest"));
	assert_null(at(catalogue, "snapshots/latest"));
}

static void a_snapshot_is_found_by_time_id_host_and_tag(void **state)
{
	struct tusk_snapshot items[] = {make(0, "7f3a91c2", 0, "vm", "nightly"), make(1, "aa", DAY, "vm", NULL)};
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *catalogue = catalogue_of(*state, items, 2, NULL);
	const struct tuskfs_node *snapshot = at(catalogue, "snapshots/1970-01-01T00-00-00Z");
	assert_int_equal(snapshot->kind, TUSKFS_SNAPSHOT);
	assert_int_equal(snapshot->nodeid, tuskfs_inode_pack(snapshot->slot->slot, 0));
	assert_string_equal(at(catalogue, "ids/7f3a91c2")->text, "../snapshots/1970-01-01T00-00-00Z");
	assert_string_equal(at(catalogue, "hosts/vm/1970-01-01T00-00-00Z")->text,
			    "../../snapshots/1970-01-01T00-00-00Z");
	assert_string_equal(at(catalogue, "tags/nightly/latest")->text, "1970-01-01T00-00-00Z");
	assert_string_equal(at(catalogue, "hosts/vm/latest")->text, "1970-01-02T00-00-00Z");
	assert_string_equal(at(catalogue, "snapshots/latest")->text, "1970-01-02T00-00-00Z");
	assert_string_equal(at(catalogue, "latest")->text, "snapshots/latest");
	assert_null(at(catalogue, "tags/nightly/1970-01-02T00-00-00Z"));
}

static void two_snapshots_of_one_second_have_distinct_names_that_stay(void **state)
{
	struct tusk_snapshot items[] = {make(0, "01", 5, "h", NULL), make(1, "02", 5, "h", NULL),
					make(2, "03", 5, "h", NULL)};
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *before = catalogue_of(*state, items, 3, NULL);
	uint64_t second = at(before, "snapshots/1970-01-01T00-00-05Z-2")->nodeid;
	assert_non_null(at(before, "snapshots/1970-01-01T00-00-05Z"));
	assert_non_null(at(before, "snapshots/1970-01-01T00-00-05Z-3"));
	assert_non_null(at(before, "hosts/h/1970-01-01T00-00-05Z-2"));

	/* The first one is forgotten: the others keep their names and node ids in this mount. */
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *after = catalogue_of(*state, items + 1, 2, before);
	assert_null(at(after, "snapshots/1970-01-01T00-00-05Z"));
	assert_int_equal(at(after, "snapshots/1970-01-01T00-00-05Z-2")->nodeid, second);
}

static void ids_are_as_long_as_it_takes_to_tell_them_apart(void **state)
{
	struct tusk_snapshot items[] = {make(0, "aabbccddee01", 1, "h", NULL), make(1, "aabbccddee02", 2, "h", NULL),
					make(2, "aabbccdd00", 3, "h", NULL)};
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *catalogue = catalogue_of(*state, items, 3, NULL);
	assert_non_null(at(catalogue, "ids/aabbccddee01"));
	assert_non_null(at(catalogue, "ids/aabbccddee02"));
	assert_non_null(at(catalogue, "ids/aabbccdd0"));
	assert_null(at(catalogue, "ids/aabbccdd"));
}

static void hostile_hosts_and_tags_become_harmless_names(void **state)
{
	char name[256], long_name[300];
	static const char *const pairs[][2] = {
	    {"a/b", "a_b"}, {".", "_"},  {"..", "__"}, {"", "-"}, {"../../etc", ".._.._etc"},
	    {"...", "..."}, {"\n", "\n"}};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		tuskfs_views_sanitise(pairs[i][0], name);
		assert_string_equal(name, pairs[i][1]);
	}
	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = 0;
	tuskfs_views_sanitise(long_name, name);
	assert_int_equal(strlen(name), 255);

	struct tusk_snapshot items[] = {make(0, "01", 1, "..", "x/y"), make(1, "02", 2, "", "x_y"),
					make(2, "03", 3, "Case", "x_y"), make(3, "04", 4, "case", NULL)};
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *catalogue = catalogue_of(*state, items, 4, NULL);
	assert_non_null(at(catalogue, "hosts/__/latest"));
	assert_non_null(at(catalogue, "hosts/-/latest"));
	assert_non_null(at(catalogue, "hosts/Case/latest"));
	assert_non_null(at(catalogue, "hosts/case/latest"));
	assert_non_null(at(catalogue, "tags/x_y/1970-01-01T00-00-01Z"));
	assert_string_equal(at(catalogue, "tags/x_y/latest")->text, "1970-01-01T00-00-03Z");
}

static void a_listing_goes_on_where_it_was_although_the_list_has_changed(void **state)
{
	struct tusk_snapshot items[] = {make(0, "01", 1, "h", NULL), make(1, "02", 2, "h", NULL),
					make(2, "03", 3, "h", NULL), make(3, "04", 4, "h", NULL)};
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *before = catalogue_of(*state, items, 3, NULL);
	const struct tuskfs_node *first = tuskfs_catalogue_next(before, TUSKFS_NODE_SNAPSHOTS, 0);
	const struct tuskfs_node *second = tuskfs_catalogue_next(before, TUSKFS_NODE_SNAPSHOTS, first->sequence);
	assert_string_equal(second->name, "1970-01-01T00-00-02Z");

	/* The first is gone, a fourth has come. */
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *after = catalogue_of(*state, items + 1, 3, before);
	const struct tuskfs_node *node = tuskfs_catalogue_next(after, TUSKFS_NODE_SNAPSHOTS, second->sequence);
	assert_string_equal(node->name, "1970-01-01T00-00-03Z");
	bool seen_fourth = false;
	while ((node = tuskfs_catalogue_next(after, TUSKFS_NODE_SNAPSHOTS, node->sequence))) {
		assert_string_not_equal(node->name, "1970-01-01T00-00-01Z");
		seen_fourth = seen_fourth || strcmp(node->name, "1970-01-01T00-00-04Z") == 0;
	}
	assert_true(seen_fourth);
}

struct changes {
	unsigned entries, folders;
	bool latest, forgotten, kept;
};

static void note(void *context, uint64_t parent, const char *entry)
{
	struct changes *changes = context;
	(void)parent;
	changes->entries += entry != NULL;
	changes->folders += entry == NULL;
	changes->latest = changes->latest || (entry && strcmp(entry, "latest") == 0);
	changes->forgotten = changes->forgotten || (entry && strcmp(entry, "1970-01-01T00-00-01Z") == 0);
	changes->kept = changes->kept || (entry && strcmp(entry, "1970-01-01T00-00-02Z") == 0);
}

static void what_has_changed_is_what_the_kernel_is_told(void **state)
{
	struct tusk_snapshot items[] = {make(0, "01", 1, "h", NULL), make(1, "02", 2, "h", NULL),
					make(2, "03", 3, "h", NULL)};
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *before = catalogue_of(*state, items, 2, NULL);
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *after = catalogue_of(*state, items + 1, 2, before);
	struct changes changes = {0};
	tuskfs_catalogue_compare(before, before, note, &changes);
	assert_int_equal(changes.entries + changes.folders, 0);
	tuskfs_catalogue_compare(before, after, note, &changes);
	assert_true(changes.latest && changes.forgotten);
	assert_false(changes.kept);
	assert_int_equal(changes.folders, 5); /* snapshots, ids, sums, .tusk, hosts/h */
	assert_int_not_equal(at(before, "snapshots/latest")->nodeid, at(after, "snapshots/latest")->nodeid);
}

/* Snapshots whose ids want the same slot: each gets one, and the same one in the next mount. */
static void slots_that_collide_are_resolved_the_same_way_each_time(void **state)
{
	struct fixture *fixture = *state;
	struct tusk_snapshot items[SNAPSHOTS_MAX];
	for (unsigned i = 0; i < SNAPSHOTS_MAX; i++)
		items[i] = make(i, "0102030405060708", i, "h", NULL);
	struct tusk_snapshot_list list = {items, SNAPSHOTS_MAX, 0};
	struct tuskfs_slots *again;
	struct tusk_err err = {0};
	tusk_test_ok(tuskfs_slots_new(&again, &err), &err);
	tusk_test_ok(tuskfs_slots_assign(fixture->slots, fixture->repository, &list, &err), &err);
	tusk_test_ok(tuskfs_slots_assign(again, fixture->repository, &list, &err), &err);
	for (unsigned i = 0; i < SNAPSHOTS_MAX; i++) {
		const struct tuskfs_slot *slot = tuskfs_slots_find_id(fixture->slots, &items[i].id);
		assert_int_equal(slot->slot, tuskfs_slots_find_id(again, &items[i].id)->slot);
		assert_ptr_equal(tuskfs_slots_find(fixture->slots, slot->slot), slot);
	}
	tuskfs_slots_free(again);
}

static void a_folder_counts_its_subfolders(void **state)
{
	struct tusk_snapshot items[] = {make(0, "01", 1, "h", "t"), make(1, "02", 2, "g", "t")};
	TUSKFS_AUTO_CATALOGUE struct tuskfs_catalogue *catalogue = catalogue_of(*state, items, 2, NULL);
	assert_int_equal(tuskfs_catalogue_node(catalogue, TUSKFS_NODE_ROOT)->subfolders, 10);
	assert_int_equal(at(catalogue, "snapshots")->subfolders, 2);
	assert_int_equal(at(catalogue, "hosts")->subfolders, 2);
	assert_int_equal(at(catalogue, "tags")->subfolders, 1);
	assert_int_equal(at(catalogue, "ids")->subfolders, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_empty_repository_has_its_folders),
	    TEST(a_snapshot_is_found_by_time_id_host_and_tag),
	    TEST(two_snapshots_of_one_second_have_distinct_names_that_stay),
	    TEST(ids_are_as_long_as_it_takes_to_tell_them_apart),
	    TEST(hostile_hosts_and_tags_become_harmless_names),
	    TEST(a_listing_goes_on_where_it_was_although_the_list_has_changed),
	    TEST(what_has_changed_is_what_the_kernel_is_told),
	    TEST(slots_that_collide_are_resolved_the_same_way_each_time),
	    TEST(a_folder_counts_its_subfolders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
