/* tusk umount: ends a mount of tuskfs. */
#include "cmd.h"
#include "mounts.h"
#include "tusk/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int busy_or(const char *path, int number, struct tusk_err *err)
{
	if (number == EBUSY)
		return tusk_err_set(
		    err, TUSK_E_IO, 0,
		    "cannot unmount %s: it is in use: a program has a file open or its working directory "
		    "there",
		    path);
	return tusk_err_set(err, TUSK_E_IO, number, "cannot unmount %s", path);
}

/* fusermount3 says why in words only; they are passed on, shortened to their cause. */
static int helper_failed(const char *path, char *words, struct tusk_err *err)
{
	words[strcspn(words, "\n")] = '\0';
	if (strstr(words, strerror(EBUSY)))
		return busy_or(path, EBUSY, err);
	const char *cause = strstr(words, path);
	cause = cause && strncmp(cause + strlen(path), ": ", 2) == 0 ? cause + strlen(path) + 2 : words;
	return tusk_err_set(err, TUSK_E_IO, 0, "cannot unmount %s: %s", path, *cause ? cause : "fusermount3 failed");
}

static int spawn_helper(const char *path, int words_fd, pid_t *ret_pid)
{
	char *argv[] = {(char *)(uintptr_t) "fusermount3", (char *)(uintptr_t) "-u", (char *)(uintptr_t) "--",
			(char *)(uintptr_t)path, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, words_fd, STDERR_FILENO);
	int rc = posix_spawnp(ret_pid, "fusermount3", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int unmount_as_user(const char *path, struct tusk_err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot unmount %s: no pipe", path);
	TUSK_AUTO_FD int reader = fds[0];
	pid_t pid;
	int rc = spawn_helper(path, fds[1], &pid);
	close(fds[1]);
	if (rc)
		return tusk_err_set(err, TUSK_E_IO, rc, "cannot unmount %s: fusermount3", path);

	char words[1024];
	size_t len = 0;
	ssize_t got;
	while (len < sizeof(words) - 1 && (got = read(reader, words + len, sizeof(words) - 1 - len)) != 0) {
		if (got > 0)
			len += (size_t)got;
		else if (errno != EINTR)
			break;
	}
	words[len] = '\0';
	int status;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return helper_failed(path, words, err);
}

static int unmount(const char *path, struct tusk_err *err)
{
	enum tusk_mounted mounted;
	if (tusk_mounts_look(path, &mounted, err) < 0)
		return -1;
	if (mounted == TUSK_MOUNTED_NOT)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "cannot unmount %s: nothing is mounted there", path);
	if (mounted == TUSK_MOUNTED_OTHER)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "cannot unmount %s: that mount is not one of tusk's", path);
	if (geteuid() != 0)
		return unmount_as_user(path, err);
	if (umount2(path, UMOUNT_NOFOLLOW) == 0)
		return 0;
	return busy_or(path, errno, err);
}

int cmd_umount(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	char path[PATH_MAX];
	if (tusk_mounts_resolve(cli->args->operands.items[0], path, sizeof(path), &err) < 0) {
		tusk_err_prefix(&err, "cannot unmount");
		return tusk_cli_fail(cli, &err);
	}
	if (unmount(path, &err) < 0)
		return tusk_cli_fail(cli, &err);
	return TUSK_EXIT_OK;
}
