/* The list of nodes as it lies on them: FORMAT.md, List of nodes. */
#ifndef TUSK_ROSTER_H
#define TUSK_ROSTER_H

#include "sealed.h"
#include "tusk/nodes.h"

/* TUSK_E_USAGE, saying what is wrong with it, for a member that cannot be in a list. */
int tusk_member_check(const struct tusk_member *member, struct tusk_err *err);

int tusk_roster_encode(const struct tusk_nodes *nodes, struct tusk_buf *ret_body, struct tusk_err *err);
/* TUSK_E_CORRUPT. */
int tusk_roster_decode(const void *data, size_t len, struct tusk_nodes *ret_nodes, struct tusk_err *err);

/* The newest list on the node; one with counter 0 when there is none. Lists that are damaged are passed over, unless
 * all are: then the error of one of them. */
int tusk_roster_load(struct tusk_node *node, const struct tusk_keys *keys, struct tusk_nodes *ret_nodes,
		     struct tusk_err *err);
/* Puts the list, then removes those with smaller counters, as far as the node allows that. */
int tusk_roster_save(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_nodes *nodes,
		     struct tusk_err *err);

#endif
