/* A snapshot of one file whose content comes from a descriptor or from a program. */
#include "metadata.h"
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static void make_stat(mode_t mode, struct stat *ret_stat)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	*ret_stat = (struct stat){
	    .st_mode = mode, .st_uid = geteuid(), .st_gid = getegid(), .st_nlink = 1, .st_mtim = now, .st_ctim = now};
}

static int add_file(struct tusk_ingest *ingest, struct tusk_dirjob *root, struct tusk_err *err)
{
	const char *name = ingest->options->stream_name;
	struct tusk_item *item = tusk_items_take(ingest->items);
	if (!item)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	size_t len = strlen(name);
	memcpy(item->name, name, len + 1);
	item->entry.name = (struct tusk_bytes){(const uint8_t *)item->name, len};
	item->fate = 'N';
	make_stat(S_IFREG | 0600, &item->stat);
	tusk_dirjob_append(root, item);
	tusk_queue_push_batch(ingest->queue, item);
	return 0;
}

static int run(struct tusk_ingest *ingest, struct tusk_lane *lane, struct tusk_err *err)
{
	struct tusk_dirjob *root;
	if (tusk_dirjob_new(ingest, NULL, "", &root, err) < 0)
		return -1;
	make_stat(S_IFDIR | 0755, &root->item.stat);
	tusk_describe(lane, &root->item.stat, &root->item.entry);
	if (tusk_dirjob_build(root, err) < 0 || add_file(ingest, root, err) < 0)
		return -1;
	tusk_count(&ingest->progress->dirs_done, 1);
	return tusk_dirjob_walked(lane, root, err);
}

int tusk_stream_run(struct tusk_ingest *ingest)
{
	struct tusk_err err = {0};
	struct tusk_lane lane;
	if (tusk_lane_init(&lane, ingest, false, &err) < 0)
		return tusk_ingest_fail(ingest, &err);
	int result = run(ingest, &lane, &err);
	tusk_lane_release(&lane);
	return result < 0 ? tusk_ingest_fail(ingest, &err) : 0;
}

int tusk_stream_spawn(const char *const *command, int *ret_fd, pid_t *ret_pid, struct tusk_err *err)
{
	int ends[2];
	posix_spawn_file_actions_t actions;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return tusk_err_set(err, TUSK_E_SOURCE, errno, "cannot make a pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	char **arguments = NULL;
	memcpy(&arguments, &command, sizeof arguments); /* posix_spawn does not change them (POSIX, rationale) */
	int result = posix_spawnp(ret_pid, command[0], &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (result != 0) {
		close(ends[0]);
		return tusk_err_set(err, TUSK_E_SOURCE, result, "cannot run \"%s\"", command[0]);
	}
	*ret_fd = ends[0];
	return 0;
}

int tusk_stream_wait(const char *const *command, pid_t pid, bool end_it, struct tusk_err *err)
{
	int status;
	if (end_it)
		kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return tusk_err_set(err, TUSK_E_SOURCE, errno, "cannot wait for \"%s\"", command[0]);
	if (WIFSIGNALED(status))
		return tusk_err_set(err, TUSK_E_SOURCE, 0, "\"%s\" was ended by signal %d: no snapshot was written",
				    command[0], WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return tusk_err_set(err, TUSK_E_SOURCE, 0, "\"%s\" ended with status %d: no snapshot was written",
				    command[0], WEXITSTATUS(status));
	return 0;
}
