#include "scrub.h"

#include "keyslot.h"
#include "pack.h"
#include "pool.h"
#include "sealed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define HASH_SIZE       32u
#define DEFAULT_THREADS 2
#define PARAMETERS      "tusk.repository"
#define SMALL_MAX       (TUSK_SEALED_MAX + HASH_SIZE) /* more than a table of contents can have */

/* Tocs are listed before packs: a backup writes the pack first. */
static const char *const folders[] = {"keys/",   "snapshots/", "nodes/", "marks/", "ledger/",
				      "drills/", "forgotten/", "toc/",   "packs/"};
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))
#define KEYS    0u
#define TOCS    7u
#define PACKS   8u

struct item {
	struct tusk_id id;
	uint64_t size;
	uint8_t folder;
};

struct scrub {
	struct tusk_node *node;
	const struct tusk_scrub_options *options;
	struct tusk_buf items; /* struct item each */
	uint8_t folder;        /* being listed */
	pthread_mutex_t lock;  /* the result, and on_object */
	struct tusk_scrub_result result;
};

/* ---- one object ---- */

static bool is_damage(enum tusk_code code)
{
	return code == TUSK_E_CORRUPT || code == TUSK_E_IO || code == TUSK_E_LIMIT || code == TUSK_E_VERSION;
}

/* The parameters, tables of contents and notes of what was forgotten end with the hash of what is before. */
static int judge_small(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	struct tusk_parameters parameters;
	uint8_t hash[HASH_SIZE];
	bool is_parameters = strcmp(name, PARAMETERS) == 0;

	int found = tusk_node_get(node, name, is_parameters ? TUSK_PARAMETERS_MAX : SMALL_MAX, &data, err);
	if (found != TUSK_NODE_FOUND)
		return found;
	*ret_size = data.len;
	if (is_parameters)
		return tusk_parameters_decode(data.data, data.len, &parameters, err);
	if (data.len < HASH_SIZE)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "is truncated");
	tusk_sha256(data.data, data.len - HASH_SIZE, hash);
	if (memcmp(hash, data.data + data.len - HASH_SIZE, HASH_SIZE) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "does not hash to what its end says");
	return TUSK_NODE_FOUND;
}

static int judge_named(struct tusk_node *node, const char *name, uint64_t *ret_size, struct tusk_err *err)
{
	struct tusk_id hash;
	char text[TUSK_ID_TEXT_SIZE];

	int found = tusk_node_digest(node, name, hash.bytes, ret_size, err);
	if (found != TUSK_NODE_FOUND)
		return found;
	tusk_id_text(&hash, text);
	if (strcmp(strrchr(name, '/') + 1, text) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "bytes do not hash to the name");
	return TUSK_NODE_FOUND;
}

int tusk_scrub_object(struct tusk_node *node, const char *name, enum tusk_scrub_state *ret_state, uint64_t *ret_size,
		      struct tusk_err *ret_why, struct tusk_err *err)
{
	struct tusk_err why = {0};
	bool is_small =
	    strcmp(name, PARAMETERS) == 0 || strncmp(name, "toc/", 4) == 0 || strncmp(name, "forgotten/", 10) == 0;

	*ret_size = 0;
	int found = is_small ? judge_small(node, name, ret_size, &why) : judge_named(node, name, ret_size, &why);
	if (found == TUSK_NODE_ABSENT)
		return TUSK_NODE_ABSENT;
	if (found < 0 && !is_damage(why.code)) {
		if (err)
			*err = why;
		return -1;
	}
	*ret_state = found < 0 ? TUSK_SCRUB_DAMAGED : TUSK_SCRUB_INTACT;
	*ret_why = why;
	return TUSK_NODE_FOUND;
}

/* ---- all of them ---- */

static int report(struct scrub *scrub, const struct tusk_scrub_object *object, struct tusk_err *err)
{
	struct tusk_scrub_result *result = &scrub->result;
	int status = 0;

	pthread_mutex_lock(&scrub->lock);
	result->objects += object->state != TUSK_SCRUB_MISSING;
	result->packs += object->state != TUSK_SCRUB_MISSING && strncmp(object->name, "packs/", 6) == 0;
	result->bytes += object->size;
	result->damaged += object->state == TUSK_SCRUB_DAMAGED;
	result->missing += object->state == TUSK_SCRUB_MISSING;
	if (scrub->options->on_object)
		status = scrub->options->on_object(scrub->options->context, object, err);
	pthread_mutex_unlock(&scrub->lock);
	return status ? -1 : 0;
}

static int scrub_name(struct scrub *scrub, const char *name, struct tusk_err *err)
{
	struct tusk_scrub_object object = {.name = name};
	struct tusk_err why = {0};

	int found = tusk_scrub_object(scrub->node, name, &object.state, &object.size, &why, err);
	if (found != TUSK_NODE_FOUND)
		return found == TUSK_NODE_ABSENT ? 0 : -1;
	object.what = object.state == TUSK_SCRUB_DAMAGED ? why.message : NULL;
	object.code = why.code;
	return report(scrub, &object, err);
}

static void name_of(const struct item *item, char ret_name[80])
{
	char text[TUSK_ID_TEXT_SIZE];

	if (item->folder == PACKS) {
		tusk_pack_name(&item->id, ret_name);
		return;
	}
	tusk_id_text(&item->id, text);
	snprintf(ret_name, 80, "%s%s", folders[item->folder], text);
}

static bool is_wanted(const struct scrub *scrub, const char *name, uint64_t size)
{
	return !scrub->options->wants || scrub->options->wants(scrub->options->context, name, size);
}

static int go_on(const struct scrub *scrub, struct tusk_err *err)
{
	const atomic_bool *stop = scrub->options->stop;
	if (stop && atomic_load_explicit(stop, memory_order_relaxed))
		return tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted");
	return 0;
}

static uint64_t largest(const struct item *item)
{
	if (item->folder == PACKS)
		return TUSK_PACK_MAX_SIZE;
	return item->folder == KEYS ? TUSK_KEYSLOT_MAX : SMALL_MAX;
}

/* What is larger than anything of its kind is damaged, however long it would take to read it. */
static int report_large(struct scrub *scrub, const struct item *item, const char *name, struct tusk_err *err)
{
	char what[100];
	struct tusk_scrub_object object = {
	    .name = name, .state = TUSK_SCRUB_DAMAGED, .what = what, .code = TUSK_E_LIMIT};

	snprintf(what, sizeof(what), "is too large: %llu bytes, at most %llu are allowed",
		 (unsigned long long)item->size, (unsigned long long)largest(item));
	return report(scrub, &object, err);
}

static int run(void *context, void *job, struct tusk_err *err)
{
	struct scrub *scrub = context;
	const struct item *item = job;
	char name[80];

	name_of(item, name);
	if (go_on(scrub, err) != 0)
		return -1;
	return item->size > largest(item) ? report_large(scrub, item, name, err) : scrub_name(scrub, name, err);
}

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct scrub *scrub = context;
	struct item item = {.size = size, .folder = scrub->folder};
	size_t len = strlen(name), digits = 2 * TUSK_ID_SIZE;

	if (len < digits || tusk_hex_decode(name + len - digits, digits, item.id.bytes, TUSK_ID_SIZE) != 0)
		return 0;
	if (tusk_buf_append(&scrub->items, &item, sizeof(item)) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

/* Each pack right after its table of contents. */
static int compare(const void *a, const void *b)
{
	const struct item *left = a, *right = b;
	int order = tusk_id_compare(&left->id, &right->id);
	return order ? order : (int)left->folder - (int)right->folder;
}

/* A table of contents whose pack is not there, unless both went meanwhile. */
static int judge_missing(struct scrub *scrub, const struct item *toc, struct tusk_err *err)
{
	struct item pack = {.id = toc->id, .folder = PACKS};
	char name[80], toc_name[80];
	struct tusk_scrub_object object = {
	    .name = name, .state = TUSK_SCRUB_MISSING, .what = "is missing", .code = TUSK_E_ABSENT};
	uint64_t size;

	name_of(&pack, name);
	if (!is_wanted(scrub, name, 0))
		return 0;
	name_of(toc, toc_name);
	int found = tusk_node_stat(scrub->node, toc_name, &size, err);
	if (found == TUSK_NODE_FOUND)
		return report(scrub, &object, err);
	return found == TUSK_NODE_ABSENT ? 0 : -1;
}

static int scrub_items(struct scrub *scrub, struct tusk_err *err)
{
	unsigned threads = scrub->options->threads ? scrub->options->threads : DEFAULT_THREADS;
	struct tusk_pool_work work = {.run = run, .context = scrub};
	struct item *items = (struct item *)(void *)scrub->items.data;
	size_t count = scrub->items.len / sizeof(*items);
	struct tusk_pool *pool;
	int status = 0;

	if (count == 0)
		return 0;
	qsort(items, count, sizeof(*items), compare);
	if (tusk_pool_new(&work, threads, &pool, err) != 0)
		return -1;
	for (size_t i = 0; i < count && status == 0; i++) {
		char name[80];
		bool has_pack =
		    i + 1 < count && items[i + 1].folder == PACKS && tusk_id_equal(&items[i].id, &items[i + 1].id);

		name_of(&items[i], name);
		if (is_wanted(scrub, name, items[i].size))
			tusk_pool_add(pool, &items[i]);
		if (items[i].folder == TOCS && !has_pack)
			status = judge_missing(scrub, &items[i], err);
	}
	/* The first error stays. */
	return tusk_pool_finish(pool, status == 0 ? err : NULL) != 0 ? -1 : status;
}

static int scrub_parameters(struct scrub *scrub, struct tusk_err *err)
{
	struct tusk_scrub_object missing = {
	    .name = PARAMETERS, .state = TUSK_SCRUB_MISSING, .what = "is missing", .code = TUSK_E_ABSENT};
	uint64_t size;

	if (!is_wanted(scrub, PARAMETERS, 0))
		return 0;
	int found = tusk_node_stat(scrub->node, PARAMETERS, &size, err);
	if (found == TUSK_NODE_ABSENT)
		return report(scrub, &missing, err);
	return found == TUSK_NODE_FOUND ? scrub_name(scrub, PARAMETERS, err) : -1;
}

static int scrub_all(struct scrub *scrub, struct tusk_err *err)
{
	for (scrub->folder = 0; scrub->folder < FOLDERS; scrub->folder++)
		if (tusk_node_list(scrub->node, folders[scrub->folder], collect, scrub, err) != 0)
			return -1;
	if (scrub_parameters(scrub, err) != 0)
		return -1;
	return scrub_items(scrub, err);
}

int tusk_scrub_run(struct tusk_node *node, const struct tusk_scrub_options *options,
		   struct tusk_scrub_result *ret_result, struct tusk_err *err)
{
	struct scrub scrub = {.node = node, .options = options};

	pthread_mutex_init(&scrub.lock, NULL);
	int status = scrub_all(&scrub, err);
	pthread_mutex_destroy(&scrub.lock);
	tusk_buf_release(&scrub.items);
	if (status == 0)
		*ret_result = scrub.result;
	return status;
}
