/* Notes of how many bytes were read from which node, and what for. */
#ifndef TUSK_READS_H
#define TUSK_READS_H

#include "handle.h"

/* Of a repository that is being closed, if it has a purpose and anything was read. */
void tusk_reads_note(struct tusk_repository *repository);

/* Adds up the notes in text (lines "TIME PURPOSE NODE=BYTES...", anything else is passed over) by the names of nodes;
 * ret_all: of all nodes. */
void tusk_reads_sum(const char *text, const struct tusk_nodes *nodes, uint64_t ret_bytes[TUSK_NODES_MAX + 1],
		    uint64_t *ret_all);

#endif
