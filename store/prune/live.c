#include "live.h"

#include "fetcher.h"
#include "index_tocs.h"
#include "manifest.h"
#include "refs.h"
#include "table.h"
#include "tusk/cleanup.h"

#include <string.h>

#define SNAPSHOTS   "snapshots/"
#define MISSING_MAX 1000000u
#define DEPTH_MAX   (1024u * 6) /* directories, and blocks of each: FORMAT.md, Limits */

struct tusk_live {
	const struct tusk_live_options *options;
	struct tusk_fetcher *fetcher;
	struct tusk_live_pack *packs;
	size_t pack_count;
	struct tusk_table table;
	struct tusk_pack_ids looked;  /* manifests that were marked; sorted */
	struct tusk_pack_ids missing; /* objects */
	bool is_lease;                /* what is marked is for a lease: its holder may have been dead for long */
	unsigned depth;
};

static void stage(const struct tusk_live *live, const char *name, uint64_t done, uint64_t total)
{
	if (live->options->on_stage)
		live->options->on_stage(live->options->context, name, done, total);
}

static int go_on(const struct tusk_live *live, struct tusk_err *err)
{
	if (live->options->stop && atomic_load_explicit(live->options->stop, memory_order_relaxed))
		return tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted");
	return 0;
}

/* ---- packs ---- */

void tusk_live_close(struct tusk_live *live)
{
	if (!live)
		return;
	tusk_table_release(&live->table);
	tusk_pack_ids_release(&live->looked);
	tusk_pack_ids_release(&live->missing);
	free(live->packs);
	free(live);
}

static int take_toc(struct tusk_live *live, size_t number, enum tusk_toc_state state, const struct tusk_toc *toc,
		    struct tusk_err *err)
{
	struct tusk_live_pack *pack = &live->packs[number];

	/* Gone: removed since it was listed. */
	if (state != TUSK_TOC_LOADED) {
		pack->is_unreadable = true;
		return 0;
	}
	pack->records = toc->count;
	pack->kind = toc->kind;
	for (uint32_t i = 0; i < toc->count; i++)
		if (tusk_table_add(&live->table, &toc->records[i].id, (uint32_t)number, err) < 0)
			return -1;
	return 0;
}

static int read_tocs(struct tusk_live *live, const struct tusk_pack_list *list, struct tusk_err *err)
{
	TUSK_AUTO_TOC_STREAM struct tusk_toc_stream *stream = NULL;
	const struct tusk_live_options *options = live->options;

	if (tusk_toc_stream_open(options->node, &options->repository->keys, list, TUSK_SIZES_GIVEN, &stream, err) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		TUSK_AUTO_TOC struct tusk_toc toc = {0};
		enum tusk_toc_state state;
		uint64_t size;

		stage(live, "packs", i, list->count);
		if (go_on(live, err) < 0 || tusk_toc_stream_next(stream, &state, &toc, &size, err) < 0 ||
		    take_toc(live, i, state, &toc, err) < 0)
			return -1;
	}
	return tusk_table_sort(&live->table, err);
}

int tusk_live_open(const struct tusk_live_options *options, struct tusk_live **ret_live, struct tusk_err *err)
{
	TUSK_AUTO_LIVE struct tusk_live *live = calloc(1, sizeof(*live));
	struct tusk_pack_list list TUSK_AUTO_PACK_LIST = {0};

	if (!live)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	live->options = options;
	if (tusk_table_init(&live->table, err) < 0 || tusk_fetcher_get(options->repository, &live->fetcher, err) < 0 ||
	    tusk_pack_list_load(options->node, "packs/", &list, err) < 0)
		return -1;
	live->packs = calloc(list.count + 1, sizeof(*live->packs));
	if (!live->packs)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (; live->pack_count < list.count; live->pack_count++)
		live->packs[live->pack_count] = (struct tusk_live_pack){.id = list.packs[live->pack_count].id,
									.size = list.packs[live->pack_count].size};
	if (read_tocs(live, &list, err) < 0)
		return -1;
	*ret_live = TUSK_STEAL(live);
	return 0;
}

/* ---- marking ---- */

/* enum tusk_table_mark or -1. */
static int mark(struct tusk_live *live, const struct tusk_id *id, struct tusk_err *err)
{
	enum tusk_table_mark result = tusk_table_mark(&live->table, id);

	if (result != TUSK_MARK_UNKNOWN || live->is_lease)
		return (int)result;
	if (live->missing.count == MISSING_MAX)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "more than %u objects are in no pack", MISSING_MAX);
	return tusk_pack_ids_add(&live->missing, id, err) < 0 ? -1 : (int)result;
}

/* A list that is in no pack that we know of may be in a new one. */
static int take_ref(void *context, const struct tusk_ref *ref, struct tusk_err *err)
{
	int result = mark(context, &ref->id, err);
	return result < 0 ? -1 : result == TUSK_MARK_OLD;
}

static int mark_block(struct tusk_live *live, const struct tusk_id *id, struct tusk_err *err);

static int mark_entry(struct tusk_live *live, const struct tusk_tree *tree, uint32_t i, struct tusk_err *err)
{
	const struct tusk_ref_sink sink = {.take = take_ref, .context = live};
	struct tusk_entry entry;

	tusk_tree_entry(tree, i, &entry);
	if (tusk_refs_of(live->fetcher, &entry, &sink, err) < 0)
		return -1;
	if (entry.type != TUSK_TYPE_DIRECTORY || entry.subtree.entries == 0)
		return 0;
	return mark_block(live, &entry.subtree.id, err);
}

static int mark_below(struct tusk_live *live, const struct tusk_tree *tree, struct tusk_err *err)
{
	int status = 0;

	for (uint32_t i = 0; i < tree->count && status == 0; i++) {
		struct tusk_tree_child child;
		if (tree->level == 0) {
			status = mark_entry(live, tree, i, err);
			continue;
		}
		tusk_tree_child(tree, i, &child);
		status = mark_block(live, &child.id, err);
	}
	return status;
}

/* A block that was marked has been walked, or the walk failed and with it all that relies on it. */
static int mark_block(struct tusk_live *live, const struct tusk_id *id, struct tusk_err *err)
{
	struct tusk_err why = {0};
	struct tusk_block *block;

	int known = mark(live, id, err);
	if (known < 0 || known == TUSK_MARK_OLD)
		return known < 0 ? -1 : 0;
	if (go_on(live, err) < 0)
		return -1;
	if (live->depth == DEPTH_MAX)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "directories are nested too deep");
	if (tusk_fetcher_block(live->fetcher, id, &block, &why) < 0) {
		if (live->is_lease && known == TUSK_MARK_UNKNOWN && why.code == TUSK_E_CORRUPT)
			return 0;
		*err = why;
		return -1;
	}
	live->depth++;
	int status = mark_below(live, tusk_block_tree(block), err);
	live->depth--;
	tusk_block_release(block);
	return status;
}

int tusk_live_mark(struct tusk_live *live, const struct tusk_id *block, struct tusk_err *err)
{
	static const struct tusk_id none;
	return tusk_id_equal(block, &none) ? 0 : mark_block(live, block, err);
}

/* ---- snapshots ---- */

static int collect_id(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct tusk_id id;

	(void)size;
	if (tusk_hex_decode(name + strlen(SNAPSHOTS), 2 * TUSK_ID_SIZE, id.bytes, TUSK_ID_SIZE) < 0)
		return 0;
	return tusk_pack_ids_add(context, &id, err);
}

/* 1: it was forgotten meanwhile. */
static int mark_snapshot(struct tusk_live *live, const struct tusk_id *id, struct tusk_err *err)
{
	struct tusk_repository *repository = live->options->repository;
	TUSK_AUTO_BUF struct tusk_buf sealed = {0}, body = {0};
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	char name[80] = SNAPSHOTS;
	struct tusk_snapshot snapshot;

	tusk_id_text(id, name + strlen(SNAPSHOTS));
	int found = tusk_node_get(live->options->node, name, TUSK_MANIFEST_MAX, &sealed, err);
	if (found != TUSK_NODE_FOUND)
		return found < 0 ? -1 : 1;
	if (tusk_manifest_open(&repository->keys, aead, id, sealed.data, sealed.len, &body, err) < 0 ||
	    tusk_manifest_decode_body(body.data, body.len, &snapshot, err) < 0)
		return -1;
	int status = snapshot.root.entries ? tusk_live_mark(live, &snapshot.root.id, err) : 0;
	tusk_snapshot_release(&snapshot);
	return status;
}

static int mark_snapshots(struct tusk_live *live, const struct tusk_pack_ids *ids, struct tusk_err *err)
{
	size_t known = live->looked.count;

	for (size_t i = 0; i < ids->count; i++) {
		const struct tusk_pack_ids before = {live->looked.items, known, known};
		char text[TUSK_ID_TEXT_SIZE];

		stage(live, "snapshots", i, ids->count);
		if (tusk_pack_ids_contain(&before, &ids->items[i]))
			continue;
		tusk_id_text(&ids->items[i], text);
		int status = mark_snapshot(live, &ids->items[i], err);
		if (status < 0)
			return tusk_err_prefix(err, "snapshot %.8s", text);
		if (status == 0 && tusk_pack_ids_add(&live->looked, &ids->items[i], err) < 0)
			return -1;
	}
	tusk_pack_ids_sort(&live->looked);
	return 0;
}

int tusk_live_look(struct tusk_live *live, const struct tusk_leases *leases, struct tusk_err *err)
{
	TUSK_AUTO_PACK_IDS struct tusk_pack_ids ids = {0};

	/* Leases were read before: a root that a writer commits now is in its lease, or in a manifest. */
	if (tusk_node_list(live->options->node, SNAPSHOTS, collect_id, &ids, err) != 0 ||
	    mark_snapshots(live, &ids, err) < 0)
		return -1;
	live->is_lease = true;
	int status = 0;
	for (size_t i = 0; i < leases->count && status == 0; i++)
		for (size_t k = 0; k < leases->items[i].note.root_count && status == 0; k++)
			status = tusk_live_mark(live, &leases->items[i].note.roots[k], err);
	live->is_lease = false;
	return status < 0 ? tusk_err_prefix(err, "what a running backup refers to") : 0;
}

/* ---- what was not found ---- */

static int compare_pack(const void *key, const void *pack)
{
	return tusk_id_compare(key, &((const struct tusk_live_pack *)pack)->id);
}

static bool knows(const struct tusk_live *live, const struct tusk_id *pack)
{
	return live->pack_count && bsearch(pack, live->packs, live->pack_count, sizeof(*live->packs), compare_pack);
}

/* Packs that came after ours were listed. */
static int list_new(const struct tusk_live *live, struct tusk_pack_list *ret_list, struct tusk_err *err)
{
	size_t kept = 0;

	if (tusk_pack_list_load(live->options->node, "packs/", ret_list, err) < 0)
		return -1;
	for (size_t i = 0; i < ret_list->count; i++)
		if (!knows(live, &ret_list->packs[i].id))
			ret_list->packs[kept++] = ret_list->packs[i];
	ret_list->count = kept;
	return 0;
}

static int collect_new(struct tusk_live *live, const struct tusk_pack_list *list, struct tusk_pack_ids *stored,
		       struct tusk_err *err)
{
	TUSK_AUTO_TOC_STREAM struct tusk_toc_stream *stream = NULL;

	if (tusk_toc_stream_open(live->options->node, &live->options->repository->keys, list, TUSK_SIZES_GIVEN, &stream,
				 err) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		TUSK_AUTO_TOC struct tusk_toc toc = {0};
		enum tusk_toc_state state;
		uint64_t size;

		if (tusk_toc_stream_next(stream, &state, &toc, &size, err) < 0)
			return -1;
		for (uint32_t k = 0; k < toc.count; k++)
			if (tusk_pack_ids_contain(&live->missing, &toc.records[k].id) &&
			    tusk_pack_ids_add(stored, &toc.records[k].id, err) < 0)
				return -1;
	}
	return 0;
}

int tusk_live_missing(struct tusk_live *live, uint64_t *ret_missing, struct tusk_id *ret_first, struct tusk_err *err)
{
	struct tusk_pack_list list TUSK_AUTO_PACK_LIST = {0};
	TUSK_AUTO_PACK_IDS struct tusk_pack_ids stored = {0};
	size_t kept = 0;

	tusk_pack_ids_sort(&live->missing);
	if (live->missing.count && (list_new(live, &list, err) < 0 || collect_new(live, &list, &stored, err) < 0))
		return -1;
	tusk_pack_ids_sort(&stored);
	for (size_t i = 0; i < live->missing.count; i++)
		if (!tusk_pack_ids_contain(&stored, &live->missing.items[i]))
			live->missing.items[kept++] = live->missing.items[i];
	live->missing.count = kept;
	*ret_missing = kept;
	if (kept)
		*ret_first = live->missing.items[0];
	return 0;
}

/* ---- answers ---- */

size_t tusk_live_count(const struct tusk_live *live)
{
	return live->pack_count;
}

struct tusk_live_pack *tusk_live_pack(struct tusk_live *live, size_t number)
{
	return &live->packs[number];
}

const struct tusk_id *tusk_live_id(const struct tusk_live *live, size_t number)
{
	return &live->packs[number].id;
}

void tusk_live_condemned(struct tusk_live *live, const struct tusk_condemned *condemned)
{
	for (size_t i = 0; i < live->pack_count; i++)
		live->packs[i].is_condemned = tusk_condemned_find(condemned, &live->packs[i].id) != NULL;
}

/* Whether what it holds will stay there. */
static bool stays(const struct tusk_live_pack *pack)
{
	return !pack->is_condemned && !pack->is_gone;
}

/* Sets needed[number] where a live object is in condemned packs only. */
static void find_needed(const struct tusk_live *live, bool *needed)
{
	const struct tusk_table *table = &live->table;

	for (size_t i = 0, count; i < table->count; i += count) {
		bool elsewhere = false;
		count = tusk_table_group(table, i);
		if (!tusk_table_is_live(table, i))
			continue;
		for (size_t k = i; k < i + count; k++)
			elsewhere = elsewhere || stays(&live->packs[table->items[k].pack]);
		for (size_t k = i; k < i + count && !elsewhere; k++)
			needed[table->items[k].pack] = true;
	}
}

int tusk_live_needed(const struct tusk_live *live, struct tusk_pack_ids *ret_needed, struct tusk_err *err)
{
	TUSK_AUTO_FREE bool *needed = calloc(live->pack_count + 1, sizeof(*needed));

	if (!needed)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	find_needed(live, needed);
	for (size_t i = 0; i < live->pack_count; i++) {
		/* What is in it is not known. */
		bool doubtful = live->packs[i].is_condemned && live->packs[i].is_unreadable;
		if (!live->packs[i].is_condemned)
			continue;
		if ((needed[i] || doubtful) && tusk_pack_ids_add(ret_needed, &live->packs[i].id, err) < 0)
			return -1;
	}
	return 0;
}

/* Whether a is the better place for an object that both hold. */
static bool is_better(const struct tusk_live_pack *a, const struct tusk_live_pack *b)
{
	if (stays(a) != stays(b))
		return stays(a);
	return (uint64_t)a->live * b->records > (uint64_t)b->live * a->records;
}

static size_t keeper_of(const struct tusk_live *live, size_t at, size_t count)
{
	size_t best = live->table.items[at].pack;
	for (size_t i = at + 1; i < at + count; i++) {
		size_t number = live->table.items[i].pack;
		if (is_better(&live->packs[number], &live->packs[best]) ||
		    (number < best && !is_better(&live->packs[best], &live->packs[number])))
			best = number;
	}
	return best;
}

bool tusk_live_keeper(const struct tusk_live *live, const struct tusk_id *id, size_t *ret_number)
{
	size_t at, count = tusk_table_find(&live->table, id, &at);

	if (count == 0 || !tusk_table_is_live(&live->table, at))
		return false;
	*ret_number = keeper_of(live, at, count);
	return true;
}

int tusk_live_use(struct tusk_live *live, uint32_t **ret_kept, struct tusk_err *err)
{
	const struct tusk_table *table = &live->table;
	uint32_t *kept = calloc(live->pack_count + 1, sizeof(*kept));

	if (!kept)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < live->pack_count; i++)
		live->packs[i].live = 0;
	for (size_t i = 0; i < table->count; i++)
		live->packs[table->items[i].pack].live += tusk_table_is_live(table, i);
	for (size_t i = 0, count; i < table->count; i += count) {
		count = tusk_table_group(table, i);
		if (tusk_table_is_live(table, i))
			kept[keeper_of(live, i, count)]++;
	}
	*ret_kept = kept;
	return 0;
}
