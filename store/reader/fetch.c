#include "fetch.h"

#include "locator.h"
#include "node_cache.h"
#include "packs.h"
#include "slab.h"

#include <pthread.h>
#include <stdlib.h>

#define FREE_SLABS_MAX ((size_t)4 << 20)
#define HEALED_TRIES   3

/* What a thread needs while it reads a record; recycled. */
struct scratch {
	struct scratch *next;
	struct tusk_aead *aead;
	struct tusk_ider *ider;
	struct tusk_buf sealed;
};

struct tusk_fetch {
	struct tusk_repository *repository;
	struct tusk_locator *locator;
	struct tusk_node *cache; /* in front of a node that is far away; else NULL */
	struct tusk_packs *packs;
	struct tusk_slabs *slabs;
	pthread_mutex_t lock; /* scratches */
	struct scratch *scratches;
};

/* ---- scratch ---- */

static void scratch_free(struct scratch *scratch)
{
	tusk_aead_free(scratch->aead);
	tusk_ider_free(scratch->ider);
	tusk_buf_wipe(&scratch->sealed);
	free(scratch);
}

static struct scratch *scratch_take(struct tusk_fetch *fetch)
{
	pthread_mutex_lock(&fetch->lock);
	struct scratch *scratch = fetch->scratches;
	if (scratch)
		fetch->scratches = scratch->next;
	pthread_mutex_unlock(&fetch->lock);
	if (scratch)
		return scratch;
	scratch = calloc(1, sizeof(*scratch));
	if (scratch) {
		scratch->aead = tusk_aead_new();
		scratch->ider = tusk_ider_new(&fetch->repository->keys);
	}
	return scratch;
}

static void scratch_give(struct tusk_fetch *fetch, struct scratch *scratch)
{
	pthread_mutex_lock(&fetch->lock);
	scratch->next = fetch->scratches;
	fetch->scratches = scratch;
	pthread_mutex_unlock(&fetch->lock);
}

/* ---- from id to bytes ---- */

static int read_record(struct tusk_fetch *fetch, const struct tusk_location *location, uint8_t *out,
		       struct tusk_err *err)
{
	struct scratch *scratch = scratch_take(fetch);
	if (!scratch)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	struct tusk_open_pack *open;
	int status = tusk_packs_get(fetch->packs, &location->pack, &open, err);
	if (status == 0) {
		status = tusk_pack_read(open->pack, scratch->aead, &location->record, &scratch->sealed, out, err);
		tusk_packs_put(fetch->packs, open, status != 0);
	}
	scratch_give(fetch, scratch);
	return status;
}

/* What the index says is checked before it is believed: lengths here, the rest by the record's tag. raw: with memory
 * for want's length, or empty, to get some. */
static int fetch_at(struct tusk_fetch *fetch, const struct tusk_want *want, const struct tusk_location *location,
		    struct tusk_raw *raw, struct tusk_err *err)
{
	const struct tusk_record *record = &location->record;
	bool is_ours = !raw->data;
	char name[80], text[TUSK_ID_TEXT_SIZE];

	tusk_pack_name(&location->pack, name);
	tusk_id_text(want->id, text);
	if (record->type != want->type || !tusk_id_equal(&record->id, want->id))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s at %u: object %s is of type %u, not %u", name,
				    record->offset, text, record->type, want->type);
	if (record->raw > TUSK_RECORD_MAX_RAW || (want->len != UINT64_MAX && record->raw != want->len))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s at %u: object %s has %u bytes, expected %llu", name,
				    record->offset, text, record->raw, (unsigned long long)want->len);
	if (is_ours)
		raw->data = tusk_slab_take(fetch->slabs, record->raw, &raw->capacity);
	if (!raw->data)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (read_record(fetch, location, raw->data, err) != 0) {
		if (is_ours)
			tusk_raw_give(fetch, raw);
		return tusk_err_prefix(err, "object %s", text);
	}
	raw->len = record->raw;
	return 0;
}

/* Absent data is damage here: somebody refers to it. */
static int fail_as_corrupt(const struct tusk_err *why, struct tusk_err *err)
{
	if (err) {
		*err = *why;
		if (err->code == TUSK_E_ABSENT)
			err->code = TUSK_E_CORRUPT;
	}
	return -1;
}

/* From the same place, if another node has the pack intact. Each failure closes the pack as it was opened before it was
 * healed, which another thread may have done, too. */
static int fetch_healed(struct tusk_fetch *fetch, const struct tusk_want *want, const struct tusk_location *location,
			struct tusk_raw *raw)
{
	char name[80];

	tusk_pack_name(&location->pack, name);
	if (!tusk_node_suspect(fetch->repository->node, name))
		return -1;
	for (unsigned i = 0; i < HEALED_TRIES; i++)
		if (fetch_at(fetch, want, location, raw, NULL) == 0)
			return 0;
	return -1;
}

/* raw as for fetch_at. */
static int fetch_anywhere(struct tusk_fetch *fetch, const struct tusk_want *want, struct tusk_raw *raw,
			  struct tusk_err *err)
{
	struct tusk_location location, other;
	struct tusk_err why = {0};
	char text[TUSK_ID_TEXT_SIZE];

	int found = tusk_locator_search(fetch->locator, want->id, &location, err);
	if (found == TUSK_INDEX_ABSENT) {
		tusk_id_text(want->id, text);
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "object %s is not stored anywhere", text);
	}
	if (found < 0)
		return -1;
	if (fetch_at(fetch, want, &location, raw, &why) == 0)
		return 0;
	if (why.code == TUSK_E_CORRUPT || why.code == TUSK_E_ABSENT) {
		if (fetch_healed(fetch, want, &location, raw) == 0)
			return 0;
		found = tusk_locator_replace(fetch->locator, want->id, &location, &other, NULL);
		if (found == TUSK_INDEX_FOUND && fetch_at(fetch, want, &other, raw, NULL) == 0)
			return 0;
	}
	return fail_as_corrupt(&why, err);
}

int tusk_fetch_read(struct tusk_fetch *fetch, const struct tusk_want *want, struct tusk_raw *ret_raw,
		    struct tusk_err *err)
{
	*ret_raw = (struct tusk_raw){0};
	return fetch_anywhere(fetch, want, ret_raw, err);
}

int tusk_fetch_into(struct tusk_fetch *fetch, const struct tusk_want *want, uint8_t *out, struct tusk_err *err)
{
	struct tusk_raw raw = {.data = out, .capacity = (size_t)want->len};

	return fetch_anywhere(fetch, want, &raw, err);
}

void tusk_raw_give(struct tusk_fetch *fetch, struct tusk_raw *raw)
{
	tusk_slab_give(fetch->slabs, raw->data, raw->capacity);
	*raw = (struct tusk_raw){0};
}

int tusk_fetch_locate(struct tusk_fetch *fetch, const struct tusk_id *id, struct tusk_location *ret_location,
		      struct tusk_err *err)
{
	return tusk_locator_find(fetch->locator, id, ret_location, err);
}

int tusk_fetch_chunk_id(struct tusk_fetch *fetch, const uint8_t sha256[32], struct tusk_id *ret_id,
			struct tusk_err *err)
{
	struct scratch *scratch = scratch_take(fetch);
	if (!scratch)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	tusk_ider_from_hash(scratch->ider, TUSK_OBJECT_CHUNK, sha256, ret_id);
	scratch_give(fetch, scratch);
	return 0;
}

void tusk_fetch_free(struct tusk_fetch *fetch)
{
	if (!fetch)
		return;
	tusk_slabs_free(fetch->slabs);
	tusk_packs_free(fetch->packs);
	tusk_node_close(fetch->cache);
	tusk_locator_free(fetch->locator);
	while (fetch->scratches) {
		struct scratch *scratch = fetch->scratches;
		fetch->scratches = scratch->next;
		scratch_free(scratch);
	}
	pthread_mutex_destroy(&fetch->lock);
	free(fetch);
}

/* Without a cache everything works, only slower. */
static struct tusk_node *make_cache(const struct tusk_repository *repository)
{
	TUSK_AUTO_FREE char *folder = NULL;
	struct tusk_node *cache = NULL;
	uint64_t size;

	if (repository->no_cache || !tusk_node_is_remote(repository->node) || tusk_node_cache_size(&size, NULL) < 0 ||
	    asprintf(&folder, "%s/cache", repository->state_dir) < 0 ||
	    tusk_node_cache_new(repository->node, folder, size, &cache, NULL) < 0)
		return NULL;
	return cache;
}

struct tusk_fetch *tusk_fetch_new(struct tusk_repository *repository)
{
	struct tusk_fetch *fetch = calloc(1, sizeof(*fetch));
	if (!fetch)
		return NULL;
	fetch->repository = repository;
	pthread_mutex_init(&fetch->lock, NULL);
	fetch->locator = tusk_locator_new(repository);
	fetch->cache = make_cache(repository);
	fetch->packs = tusk_packs_new(fetch->cache ? fetch->cache : repository->node, &repository->keys);
	fetch->slabs = tusk_slabs_new(repository->parameters.chunk_max, FREE_SLABS_MAX);
	if (!fetch->locator || !fetch->packs || !fetch->slabs) {
		tusk_fetch_free(fetch);
		return NULL;
	}
	return fetch;
}
