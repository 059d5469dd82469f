/* What a node, or all of them together, hold: names by folder. */
#ifndef TUSK_HOLDINGS_H
#define TUSK_HOLDINGS_H

#include "node.h"
#include "tusk/id.h"

struct tusk_holding {
	struct tusk_id id; /* the last part of the name */
	uint64_t size;
};
/* Sorted by id, each once. */
struct tusk_holdings {
	struct tusk_holding *items;
	size_t count, capacity;
};
void tusk_holdings_release(struct tusk_holdings *holdings);
#define TUSK_AUTO_HOLDINGS TUSK_CLEANUP(tusk_holdings_release)

/* prefix as in tusk_node_list. */
int tusk_holdings_load(struct tusk_node *node, const char *prefix, struct tusk_holdings *ret_holdings,
		       struct tusk_err *err);
/* NULL when it is not there. */
const struct tusk_holding *tusk_holdings_find(const struct tusk_holdings *holdings, const struct tusk_id *id);
/* Appends, in order only. 0 or -1 (memory). */
int tusk_holdings_append(struct tusk_holdings *holdings, const struct tusk_holding *holding);
void tusk_holdings_name(const char *prefix, const struct tusk_id *id, char ret_name[80]);
uint64_t tusk_holdings_bytes(const struct tusk_holdings *holdings);

#endif
