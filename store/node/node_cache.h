/* A far node seen through a cache: packs are read in aligned blocks that are kept on this machine's disk, so that what
 * was read once costs no round trip again. What is kept proves itself; who verifies what he has read and finds it
 * damaged calls tusk_object_doubt, and it is fetched anew. */
#ifndef TUSK_NODE_CACHE_H
#define TUSK_NODE_CACHE_H

#include "node.h"

/* A node for reading: only opening objects, get and stat work. child (borrowed) must live longer. folder:
 * "<state>/cache". max: bytes on disk. */
int tusk_node_cache_new(struct tusk_node *child, const char *folder, uint64_t max, struct tusk_node **ret_node,
			struct tusk_err *err);
/* TUSK_CACHE_SIZE ("1G" by default; 0: no cache). TUSK_E_USAGE. */
int tusk_node_cache_size(uint64_t *ret_max, struct tusk_err *err);

#endif
