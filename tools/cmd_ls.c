/* tusk ls: one directory, or with -R everything below it, streamed. */
#include "cmd.h"
#include "entry.h"
#include "snaparg.h"
#include "walk.h"

struct listing {
	struct tusk_cli *cli;
	struct tusk_entry_style style;
	bool recursive;
};

static int visit(void *context, const char *path, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct listing *listing = context;
	const char *shown = path;
	if (!listing->recursive && !listing->cli->report.json)
		for (const char *c = path; *c; c++)
			if (*c == '/')
				shown = c + 1;
	tusk_entry_print(listing->cli, &listing->style, shown, entry);
	if (ferror(stdout))
		return tusk_err_set(err, TUSK_E_IO, 0, "ls: cannot write to standard output");
	return listing->recursive ? 0 : 1;
}

static int broken(void *context, const char *path, struct tusk_err *err)
{
	struct listing *listing = context;
	if (err->code != TUSK_E_CORRUPT && err->code != TUSK_E_ABSENT)
		return -1;
	tusk_err_prefix(err, "ls: %s", path);
	tusk_cli_note(listing->cli, err);
	return 0;
}

int cmd_ls(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	TUSK_AUTO_SESSION struct tusk_session session = {0};
	if (tusk_session_open(cli, cli->args->operands.items[0], &session, &err) < 0)
		return tusk_cli_fail(cli, &err);

	struct tusk_place *place = &session.place;
	struct listing listing = {
	    .cli = cli,
	    .style = {.is_long = tusk_args_has(cli->args, TUSK_OPT_LONG), .prefix = "", .snapshot = &place->snapshot},
	    .recursive = tusk_args_has(cli->args, TUSK_OPT_RECURSIVE)};
	if (place->entry.type != TUSK_TYPE_DIRECTORY) {
		tusk_entry_print(cli, &listing.style, place->path, &place->entry);
		return TUSK_EXIT_OK;
	}
	struct tusk_walker walker = {.visit = visit, .broken = broken, .context = &listing};
	if (tusk_walk(&walker, place->view, &place->entry, place->path, &err) < 0 && !ferror(stdout))
		return tusk_cli_fail(cli, &err);
	return TUSK_EXIT_OK;
}
