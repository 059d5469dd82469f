/* tusk dump: a folder or file as a tar archive on standard output. */
#include "cmd.h"
#include "snaparg.h"
#include "tar.h"
#include "walk.h"

#include <errno.h>
#include <unistd.h>

struct dump {
	struct tusk_cli *cli;
	struct tusk_tar *tar;
	struct tusk_view *view;
};

static int visit(void *context, const char *path, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct dump *dump = context;
	bool stored;
	if (tusk_tar_add(dump->tar, dump->view, path, entry, &stored, err) < 0) {
		if (err->code != TUSK_E_CORRUPT && err->code != TUSK_E_ABSENT)
			return -1;
		tusk_err_prefix(err, "dump");
		tusk_cli_note(dump->cli, err);
	} else if (!stored) {
		tusk_report_warning(&dump->cli->report, "dump: %s: a socket is left out: tar cannot hold it", path);
	}
	return 0;
}

static int broken(void *context, const char *path, struct tusk_err *err)
{
	struct dump *dump = context;
	if (err->code != TUSK_E_CORRUPT && err->code != TUSK_E_ABSENT)
		return -1;
	tusk_err_prefix(err, "dump: %s", path);
	tusk_cli_note(dump->cli, err);
	return 0;
}

static int run(struct dump *dump, const struct tusk_place *place, struct tusk_err *err)
{
	bool is_root = place->entry.number == 0;
	struct tusk_walker walker = {.visit = visit, .broken = broken, .context = dump};
	if (!is_root && visit(dump, place->path, &place->entry, err) < 0)
		return -1;
	if (place->entry.type == TUSK_TYPE_DIRECTORY &&
	    tusk_walk(&walker, place->view, &place->entry, place->path, err) < 0)
		return -1;
	return tusk_tar_finish(dump->tar, err);
}

int cmd_dump(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	if (isatty(STDOUT_FILENO))
		return tusk_report_fail(&cli->report, TUSK_E_USAGE,
					"dump: the archive is not written to a terminal: redirect it");
	TUSK_AUTO_SESSION struct tusk_session session = {0};
	if (tusk_session_open(cli, cli->args->operands.items[0], &session, &err) < 0)
		return tusk_cli_fail(cli, &err);
	TUSK_AUTO_TAR struct tusk_tar *tar = NULL;
	struct dump dump = {.cli = cli, .view = session.place.view};
	if (tusk_tar_open(STDOUT_FILENO, &tar, &err) < 0)
		return tusk_cli_fail(cli, &err);
	dump.tar = tar;
	if (run(&dump, &session.place, &err) == 0 || err.sys_errno == EPIPE)
		return TUSK_EXIT_OK;
	tusk_err_prefix(&err, "dump failed");
	return tusk_cli_fail(cli, &err);
}
