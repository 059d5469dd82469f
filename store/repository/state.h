/* What a client remembers about a repository between two uses: which parameters it had. A repository whose encryption
 * was taken away behind the client's back is then refused before anything is written to it or asked for. */
#ifndef TUSK_STATE_H
#define TUSK_STATE_H

#include "tusk/err.h"
#include "tusk/repository.h"

/* The state folder of the repository with that id, absolute: below base, or below the default place when base is NULL.
 * ret_dir: freed by the caller. Makes nothing. TUSK_E_USAGE when there is no place for it. */
int tusk_state_dir(const char *base, const uint8_t repository[16], char **ret_dir, struct tusk_err *err);

/* TUSK_E_CORRUPT when dir remembers other parameters. A client that remembers nothing, or cannot read its memory, is
 * content. */
int tusk_state_check(const char *dir, const struct tusk_parameters *parameters, const uint8_t parameters_hash[32],
		     struct tusk_err *err);
/* Makes dir and remembers; a client that cannot (a read-only home) goes on without. */
void tusk_state_remember(const char *dir, const struct tusk_parameters *parameters, const uint8_t parameters_hash[32]);

/* Appends a line with the time to a file in dir, as far as that is possible. */
void tusk_state_note(const char *dir, const char *file, const char *line);

#endif
