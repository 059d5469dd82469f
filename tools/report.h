/* What people and programs read: stdout is the result, stderr is everything else.
 *
 * An error is "tusk: WHAT: OBJECT: CAUSE" and at most two "  hint: ..." lines; with --json one line
 * {"v":1,"type":"error","code":...,"exit":...,"message":...,"hints":[...]}.
 */
#ifndef TUSK_TOOLS_REPORT_H
#define TUSK_TOOLS_REPORT_H

#include "tusk/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TUSK_HINTS_MAX 2

enum tusk_exit {
	TUSK_EXIT_OK = 0,
	TUSK_EXIT_ERROR = 1,
	TUSK_EXIT_USAGE = 2,
	TUSK_EXIT_PARTIAL = 3, /* snapshot saved, but something could not be read */
	TUSK_EXIT_DAMAGE = 4,  /* or a difference */
	TUSK_EXIT_GOAL = 5,    /* a goal of a pipeline is missed */
	TUSK_EXIT_NO_REPOSITORY = 10,
	TUSK_EXIT_LOCKED = 11,
	TUSK_EXIT_PASSWORD = 12,
	TUSK_EXIT_FULL = 13,
	TUSK_EXIT_NODE = 14,
	TUSK_EXIT_MOUNT = 32,
	TUSK_EXIT_INTERRUPTED = 130
};

/* Total over enum tusk_code. */
int tusk_exit_status(enum tusk_code code);

struct tusk_report {
	FILE *log; /* stderr, but for tests */
	bool json, quiet;
	unsigned verbosity;
};

/* Prints err with the hints that are not NULL; returns its exit status. */
int tusk_report_error(const struct tusk_report *report, const struct tusk_err *err,
		      const char *const hints[TUSK_HINTS_MAX]);
/* The same for a text that comes from no struct tusk_err. */
int tusk_report_fail(const struct tusk_report *report, enum tusk_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "tusk: TEXT"; with --json {"type":"warning","message":TEXT}. */
void tusk_report_warning(const struct tusk_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends text, made harmless for a terminal: control characters become "?". */
void tusk_report_print_safe(FILE *out, const char *text);

#endif
