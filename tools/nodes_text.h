/* Words about nodes. */
#ifndef TUSK_TOOLS_NODES_TEXT_H
#define TUSK_TOOLS_NODES_TEXT_H

#include "globals.h"

/* Says which nodes are owed the snapshot just written. TUSK_EXIT_OK, or TUSK_EXIT_NODE when it is on fewer nodes than
 * the policy requires. */
int tusk_nodes_tell_delivery(struct tusk_cli *cli, struct tusk_repository *repository);

/* The table of tusk node status. A node that cannot be reached makes the exit status 14. */
int tusk_node_status(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_err *err);
/* A line for the size of each node; returns their sum. */
uint64_t tusk_nodes_tell_sizes(struct tusk_cli *cli, struct tusk_repository *repository);

#endif
