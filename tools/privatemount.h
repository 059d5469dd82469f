/* A mount of one snapshot that only this process uses, or a mount that the user gave. */
#ifndef TUSK_TOOLS_PRIVATEMOUNT_H
#define TUSK_TOOLS_PRIVATEMOUNT_H

#include "globals.h"

#include <sys/types.h>

/* Invariant: fd is -1 or the root of the snapshot, open as O_PATH. Initialise with TUSK_PRIVATE_MOUNT_NONE. */
struct tusk_private_mount {
	int fd;
	int messages; /* what the driver writes to its stderr, or -1 */
	pid_t driver; /* the driver's guard; 0: not ours */
	char folder[64];
};
#define TUSK_PRIVATE_MOUNT_NONE          \
	{                                \
		.fd = -1, .messages = -1 \
	}

/* Starts tuskfs on a temporary folder for that snapshot and waits until it answers. only: as in tusk_open_options; at
 * most one node can be named so. secret: what opened the repository (empty for an unencrypted one). The driver ends
 * when this process does. TUSK_E_MOUNT when it cannot mount. */
int tusk_private_mount_start(const char *url, const char *const *only, const struct tusk_id *snapshot,
			     const struct tusk_secret *secret, struct tusk_private_mount *mount, struct tusk_err *err);
/* Finds the snapshot in a mount that is there already: below its ids/, or, for a mount of a single snapshot, the folder
 * itself. */
int tusk_private_mount_use(const char *folder, const struct tusk_id *snapshot, struct tusk_private_mount *mount,
			   struct tusk_err *err);
/* Unmounts and removes what start made; nothing for one that was given. */
void tusk_private_mount_end(struct tusk_private_mount *mount);
#define TUSK_AUTO_PRIVATE_MOUNT TUSK_CLEANUP(tusk_private_mount_end)

#endif
