/* tusk find: names that match a pattern, in every snapshot, streamed. */
#include "cmd.h"
#include "entry.h"
#include "snaparg.h"
#include "walk.h"

#include <fnmatch.h>
#include <string.h>

struct search {
	struct tusk_cli *cli;
	const char *pattern;
	bool whole_path; /* the pattern has a slash */
	char prefix[TUSK_SHORT_ID_LENGTH + 2];
	struct tusk_entry_style style;
};

static int visit(void *context, const char *path, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct search *search = context;
	const char *subject = search->whole_path ? path : strrchr(path, '/') + 1;
	if (fnmatch(search->pattern, subject, search->whole_path ? FNM_PATHNAME : 0) == 0)
		tusk_entry_print(search->cli, &search->style, path, entry);
	if (ferror(stdout))
		return tusk_err_set(err, TUSK_E_IO, 0, "find: cannot write to standard output");
	return 0;
}

static int broken(void *context, const char *path, struct tusk_err *err)
{
	struct search *search = context;
	if (err->code != TUSK_E_CORRUPT && err->code != TUSK_E_ABSENT)
		return -1;
	tusk_err_prefix(err, "find: %s%s", search->style.prefix, path);
	tusk_cli_note(search->cli, err);
	return 0;
}

static int search_snapshot(struct search *search, struct tusk_repository *repository,
			   const struct tusk_snapshot *snapshot, struct tusk_err *err)
{
	char id[TUSK_ID_TEXT_SIZE];
	tusk_id_text(&snapshot->id, id);
	snprintf(search->prefix, sizeof(search->prefix), "%.*s:", TUSK_SHORT_ID_LENGTH, id);
	search->style.prefix = search->prefix;
	search->style.snapshot = &snapshot->id;

	TUSK_AUTO_VIEW struct tusk_view *view = NULL;
	TUSK_AUTO_ENTRY struct tusk_entry root = {0};
	if (tusk_view_open(repository, snapshot, &view, err) < 0 || tusk_view_path(view, "", &root, err) < 0)
		return tusk_err_prefix(err, "find: snapshot %.*s", TUSK_SHORT_ID_LENGTH, id);
	struct tusk_walker walker = {.visit = visit, .broken = broken, .context = search};
	return tusk_walk(&walker, view, &root, "/", err);
}

static int search_all(struct search *search, struct tusk_repository *repository, const struct tusk_snapshot_list *list,
		      struct tusk_err *err)
{
	const struct tusk_words *named = &search->cli->args->values[TUSK_OPT_SNAPSHOT].list;
	size_t count = named->count ? named->count : list->count;
	for (size_t i = 0; i < count; i++) {
		const struct tusk_snapshot *snapshot = &list->items[i];
		if (named->count && tusk_snapshot_find(list, named->items[i], &snapshot, err) < 0)
			return tusk_err_prefix(err, "find");
		if (search_snapshot(search, repository, snapshot, err) < 0)
			return -1;
	}
	return 0;
}

int cmd_find(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	if (tusk_cli_open(cli, &repository, &err) < 0 || tusk_cli_snapshots(cli, repository, &list, &err) < 0)
		return tusk_cli_fail(cli, &err);
	const char *pattern = cli->args->operands.items[0];
	struct search search = {.cli = cli,
				.pattern = pattern,
				.whole_path = strchr(pattern, '/') != NULL,
				.style = {.is_long = tusk_args_has(cli->args, TUSK_OPT_LONG)}};
	if (search_all(&search, repository, &list, &err) < 0 && !ferror(stdout))
		return tusk_cli_fail(cli, &err);
	return TUSK_EXIT_OK;
}
