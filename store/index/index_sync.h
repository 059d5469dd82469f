/* What sync, rebuild and the transactions below them share. Private to store/index. */
#ifndef TUSK_INDEX_SYNC_H
#define TUSK_INDEX_SYNC_H

#include "index_tocs.h"

/* tusk_index_add, saying how many entries were new. */
int tusk_index_add_counted(struct tusk_index *index, const struct tusk_toc *tocs, const uint64_t *sizes, size_t count,
			   uint64_t *ret_added, struct tusk_err *err);
/* Loads the tocs of list and adds them. total: how many packs the node has, or about as many. */
int tusk_index_add_listed(struct tusk_index *index, struct tusk_node *node, const struct tusk_pack_list *list,
			  uint64_t total, struct tusk_index_sync_result *result, struct tusk_err *err);
/* About how many records a toc object of that size holds. */
uint64_t tusk_index_entries_in(uint64_t toc_size);
/* Opens the index if it is closed, and again if another process has replaced it. is_writable: a read-only index is left
 * for a temporary one. ret_shared (may be NULL): others may use it too. */
int tusk_index_prepare(struct tusk_index *index, bool is_writable, bool *ret_shared, struct tusk_err *err);
/* Forgets packs that are gone from the node, their entries, and where those had hidden another pack's, finds them
 * again. */
int tusk_index_forget(struct tusk_index *index, struct tusk_node *node, const struct tusk_pack_list *gone,
		      struct tusk_index_sync_result *result, struct tusk_err *err);

#endif
