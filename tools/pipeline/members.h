/* The repository's own list of nodes, brought in line with the pipeline. */
#ifndef TUSK_PIPELINE_MEMBERS_H
#define TUSK_PIPELINE_MEMBERS_H

#include "pipeline/access.h"

/* Opens that head and adds to its list the nodes that are copies of it and not yet there; a node without a repository
 * gets one. ret_usable: for the nodes below the head, whether they can be used in this run; one that cannot is told
 * with on_problem. -1: the head itself cannot be used. */
int pipeline_members_join(struct pipeline_access *access, size_t head, bool *ret_usable,
			  void (*on_problem)(void *context, size_t node, const struct tusk_err *why), void *context,
			  struct tusk_err *err);

#endif
