/* Fetching verified objects: id -> index -> pack -> decode, with caches of tree blocks, chunks and open packs. */
#ifndef TUSK_FETCHER_H
#define TUSK_FETCHER_H

#include "cache.h"
#include "handle.h"
#include "tree.h"

struct tusk_prefetch; /* prefetch.h */

/* The repository's fetcher, made at first use. Thread-safe. */
int tusk_fetcher_get(struct tusk_repository *repository, struct tusk_fetcher **ret_fetcher, struct tusk_err *err);

/* A decoded chunk, pinned until release; verified. */
struct tusk_chunk;
int tusk_fetcher_chunk(struct tusk_fetcher *fetcher, const struct tusk_id *id, uint64_t expected_len,
		       struct tusk_chunk **ret_chunk, struct tusk_err *err);
/* Its bytes into memory of len bytes, for one who will not come back: what is not in the cache does not get there. */
int tusk_fetcher_chunk_into(struct tusk_fetcher *fetcher, const struct tusk_id *id, uint64_t len, uint8_t *out,
			    struct tusk_err *err);
struct tusk_cached *tusk_chunk_pin(struct tusk_chunk *chunk); /* the same pin, for tusk_cached_release */
const uint8_t *tusk_chunk_data(const struct tusk_chunk *chunk, size_t *ret_len);
void tusk_chunk_release(struct tusk_chunk *chunk);

/* A decoded tree block, pinned until release. */
int tusk_fetcher_block(struct tusk_fetcher *fetcher, const struct tusk_id *id, struct tusk_block **ret_block,
		       struct tusk_err *err);
const struct tusk_tree *tusk_block_tree(const struct tusk_block *block);
struct tusk_block *tusk_block_retain(struct tusk_block *block);
struct tusk_cached *tusk_block_pin(struct tusk_block *block); /* the same pin, for tusk_cached_release */
void tusk_block_release(struct tusk_block *block);

/* A decoded chunk list, pinned until release. starts[i] is the sum of the lengths before refs[i]; count + 1 items. */
struct tusk_list {
	uint8_t level;
	size_t count;
	struct tusk_chunk_ref *refs;
	uint64_t *starts;
};
int tusk_fetcher_list(struct tusk_fetcher *fetcher, const struct tusk_id *id, const struct tusk_list **ret_list,
		      struct tusk_err *err);
void tusk_list_release(const struct tusk_list *list);

/* A list or blob, whole, into ret_data (replaced). */
int tusk_fetcher_object(struct tusk_fetcher *fetcher, const struct tusk_id *id, uint8_t type, struct tusk_buf *ret_data,
			struct tusk_err *err);
/* The same without the caches, for data that is read once; expected_len may be UINT64_MAX: any. */
int tusk_fetcher_read(struct tusk_fetcher *fetcher, const struct tusk_id *id, uint8_t type, uint64_t expected_len,
		      struct tusk_buf *ret_data, struct tusk_err *err);
/* Whether the object is stored, by the index, after one sync with the node if it does not know it. */
int tusk_fetcher_locate(struct tusk_fetcher *fetcher, const struct tusk_id *id, struct tusk_location *ret_location,
			struct tusk_err *err);
/* The id of a file's only chunk, from the file's SHA-256. */
int tusk_fetcher_chunk_id(struct tusk_fetcher *fetcher, const uint8_t sha256[32], struct tusk_id *ret_id,
			  struct tusk_err *err);

/* Bytes held by the caches of tree blocks (and lists) and of chunks. */
void tusk_fetcher_usage(const struct tusk_fetcher *fetcher, size_t *ret_trees, size_t *ret_chunks);
/* The threads that decode ahead, made at the first call (a process may fork before). NULL when that fails. */
struct tusk_prefetch *tusk_fetcher_prefetch(struct tusk_fetcher *fetcher);

#endif
