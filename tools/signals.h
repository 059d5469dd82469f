/* The stop flag. */
#ifndef TUSK_TOOLS_SIGNALS_H
#define TUSK_TOOLS_SIGNALS_H

#include <stdatomic.h>

/* From now on the first SIGINT, SIGTERM or SIGHUP sets the flag; a second one ends the program. SIGPIPE is ignored, so
 * that a reader of stdout that goes away does not end the work. */
const atomic_bool *tusk_signals_catch(void);

#endif
