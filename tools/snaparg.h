/* SNAP[:PATH] on the command line. */
#ifndef TUSK_TOOLS_SNAPARG_H
#define TUSK_TOOLS_SNAPARG_H

#include "globals.h"

/* Splits "latest:/home" or "@2026-11-20T14:07:/home" (a colon within a time of day is not the separator).
 * *ret_snap is allocated; *ret_path points into text: "" without a path. 0 or -1 (memory). */
int tusk_snaparg_split(const char *text, char **ret_snap, const char **ret_path, struct tusk_err *err);

/* Whether a snapshot has the --host, --source, --path and every --tag that are given. */
bool tusk_snapshot_wanted(const struct tusk_args *args, const struct tusk_snapshot *snapshot);

/* A place in a snapshot, opened. */
struct tusk_place {
	struct tusk_view *view;
	struct tusk_entry entry;
	struct tusk_id snapshot;
	char *path; /* as typed, normalised: "/" or "/a/b", bytes */
};
/* Borrows repository. tusk_place_release also after a failure. */
int tusk_place_open(struct tusk_cli *cli, struct tusk_repository *repository, const struct tusk_snapshot_list *list,
		    const char *text, struct tusk_place *ret_place, struct tusk_err *err);
void tusk_place_release(struct tusk_place *place);
#define TUSK_AUTO_PLACE TUSK_CLEANUP(tusk_place_release)

/* Everything a verb that reads one place needs, in one call. Zero-initialise; release in every case. */
struct tusk_session {
	struct tusk_repository *repository;
	struct tusk_snapshot_list list;
	struct tusk_place place;
};
int tusk_session_open(struct tusk_cli *cli, const char *text, struct tusk_session *session, struct tusk_err *err);
void tusk_session_release(struct tusk_session *session);
#define TUSK_AUTO_SESSION TUSK_CLEANUP(tusk_session_release)

#endif
