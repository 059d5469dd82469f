/* Opening nodes with one secret. */
#include "pipeline/access.h"

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

void pipeline_access_release(struct pipeline_access *access)
{
	tusk_secret_release(&access->secret);
	free(access->credentials);
	access->credentials = NULL;
}

static int ask(void *context, struct tusk_secret *ret_secret, struct tusk_err *err)
{
	struct pipeline_access *access = context;
	const struct tusk_args *args = access->cli->args;
	const struct pipeline *p = access->pipeline;
	char prompt[128];
	if (access->has_secret)
		return tusk_secret_copy(&access->secret, ret_secret, err);
	snprintf(prompt, sizeof(prompt), "password for pipeline %s", p->name);
	struct tusk_secret_request request = {.password_file = tusk_args_text(args, TUSK_OPT_PASSWORD_FILE),
					      .password_command = tusk_args_text(args, TUSK_OPT_PASSWORD_COMMAND),
					      .key_file = tusk_args_text(args, TUSK_OPT_KEY_FILE),
					      .environment = true,
					      .prompt = prompt};
	/* Under systemd the credential is what LoadCredential made of the file that the pipeline names. */
	if (!request.password_file && !request.password_command && !request.key_file &&
	    !getenv("CREDENTIALS_DIRECTORY")) {
		request.password_file = p->password_file;
		request.password_command = p->password_command;
		request.key_file = p->key_file;
	}
	struct tusk_secret_origin origin;
	if (tusk_secret_get(&request, ret_secret, &origin, err) < 0) {
		access->cli->no_secret = origin.none;
		return -1;
	}
	access->has_secret = true;
	return tusk_secret_copy(ret_secret, &access->secret, err);
}

const char *pipeline_local_path(const struct pipeline_node *node)
{
	if (node->url[0] == '/')
		return node->url;
	return strncmp(node->url, "file://", 7) == 0 ? node->url + 7 : NULL;
}

bool pipeline_is_present(const struct pipeline_node *node)
{
	const char *path = pipeline_local_path(node);
	return !path || access(path, F_OK) == 0;
}

int pipeline_use_credentials(struct pipeline_access *access, size_t node, struct tusk_err *err)
{
	static const char variable[] = "AWS_SHARED_CREDENTIALS_FILE";
	const char *given = getenv(variable), *file = access->pipeline->nodes[node].credentials_file;
	if (!access->known_credentials && given && !(access->credentials = strdup(given)))
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	access->known_credentials = true;
	file = file ? file : access->credentials;
	if (file ? setenv(variable, file, 1) : unsetenv(variable))
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

int pipeline_open(struct pipeline_access *access, size_t node, bool alone, struct tusk_repository **ret_repository,
		  struct tusk_err *err)
{
	const struct pipeline_node *which = &access->pipeline->nodes[node];
	const char *const only[] = {which->url, NULL};
	struct tusk_open_options options = {.ask = ask, .ask_context = access, .only = alone ? only : NULL};
	if (pipeline_use_credentials(access, node, err) < 0)
		return -1;
	if (tusk_repository_open(which->url, &options, ret_repository, err) == 0)
		return 0;
	/* The library's text begins with the repository's name. */
	return tusk_err_prefix(err, "node %s", which->name);
}

int pipeline_secret_file(const struct pipeline_access *access, int *ret_fd, char *ret_option, size_t size,
			 struct tusk_err *err)
{
	char hex[65];
	const void *text = access->secret.secret.data;
	size_t len = access->secret.secret.len;
	*ret_fd = -1;
	if (!access->has_secret)
		return 0;
	TUSK_AUTO_FD int fd = memfd_create("tusk-secret", MFD_CLOEXEC);
	if (fd < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, errno, "cannot hand the password on");
	bool key = access->secret.kind == TUSK_SECRET_KEY_FILE && len == 32;
	if (access->secret.kind != TUSK_SECRET_PASSPHRASE && len == 32) {
		tusk_hex_encode(text, len, hex);
		text = hex;
		len = 64;
	}
	bool written = write(fd, text, len) == (ssize_t)len && write(fd, "\n", 1) == 1;
	explicit_bzero(hex, sizeof(hex));
	if (!written)
		return tusk_err_set(err, TUSK_E_IO, errno, "cannot hand the password on");
	snprintf(ret_option, size, "--%s-file=/proc/self/fd/%d",
		 key || access->secret.kind == TUSK_SECRET_RECOVERY ? "key" : "password", fd);
	*ret_fd = tusk_steal_fd(&fd);
	return 0;
}
