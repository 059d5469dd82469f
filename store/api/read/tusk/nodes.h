/* The nodes of a repository: the list of them, which is part of the repository, and what each of them holds. */
#ifndef TUSK_NODES_H
#define TUSK_NODES_H

#include "tusk/err.h"
#include "tusk/id.h"
#include "tusk/repository.h"

/* Reads try the nodes in the order of their roles. */
enum tusk_role { TUSK_ROLE_LOCAL, TUSK_ROLE_REMOTE, TUSK_ROLE_CLOUD, TUSK_ROLE_COUNT };

#define TUSK_NODES_MAX        16
#define TUSK_MEMBER_NAME_SIZE 33   /* letters, digits, ".", "_", "-"; the first is a letter or digit */
#define TUSK_MEMBER_URL_SIZE  1025 /* no passwords: credentials come from files and the environment */

struct tusk_member {
	char name[TUSK_MEMBER_NAME_SIZE];
	char url[TUSK_MEMBER_URL_SIZE];
	enum tusk_role role;
};

/* Invariants: 1. no two items have the same name or URL. 2. count <= TUSK_NODES_MAX, and one more for a node that was
 * opened under a URL that is not in the list ("here"). */
struct tusk_nodes {
	uint64_t counter; /* of two lists the one with the greater counter holds; 0: the repository has no list */
	unsigned require[TUSK_ROLE_COUNT]; /* a backup is acknowledged when so many nodes of each role have it; all 0:
					      when all nodes have it */
	size_t count;
	struct tusk_member items[TUSK_NODES_MAX + 1];
};

/* "local", "remote", "cloud". */
const char *tusk_role_name(enum tusk_role role);
/* 0 or -1. */
int tusk_role_parse(const char *text, enum tusk_role *ret_role);
/* What a URL looks like: s3 is cloud, ssh is remote, the rest is local. */
enum tusk_role tusk_role_of_url(const char *url);

/* The list as the open repository knows it. A repository without one has one node: that which was opened, named by its
 * role. */
void tusk_nodes_get(const struct tusk_repository *repository, struct tusk_nodes *ret_nodes);

/* The place of the node of that name in the list; nodes->count: there is none. */
size_t tusk_nodes_find(const struct tusk_nodes *nodes, const char *name);
/* Bytes that were read from each node of the list (ret_bytes[i]) for purposes that are noted (tusk_open_options), since
 * this client keeps notes; ret_all: with those from nodes that are no longer in the list. */
int tusk_nodes_read_bytes(const struct tusk_repository *repository, uint64_t ret_bytes[TUSK_NODES_MAX + 1],
			  uint64_t *ret_all, struct tusk_err *err);

#endif
