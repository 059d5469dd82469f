/* From an id to verified bytes: index, pack, record, and another copy when the first is damaged. Thread-safe. */
#ifndef TUSK_FETCH_H
#define TUSK_FETCH_H

#include "handle.h"

struct tusk_fetch;

/* Decoded bytes in recycled memory. */
struct tusk_raw {
	uint8_t *data;
	size_t len, capacity;
};

/* What is wanted. len: UINT64_MAX for any. */
struct tusk_want {
	const struct tusk_id *id;
	uint8_t type;
	uint64_t len;
};

/* Borrows repository until free. NULL when out of memory. */
struct tusk_fetch *tusk_fetch_new(struct tusk_repository *repository);
/* All bytes must have been given back. NULL is fine. */
void tusk_fetch_free(struct tusk_fetch *fetch);
/* TUSK_E_CORRUPT also for what is nowhere: somebody refers to it. */
int tusk_fetch_read(struct tusk_fetch *fetch, const struct tusk_want *want, struct tusk_raw *ret_raw,
		    struct tusk_err *err);
/* The same into the caller's memory of want->len bytes, which must not be UINT64_MAX. */
int tusk_fetch_into(struct tusk_fetch *fetch, const struct tusk_want *want, uint8_t *out, struct tusk_err *err);
void tusk_raw_give(struct tusk_fetch *fetch, struct tusk_raw *raw);
/* As tusk_fetcher_locate and tusk_fetcher_chunk_id. */
int tusk_fetch_locate(struct tusk_fetch *fetch, const struct tusk_id *id, struct tusk_location *ret_location,
		      struct tusk_err *err);
int tusk_fetch_chunk_id(struct tusk_fetch *fetch, const uint8_t sha256[32], struct tusk_id *ret_id,
			struct tusk_err *err);

#endif
