/* Fetching verified objects: id -> index -> pack -> decode, with caches of tree blocks, chunks and open packs. */
#ifndef TUSK_FETCHER_H
#define TUSK_FETCHER_H

#include "handle.h"
#include "tree.h"

/* The repository's fetcher, made at first use. Thread-safe. */
int tusk_fetcher_get(struct tusk_repository *repository, struct tusk_fetcher **ret_fetcher, struct tusk_err *err);

/* A decoded chunk, pinned until release; verified. */
struct tusk_chunk;
int tusk_fetcher_chunk(struct tusk_fetcher *fetcher, const struct tusk_id *id, uint64_t expected_len,
		       struct tusk_chunk **ret_chunk, struct tusk_err *err);
const uint8_t *tusk_chunk_data(const struct tusk_chunk *chunk, size_t *ret_len);
void tusk_chunk_release(struct tusk_chunk *chunk);

/* A decoded tree block, pinned until release. */
int tusk_fetcher_block(struct tusk_fetcher *fetcher, const struct tusk_id *id, struct tusk_block **ret_block,
		       struct tusk_err *err);
const struct tusk_tree *tusk_block_tree(const struct tusk_block *block);
struct tusk_block *tusk_block_retain(struct tusk_block *block);
void tusk_block_release(struct tusk_block *block);

/* A list or blob, whole, into ret_data (replaced). */
int tusk_fetcher_object(struct tusk_fetcher *fetcher, const struct tusk_id *id, uint8_t type, struct tusk_buf *ret_data,
			struct tusk_err *err);
/* Whether the object is stored, by the index, after one sync with the node if it does not know it. */
int tusk_fetcher_locate(struct tusk_fetcher *fetcher, const struct tusk_id *id, struct tusk_location *ret_location,
			struct tusk_err *err);

#endif
