#include "driver.h"

#include "log.h"
#include "readme.h"
#include "tuskfs.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#define SESSION_THREADS 2
#define WAKE_EVERY_NS   20000000L /* how often the loop is nudged until it has noticed that it shall end */
#define LOOP_SIGNAL     SIGUSR1   /* wakes the loop's thread; does nothing else */
#define ENDED_SIGNAL    SIGUSR2   /* from the loop's thread: the session is over */

/* The main thread only waits for signals; so stopping is done in one place and in order. */
struct driver {
	struct tuskfs fs;
	const struct tuskfs_driver_settings *settings;
	char *readme;
	pthread_t main, loop, settle;
	sem_t mounted; /* the kernel has said hello, or will not */
	sem_t loop_ended;
	bool settle_started, is_mounted;
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
	fs->no_xattrs = fs->no_xattrs || !fs->single->has_xattrs;
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

static int mount_session(struct driver *driver, struct tusk_err *err)
{
	struct tuskfs *fs = &driver->fs;
	const char *fsname = fs->options->fsname ? fs->options->fsname : fs->repository_name;
	if (tuskfs_mounting_session(fs->options, fsname, fs, &fs->session, err) < 0)
		return -1;
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
	int error = pthread_create(&driver->settle, NULL, settle, driver);
	driver->settle_started = error == 0;
	if (!error)
		error = pthread_create(&driver->loop, NULL, loop, driver);
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

/* The threads that send messages to the kernel end first, while requests are still answered: a message may be waiting
 * for a page or a folder that a request holds. */
static void serve(struct driver *driver, const sigset_t *waited)
{
	int signal_number;
	do {
		sigwait(waited, &signal_number);
	} while (signal_number == SIGHUP && !driver->settings->options->foreground);
	tuskfs_push_stop(driver->fs.push);
	tuskfs_sums_stop(driver->fs.sums);
	tuskfs_later_stop(driver->fs.later);
	if (driver->fs.refresh)
		tuskfs_refresh_stop(driver->fs.refresh);
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
}

int tuskfs_driver_run(const struct tuskfs_driver_settings *settings, struct tusk_err *err)
{
	struct driver driver = {.settings = settings, .main = pthread_self()};
	sigset_t waited;
	sem_init(&driver.mounted, 0, 0);
	sem_init(&driver.loop_ended, 0, 0);
	prepare_signals(&waited);
	int result = prepare(&driver, err);
	driver.fs.acls = !driver.fs.no_xattrs && wants_acls(settings->options);
	if (result == 0)
		result = mount_session(&driver, err);
	if (result == 0)
		result = start_threads(&driver, err);
	if (result == 0)
		serve(&driver, &waited);
	else
		tuskfs_daemon_report(settings->daemon, err);
	release(&driver);
	return result;
}
