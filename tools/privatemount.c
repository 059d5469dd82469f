/* Starting tuskfs for one snapshot, and finding a snapshot in a mount. */
#include "privatemount.h"

#include "driver.h"
#include "tusk/cleanup.h"
#include "tusk/id.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#define WAIT_LIMIT_MS 30000

/* The secret as the file that it would have come from, in a pipe that holds all of it. */
static int secret_pipe(const struct tusk_secret *secret, int *ret_fd, struct tusk_err *err)
{
	char hex[65];
	const void *text = secret->secret.data;
	size_t len = secret->secret.len;
	int ends[2];

	if (secret->kind != TUSK_SECRET_PASSPHRASE && len == 32) {
		tusk_hex_encode(text, len, hex);
		text = hex;
		len = 64;
	}
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot make a pipe");
	/* The newline that ends a file, so that one which ends a passphrase is not taken for it. */
	char newline[] = "\n";
	const struct iovec parts[] = {{(void *)(uintptr_t)text, len}, {newline, 1}};
	ssize_t written = writev(ends[1], parts, 2);
	close(ends[1]);
	explicit_bzero(hex, sizeof hex);
	if (written < 0 || (size_t)written != len + 1) {
		close(ends[0]);
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot hand the password on");
	}
	*ret_fd = ends[0];
	return 0;
}

static void run_driver(const char *program, const char *url, const struct tusk_private_mount *mount,
		       const char *options, int secret_fd)
{
	const char *const argv[] = {"tuskfs", "-f", url, mount->folder, "-o", options, NULL};

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(mount->messages, STDERR_FILENO);
	if (secret_fd >= 0)
		fcntl(secret_fd, F_SETFD, 0);
	execv(program, (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* The process between the restore and the driver: whatever ends the restore, even SIGKILL, it ends the driver, which
 * unmounts, and takes the folder away. Only calls that are safe after fork. */
static void stand_guard(const char *program, const char *url, const struct tusk_private_mount *mount,
			const char *options, int secret_fd, pid_t restore)
{
	int status = 0, number;
	sigset_t awaited, before;

	sigemptyset(&awaited);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGCHLD);
	sigprocmask(SIG_BLOCK, &awaited, &before);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setpgid(0, 0); /* Ctrl-C is for the restore, which ends the driver in good order */
	pid_t driver = fork();
	if (driver == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		run_driver(program, url, mount, options, secret_fd);
	}
	close(secret_fd);
	if (getppid() != restore)
		kill(getpid(), SIGTERM);
	while (driver > 0 && waitpid(driver, &status, WNOHANG) != driver)
		if (sigwait(&awaited, &number) == 0 && number == SIGTERM)
			kill(driver, SIGTERM);
	rmdir(mount->folder);
	_exit(driver < 0 ? 127 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* What the driver said last, or how it ended. */
static int tell_why(const struct tusk_private_mount *mount, int status, struct tusk_err *err)
{
	char text[400];
	ssize_t len = pread(mount->messages, text, sizeof text - 1, 0);

	text[len > 0 ? len : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	if (!text[0])
		snprintf(text, sizeof text, "tuskfs ended with status %d",
			 WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return tusk_err_set(err, TUSK_E_MOUNT, 0, "%s", text);
}

/* The folder is on another device once something is mounted there. */
static int wait_until_mounted(struct tusk_private_mount *mount, struct tusk_err *err)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	struct stat before, now;
	int status;

	if (stat(mount->folder, &before))
		return tusk_err_set(err, TUSK_E_IO, errno, "%s", mount->folder);
	for (unsigned waited = 0; waited < WAIT_LIMIT_MS; waited += 2) {
		if (waitpid(mount->driver, &status, WNOHANG) == mount->driver) {
			mount->driver = 0;
			return tell_why(mount, status, err);
		}
		if (stat(mount->folder, &now) == 0 && now.st_dev != before.st_dev)
			return 0;
		nanosleep(&pause, NULL);
	}
	return tusk_err_set(err, TUSK_E_MOUNT, 0, "tuskfs does not answer");
}

static int make_folder(struct tusk_private_mount *mount, struct tusk_err *err)
{
	const char *base = getenv("TMPDIR");
	int len =
	    snprintf(mount->folder, sizeof mount->folder, "%s/tusk-restore.XXXXXX", base && *base ? base : "/tmp");

	if (len < 0 || (size_t)len >= sizeof mount->folder)
		snprintf(mount->folder, sizeof mount->folder, "/tmp/tusk-restore.XXXXXX");
	if (mkdtemp(mount->folder))
		return 0;
	int error = errno;
	mount->folder[0] = 0;
	return tusk_err_set(err, TUSK_E_IO, error, "cannot make a folder to mount on");
}

/* "snapshot=ID,node=NAME,key-file=/dev/fd/N"; NULL without memory. */
static char *make_options(const struct tusk_id *snapshot, const char *node, const struct tusk_secret *secret,
			  int secret_fd)
{
	TUSK_AUTO_BUF struct tusk_buf text = {0};
	char id[TUSK_ID_TEXT_SIZE], file[40] = "";
	int failed;

	tusk_id_text(snapshot, id);
	if (secret_fd >= 0)
		snprintf(file, sizeof file, ",%s-file=/dev/fd/%d",
			 secret->kind == TUSK_SECRET_PASSPHRASE ? "password" : "key", secret_fd);
	failed = tusk_buf_append(&text, "snapshot=", 9) | tusk_buf_append(&text, id, strlen(id));
	failed |= node ? tusk_buf_append(&text, ",node=", 6) : 0;
	for (; node && *node; node++) {
		failed |= *node == ',' || *node == '\\' ? tusk_buf_append(&text, "\\", 1) : 0;
		failed |= tusk_buf_append(&text, node, 1);
	}
	failed |= tusk_buf_append(&text, file, strlen(file) + 1);
	return failed ? NULL : strdup((const char *)text.data);
}

int tusk_private_mount_start(const char *url, const char *const *only, const struct tusk_id *snapshot,
			     const struct tusk_secret *secret, struct tusk_private_mount *mount, struct tusk_err *err)
{
	TUSK_AUTO_FREE char *program = NULL;
	TUSK_AUTO_FREE char *options = NULL;
	TUSK_AUTO_FD int secret_fd = -1;

	if (tusk_driver_path(&program, err))
		return -1;
	if (only && only[0] && only[1])
		return tusk_err_set(err, TUSK_E_MOUNT, 0, "a mount shows one node or all of them");
	if (access("/dev/fuse", R_OK | W_OK))
		return tusk_err_set(err, TUSK_E_MOUNT, errno, "/dev/fuse");
	if (secret->secret.len && secret_pipe(secret, &secret_fd, err))
		return -1;
	options = make_options(snapshot, only ? only[0] : NULL, secret, secret_fd);
	if (!options)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (make_folder(mount, err))
		return -1;
	mount->messages = memfd_create("tuskfs messages", MFD_CLOEXEC);
	pid_t own = getpid();
	mount->driver = fork();
	if (mount->driver == 0)
		stand_guard(program, url, mount, options, secret_fd, own);
	if (mount->driver < 0) {
		mount->driver = 0;
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot start tuskfs");
	}
	if (wait_until_mounted(mount, err))
		return -1;
	mount->fd = open(mount->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mount->fd < 0 ? tusk_err_set(err, TUSK_E_MOUNT, errno, "%s", mount->folder) : 0;
}

int tusk_private_mount_use(const char *folder, const struct tusk_id *snapshot, struct tusk_private_mount *mount,
			   struct tusk_err *err)
{
	TUSK_AUTO_FD int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char id[TUSK_ID_TEXT_SIZE];
	struct dirent *item;

	if (root < 0)
		return tusk_err_set(err, TUSK_E_ABSENT, errno, "%s", folder);
	int ids = openat(root, "ids", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ids < 0) {
		mount->fd = tusk_steal_fd(&root);
		return 0;
	}
	DIR *stream = fdopendir(ids);
	if (!stream) {
		close(ids);
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "%s", folder);
	}
	tusk_id_text(snapshot, id);
	while ((item = readdir(stream)))
		if (item->d_name[0] != '.' && strncmp(id, item->d_name, strlen(item->d_name)) == 0)
			break;
	if (item)
		mount->fd = openat(ids, item->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	closedir(stream);
	return mount->fd < 0 ? tusk_err_set(err, TUSK_E_ABSENT, 0, "%s: the snapshot is not in this mount", folder) : 0;
}

void tusk_private_mount_end(struct tusk_private_mount *mount)
{
	if (mount->fd >= 0)
		close(mount->fd);
	mount->fd = -1;
	if (mount->driver > 0) {
		kill(mount->driver, SIGTERM);
		while (waitpid(mount->driver, NULL, 0) < 0 && errno == EINTR)
			;
		mount->driver = 0;
	}
	if (mount->messages >= 0)
		close(mount->messages);
	mount->messages = -1;
	if (mount->folder[0])
		rmdir(mount->folder);
	mount->folder[0] = 0;
}
