/* Whether what an entry of the parent snapshot refers to is still stored, so that the entry can be taken over. */
#include "ingest.h"

#include "fetcher.h"
#include "refs.h"

static int look_up(void *context, const struct tusk_ref *ref, struct tusk_err *err)
{
	struct tusk_ingest *ingest = context;
	struct tusk_location location;

	if (tusk_ingest_find(ingest, &ref->id, &location, err) == TUSK_INDEX_FOUND)
		return 0;
	return tusk_err_set(err, TUSK_E_ABSENT, 0, "an object is no longer stored");
}

bool tusk_ingest_keeps(struct tusk_ingest *ingest, const struct tusk_entry *old)
{
	struct tusk_ref_sink sink = {.take = look_up, .context = ingest};
	struct tusk_fetcher *fetcher;

	if (!ingest->distrusts)
		return true;
	return tusk_fetcher_get(ingest->repository, &fetcher, NULL) == 0 &&
	       tusk_refs_of(fetcher, old, &sink, NULL) == 0;
}
