#include "locator.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define REMEMBERED_COUNT 1024u
#define FRUITLESS_MAX    16u

/* Where an object was when it proved damaged: the index has forgotten it, messages should still name the place, and a
 * repaired pack should be found without a restart. */
struct memory {
	bool used;
	struct tusk_id id;
	struct tusk_location location;
};

struct tusk_locator {
	struct tusk_repository *repository;
	pthread_mutex_t lock; /* all below, and one sync or scan at a time */
	bool synced;
	uint64_t generation; /* of the tocs when they were last looked at */
	unsigned fruitless;  /* scans of this generation that found nothing */
	struct memory *memories;
};

struct tusk_locator *tusk_locator_new(struct tusk_repository *repository)
{
	struct tusk_locator *locator = calloc(1, sizeof(*locator));
	if (!locator)
		return NULL;
	locator->repository = repository;
	pthread_mutex_init(&locator->lock, NULL);
	return locator;
}

void tusk_locator_free(struct tusk_locator *locator)
{
	if (!locator)
		return;
	pthread_mutex_destroy(&locator->lock);
	free(locator->memories);
	free(locator);
}

/* Once for the generation, once for the sync. */
static const char *const twice[] = {"toc/", "toc/"};

/* The generation is read before the sync: what arrives during it is looked at by the next one. */
static int sync_locked(struct tusk_locator *locator, bool *ret_synced, struct tusk_err *err)
{
	struct tusk_repository *repository = locator->repository;
	uint64_t generation;

	*ret_synced = false;
	if (!locator->synced)
		tusk_node_foresee(repository->node, twice, 2);
	if (tusk_node_generation(repository->node, "toc/", &generation, err) != 0)
		return -1;
	if (locator->synced && locator->generation == generation)
		return 0;
	struct tusk_index_sync_result result;
	int failed = tusk_index_sync_to_read(repository->index, repository->node, &result, err);
	tusk_node_foreseen_drop(repository->node); /* what was not asked for is old when it is */
	if (failed != 0)
		return -1;
	locator->synced = true;
	locator->generation = generation;
	locator->fruitless = 0;
	*ret_synced = true;
	return 0;
}

static int find_locked(struct tusk_locator *locator, const struct tusk_id *id, struct tusk_location *ret_location,
		       struct tusk_err *err)
{
	bool synced;
	if (sync_locked(locator, &synced, err) != 0)
		return -1;
	/* Also when this thread did not sync: another one may have done so since our first look. */
	return tusk_index_find(locator->repository->index, id, ret_location, err);
}

int tusk_locator_find(struct tusk_locator *locator, const struct tusk_id *id, struct tusk_location *ret_location,
		      struct tusk_err *err)
{
	int found = tusk_index_find(locator->repository->index, id, ret_location, err);
	if (found != TUSK_INDEX_ABSENT)
		return found;
	pthread_mutex_lock(&locator->lock);
	found = find_locked(locator, id, ret_location, err);
	pthread_mutex_unlock(&locator->lock);
	return found;
}

static struct memory *memory_of(struct tusk_locator *locator, const struct tusk_id *id)
{
	uint32_t hash;
	memcpy(&hash, id->bytes, sizeof(hash));
	return locator->memories ? &locator->memories[hash % REMEMBERED_COUNT] : NULL;
}

static void remember_locked(struct tusk_locator *locator, const struct tusk_id *id,
			    const struct tusk_location *location)
{
	if (!locator->memories)
		locator->memories = calloc(REMEMBERED_COUNT, sizeof(*locator->memories));
	struct memory *memory = memory_of(locator, id);
	if (memory)
		*memory = (struct memory){.used = true, .id = *id, .location = *location};
}

static bool recall_locked(struct tusk_locator *locator, const struct tusk_id *id, struct tusk_location *ret_location)
{
	const struct memory *memory = memory_of(locator, id);
	if (!memory || !memory->used || !tusk_id_equal(&memory->id, id))
		return false;
	*ret_location = memory->location;
	return true;
}

struct scan {
	struct tusk_locator *locator;
	const struct tusk_id *id;
	const struct tusk_id *except; /* a pack to leave out, or NULL */
	struct tusk_aead *aead;
	struct tusk_location *location;
};

/* A table of contents that cannot be read is check's business; here it only means that the object is not in it. */
static int scan_pack(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct scan *scan = context;
	struct tusk_repository *repository = scan->locator->repository;
	size_t len = strlen(name);
	struct tusk_id pack;

	(void)err;
	if (len < 2 * TUSK_ID_SIZE ||
	    tusk_hex_decode(name + len - 2 * TUSK_ID_SIZE, 2 * TUSK_ID_SIZE, pack.bytes, TUSK_ID_SIZE) != 0)
		return 0;
	if (scan->except && tusk_id_equal(&pack, scan->except))
		return 0;
	TUSK_AUTO_TOC struct tusk_toc toc = {0};
	if (tusk_toc_load(repository->node, &repository->keys, scan->aead, &pack, &toc, NULL) != 0)
		return 0;
	for (uint32_t i = 0; i < toc.count; i++) {
		if (!tusk_id_equal(&toc.records[i].id, scan->id))
			continue;
		*scan->location = (struct tusk_location){.pack = pack, .record = toc.records[i]};
		/* The index lost more than this one, most likely. If it cannot be told, we scan again. */
		(void)tusk_index_add(repository->index, &toc, &size, 1, NULL);
		return 1;
	}
	return 0;
}

/* Packs are listed, not tocs: a pack whose toc object is lost has its own copy inside. */
static int scan_locked(struct tusk_locator *locator, const struct tusk_id *id, const struct tusk_id *except,
		       struct tusk_location *ret_location, struct tusk_err *err)
{
	if (locator->fruitless >= FRUITLESS_MAX)
		return TUSK_INDEX_ABSENT;
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	struct scan scan = {.locator = locator, .id = id, .except = except, .aead = aead, .location = ret_location};
	int answer = tusk_node_list(locator->repository->node, "packs/", scan_pack, &scan, err);
	if (answer == 1)
		return TUSK_INDEX_FOUND;
	if (answer == 0)
		locator->fruitless++;
	return answer == 0 ? TUSK_INDEX_ABSENT : -1;
}

int tusk_locator_search(struct tusk_locator *locator, const struct tusk_id *id, struct tusk_location *ret_location,
			struct tusk_err *err)
{
	int found = tusk_index_find(locator->repository->index, id, ret_location, err);
	if (found != TUSK_INDEX_ABSENT)
		return found;
	pthread_mutex_lock(&locator->lock);
	found = find_locked(locator, id, ret_location, err);
	if (found == TUSK_INDEX_ABSENT && recall_locked(locator, id, ret_location))
		found = TUSK_INDEX_FOUND;
	if (found == TUSK_INDEX_ABSENT)
		found = scan_locked(locator, id, NULL, ret_location, err);
	pthread_mutex_unlock(&locator->lock);
	return found;
}

int tusk_locator_replace(struct tusk_locator *locator, const struct tusk_id *id, const struct tusk_location *wrong,
			 struct tusk_location *ret_location, struct tusk_err *err)
{
	pthread_mutex_lock(&locator->lock);
	struct tusk_location known;
	bool is_new = !recall_locked(locator, id, &known) || !tusk_id_equal(&known.pack, &wrong->pack);
	remember_locked(locator, id, wrong);
	int found = find_locked(locator, id, ret_location, err);
	if (found == TUSK_INDEX_FOUND && tusk_id_equal(&ret_location->pack, &wrong->pack) &&
	    ret_location->record.offset == wrong->record.offset) {
		/* A failure to forget only means that the next reader comes here again. */
		(void)tusk_index_drop(locator->repository->index, id, NULL);
		found = TUSK_INDEX_ABSENT;
	}
	if (found == TUSK_INDEX_ABSENT && is_new)
		found = scan_locked(locator, id, &wrong->pack, ret_location, err);
	pthread_mutex_unlock(&locator->lock);
	return found;
}
