/* Which packs may go. */
#ifndef TUSK_CHOOSE_H
#define TUSK_CHOOSE_H

#include "live.h"
#include "tusk/prune.h"

struct tusk_choice {
	struct tusk_repository *repository;
	struct tusk_node *node;
	struct tusk_live *live; /* marked; tusk_live_condemned was called */
	const struct tusk_prune_options *options;
	struct tusk_prune_result *result;
};
/* Adds packs that nothing refers to, those whose content is proven to be elsewhere, and those of which too much is
 * unused, after what is used of them was written anew. ret_wrote: there are new packs. */
int tusk_choose(const struct tusk_choice *choice, struct tusk_pack_ids *ret_packs, bool *ret_wrote,
		struct tusk_err *err);

#endif
