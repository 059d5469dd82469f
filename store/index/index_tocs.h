/* Loading many tables of contents, on two threads, in order. */
#ifndef TUSK_INDEX_TOCS_H
#define TUSK_INDEX_TOCS_H

#include "index.h"

/* Packs of a node by name. Invariant: sorted by id when filled by tusk_pack_list_load. */
struct tusk_listed_pack {
	struct tusk_id id;
	uint64_t size; /* bytes of the listed object */
};
struct tusk_pack_list {
	struct tusk_listed_pack *packs;
	size_t count, capacity;
};
void tusk_pack_list_release(struct tusk_pack_list *list);
#define TUSK_AUTO_PACK_LIST TUSK_CLEANUP(tusk_pack_list_release)
int tusk_pack_list_append(struct tusk_pack_list *list, const struct tusk_id *id, uint64_t size, struct tusk_err *err);
/* prefix: "toc/" or "packs/". */
int tusk_pack_list_load(struct tusk_node *node, const char *prefix, struct tusk_pack_list *ret_list,
			struct tusk_err *err);

enum tusk_toc_state {
	TUSK_TOC_LOADED,
	TUSK_TOC_GONE,    /* the pack was removed meanwhile, or there is only a toc */
	TUSK_TOC_DAMAGED, /* nothing of it decodes */
	TUSK_TOC_END
};
enum tusk_toc_sizes {
	TUSK_SIZES_GIVEN,  /* the packs' sizes are those of the list */
	TUSK_SIZES_ASKED,  /* each is asked of the node, and that it is there */
	TUSK_SIZES_LISTED, /* taken from a listing of all packs there; those that it lacks are asked for */
};
/* list is borrowed until close. */
struct tusk_toc_stream;
int tusk_toc_stream_open(struct tusk_node *node, const struct tusk_keys *keys, const struct tusk_pack_list *list,
			 enum tusk_toc_sizes sizes, struct tusk_toc_stream **ret_stream, struct tusk_err *err);
/* The next of the list, in its order. 0 or -1. ret_toc (released by the caller) and ret_size are set when ret_state is
 * TUSK_TOC_LOADED. */
int tusk_toc_stream_next(struct tusk_toc_stream *stream, enum tusk_toc_state *ret_state, struct tusk_toc *ret_toc,
			 uint64_t *ret_size, struct tusk_err *err);
void tusk_toc_stream_close(struct tusk_toc_stream *stream);
TUSK_DEFINE_CLEANUP(struct tusk_toc_stream, tusk_toc_stream, tusk_toc_stream_close)
#define TUSK_AUTO_TOC_STREAM TUSK_CLEANUP(tusk_toc_stream_cleanup)

#endif
