/* Changing the list of a repository's nodes (tusk/nodes.h), and keeping them equal. */
#ifndef TUSK_REPLICATE_H
#define TUSK_REPLICATE_H

#include "tusk/nodes.h"

/* The calls below write a new list to every node that can be reached; the others get it by sync. The open repository
 * goes on with the old one. */

/* Adds the node at member->url (a local path is made absolute). init: it is made there, with the parameters and keys of
 * the repository, and a sync will fill it; else it must hold this repository already. The first node gets into the list
 * by this, too; to give it another name than that of its role, add it first, by its own URL.
 * TUSK_E_USAGE: a name, URL or role that cannot be; a name or URL that is there already. */
int tusk_nodes_add(struct tusk_repository *repository, const struct tusk_member *member, bool init,
		   struct tusk_err *err);
/* Takes the node out of the list; nothing on it changes. TUSK_E_ABSENT; TUSK_E_USAGE for the last one. */
int tusk_nodes_remove(struct tusk_repository *repository, const char *name, struct tusk_err *err);
/* Sets the policy. TUSK_E_USAGE when there are fewer nodes of a role than required. */
int tusk_nodes_require(struct tusk_repository *repository, const unsigned require[TUSK_ROLE_COUNT],
		       struct tusk_err *err);

#endif
