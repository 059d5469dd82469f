/* Finding a secret: options, variables, credentials of the service manager, the terminal. */
#include "secret.h"

#include "tusk/init.h"
#include "tusk/recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET_MAX 4096

static int read_fd(int fd, const char *what, struct tusk_buf *ret_text, struct tusk_err *err)
{
	if (tusk_buf_reserve(ret_text, SECRET_MAX + 1) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (;;) {
		ssize_t got = read(fd, ret_text->data + ret_text->len, SECRET_MAX + 1 - ret_text->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return tusk_err_set(err, TUSK_E_PASSWORD, errno, "%s", what);
		if (got == 0)
			return 0;
		ret_text->len += (size_t)got;
		if (ret_text->len > SECRET_MAX)
			return tusk_err_set(err, TUSK_E_PASSWORD, 0, "%s: longer than %d bytes", what, SECRET_MAX);
	}
}

static int from_file(const char *path, struct tusk_secret *secret, struct tusk_err *err)
{
	char what[PATH_MAX + 32];
	snprintf(what, sizeof(what), "password file %s", path);
	snprintf(secret->origin, sizeof(secret->origin), "%s", path);
	TUSK_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "%s", what);
	return read_fd(fd, what, &secret->secret, err) < 0 ? -1 : tusk_secret_from_text(secret, err);
}

static int from_command(const char *command, struct tusk_secret *secret, struct tusk_err *err)
{
	snprintf(secret->origin, sizeof(secret->origin), "the password command");
	fflush(NULL);
	FILE *pipe = popen(command, "re");
	if (!pipe)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "password command");
	int rc = read_fd(fileno(pipe), "password command", &secret->secret, err);
	int status = pclose(pipe);
	if (rc < 0)
		return -1;
	if (status != 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "password command failed: %s %d",
				    WIFSIGNALED(status) ? "signal" : "exit status",
				    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return tusk_secret_from_text(secret, err);
}

static int from_text(const char *text, const char *origin, struct tusk_secret *secret, struct tusk_err *err)
{
	snprintf(secret->origin, sizeof(secret->origin), "%s", origin);
	if (tusk_buf_append(&secret->secret, text, strlen(text)) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return tusk_secret_from_text(secret, err);
}

static int fsync_parent(const char *path)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int len = !slash ? 1 : slash == path ? 1 : (int)(slash - path);
	snprintf(parent, sizeof(parent), "%.*s", len, slash ? path : ".");
	TUSK_AUTO_FD int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -1 : fsync(fd);
}

int tusk_key_file_write(const char *path, const uint8_t key[32], struct tusk_err *err)
{
	TUSK_AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return tusk_err_set(err, errno == EEXIST ? TUSK_E_EXISTS : TUSK_E_IO, errno, "cannot make key file %s",
				    path);
	char text[66];
	tusk_hex_encode(key, 32, text);
	text[64] = '\n';
	bool written = write(fd, text, 65) == 65 && fsync(fd) == 0;
	int saved = errno;
	explicit_bzero(text, sizeof(text));
	if (written && fsync_parent(path) == 0)
		return 0;
	if (written)
		saved = errno;
	unlink(path);
	return tusk_err_set(err, TUSK_E_IO, saved, "cannot write key file %s", path);
}

static int make_key_file(const char *path, struct tusk_secret *secret, struct tusk_secret_origin *ret_origin,
			 struct tusk_err *err)
{
	uint8_t key[32];
	if (tusk_key_generate(key, err) < 0)
		return -1;
	int rc = tusk_key_file_write(path, key, err);
	if (rc == 0)
		ret_origin->made_key_file = path;
	if (rc == 0 && tusk_buf_append(&secret->secret, key, sizeof(key)) < 0)
		rc = tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	explicit_bzero(key, sizeof(key));
	return rc;
}

static int from_key_file(const char *path, bool create, struct tusk_secret *secret,
			 struct tusk_secret_origin *ret_origin, struct tusk_err *err)
{
	char what[PATH_MAX + 32];
	snprintf(what, sizeof(what), "key file %s", path);
	snprintf(secret->origin, sizeof(secret->origin), "%s", path);
	secret->kind = TUSK_SECRET_KEY_FILE;
	TUSK_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && create)
		return make_key_file(path, secret, ret_origin, err);
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "%s", what);

	TUSK_AUTO_SECRET_BUF struct tusk_buf text = {0};
	if (read_fd(fd, what, &text, err) < 0)
		return -1;
	while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
		text.len--;
	if (tusk_buf_reserve(&secret->secret, 32) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_hex_decode((const char *)text.data, text.len, secret->secret.data, 32) < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "%s: not a key: it should hold 64 hexadecimal digits",
				    what);
	secret->secret.len = 32;
	return 0;
}

static int from_terminal(const struct tusk_secret_request *request, struct tusk_secret *secret, struct tusk_err *err)
{
	snprintf(secret->origin, sizeof(secret->origin), "the terminal");
	if (tusk_prompt(request->prompt, &secret->secret, err) < 0)
		return -1;
	if (request->create) {
		TUSK_AUTO_SECRET_BUF struct tusk_buf again = {0};
		if (tusk_prompt("the same again", &again, err) < 0)
			return -1;
		if (again.len != secret->secret.len || memcmp(again.data, secret->secret.data, again.len) != 0)
			return tusk_err_set(err, TUSK_E_PASSWORD, 0, "the two passwords differ");
	}
	return tusk_secret_from_text(secret, err);
}

static const char *variable(const struct tusk_secret_request *request, const char *name)
{
	const char *value = request->environment ? getenv(name) : NULL;
	return value && *value ? value : NULL;
}

static int from_anywhere(const struct tusk_secret_request *request, struct tusk_secret *secret,
			 struct tusk_secret_origin *ret_origin, struct tusk_err *err)
{
	if (request->password_file)
		return from_file(request->password_file, secret, err);
	if (request->password_command)
		return from_command(request->password_command, secret, err);
	if (request->key_file)
		return from_key_file(request->key_file, request->create, secret, ret_origin, err);
	const char *value;
	if ((value = variable(request, "TUSK_PASSWORD_FILE")))
		return from_file(value, secret, err);
	if ((value = variable(request, "TUSK_PASSWORD_COMMAND")))
		return from_command(value, secret, err);
	if ((value = variable(request, "TUSK_KEY_FILE")))
		return from_key_file(value, request->create, secret, ret_origin, err);
	if ((value = variable(request, "TUSK_PASSWORD")))
		return from_text(value, "TUSK_PASSWORD", secret, err);
	if ((value = variable(request, "CREDENTIALS_DIRECTORY"))) {
		char path[PATH_MAX];
		snprintf(path, sizeof(path), "%s/tusk.password", value);
		if (access(path, F_OK) == 0)
			return from_file(path, secret, err);
	}
	if (isatty(STDIN_FILENO))
		return from_terminal(request, secret, err);
	ret_origin->none = true;
	return tusk_err_set(err, TUSK_E_PASSWORD, 0, "a password is needed and there is no terminal");
}

int tusk_secret_get(const struct tusk_secret_request *request, struct tusk_secret *ret_secret,
		    struct tusk_secret_origin *ret_origin, struct tusk_err *err)
{
	*ret_origin = (struct tusk_secret_origin){0};
	if (!!request->password_file + !!request->password_command + !!request->key_file > 1)
		return tusk_err_set(err, TUSK_E_USAGE, 0,
				    "give one of a password file, a password command and a key file");
	TUSK_AUTO_SECRET struct tusk_secret secret = {0};
	if (from_anywhere(request, &secret, ret_origin, err) < 0)
		return -1;
	*ret_secret = secret;
	secret = (struct tusk_secret){0};
	return 0;
}

int tusk_secret_copy(const struct tusk_secret *from, struct tusk_secret *to, struct tusk_err *err)
{
	to->kind = from->kind;
	memcpy(to->origin, from->origin, sizeof(to->origin));
	if (tusk_buf_append(&to->secret, from->secret.data, from->secret.len) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}
