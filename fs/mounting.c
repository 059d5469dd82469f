#define FUSE_USE_VERSION 314

#include "mounting.h"

#include "log.h"
#include "tuskfs.h"

#include "tusk/cleanup.h"
#include "tusk/sabotage.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MOUNT_TYPE     "fuse.tusk"
#define DEAD_MOUNTS    8 /* stacked at one place */
#define READ_AHEAD_KIB 1024

int tuskfs_mounting_repository(const char *repository, char **ret_name, struct tusk_err *err)
{
	const char *path = strncmp(repository, "file:///", 8) == 0 ? repository + 7 : repository;
	*ret_name = strstr(path, "://") ? strdup(path) : realpath(path, NULL);
	if (*ret_name)
		return 0;
	return tusk_err_set(err, errno == ENOENT ? TUSK_E_NO_REPOSITORY : TUSK_E_IO, errno, "cannot open repository %s",
			    repository);
}

/* In mountinfo a space, tab, newline and backslash are written as three octal digits (proc(5)). */
static void unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] && from[3]) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = 0;
}

struct mount_line {
	unsigned major, minor;
	char place[PATH_MAX], type[64];
};

static bool parse_mount_line(const char *text, struct mount_line *ret_line)
{
	char place[PATH_MAX];
	const char *dash = strstr(text, " - ");
	/* The kernel writes no numbers that overflow. NOLINTNEXTLINE(cert-err34-c) */
	if (!dash || sscanf(text, "%*d %*d %u:%u %*s %4095s", &ret_line->major, &ret_line->minor, place) != 3 ||
	    sscanf(dash, " - %63s", ret_line->type) != 1)
		return false;
	unescape(place);
	memcpy(ret_line->place, place, sizeof(place));
	return true;
}

/* The mount that is on top at that place. */
static bool find_mount(const char *place, struct mount_line *ret_line)
{
	TUSK_AUTO_STREAM FILE *stream = fopen("/proc/self/mountinfo", "re");
	TUSK_AUTO_FREE char *text = NULL;
	TUSK_AUTO_FREE struct mount_line *line = calloc(1, sizeof(*line));
	size_t capacity = 0;
	bool found = false;
	while (stream && line && getline(&text, &capacity, stream) > 0) {
		if (!parse_mount_line(text, line) || strcmp(line->place, place) != 0)
			continue;
		*ret_line = *line;
		found = true;
	}
	return found;
}

/* realpath() of something that may be a dead mount: its parent is alive. */
static char *resolve_place(const char *directory)
{
	char *path = realpath(directory, NULL);
	if (path || errno != ENOTCONN)
		return path;
	TUSK_AUTO_FREE char *copy = strdup(directory);
	if (!copy)
		return NULL;
	for (size_t len = strlen(copy); len > 1 && copy[len - 1] == '/'; len--)
		copy[len - 1] = 0;
	char *slash = strrchr(copy, '/');
	const char *name = slash ? slash + 1 : copy;
	if (slash)
		*slash = 0;
	TUSK_AUTO_FREE char *parent = realpath(!slash ? "." : *copy ? copy : "/", NULL);
	if (!parent || asprintf(&path, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name) < 0)
		return NULL;
	return path;
}

static int detach(const char *place)
{
	if (geteuid() == 0)
		return umount2(place, MNT_DETACH);
	const char *const argv[] = {"fusermount3", "-u", "-z", "--", place, NULL};
	pid_t pid;
	int status;
	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ) != 0 ||
	    waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* The kernel answers stat() of a dead mount from memory for as long as it was told to. A name nobody has asked for
 * makes it turn to the driver. */
static bool is_dead(const char *place)
{
	struct timespec now;
	struct stat stat_;
	TUSK_AUTO_FREE char *path = NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	if (asprintf(&path, "%s/.tusk-%lx-%lx-%lx", place, (long)getpid(), (long)now.tv_sec, now.tv_nsec) < 0)
		return false;
	return lstat(path, &stat_) < 0 && errno == ENOTCONN;
}

/* Clears away what a driver that was killed has left behind. Only ours, and only dead ones. */
static int detach_dead(const char *place, struct tusk_err *err)
{
	TUSK_AUTO_FREE struct mount_line *line = calloc(1, sizeof(*line));
	for (unsigned i = 0; line && find_mount(place, line) && strcmp(line->type, MOUNT_TYPE) == 0; i++) {
		if (!is_dead(place))
			return tusk_err_set(err, TUSK_E_MOUNT, 0,
					    "cannot mount on %s: a repository is mounted there already", place);
		if (i == DEAD_MOUNTS || detach(place) < 0)
			return tusk_err_set(err, TUSK_E_MOUNT, errno, "cannot detach the dead mount on %s", place);
	}
	return 0;
}

static bool is_inside(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	if (strcmp(folder, "/") == 0)
		return true;
	return strncmp(path, folder, len) == 0 && (path[len] == '/' || !path[len]);
}

int tuskfs_mounting_place(const char *directory, const char *repository, char **ret_mountpoint, struct tusk_err *err)
{
	struct stat stat_;
	TUSK_AUTO_FREE char *place = resolve_place(directory);
	if (!place)
		return tusk_err_set(err, TUSK_E_MOUNT, errno, "cannot mount on %s", directory);
	if (detach_dead(place, err) < 0)
		return -1;
	if (stat(place, &stat_) < 0)
		return tusk_err_set(err, TUSK_E_MOUNT, errno, "cannot mount on %s", directory);
	if (!S_ISDIR(stat_.st_mode))
		return tusk_err_set(err, TUSK_E_MOUNT, ENOTDIR, "cannot mount on %s", directory);
	if (is_inside(place, repository))
		return tusk_err_set(err, TUSK_E_MOUNT, 0, "cannot mount on %s: it lies in the repository %s", directory,
				    repository);
	if (is_inside(repository, place))
		return tusk_err_set(err, TUSK_E_MOUNT, 0, "cannot mount on %s: the repository %s lies in it", directory,
				    repository);
	*ret_mountpoint = TUSK_STEAL(place);
	return 0;
}

static int add_options(struct fuse_args *args, const struct tuskfs_options *options, const char *fsname)
{
	TUSK_AUTO_FREE char *list = NULL, *source = NULL;
	if (asprintf(&source, "fsname=%s", fsname) < 0)
		return -1;
	const char *always =
	    TUSK_SABOTAGED(default_permissions) ? "ro,nosuid,nodev" : "ro,nosuid,nodev,default_permissions";
	if (fuse_opt_add_arg(args, "tuskfs") || fuse_opt_add_opt(&list, always) ||
	    fuse_opt_add_opt(&list, "subtype=tusk") || fuse_opt_add_opt_escaped(&list, source))
		return -1;
	if ((options->allow_other || geteuid() == 0) && fuse_opt_add_opt(&list, "allow_other"))
		return -1;
	if (options->auto_unmount && fuse_opt_add_opt(&list, "auto_unmount"))
		return -1;
	if (options->noexec && fuse_opt_add_opt(&list, "noexec"))
		return -1;
	if (fuse_opt_add_arg(args, "-o") || fuse_opt_add_arg(args, list))
		return -1;
	return options->debug ? fuse_opt_add_arg(args, "-d") : 0;
}

int tuskfs_mounting_session(const struct tuskfs_options *options, const char *fsname, void *userdata,
			    struct fuse_session **ret_session, struct tusk_err *err)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session = NULL;
	if (add_options(&args, options, fsname) == 0) {
		const struct fuse_lowlevel_ops *operations = tuskfs_operations();
		session = fuse_session_new(&args, operations, sizeof(*operations), userdata);
	}
	fuse_opt_free_args(&args);
	if (!session) {
		char note[256];
		tuskfs_log_last_fuse(note, sizeof(note));
		return tusk_err_set(err, TUSK_E_MOUNT, 0, "cannot start FUSE: %s", *note ? note : "out of memory");
	}
	*ret_session = session;
	return 0;
}

void tuskfs_mounting_raise_read_ahead(const char *mountpoint)
{
	TUSK_AUTO_FREE struct mount_line *line = calloc(1, sizeof(*line));
	char path[64];
	if (!line || !find_mount(mountpoint, line))
		return;
	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", line->major, line->minor);
	TUSK_AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		dprintf(fd, "%d\n", READ_AHEAD_KIB);
}

int tuskfs_daemon_fork(struct tuskfs_daemon *ret_daemon, struct tusk_err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return tusk_err_set(err, TUSK_E_INTERNAL, errno, "cannot go into the background");
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0) {
		int error = errno;
		close(ends[0]);
		close(ends[1]);
		return tusk_err_set(err, TUSK_E_INTERNAL, error, "cannot go into the background");
	}
	ret_daemon->fd = ends[pid ? 0 : 1];
	close(ends[pid ? 1 : 0]);
	if (pid == 0)
		setsid();
	return pid ? 1 : 0;
}

/* The report is the error's bytes; parent and child are the same program. */
int tuskfs_daemon_wait(struct tuskfs_daemon *daemon, struct tusk_err *err)
{
	struct tusk_err report;
	size_t len = 0;
	ssize_t n;
	do {
		n = read(daemon->fd, (char *)&report + len, sizeof(report) - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	close(daemon->fd);
	daemon->fd = -1;
	if (len != sizeof(report)) {
		tusk_err_set(err, TUSK_E_MOUNT, 0, "the driver ended before it had mounted");
		return 1;
	}
	if (report.code == TUSK_OK)
		return 0;
	*err = report;
	return -1;
}

void tuskfs_daemon_report(struct tuskfs_daemon *daemon, const struct tusk_err *err)
{
	static const struct tusk_err success = {0};
	if (daemon->fd < 0)
		return;
	if (!err) {
		TUSK_AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (int fd = 0; null >= 0 && fd < 3; fd++)
			dup2(null, fd);
		tuskfs_log_to_syslog();
	}
	/* The pipe is empty and a report fits in it (PIPE_BUF); if the parent is gone nobody wants to know. */
	ssize_t ignored = write(daemon->fd, err ? err : &success, sizeof(success));
	(void)ignored;
	close(daemon->fd);
	daemon->fd = -1;
}
