#include "check_private.h"

#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define HASH_SIZE    32u
#define TRAILER_SIZE 16u

struct listing {
	struct tusk_buf packs; /* struct check_pack each */
	bool of_tocs;
};

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct listing *listing = context;
	struct check_pack pack = {.size = size, .is_present = !listing->of_tocs};
	size_t len = strlen(name), digits = 2 * TUSK_ID_SIZE;

	if (len < digits || tusk_hex_decode(name + len - digits, digits, pack.id.bytes, TUSK_ID_SIZE) != 0)
		return 0;
	if (tusk_buf_append(&listing->packs, &pack, sizeof(pack)) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct check_pack *left = a, *right = b;
	int order = tusk_id_compare(&left->id, &right->id);
	return order ? order : (int)right->is_present - (int)left->is_present;
}

/* Every pack that is there or that a toc names, once. */
static int list_packs(struct tusk_check *check, struct tusk_err *err)
{
	/* Tocs first: a backup that goes on writes the pack before its toc. */
	struct listing listing = {.of_tocs = true};
	int status = tusk_node_list(check->repository->node, "toc/", collect, &listing, err);
	listing.of_tocs = false;
	if (status == 0)
		status = tusk_node_list(check->repository->node, "packs/", collect, &listing, err);
	if (status != 0) {
		tusk_buf_release(&listing.packs);
		return -1;
	}
	size_t count = listing.packs.len / sizeof(struct check_pack), kept = 0;
	struct check_pack *packs = (struct check_pack *)(void *)listing.packs.data;
	if (count > 0)
		qsort(packs, count, sizeof(*packs), compare);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !tusk_id_equal(&packs[kept - 1].id, &packs[i].id))
			packs[kept++] = packs[i];
	check->packs = packs;
	check->pack_count = kept;
	for (size_t i = 0; i < kept; i++)
		check->result.packs += packs[i].is_present;
	return 0;
}

/* Whether the pack can be what its toc object says: long enough, and with the same trailer. */
static int judge_pack(struct tusk_check *check, struct check_pack *pack, const struct tusk_toc *toc,
		      const struct tusk_buf *data, struct tusk_err *err)
{
	struct tusk_pack *open = NULL;
	uint8_t trailer[TRAILER_SIZE];
	uint64_t needed = data->len - HASH_SIZE; /* header, sealed table, trailer */

	for (uint32_t i = 0; i < toc->count; i++)
		needed += toc->records[i].stored;
	bool fits =
	    check->repository->parameters.suite == TUSK_SUITE_NONE ? pack->size == needed : pack->size >= needed;
	if (!fits)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "has %llu bytes, its table of contents speaks of %llu",
				    (unsigned long long)pack->size, (unsigned long long)needed);
	pack->is_unusable = true;
	if (tusk_pack_open(check->repository->node, &check->repository->keys, &pack->id, &open, err) != 0)
		return -1;
	pack->is_unusable = false;
	int status = tusk_pack_pread(open, trailer, sizeof(trailer), pack->size - sizeof(trailer), err);
	tusk_pack_close(open);
	if (status == 0 && memcmp(trailer, data->data + data->len - HASH_SIZE - TRAILER_SIZE, TRAILER_SIZE) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "does not end as its table of contents says");
	return status;
}

/* Once more, if another node had the pack intact. */
static int judge_healed(struct tusk_check *check, struct check_pack *pack, const struct tusk_toc *toc,
			const struct tusk_buf *data)
{
	struct tusk_node *node = check->repository->node;
	char name[80];

	tusk_pack_name(&pack->id, name);
	if (!tusk_node_suspect(node, name) || tusk_node_stat(node, name, &pack->size, NULL) != TUSK_NODE_FOUND)
		return -1;
	return judge_pack(check, pack, toc, data, NULL);
}

/* The toc object. 1: intact, ret_toc is set; 0: there is none, or it was reported as damaged. */
static int load_toc_object(struct tusk_check *check, uint32_t number, struct tusk_aead *aead, struct tusk_toc *ret_toc,
			   struct tusk_err *err)
{
	struct check_pack *pack = &check->packs[number];
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	struct tusk_err why = {0}, pack_why = {0};
	char name[80];

	tusk_toc_name(&pack->id, name);
	int found = tusk_node_get(check->repository->node, name, TUSK_TOC_MAX_SIZE, &data, &why);
	if (found == TUSK_NODE_ABSENT) {
		pack->lost_toc_counts = true;
		return 0;
	}
	check->result.bytes_read += data.len;
	if (found < 0 ||
	    tusk_toc_decode(&check->repository->keys, aead, &pack->id, data.data, data.len, ret_toc, &why) != 0) {
		if (check_is_damage(why.code)) {
			check_object_damaged(check, name, why.message);
			return 0;
		}
		if (err)
			*err = why;
		return -1;
	}
	pack->has_toc = true;
	if (!pack->is_present)
		check_pack_damaged(check, number, NULL, "is missing");
	else if (judge_pack(check, pack, ret_toc, &data, &pack_why) != 0 &&
		 judge_healed(check, pack, ret_toc, &data) != 0)
		check_pack_damaged(check, number, NULL, pack_why.message);
	return 1;
}

/* The copy inside the pack. As above. */
static int load_inner_toc(struct tusk_check *check, uint32_t number, struct tusk_aead *aead, struct tusk_toc *ret_toc,
			  struct tusk_err *err)
{
	struct check_pack *pack = &check->packs[number];
	struct tusk_err why = {0};

	if (!pack->is_present)
		return 0; /* the toc has been reported, and nothing else is left of it */
	if (tusk_toc_load(check->repository->node, &check->repository->keys, aead, &pack->id, ret_toc, &why) == 0)
		return 1;
	if (check_is_damage(why.code)) {
		check_pack_damaged(check, number, NULL, why.message);
		return 0;
	}
	if (err)
		*err = why;
	return -1;
}

static int add_pack(struct tusk_check *check, uint32_t number, struct tusk_aead *aead, struct tusk_err *err)
{
	TUSK_AUTO_TOC struct tusk_toc toc = {0};
	int loaded = load_toc_object(check, number, aead, &toc, err);
	if (loaded == 0)
		loaded = load_inner_toc(check, number, aead, &toc, err);
	if (loaded < 0)
		return -1;
	for (uint32_t i = 0; i < toc.count; i++)
		if (tusk_stored_add(&check->stored, &toc.records[i].id, number, err) != 0)
			return -1;
	check->result.objects += toc.count;
	return 0;
}

int check_packs(struct tusk_check *check, struct tusk_err *err)
{
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	if (list_packs(check, err) != 0)
		return -1;
	for (size_t i = 0; i < check->pack_count; i++) {
		check_stage(check, "packs", i, check->pack_count);
		if (check_go_on(check, err) != 0 || add_pack(check, (uint32_t)i, aead, err) != 0)
			return -1;
	}
	tusk_stored_sort(&check->stored);
	check_stage(check, "packs", check->pack_count, check->pack_count);
	return 0;
}

/* A pack without a toc object is what a crash leaves; it is a loss only when a snapshot needs it. */
static void note_lost_toc(struct tusk_check *check, struct check_pack *pack)
{
	char name[80];
	pthread_mutex_lock(&check->lock);
	bool is_news = pack->lost_toc_counts;
	pack->lost_toc_counts = false;
	pthread_mutex_unlock(&check->lock);
	if (!is_news)
		return;
	tusk_toc_name(&pack->id, name);
	check_object_damaged(check, name, "is lost; the copy inside its pack is intact");
}

/* The more, the better as a place to read from. */
static int rank(const struct check_pack *pack)
{
	return pack->is_present + (pack->is_present && !pack->is_unusable) +
	       (pack->is_present && !pack->is_unusable && pack->has_toc);
}

uint32_t check_find(struct tusk_check *check, const struct tusk_id *id)
{
	size_t count;
	const struct tusk_stored_item *items = tusk_stored_find(&check->stored, id, &count);
	uint32_t found = CHECK_NO_PACK;

	for (size_t i = 0; i < count; i++)
		if (found == CHECK_NO_PACK || rank(&check->packs[items[i].pack]) > rank(&check->packs[found]))
			found = items[i].pack;
	if (found != CHECK_NO_PACK && check->packs[found].is_present)
		note_lost_toc(check, &check->packs[found]);
	return found;
}
