#include "inode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static struct tusk_id id_of(uint8_t first)
{
	struct tusk_id id;
	for (size_t i = 0; i < sizeof(id.bytes); i++)
		id.bytes[i] = (uint8_t)(first + 37 * i);
	return id;
}

static void a_node_id_gives_back_slot_and_number(void **state)
{
	(void)state;
	const uint64_t numbers[] = {0, 1, 12345, TUSKFS_NUMBER_MAX};
	const uint32_t slots[] = {1, 77, TUSKFS_SLOT_MAX};
	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < 3; j++) {
			uint64_t nodeid = tuskfs_inode_pack(slots[j], numbers[i]);
			assert_int_equal(tuskfs_inode_slot(nodeid), slots[j]);
			assert_int_equal(tuskfs_inode_number(nodeid), numbers[i]);
			assert_true(nodeid < TUSKFS_LINK_BIT);
		}
	}
}

static void slots_are_never_zero_and_wrap_around(void **state)
{
	(void)state;
	struct tusk_id id = {0};
	assert_int_equal(tuskfs_inode_first_slot(&id), 1);
	memset(id.bytes, 0xff, sizeof(id.bytes));
	uint32_t slot = tuskfs_inode_first_slot(&id);
	assert_in_range(slot, 1, TUSKFS_SLOT_MAX);
	assert_int_equal(tuskfs_inode_next_slot(1), 2);
	assert_int_equal(tuskfs_inode_next_slot(TUSKFS_SLOT_MAX), 1);
}

static void links_of_one_file_share_an_inode_number(void **state)
{
	(void)state;
	struct tusk_id id = id_of(3);
	assert_int_equal(tuskfs_inode_of_link(&id, 5), tuskfs_inode_of_link(&id, 5));
}

/* cp -a of two snapshots into one place would else link files of different versions. */
static void links_of_two_snapshots_never_share_one(void **state)
{
	(void)state;
	struct tusk_id a = id_of(3), b = id_of(4);
	for (uint64_t link = 1; link < 2000; link++)
		assert_int_not_equal(tuskfs_inode_of_link(&a, link), tuskfs_inode_of_link(&b, link));
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void link_ids_of_a_snapshot_never_collide(void **state)
{
	(void)state;
	enum { COUNT = 20000 };
	static uint64_t inodes[COUNT];
	struct tusk_id id = id_of(9);
	for (uint64_t i = 0; i < COUNT; i++) {
		/* small ones, large ones, and such that differ in the high bits only */
		uint64_t link = i % 3 == 0 ? i + 1 : i % 3 == 1 ? (TUSKFS_LINK_BIT - 1 - i) : i << 40;
		inodes[i] = tuskfs_inode_of_link(&id, link);
		assert_true(inodes[i] & TUSKFS_LINK_BIT);
		assert_false(inodes[i] >> 63);
	}
	qsort(inodes, COUNT, sizeof(inodes[0]), compare);
	for (size_t i = 1; i < COUNT; i++)
		assert_int_not_equal(inodes[i - 1], inodes[i]);
}

static void a_link_with_another_target_is_another_node(void **state)
{
	(void)state;
	uint64_t a = tuskfs_inode_virtual(2, "latest", "2026-01-01T00-00-00Z");
	uint64_t b = tuskfs_inode_virtual(2, "latest", "2026-01-02T00-00-00Z");
	assert_int_not_equal(a, b);
	assert_int_equal(a, tuskfs_inode_virtual(2, "latest", "2026-01-01T00-00-00Z"));
	assert_in_range(a, 16, TUSKFS_NUMBER_MAX);
	assert_int_equal(tuskfs_inode_slot(b), 0);
}

static void name_and_target_do_not_run_into_each_other(void **state)
{
	(void)state;
	assert_int_not_equal(tuskfs_inode_virtual(2, "ab", "c"), tuskfs_inode_virtual(2, "a", "bc"));
	assert_int_not_equal(tuskfs_inode_virtual(2, "a", NULL), tuskfs_inode_virtual(3, "a", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_node_id_gives_back_slot_and_number),
	    cmocka_unit_test(slots_are_never_zero_and_wrap_around),
	    cmocka_unit_test(links_of_one_file_share_an_inode_number),
	    cmocka_unit_test(links_of_two_snapshots_never_share_one),
	    cmocka_unit_test(link_ids_of_a_snapshot_never_collide),
	    cmocka_unit_test(a_link_with_another_target_is_another_node),
	    cmocka_unit_test(name_and_target_do_not_run_into_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
