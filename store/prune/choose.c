#include "choose.h"

#include "repack.h"
#include "tusk/cleanup.h"

#include <string.h>

#define SPACE_MARGIN (64u << 20) /* beyond what is to be written anew */

/* A pack that is partly used. */
struct partial {
	size_t number;
	uint64_t used; /* bytes of it that are to be kept there */
};

struct partials {
	struct partial *items;
	size_t count;
	uint64_t used;
};

static void partials_release(struct partials *partials)
{
	free(partials->items);
}

static int load_toc(const struct tusk_choice *choice, const struct tusk_id *pack, struct tusk_toc *ret_toc,
		    struct tusk_err *err)
{
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();

	if (!aead)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return tusk_toc_load(choice->node, &choice->repository->keys, aead, pack, ret_toc, err);
}

/* Of the bytes of its records: those that are to be kept there, and the others. */
static int used_bytes(const struct tusk_choice *choice, size_t number, uint64_t *ret_used, uint64_t *ret_unused,
		      struct tusk_err *err)
{
	TUSK_AUTO_TOC struct tusk_toc toc = {0};
	uint64_t used = 0, unused = 0;

	if (load_toc(choice, tusk_live_id(choice->live, number), &toc, err) < 0)
		return -1;
	for (uint32_t i = 0; i < toc.count; i++) {
		size_t keeper;
		bool is_used = tusk_live_keeper(choice->live, &toc.records[i].id, &keeper) && keeper == number;
		*(is_used ? &used : &unused) += toc.records[i].stored;
	}
	*ret_used = used;
	*ret_unused = unused;
	return 0;
}

static int judge_partial(const struct tusk_choice *choice, struct partials *partials, size_t number,
			 struct tusk_err *err)
{
	struct partial partial = {.number = number};
	uint64_t unused;

	if (used_bytes(choice, number, &partial.used, &unused, err) < 0)
		return -1;
	if (unused * 100 <= choice->options->max_unused * (partial.used + unused)) {
		choice->result->wasted_bytes += unused;
		return 0;
	}
	partials->items[partials->count++] = partial;
	partials->used += partial.used;
	return 0;
}

static int take(const struct tusk_choice *choice, size_t number, struct tusk_pack_ids *packs, struct tusk_err *err)
{
	choice->result->unused_packs++;
	choice->result->unused_bytes += tusk_live_pack(choice->live, number)->size;
	return tusk_pack_ids_add(packs, tusk_live_id(choice->live, number), err);
}

/* A pack whose objects are all kept in others, as far as these can be read: a prune that was killed between writing
 * anew and condemning leaves such. */
static int judge_spare(const struct tusk_choice *choice, struct tusk_repack *repack, size_t number,
		       struct tusk_pack_ids *packs, struct tusk_err *err)
{
	TUSK_AUTO_TOC struct tusk_toc toc = {0};

	if (load_toc(choice, tusk_live_id(choice->live, number), &toc, err) < 0)
		return -1;
	int spare = tusk_repack_is_spare(repack, &toc, err);
	if (spare <= 0)
		return spare;
	return take(choice, number, packs, err);
}

static int judge_all(const struct tusk_choice *choice, struct tusk_repack *repack, struct partials *partials,
		     struct tusk_pack_ids *packs, struct tusk_err *err)
{
	TUSK_AUTO_FREE uint32_t *kept = NULL;
	int status = tusk_live_use(choice->live, &kept, err);

	for (size_t i = 0; i < tusk_live_count(choice->live) && status == 0; i++) {
		const struct tusk_live_pack *pack = tusk_live_pack(choice->live, i);
		choice->result->unreadable_packs += pack->is_unreadable;
		if (pack->is_unreadable || pack->is_condemned || pack->is_gone)
			continue;
		if (pack->live == 0)
			status = take(choice, i, packs, err);
		else if (kept[i] == 0)
			status = judge_spare(choice, repack, i, packs, err);
		else if (kept[i] < pack->records)
			status = judge_partial(choice, partials, i, err);
	}
	return status;
}

/* Whether what is used of the packs fits on the node beside them. */
static int has_room(const struct tusk_choice *choice, uint64_t used, struct tusk_err *err)
{
	uint64_t space, total;

	if (tusk_node_space(choice->node, &space, &total, err) < 0)
		return -1;
	return total == 0 || space > used + SPACE_MARGIN;
}

static bool is_stopped(const struct tusk_choice *choice)
{
	return choice->options->stop && atomic_load(choice->options->stop);
}

/* Those that cannot be read as a whole stay as they are. */
static int rewrite(const struct tusk_choice *choice, struct tusk_repack *repack, const struct partials *partials,
		   struct tusk_pack_ids *packs, struct tusk_err *err)
{
	struct tusk_prune_result *result = choice->result;

	for (size_t i = 0; i < partials->count && !is_stopped(choice); i++) {
		const struct tusk_id *pack = tusk_live_id(choice->live, partials->items[i].number);
		TUSK_AUTO_TOC struct tusk_toc toc = {0};
		struct tusk_err why = {0};
		if (load_toc(choice, pack, &toc, &why) < 0 ||
		    tusk_repack_copy(repack, &toc, partials->items[i].number, &why) < 0) {
			if (why.code != TUSK_E_CORRUPT) {
				*err = why;
				return -1;
			}
			result->unreadable_packs++;
			continue;
		}
		result->repacked_packs++;
		result->repacked_bytes += tusk_live_pack(choice->live, partials->items[i].number)->size;
		if (tusk_pack_ids_add(packs, pack, err) < 0)
			return -1;
	}
	return tusk_repack_finish(repack, &result->written_bytes, err);
}

static void count_only(const struct tusk_choice *choice, const struct partials *partials)
{
	for (size_t i = 0; i < partials->count; i++)
		choice->result->repacked_bytes += tusk_live_pack(choice->live, partials->items[i].number)->size;
	choice->result->repacked_packs = partials->count;
	choice->result->written_bytes = partials->used;
}

int tusk_choose(const struct tusk_choice *choice, struct tusk_pack_ids *ret_packs, bool *ret_wrote,
		struct tusk_err *err)
{
	struct partials partials TUSK_CLEANUP(partials_release) = {0};
	TUSK_AUTO_REPACK struct tusk_repack *repack = NULL;

	partials.items = calloc(tusk_live_count(choice->live) + 1, sizeof(*partials.items));
	if (!partials.items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_repack_new(choice->repository, choice->node, choice->live, &repack, err) < 0 ||
	    judge_all(choice, repack, &partials, ret_packs, err) < 0)
		return -1;
	int room = has_room(choice, partials.used, err);
	if (room < 0 || partials.count == 0 || !room)
		return room < 0 ? -1 : 0;
	if (choice->options->dry_run) {
		count_only(choice, &partials);
		return 0;
	}
	*ret_wrote = true;
	return rewrite(choice, repack, &partials, ret_packs, err);
}
