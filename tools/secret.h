/* Where a password or key comes from. */
#ifndef TUSK_TOOLS_SECRET_H
#define TUSK_TOOLS_SECRET_H

#include "tusk/repository.h"

#include <stdbool.h>

struct tusk_secret_request {
	const char *password_file, *password_command, *key_file; /* from options; NULL: not given; at most one */
	bool environment;   /* look at TUSK_* and $CREDENTIALS_DIRECTORY when no option is given */
	bool create;        /* a new secret: a missing key file is made, a prompt is repeated */
	const char *prompt; /* without the colon */
};

struct tusk_secret_origin {
	const char *made_key_file; /* its path, or NULL; the caller removes it when its own work fails */
	bool none;                 /* no option, no variable, no terminal */
};

/* Finds the secret in this order: option, TUSK_PASSWORD_FILE, TUSK_PASSWORD_COMMAND, TUSK_KEY_FILE, TUSK_PASSWORD,
 * $CREDENTIALS_DIRECTORY/tusk.password, a prompt if stdin is a terminal. ret_origin is set on failure too.
 * Errors: TUSK_E_PASSWORD (none to be had, unreadable, empty, no key), TUSK_E_USAGE (two options),
 * TUSK_E_INTERRUPTED. */
int tusk_secret_get(const struct tusk_secret_request *request, struct tusk_secret *ret_secret,
		    struct tusk_secret_origin *ret_origin, struct tusk_err *err);

/* to is empty, and becomes a copy that its owner releases. TUSK_E_NOMEM. */
int tusk_secret_copy(const struct tusk_secret *from, struct tusk_secret *to, struct tusk_err *err);

/* Makes a key file (64 digits and a newline, mode 0600), durably; TUSK_E_EXISTS. */
int tusk_key_file_write(const char *path, const uint8_t key[32], struct tusk_err *err);

/* Asks on the terminal without echo; the answer has no newline. TUSK_E_INTERRUPTED on SIGINT or SIGTERM. */
int tusk_prompt(const char *text, struct tusk_buf *ret_answer, struct tusk_err *err);

#endif
