/* Where the secret comes from that opens the repository. */
#ifndef TUSKFS_CREDENTIALS_H
#define TUSKFS_CREDENTIALS_H

#include "options.h"

#include "tusk/repository.h"

/* For struct tusk_open_options: context is the struct tuskfs_options. In this order: -o password-file,
 * password-command, key-file; the environment's TUSK_PASSWORD_FILE, TUSK_PASSWORD_COMMAND,
 * TUSK_KEY_FILE, TUSK_PASSWORD; $CREDENTIALS_DIRECTORY/tusk.password; the terminal (as tusk does). TUSK_E_PASSWORD if
 * none of them is there or it cannot be read; TUSK_E_INTERRUPTED. */
int tuskfs_credentials_ask(void *context, struct tusk_secret *ret_secret, struct tusk_err *err);

#endif
