#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>

#define SECRET_MAX 4096
#define KEY_SIZE   32

/* Reads a first line of at most SECRET_MAX bytes; wipes on failure. */
static int read_line(int fd, struct tusk_buf *line)
{
	if (tusk_buf_reserve(line, SECRET_MAX + 1) < 0)
		return -1;
	while (line->len <= SECRET_MAX) {
		ssize_t n = read(fd, line->data + line->len, SECRET_MAX + 1 - line->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		const uint8_t *newline = n ? memchr(line->data + line->len, '\n', (size_t)n) : NULL;
		line->len = newline ? (size_t)(newline - line->data) : line->len + (size_t)n;
		if (n == 0 || newline)
			break;
	}
	errno = EMSGSIZE;
	return line->len <= SECRET_MAX ? 0 : -1;
}

static int take_line(int fd, const char *origin, struct tusk_secret *secret, struct tusk_err *err)
{
	snprintf(secret->origin, sizeof(secret->origin), "%s", origin);
	secret->kind = TUSK_SECRET_PASSPHRASE;
	if (read_line(fd, &secret->secret) < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "cannot read the password from %s", origin);
	if (secret->secret.len == 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "the password from %s is empty", origin);
	return 0;
}

static int from_file(const char *path, struct tusk_secret *secret, struct tusk_err *err)
{
	TUSK_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "cannot read the password file %s", path);
	return take_line(fd, path, secret, err);
}

static int from_key_file(const char *path, struct tusk_secret *secret, struct tusk_err *err)
{
	TUSK_AUTO_SECRET_BUF struct tusk_buf line = {0};
	TUSK_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(secret->origin, sizeof(secret->origin), "%s", path);
	secret->kind = TUSK_SECRET_KEY_FILE;
	if (fd < 0 || read_line(fd, &line) < 0 || tusk_buf_reserve(&secret->secret, KEY_SIZE) < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "cannot read the key file %s", path);
	if (tusk_hex_decode((const char *)line.data, line.len, secret->secret.data, KEY_SIZE) < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "%s is not a key file: 64 hexadecimal digits are expected",
				    path);
	secret->secret.len = KEY_SIZE;
	return 0;
}

static int from_command(const char *command, struct tusk_secret *secret, struct tusk_err *err)
{
	FILE *stream = popen(command, "re");
	if (!stream)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "cannot run the password command");
	int result = take_line(fileno(stream), "the password command", secret, err);
	int status = pclose(stream);
	/* A command that went on writing after its first line dies of SIGPIPE: not our concern. */
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "the password command ended with status %d",
				    WEXITSTATUS(status));
	return result;
}

static int from_environment(const char *value, struct tusk_secret *secret, struct tusk_err *err)
{
	snprintf(secret->origin, sizeof(secret->origin), "TUSK_PASSWORD");
	secret->kind = TUSK_SECRET_PASSPHRASE;
	if (tusk_buf_append(&secret->secret, value, strlen(value)) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot keep the password");
	return 0;
}

static int from_terminal(int tty, struct tusk_secret *secret, struct tusk_err *err)
{
	struct termios before, silent;
	if (tcgetattr(tty, &before) < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "cannot ask for the password");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	dprintf(tty, "password: ");
	tcsetattr(tty, TCSAFLUSH, &silent);
	int result = take_line(tty, "the terminal", secret, err);
	tcsetattr(tty, TCSAFLUSH, &before);
	dprintf(tty, "\n");
	return result;
}

struct source {
	const char *value;
	int (*read)(const char *value, struct tusk_secret *secret, struct tusk_err *err);
};

int tuskfs_credentials_ask(void *context, struct tusk_secret *ret_secret, struct tusk_err *err)
{
	const struct tuskfs_options *options = context;
	char credential[PATH_MAX];
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	snprintf(credential, sizeof(credential), "%s/tusk.password", folder ? folder : "");
	const struct source sources[] = {
	    {options->password_file, from_file},
	    {options->password_command, from_command},
	    {options->key_file, from_key_file},
	    {getenv("TUSK_PASSWORD_FILE"), from_file},
	    {getenv("TUSK_PASSWORD"), from_environment},
	    {getenv("TUSK_KEY_FILE"), from_key_file},
	    {getenv("TUSK_PASSWORD_COMMAND"), from_command},
	    {folder && access(credential, F_OK) == 0 ? credential : NULL, from_file},
	};
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (sources[i].value && *sources[i].value)
			return sources[i].read(sources[i].value, ret_secret, err);
	}
	TUSK_AUTO_FD int tty = isatty(STDIN_FILENO) ? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) : -1;
	if (tty >= 0)
		return from_terminal(tty, ret_secret, err);
	return tusk_err_set(err, TUSK_E_PASSWORD, 0,
			    "a password is needed and there is no terminal; use -o password-file=FILE, "
			    "-o key-file=FILE or TUSK_PASSWORD_FILE");
}
