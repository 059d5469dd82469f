#include "blob.h"
#include "check_private.h"
#include "extents.h"
#include "refs.h"
#include "walk.h"
#include "wire.h"

#include <string.h>

/* The first walk: everything once, whichever snapshots share it. */
struct survey {
	struct tusk_check *check;
	struct tusk_keyset visited;
	struct check_files *files; /* when all data is read */
};

void check_content_key(const struct tusk_entry *entry, struct tusk_id *ret_key)
{
	uint8_t size[8];
	struct tusk_hasher *hasher = tusk_hasher_new();

	tusk_store_u64(size, entry->size);
	tusk_hasher_update(hasher, "content", 7);
	tusk_hasher_update(hasher, entry->sha256, sizeof(entry->sha256));
	tusk_hasher_update(hasher, size, sizeof(size));
	tusk_hasher_update(hasher, entry->extent_bytes.data, entry->extent_bytes.len);
	tusk_hasher_update(hasher, entry->content_bytes.data, entry->content_bytes.len);
	tusk_hasher_final(hasher, ret_key->bytes);
	tusk_hasher_free(hasher);
}

/* 0: new; 1: seen before; -1. */
static int visit(struct survey *survey, const struct tusk_id *key, struct tusk_err *err)
{
	int added = tusk_keyset_add(&survey->visited, key, 0, err);
	return added < 0 ? -1 : !added;
}

/* 0: the tables of contents know a pack that can be read; 1: damage, noted; -1. */
static int judge_place(struct survey *survey, const struct tusk_id *id, struct tusk_err *err)
{
	struct tusk_check *check = survey->check;
	char text[TUSK_ID_TEXT_SIZE], what[128] = "its pack is missing";
	uint32_t pack = check_find(check, id);

	if (pack == CHECK_NO_PACK) {
		tusk_id_text(id, text);
		snprintf(what, sizeof(what), "object %s is in no pack", text);
	} else if (check->packs[pack].is_unusable) {
		snprintf(what, sizeof(what), "its pack cannot be opened");
	} else if (check->packs[pack].is_present) {
		return 0;
	}
	return check_add_damage(check, id, pack, what, err) == 0 ? 1 : -1;
}

static int survey_enter(struct tusk_walk *walk, const struct tusk_id *block, const struct tusk_id *key, bool *ret_skip,
			struct tusk_err *err)
{
	struct survey *survey = walk->context;
	int seen = check_go_on(survey->check, err) == 0 ? visit(survey, key, err) : -1;
	*ret_skip = seen == 1;
	if (seen == 0)
		(void)check_find(survey->check, block); /* its pack is needed: a lost table of contents is damage */
	return seen < 0 ? -1 : 0;
}

static int survey_damaged(struct tusk_walk *walk, const struct tusk_id *block, const struct tusk_err *why,
			  struct tusk_err *err)
{
	const struct survey *survey = walk->context;
	if (walk->is_claim)
		return check_add_damage(survey->check, block, CHECK_NO_PACK, why->message, err);
	return check_add_object(survey->check, block, why->message, err);
}

/* 0: loaded; 1: damage, noted; -1: check cannot go on. */
static int judge_load(struct survey *survey, const struct tusk_id *id, int loaded, const struct tusk_err *why,
		      struct tusk_err *err)
{
	if (loaded == 0)
		return 0;
	if (check_is_damage(why->code))
		return check_add_object(survey->check, id, why->message, err) == 0 ? 1 : -1;
	if (err)
		*err = *why;
	return -1;
}

static int survey_list(struct survey *survey, const struct tusk_ref *ref, struct tusk_err *err)
{
	struct tusk_id key;
	struct tusk_err why = {0};
	const struct tusk_list *list = NULL;

	tusk_ref_key(ref, &key);
	int seen = visit(survey, &key, err);
	if (seen != 0)
		return seen;
	int status = judge_place(survey, &ref->id, err);
	if (status != 0)
		return status;
	status = tusk_fetcher_list(survey->check->fetcher, &ref->id, &list, &why);
	if (status != 0)
		return judge_load(survey, &ref->id, status, &why, err);
	bool holds = tusk_ref_holds(ref, list);
	tusk_list_release(list);
	if (holds)
		return 0;
	return check_add_damage(survey->check, &key, CHECK_NO_PACK, "a chunk list is not what its parent says", err) ==
		       0
		   ? 1
		   : -1;
}

static int survey_blob(struct survey *survey, const struct tusk_ref *ref, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	struct tusk_err why = {0};

	int status = visit(survey, &ref->id, err);
	if (status != 0)
		return status;
	status = judge_place(survey, &ref->id, err);
	if (status != 0)
		return status;
	status = tusk_fetcher_object(survey->check->fetcher, &ref->id, TUSK_OBJECT_BLOB, &data, &why);
	return judge_load(survey, &ref->id, status, &why, err);
}

static int survey_ref(void *context, const struct tusk_ref *ref, struct tusk_err *err)
{
	struct survey *survey = context;
	if (check_go_on(survey->check, err) != 0)
		return -1;
	if (ref->type == TUSK_OBJECT_LIST)
		return survey_list(survey, ref, err);
	if (ref->type == TUSK_OBJECT_BLOB)
		return survey_blob(survey, ref, err);
	return judge_place(survey, &ref->id, err) < 0 ? -1 : 0;
}

static bool is_readable(const struct survey *survey, bool in_blob, const struct tusk_bytes *reference)
{
	struct tusk_id id;
	if (!in_blob)
		return false; /* what lies in the entry itself was checked when its block was decoded */
	memcpy(id.bytes, reference->data, TUSK_ID_SIZE);
	return !check_knows_damage(survey->check, &id);
}

/* What the entry's parts say, beyond being stored: attributes and extents in blobs decode, lengths agree. */
static int judge_parts(struct survey *survey, const struct tusk_entry *entry, struct tusk_err *why)
{
	TUSK_AUTO_XATTRS struct tusk_xattrs xattrs = {0};
	TUSK_AUTO_EXTENTS struct tusk_extents extents = {0};
	TUSK_AUTO_BUF struct tusk_buf blob = {0};
	struct tusk_fetcher *fetcher = survey->check->fetcher;

	if (is_readable(survey, entry->xattrs_in_blob, &entry->xattr_bytes) &&
	    (tusk_blob_load(fetcher, &entry->xattr_bytes, &blob, why) != 0 ||
	     tusk_xattrs_decode(blob.data, blob.len, &xattrs, why) != 0))
		return tusk_err_prefix(why, "extended attributes");
	if (is_readable(survey, entry->extents_in_blob, &entry->extent_bytes) &&
	    tusk_extents_load(fetcher, entry, &extents, why) != 0)
		return -1;
	return 0;
}

/* Damage that is not one object's but the entry's own: 0 when noted. */
static int judge_entry(struct survey *survey, const struct tusk_id *key, const struct tusk_err *why,
		       struct tusk_err *err)
{
	if (check_is_damage(why->code))
		return check_add_damage(survey->check, key, CHECK_NO_PACK, why->message, err);
	if (err)
		*err = *why;
	return -1;
}

static int survey_entry(struct tusk_walk *walk, const struct tusk_entry *entry, struct tusk_err *err)
{
	struct survey *survey = walk->context;
	struct tusk_ref_sink sink = {.take = survey_ref, .context = survey};
	bool has_many = entry->content == TUSK_CONTENT_LIST || entry->content == TUSK_CONTENT_INDIRECT;
	struct tusk_id key;

	if (entry->type != TUSK_TYPE_FILE && !entry->xattrs_in_blob)
		return 0;
	check_content_key(entry, &key);
	if (tusk_refs_of(survey->check->fetcher, entry, &sink, &walk->why) != 0 ||
	    judge_parts(survey, entry, &walk->why) != 0)
		return judge_entry(survey, &key, &walk->why, err);
	if (!has_many || !survey->files || (entry->extents_in_blob && !is_readable(survey, true, &entry->extent_bytes)))
		return 0;
	int seen = visit(survey, &key, err);
	if (seen != 0)
		return seen < 0 ? -1 : 0;
	if (check_files_add(survey->files, entry, &walk->why) != 0)
		return judge_entry(survey, &key, &walk->why, err);
	return 0;
}

static int survey_all(struct survey *survey, struct tusk_err *err)
{
	static const struct tusk_walk_visitor visitor = {
	    .enter = survey_enter, .damaged = survey_damaged, .entry = survey_entry};
	struct tusk_check *check = survey->check;
	struct tusk_walk walk = {.fetcher = check->fetcher, .visitor = &visitor, .context = survey};
	int status = 0;

	for (size_t i = 0; i < check->snapshots.count && status == 0; i++) {
		check_stage(check, "trees", i, check->snapshots.count);
		status = tusk_walk_tree(&walk, &check->snapshots.items[i].root, err);
	}
	check_stage(check, "trees", check->snapshots.count, check->snapshots.count);
	tusk_walk_end(&walk);
	return status;
}

int check_structure(struct tusk_check *check, struct tusk_err *err)
{
	struct survey survey = {.check = check};
	if (check->options->data && check->options->share_ppm == 0 && check_files_new(check, &survey.files, err) != 0)
		return -1;
	int status = survey_all(&survey, err);
	if (survey.files && check_files_finish(survey.files, status == 0 ? err : NULL) != 0)
		status = -1;
	tusk_keyset_release(&survey.visited);
	return status;
}
