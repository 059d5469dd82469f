#include "driver.h"

#include "log.h"
#include "readme.h"
#include "swap.h"
#include "tuskfs.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define SESSION_THREADS 2
#define WAKE_EVERY_NS   20000000L /* how often the loop is nudged until it has noticed that it shall end */
#define LOOP_SIGNAL     SIGUSR1   /* wakes the loop's thread; does nothing else */
#define ENDED_SIGNAL    SIGUSR2   /* from the loop's thread: the session is over */
#define SWAP_SIGNAL     SIGALRM   /* a snapshot came that this session cannot show */

/* One session. The main thread only waits for signals; so stopping is done in one place and in order. */
struct driver {
	struct driver *previous; /* detached, but there may be somebody in it; else NULL */
	bool is_swap;            /* it shall replace another session, or has */
	int swap_fd;             /* its mount until then; else -1 */
	struct tuskfs fs;
	const struct tuskfs_driver_settings *settings;
	char *readme;
	pthread_t main, loop, settle;
	sem_t mounted; /* the kernel has said hello, or will not */
	sem_t loop_ended;
	bool settle_started, loop_started, is_mounted;
};

static void on_mounted(void *context)
{
	struct driver *driver = context;
	sem_post(&driver->mounted);
}

/* The mount is reported when it has answered, not when the system call has returned. This thread asks, because the
 * others must be free to answer. */
static void *settle(void *argument)
{
	struct driver *driver = argument;
	const char *mountpoint = driver->settings->mountpoint;
	struct stat stat_;
	while (sem_wait(&driver->mounted) < 0 && errno == EINTR)
		;
	if (stat(mountpoint, &stat_) < 0) {
		struct tusk_err err = {0};
		tusk_err_set(&err, TUSK_E_MOUNT, errno, "the mount on %s does not answer", mountpoint);
		tuskfs_daemon_report(driver->settings->daemon, &err);
		return NULL;
	}
	tuskfs_mounting_raise_read_ahead(mountpoint);
	if (driver->settings->daemon->fd < 0)
		tuskfs_log(LOG_INFO, "mounted %s on %s", driver->settings->repository_name, mountpoint);
	tuskfs_daemon_report(driver->settings->daemon, NULL);
	return NULL;
}

static void *loop(void *argument)
{
	struct driver *driver = argument;
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	fuse_loop_cfg_set_max_threads(config, SESSION_THREADS);
	fuse_loop_cfg_set_idle_threads(config, SESSION_THREADS);
	fuse_session_loop_mt(driver->fs.session, config);
	fuse_loop_cfg_destroy(config);
	sem_post(&driver->loop_ended);
	pthread_kill(driver->main, ENDED_SIGNAL);
	return NULL;
}

static void do_nothing(int signal_number)
{
	(void)signal_number;
}

/* Before any thread is made: they inherit the mask. */
static void prepare_signals(sigset_t *ret_waited)
{
	struct sigaction wake = {.sa_handler = do_nothing};
	sigaction(LOOP_SIGNAL, &wake, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(ret_waited);
	sigaddset(ret_waited, SIGTERM);
	sigaddset(ret_waited, SIGINT);
	sigaddset(ret_waited, SIGHUP);
	sigaddset(ret_waited, ENDED_SIGNAL);
	sigaddset(ret_waited, SWAP_SIGNAL);
	pthread_sigmask(SIG_BLOCK, ret_waited, NULL);
}

static int find_single(struct tuskfs *fs, struct tusk_err *err)
{
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	const struct tusk_snapshot *found;
	if (tusk_snapshot_list_load(fs->repository, NULL, NULL, &list, err) < 0 ||
	    tusk_snapshot_find(&list, fs->options->snapshot, &found, err) < 0 ||
	    tuskfs_slots_assign(fs->slots, fs->repository, &list, err) < 0)
		return -1;
	fs->single = tuskfs_slots_find_id(fs->slots, &found->id);
	if (!fs->single->view)
		return tusk_err_set(err, fs->single->why, 0, "snapshot %s cannot be opened", fs->options->snapshot);
	return 0;
}

/* In the mode of a file with an ACL the group's bits are the ACL's mask, so they may promise the group more than it
 * has. That matters where others look than who mounted; and not where owners are replaced. */
static bool wants_acls(const struct tuskfs_options *options)
{
	bool shared = options->allow_other || geteuid() == 0;
	return shared && !options->no_acls && !options->has_uid && !options->has_gid && !options->has_umask;
}

static int prepare(struct driver *driver, struct tusk_err *err)
{
	struct tuskfs *fs = &driver->fs;
	const struct tuskfs_driver_settings *settings = driver->settings;
	fs->options = settings->options;
	fs->repository = settings->repository;
	fs->repository_name = settings->repository_name;
	fs->mountpoint = settings->mountpoint;
	fs->no_xattrs = settings->options->no_xattrs;
	fs->mounted = on_mounted;
	fs->mounted_context = driver;
	if (tuskfs_slots_new(&fs->slots, err) < 0 || tuskfs_files_new(&fs->files, err) < 0 ||
	    tuskfs_statfs_new(fs->repository, &fs->statfs, err) < 0 || tuskfs_sums_new(&fs->sums, err) < 0 ||
	    tuskfs_later_new(&fs->later, err) < 0)
		return -1;
	if (settings->options->snapshot)
		return find_single(fs, err);
	if (tuskfs_readme_new(settings->repository_name, &driver->readme, err) < 0)
		return -1;
	return tuskfs_refresh_new(fs->repository, fs->slots, driver->readme, &fs->refresh, err);
}

static void on_refused(void *context)
{
	const struct driver *driver = context;
	pthread_kill(driver->main, SWAP_SIGNAL);
}

/* Where no snapshot has extended attributes the kernel may be told so: for ever, since a list with one that has some is
 * shown by another session (swap), or since there is only one snapshot. */
static void allow_quiet(struct driver *driver)
{
	struct tuskfs *fs = &driver->fs;
	struct tuskfs_catalogue *first;
	struct tusk_err ignored = {0}; /* whoever looks into the mount will meet it, too */
	if (fs->no_xattrs || fs->options->xattrs || driver->is_swap)
		return;
	if (fs->single) {
		fs->quiet.is_allowed = !fs->single->has_xattrs;
		return;
	}
	if (!tuskfs_swap_is_possible() || tuskfs_refresh_get(fs->refresh, &first, &ignored) < 0)
		return;
	tuskfs_catalogue_drop(first);
	if (tuskfs_slots_have_xattrs(fs->slots))
		return;
	tuskfs_refresh_refuse_xattrs(fs->refresh, on_refused, driver);
	fs->quiet.is_allowed = true;
}

static int mount_session(struct driver *driver, struct tusk_err *err)
{
	struct tuskfs *fs = &driver->fs;
	const char *fsname = fs->options->fsname ? fs->options->fsname : fs->repository_name;
	if (tuskfs_mounting_session(fs->options, fsname, fs, &fs->session, err) < 0)
		return -1;
	if (driver->is_swap)
		return tuskfs_swap_mount(fs->session, fs->options, fsname, &driver->swap_fd, err);
	if (fuse_session_mount(fs->session, fs->mountpoint) != 0) {
		char note[256];
		tuskfs_log_last_fuse(note, sizeof(note));
		return tusk_err_set(err, TUSK_E_MOUNT, 0, "cannot mount on %s%s%s", fs->mountpoint, *note ? ": " : "",
				    note);
	}
	driver->is_mounted = true;
	return 0;
}

static int start_threads(struct driver *driver, struct tusk_err *err)
{
	struct tuskfs *fs = &driver->fs;
	if (tuskfs_push_new(fs->session, fs->files, &fs->push, err) < 0 ||
	    (fs->refresh && tuskfs_refresh_start(fs->refresh, fs->session, err) < 0))
		return -1;
	int error = driver->is_swap ? 0 : pthread_create(&driver->settle, NULL, settle, driver);
	driver->settle_started = !error && !driver->is_swap;
	if (!error)
		error = pthread_create(&driver->loop, NULL, loop, driver);
	driver->loop_started = !error;
	return error ? tusk_err_set(err, TUSK_E_INTERNAL, error, "cannot start a thread") : 0;
}

/* libfuse looks at its exit flag only when it is woken, and a signal that comes just before it sleeps is lost. */
static void end_loop(struct driver *driver)
{
	struct timespec until;
	fuse_session_exit(driver->fs.session);
	do {
		pthread_kill(driver->loop, LOOP_SIGNAL);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += WAKE_EVERY_NS;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
	} while (sem_timedwait(&driver->loop_ended, &until) < 0);
	pthread_join(driver->loop, NULL);
}

static bool has_ended(struct driver *driver)
{
	int value = 0;
	sem_getvalue(&driver->loop_ended, &value);
	return value > 0;
}

/* The threads that send messages to the kernel end first, while requests are still answered: a message may be waiting
 * for a page or a folder that a request holds. */
static void stop(struct driver *driver)
{
	struct tuskfs *fs = &driver->fs;
	/* libfuse knows nothing of a mount that was swapped in. */
	if (driver->is_swap && driver->is_mounted && !has_ended(driver))
		umount2(fs->mountpoint, MNT_DETACH);
	tuskfs_push_stop(fs->push);
	tuskfs_sums_stop(fs->sums);
	tuskfs_later_stop(fs->later);
	if (fs->refresh)
		tuskfs_refresh_stop(fs->refresh);
	end_loop(driver);
}

static void release(struct driver *driver)
{
	struct tuskfs *fs = &driver->fs;
	tuskfs_push_free(fs->push);
	tuskfs_refresh_free(fs->refresh);
	tuskfs_later_free(fs->later);
	tuskfs_statfs_free(fs->statfs);
	if (driver->is_mounted)
		fuse_session_unmount(fs->session);
	if (fs->session)
		fuse_session_destroy(fs->session);
	if (driver->settle_started) {
		sem_post(&driver->mounted);
		pthread_join(driver->settle, NULL);
	}
	tuskfs_sums_free(fs->sums);
	tuskfs_files_free(fs->files);
	tuskfs_slots_free(fs->slots);
	free(driver->readme);
	sem_destroy(&driver->mounted);
	sem_destroy(&driver->loop_ended);
	if (driver->swap_fd >= 0)
		close(driver->swap_fd);
	free(driver);
}

static struct driver *driver_new(const struct tuskfs_driver_settings *settings, bool is_swap)
{
	struct driver *driver = calloc(1, sizeof(*driver));
	if (!driver)
		return NULL;
	driver->settings = settings;
	driver->main = pthread_self();
	driver->is_swap = is_swap;
	driver->swap_fd = -1;
	sem_init(&driver->mounted, 0, 0);
	sem_init(&driver->loop_ended, 0, 0);
	return driver;
}

static int begin(struct driver *driver, struct tusk_err *err)
{
	struct tuskfs *fs = &driver->fs;
	if (prepare(driver, err) < 0)
		return -1;
	allow_quiet(driver);
	fs->acls = !fs->no_xattrs && !fs->quiet.is_allowed && wants_acls(fs->options);
	if (mount_session(driver, err) < 0)
		return -1;
	return start_threads(driver, err);
}

static void end(struct driver *driver)
{
	if (driver->loop_started)
		stop(driver);
	release(driver);
}

/* The kernel was told that nothing in this mount has extended attributes; now there is something that has. A new
 * session takes over; who is in the old one stays there, with the snapshots it knew. */
static void swap(struct driver **current)
{
	struct driver *old = *current, *new = old->is_swap ? NULL : driver_new(old->settings, true);
	struct tusk_err err = {0};
	if (!new)
		return;
	if (begin(new, &err) == 0 && tuskfs_swap_in(new->swap_fd, old->settings->mountpoint, &err) == 0) {
		close(new->swap_fd); /* or the mount would be busy */
		new->swap_fd = -1;
		tuskfs_mounting_raise_read_ahead(old->settings->mountpoint);
		new->is_mounted = true;
		old->is_mounted = false;
		new->previous = old;
		*current = new;
		return;
	}
	tuskfs_log(LOG_ERR, "no snapshot newer than now is shown before the next mount: %s", err.message);
	end(new);
}

/* Whether anything is still mounted after one of the sessions has ended. */
static bool goes_on(struct driver *current)
{
	if (current->previous && has_ended(current->previous)) {
		end(current->previous);
		current->previous = NULL;
	}
	return current->previous || !has_ended(current);
}

static void serve(struct driver **current, const sigset_t *waited)
{
	for (;;) {
		int signal_number;
		sigwait(waited, &signal_number);
		if (signal_number == SWAP_SIGNAL)
			swap(current);
		else if (signal_number == ENDED_SIGNAL
			     ? !goes_on(*current)
			     : signal_number != SIGHUP || (*current)->settings->options->foreground)
			return;
	}
}

int tuskfs_driver_run(const struct tuskfs_driver_settings *settings, struct tusk_err *err)
{
	struct driver *driver = driver_new(settings, false);
	sigset_t waited;
	if (!driver)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot mount");
	prepare_signals(&waited);
	int result = begin(driver, err);
	if (result == 0)
		serve(&driver, &waited);
	else
		tuskfs_daemon_report(settings->daemon, err);
	if (driver->previous)
		end(driver->previous);
	end(driver);
	return result;
}
