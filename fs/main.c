/* tuskfs REPOSITORY DIR [-o OPTIONS] [-f] [-d], and mount.tusk for mount(8). */
#include "credentials.h"
#include "driver.h"
#include "errmap.h"
#include "log.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <syslog.h>
#include <unistd.h>

#define ATTEMPTS 2

static const char help_text[] = "Usage: tuskfs REPOSITORY DIRECTORY [-o OPTION[,OPTION...]] [-f] [-d]\n"
				"\n"
				"Shows the snapshots of a tusk repository as read-only directories below\n"
				"DIRECTORY. Returns when the mount answers; unmount with umount(8).\n"
				"\n"
				"  -f                     stay in the foreground, messages to standard error\n"
				"  -d                     the same, with every request\n"
				"  -o password-file=FILE  password or recovery code in FILE\n"
				"  -o password-command=C  password or recovery code printed by C\n"
				"  -o key-file=FILE       key file (64 hexadecimal digits)\n"
				"  -o snapshot=ID         this snapshot only, as the root of the mount\n"
				"  -o uid=N,gid=N,umask=M show everything with this owner; as its owner may, less M\n"
				"  -o cache=SIZE          memory for decoded data (32M)\n"
				"  -o state-dir=DIR       where the index of the repository is kept\n"
				"  -o fsname=NAME         instead of REPOSITORY in the table of mounts\n"
				"  -o allow_other         other users may look (root's mounts: always)\n"
				"  -o xattrs=WHICH        hidden, list (show user.tusk.*) or none\n"
				"  -o noxattr             no extended attributes: faster listings\n"
				"  -o noacl               permissions by mode only: faster, but see tuskfs(8)\n"
				"  -o auto_unmount        unmount even if the driver is killed\n"
				"Environment: TUSK_PASSWORD_FILE, TUSK_PASSWORD_COMMAND, TUSK_KEY_FILE,\n"
				"TUSK_PASSWORD, CREDENTIALS_DIRECTORY.\n";

struct names {
	char *repository, *mountpoint;
};

/* An object was healed from another node, or a node cannot be used. */
static void log_line(void *context, const char *line)
{
	(void)context;
	tuskfs_log(LOG_NOTICE, "%s", line);
}

/* 0 in the driver; 1 when it has mounted; -1. A damaged index may end one process (tusk/index.h): the next one replaces
 * it, and nobody shall have to call for that. */
static int fork_driver(const struct names *names, struct tuskfs_daemon *daemon, struct tusk_err *err)
{
	for (unsigned attempt = 1;; attempt++) {
		int forked = tuskfs_daemon_fork(daemon, err);
		if (forked <= 0)
			return forked;
		int told = tuskfs_daemon_wait(daemon, err);
		if (told <= 0)
			return told < 0 ? -1 : 1;
		TUSK_AUTO_FREE char *place = NULL;
		struct tusk_err ignored = {0};
		/* What it left behind is detached there. */
		if (attempt == ATTEMPTS ||
		    tuskfs_mounting_place(names->mountpoint, names->repository, &place, &ignored) < 0)
			return -1;
		tusk_err_clear(err);
	}
}

static int open_and_serve(const struct tuskfs_options *options, const struct names *names, struct tusk_err *err)
{
	const char *const only[] = {options->node, NULL};
	struct tusk_open_options open_options = {.ask = tuskfs_credentials_ask,
						 .ask_context = (void *)(uintptr_t)options,
						 .state_dir = options->state_dir,
						 .chunk_cache = (size_t)options->cache,
						 .only = options->node ? only : NULL,
						 .log = log_line};
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	struct tuskfs_daemon daemon = {.fd = -1};
	if (tusk_repository_open(names->repository, &open_options, &repository, err) < 0) {
		struct tusk_err cause = *err;
		return tusk_err_set(err, cause.code, 0, "cannot open repository %s", cause.message);
	}
	if (!options->foreground) {
		int forked = fork_driver(names, &daemon, err);
		if (forked != 0)
			return forked < 0 ? -1 : 0;
		if (chdir("/") < 0)
			return tusk_err_set(err, TUSK_E_INTERNAL, 0, "cannot change to /");
	}
	struct tuskfs_driver_settings settings = {.options = options,
						  .repository = repository,
						  .repository_name = names->repository,
						  .mountpoint = names->mountpoint,
						  .daemon = &daemon};
	tusk_repository_note_reads(repository, "mount");
	int result = tuskfs_driver_run(&settings, err);
	if (!options->foreground) {
		tusk_repository_close(TUSK_STEAL(repository));
		_exit(result == 0 ? 0 : 1); /* the parent has told the user */
	}
	return result;
}

static int run(const struct tuskfs_options *options, struct tusk_err *err)
{
	TUSK_AUTO_FREE char *repository = NULL;
	TUSK_AUTO_FREE char *mountpoint = NULL;
	if (options->wants_rw && !options->helper && !options->from_mount)
		fprintf(stderr, "tuskfs: backups are read-only: mounting read-only\n");
	if (tuskfs_mounting_repository(options->repository, &repository, err) < 0 ||
	    tuskfs_mounting_place(options->directory, repository, &mountpoint, err) < 0)
		return -1;
	struct names names = {repository, mountpoint};
	return options->fake ? 0 : open_and_serve(options, &names, err);
}

int main(int argc, char **argv)
{
	struct tuskfs_options options = {0};
	struct tusk_err err = {0};
	/* mount(8) gives its helpers no environment; fusermount3 and password commands need a path. */
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 0);
	prctl(PR_SET_DUMPABLE, 0);
	int result = tuskfs_options_parse(&options, argc, argv, &err);
	if (result == 0 && options.show_help) {
		fputs(help_text, stdout);
	} else if (result == 0 && options.show_version) {
		puts("tuskfs " TUSK_VERSION);
	} else if (result == 0) {
		tuskfs_log_catch_fuse(options.debug);
		result = run(&options, &err);
	}
	int status = 0;
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", options.helper ? "mount.tusk" : "tuskfs", err.message);
		status = tuskfs_exit_status(err.code, options.helper);
	}
	tuskfs_options_release(&options);
	return status;
}
