/* Threads that decode ahead of readers into the chunk cache. */
#ifndef TUSK_PREFETCH_H
#define TUSK_PREFETCH_H

#include "tusk/reader.h"

struct tusk_prefetch;

/* Starts the threads. NULL when that fails. */
struct tusk_prefetch *tusk_prefetch_new(void);
/* Waits for the chunks being decoded, drops what is queued. NULL is fine. */
void tusk_prefetch_free(struct tusk_prefetch *prefetch);
/* Queues [offset, offset + len) of file, in parts that the threads share; what the queue has no room for is dropped.
 * Keeps file alive until it is done. */
void tusk_prefetch_add(struct tusk_prefetch *prefetch, struct tusk_file *file, uint64_t offset, uint64_t len);

#endif
