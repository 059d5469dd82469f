/* The body of a manifest: fields as (tag, bytes), driven by one table for the texts. */
#include "manifest.h"

#include "tree.h"
#include "tusk/cleanup.h"
#include "wire.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX      255
#define PATH_BYTES    4096
#define LONG_TEXT_MAX ((size_t)128 << 10)
#define NS_PER_S      1000000000u
#define FLAG_XATTRS   1u

enum tag {
	TAG_TIME = 1,
	TAG_ROOT,
	TAG_ROOT_ENTRY,
	TAG_HOST,
	TAG_USER,
	TAG_SOURCE,
	TAG_PATH,
	TAG_TAG,
	TAG_COMMENT,
	TAG_PARENT,
	TAG_VERSION,
	TAG_COMMAND,
	TAG_COUNTERS,
	TAG_WRITER,
	TAG_FLAGS,
	TAG_PROVENANCE,
	TAG_END_TIME,
	TAG_COUNT
};

/* The fields that are texts: where they go, and how long they can be. */
struct text_field {
	size_t offset; /* of char * or of struct tusk_strings */
	size_t max;
	bool repeated;
	const char *what;
};
#define TEXT(member, max, what)                                          \
	{                                                                \
		offsetof(struct tusk_snapshot, member), max, false, what \
	}
#define STRINGS(member, max, what)                                      \
	{                                                               \
		offsetof(struct tusk_snapshot, member), max, true, what \
	}
static const struct text_field text_fields[TAG_COUNT] = {
    [TAG_HOST] = TEXT(host, TEXT_MAX, "host name"),
    [TAG_USER] = TEXT(user, TEXT_MAX, "user name"),
    [TAG_SOURCE] = TEXT(source, TEXT_MAX, "source name"),
    [TAG_PATH] = STRINGS(paths, PATH_BYTES, "path"),
    [TAG_TAG] = STRINGS(tags, TEXT_MAX, "tag"),
    [TAG_COMMENT] = TEXT(comment, LONG_TEXT_MAX, "comment"),
    [TAG_VERSION] = TEXT(version, TEXT_MAX, "version"),
    [TAG_COMMAND] = STRINGS(command, LONG_TEXT_MAX, "argument of the command line"),
};

static char **text_of(struct tusk_snapshot *snapshot, const struct text_field *field)
{
	return (char **)(void *)((char *)snapshot + field->offset);
}

static struct tusk_strings *strings_of(struct tusk_snapshot *snapshot, const struct text_field *field)
{
	return (struct tusk_strings *)(void *)((char *)snapshot + field->offset);
}

static int corrupt(struct tusk_err *err, const char *wrong)
{
	return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the manifest %s", wrong);
}

static int no_memory(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for a manifest");
}

/* ---- release ---- */

static void release_strings(struct tusk_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
}

void tusk_snapshot_release(struct tusk_snapshot *snapshot)
{
	for (int tag = 0; tag < TAG_COUNT; tag++) {
		const struct text_field *field = &text_fields[tag];

		if (field->what && field->repeated)
			release_strings(strings_of(snapshot, field));
		else if (field->what)
			free(*text_of(snapshot, field));
	}
	release_strings(&snapshot->provenance);
	tusk_buf_release(&snapshot->root_entry);
	*snapshot = (struct tusk_snapshot){0};
}

/* ---- decoding ---- */

/* A copy with a NUL at its end; the bytes hold none. */
static int copy_text(const uint8_t *data, size_t len, char **ret_text, struct tusk_err *err)
{
	if (len && memchr(data, 0, len))
		return corrupt(err, "has a text with a NUL in it");
	char *text = malloc(len + 1);
	if (!text)
		return no_memory(err);
	if (len)
		memcpy(text, data, len);
	text[len] = 0;
	*ret_text = text;
	return 0;
}

static int append_text(struct tusk_strings *strings, const uint8_t *data, size_t len, struct tusk_err *err)
{
	/* Room for a power of two: grown whenever the count is one. */
	if ((strings->count & (strings->count - 1)) == 0) {
		size_t room = strings->count ? 2 * strings->count : 1;
		char **items = realloc(strings->items, room * sizeof(*items));

		if (!items)
			return no_memory(err);
		strings->items = items;
	}
	if (copy_text(data, len, &strings->items[strings->count], err))
		return -1;
	strings->count++;
	return 0;
}

static int decode_text(struct tusk_snapshot *snapshot, enum tag tag, const uint8_t *data, size_t len,
		       struct tusk_err *err)
{
	const struct text_field *field = &text_fields[tag];

	if (len > field->max)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the manifest has a %s that is too long", field->what);
	if (!field->repeated)
		return copy_text(data, len, text_of(snapshot, field), err);
	if (strings_of(snapshot, field)->count >= TUSK_MANIFEST_STRINGS_MAX)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "the manifest has too many fields of the kind: %s",
				    field->what);
	if (tag == TAG_PATH && (len == 0 || data[0] != '/'))
		return corrupt(err, "has a path that is not absolute");
	return append_text(strings_of(snapshot, field), data, len, err);
}

static int decode_time(struct tusk_cursor *cursor, struct timespec *ret_time, struct tusk_err *err)
{
	uint64_t seconds = tusk_get_u64(cursor);
	uint32_t ns = tusk_get_u32(cursor);

	if (!tusk_cursor_done(cursor) || ns >= NS_PER_S)
		return corrupt(err, "has a damaged time");
	*ret_time = (struct timespec){(time_t)seconds, (long)ns};
	return 0;
}

/* In the order of the format. */
static void list_counters(struct tusk_counters *counters, uint64_t *ret_fields[10])
{
	uint64_t *fields[10] = {
	    &counters->files,        &counters->dirs,          &counters->others,          &counters->bytes,
	    &counters->new_files,    &counters->changed_files, &counters->unchanged_files, &counters->new_bytes,
	    &counters->stored_bytes, &counters->errors,
	};

	memcpy(ret_fields, fields, sizeof(fields));
}

static int decode_counters(struct tusk_cursor *cursor, struct tusk_counters *ret_counters, struct tusk_err *err)
{
	uint64_t *fields[10];

	list_counters(ret_counters, fields);
	for (int i = 0; i < 10; i++)
		*fields[i] = tusk_get_varint(cursor);
	return tusk_cursor_done(cursor) ? 0 : corrupt(err, "has damaged counters");
}

static int decode_writer(struct tusk_cursor *cursor, struct tusk_snapshot *snapshot, struct tusk_err *err)
{
	const uint8_t *writer = tusk_get_raw(cursor, sizeof(snapshot->writer));

	snapshot->writer_counter = tusk_get_varint(cursor);
	tusk_get_id(cursor, &snapshot->writer_previous);
	if (!tusk_cursor_done(cursor))
		return corrupt(err, "has a damaged writer");
	memcpy(snapshot->writer, writer, sizeof(snapshot->writer));
	return 0;
}

static int decode_provenance(struct tusk_cursor *cursor, struct tusk_strings *pairs, struct tusk_err *err)
{
	size_t key_len, value_len;
	const uint8_t *key = tusk_get_bytes(cursor, LONG_TEXT_MAX, &key_len);
	const uint8_t *value = tusk_get_bytes(cursor, LONG_TEXT_MAX, &value_len);

	if (!tusk_cursor_done(cursor) || key_len == 0 || pairs->count >= 2 * (size_t)TUSK_MANIFEST_STRINGS_MAX)
		return corrupt(err, "has a damaged provenance");
	if (append_text(pairs, key, key_len, err))
		return -1;
	return append_text(pairs, value, value_len, err);
}

static int decode_root_entry(struct tusk_snapshot *snapshot, const uint8_t *data, size_t len, struct tusk_err *err)
{
	struct tusk_entry check;

	if (tusk_tree_decode_root(data, len, &check, err))
		return tusk_err_prefix(err, "the manifest is damaged");
	return tusk_buf_append(&snapshot->root_entry, data, len) ? no_memory(err) : 0;
}

static int decode_field(struct tusk_snapshot *snapshot, enum tag tag, const uint8_t *data, size_t len,
			struct tusk_err *err)
{
	struct tusk_cursor cursor;

	tusk_cursor_init(&cursor, data, len);
	switch (tag) {
	case TAG_TIME:
		return decode_time(&cursor, &snapshot->time, err);
	case TAG_END_TIME:
		return decode_time(&cursor, &snapshot->end_time, err);
	case TAG_ROOT:
		if (tusk_subtree_decode(data, len, &snapshot->root, err))
			return tusk_err_prefix(err, "the manifest is damaged");
		return 0;
	case TAG_ROOT_ENTRY:
		return decode_root_entry(snapshot, data, len, err);
	case TAG_PARENT:
		tusk_get_id(&cursor, &snapshot->parent);
		snapshot->has_parent = true;
		return tusk_cursor_done(&cursor) ? 0 : corrupt(err, "has a damaged parent");
	case TAG_COUNTERS:
		return decode_counters(&cursor, &snapshot->counters, err);
	case TAG_WRITER:
		return decode_writer(&cursor, snapshot, err);
	case TAG_FLAGS:
		snapshot->has_xattrs = tusk_get_varint(&cursor) & FLAG_XATTRS;
		return tusk_cursor_done(&cursor) ? 0 : corrupt(err, "has damaged flags");
	case TAG_PROVENANCE:
		return decode_provenance(&cursor, &snapshot->provenance, err);
	default:
		return decode_text(snapshot, tag, data, len, err);
	}
}

/* Absent texts are "". */
static int fill_texts(struct tusk_snapshot *snapshot, struct tusk_err *err)
{
	for (int tag = 0; tag < TAG_COUNT; tag++) {
		const struct text_field *field = &text_fields[tag];

		if (!field->what || field->repeated || *text_of(snapshot, field))
			continue;
		if (copy_text(NULL, 0, text_of(snapshot, field), err))
			return -1;
	}
	return 0;
}

static bool may_repeat(uint64_t tag)
{
	return tag >= TAG_COUNT || tag == TAG_PROVENANCE || text_fields[tag].repeated;
}

static int decode_fields(struct tusk_cursor *cursor, struct tusk_snapshot *snapshot, struct tusk_err *err)
{
	uint64_t last = 0;
	uint32_t seen = 0;

	while (tusk_cursor_left(cursor)) {
		size_t len;
		uint64_t tag = tusk_get_varint(cursor);
		const uint8_t *data = tusk_get_bytes(cursor, TUSK_MANIFEST_MAX, &len);

		if (cursor->failed)
			return corrupt(err, "is cut short");
		if (tag < last || tag == 0 || (tag == last && !may_repeat(tag)))
			return corrupt(err, "has fields out of order");
		last = tag;
		if (tag >= TAG_COUNT)
			continue;
		seen |= 1u << tag;
		if (decode_field(snapshot, (enum tag)tag, data, len, err))
			return -1;
	}
	uint32_t required = 1u << TAG_TIME | 1u << TAG_ROOT | 1u << TAG_ROOT_ENTRY;
	if ((seen & required) != required)
		return corrupt(err, "lacks its time or its root directory");
	return fill_texts(snapshot, err);
}

int tusk_manifest_decode_body(const void *body, size_t len, struct tusk_snapshot *ret_snapshot, struct tusk_err *err)
{
	struct tusk_snapshot snapshot = {0};
	struct tusk_cursor cursor;

	if (len > TUSK_MANIFEST_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "the manifest is too large");
	tusk_cursor_init(&cursor, body, len);
	if (decode_fields(&cursor, &snapshot, err)) {
		tusk_snapshot_release(&snapshot);
		return -1;
	}
	*ret_snapshot = snapshot;
	return 0;
}

/* ---- encoding ---- */

/* One field whose value was collected in value, which is emptied. */
static int put_field(struct tusk_buf *out, enum tag tag, struct tusk_buf *value)
{
	int failed = tusk_put_varint(out, tag) || tusk_put_bytes(out, value->data, value->len);

	value->len = 0;
	return failed ? -1 : 0;
}

static int put_time(struct tusk_buf *out, enum tag tag, const struct timespec *time, struct tusk_buf *value)
{
	if (tusk_put_u64(value, (uint64_t)time->tv_sec) || tusk_put_u32(value, (uint32_t)time->tv_nsec))
		return -1;
	return put_field(out, tag, value);
}

static int put_text(struct tusk_buf *out, enum tag tag, const char *text, struct tusk_err *err)
{
	const struct text_field *field = &text_fields[tag];
	size_t len = strlen(text);

	if (len > field->max)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "the snapshot's %s is longer than %zu bytes", field->what,
				    field->max);
	if (tag == TAG_PATH && text[0] != '/')
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "the snapshot's path \"%.100s\" is not absolute", text);
	return tusk_put_varint(out, tag) || tusk_put_bytes(out, text, len) ? no_memory(err) : 0;
}

static int put_texts(struct tusk_buf *out, enum tag tag, const struct tusk_snapshot *snapshot, struct tusk_err *err)
{
	const struct text_field *field = &text_fields[tag];
	const char *at = (const char *)snapshot + field->offset;

	if (!field->repeated) {
		const char *text = *(char *const *)(const void *)at;

		return text && text[0] ? put_text(out, tag, text, err) : 0;
	}
	const struct tusk_strings *strings = (const void *)at;
	if (strings->count > TUSK_MANIFEST_STRINGS_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "the snapshot has too many fields of the kind: %s",
				    field->what);
	for (size_t i = 0; i < strings->count; i++)
		if (put_text(out, tag, strings->items[i], err))
			return -1;
	return 0;
}

static int put_counters(struct tusk_buf *out, const struct tusk_counters *counters, struct tusk_buf *value)
{
	struct tusk_counters copy = *counters;
	uint64_t *fields[10];

	list_counters(&copy, fields);
	for (int i = 0; i < 10; i++)
		if (tusk_put_varint(value, *fields[i]))
			return -1;
	return put_field(out, TAG_COUNTERS, value);
}

static int put_writer(struct tusk_buf *out, const struct tusk_snapshot *snapshot, struct tusk_buf *value)
{
	static const uint8_t nobody[16];

	if (memcmp(snapshot->writer, nobody, sizeof(nobody)) == 0)
		return 0;
	if (tusk_put_raw(value, snapshot->writer, sizeof(snapshot->writer)) ||
	    tusk_put_varint(value, snapshot->writer_counter) ||
	    tusk_put_raw(value, snapshot->writer_previous.bytes, TUSK_ID_SIZE))
		return -1;
	return put_field(out, TAG_WRITER, value);
}

static int put_provenance(struct tusk_buf *out, const struct tusk_strings *pairs, struct tusk_buf *value)
{
	for (size_t i = 0; i + 1 < pairs->count; i += 2) {
		const char *key = pairs->items[i], *text = pairs->items[i + 1];

		if (tusk_put_bytes(value, key, strlen(key)) || tusk_put_bytes(value, text, strlen(text)) ||
		    put_field(out, TAG_PROVENANCE, value))
			return -1;
	}
	return 0;
}

/* The fields that are not texts; -1 is lack of memory. */
static int put_plain(struct tusk_buf *out, enum tag tag, const struct tusk_snapshot *snapshot, struct tusk_buf *value)
{
	switch (tag) {
	case TAG_TIME:
		return put_time(out, tag, &snapshot->time, value);
	case TAG_END_TIME:
		if (snapshot->end_time.tv_sec == 0 && snapshot->end_time.tv_nsec == 0)
			return 0;
		return put_time(out, tag, &snapshot->end_time, value);
	case TAG_ROOT:
		return tusk_subtree_encode(value, &snapshot->root) ? -1 : put_field(out, tag, value);
	case TAG_ROOT_ENTRY:
		if (tusk_put_raw(value, snapshot->root_entry.data, snapshot->root_entry.len))
			return -1;
		return put_field(out, tag, value);
	case TAG_PARENT:
		if (!snapshot->has_parent)
			return 0;
		return tusk_put_raw(value, snapshot->parent.bytes, TUSK_ID_SIZE) ? -1 : put_field(out, tag, value);
	case TAG_COUNTERS:
		return put_counters(out, &snapshot->counters, value);
	case TAG_WRITER:
		return put_writer(out, snapshot, value);
	case TAG_FLAGS:
		if (!snapshot->has_xattrs)
			return 0;
		return tusk_put_varint(value, FLAG_XATTRS) ? -1 : put_field(out, tag, value);
	default:
		return put_provenance(out, &snapshot->provenance, value);
	}
}

int tusk_manifest_encode_body(const struct tusk_snapshot *snapshot, struct tusk_buf *out, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf value = {0};

	for (enum tag tag = TAG_TIME; tag < TAG_COUNT; tag++) {
		if (text_fields[tag].what) {
			if (put_texts(out, tag, snapshot, err))
				return -1;
		} else if (put_plain(out, tag, snapshot, &value)) {
			return no_memory(err);
		}
	}
	return 0;
}
