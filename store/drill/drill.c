/* Notes about restore drills, sealed, named by their hash: adding one changes no other. */
#include "drill.h"

#include "handle.h"
#include "sealed.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER   "drills/"
#define TIME_MAX (INT64_MAX / 2)

static bool get_text(struct tusk_cursor *cursor, char ret_text[TUSK_DRILL_NAME_MAX + 1])
{
	size_t len;
	const uint8_t *text = tusk_get_bytes(cursor, TUSK_DRILL_NAME_MAX, &len);
	if (!text || (len && memchr(text, 0, len)))
		return false;
	memcpy(ret_text, text, len);
	ret_text[len] = '\0';
	return true;
}

int tusk_drill_decode(const void *body, size_t len, struct tusk_drill *ret_drill, struct tusk_err *err)
{
	struct tusk_cursor cursor;
	struct tusk_drill drill = {0};
	tusk_cursor_init(&cursor, body, len);
	uint64_t time = tusk_get_varint(&cursor);
	bool good = get_text(&cursor, drill.node) && get_text(&cursor, drill.host);
	tusk_get_id(&cursor, &drill.snapshot);
	uint8_t flags = tusk_get_u8(&cursor);
	uint64_t *const counts[] = {&drill.files, &drill.bytes, &drill.elapsed_ms, &drill.failures, &drill.next};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		*counts[i] = tusk_get_varint(&cursor);
	if (!good || !tusk_cursor_done(&cursor) || flags > 1 || time > TIME_MAX)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "is not a note of a drill");
	drill.time_ms = (int64_t)time;
	drill.mounted = flags & 1;
	*ret_drill = drill;
	return 0;
}

int tusk_drill_encode(const struct tusk_drill *drill, struct tusk_buf *out)
{
	const uint64_t counts[] = {drill->files, drill->bytes, drill->elapsed_ms, drill->failures, drill->next};
	int failed = tusk_put_varint(out, drill->time_ms > 0 ? (uint64_t)drill->time_ms : 0);
	failed |= tusk_put_bytes(out, drill->node, strnlen(drill->node, TUSK_DRILL_NAME_MAX));
	failed |= tusk_put_bytes(out, drill->host, strnlen(drill->host, TUSK_DRILL_NAME_MAX));
	failed |= tusk_put_raw(out, drill->snapshot.bytes, TUSK_ID_SIZE);
	failed |= tusk_put_u8(out, drill->mounted);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		failed |= tusk_put_varint(out, counts[i]);
	return failed ? -1 : 0;
}

int tusk_drill_add(struct tusk_repository *repository, const struct tusk_drill *drill, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	if (tusk_drill_encode(drill, &body) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return tusk_sealed_put(repository->node, &repository->keys, TUSK_SEALED_DRILL, FOLDER, body.data, body.len,
			       NULL, err);
}

struct collection {
	struct tusk_repository *repository;
	struct tusk_drill *items;
	size_t count;
};

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct collection *all = context;
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	struct tusk_err why = {0};
	struct tusk_drill drill;
	(void)size;
	if (all->count >= TUSK_DRILLS_MAX)
		return 0;
	int found = tusk_sealed_get(all->repository->node, &all->repository->keys, TUSK_SEALED_DRILL, FOLDER, name,
				    &body, &why);
	if (found != TUSK_NODE_FOUND || tusk_drill_decode(body.data, body.len, &drill, &why) < 0)
		return 0;
	struct tusk_drill *items = reallocarray(all->items, all->count + 1, sizeof(*items));
	if (!items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	all->items = items;
	items[all->count++] = drill;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct tusk_drill *left = a, *right = b;
	return left->time_ms < right->time_ms ? -1 : left->time_ms > right->time_ms;
}

int tusk_drill_list(struct tusk_repository *repository, struct tusk_drill **ret_drills, size_t *ret_count,
		    struct tusk_err *err)
{
	struct collection all = {.repository = repository};
	if (tusk_node_list(repository->node, FOLDER, collect, &all, err) != 0) {
		free(all.items);
		return -1;
	}
	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), compare);
	*ret_drills = all.items;
	*ret_count = all.count;
	return 0;
}
