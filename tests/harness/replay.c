/* harness_replay LOG TABLE SCRATCH ROOT-INODE STATES SEED [POSITION:SEED] [--live FOLDER]
 * Draws STATES crash states over the log of a recorded workload and asks the oracle about each. With POSITION:SEED only
 * that state, which is left in SCRATCH. Marks in the log: "begin" (crashes from here on), "opens KEY", "snapshot ID",
 * "going ID" (being forgotten), "also KEY", "gone KEY". */
#include "model.h"
#include "oracle.h"

#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNAPSHOTS_MAX 4096
/* Of so many states one is asked for a new backup as well. */
#define BACKUP_EVERY 8
#define SHOWN_MAX    10

struct replay {
	const uint8_t *log;
	size_t log_len;
	const char *scratch;
	struct model *model;
	struct oracle_table table;
	struct tusk_id acknowledged[SNAPSHOTS_MAX];
	size_t acknowledged_count;
	char key[128], instead[128], other_key[128];
	size_t records, begin;
	size_t marks[SNAPSHOTS_MAX], mark_count; /* record numbers: the instants after an acknowledgement */
	unsigned judged, failed;
};

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	return place->level ? remove(path) : 0;
}

static void empty(const char *path)
{
	if (mkdir(path, 0700) < 0 && nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		err(2, "%s", path);
}

static const uint8_t *load(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "re");
	struct stat status;

	if (!file || fstat(fileno(file), &status) < 0)
		err(2, "%s", path);
	uint8_t *data = malloc((size_t)status.st_size + 1);
	if (!data || fread(data, 1, (size_t)status.st_size, file) != (size_t)status.st_size)
		err(2, "%s", path);
	fclose(file);
	*ret_len = (size_t)status.st_size;
	return data;
}

static void forget(struct replay *replay, const struct tusk_id *id)
{
	for (size_t i = 0; i < replay->acknowledged_count; i++)
		if (tusk_id_equal(&replay->acknowledged[i], id))
			replay->acknowledged[i] = replay->acknowledged[--replay->acknowledged_count];
}

/* Which keys open now. */
static bool mark_key(struct replay *replay, const char *word, const char *value)
{
	char *target = strcmp(word, "opens") == 0  ? replay->key
		       : strcmp(word, "or") == 0   ? replay->instead
		       : strcmp(word, "also") == 0 ? replay->other_key
						   : NULL;

	if (target)
		snprintf(target, sizeof(replay->key), "%s", strcmp(value, "-") == 0 ? "" : value);
	return target != NULL;
}

static void mark(struct replay *replay, const uint8_t *data, size_t len)
{
	char text[256] = "", word[32] = "", value[128] = "";
	struct tusk_id id;

	memcpy(text, data, len < sizeof(text) - 1 ? len : sizeof(text) - 1);
	sscanf(text, "%31s %127s", word, value);
	if (strcmp(word, "begin") == 0 || mark_key(replay, word, value))
		return;
	if (tusk_hex_decode(value, strlen(value), id.bytes, 32) < 0)
		errx(2, "a mark that is not understood: %s", text);
	else if (strcmp(word, "going") == 0)
		forget(replay, &id);
	else if (strcmp(word, "snapshot") != 0)
		errx(2, "a mark that is not understood: %s", text);
	else if (!oracle_table_find(&replay->table, &id))
		errx(2, "an acknowledged snapshot that the table does not have: %s", value);
	else if (replay->acknowledged_count < SNAPSHOTS_MAX)
		replay->acknowledged[replay->acknowledged_count++] = id;
}

/* The next record at *at; false at the end. */
static bool next(struct replay *replay, size_t *at, bool apply)
{
	struct log_record record;

	if (*at == replay->log_len)
		return false;
	if (replay->log_len - *at < sizeof(record))
		errx(2, "the log is cut");
	memcpy(&record, replay->log + *at, sizeof(record));
	if (record.magic != LOG_MAGIC || replay->log_len - *at < sizeof(record) + record.name_len + record.data_len)
		errx(2, "the log is broken at %zu", *at);
	const char *name = (const char *)replay->log + *at + sizeof(record);
	const uint8_t *data = (const uint8_t *)name + record.name_len;
	*at += sizeof(record) + record.name_len + record.data_len;
	replay->records++;
	if (record.op == LOG_MARK && apply)
		mark(replay, data, record.data_len);
	else if (apply)
		model_apply(replay->model, &record, name, data);
	else if (record.op == LOG_MARK && record.data_len == 5 && memcmp(data, "begin", 5) == 0)
		replay->begin = replay->records;
	else if (record.op == LOG_MARK && replay->begin && replay->mark_count < SNAPSHOTS_MAX)
		replay->marks[replay->mark_count++] = replay->records;
	return true;
}

static void judge_state(struct replay *replay, uint64_t seed)
{
	struct oracle_want want = {.table = &replay->table,
				   .snapshots = replay->acknowledged,
				   .snapshot_count = replay->acknowledged_count,
				   .key = replay->key[0] ? replay->key : NULL,
				   .instead = replay->instead[0] ? replay->instead : NULL,
				   .other_key = replay->other_key[0] ? replay->other_key : NULL,
				   .check_data = true,
				   .new_backup = replay->key[0] && seed % BACKUP_EVERY == 0};
	char prefix[64];

	empty(replay->scratch);
	state_write(replay->model, STATE_RANDOM, seed, replay->scratch);
	snprintf(prefix, sizeof(prefix), "state %zu:%llu", replay->records, (unsigned long long)seed);
	if (replay->failed >= SHOWN_MAX && !freopen("/dev/null", "w", stderr))
		exit(2);
	replay->judged++;
	replay->failed += !oracle_judge(replay->scratch, &want, prefix);
}

/* How many states are drawn after each record: every fourth right after an acknowledgement, which is when promises
 * begin. */
static unsigned *draw_points(const struct replay *replay, unsigned states, uint64_t seed)
{
	size_t begin = replay->begin, end = replay->records;
	unsigned *counts = calloc(end + 1, sizeof(*counts));

	if (!counts || end < begin || !replay->mark_count)
		errx(2, "there is nothing to crash");
	for (unsigned i = 0; i < states; i++) {
		uint64_t random = random_next(&seed);

		if (random % 4 == 0)
			counts[replay->marks[(random >> 8) % replay->mark_count]]++;
		else
			counts[begin + (random >> 8) % (end - begin + 1)]++;
	}
	return counts;
}

static void replay_random(struct replay *replay, unsigned states, uint64_t seed)
{
	size_t at = 0;

	while (next(replay, &at, false))
		;
	unsigned *counts = draw_points(replay, states, seed);
	replay->records = 0;
	at = 0;
	do {
		for (unsigned i = 0; i < counts[replay->records]; i++)
			judge_state(replay, seed ^ (replay->records * 1000003 + i * 7919));
	} while (next(replay, &at, true));
	free(counts);
}

static void replay_one(struct replay *replay, const char *which)
{
	char *rest;
	size_t position = strtoull(which, &rest, 10), at = 0;

	while (replay->records < position && next(replay, &at, true))
		;
	if (*rest != ':')
		errx(2, "%s is not POSITION:SEED", which);
	judge_state(replay, strtoull(rest + 1, NULL, 10));
}

/* Everything kept at the end: must be what the workload left. */
static void write_end(struct replay *replay)
{
	size_t at = 0;

	while (next(replay, &at, true))
		;
	empty(replay->scratch);
	state_write(replay->model, STATE_EVERYTHING, 0, replay->scratch);
}

/* The model of the file system lives until the end, on purpose: LeakSanitizer shall look at tusk, not at this. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

int main(int argc, char *argv[])
{
	static struct replay replay;

	if (argc < 7)
		errx(2, "usage: harness_replay LOG TABLE SCRATCH ROOT-INODE STATES SEED [POSITION:SEED]");
	replay.log = load(argv[1], &replay.log_len);
	oracle_table_load(&replay.table, argv[2]);
	replay.scratch = argv[3];
	replay.model = model_new(strtoull(argv[4], NULL, 10));
	unsigned states = (unsigned)strtoul(argv[5], NULL, 10);
	if (argc > 7)
		replay_one(&replay, argv[7]);
	else if (states == 0)
		write_end(&replay);
	else
		replay_random(&replay, states, strtoull(argv[6], NULL, 10));
	printf("%u states, %u failed, %zu records, seed %s\n", replay.judged, replay.failed, replay.records, argv[6]);
	return replay.failed ? 1 : 0;
}
