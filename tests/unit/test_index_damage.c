/* An index with random damage is opened, synced and asked for every object, in a process of its own. It
 * may neither answer wrongly nor die of it, and must always get through.
 * TUSK_TEST_SEED: where the random numbers begin. TUSK_TEST_COUNT: how many damages (1,000, light: 200).
 * TUSK_TEST_CASE: the first of them (0). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index_fixture.h"
#include "wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define PACK_COUNT   18u
#define NEW_COUNT    2u /* packs among them that the damaged index does not have yet */
#define PACK_RECORDS 150u
#define PAGE         4096u
#define CHILD_TIME_S 60

enum verdict { GOOD, WRONG_PLACE, LOST, FAILED, DIED, HUNG };
static const char *const verdict_names[] = {"good", "a wrong place", "lost an object", "failed", "died", "hung"};

struct world {
	char path[64], state[80];
	struct tusk_keys keys;
	struct tusk_node *node;
	struct tusk_toc tocs[PACK_COUNT];
	struct tusk_buf older, good; /* the file, some transactions before and without the new packs */
	struct tusk_buf complete;    /* with the new packs */
	uint64_t seed;
};

static struct tusk_index *open_index(const struct world *world)
{
	struct tusk_index *index;
	struct tusk_err err = {0};

	tusk_test_ok(tusk_index_open(world->state, &world->keys, &index, &err), &err);
	return index;
}

static int sync_index(const struct world *world, struct tusk_index *index)
{
	struct tusk_index_sync_result result;
	struct tusk_err err = {0};

	return tusk_index_sync(index, world->node, &result, &err);
}

/* The node's packs arrive in several syncs, with manifests between, so that the file has old pages and free ones. */
static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	const char *seed = getenv("TUSK_TEST_SEED");
	uint8_t body[6000];
	struct tusk_err err = {0};

	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0); /* thousands of commits, and no test of the disk */
	world->seed = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	print_message("TUSK_TEST_SEED=%llu\n", (unsigned long long)world->seed);
	tusk_test_directory(world->path);
	snprintf(world->state, sizeof(world->state), "%s/state", world->path);
	test_keys(7, &world->keys);
	world->node = test_node(world->path);
	struct tusk_index *index = open_index(world);
	for (unsigned i = 0; i < PACK_COUNT - NEW_COUNT; i++) {
		struct tusk_id snapshot = test_id(UINT64_C(1) << 50 | i);

		world->tocs[i] = test_pack_write(world->node, &world->keys, (uint64_t)i * PACK_RECORDS, PACK_RECORDS);
		if (i % 2 == 1)
			assert_int_equal(sync_index(world, index), 0);
		fill_random(body, sizeof(body), i);
		tusk_test_ok(tusk_index_snapshot_put(index, &snapshot, body, (size_t)i * 300, &err), &err);
		if (i == PACK_COUNT / 2)
			tusk_test_read(world->state, TUSK_INDEX_FILE, &world->older);
	}
	assert_int_equal(sync_index(world, index), 0);
	tusk_index_close(index);
	tusk_test_read(world->state, TUSK_INDEX_FILE, &world->good);
	for (unsigned i = PACK_COUNT - NEW_COUNT; i < PACK_COUNT; i++)
		world->tocs[i] = test_pack_write(world->node, &world->keys, (uint64_t)i * PACK_RECORDS, PACK_RECORDS);
	index = open_index(world);
	assert_int_equal(sync_index(world, index), 0);
	tusk_index_close(index);
	tusk_test_read(world->state, TUSK_INDEX_FILE, &world->complete);
	*state = world;
	return 0;
}

static int end_world(void **state)
{
	struct world *world = *state;

	for (unsigned i = 0; i < PACK_COUNT; i++)
		tusk_toc_release(&world->tocs[i]);
	tusk_buf_release(&world->good);
	tusk_buf_release(&world->older);
	tusk_buf_release(&world->complete);
	tusk_node_close(world->node);
	tusk_test_remove(world->path);
	free(world);
	return 0;
}

static uint64_t next_random(uint64_t *random)
{
	uint64_t word;

	fill_random(&word, sizeof(word), (*random)++);
	return word;
}

static uint8_t *random_page(const struct tusk_buf *file, uint64_t *random)
{
	return file->data + next_random(random) % (file->len / PAGE) * PAGE;
}

static void flip(uint8_t *bytes, size_t len, uint64_t *random)
{
	uint64_t bit = next_random(random) % (len * 8);

	bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
}

static void swap_pages(struct tusk_buf *file, uint64_t *random)
{
	uint8_t *a = random_page(file, random), *b = random_page(file, random), saved[PAGE];

	memcpy(saved, a, PAGE);
	memcpy(a, b, PAGE);
	memcpy(b, saved, PAGE);
}

/* A write that the disk lost. */
static void put_old_page(const struct world *world, struct tusk_buf *file, uint64_t *random)
{
	size_t offset = (size_t)(random_page(&world->older, random) - world->older.data);

	memcpy(file->data + offset, world->older.data + offset, PAGE);
}

static void damage(const struct world *world, struct tusk_buf *file, uint64_t *random)
{
	switch (next_random(random) % 10) {
	case 0:
	case 1:
		flip(file->data, file->len, random);
		break;
	case 2:
	case 3:
		flip(random_page(file, random), 64, random);
		break;
	case 4:
		flip(file->data + next_random(random) % 2 * PAGE, 160, random);
		break;
	case 5:
		memset(random_page(file, random), 0, next_random(random) % 2 ? PAGE : 512);
		break;
	case 6:
		file->len = next_random(random) % (file->len / 512) * 512;
		break;
	case 7:
		swap_pages(file, random);
		break;
	case 8:
		put_old_page(world, file, random);
		break;
	default:
		fill_random(random_page(file, random), PAGE, *random);
		break;
	}
}

/* Looks up every object. must_be: all are on the node. */
static enum verdict ask_all(const struct world *world, struct tusk_index *index, bool must_be)
{
	bool is_synced = false;
	struct tusk_err err = {0};

	for (unsigned i = 0; i < PACK_COUNT; i++) {
		for (uint32_t k = 0; k < PACK_RECORDS; k++) {
			const struct tusk_record *record = &world->tocs[i].records[k];
			struct tusk_location location;
			int found = tusk_index_find(index, &record->id, &location, &err);

			if (found == TUSK_INDEX_ABSENT && must_be && !is_synced) {
				if (sync_index(world, index) < 0) /* as a reader does after a miss */
					return FAILED;
				is_synced = true;
				found = tusk_index_find(index, &record->id, &location, &err);
			}
			if (found == TUSK_INDEX_ABSENT && must_be)
				return LOST;
			if (found < 0)
				return FAILED;
			if (found == TUSK_INDEX_FOUND &&
			    (!tusk_id_equal(&location.pack, &world->tocs[i].pack) ||
			     location.record.offset != record->offset || location.record.stored != record->stored))
				return WRONG_PLACE;
		}
	}
	return GOOD;
}

/* What a session does with the index: bits. */
#define READS_FIRST 1u /* before it has synced, as a mount may */
#define WRITES      2u /* the sync brings new packs; then it adds manifests, and reads again */

static enum verdict use_index(const struct world *world, unsigned session)
{
	struct tusk_index *index = open_index(world);
	enum verdict verdict = session & READS_FIRST ? ask_all(world, index, false) : GOOD;

	if (sync_index(world, index) < 0)
		verdict = FAILED;
	if (verdict == GOOD)
		verdict = ask_all(world, index, true);
	for (unsigned i = 0; session & WRITES && verdict == GOOD && i < 3; i++) {
		struct tusk_id snapshot = test_id(i);

		if (tusk_index_snapshot_put(index, &snapshot, world->good.data, (size_t)20000 * i, NULL) < 0)
			verdict = FAILED;
	}
	if (verdict == GOOD)
		verdict = ask_all(world, index, true);
	tusk_index_close(index);
	return verdict;
}

static enum verdict in_child(const struct world *world, unsigned session)
{
	int status, null;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL); /* sanitizers and cmocka have handlers */
		signal(SIGBUS, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		alarm(CHILD_TIME_S);
		null = open("/dev/null", O_WRONLY);
		dup2(null, STDERR_FILENO); /* LMDB's last words */
		_exit((int)use_index(world, session));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		return (enum verdict)WEXITSTATUS(status);
	return WTERMSIG(status) == SIGALRM ? HUNG : DIED;
}

static void put_file(const struct world *world, const struct tusk_buf *file)
{
	tusk_test_remove(world->state);
	assert_int_equal(mkdir(world->state, 0700), 0);
	tusk_test_write(world->state, TUSK_INDEX_FILE, file->data, file->len);
}

static unsigned long number_from(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static unsigned long cases_by_default(void)
{
	return getenv("TUSK_TEST_LIGHT") ? 200 : 1000;
}

static void no_damage_is_answered_wrongly_or_needs_help(void **state)
{
	struct world *world = *state;
	unsigned long first = number_from("TUSK_TEST_CASE", 0),
		      cases = number_from("TUSK_TEST_COUNT", cases_by_default());

	for (unsigned long i = first; i < first + cases; i++) {
		struct tusk_buf file TUSK_AUTO_BUF = {0};
		uint64_t random = (world->seed << 20) + i * 64;

		unsigned session = (unsigned)(next_random(&random) % 4);
		const struct tusk_buf *whole = session & WRITES ? &world->good : &world->complete;

		assert_int_equal(tusk_buf_append(&file, whole->data, whole->len), 0);
		damage(world, &file, &random);
		put_file(world, &file);
		enum verdict verdict = in_child(world, session);
		if (verdict != GOOD)
			fail_msg("case %lu of seed %llu: %s", i, (unsigned long long)world->seed,
				 verdict_names[verdict]);
	}
	print_message("%lu damages\n", cases);
}

/* The count of keys is (lower - 16) / 2, and LMDB takes it for positive. Without the flag a key's place is read far
 * outside; with it all keys are one, of a size of nothing, and there is no end. */
static void a_page_that_claims_too_many_keys_leads_nobody_round(void **state)
{
	static const uint8_t flags[] = {0, 0x20 /* P_LEAF2 */};
	const struct world *world = *state;

	for (size_t page = 2 * (size_t)PAGE; page < world->complete.len; page += PAGE) {
		for (unsigned i = 0; i < sizeof(flags); i++) {
			struct tusk_buf file TUSK_AUTO_BUF = {0};

			assert_int_equal(tusk_buf_append(&file, world->complete.data, world->complete.len), 0);
			file.data[page + 10] |= flags[i];
			tusk_store_u16(file.data + page + 12, 2);
			put_file(world, &file);
			enum verdict verdict = in_child(world, READS_FIRST);
			if (verdict != GOOD)
				fail_msg("page %zu, flags %u: %s", page / PAGE, flags[i], verdict_names[verdict]);
		}
	}
}

static bool is_aside(const struct world *world)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", world->state, TUSK_INDEX_DAMAGED);
	return access(path, F_OK) == 0;
}

static void a_whole_file_is_kept_also_after_a_death(void **state)
{
	const struct world *world = *state;
	char folder[160];

	put_file(world, &world->good);
	snprintf(folder, sizeof(folder), "%s/%s", world->state, TUSK_INDEX_USERS);
	assert_int_equal(mkdir(folder, 0700), 0);
	tusk_test_write(folder, "1-dead", "", 0);
	struct tusk_index *index = open_index(world);
	assert_int_equal(ask_all(world, index, false), GOOD);
	assert_false(tusk_index_is_stale(index));
	tusk_index_close(index);
	assert_false(is_aside(world));
	assert_int_equal(rmdir(folder), 0); /* the trace is swept */
}

static void a_death_makes_the_next_process_find_the_damage(void **state)
{
	const struct world *world = *state;
	struct tusk_buf file TUSK_AUTO_BUF = {0};
	char folder[160];

	/* All of one entry's value: only its tag tells. */
	assert_int_equal(tusk_buf_append(&file, world->good.data, world->good.len), 0);
	struct tusk_id id = world->tocs[3].records[7].id;
	for (size_t i = 2 * (size_t)PAGE; i + sizeof(id) + TUSK_ENTRY_SIZE <= file.len; i++)
		if (memcmp(file.data + i, id.bytes, sizeof(id)) == 0)
			file.data[i + sizeof(id) + 5] ^= 1;
	put_file(world, &file);
	snprintf(folder, sizeof(folder), "%s/%s", world->state, TUSK_INDEX_USERS);
	assert_int_equal(mkdir(folder, 0700), 0);
	tusk_test_write(folder, "1-dead", "", 0);
	struct tusk_index *index = open_index(world);
	struct tusk_location location;
	struct tusk_err err = {0};
	assert_int_equal(tusk_index_find(index, &id, &location, &err), TUSK_INDEX_ABSENT);
	assert_true(tusk_index_is_stale(index));
	assert_true(is_aside(world));
	assert_int_equal(sync_index(world, index), 0);
	assert_int_equal(ask_all(world, index, true), GOOD);
	assert_false(tusk_index_is_stale(index));
	tusk_index_close(index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_file_is_kept_also_after_a_death),
	    cmocka_unit_test(a_death_makes_the_next_process_find_the_damage),
	    cmocka_unit_test(a_page_that_claims_too_many_keys_leads_nobody_round),
	    cmocka_unit_test(no_damage_is_answered_wrongly_or_needs_help),
	};
	return cmocka_run_group_tests_name("index damage", tests, make_world, end_world);
}
