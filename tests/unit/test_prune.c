/* Backups and prune at once, in every order that hurts. */
#include "tusk/check.h"
#include "tusk/forget.h"
#include "tusk/prune.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Another client of the same repository: what it does in the middle of a backup. */
struct other {
	char base[64];
	struct tusk_repository *repository;
	bool forgets, waits, done;
	struct tusk_id victim;
	struct tusk_prune_result result;
};

static struct other other;

static void other_open(struct world *world)
{
	char url[128], state[128];
	struct tusk_err err = {0};

	other = (struct other){0};
	tusk_test_directory(other.base);
	struct tusk_open_options options = tusk_test_options(other.base, state);
	snprintf(url, sizeof(url), "%.100s/repository", world->path);
	tusk_test_ok(tusk_repository_open(url, &options, &other.repository, &err), &err);
}

static void other_close(void)
{
	tusk_repository_close(other.repository);
	tusk_test_remove(other.base);
}

static void prune(bool no_wait)
{
	struct tusk_prune_options options = {.no_wait = no_wait, .max_unused = 5};
	struct tusk_err err = {0};
	tusk_test_ok(tusk_prune_run(other.repository, &options, &other.result, &err), &err);
}

static void forget(const struct tusk_id *id)
{
	struct tusk_err err = {0};
	tusk_test_ok(tusk_snapshot_forget(other.repository, id, &err), &err);
}

/* Called by the backup for each entry: once, in its first run. */
static void meanwhile(struct world *world, char fate, const char *path)
{
	(void)world;
	(void)fate;
	(void)path;
	if (other.done)
		return;
	other.done = true;
	if (other.forgets)
		forget(&other.victim);
	prune(!other.waits);
}

static void check_all(struct world *world)
{
	struct tusk_check_options options = {.data = 100, .threads = 1};
	struct tusk_check_result result = {0};
	struct tusk_err err = {0};
	tusk_test_ok(tusk_check_run(world->repository, &options, &result, &err), &err);
	assert_int_equal(result.damaged_objects, 0);
	assert_int_equal(result.affected_paths, 0);
}

static void fill(struct world *world)
{
	world_mkdir(world, "d");
	world_random_file(world, "d/one", 300000, 1);
	world_random_file(world, "d/two", 200000, 2);
	world_text(world, "three", "three");
}

static void what_prune_takes_from_a_running_backup_is_stored_again(void **state)
{
	struct world world;
	(void)state;
	world_open(&world, TUSK_SUITE_AES256_GCM);
	other_open(&world);
	fill(&world);
	world_backup(&world, 0);
	/* Its packs are garbage now, and the backup finds all its chunks in them. */
	forget(&world.result.id);
	world_remove(&world, "three");
	world_text(&world, "three", "another");
	world.on_entry = meanwhile;
	world_backup(&world, 0);
	assert_true(other.done);
	assert_true(other.result.removed_packs > 0);
	world_assert_same(&world);
	check_all(&world);
	other_close();
	world_close(&world);
}

static void a_backup_outlives_its_parent(void **state)
{
	struct world world;
	(void)state;
	world_open(&world, TUSK_SUITE_AES256_GCM);
	other_open(&world);
	fill(&world);
	world_settle(&world);
	world_backup(&world, 0);
	world_text(&world, "four", "four");
	other.forgets = true;
	other.victim = world.result.id;
	world.on_entry = meanwhile;
	world_backup(&world, 0);
	assert_true(other.done);
	assert_int_equal(other.result.removed_packs, 0); /* the lease names the parent's root */
	world_assert_same(&world);
	check_all(&world);
	other_close();
	world_close(&world);
}

static void prune_leaves_what_a_backup_may_rely_on_to_the_next_one(void **state)
{
	struct world world;
	(void)state;
	world_open(&world, TUSK_SUITE_AES256_GCM);
	other_open(&world);
	fill(&world);
	world_backup(&world, 0);
	forget(&world.result.id);
	other.waits = true;
	world.on_entry = meanwhile;
	world_random_file(&world, "d/new", 100000, 3);
	world_remove(&world, "d/one");
	world_backup(&world, 0);
	assert_int_equal(other.result.removed_packs, 0);
	assert_int_equal(other.result.waiting_for, 1);
	assert_true(other.result.waiting_packs > 0);
	world_assert_same(&world);
	check_all(&world);
	prune(false);
	assert_int_equal(other.result.waiting_packs, 0);
	check_all(&world);
	world_assert_same(&world);
	other_close();
	world_close(&world);
}

static void a_stream_cannot_be_stored_again(void **state)
{
	struct world world;
	int ends[2];
	static char text[300000];
	(void)state;
	world_open(&world, TUSK_SUITE_AES256_GCM);
	other_open(&world);
	fill(&world);
	world_random_file(&world, "d/one", 40000, 5);
	world_backup(&world, 0);
	forget(&world.result.id);
	world_random_bytes(text, 40000, 5);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, 40000), 40000);
	close(ends[1]);
	world.options.stream_name = "one";
	world.options.stream_fd = ends[0];
	world.options.path_count = 0;
	world.on_entry = meanwhile;
	size_t before = world_snapshot_count(&world);
	if (world_try(&world) != 0) {
		assert_int_equal(world.err.code, TUSK_E_LOCKED);
		assert_int_equal(world_snapshot_count(&world), before);
	}
	check_all(&world);
	close(ends[0]);
	other_close();
	world_close(&world);
}

static void undelete_keeps_what_waits(void **state)
{
	struct world world;
	struct tusk_prune_options options = {.undelete = true, .max_unused = 5};
	struct tusk_err err = {0};
	(void)state;
	world_open(&world, TUSK_SUITE_NONE);
	other_open(&world);
	fill(&world);
	world_backup(&world, 0);
	forget(&world.result.id);
	world_remove(&world, "d/two");
	other.waits = true;
	world.on_entry = meanwhile;
	world_backup(&world, 0);
	assert_true(other.result.waiting_packs > 0);
	size_t packs = world_packs(&world).count;
	tusk_test_ok(tusk_prune_run(other.repository, &options, &other.result, &err), &err);
	assert_true(other.result.waiting_packs > 0);
	assert_int_equal(world_packs(&world).count, packs);
	check_all(&world);
	other_close();
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_prune_takes_from_a_running_backup_is_stored_again),
	    cmocka_unit_test(a_backup_outlives_its_parent),
	    cmocka_unit_test(prune_leaves_what_a_backup_may_rely_on_to_the_next_one),
	    cmocka_unit_test(a_stream_cannot_be_stored_again),
	    cmocka_unit_test(undelete_keeps_what_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
