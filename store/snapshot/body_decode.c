/* The body of a manifest from bytes: fields as (tag, bytes), with one table for the texts. */
#include "body.h"

#include "manifest.h"
#include "tree.h"
#include "tusk/cleanup.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX      255
#define PATH_BYTES    4096
#define LONG_TEXT_MAX ((size_t)128 << 10)
#define NS_PER_S      1000000000u

#define TEXT(member, max, what)                                          \
	{                                                                \
		offsetof(struct tusk_snapshot, member), max, false, what \
	}
#define STRINGS(member, max, what)                                      \
	{                                                               \
		offsetof(struct tusk_snapshot, member), max, true, what \
	}
const struct tusk_body_text tusk_body_texts[TAG_COUNT] = {
    [TAG_HOST] = TEXT(host, TEXT_MAX, "host name"),
    [TAG_USER] = TEXT(user, TEXT_MAX, "user name"),
    [TAG_SOURCE] = TEXT(source, TEXT_MAX, "source name"),
    [TAG_PATH] = STRINGS(paths, PATH_BYTES, "path"),
    [TAG_TAG] = STRINGS(tags, TEXT_MAX, "tag"),
    [TAG_COMMENT] = TEXT(comment, LONG_TEXT_MAX, "comment"),
    [TAG_VERSION] = TEXT(version, TEXT_MAX, "version"),
    [TAG_COMMAND] = STRINGS(command, LONG_TEXT_MAX, "argument of the command line"),
};

void tusk_body_counters(struct tusk_counters *counters, uint64_t *ret_fields[TUSK_BODY_COUNTERS])
{
	uint64_t *fields[TUSK_BODY_COUNTERS] = {
	    &counters->files,        &counters->dirs,          &counters->others,          &counters->bytes,
	    &counters->new_files,    &counters->changed_files, &counters->unchanged_files, &counters->new_bytes,
	    &counters->stored_bytes, &counters->errors,
	};

	memcpy(ret_fields, fields, sizeof(fields));
}

static char **text_of(struct tusk_snapshot *snapshot, const struct tusk_body_text *field)
{
	return (char **)(void *)((char *)snapshot + field->offset);
}

static struct tusk_strings *strings_of(struct tusk_snapshot *snapshot, const struct tusk_body_text *field)
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
		const struct tusk_body_text *field = &tusk_body_texts[tag];

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

static int decode_text(struct tusk_snapshot *snapshot, enum tusk_body_tag tag, const uint8_t *data, size_t len,
		       struct tusk_err *err)
{
	const struct tusk_body_text *field = &tusk_body_texts[tag];

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

static int decode_counters(struct tusk_cursor *cursor, struct tusk_counters *ret_counters, struct tusk_err *err)
{
	uint64_t *fields[TUSK_BODY_COUNTERS];

	tusk_body_counters(ret_counters, fields);
	for (int i = 0; i < TUSK_BODY_COUNTERS; i++)
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

static int decode_field(struct tusk_snapshot *snapshot, enum tusk_body_tag tag, const uint8_t *data, size_t len,
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
		snapshot->has_xattrs = tusk_get_varint(&cursor) & TUSK_BODY_FLAG_XATTRS;
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
		const struct tusk_body_text *field = &tusk_body_texts[tag];

		if (!field->what || field->repeated || *text_of(snapshot, field))
			continue;
		if (copy_text(NULL, 0, text_of(snapshot, field), err))
			return -1;
	}
	return 0;
}

static bool may_repeat(uint64_t tag)
{
	return tag >= TAG_COUNT || tag == TAG_PROVENANCE || tusk_body_texts[tag].repeated;
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
		if (decode_field(snapshot, (enum tusk_body_tag)tag, data, len, err))
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
