/* Safety steps that can be taken out, one at a time, to prove that the tests notice (scripts/torment sabotage). Nothing
 * of it is in an ordinary build; one with -DTUSK_SABOTAGE=ON leaves out the step that the environment variable
 * TUSK_SABOTAGE names. */
#ifndef TUSK_SABOTAGE_H
#define TUSK_SABOTAGE_H

#include <stdbool.h>

#ifdef TUSK_SABOTAGE
#include <stdlib.h>
#include <string.h>

static inline bool tusk_sabotaged(const char *step)
{
	const char *chosen = getenv("TUSK_SABOTAGE");

	return chosen && strcmp(chosen, step) == 0;
}
#define TUSK_SABOTAGED(step) tusk_sabotaged(#step)
#else
#define TUSK_SABOTAGED(step) false
#endif

#endif
