#include "check_private.h"

#include <stdlib.h>

#define MEMBER "" /* the only node */

/* A pack in the order in which packs are read. */
struct turn {
	int64_t time_ms; /* of its proof; 0: none, or it was found damaged */
	uint32_t pack;
};

static int compare(const void *a, const void *b)
{
	const struct turn *left = a, *right = b;
	if (left->time_ms != right->time_ms)
		return left->time_ms < right->time_ms ? -1 : 1;
	return left->pack < right->pack ? -1 : left->pack > right->pack;
}

static const struct tusk_proof *good_proof(const struct tusk_check *check, const struct check_pack *pack)
{
	const struct tusk_proof *proof = tusk_ledger_find(&check->ledger, &pack->id);
	return proof && !proof->is_bad ? proof : NULL;
}

/* Rounded up, so that as many runs as there are shares in the whole read all of it. */
static uint64_t share_of(uint64_t bytes, uint32_t share_ppm)
{
	return bytes / 1000000 * share_ppm + (bytes % 1000000 * share_ppm + 999999) / 1000000;
}

static int choose_oldest(struct tusk_check *check, uint64_t wanted, struct tusk_err *err)
{
	TUSK_AUTO_FREE struct turn *turns = calloc(check->pack_count + 1, sizeof(*turns));
	size_t count = 0;

	if (!turns)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < check->pack_count; i++) {
		const struct tusk_proof *proof = good_proof(check, &check->packs[i]);
		if (check->packs[i].is_present)
			turns[count++] = (struct turn){.time_ms = proof ? proof->time_ms : 0, .pack = (uint32_t)i};
	}
	qsort(turns, count, sizeof(*turns), compare);
	for (size_t i = 0; i < count && wanted > 0; i++) {
		struct check_pack *pack = &check->packs[turns[i].pack];
		pack->is_wanted = true;
		wanted -= pack->size < wanted ? pack->size : wanted;
	}
	return 0;
}

int check_choose(struct tusk_check *check, struct tusk_err *err)
{
	uint64_t total = 0;

	if (tusk_ledger_load(check->repository->node, &check->repository->keys, MEMBER, &check->ledger, err) != 0)
		return -1;
	for (size_t i = 0; i < check->pack_count; i++) {
		check->packs[i].is_wanted = check->packs[i].is_present && check->options->share_ppm == 0;
		total += check->packs[i].is_present ? check->packs[i].size : 0;
	}
	if (check->options->share_ppm == 0)
		return 0;
	return choose_oldest(check, share_of(total, check->options->share_ppm), err);
}

static int compare_pack(const void *key, const void *item)
{
	return tusk_id_compare(key, &((const struct check_pack *)item)->id);
}

static bool exists(void *context, const struct tusk_id *id)
{
	const struct tusk_check *check = context;
	const struct check_pack *pack =
	    bsearch(id, check->packs, check->pack_count, sizeof(*check->packs), compare_pack);
	return pack && pack->is_present;
}

/* A ledger that cannot be written costs the next run some reading, not this one its result. */
void check_remember(struct tusk_check *check)
{
	struct tusk_err why = {0};
	bool has_news = false;
	int status = 0;

	for (size_t i = 0; i < check->pack_count && status == 0; i++) {
		const struct check_pack *pack = &check->packs[i];
		has_news |= pack->is_read;
		if (pack->is_read)
			status = tusk_ledger_add(&check->ledger, &pack->id, pack->is_damaged, &why);
	}
	if (!has_news)
		return;
	if (status == 0) {
		tusk_ledger_merge(&check->ledger, exists, check);
		status =
		    tusk_ledger_save(check->repository->node, &check->repository->keys, MEMBER, &check->ledger, &why);
	}
	if (status != 0)
		check_warn(check, &why);
}

void check_measure(struct tusk_check *check)
{
	struct tusk_check_result *result = &check->result;
	for (size_t i = 0; i < check->pack_count; i++) {
		const struct check_pack *pack = &check->packs[i];
		const struct tusk_proof *proof = good_proof(check, pack);
		if (!pack->is_present)
			continue;
		result->pack_bytes += pack->size;
		if (!proof)
			continue;
		result->proven_bytes += pack->size;
		if (result->oldest_proof_ms == 0 || proof->time_ms < result->oldest_proof_ms)
			result->oldest_proof_ms = proof->time_ms;
	}
}
