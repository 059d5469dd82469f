/* Small files of a batch, read and hashed side by side before they are stored one by one.
 *
 * A file of one chunk is hashed once, and where the processor has no SHA instructions that is most of its cost:
 * tusk_sha256_many takes a whole batch at once. Elsewhere nothing is prepared and every file takes the plain way.
 */
#ifndef TUSK_READY_H
#define TUSK_READY_H

#include "ingest.h"

#define TUSK_READY_MAX 32

/* A file that was read whole: open at fd, its bytes at data, their SHA-256. */
struct tusk_ready {
	const struct tusk_item *item;
	int fd;
	const uint8_t *data;
	size_t len;
	uint8_t hash[32];
};

struct tusk_ready_set;
/* NULL in *ret_set where there is nothing to gain. 0 or -1 (memory). */
int tusk_ready_new(const struct tusk_ingest *ingest, struct tusk_ready_set **ret_set);
void tusk_ready_free(struct tusk_ready_set *set);
/* Opens, reads and hashes those of the batch (linked by batch_next) that have one chunk and no holes. What fails is
 * left for the plain way, which reports it. set may be NULL. */
void tusk_ready_fill(struct tusk_ready_set *set, const struct tusk_ingest *ingest, struct tusk_item *first);
/* What was prepared for item, or NULL. The caller may take fd (and set it to -1). */
struct tusk_ready *tusk_ready_find(struct tusk_ready_set *set, const struct tusk_item *item);
/* Closes what was not taken. */
void tusk_ready_clear(struct tusk_ready_set *set);

/* Opens a file of the source for reading, without following a symlink or waiting for a FIFO; errno on failure. */
int tusk_open_source(const struct tusk_item *item);

#endif
