/* The ssh program: where to, its command line, starting it, why it ended. */
#include "node_ssh.h"

#include "tusk/id.h"
#include "tusk/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#define PATIENCE_MS   200
#define STEP_MS       5
#define ARGUMENTS_MAX 32

/* ---- the URL ---- */

static bool is_clean(const char *text, const char *also)
{
	for (const char *c = text; *c; c++) {
		bool is_letter = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z');

		if (!is_letter && !strchr(also, *c))
			return false;
	}
	return text[0] != '-' && text[0] != '\0';
}

static int bad_url(const char *url, const char *why, struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_USAGE, 0, "\"%.200s\" %s; write ssh://[user@]host[:port]/path", url, why);
}

static bool copy_part(char *out, size_t size, const char *from, const char *end)
{
	size_t len = (size_t)(end - from);

	if (len >= size)
		return false;
	memcpy(out, from, len);
	out[len] = '\0';
	return true;
}

/* "host", "host:port", "[v6]:port" */
static bool split_host(const char *from, const char *end, struct tusk_ssh_place *place)
{
	const char *close = *from == '[' ? memchr(from, ']', (size_t)(end - from)) : NULL;
	const char *host_end = close;
	const char *colon;

	if (*from == '[' && !close)
		return false;
	colon = memchr(close ? close : from, ':', (size_t)(end - (close ? close : from)));
	if (close && colon != close + 1 && close + 1 != end)
		return false;
	if (!close)
		host_end = colon ? colon : end;
	if (!copy_part(place->host, sizeof(place->host), from + (close ? 1 : 0), host_end) ||
	    !is_clean(place->host, close ? ".-_:%" : ".-_"))
		return false;
	if (!colon)
		return true;
	return copy_part(place->port, sizeof(place->port), colon + 1, end) && is_clean(place->port, "") &&
	       strspn(place->port, "0123456789") == strlen(place->port);
}

/* Decodes %XX. */
static char *decode_path(const char *text)
{
	char *path = malloc(strlen(text) + 1), *out = path;

	for (; path && *text; text++) {
		uint8_t byte = (uint8_t)*text;

		if (*text == '%') {
			if (strnlen(text, 3) < 3 || tusk_hex_decode(text + 1, 2, &byte, 1) < 0 || !byte) {
				free(path);
				return NULL;
			}
			text += 2;
		}
		*out++ = (char)byte;
	}
	if (path)
		*out = '\0';
	return path;
}

int tusk_ssh_place_parse(const char *url, struct tusk_ssh_place *ret_place, struct tusk_err *err)
{
	const char *from = url + strlen("ssh://"), *end = from + strcspn(from, "/");
	const char *at = memchr(from, '@', (size_t)(end - from)), *path = end;
	struct tusk_ssh_place place = {0};

	if (at && (!copy_part(place.user, sizeof(place.user), from, at) || !is_clean(place.user, "._-+")))
		return bad_url(url, "has no user name that ssh could be given", err);
	if (!split_host(at ? at + 1 : from, end, &place))
		return bad_url(url, "has no host name or port that ssh could be given", err);
	if (strncmp(path, "/~/", 3) == 0)
		path += 3;
	if (!path[0] || strcmp(path, "/") == 0)
		return bad_url(url, "has no path", err);
	place.path = decode_path(path);
	if (!place.path)
		return bad_url(url, "has a broken %XX", err);
	*ret_place = place;
	return 0;
}

/* ---- the command ---- */

/* tusk serve --stdio 'path', for the shell over there. */
static char *remote_command(const char *path)
{
	const char *program = getenv("TUSK_REMOTE_COMMAND");
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	bool bad;

	program = program && *program ? program : "tusk";
	bad = tusk_buf_append(&text, program, strlen(program)) < 0 ||
	      tusk_buf_append(&text, " serve --stdio -- '", 19) < 0;
	for (; !bad && *path; path++)
		bad = *path == '\'' ? tusk_buf_append(&text, "'\\''", 4) < 0 : tusk_buf_append(&text, path, 1) < 0;
	bad = bad || tusk_buf_append(&text, "'", 2) < 0;
	if (bad)
		return NULL;
	text.capacity = text.len = 0;
	return (char *)TUSK_STEAL(text.data);
}

struct command {
	const char *words[ARGUMENTS_MAX];
	size_t count;
};

static void add(struct command *command, const char *word)
{
	command->words[command->count++] = word;
}

/* The same arguments for ssh and for what stands in its place; the last one is the command for the far side. */
static void make_command(struct command *command, const struct tusk_ssh_place *place, const char *remote)
{
	static const char *const options[] = {"-a",
					      "-x",
					      "-T",
					      "-o",
					      "ServerAliveInterval=15",
					      "-o",
					      "ServerAliveCountMax=4",
					      "-o",
					      "ClearAllForwardings=yes"};
	const char *custom = getenv("TUSK_SSH_COMMAND");

	*command = (struct command){.count = 0};
	if (custom && *custom) {
		add(command, "/bin/sh");
		add(command, "-c");
		add(command, "eval \"$TUSK_SSH_COMMAND\" '\"$@\"'");
	}
	add(command, "ssh");
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		add(command, options[i]);
	if (place->port[0]) {
		add(command, "-p");
		add(command, place->port);
	}
	if (place->user[0]) {
		add(command, "-l");
		add(command, place->user);
	}
	add(command, "--");
	add(command, place->host);
	add(command, remote);
}

/* In the child: nothing but system calls. SIGINT and SIGHUP are for us to deal with: ssh shall not break the connection
 * under a tusk that is cleaning up, or under a driver in the background. */
static void become(const struct command *command, int io_fd, int error_fd)
{
	sigset_t none;

	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(io_fd, STDIN_FILENO) < 0 || dup2(io_fd, STDOUT_FILENO) < 0 || dup2(error_fd, STDERR_FILENO) < 0)
		_exit(126);
	close_range(STDERR_FILENO + 1, ~0u, 0);
	execvp(command->words[0], (char *const *)(uintptr_t)command->words);
	dprintf(STDERR_FILENO, "cannot start %s: %s\n", command->words[0], strerror(errno));
	_exit(126);
}

int tusk_ssh_child_start(const struct tusk_ssh_place *place, struct tusk_ssh_child *ret_child, struct tusk_err *err)
{
	char *remote TUSK_AUTO_FREE = remote_command(place->path);
	int io[2], errors[2];
	struct command command;
	pid_t pid;

	if (!remote)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot start ssh: out of memory");
	make_command(&command, place, remote);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, io) < 0)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot start ssh");
	if (pipe2(errors, O_CLOEXEC) < 0) {
		close(io[0]);
		close(io[1]);
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot start ssh");
	}
	pid = fork();
	if (pid == 0)
		become(&command, io[1], errors[1]);
	close(io[1]);
	close(errors[1]);
	*ret_child = (struct tusk_ssh_child){.pid = pid, .fd = io[0], .error_fd = errors[0]};
	if (pid < 0) {
		ret_child->pid = 0;
		tusk_ssh_child_end(ret_child, false);
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot start ssh");
	}
	fcntl(io[0], F_SETFL, O_NONBLOCK);
	fcntl(errors[0], F_SETFL, O_NONBLOCK);
	return 0;
}

/* ---- its end ---- */

/* Waits a moment for the end; the status as of waitpid, or -1 when it goes on or is not ours to wait for. */
static int reap(struct tusk_ssh_child *child)
{
	const struct timespec pause = {.tv_nsec = STEP_MS * 1000000L};
	int status;

	for (unsigned waited = 0; child->pid > 0; waited += STEP_MS) {
		pid_t got = waitpid(child->pid, &status, WNOHANG);

		if (got == child->pid) {
			child->pid = 0;
			return status;
		}
		if ((got < 0 && errno != EINTR) || waited >= PATIENCE_MS)
			return -1;
		nanosleep(&pause, NULL);
	}
	return -1;
}

/* Waits for the program's end however long that takes; nobody waits for this thread. */
static void *reap_later(void *context)
{
	pid_t pid = (pid_t)(intptr_t)context;

	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return NULL;
}

/* Without kill_it the program is left alone: it ends by itself at the end of its input. It may also be that it now
 * serves a process that we forked, which has the descriptors, too. */
void tusk_ssh_child_end(struct tusk_ssh_child *child, bool kill_it)
{
	if (child->fd >= 0)
		close(child->fd);
	if (child->error_fd >= 0)
		close(child->error_fd);
	child->fd = child->error_fd = -1;
	if (kill_it && child->pid > 0)
		kill(child->pid, SIGTERM);
	if (child->pid <= 0 || waitpid(child->pid, NULL, WNOHANG) != 0)
		return;
	pthread_t thread;
	if (pthread_create(&thread, NULL, reap_later, (void *)(intptr_t)child->pid) == 0)
		pthread_detach(thread);
}

int tusk_ssh_child_explain(struct tusk_ssh_child *child, const struct tusk_ssh_place *place, const char *last_line,
			   struct tusk_err *err)
{
	struct tusk_buf safe TUSK_AUTO_BUF = {0};
	const char *host = place->host, *line = "";
	int status = reap(child);

	if (*last_line && tusk_text_escape(&safe, last_line, strlen(last_line)) == 0)
		line = (const char *)safe.data;
	if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return tusk_err_set(err, TUSK_E_NODE, 0, "there is no tusk on %s (see TUSK_REMOTE_COMMAND)%s%s", host,
				    *line ? ": " : "", line);
	if (*line)
		return tusk_err_set(err, TUSK_E_NODE, 0, "%s is not reachable: %s", host, line);
	if (status >= 0 && WIFEXITED(status))
		return tusk_err_set(err, TUSK_E_NODE, 0, "%s is not reachable: ssh ended with exit status %d", host,
				    WEXITSTATUS(status));
	if (status >= 0 && WIFSIGNALED(status))
		return tusk_err_set(err, TUSK_E_NODE, 0, "%s is not reachable: ssh was ended by signal %d", host,
				    WTERMSIG(status));
	return tusk_err_set(err, TUSK_E_NODE, 0, "%s is not reachable: the connection ended", host);
}
