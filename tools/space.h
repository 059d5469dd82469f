/* The message about a full disk. */
#ifndef TUSK_TOOLS_SPACE_H
#define TUSK_TOOLS_SPACE_H

#include "tusk/err.h"

/* "WHAT stopped: PLACE is full: CAUSE; N free"; how much is free only when that can be found out. */
void tusk_space_explain(const char *what, const char *place, struct tusk_err *err);

#endif
