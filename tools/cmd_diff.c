/* tusk diff: what changed from one snapshot to another. */
#include "cmd.h"
#include "diff.h"
#include "entry.h"
#include "json.h"
#include "snaparg.h"
#include "tusk/text.h"

#include <string.h>

struct changes {
	struct tusk_cli *cli;
	uint64_t added, removed, content, type, metadata;
	uint64_t added_bytes, removed_bytes;
};

static void count(struct changes *changes, enum tusk_change change, uint64_t old_size, uint64_t new_size)
{
	switch (change) {
	case TUSK_CHANGE_ADDED:
		changes->added++;
		break;
	case TUSK_CHANGE_REMOVED:
		changes->removed++;
		break;
	case TUSK_CHANGE_CONTENT:
		changes->content++;
		break;
	case TUSK_CHANGE_TYPE:
		changes->type++;
		break;
	case TUSK_CHANGE_METADATA:
		changes->metadata++;
		return;
	case TUSK_CHANGE_NONE:
		return;
	}
	changes->added_bytes += new_size;
	changes->removed_bytes += old_size;
}

static uint64_t file_size(const struct tusk_entry *entry)
{
	return entry && entry->type == TUSK_TYPE_FILE ? entry->size : 0;
}

static int on_change(void *context, enum tusk_change change, const char *path, const struct tusk_entry *before,
		     const struct tusk_entry *after, struct tusk_err *err)
{
	struct changes *changes = context;
	char mark[2] = {(char)change, '\0'};
	count(changes, change, file_size(before), file_size(after));
	if (changes->cli->report.json) {
		struct tusk_json *json = tusk_json_new("change");
		tusk_json_text(json, "change", mark);
		tusk_json_text(json, "path", path);
		tusk_json_text(json, "kind", tusk_entry_kind(after ? after : before));
		if (before)
			tusk_json_count(json, "size_before", before->size);
		if (after)
			tusk_json_count(json, "size_after", after->size);
		tusk_cli_print(changes->cli, json);
	} else {
		const struct tusk_entry *entry = after ? after : before;
		printf("%s ", mark);
		tusk_print_escaped(stdout, path, strlen(path));
		puts(entry->type == TUSK_TYPE_DIRECTORY && strcmp(path, "/") != 0 ? "/" : "");
	}
	return ferror(stdout) ? tusk_err_set(err, TUSK_E_IO, 0, "diff: cannot write to standard output") : 0;
}

static void print_summary(struct changes *changes)
{
	if (changes->cli->report.json) {
		struct tusk_json *json = tusk_json_new("summary");
		tusk_json_count(json, "added", changes->added);
		tusk_json_count(json, "removed", changes->removed);
		tusk_json_count(json, "changed", changes->content);
		tusk_json_count(json, "type_changed", changes->type);
		tusk_json_count(json, "metadata_changed", changes->metadata);
		tusk_json_count(json, "added_bytes", changes->added_bytes);
		tusk_json_count(json, "removed_bytes", changes->removed_bytes);
		tusk_cli_print(changes->cli, json);
		return;
	}
	if (changes->cli->report.quiet)
		return;
	if (!changes->added && !changes->removed && !changes->content && !changes->type && !changes->metadata) {
		puts("no difference");
		return;
	}
	char added[32], removed[32], content[32], type[32], metadata[32], more[16], less[16];
	tusk_text_count(changes->added, added);
	tusk_text_count(changes->removed, removed);
	tusk_text_count(changes->content, content);
	tusk_text_count(changes->type, type);
	tusk_text_count(changes->metadata, metadata);
	tusk_text_bytes(changes->added_bytes, more);
	tusk_text_bytes(changes->removed_bytes, less);
	printf("%s added, %s removed, %s changed, %s of another type, %s metadata only; +%s -%s\n", added, removed,
	       content, type, metadata, more, less);
}

static int run(struct tusk_cli *cli, struct tusk_session *session, struct tusk_place *second, struct changes *changes,
	       struct tusk_err *err)
{
	const char *const *words = cli->args->operands.items;
	if (tusk_session_open(cli, words[0], session, err) < 0 ||
	    tusk_place_open(cli, session->repository, &session->list, words[1], second, err) < 0)
		return -1;
	struct tusk_diff_side before = {session->place.view, &session->place.entry};
	struct tusk_diff_side after = {second->view, &second->entry};
	struct tusk_diff_sink sink = {.change = on_change, .context = changes};
	const char *path = strcmp(session->place.path, second->path) == 0 ? second->path : "/";
	return tusk_diff_run(&before, &after, path, &sink, err);
}

int cmd_diff(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	TUSK_AUTO_SESSION struct tusk_session session = {0};
	struct changes changes = {.cli = cli};
	TUSK_AUTO_PLACE struct tusk_place second = {0};
	if (run(cli, &session, &second, &changes, &err) < 0) {
		if (ferror(stdout))
			return TUSK_EXIT_OK;
		return tusk_cli_fail(cli, &err);
	}
	print_summary(&changes);
	return TUSK_EXIT_OK;
}
