/* What every verb starts from: the parsed command line, the way to report, and how to open the repository. */
#ifndef TUSK_TOOLS_GLOBALS_H
#define TUSK_TOOLS_GLOBALS_H

#include "opt.h"
#include "report.h"
#include "tusk/reader.h"
#include "tusk/repository.h"
#include "tusk/snapshot.h"

struct tusk_json;

struct tusk_cli {
	const struct tusk_args *args;
	struct tusk_report report;
	int status;             /* the worst that tusk_cli_note has seen */
	bool no_secret, opened; /* no secret was to be had; tusk_cli_open has succeeded */
	struct tusk_secret
	    *keep_secret; /* not NULL: receives a copy of what opened the repository, and opens the next */
	const char *url;  /* what is being opened */
};

/* -r or TUSK_REPOSITORY. NULL with TUSK_E_USAGE when there is neither. */
const char *tusk_cli_url(const struct tusk_cli *cli, struct tusk_err *err);
/* The nodes of --only, ending with NULL; NULL for all. */
const char *const *tusk_cli_only(const struct tusk_cli *cli);
/* Opens the repository, asking for its secret where one is needed. */
int tusk_cli_open(struct tusk_cli *cli, struct tusk_repository **ret_repository, struct tusk_err *err);
/* The same with another repository than -r names. */
int tusk_cli_open_at(struct tusk_cli *cli, const char *url, struct tusk_repository **ret_repository,
		     struct tusk_err *err);
/* Loads the list of snapshots; those that cannot be read are noted (tusk_cli_note). */
int tusk_cli_snapshots(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_snapshot_list *ret_list,
		       struct tusk_err *err);

/* Prints err with the hints that belong to it; returns the exit status: "return tusk_cli_fail(cli, &err)". */
int tusk_cli_fail(struct tusk_cli *cli, const struct tusk_err *err);
/* Prints err and goes on: the command ends with its exit status unless something worse comes. Clears err. */
void tusk_cli_note(struct tusk_cli *cli, struct tusk_err *err);
/* Prints one result line to stdout; json is freed. */
void tusk_cli_print(struct tusk_cli *cli, struct tusk_json *json);
/* Flushes stdout and returns status, or 1 when the result could not be written. A reader that went away is no error. */
int tusk_cli_finish(struct tusk_cli *cli, int status);

#endif
