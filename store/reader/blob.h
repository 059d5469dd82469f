/* Parts of an entry that lie in a blob of their own. */
#ifndef TUSK_BLOB_H
#define TUSK_BLOB_H

#include "fetcher.h"

/* reference: `id (32), varint length`, as in a leaf entry. The blob's bytes into ret_data. */
int tusk_blob_load(struct tusk_fetcher *fetcher, const struct tusk_bytes *reference, struct tusk_buf *ret_data,
		   struct tusk_err *err);

#endif
