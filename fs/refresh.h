/* The current catalogue, kept up to date while backups and forgets go on. */
#ifndef TUSKFS_REFRESH_H
#define TUSKFS_REFRESH_H

#include "views.h"

#include "tusk/repository.h"

struct fuse_session;
struct tuskfs_refresh;

/* Borrows all its arguments until free. Loads nothing yet. */
int tuskfs_refresh_new(struct tusk_repository *repository, struct tuskfs_slots *slots, const char *readme,
		       struct tuskfs_refresh **ret_refresh, struct tusk_err *err);
/* Stops the thread if it runs. NULL is fine. */
void tuskfs_refresh_free(struct tuskfs_refresh *refresh);

/* The catalogue as of less than a fifth of a second ago; the first call loads it. The caller drops it. When the list
 * cannot be read again, the one before is given and the reason logged. */
int tuskfs_refresh_get(struct tuskfs_refresh *refresh, struct tuskfs_catalogue **ret_catalogue, struct tusk_err *err);

/* The snapshot that a name in at/ means now: what tusk_snapshot_find takes after "@", also with "-" instead of ":" in a
 * time, and "SOURCE@TIME". TUSK_FOUND; TUSK_ABSENT; -1. The slot lives as long as the mount. */
int tuskfs_refresh_find(struct tuskfs_refresh *refresh, const char *name, const struct tuskfs_slot **ret_slot,
			struct tusk_err *err);

/* From now on a list with a snapshot that has extended attributes is not shown: refused is called instead, once for
 * each change, under the refresh's lock. Before the thread is started. */
void tuskfs_refresh_refuse_xattrs(struct tuskfs_refresh *refresh, void (*refused)(void *context), void *context);

/* The text of a report on the snapshots of a catalogue; it lives as long as that. TUSK_E_ABSENT when the list has
 * changed before anybody asked. repository: the name to show. */
int tuskfs_refresh_report(struct tuskfs_refresh *refresh, struct tuskfs_catalogue *catalogue, enum tuskfs_report report,
			  const char *repository, const char **ret_text, struct tusk_err *err);

/* Starts the thread that looks for changes twice a second and tells the kernel what to forget. These messages need
 * locks that a request may hold, so no other thread may send them. */
int tuskfs_refresh_start(struct tuskfs_refresh *refresh, struct fuse_session *session, struct tusk_err *err);
void tuskfs_refresh_stop(struct tuskfs_refresh *refresh);

#endif
