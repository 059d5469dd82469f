/* Errors: one caller-owned value, set once by whoever knows the object, prefixed on the way up. */
#ifndef TUSK_ERR_H
#define TUSK_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define TUSK_ERR_MESSAGE_SIZE 1024

/* Classes of failure. The mapping to exit status is in tools/ (exit.c), to errno in fs/ (errmap.c); both are total. */
enum tusk_code {
	TUSK_OK = 0,
	TUSK_E_USAGE,         /* the caller's or user's argument makes no sense */
	TUSK_E_NO_REPOSITORY, /* nothing there, or something else than a repository */
	TUSK_E_VERSION,       /* written by a newer tusk */
	TUSK_E_PASSWORD,      /* no key slot opens, or a secret is needed and there is none */
	TUSK_E_LOCKED,        /* another process holds what we need */
	TUSK_E_CORRUPT,       /* bytes that do not verify or do not decode */
	TUSK_E_ABSENT,        /* a named object, snapshot or path does not exist */
	TUSK_E_EXISTS,        /* would overwrite */
	TUSK_E_FULL,          /* no space left on a node or in the state folder */
	TUSK_E_NODE,          /* a node cannot be reached */
	TUSK_E_IO,            /* any other failure of a system call; see sys_errno */
	TUSK_E_NOMEM,
	TUSK_E_LIMIT,       /* larger than FORMAT.md allows */
	TUSK_E_SOURCE,      /* a file of the user's cannot be read: never a repository error */
	TUSK_E_MOUNT,       /* FUSE cannot mount */
	TUSK_E_INTERRUPTED, /* asked to stop */
	TUSK_E_INTERNAL,    /* a library failed in a way that should not happen */
	TUSK_CODE_COUNT
};

/* Invariants: 1. code == TUSK_OK iff message is empty. 2. message is terminated. 3. sys_errno is 0 or an errno value.
 */
struct tusk_err {
	enum tusk_code code;
	int sys_errno;
	char message[TUSK_ERR_MESSAGE_SIZE];
};

/* Sets err (which may be NULL: the error is then dropped) and returns -1, so that "return tusk_err_set(...)" reads
 * well. A non-zero sys_errno appends ": " and its text. ENOSPC and EDQUOT turn TUSK_E_IO into TUSK_E_FULL. Too long a
 * message is cut. */
int tusk_err_set(struct tusk_err *err, enum tusk_code code, int sys_errno, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts text and ": " before the message; returns -1. No effect on a clear err. */
int tusk_err_prefix(struct tusk_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Both return -1 in sight of the compiler and of clang-tidy: else they would take an output that a failure left
 * untouched for one that success left unset. */
static inline int tusk_failed(int status)
{
	(void)status;
	return -1;
}
#define tusk_err_set(...)    tusk_failed(tusk_err_set(__VA_ARGS__))
#define tusk_err_prefix(...) tusk_failed(tusk_err_prefix(__VA_ARGS__))

void tusk_err_clear(struct tusk_err *err);

/* A stable lower-case word for machine output ("corrupt", "no-repository"). */
const char *tusk_code_name(enum tusk_code code);

#endif
