#include "oracle.h"

#include "tusk/backup.h"
#include "tusk/check.h"

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOURCE "harness-source"
/* Seconds that a judgement may take before it counts as a hang. */
#define PATIENCE 60

void oracle_table_load(struct oracle_table *table, const char *path)
{
	FILE *file = fopen(path, "re");
	char id[65], digest[65];

	if (!file)
		err(2, "%s", path);
	while (fscanf(file, "%64s %64s", id, digest) == 2) {
		table->items = realloc(table->items, (table->count + 1) * sizeof(*table->items));
		if (!table->items || tusk_hex_decode(id, 64, table->items[table->count].snapshot.bytes, 32) < 0 ||
		    tusk_hex_decode(digest, 64, table->items[table->count].digest, 32) < 0)
			errx(2, "%s: not a table", path);
		table->count++;
	}
	fclose(file);
}

const uint8_t *oracle_table_find(const struct oracle_table *table, const struct tusk_id *id)
{
	for (size_t i = 0; i < table->count; i++)
		if (tusk_id_equal(&table->items[i].snapshot, id))
			return table->items[i].digest;
	return NULL;
}

static int ask(void *context, struct tusk_secret *ret_secret, struct tusk_err *err)
{
	const char *path = context;
	char text[128] = "";
	uint8_t key[32];
	int fd TUSK_AUTO_FD = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 64 || tusk_hex_decode(text, 64, key, 32) < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "%s is no key file", path);
	ret_secret->kind = TUSK_SECRET_KEY_FILE;
	snprintf(ret_secret->origin, sizeof(ret_secret->origin), "%s", path);
	if (tusk_buf_append(&ret_secret->secret, key, 32) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

int oracle_open(const char *root, const char *key, struct tusk_repository **ret_repository, struct tusk_err *err)
{
	return oracle_open_as(root, "state/tusk", key, ret_repository, err);
}

int oracle_open_as(const char *root, const char *client, const char *key, struct tusk_repository **ret_repository,
		   struct tusk_err *err)
{
	char url[256], state[256], path[512];
	struct tusk_open_options options = {.ask = ask, .ask_context = path, .state_dir = state};

	snprintf(url, sizeof(url), "%s/repo", root);
	snprintf(state, sizeof(state), "%s/%s", root, client);
	snprintf(path, sizeof(path), "%s%s%s", key[0] == '/' ? "" : root, key[0] == '/' ? "" : "/", key);
	return tusk_repository_open(url, &options, ret_repository, err);
}

struct judgement {
	const struct oracle_want *want;
	const char *root, *prefix;
	struct tusk_repository *repository;
	struct tusk_snapshot_list list;
	unsigned complaints;
};

__attribute__((format(printf, 2, 3))) static void complain(struct judgement *judgement, const char *format, ...)
{
	va_list arguments;

	judgement->complaints++;
	if (judgement->complaints > 5)
		return;
	fprintf(stderr, "%s: ", judgement->prefix);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

static void on_manifest(void *context, const struct tusk_id *id, const struct tusk_err *why)
{
	char text[TUSK_ID_TEXT_SIZE];

	tusk_id_text(id, text);
	complain(context, "the manifest %.8s: %s", text, why->message);
}

static void judge_snapshot(struct judgement *judgement, const struct tusk_snapshot *snapshot)
{
	const struct oracle_table *table = judgement->want->table;
	const uint8_t *known = table ? oracle_table_find(table, &snapshot->id) : NULL;
	struct tusk_err err = {0};
	char text[TUSK_ID_TEXT_SIZE];
	uint8_t digest[32];

	tusk_id_text(&snapshot->id, text);
	if (table && !known)
		complain(judgement, "the snapshot %.8s was never made", text);
	else if (oracle_snapshot_digest(judgement->repository, snapshot, digest, &err) < 0)
		complain(judgement, "the snapshot %.8s cannot be read: %s", text, err.message);
	else if (known && memcmp(known, digest, sizeof(digest)) != 0)
		complain(judgement, "the snapshot %.8s reads back WRONG", text);
}

static void judge_snapshots(struct judgement *judgement)
{
	const struct oracle_want *want = judgement->want;
	struct tusk_err err = {0};

	if (tusk_snapshot_list_load(judgement->repository, on_manifest, judgement, &judgement->list, &err) < 0) {
		complain(judgement, "the snapshots cannot be listed: %s", err.message);
		return;
	}
	for (size_t i = 0; i < judgement->list.count; i++)
		judge_snapshot(judgement, &judgement->list.items[i]);
	for (size_t i = 0; i < want->snapshot_count; i++) {
		bool found = false;
		char text[TUSK_ID_TEXT_SIZE];

		for (size_t k = 0; k < judgement->list.count; k++)
			found = found || tusk_id_equal(&judgement->list.items[k].id, &want->snapshots[i]);
		tusk_id_text(&want->snapshots[i], text);
		if (!found)
			complain(judgement, "the acknowledged snapshot %.8s is LOST", text);
	}
	tusk_snapshot_list_release(&judgement->list);
}

static void on_damage(void *context, const struct tusk_damage *damage)
{
	complain(context, "check: %s %s", damage->object ? damage->object : "", damage->what ? damage->what : "");
}

static void judge_data(struct judgement *judgement)
{
	struct tusk_check_options options = {.data = true, .threads = 1, .on_damage = on_damage, .context = judgement};
	struct tusk_check_result result = {0};
	struct tusk_err err = {0};

	if (tusk_check_run(judgement->repository, &options, &result, &err) < 0)
		complain(judgement, "check: %s", err.message);
	else if (result.damaged_objects)
		complain(judgement, "check: %llu damaged objects", (unsigned long long)result.damaged_objects);
}

static int make_source(const char *path)
{
	char name[300];
	FILE *file;

	snprintf(name, sizeof(name), "%s/file", path);
	if (mkdir(path, 0700) < 0 || !(file = fopen(name, "we")))
		return -1;
	for (unsigned i = 0; i < 20000; i++)
		fprintf(file, "%u ", i * i);
	return fclose(file);
}

static void judge_backup(struct judgement *judgement)
{
	char source[256];
	const char *paths[] = {source};
	struct tusk_backup_options options = {.paths = paths, .path_count = 1, .threads = 1, .stream_fd = -1};
	struct tusk_backup_result result = {0};
	struct tusk_snapshot_list list TUSK_AUTO_SNAPSHOT_LIST = {0};
	struct tusk_err err = {0};
	uint8_t digest[32];

	snprintf(source, sizeof(source), "%s/" SOURCE, judgement->root);
	if (make_source(source) < 0) {
		complain(judgement, "cannot make a source");
		return;
	}
	if (tusk_backup_run(judgement->repository, &options, &result, &err) < 0) {
		complain(judgement, "a new backup: %s", err.message);
		return;
	}
	if (tusk_snapshot_list_load(judgement->repository, on_manifest, judgement, &list, &err) < 0) {
		complain(judgement, "the snapshots cannot be listed: %s", err.message);
		return;
	}
	for (size_t i = 0; i < list.count; i++)
		if (tusk_id_equal(&list.items[i].id, &result.id) &&
		    oracle_snapshot_digest(judgement->repository, &list.items[i], digest, &err) == 0)
			return;
	complain(judgement, "the new backup cannot be read: %s", err.message);
}

static unsigned judge(struct judgement *judgement)
{
	const struct oracle_want *want = judgement->want;
	struct tusk_err err = {0};

	if (oracle_open(judgement->root, want->key ? want->key : "key", &judgement->repository, &err) < 0 &&
	    (!want->instead || oracle_open(judgement->root, want->instead, &judgement->repository, &err) < 0)) {
		if (want->key)
			complain(judgement, "does not open with %s: %s", want->key, err.message);
		return judgement->complaints;
	}
	judge_snapshots(judgement);
	if (want->new_backup)
		judge_backup(judgement);
	if (want->check_data)
		judge_data(judgement);
	tusk_repository_close(judgement->repository);
	if (want->other_key && oracle_open(judgement->root, want->other_key, &judgement->repository, &err) < 0)
		complain(judgement, "does not open with %s: %s", want->other_key, err.message);
	else if (want->other_key)
		tusk_repository_close(judgement->repository);
	return judgement->complaints;
}

bool oracle_judge(const char *root, const struct oracle_want *want, const char *prefix)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		err(2, "cannot fork");
	if (child == 0) {
		struct judgement judgement = {.want = want, .root = root, .prefix = prefix};

		alarm(PATIENCE);
		exit(judge(&judgement) ? 1 : 0);
	}
	if (waitpid(child, &status, 0) != child)
		err(2, "cannot wait");
	if (WIFSIGNALED(status))
		fprintf(stderr, "%s: the reader died of signal %d\n", prefix, WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int oracle_print(const char *root, const char *key)
{
	struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;
	struct tusk_snapshot_list list TUSK_AUTO_SNAPSHOT_LIST = {0};
	struct tusk_err err = {0};
	int result = oracle_open(root, key, &repository, &err);

	if (result == 0)
		result = tusk_snapshot_list_load(repository, NULL, NULL, &list, &err);
	for (size_t i = 0; i < list.count && result == 0; i++) {
		char id[TUSK_ID_TEXT_SIZE], text[65];
		uint8_t digest[32];

		result = oracle_snapshot_digest(repository, &list.items[i], digest, &err);
		tusk_id_text(&list.items[i].id, id);
		tusk_hex_encode(digest, sizeof(digest), text);
		if (result == 0)
			printf("%s %s\n", id, text);
	}
	if (result < 0)
		fprintf(stderr, "%s\n", err.message);
	return result < 0;
}
