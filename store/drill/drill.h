/* The body of a note about a drill (FORMAT.md). */
#ifndef TUSK_DRILL_H
#define TUSK_DRILL_H

#include "tusk/buf.h"
#include "tusk/drills.h"

/* Pure: the fuzz target. TUSK_E_CORRUPT. */
int tusk_drill_decode(const void *body, size_t len, struct tusk_drill *ret_drill, struct tusk_err *err);
/* Appends. 0 or -1 (memory). */
int tusk_drill_encode(const struct tusk_drill *drill, struct tusk_buf *out);

#endif
