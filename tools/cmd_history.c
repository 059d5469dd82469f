/* tusk history: what became of one path, over all snapshots. */
#include "cmd.h"
#include "diff.h"
#include "entry.h"
#include "snaparg.h"
#include "tusk/cleanup.h"
#include "tusk/text.h"
#include "tusk/trail.h"

#include <inttypes.h>
#include <string.h>

/* A version lasts from one snapshot to another; it is printed when its end is known. */
struct history {
	struct tusk_cli *cli;
	const char *path;
	const struct tusk_snapshot *first, *last; /* of the version at hand; NULL: none yet */
	enum tusk_change change;
	struct tusk_entry entry; /* as it is in first; has no type where the path is absent */
	uint64_t snapshots;
	uint64_t versions;
};

static bool is_there(const struct history *history)
{
	return history->entry.type != 0;
}

static void print_json(const struct history *history)
{
	char mark[2] = {(char)history->change, '\0'};
	struct tusk_json *json = tusk_json_new("revision");
	tusk_json_text(json, "change", mark);
	tusk_json_text(json, "path", history->path);
	tusk_json_id(json, "snapshot", &history->first->id);
	tusk_json_time(json, "time", history->first->time);
	tusk_json_text(json, "host", history->first->host);
	tusk_json_id(json, "last_snapshot", &history->last->id);
	tusk_json_count(json, "snapshots", history->snapshots);
	if (is_there(history)) {
		tusk_json_entry(json, &history->entry);
		if (history->entry.type == TUSK_TYPE_DIRECTORY)
			tusk_json_id(json, "tree", &history->entry.subtree.id);
	}
	tusk_cli_print(history->cli, json);
}

/* The last column: what tells one content from another. */
static void print_content(const struct tusk_entry *entry)
{
	uint8_t sha256[32];
	char digits[TUSK_ID_TEXT_SIZE];
	if (entry->type == TUSK_TYPE_DIRECTORY) {
		printf("%" PRIu64 " entries", entry->subtree.descendants);
	} else if (entry->type == TUSK_TYPE_SYMLINK) {
		fputs("-> ", stdout);
		tusk_print_escaped(stdout, entry->target.data, entry->target.len);
	} else if (entry->type == TUSK_TYPE_FILE && tusk_entry_sha256(entry, sha256, NULL) == 0) {
		tusk_hex_encode(sha256, sizeof(sha256), digits);
		fputs(digits, stdout);
	} else {
		fputs(tusk_entry_kind(entry), stdout);
	}
}

static void print_text(const struct history *history)
{
	char id[TUSK_ID_TEXT_SIZE], time[32], size[16] = "";
	const struct tusk_entry *entry = &history->entry;
	tusk_id_text(&history->first->id, id);
	tusk_text_time_local(history->first->time, time);
	if (is_there(history))
		tusk_text_bytes(entry->type == TUSK_TYPE_DIRECTORY ? entry->subtree.bytes : entry->size, size);
	printf("%s  %.*s %5" PRIu64 "  %c %10s  ", time, TUSK_SHORT_ID_LENGTH, id, history->snapshots,
	       (char)history->change, size);
	if (is_there(history))
		print_content(entry);
	putchar('\n');
}

static void print_version(struct history *history)
{
	if (!history->first)
		return;
	if (history->cli->report.json) {
		print_json(history);
	} else {
		if (!history->versions)
			printf("%-19s  %-8s %5s  %c %10s  %s\n", "SNAPSHOT", "ID", "COUNT", ' ', "SIZE", "CONTENT");
		print_text(history);
	}
	history->versions++;
}

static void begin_version(struct history *history, const struct tusk_snapshot *snapshot, enum tusk_change change,
			  struct tusk_entry *entry)
{
	print_version(history);
	tusk_entry_release(&history->entry);
	history->entry = *entry;
	entry->pin = NULL;
	history->first = history->last = snapshot;
	history->change = change;
	history->snapshots = 1;
}

/* entry: the caller's, and taken over if it begins a version. */
static int compare(struct history *history, struct tusk_entry *entry, enum tusk_change *ret_change,
		   struct tusk_err *err)
{
	const struct tusk_entry *before = &history->entry;
	if (!history->first || !is_there(history)) {
		*ret_change = TUSK_CHANGE_ADDED;
		return 0;
	}
	if (tusk_diff_entries(before, entry, ret_change, err) < 0)
		return -1;
	if (*ret_change != TUSK_CHANGE_TYPE && entry->type == TUSK_TYPE_DIRECTORY &&
	    !tusk_id_equal(&before->subtree.id, &entry->subtree.id))
		*ret_change = TUSK_CHANGE_CONTENT;
	return 0;
}

static int look_at(struct history *history, const struct tusk_snapshot *snapshot, int step, struct tusk_entry *entry,
		   struct tusk_err *err)
{
	enum tusk_change change = TUSK_CHANGE_NONE;
	if (step == TUSK_STEP_FOUND && compare(history, entry, &change, err) < 0)
		return -1;
	if (step == TUSK_STEP_ABSENT && history->first && is_there(history))
		change = TUSK_CHANGE_REMOVED;
	if (change != TUSK_CHANGE_NONE) {
		begin_version(history, snapshot, change, entry);
	} else if (history->first) {
		history->last = snapshot;
		history->snapshots++;
	}
	return ferror(stdout) ? tusk_err_set(err, TUSK_E_IO, 0, "history: cannot write to standard output") : 0;
}

static int go_through(struct history *history, struct tusk_repository *repository,
		      const struct tusk_snapshot_list *list, struct tusk_err *err)
{
	TUSK_AUTO_TRAIL struct tusk_trail *trail = NULL;
	if (tusk_trail_new(history->path, &trail, err) < 0)
		return tusk_err_prefix(err, "history");
	for (size_t i = 0; i < list->count; i++) {
		const struct tusk_snapshot *snapshot = &list->items[i];
		TUSK_AUTO_VIEW struct tusk_view *view = NULL;
		TUSK_AUTO_ENTRY struct tusk_entry entry = {0};
		int step;
		if (!tusk_snapshot_wanted(history->cli->args, snapshot))
			continue;
		if (tusk_view_open(repository, snapshot, &view, err) < 0 ||
		    (step = tusk_trail_step(trail, view, &entry, err)) < 0) {
			char id[TUSK_ID_TEXT_SIZE];
			tusk_id_text(&snapshot->id, id);
			tusk_err_prefix(err, "history: snapshot %.*s", TUSK_SHORT_ID_LENGTH, id);
			if (err->code != TUSK_E_CORRUPT && err->code != TUSK_E_ABSENT)
				return -1;
			tusk_cli_note(history->cli, err);
			continue;
		}
		if (look_at(history, snapshot, step, &entry, err) < 0)
			return -1;
	}
	print_version(history);
	return 0;
}

/* A relative path is one of the folder we are in. */
static char *absolute(const char *path)
{
	char *result;
	TUSK_AUTO_FREE char *folder = *path == '/' ? NULL : getcwd(NULL, 0);
	while (folder && path[0] == '.' && (path[1] == '/' || !path[1]))
		path += 1 + strspn(path + 1, "/");
	if (!folder)
		return strdup(path);
	return asprintf(&result, "%s/%s", folder, path) < 0 ? NULL : result;
}

int cmd_history(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	if (tusk_cli_open(cli, &repository, &err) < 0 || tusk_cli_snapshots(cli, repository, &list, &err) < 0)
		return tusk_cli_fail(cli, &err);
	TUSK_AUTO_FREE char *path = absolute(cli->args->operands.items[0]);
	struct history history = {.cli = cli, .path = path};
	int rc =
	    path ? go_through(&history, repository, &list, &err) : tusk_err_set(&err, TUSK_E_NOMEM, 0, "out of memory");
	if (rc == 0 && !history.versions)
		rc = tusk_err_set(&err, TUSK_E_ABSENT, 0, "history: %s: no snapshot has it", history.path);
	tusk_entry_release(&history.entry);
	if (rc < 0 && !ferror(stdout))
		return tusk_cli_fail(cli, &err);
	return TUSK_EXIT_OK;
}
