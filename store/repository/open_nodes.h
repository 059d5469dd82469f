/* From the one node that was opened to all nodes of the repository. */
#ifndef TUSK_OPEN_NODES_H
#define TUSK_OPEN_NODES_H

#include "handle.h"

/* Reads the list of nodes from repository->node, which was opened by the user's URL, and puts a set in its place when
 * there are several; or of those that options->only names. No other node is asked yet. */
int tusk_repository_open_nodes(struct tusk_repository *repository, const struct tusk_open_options *options,
			       struct tusk_err *err);

#endif
