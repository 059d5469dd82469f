#include "story.h"

#include "model.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of so many states one is asked for a new backup as well. */
#define BACKUP_EVERY 8

void story_load(struct story *story, const char *log, const char *table)
{
	FILE *file = fopen(log, "re");
	struct stat status;

	if (!file || fstat(fileno(file), &status) < 0)
		err(2, "%s", log);
	uint8_t *data = malloc((size_t)status.st_size + 1);
	if (!data || fread(data, 1, (size_t)status.st_size, file) != (size_t)status.st_size)
		err(2, "%s", log);
	fclose(file);
	*story = (struct story){.log = data, .log_len = (size_t)status.st_size};
	oracle_table_load(&story->table, table);
}

static void forget(struct story *story, const struct tusk_id *id)
{
	for (size_t i = 0; i < story->acknowledged_count; i++)
		if (tusk_id_equal(&story->acknowledged[i], id))
			story->acknowledged[i] = story->acknowledged[--story->acknowledged_count];
}

/* Which keys open now. */
static bool mark_key(struct story *story, const char *word, const char *value)
{
	char *target = strcmp(word, "opens") == 0  ? story->key
		       : strcmp(word, "or") == 0   ? story->instead
		       : strcmp(word, "also") == 0 ? story->other_key
						   : NULL;

	if (target)
		snprintf(target, sizeof(story->key), "%s", strcmp(value, "-") == 0 ? "" : value);
	return target != NULL;
}

static void mark(struct story *story, const uint8_t *data, size_t len)
{
	char text[256] = "", word[32] = "", value[128] = "";
	struct tusk_id id;

	memcpy(text, data, len < sizeof(text) - 1 ? len : sizeof(text) - 1);
	sscanf(text, "%31s %127s", word, value);
	if (strcmp(word, "begin") == 0 || mark_key(story, word, value))
		return;
	if (tusk_hex_decode(value, strlen(value), id.bytes, 32) < 0)
		errx(2, "a mark that is not understood: %s", text);
	else if (strcmp(word, "going") == 0)
		forget(story, &id);
	else if (strcmp(word, "snapshot") != 0)
		errx(2, "a mark that is not understood: %s", text);
	else if (!oracle_table_find(&story->table, &id))
		errx(2, "an acknowledged snapshot that the table does not have: %s", value);
	else if (story->acknowledged_count < STORY_SNAPSHOTS_MAX)
		story->acknowledged[story->acknowledged_count++] = id;
}

/* Reads the next record and has no other effect. */
static bool read_record(struct story *story, struct log_record *record, const char **ret_name, const uint8_t **ret_data)
{
	size_t left = story->log_len - story->at;

	if (left == 0)
		return false;
	if (left < sizeof(*record))
		errx(2, "the log is cut");
	memcpy(record, story->log + story->at, sizeof(*record));
	if (record->magic != LOG_MAGIC || left < sizeof(*record) + record->name_len + record->data_len)
		errx(2, "the log is broken at %zu", story->at);
	*ret_name = (const char *)story->log + story->at + sizeof(*record);
	*ret_data = (const uint8_t *)*ret_name + record->name_len;
	story->at += sizeof(*record) + record->name_len + record->data_len;
	story->records++;
	return true;
}

bool story_next(struct story *story, struct log_record *ret_record, const char **ret_name, const uint8_t **ret_data)
{
	if (!read_record(story, ret_record, ret_name, ret_data))
		return false;
	if (ret_record->op == LOG_MARK)
		mark(story, *ret_data, ret_record->data_len);
	return true;
}

unsigned *story_draw(struct story *story, unsigned states, uint64_t seed)
{
	struct log_record record;
	const char *name;
	const uint8_t *data;

	while (read_record(story, &record, &name, &data)) {
		if (record.op == LOG_MARK && record.data_len == 5 && memcmp(data, "begin", 5) == 0)
			story->begin = story->records;
		else if (record.op == LOG_MARK && story->begin && story->mark_count < STORY_SNAPSHOTS_MAX)
			story->marks[story->mark_count++] = story->records;
	}
	size_t begin = story->begin, end = story->records;
	unsigned *counts = calloc(end + 1, sizeof(*counts));
	if (!counts || !begin || !story->mark_count)
		errx(2, "there is nothing to crash");
	for (unsigned i = 0; i < states; i++) {
		uint64_t random = random_next(&seed);

		if (random % 4 == 0)
			counts[story->marks[(random >> 8) % story->mark_count]]++;
		else
			counts[begin + (random >> 8) % (end - begin + 1)]++;
	}
	story->records = story->at = 0;
	return counts;
}

struct oracle_want story_want(const struct story *story, uint64_t seed)
{
	return (struct oracle_want){.table = &story->table,
				    .snapshots = story->acknowledged,
				    .snapshot_count = story->acknowledged_count,
				    .key = story->key[0] ? story->key : NULL,
				    .instead = story->instead[0] ? story->instead : NULL,
				    .other_key = story->other_key[0] ? story->other_key : NULL,
				    .check_data = true,
				    .new_backup = story->key[0] && seed % BACKUP_EVERY == 0};
}
