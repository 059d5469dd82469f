#include "handle.h"
#include "manifest.h"
#include "marks.h"

#include "tusk/snapshot.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX         "snapshots/"
#define NEWS_MAX       256u
#define AHEAD          16u /* manifests that are fetched side by side */
#define NEWS_BYTES_MAX ((size_t)4 << 20)

static const char *const folders[] = {PREFIX, "marks/"};

static int collect_id(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct tusk_buf *ids = context;
	struct tusk_id id;

	(void)size;
	if (tusk_hex_decode(name + strlen(PREFIX), strlen(name) - strlen(PREFIX), id.bytes, TUSK_ID_SIZE) != 0)
		return 0;
	if (tusk_buf_append(ids, &id, sizeof(id)) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

enum loaded { LOADED, VANISHED };

/* What was read and opened once is kept in the index, under a tag; a body that does not decode is read again. */
static int load_cached(struct tusk_repository *repository, const struct tusk_id *id, struct tusk_snapshot *ret_snapshot)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	if (tusk_index_snapshot_get(repository->index, id, &body, NULL) != TUSK_INDEX_FOUND)
		return -1;
	return tusk_manifest_decode_body(body.data, body.len, ret_snapshot, NULL);
}

/* Bodies to be kept in the index: many at once, because a transaction waits for the disk. */
struct news {
	struct tusk_index_body items[NEWS_MAX];
	size_t count, bytes;
};

/* A failure to keep them only means that they are read again. */
static void news_flush(struct tusk_repository *repository, struct news *news)
{
	if (news->count > 0)
		(void)tusk_index_snapshot_put_many(repository->index, news->items, news->count, NULL);
	for (size_t i = 0; i < news->count; i++)
		tusk_buf_release(&news->items[i].body);
	news->count = news->bytes = 0;
}

static void news_add(struct tusk_repository *repository, struct news *news, const struct tusk_id *id,
		     struct tusk_buf *body)
{
	news->items[news->count++] = (struct tusk_index_body){.id = *id, .body = *body};
	news->bytes += body->len;
	*body = (struct tusk_buf){0};
	if (news->count == NEWS_MAX || news->bytes > NEWS_BYTES_MAX)
		news_flush(repository, news);
}

static int load_from_node(struct tusk_repository *repository, const struct tusk_id *id, struct news *news,
			  struct tusk_snapshot *ret_snapshot, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf sealed = {0};
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	char name[sizeof(PREFIX) + TUSK_ID_TEXT_SIZE] = PREFIX;

	tusk_id_text(id, name + strlen(PREFIX));
	int found = tusk_node_get(repository->node, name, TUSK_MANIFEST_MAX, &sealed, err);
	if (found != TUSK_NODE_FOUND)
		return found == TUSK_NODE_ABSENT ? VANISHED : -1;
	if (tusk_manifest_open(&repository->keys, aead, id, sealed.data, sealed.len, &body, err) != 0 ||
	    tusk_manifest_decode_body(body.data, body.len, ret_snapshot, err) != 0)
		return -1;
	news_add(repository, news, id, &body);
	return LOADED;
}

static int load_one(struct tusk_repository *repository, const struct tusk_id *id, struct news *news,
		    struct tusk_snapshot *ret_snapshot, struct tusk_err *err)
{
	struct tusk_snapshot snapshot = {0};
	int status = load_cached(repository, id, &snapshot);
	if (status != 0)
		status = load_from_node(repository, id, news, &snapshot, err);
	if (status == LOADED) {
		snapshot.id = *id;
		*ret_snapshot = snapshot;
	}
	return status;
}

static int compare(const void *a, const void *b)
{
	const struct tusk_snapshot *left = a, *right = b;
	if (left->time.tv_sec != right->time.tv_sec)
		return left->time.tv_sec < right->time.tv_sec ? -1 : 1;
	if (left->time.tv_nsec != right->time.tv_nsec)
		return left->time.tv_nsec < right->time.tv_nsec ? -1 : 1;
	return tusk_id_compare(&left->id, &right->id);
}

/* Who is told of manifests that cannot be read. */
struct listener {
	void (*on_damage)(void *context, const struct tusk_id *id, const struct tusk_err *why);
	void *context;
};

/* Asks for the next ones that are not kept here. */
static void look_ahead(struct tusk_repository *repository, const struct tusk_buf *ids, size_t offset)
{
	char names[AHEAD][sizeof(PREFIX) + TUSK_ID_TEXT_SIZE];
	const char *wanted[AHEAD];
	size_t count = 0, end = offset + AHEAD * sizeof(struct tusk_id);

	if (!tusk_node_is_remote(repository->node))
		return;
	for (; offset < ids->len && offset < end; offset += sizeof(struct tusk_id)) {
		TUSK_AUTO_BUF struct tusk_buf body = {0};
		struct tusk_id id;
		memcpy(&id, ids->data + offset, sizeof(id));
		if (tusk_index_snapshot_get(repository->index, &id, &body, NULL) == TUSK_INDEX_FOUND)
			continue;
		memcpy(names[count], PREFIX, sizeof(PREFIX));
		tusk_id_text(&id, names[count] + strlen(PREFIX));
		wanted[count] = names[count];
		count++;
	}
	tusk_node_foresee(repository->node, wanted, count);
}

static void load_all(struct tusk_repository *repository, const struct tusk_buf *ids, const struct listener *listener,
		     struct news *news, struct tusk_snapshot_list *list)
{
	for (size_t offset = 0; offset < ids->len; offset += sizeof(struct tusk_id)) {
		struct tusk_err why = {0};
		struct tusk_id id;
		memcpy(&id, ids->data + offset, sizeof(id));
		if (offset / sizeof(struct tusk_id) % AHEAD == 0)
			look_ahead(repository, ids, offset);
		int status = load_one(repository, &id, news, &list->items[list->count], &why);
		if (status == LOADED)
			list->count++;
		if (status >= 0)
			continue;
		list->damaged++;
		if (listener->on_damage)
			listener->on_damage(listener->context, &id, &why);
	}
	news_flush(repository, news);
}

int tusk_snapshot_list_load(struct tusk_repository *repository,
			    void (*on_damage)(void *context, const struct tusk_id *id, const struct tusk_err *why),
			    void *context, struct tusk_snapshot_list *ret_list, struct tusk_err *err)
{
	struct listener listener = {.on_damage = on_damage, .context = context};
	TUSK_AUTO_FREE struct news *news = calloc(1, sizeof(*news));
	TUSK_AUTO_BUF struct tusk_buf ids = {0};
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	struct tusk_marks marks TUSK_AUTO_MARKS = {0};

	tusk_node_foresee(repository->node, folders, 2);
	if (tusk_node_list(repository->node, PREFIX, collect_id, &ids, err) != 0)
		return -1;
	list.items = calloc(ids.len / sizeof(struct tusk_id) + 1, sizeof(*list.items));
	if (!list.items || !news)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	load_all(repository, &ids, &listener, news, &list);
	qsort(list.items, list.count, sizeof(*list.items), compare);
	if (tusk_marks_load(repository, &marks, err) < 0 || tusk_marks_apply(&marks, &list, err) < 0)
		return -1;
	*ret_list = list;
	list = (struct tusk_snapshot_list){0};
	return 0;
}

void tusk_snapshot_list_release(struct tusk_snapshot_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		tusk_snapshot_release(&list->items[i]);
	free(list->items);
	*list = (struct tusk_snapshot_list){0};
}

void tusk_snapshot_list_expect(struct tusk_repository *repository)
{
	static const char *const twice[] = {PREFIX, "marks/", PREFIX, "marks/"};

	tusk_node_foresee(repository->node, twice, sizeof(twice) / sizeof(twice[0]));
}

int tusk_snapshot_generation(struct tusk_repository *repository, uint64_t *ret_generation, struct tusk_err *err)
{
	uint64_t snapshots, marks;

	tusk_node_foresee(repository->node, folders, 2);
	if (tusk_node_generation(repository->node, PREFIX, &snapshots, err) < 0 ||
	    tusk_node_generation(repository->node, "marks/", &marks, err) < 0)
		return -1;
	*ret_generation = snapshots * 0x9e3779b97f4a7c15u ^ marks;
	return 0;
}
