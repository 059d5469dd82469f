/* Secrets as text: what a person types or a password file holds. */
#ifndef TUSK_RECOVERY_H
#define TUSK_RECOVERY_H

#include "tusk/repository.h"

#define TUSK_RECOVERY_TEXT_SIZE 65 /* 13 groups of 4 digits, 12 dashes, NUL */

/* A recovery code: the 32 key bytes as RFC 4648 base-32 digits in groups of four. */
void tusk_recovery_encode(const uint8_t key[32], char ret_text[TUSK_RECOVERY_TEXT_SIZE]);
/* 0, or -1 when text is no recovery code. Dashes, spaces and lower case are accepted. */
int tusk_recovery_decode(const char *text, size_t len, uint8_t ret_key[32]);

/* Turns the text in secret->secret into a secret: its last newline goes, and what has the form of a recovery code is
 * one; all else is a passphrase. TUSK_E_PASSWORD, naming secret->origin, when nothing is left. */
int tusk_secret_from_text(struct tusk_secret *secret, struct tusk_err *err);

#endif
