/* The inside of a view, for the files of reader/. */
#ifndef TUSK_VIEW_PRIVATE_H
#define TUSK_VIEW_PRIVATE_H

#include "descend.h"

#define TUSK_DEPTH_MAX 1024u /* FORMAT.md, Limits */

struct tusk_view {
	struct tusk_repository *repository;
	struct tusk_fetcher *fetcher;
	struct tusk_buf root_bytes; /* what root points into */
	struct tusk_entry root;
};

#endif
