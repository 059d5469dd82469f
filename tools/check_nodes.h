/* tusk check --node, --all, --heal: nodes one by one, where they lie. */
#ifndef TUSK_TOOLS_CHECK_NODES_H
#define TUSK_TOOLS_CHECK_NODES_H

#include "globals.h"

/* Whether the command line asks for that. */
bool tusk_check_nodes_wanted(const struct tusk_args *args);
/* Returns the exit status. */
int tusk_check_nodes(struct tusk_cli *cli, struct tusk_repository *repository);

#endif
