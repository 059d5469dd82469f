/* One mount, from the open repository to the end of the session. */
#ifndef TUSKFS_DRIVER_H
#define TUSKFS_DRIVER_H

#include "mounting.h"
#include "options.h"

#include "tusk/repository.h"

struct tuskfs_driver_settings {
	const struct tuskfs_options *options;
	struct tusk_repository *repository;
	const char *repository_name, *mountpoint; /* absolute */
	struct tuskfs_daemon *daemon;             /* told when the mount answers */
};

/* Mounts, serves until unmounted or told to stop by SIGTERM or SIGINT, unmounts. A failure to start has been reported
 * to the daemon's parent as well. */
int tuskfs_driver_run(const struct tuskfs_driver_settings *settings, struct tusk_err *err);

#endif
