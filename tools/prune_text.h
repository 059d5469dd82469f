/* Prune as a verb: for prune itself and for forget --prune. */
#ifndef TUSK_TOOLS_PRUNE_TEXT_H
#define TUSK_TOOLS_PRUNE_TEXT_H

#include "cmd.h"
#include "json.h"
#include "tusk/prune.h"

/* Runs prune with the options of the command line and prints its result; an exit status. */
int tusk_cli_prune(struct tusk_cli *cli, struct tusk_repository *repository);

#endif
