#include "credentials.h"

#include "tusk/recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>

#define SECRET_MAX 4096
#define KEY_SIZE   32

/* Reads all there is, at most SECRET_MAX bytes. */
static int read_text(int fd, struct tusk_buf *text)
{
	ssize_t n = 1;
	if (tusk_buf_reserve(text, SECRET_MAX + 1) < 0)
		return -1;
	while (n != 0 && text->len <= SECRET_MAX) {
		n = read(fd, text->data + text->len, SECRET_MAX + 1 - text->len);
		if (n < 0 && errno != EINTR)
			return -1;
		text->len += n > 0 ? (size_t)n : 0;
	}
	errno = EMSGSIZE;
	return text->len <= SECRET_MAX ? 0 : -1;
}

static int take_text(int fd, const char *origin, struct tusk_secret *secret, struct tusk_err *err)
{
	snprintf(secret->origin, sizeof(secret->origin), "%s", origin);
	if (read_text(fd, &secret->secret) < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "cannot read the password from %s", origin);
	return tusk_secret_from_text(secret, err);
}

static int from_file(const char *path, struct tusk_secret *secret, struct tusk_err *err)
{
	TUSK_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "cannot read the password file %s", path);
	return take_text(fd, path, secret, err);
}

static int from_key_file(const char *path, struct tusk_secret *secret, struct tusk_err *err)
{
	TUSK_AUTO_SECRET_BUF struct tusk_buf text = {0};
	TUSK_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(secret->origin, sizeof(secret->origin), "%s", path);
	secret->kind = TUSK_SECRET_KEY_FILE;
	if (fd < 0 || read_text(fd, &text) < 0 || tusk_buf_reserve(&secret->secret, KEY_SIZE) < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "cannot read the key file %s", path);
	while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
		text.len--;
	if (tusk_hex_decode((const char *)text.data, text.len, secret->secret.data, KEY_SIZE) < 0)
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
	int result = take_text(fileno(stream), "the password command", secret, err);
	int status = pclose(stream);
	if (result == 0 && status != 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "the password command ended with %s %d",
				    WIFSIGNALED(status) ? "signal" : "status",
				    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return result;
}

static int from_environment(const char *value, struct tusk_secret *secret, struct tusk_err *err)
{
	snprintf(secret->origin, sizeof(secret->origin), "TUSK_PASSWORD");
	if (tusk_buf_append(&secret->secret, value, strlen(value)) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot keep the password");
	return tusk_secret_from_text(secret, err);
}

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* One line, or TUSK_E_INTERRUPTED. */
static int read_line(int tty, struct tusk_secret *secret, struct tusk_err *err)
{
	struct tusk_buf *line = &secret->secret;
	if (tusk_buf_reserve(line, SECRET_MAX + 1) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, ENOMEM, "cannot keep the password");
	while (!interrupted && (line->len == 0 || line->data[line->len - 1] != '\n')) {
		if (line->len > SECRET_MAX)
			return tusk_err_set(err, TUSK_E_PASSWORD, EMSGSIZE, "the password");
		ssize_t n = read(tty, line->data + line->len, SECRET_MAX + 1 - line->len);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return tusk_err_set(err, TUSK_E_PASSWORD, errno, "cannot read from the terminal");
		line->len += n > 0 ? (size_t)n : 0;
	}
	if (interrupted)
		return tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted");
	return tusk_secret_from_text(secret, err);
}

static int from_terminal(const struct tuskfs_options *options, int tty, struct tusk_secret *secret,
			 struct tusk_err *err)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal}, old[3];
	struct termios before, silent;
	if (tcgetattr(tty, &before) < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "cannot ask for the password");
	/* Without SA_RESTART: a signal ends the read, so that echo comes back before the program ends. */
	for (int i = 0; i < 3; i++)
		sigaction(signals[i], &action, &old[i]);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(tty, TCSAFLUSH, &silent);
	dprintf(tty, "password for %s: ", options->repository);
	snprintf(secret->origin, sizeof(secret->origin), "the terminal");
	int result = read_line(tty, secret, err);
	tcsetattr(tty, TCSAFLUSH, &before);
	dprintf(tty, "\n");
	for (int i = 0; i < 3; i++)
		sigaction(signals[i], &old[i], NULL);
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
	    {getenv("TUSK_PASSWORD_COMMAND"), from_command},
	    {getenv("TUSK_KEY_FILE"), from_key_file},
	    {getenv("TUSK_PASSWORD"), from_environment},
	    {folder && access(credential, F_OK) == 0 ? credential : NULL, from_file},
	};
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (sources[i].value && *sources[i].value)
			return sources[i].read(sources[i].value, ret_secret, err);
	}
	TUSK_AUTO_FD int tty = isatty(STDIN_FILENO) ? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) : -1;
	if (tty >= 0)
		return from_terminal(options, tty, ret_secret, err);
	return tusk_err_set(err, TUSK_E_PASSWORD, 0,
			    "a password is needed and there is no terminal; use -o password-file=FILE, "
			    "-o key-file=FILE or TUSK_PASSWORD_FILE");
}
