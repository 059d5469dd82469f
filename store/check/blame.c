#include "check_private.h"
#include "extents.h"
#include "refs.h"
#include "walk.h"

#include <string.h>

/* The second walk: which paths of which snapshots refer to what is damaged. What is clean is gone into once; what is
 * not, once for each snapshot. */
struct blame {
	struct tusk_check *check;
	struct tusk_keyset clean;
	const struct tusk_snapshot *snapshot;
};

/* The entry being looked at, and what is wrong with it. */
struct suspect {
	struct blame *blame;
	const struct tusk_walk *walk;
	const struct tusk_entry *entry;
	bool is_hit;
	/* A line to come: ranges that follow each other for the same reason are one. */
	const struct check_damage *damage;
	struct check_place place;
};

static const struct check_damage *find(const struct tusk_check *check, const struct tusk_id *key)
{
	uint32_t place;
	return tusk_keyset_get(&check->damaged, key, &place) ? &check->damages[place] : NULL;
}

/* Where a range of the file's data lies in the file; the whole entry when the extents are lost too. */
static struct tusk_extent place_range(struct tusk_check *check, const struct tusk_entry *entry,
				      const struct tusk_ref *ref)
{
	TUSK_AUTO_EXTENTS struct tusk_extents extents = {0};
	if (ref->len == 0 || tusk_extents_load(check->fetcher, entry, &extents, NULL) != 0)
		return (struct tusk_extent){0};
	uint64_t start = tusk_extents_position(&extents, ref->data_offset);
	uint64_t last = tusk_extents_position(&extents, ref->data_offset + ref->len - 1);
	return (struct tusk_extent){.offset = start, .len = last + 1 - start};
}

static int flush(struct suspect *suspect, struct tusk_err *err)
{
	struct blame *blame = suspect->blame;
	const struct check_damage *damage = suspect->damage;
	suspect->damage = NULL;
	if (!damage)
		return 0;
	return check_affected(blame->check, damage, blame->snapshot, &suspect->walk->path, &suspect->place, err);
}

static int add_line(struct suspect *suspect, const struct check_damage *damage, const struct check_place *place,
		    struct tusk_err *err)
{
	const struct check_damage *before = suspect->damage;
	struct check_place *last = &suspect->place;
	suspect->is_hit = true;
	if (before && before->pack == damage->pack && strcmp(before->what, damage->what) == 0 &&
	    last->range.offset + last->range.len == place->range.offset) {
		last->range.len += place->range.len;
		if (!tusk_id_equal(&last->chunk, &place->chunk))
			last->chunk = (struct tusk_id){0};
		return 0;
	}
	int status = flush(suspect, err);
	suspect->damage = damage;
	*last = *place;
	return status;
}

static int take(void *context, const struct tusk_ref *ref, struct tusk_err *err)
{
	struct suspect *suspect = context;
	struct tusk_check *check = suspect->blame->check;
	const struct check_damage *damage = find(check, &ref->id);
	struct tusk_id key;

	if (!damage && ref->type == TUSK_OBJECT_LIST) {
		tusk_ref_key(ref, &key);
		damage = find(check, &key);
	}
	if (!damage)
		return 0;
	struct check_place place = {.range = place_range(check, suspect->entry, ref), .chunk = ref->id};
	return add_line(suspect, damage, &place, err) == 0 ? ref->type == TUSK_OBJECT_LIST : -1;
}

static int blame_enter(struct tusk_walk *walk, const struct tusk_id *block, const struct tusk_id *key, bool *ret_skip,
		       struct tusk_err *err)
{
	const struct blame *blame = walk->context;
	(void)block;
	(void)err;
	*ret_skip = tusk_keyset_get(&blame->clean, key, NULL);
	return 0;
}

static int blame_damaged(struct tusk_walk *walk, const struct tusk_id *block, const struct tusk_err *why,
			 struct tusk_err *err)
{
	static const struct tusk_buf root = {.data = (uint8_t *)(uintptr_t) "/", .len = 1};
	struct blame *blame = walk->context;
	const struct check_damage *known = find(blame->check, block);
	struct check_damage now = {.pack = CHECK_NO_PACK, .what = (char *)(uintptr_t)why->message};
	struct check_place whole = {.chunk = *block};

	walk->found++;
	return check_affected(blame->check, known ? known : &now, blame->snapshot, walk->path.len ? &walk->path : &root,
			      &whole, err);
}

static int blame_entry(struct tusk_walk *walk, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct blame *blame = walk->context;
	struct suspect suspect = {.blame = blame, .walk = walk, .entry = entry};
	struct tusk_ref_sink sink = {.take = take, .context = &suspect};
	struct tusk_id key;

	if (check_go_on(blame->check, err) != 0)
		return -1;
	if (entry->type != TUSK_TYPE_FILE && !entry->xattrs_in_blob)
		return 0;
	check_content_key(entry, &key);
	const struct check_damage *damage = find(blame->check, &key);
	if (damage && add_line(&suspect, damage, &(struct check_place){0}, err) != 0)
		return -1;
	/* An entry that is wrong in itself may fail again here. */
	int status = tusk_refs_of(blame->check->fetcher, entry, &sink, &walk->why);
	if (status != 0 && !(damage && check_is_damage(walk->why.code))) {
		if (err)
			*err = walk->why;
		return -1;
	}
	walk->found += suspect.is_hit;
	return flush(&suspect, err);
}

static int blame_leave(struct tusk_walk *walk, const struct tusk_id *key, bool is_clean, struct tusk_err *err)
{
	struct blame *blame = walk->context;
	return is_clean && tusk_keyset_add(&blame->clean, key, 0, err) < 0 ? -1 : 0;
}

int check_blame(struct tusk_check *check, struct tusk_err *err)
{
	static const struct tusk_walk_visitor visitor = {
	    .enter = blame_enter, .damaged = blame_damaged, .entry = blame_entry, .leave = blame_leave};
	struct blame blame = {.check = check};
	struct tusk_walk walk = {.fetcher = check->fetcher, .visitor = &visitor, .context = &blame};
	int status = 0;

	for (size_t i = 0; i < check->snapshots.count && status == 0; i++) {
		check_stage(check, "affected files", i, check->snapshots.count);
		blame.snapshot = &check->snapshots.items[i];
		walk.path.len = 0;
		status = tusk_walk_tree(&walk, &blame.snapshot->root, err);
	}
	check_stage(check, "affected files", check->snapshots.count, check->snapshots.count);
	check->result.affected_paths = walk.found;
	tusk_walk_end(&walk);
	tusk_keyset_release(&blame.clean);
	check_report_rest(check);
	return status;
}
