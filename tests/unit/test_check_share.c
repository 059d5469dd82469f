/* Which packs a check reads, and what the ledger remembers of it. */
#include "ledger.h"
#include "sealed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "check_fixture.h"

#define PACKS 12u

static struct tusk_id ids[PACKS]; /* the chunk in each pack */
static unsigned warnings;

static int open_packs(void **state)
{
	(void)state;
	handmade_open(&made, TUSK_SUITE_AES256_GCM);
	all.data = handmade_bytes(&made, (PACKS + 1) * PIECE, 3);
	for (size_t i = 0; i < PACKS; i++) {
		ids[i] = handmade_put(&made, TUSK_OBJECT_CHUNK, all.data + i * PIECE, PIECE);
		handmade_seal(&made);
	}
	warnings = 0;
	return 0;
}

static void on_warning(void *context, const struct tusk_err *why)
{
	(void)context;
	assert_non_null(strstr(why->message, "ledger"));
	warnings++;
}

static void check_share(uint32_t share_ppm)
{
	struct tusk_check_options options = {
	    .data = true, .share_ppm = share_ppm, .threads = 2, .on_damage = note, .on_warning = on_warning};
	struct tusk_err err = {0};
	line_count = 0;
	tusk_test_ok(tusk_check_run(made.repository, &options, &result, &err), &err);
}

static void load(struct tusk_ledger *ledger)
{
	struct tusk_err err = {0};
	tusk_test_ok(tusk_ledger_load(made.repository->node, &made.repository->keys, "", ledger, &err), &err);
}

static struct tusk_id pack_of(const struct tusk_id *id)
{
	struct tusk_id pack;
	handmade_where(&made, id, &pack);
	return pack;
}

static int remember_name(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	(void)size;
	(void)err;
	snprintf(context, 100, "%s", name);
	return 0;
}

static int count_name(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	(void)size;
	(void)err;
	(void)name;
	++*(unsigned *)context;
	return 0;
}

static unsigned count_notes(void)
{
	struct tusk_err err = {0};
	unsigned count = 0;
	tusk_test_ok(tusk_node_list(made.repository->node, "ledger/", count_name, &count, &err), &err);
	return count;
}

static void as_many_runs_as_there_are_shares_read_everything_again_and_again(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		TUSK_AUTO_LEDGER struct tusk_ledger before = {0};
		TUSK_AUTO_LEDGER struct tusk_ledger after = {0};
		load(&before);
		for (unsigned run = 0; run < 6; run++) {
			check_share(166667);
			assert_in_range(result.packs_read, 2, 3); /* a sixth of the bytes, whole packs */
			assert_int_equal(count_notes(), 1);
		}
		assert_int_equal(result.proven_bytes, result.pack_bytes);
		load(&after);
		assert_int_equal(after.count, PACKS);
		for (size_t i = 0; i < PACKS; i++) {
			struct tusk_id pack = pack_of(&ids[i]);
			const struct tusk_proof *proof = tusk_ledger_find(&after, &pack);
			const struct tusk_proof *last = tusk_ledger_find(&before, &pack);
			assert_non_null(proof);
			assert_true(!last || proof->time_ms > last->time_ms);
		}
	}
	assert_int_equal(warnings, 0);
}

static void odd_shares_read_everything_in_time(void **state)
{
	(void)state;
	for (unsigned run = 0; run < 15; run++) /* 15 x 7 % */
		check_share(70000);
	assert_int_equal(result.proven_bytes, result.pack_bytes);
	check_share(1);
	assert_int_equal(result.packs_read, 1);
	assert_true(result.oldest_proof_ms > 1600000000000);
}

static void a_check_without_data_knows_how_old_the_proofs_are(void **state)
{
	(void)state;
	check(false);
	assert_int_equal(result.packs_read, 0);
	assert_int_equal(result.proven_bytes, 0);
	assert_int_equal(result.oldest_proof_ms, 0);
	assert_int_equal(count_notes(), 0);
	check_share(500000);
	uint64_t half = result.proven_bytes;
	assert_true(half >= result.pack_bytes / 2 && half < result.pack_bytes);
	check(false);
	assert_int_equal(result.proven_bytes, half);
	check(true);
	assert_int_equal(result.packs_read, PACKS);
	assert_int_equal(result.proven_bytes, result.pack_bytes);
}

static void what_is_new_or_was_damaged_is_read_first(void **state)
{
	(void)state;
	check(true);
	handmade_damage(&made, &ids[7], NULL);
	check(true);
	assert_int_equal(result.damaged_objects, 1);
	assert_true(result.proven_bytes < result.pack_bytes);
	struct tusk_id fresh = handmade_put(&made, TUSK_OBJECT_CHUNK, all.data + PACKS * PIECE, PIECE);
	handmade_seal(&made);
	check_share(100000);
	assert_int_equal(result.packs_read, 2);
	assert_int_equal(result.damaged_objects, 1);
	TUSK_AUTO_LEDGER struct tusk_ledger ledger = {0};
	load(&ledger);
	struct tusk_id pack = pack_of(&ids[7]);
	assert_true(tusk_ledger_find(&ledger, &pack)->is_bad);
	pack = pack_of(&fresh);
	assert_false(tusk_ledger_find(&ledger, &pack)->is_bad);
}

static void a_pack_that_is_gone_is_forgotten(void **state)
{
	(void)state;
	char name[80];
	check(true);
	struct tusk_id pack = pack_of(&ids[3]);
	tusk_pack_name(&pack, name);
	handmade_remove(&made, name);
	check_share(1);
	TUSK_AUTO_LEDGER struct tusk_ledger ledger = {0};
	load(&ledger);
	assert_int_equal(ledger.count, PACKS - 1);
	assert_null(tusk_ledger_find(&ledger, &pack));
}

static atomic_bool stop;

static void stop_at_damage(void *context, const struct tusk_damage *damage)
{
	(void)context;
	(void)damage;
	atomic_store(&stop, true);
}

static void an_interrupted_check_remembers_what_it_has_read(void **state)
{
	(void)state;
	struct tusk_check_options options = {.data = true, .threads = 1, .on_damage = stop_at_damage, .stop = &stop};
	struct tusk_err err = {0};
	size_t last = 0;
	for (size_t i = 1; i < PACKS; i++) {
		struct tusk_id a = pack_of(&ids[i]), b = pack_of(&ids[last]);
		last = tusk_id_compare(&a, &b) > 0 ? i : last;
	}
	handmade_damage(&made, &ids[last], NULL); /* packs are read in the order of their names */
	atomic_store(&stop, false);
	assert_int_equal(tusk_check_run(made.repository, &options, &result, &err), -1);
	assert_int_equal(err.code, TUSK_E_INTERRUPTED);
	TUSK_AUTO_LEDGER struct tusk_ledger ledger = {0};
	load(&ledger);
	assert_int_equal(ledger.count, PACKS - 1);
}

static void write_note(const char *member, const struct tusk_id *pack, int64_t time_ms)
{
	struct tusk_ledger ledger = {0};
	struct tusk_err err = {0};
	ledger.now_ms = time_ms;
	tusk_test_ok(tusk_ledger_add(&ledger, pack, false, &err), &err);
	tusk_ledger_merge(&ledger, NULL, NULL);
	tusk_test_ok(tusk_ledger_save(made.repository->node, &made.repository->keys, member, &ledger, &err), &err);
	tusk_ledger_release(&ledger);
}

static void a_proof_from_the_future_is_none(void **state)
{
	(void)state;
	struct tusk_id pack = pack_of(&ids[0]);
	write_note("", &pack, (int64_t)4102444800000); /* 2100 */
	check(false);
	assert_int_equal(result.proven_bytes, 0);
	for (unsigned run = 0; run < 6; run++)
		check_share(166667);
	assert_int_equal(result.proven_bytes, result.pack_bytes);
}

static void the_newest_of_several_notes_counts_and_other_nodes_keep_theirs(void **state)
{
	(void)state;
	struct tusk_id pack = pack_of(&ids[0]), other = pack_of(&ids[1]);
	write_note("", &pack, 1600000000000);
	write_note("", &pack, 1700000000000);
	write_note("", &pack, 1500000000000);
	write_note("nas", &other, 1700000000001);
	TUSK_AUTO_LEDGER struct tusk_ledger ledger = {0};
	load(&ledger);
	assert_int_equal(ledger.count, 1);
	assert_int_equal(tusk_ledger_find(&ledger, &pack)->time_ms, 1700000000000);
	assert_int_equal(count_notes(), 4);
	check_share(1);
	assert_int_equal(count_notes(), 2);
	struct tusk_err err = {0};
	tusk_ledger_release(&ledger);
	tusk_test_ok(tusk_ledger_load(made.repository->node, &made.repository->keys, "nas", &ledger, &err), &err);
	assert_int_equal(ledger.count, 1);
	assert_int_equal(tusk_ledger_find(&ledger, &other)->time_ms, 1700000000001);
}

static void a_damaged_ledger_costs_only_reading(void **state)
{
	(void)state;
	struct tusk_err err = {0};
	char name[100];
	check(true);
	assert_int_equal(result.proven_bytes, result.pack_bytes);
	tusk_test_ok(tusk_node_list(made.repository->node, "ledger/", remember_name, name, &err), &err);
	handmade_flip(&made, name, 150);
	check_share(10000);
	assert_int_equal(result.packs_read, 1);
	assert_true(result.proven_bytes > 0 && result.proven_bytes < result.pack_bytes);
}

static void a_ledger_that_cannot_be_written_is_only_a_warning(void **state)
{
	(void)state;
	char path[128];
	check(true);
	/* Objects are written there first; a folder that is missing would be made. */
	snprintf(path, sizeof(path), "%s/repository/tmp", made.path);
	assert_int_equal(rmdir(path), 0);
	tusk_test_write(made.path, "repository/tmp", "a file", 6);
	check_share(100000);
	assert_int_equal(warnings, 1);
	assert_int_equal(result.damaged_objects, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define SHARE_TEST(name) cmocka_unit_test_setup_teardown(name, open_packs, close_made)
	    SHARE_TEST(as_many_runs_as_there_are_shares_read_everything_again_and_again),
	    SHARE_TEST(odd_shares_read_everything_in_time),
	    SHARE_TEST(a_check_without_data_knows_how_old_the_proofs_are),
	    SHARE_TEST(what_is_new_or_was_damaged_is_read_first),
	    SHARE_TEST(a_pack_that_is_gone_is_forgotten),
	    SHARE_TEST(an_interrupted_check_remembers_what_it_has_read),
	    SHARE_TEST(a_proof_from_the_future_is_none),
	    SHARE_TEST(the_newest_of_several_notes_counts_and_other_nodes_keep_theirs),
	    SHARE_TEST(a_damaged_ledger_costs_only_reading),
	    SHARE_TEST(a_ledger_that_cannot_be_written_is_only_a_warning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
