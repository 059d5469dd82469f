/* The inside of an open file, for the files of reader/. */
#ifndef TUSK_FILE_PRIVATE_H
#define TUSK_FILE_PRIVATE_H

#include "chunk_map.h"
#include "extents.h"

#include <stdatomic.h>

struct tusk_file {
	atomic_uint users; /* the opener and prefetch jobs */
	struct tusk_fetcher *fetcher;
	struct tusk_block *pin;    /* the inline content lies in it */
	struct tusk_bytes content; /* inline */
	bool is_inline;
	struct tusk_extents extents;
	struct tusk_chunk_map map;
};

struct tusk_file *tusk_file_retain(struct tusk_file *file);

/* A part of a file in one piece of memory; a hole has no data. */
struct tusk_piece {
	const uint8_t *data; /* NULL: zeros */
	size_t len;
	struct tusk_cached *pin; /* the receiver's, to be released; NULL for a hole */
};
/* Gives the pieces of [offset, offset + len), which must lie within the file, in order. */
struct tusk_piece_sink {
	int (*take)(void *context, const struct tusk_piece *piece, struct tusk_err *err);
	void *context;
};
int tusk_file_walk(struct tusk_file *file, uint64_t offset, uint64_t len, const struct tusk_piece_sink *sink,
		   struct tusk_err *err);

/* Decodes into the cache the chunks that begin in [offset, offset + len); with_first: also the one that holds offset.
 * Stops at the first failure: the reader will meet it and report it. */
void tusk_file_warm(struct tusk_file *file, uint64_t offset, uint64_t len, bool with_first);

#endif
