#include "state.h"

#include "fileio.h"
#include "keyslot.h"
#include "tusk/text.h"

#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME  "repository"
#define FIRST_LINE "tusk state 1\n"
#define TEXT_SIZE  256
#define FILE_MAX   4096
#define MODE       0700

/* The home folder, or NULL. */
static const char *home_folder(char *buffer, size_t size)
{
	const char *home = getenv("HOME");
	struct passwd entry, *found = NULL;

	if (home && home[0] == '/')
		return home;
	if (getpwuid_r(geteuid(), &entry, buffer, size, &found) != 0 || !found || found->pw_dir[0] != '/')
		return NULL;
	return found->pw_dir;
}

/* The folder that holds the state of all repositories, "/tusk" included. */
static int default_base(char ret_base[PATH_MAX], struct tusk_err *err)
{
	const char *state_home = getenv("XDG_STATE_HOME");
	char buffer[4096];
	const char *home;
	int len;

	if (state_home && state_home[0] == '/')
		len = snprintf(ret_base, PATH_MAX, "%s/tusk", state_home);
	else if (geteuid() == 0)
		len = snprintf(ret_base, PATH_MAX, "/var/lib/tusk");
	else if ((home = home_folder(buffer, sizeof(buffer))))
		len = snprintf(ret_base, PATH_MAX, "%s/.local/state/tusk", home);
	else
		return tusk_err_set(err, TUSK_E_USAGE, 0,
				    "there is no place for this client's state: set XDG_STATE_HOME or HOME");
	if (len >= PATH_MAX)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "the path of this client's state is too long");
	return 0;
}

int tusk_state_dir(const char *base, const uint8_t repository[16], char **ret_dir, struct tusk_err *err)
{
	char folder[PATH_MAX] = "", standard[PATH_MAX], digits[33], *dir;

	if (!base) {
		if (default_base(standard, err) < 0)
			return -1;
		base = standard;
	}
	/* A process that daemonises leaves its folder. */
	if (base[0] != '/' && !getcwd(folder, sizeof(folder)))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "cannot find the current folder");
	tusk_hex_encode(repository, 16, digits);
	if (asprintf(&dir, "%s%s%s/%s", folder, folder[0] ? "/" : "", base, digits) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot name the client's state: out of memory");
	*ret_dir = dir;
	return 0;
}

static size_t make_text(const struct tusk_parameters *parameters, const uint8_t parameters_hash[32],
			char ret_text[TEXT_SIZE])
{
	char digits[65];

	tusk_hex_encode(parameters_hash, 32, digits);
	return (size_t)snprintf(ret_text, TEXT_SIZE, FIRST_LINE "suite %s\nparameters %s\n",
				tusk_suite_name(parameters->suite), digits);
}

/* What dir remembers, as a terminated text; empty when nothing. */
static void recall(const char *dir, struct tusk_buf *ret_text)
{
	int fd TUSK_AUTO_FD = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tusk_buf text TUSK_AUTO_BUF = {0};

	if (fd < 0 || tusk_read_file(fd, FILE_NAME, FILE_MAX, &text, NULL) < 0 || tusk_buf_append(&text, "", 1) < 0)
		return;
	*ret_text = text;
	text = (struct tusk_buf){0};
}

int tusk_state_check(const char *dir, const struct tusk_parameters *parameters, const uint8_t parameters_hash[32],
		     struct tusk_err *err)
{
	struct tusk_buf remembered TUSK_AUTO_BUF = {0};
	char text[TEXT_SIZE], suite[32] = "unknown";

	recall(dir, &remembered);
	make_text(parameters, parameters_hash, text);
	/* A text of another kind is that of a later tusk; it gets rewritten. */
	if (!remembered.len || strncmp((char *)remembered.data, FIRST_LINE, strlen(FIRST_LINE)) != 0 ||
	    strcmp((char *)remembered.data, text) == 0)
		return 0;
	sscanf((char *)remembered.data + strlen(FIRST_LINE), "suite %31s", suite);
	return tusk_err_set(err, TUSK_E_CORRUPT, 0,
			    "the parameters of this repository changed since this client last used it (encryption was "
			    "%s, is %s); if that was your doing, remove %s/" FILE_NAME,
			    suite, tusk_suite_name(parameters->suite), dir);
}

void tusk_state_note(const char *dir, const char *file, const char *line)
{
	int folder TUSK_AUTO_FD = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd TUSK_AUTO_FD = -1;
	struct timespec now;
	char time[40], text[4096];

	if (folder >= 0)
		fd = openat(folder, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	tusk_text_time_rfc3339(now, time);
	int len = snprintf(text, sizeof(text), "%s %s\n", time, line);
	/* In one piece: several programs may write. */
	if (len > 0 && (size_t)len < sizeof(text))
		(void)!write(fd, text, (size_t)len);
}

static int write_state(int fd, const char *text, size_t len)
{
	struct tusk_pending pending TUSK_AUTO_PENDING = {.fd = -1};

	if (tusk_pending_open(&pending, fd, NULL) < 0 || tusk_write_full(pending.fd, text, len, FILE_NAME, NULL) < 0)
		return -1;
	return tusk_pending_replace(&pending, FILE_NAME, NULL);
}

void tusk_state_remember(const char *dir, const struct tusk_parameters *parameters, const uint8_t parameters_hash[32])
{
	struct tusk_buf remembered TUSK_AUTO_BUF = {0};
	char text[TEXT_SIZE];
	size_t len = make_text(parameters, parameters_hash, text);
	int fd TUSK_AUTO_FD = -1;

	recall(dir, &remembered);
	if (remembered.len && strcmp((char *)remembered.data, text) == 0)
		return;
	if (tusk_make_directories(dir, MODE, NULL) < 0)
		return;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)write_state(fd, text, len);
}
