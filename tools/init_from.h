/* tusk init --from. */
#ifndef TUSK_TOOLS_INIT_FROM_H
#define TUSK_TOOLS_INIT_FROM_H

#include "globals.h"

/* Makes another node of the repository that --from names, at url, and fills it. Returns the exit status. */
int tusk_init_from(struct tusk_cli *cli, const char *url);

#endif
