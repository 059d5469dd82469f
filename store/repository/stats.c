#include "handle.h"
#include "index_tocs.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_FIGURES 64u

/* A list of packs in the making. */
struct listing {
	struct tusk_pack_figures *items;
	size_t count, capacity;
	uint64_t bytes;
};

static void listing_release(struct listing *listing)
{
	free(listing->items);
}

static int compare_packs(const void *a, const void *b)
{
	return tusk_id_compare(&((const struct tusk_pack_figures *)a)->pack,
			       &((const struct tusk_pack_figures *)b)->pack);
}

static int list_pack(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct listing *listing = context;
	const char *digits = strrchr(name, '/') + 1;
	struct tusk_pack_figures figures = {0};

	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity ? 2 * listing->capacity : FIRST_FIGURES;
		struct tusk_pack_figures *items = realloc(listing->items, capacity * sizeof(*items));

		if (!items)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot list the packs: out of memory");
		listing->items = items;
		listing->capacity = capacity;
	}
	if (tusk_hex_decode(digits, strlen(digits), figures.pack.bytes, TUSK_ID_SIZE) < 0)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "%s is not the name of a pack", name);
	listing->items[listing->count++] = figures;
	listing->bytes += size;
	return 0;
}

/* A table of contents that is damaged or lost is the business of check: the pack counts as 0. */
static void sum_up(const struct tusk_toc *toc, struct tusk_pack_figures *figures)
{
	figures->kind = toc->kind;
	figures->records = toc->count;
	for (uint32_t i = 0; i < toc->count; i++) {
		figures->stored += toc->records[i].stored;
		figures->raw += toc->records[i].raw;
	}
}

/* Fills in what is known from an earlier call; the rest goes to ret_unknown. The listing is sorted. */
static int take_known(const struct tusk_repository *repository, struct listing *listing,
		      struct tusk_pack_list *ret_unknown, struct tusk_err *err)
{
	for (size_t i = 0; i < listing->count; i++) {
		struct tusk_pack_figures *item = &listing->items[i];
		const struct tusk_pack_figures *known = NULL;

		if (repository->figures_count)
			known =
			    bsearch(item, repository->figures, repository->figures_count, sizeof(*item), compare_packs);
		if (known)
			*item = *known;
		else if (tusk_pack_list_append(ret_unknown, &item->pack, 0, err) < 0)
			return -1;
	}
	return 0;
}

static int complete(struct tusk_repository *repository, struct listing *listing, struct tusk_err *err)
{
	TUSK_AUTO_PACK_LIST struct tusk_pack_list unknown = {0};
	TUSK_AUTO_TOC_STREAM struct tusk_toc_stream *stream = NULL;

	if (take_known(repository, listing, &unknown, err) < 0 ||
	    tusk_toc_stream_open(repository->node, &repository->keys, &unknown, TUSK_SIZES_GIVEN, &stream, err) < 0)
		return -1;
	for (size_t i = 0; i < unknown.count; i++) {
		TUSK_AUTO_TOC struct tusk_toc toc = {0};
		struct tusk_pack_figures wanted = {.pack = unknown.packs[i].id};
		enum tusk_toc_state state;
		uint64_t size;

		if (tusk_toc_stream_next(stream, &state, &toc, &size, err) < 0)
			return -1;
		if (state == TUSK_TOC_LOADED)
			sum_up(&toc, bsearch(&wanted, listing->items, listing->count, sizeof(wanted), compare_packs));
	}
	return 0;
}

static int list_packs(struct tusk_repository *repository, struct listing *ret_listing,
		      struct tusk_repository_stats *stats, struct tusk_err *err)
{
	if (tusk_node_list(repository->node, "packs/", list_pack, ret_listing, err) != 0)
		return -1;
	if (ret_listing->count)
		qsort(ret_listing->items, ret_listing->count, sizeof(ret_listing->items[0]), compare_packs);
	stats->packs = ret_listing->count;
	stats->physical_bytes += ret_listing->bytes;
	return 0;
}

/* All the records of the listed packs; what was learned is remembered. */
static int sum_packs(struct tusk_repository *repository, struct listing *listing, struct tusk_repository_stats *stats,
		     struct tusk_err *err)
{
	pthread_mutex_lock(&repository->figures_lock);
	int result = complete(repository, listing, err);
	if (result == 0) {
		struct tusk_pack_figures *old = repository->figures;

		for (size_t i = 0; i < listing->count; i++) {
			stats->records += listing->items[i].records;
			stats->stored_bytes += listing->items[i].stored;
			stats->raw_bytes += listing->items[i].raw;
			stats->chunk_packs += listing->items[i].kind == TUSK_PACK_CHUNKS;
			stats->tree_packs += listing->items[i].kind == TUSK_PACK_TREES;
		}
		repository->figures = listing->items;
		repository->figures_count = listing->count;
		listing->items = old;
	}
	pthread_mutex_unlock(&repository->figures_lock);
	return result;
}

struct total {
	uint64_t count, bytes;
};

static int add_object(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct total *total = context;

	(void)name;
	(void)err;
	total->count++;
	total->bytes += size;
	return 0;
}

/* All the objects that are not packs. */
static int count_others(struct tusk_repository *repository, struct tusk_repository_stats *stats, struct tusk_err *err)
{
	static const char *const folders[] = {"toc/",       "keys/",   "nodes/",  "marks/",
					      "forgotten/", "ledger/", "drills/", "leases/"};
	static const char *const singles[] = {"tusk.repository", "epoch", "condemned"};
	struct total snapshots = {0}, others = {0};

	if (tusk_node_list(repository->node, "snapshots/", add_object, &snapshots, err) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (tusk_node_list(repository->node, folders[i], add_object, &others, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
		uint64_t size = 0;

		if (tusk_node_stat(repository->node, singles[i], &size, err) < 0)
			return -1;
		others.bytes += size;
	}
	stats->snapshots = snapshots.count;
	stats->physical_bytes += snapshots.bytes + others.bytes;
	return 0;
}

static int measure(struct tusk_repository *repository, bool with_records, struct tusk_repository_stats *ret_stats,
		   struct tusk_err *err)
{
	struct listing listing TUSK_CLEANUP(listing_release) = {0};
	struct tusk_repository_stats stats = {0};

	if (list_packs(repository, &listing, &stats, err) < 0 || count_others(repository, &stats, err) < 0 ||
	    tusk_node_space(repository->node, &stats.free_bytes, &stats.total_bytes, err) < 0)
		return -1;
	if (with_records && sum_packs(repository, &listing, &stats, err) < 0)
		return -1;
	*ret_stats = stats;
	return 0;
}

int tusk_repository_stat(struct tusk_repository *repository, struct tusk_repository_stats *ret_stats,
			 struct tusk_err *err)
{
	return measure(repository, true, ret_stats, err);
}

int tusk_repository_weigh(struct tusk_repository *repository, struct tusk_repository_stats *ret_stats,
			  struct tusk_err *err)
{
	return measure(repository, false, ret_stats, err);
}
