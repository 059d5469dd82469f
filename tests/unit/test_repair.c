/* Repair saves all that can be saved, and reduces nothing. */
#include "tusk/repair.h"

#include "lease.h"
#include "pack.h"
#include "sealed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "check_fixture.h"

static struct tusk_repair_result repaired;
static unsigned actions, losses;
static char last_action[300];

static void on_action(void *context, const struct tusk_repair_action *action)
{
	(void)context;
	actions++;
	losses += action->is_loss;
	snprintf(last_action, sizeof(last_action), "%s: %s", action->object, action->what);
}

static void repair_with(bool dry_run)
{
	struct tusk_repair_options options = {.dry_run = dry_run, .on_action = on_action};
	struct tusk_err err = {0};
	actions = losses = 0;
	handmade_seal(&made);
	tusk_test_ok(tusk_repair_run(made.repository, &options, &repaired, &err), &err);
	if (!dry_run)
		handmade_reopen(&made, false); /* nothing in caches */
}

static void repair(void)
{
	repair_with(false);
}

static void assert_nothing_to_do(void)
{
	repair();
	assert_int_equal(actions, 0);
	assert_int_equal(repaired.damaged, 0);
	assert_int_equal(repaired.quarantined, 0);
}

static struct tusk_id pack_of(const struct tusk_id *id, char ret_name[80], char ret_toc[80])
{
	struct tusk_id pack;
	handmade_where(&made, id, &pack);
	tusk_pack_name(&pack, ret_name);
	tusk_toc_name(&pack, ret_toc);
	return pack;
}

static bool exists(const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/repository/%s", made.path, name);
	return access(path, F_OK) == 0;
}

static bool in_quarantine(const char *name)
{
	char flat[100] = "quarantine/";
	snprintf(flat + strlen(flat), sizeof(flat) - strlen(flat), "%s.1", name);
	for (char *slash = strchr(flat + strlen("quarantine/"), '/'); slash; slash = strchr(slash, '/'))
		*slash = '_';
	return exists(flat);
}

static void a_whole_repository_stays_as_it_is(void **state)
{
	(void)state;
	assert_nothing_to_do();
	assert_true(repaired.objects >= 12);
	assert_clean(true);
	assert_int_equal(result.proven_bytes, result.pack_bytes);
}

static void one_bad_record_costs_one_record(void **state)
{
	(void)state;
	char name[80], toc[80];
	pack_of(&all.list_chunk, name, toc);
	handmade_damage(&made, &all.list_chunk, NULL);
	repair();
	assert_int_equal(repaired.damaged, 1);
	assert_int_equal(repaired.records_lost, 1);
	assert_true(repaired.records_saved > 100);
	assert_int_equal(actions, 1);
	assert_int_equal(losses, 1);
	assert_false(exists(name));
	assert_false(exists(toc));
	assert_true(in_quarantine(name));
	assert_true(in_quarantine(toc));
	check(true);
	/* Only that chunk of that file, in both snapshots. */
	assert_int_equal(result.affected_paths, 2);
	const struct line *line = find_line("", "is in no pack", "/shared/listed");
	assert_int_equal(line->offset, 3 * PIECE);
	assert_int_equal(line->len, PIECE);
	assert_nothing_to_do();
	/* What is lost comes back when somebody stores it again. */
	handmade_put(&made, TUSK_OBJECT_CHUNK, all.data + 203 * PIECE, PIECE);
	assert_clean(true);
}

static void damage_around_the_records_costs_nothing(void **state)
{
	(void)state;
	static const int places[] = {0, 11, 30, 60, -1, -5, -10, -14, -16, -40}; /* from the start, from the end */
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char name[80], toc[80];
		struct tusk_err err = {0};
		uint64_t size;
		pack_of(&all.single_chunk, name, toc);
		tusk_test_ok(tusk_node_stat(made.repository->node, name, &size, &err), &err);
		handmade_flip(&made, name, places[i] < 0 ? (size_t)size + (size_t)places[i] : (size_t)places[i]);
		repair();
		assert_int_equal(repaired.records_lost, 0);
		assert_true(repaired.records_saved > 100);
		assert_int_equal(losses, 0);
		assert_true(in_quarantine(name));
		assert_clean(true);
		close_made(state);
		open_made(state);
	}
}

static void both_copies_of_a_table_may_be_damaged_in_different_parts(void **state)
{
	(void)state;
	char name[80], toc[80];
	pack_of(&all.single_chunk, name, toc);
	handmade_flip(&made, name, 30); /* the salt in the pack's header */
	handmade_flip(&made, toc, 200); /* the table in the toc object */
	repair();
	assert_int_equal(repaired.records_lost, 0);
	assert_int_equal(losses, 0);
	assert_clean(true);
}

static void a_pack_of_which_nothing_is_known_is_given_up(void **state)
{
	(void)state;
	char name[80], toc[80];
	struct tusk_err err = {0};
	uint64_t size;
	pack_of(&all.orphan, name, toc);
	tusk_test_ok(tusk_node_stat(made.repository->node, name, &size, &err), &err);
	handmade_flip(&made, name, size - 60);
	handmade_flip(&made, toc, 100);
	repair();
	assert_int_equal(losses, 1);
	assert_non_null(strstr(last_action, "is not known"));
	assert_true(in_quarantine(name));
	assert_true(in_quarantine(toc));
	assert_nothing_to_do();
}

static void a_truncated_pack_keeps_its_beginning(void **state)
{
	(void)state;
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	char folder[100], name[80], toc[80];
	pack_of(&all.single_chunk, name, toc);
	snprintf(folder, sizeof(folder), "%s/repository", made.path);
	tusk_test_read(folder, name, &data);
	handmade_remove(&made, name);
	tusk_test_write(folder, name, data.data, data.len / 2);
	repair();
	assert_true(repaired.records_saved > 20);
	assert_true(repaired.records_lost > 20);
	check(true);
	assert_true(result.affected_paths > 0);
	assert_int_equal(result.packs, 4); /* one new one for the damaged one */
}

static void damaged_and_lost_tables_are_written_as_they_were(void **state)
{
	(void)state;
	TUSK_AUTO_BUF struct tusk_buf before = {0};
	char folder[100], name[80], toc[80];
	pack_of(&all.single_chunk, name, toc);
	snprintf(folder, sizeof(folder), "%s/repository", made.path);
	tusk_test_read(folder, toc, &before);
	for (unsigned way = 0; way < 3; way++) {
		TUSK_AUTO_BUF struct tusk_buf after = {0};
		if (way == 0)
			handmade_flip(&made, toc, before.len - 3);
		else
			handmade_remove(&made, toc);
		if (way == 2)
			tusk_test_write(folder, toc, "", 0);
		repair();
		assert_int_equal(repaired.tocs_written, 1);
		assert_int_equal(losses, 0);
		tusk_test_read(folder, toc, &after);
		assert_int_equal(after.len, before.len);
		assert_memory_equal(after.data, before.data, before.len);
		assert_clean(true);
	}
	assert_nothing_to_do();
}

static void a_missing_pack_is_no_longer_relied_on(void **state)
{
	(void)state;
	char name[80], toc[80];
	pack_of(&all.single_chunk, name, toc);
	handmade_remove(&made, name);
	repair();
	assert_int_equal(losses, 1);
	assert_true(in_quarantine(toc));
	assert_non_null(strstr(last_action, "is missing"));
	assert_nothing_to_do();
	check(false);
	find_line("", "is in no pack", "/shared/single");
}

static void damaged_trees_are_saved_but_for_the_bad_block(void **state)
{
	(void)state;
	handmade_damage(&made, &all.only_tree, NULL);
	repair();
	assert_int_equal(repaired.records_lost, 1);
	check(true);
	assert_int_equal(count_path("/other"), 1);
	assert_int_equal(result.affected_paths, 1);
}

static void a_damaged_manifest_is_put_aside_and_named(void **state)
{
	(void)state;
	char name[100] = "snapshots/";
	tusk_id_text(&all.second, name + strlen(name));
	handmade_flip(&made, name, 120);
	repair();
	assert_int_equal(repaired.snapshots_lost, 1);
	assert_true(in_quarantine(name));
	assert_non_null(strstr(last_action, "the snapshot is lost"));
	assert_clean(true);
	assert_int_equal(result.snapshots, 1);
}

static void damaged_parameters_are_written_anew_while_they_are_known(void **state)
{
	(void)state;
	handmade_flip(&made, "tusk.repository", 40);
	handmade_seal(&made);
	struct tusk_repair_options options = {.on_action = on_action};
	struct tusk_err err = {0};
	tusk_test_ok(tusk_repair_run(made.repository, &options, &repaired, &err), &err);
	assert_true(in_quarantine("tusk.repository"));
	handmade_reopen(&made, true);
	assert_clean(true);
	handmade_remove(&made, "tusk.repository");
	tusk_test_ok(tusk_repair_run(made.repository, &options, &repaired, &err), &err);
	handmade_reopen(&made, true);
	assert_clean(true);
}

static void a_dry_run_says_the_same_and_changes_nothing(void **state)
{
	(void)state;
	char name[80], toc[80], other[80], lost[80];
	pack_of(&all.list_chunk, name, toc);
	handmade_damage(&made, &all.list_chunk, NULL);
	pack_of(&all.only_tree, other, lost);
	handmade_remove(&made, lost);
	repair_with(true);
	struct tusk_repair_result dry = repaired;
	assert_true(exists(name));
	assert_true(exists(toc));
	assert_false(exists(lost));
	assert_false(exists("quarantine"));
	assert_false(exists("ledger"));
	repair();
	assert_int_equal(dry.damaged, repaired.damaged);
	assert_int_equal(dry.records_lost, repaired.records_lost);
	assert_int_equal(dry.records_saved, repaired.records_saved);
	assert_int_equal(dry.tocs_written, repaired.tocs_written);
	assert_int_equal(dry.quarantined, repaired.quarantined);
}

static atomic_bool stop;

static void stop_after_the_first(void *context, const struct tusk_repair_action *action)
{
	(void)context;
	(void)action;
	atomic_store(&stop, true);
}

static void an_interrupted_repair_can_be_run_again(void **state)
{
	(void)state;
	struct tusk_repair_options options = {.on_action = stop_after_the_first, .stop = &stop};
	struct tusk_err err = {0};
	handmade_damage(&made, &all.list_chunk, NULL);
	handmade_damage(&made, &all.only_tree, NULL);
	atomic_store(&stop, false);
	handmade_seal(&made);
	assert_int_equal(tusk_repair_run(made.repository, &options, &repaired, &err), -1);
	assert_int_equal(err.code, TUSK_E_INTERRUPTED);
	repair();
	assert_int_equal(repaired.damaged, 1);
	check(true);
	assert_int_equal(result.affected_paths, 3);
	assert_nothing_to_do();
}

static void a_prune_and_a_repair_exclude_each_other(void **state)
{
	(void)state;
	struct tusk_repair_options options = {.on_action = on_action};
	struct tusk_lease lease = {0};
	struct tusk_err err = {0};
	char name[80];
	handmade_damage(&made, &all.list_chunk, name);
	handmade_seal(&made);
	tusk_test_ok(tusk_lease_take(&lease, made.repository->node, &made.repository->keys, TUSK_LEASE_PRUNE, &err),
		     &err);
	assert_int_equal(tusk_repair_run(made.repository, &options, &repaired, &err), -1);
	assert_int_equal(err.code, TUSK_E_LOCKED);
	assert_true(exists(name));
	tusk_lease_release(&lease);
	repair();
	assert_false(exists(name));
	struct tusk_leases leases = {0};
	tusk_test_ok(tusk_leases_load(made.repository->node, &made.repository->keys, NULL, &leases, &err), &err);
	assert_int_equal(leases.count, 0);
	tusk_leases_release(&leases);
}

static void repair_works_without_encryption(void **state)
{
	(void)state;
	close_made(state);
	handmade_open(&made, TUSK_SUITE_NONE);
	all.data = handmade_bytes(&made, 400 * PIECE, 3);
	struct tusk_entry directory = shared_directory();
	struct tusk_subtree root = handmade_tree(&made, &directory, 1);
	handmade_snapshot(&made, &root, 1700000000);
	all.list_chunk = chunk_id(all.data + 203 * PIECE, PIECE);
	handmade_damage(&made, &all.list_chunk, NULL);
	repair();
	assert_int_equal(repaired.records_lost, 1);
	check(true);
	assert_int_equal(result.affected_paths, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define REPAIR_TEST(name) cmocka_unit_test_setup_teardown(name, open_made, close_made)
	    REPAIR_TEST(a_whole_repository_stays_as_it_is),
	    REPAIR_TEST(one_bad_record_costs_one_record),
	    REPAIR_TEST(damage_around_the_records_costs_nothing),
	    REPAIR_TEST(both_copies_of_a_table_may_be_damaged_in_different_parts),
	    REPAIR_TEST(a_pack_of_which_nothing_is_known_is_given_up),
	    REPAIR_TEST(a_truncated_pack_keeps_its_beginning),
	    REPAIR_TEST(damaged_and_lost_tables_are_written_as_they_were),
	    REPAIR_TEST(a_missing_pack_is_no_longer_relied_on),
	    REPAIR_TEST(damaged_trees_are_saved_but_for_the_bad_block),
	    REPAIR_TEST(a_damaged_manifest_is_put_aside_and_named),
	    REPAIR_TEST(damaged_parameters_are_written_anew_while_they_are_known),
	    REPAIR_TEST(a_dry_run_says_the_same_and_changes_nothing),
	    REPAIR_TEST(an_interrupted_repair_can_be_run_again),
	    REPAIR_TEST(a_prune_and_a_repair_exclude_each_other),
	    REPAIR_TEST(repair_works_without_encryption),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
