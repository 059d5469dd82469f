#include "marks.h"

#include "sealed.h"
#include "tusk/cleanup.h"
#include "wire.h"

#include <string.h>

#define FOLDER      "marks/"
#define FLAG_PINNED 1u

static void strings_release(struct tusk_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct tusk_strings){0};
}

void tusk_mark_release(struct tusk_mark *mark)
{
	strings_release(&mark->tags);
}

/* ---- as bytes ---- */

int tusk_mark_encode(const struct tusk_mark *mark, struct tusk_buf *out)
{
	if (tusk_put_raw(out, mark->snapshot.bytes, TUSK_ID_SIZE) < 0 || tusk_put_u64(out, mark->counter) < 0 ||
	    tusk_put_u64(out, (uint64_t)mark->time.tv_sec) < 0 || tusk_put_u32(out, (uint32_t)mark->time.tv_nsec) < 0 ||
	    tusk_put_varint(out, mark->pinned ? FLAG_PINNED : 0) < 0 || tusk_put_varint(out, mark->tags.count) < 0)
		return -1;
	for (size_t i = 0; i < mark->tags.count; i++)
		if (tusk_put_bytes(out, mark->tags.items[i], strlen(mark->tags.items[i])) < 0)
			return -1;
	return 0;
}

static int corrupt(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a mark does not decode");
}

static int get_tags(struct tusk_cursor *cursor, struct tusk_strings *tags, struct tusk_err *err)
{
	uint64_t count = tusk_get_varint(cursor);

	if (cursor->failed || count > TUSK_MARK_TAGS_MAX)
		return corrupt(err);
	tags->items = calloc((size_t)count + 1, sizeof(*tags->items));
	if (!tags->items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	while (tags->count < count) {
		size_t len;
		const uint8_t *text = tusk_get_bytes(cursor, TUSK_MARK_TAG_MAX, &len);
		if (!text || memchr(text, 0, len))
			return corrupt(err);
		tags->items[tags->count] = strndup((const char *)text, len);
		if (!tags->items[tags->count])
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		tags->count++;
	}
	return 0;
}

int tusk_mark_decode(const void *data, size_t len, struct tusk_mark *ret_mark, struct tusk_err *err)
{
	struct tusk_mark mark TUSK_CLEANUP(tusk_mark_release) = {0};
	struct tusk_cursor cursor;

	tusk_cursor_init(&cursor, data, len);
	tusk_get_id(&cursor, &mark.snapshot);
	mark.counter = tusk_get_u64(&cursor);
	mark.time.tv_sec = (time_t)tusk_get_u64(&cursor);
	mark.time.tv_nsec = (long)tusk_get_u32(&cursor);
	mark.pinned = tusk_get_varint(&cursor) & FLAG_PINNED;
	if (get_tags(&cursor, &mark.tags, err) < 0)
		return -1;
	if (!tusk_cursor_done(&cursor) || mark.counter == UINT64_MAX)
		return corrupt(err);
	*ret_mark = mark;
	mark = (struct tusk_mark){0};
	return 0;
}

/* ---- all of a node ---- */

void tusk_marks_release(struct tusk_marks *marks)
{
	for (size_t i = 0; i < marks->count; i++)
		tusk_mark_release(&marks->items[i]);
	free(marks->items);
	*marks = (struct tusk_marks){0};
}

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct tusk_id id;

	(void)size;
	if (tusk_hex_decode(name + strlen(FOLDER), 2 * TUSK_ID_SIZE, id.bytes, TUSK_ID_SIZE) < 0)
		return 0;
	return tusk_buf_append(context, &id, sizeof(id)) < 0 ? tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory") : 0;
}

/* 1: it is damaged, or gone. A mark is not worth a refusal: check reports it. */
static int load_one(struct tusk_repository *repository, const struct tusk_id *id, struct tusk_mark *ret_mark,
		    struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	char name[80] = FOLDER;

	tusk_id_text(id, name + strlen(FOLDER));
	int found = tusk_sealed_get(repository->node, &repository->keys, TUSK_SEALED_MARK, FOLDER, name, &body, err);
	if (found == TUSK_NODE_FOUND && tusk_mark_decode(body.data, body.len, ret_mark, err) < 0)
		found = -1;
	if (found < 0)
		return err->code == TUSK_E_CORRUPT || err->code == TUSK_E_VERSION || err->code == TUSK_E_LIMIT ? 1 : -1;
	ret_mark->name = *id;
	return found != TUSK_NODE_FOUND;
}

static int compare(const void *left, const void *right)
{
	const struct tusk_mark *a = left, *b = right;
	int order = tusk_id_compare(&a->snapshot, &b->snapshot);

	if (order)
		return order;
	if (a->counter != b->counter)
		return a->counter > b->counter ? -1 : 1;
	if (a->time.tv_sec != b->time.tv_sec)
		return a->time.tv_sec > b->time.tv_sec ? -1 : 1;
	if (a->time.tv_nsec != b->time.tv_nsec)
		return a->time.tv_nsec > b->time.tv_nsec ? -1 : 1;
	return tusk_id_compare(&b->name, &a->name);
}

int tusk_marks_load(struct tusk_repository *repository, struct tusk_marks *ret_marks, struct tusk_err *err)
{
	struct tusk_marks marks TUSK_AUTO_MARKS = {0};
	TUSK_AUTO_BUF struct tusk_buf ids = {0};

	if (tusk_node_list(repository->node, FOLDER, collect, &ids, err) != 0)
		return -1;
	marks.items = calloc(ids.len / sizeof(struct tusk_id) + 1, sizeof(*marks.items));
	if (!marks.items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t at = 0; at < ids.len; at += sizeof(struct tusk_id)) {
		struct tusk_err why = {0};
		struct tusk_id id;
		memcpy(&id, ids.data + at, sizeof(id));
		int status = load_one(repository, &id, &marks.items[marks.count], &why);
		if (status < 0) {
			*err = why;
			return -1;
		}
		marks.count += status == 0;
	}
	if (marks.count > 1)
		qsort(marks.items, marks.count, sizeof(*marks.items), compare);
	*ret_marks = marks;
	marks = (struct tusk_marks){0};
	return 0;
}

/* The mark that holds, or NULL. */
static const struct tusk_mark *find(const struct tusk_marks *marks, const struct tusk_id *snapshot)
{
	size_t low = 0, high = marks->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (tusk_id_compare(&marks->items[middle].snapshot, snapshot) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < marks->count && tusk_id_equal(&marks->items[low].snapshot, snapshot) ? &marks->items[low] : NULL;
}

static int copy_tags(const struct tusk_strings *from, struct tusk_strings *ret_tags)
{
	struct tusk_strings tags = {.items = calloc(from->count + 1, sizeof(char *))};

	if (!tags.items)
		return -1;
	for (; tags.count < from->count; tags.count++) {
		tags.items[tags.count] = strdup(from->items[tags.count]);
		if (!tags.items[tags.count]) {
			strings_release(&tags);
			return -1;
		}
	}
	strings_release(ret_tags);
	*ret_tags = tags;
	return 0;
}

int tusk_marks_apply(const struct tusk_marks *marks, struct tusk_snapshot_list *list, struct tusk_err *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct tusk_mark *mark = find(marks, &list->items[i].id);
		if (!mark)
			continue;
		if (copy_tags(&mark->tags, &list->items[i].tags) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		list->items[i].pinned = mark->pinned;
	}
	return 0;
}
