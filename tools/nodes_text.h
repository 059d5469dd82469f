/* Words about nodes. */
#ifndef TUSK_TOOLS_NODES_TEXT_H
#define TUSK_TOOLS_NODES_TEXT_H

#include "globals.h"

/* Says which nodes are owed the snapshot just written. TUSK_EXIT_OK, or TUSK_EXIT_NODE when it is on fewer nodes than
 * the policy requires. */
int tusk_nodes_tell_delivery(struct tusk_cli *cli, struct tusk_repository *repository);

/* Has these nodes (none named: all) catch up, with a display, and tells how it went, also by the exit status. -1: it
 * could not begin. */
int tusk_nodes_catch_up(struct tusk_cli *cli, struct tusk_repository *repository, const char *const *names,
			size_t count, struct tusk_err *err);
/* The table of tusk node status. A node that cannot be reached makes the exit status 14. */
int tusk_node_status(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_err *err);
/* Where there are several nodes: a line for the size of each and what it gave back; ret_stored: the sum of their sizes
 * (untouched for one node). ret_read: the bytes that all nodes gave back to this client. */
int tusk_nodes_tell_sizes(struct tusk_cli *cli, struct tusk_repository *repository, uint64_t *ret_stored,
			  uint64_t *ret_read, struct tusk_err *err);

#endif
