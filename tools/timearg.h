/* --time. */
#ifndef TUSK_TOOLS_TIMEARG_H
#define TUSK_TOOLS_TIMEARG_H

#include "tusk/err.h"

#include <time.h>

/* "2026-11-22", "2026-11-22T14:07", "2026-11-22 14:07:22" in local time, or with a final Z in UTC; "@1795356442"
 * seconds since 1970. */
int tusk_time_parse(const char *text, struct timespec *ret_time, struct tusk_err *err);

#endif
