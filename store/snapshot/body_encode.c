/* The body of a manifest to bytes, by the same table. */
#include "body.h"

#include "manifest.h"
#include "tree.h"
#include "tusk/cleanup.h"
#include "wire.h"

#include <string.h>

static int no_memory(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_NOMEM, 0, "no memory for a manifest");
}

/* One field whose value was collected in value, which is emptied. */
static int put_field(struct tusk_buf *out, enum tusk_body_tag tag, struct tusk_buf *value)
{
	int failed = tusk_put_varint(out, tag) || tusk_put_bytes(out, value->data, value->len);

	value->len = 0;
	return failed ? -1 : 0;
}

static int put_time(struct tusk_buf *out, enum tusk_body_tag tag, const struct timespec *time, struct tusk_buf *value)
{
	if (tusk_put_u64(value, (uint64_t)time->tv_sec) || tusk_put_u32(value, (uint32_t)time->tv_nsec))
		return -1;
	return put_field(out, tag, value);
}

static int put_text(struct tusk_buf *out, enum tusk_body_tag tag, const char *text, struct tusk_err *err)
{
	const struct tusk_body_text *field = &tusk_body_texts[tag];
	size_t len = strlen(text);

	if (len > field->max)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "the snapshot's %s is longer than %zu bytes", field->what,
				    field->max);
	if (tag == TAG_PATH && text[0] != '/')
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "the snapshot's path \"%.100s\" is not absolute", text);
	return tusk_put_varint(out, tag) || tusk_put_bytes(out, text, len) ? no_memory(err) : 0;
}

static int put_texts(struct tusk_buf *out, enum tusk_body_tag tag, const struct tusk_snapshot *snapshot,
		     struct tusk_err *err)
{
	const struct tusk_body_text *field = &tusk_body_texts[tag];
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
	uint64_t *fields[TUSK_BODY_COUNTERS];

	tusk_body_counters(&copy, fields);
	for (int i = 0; i < TUSK_BODY_COUNTERS; i++)
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
static int put_plain(struct tusk_buf *out, enum tusk_body_tag tag, const struct tusk_snapshot *snapshot,
		     struct tusk_buf *value)
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
		return tusk_put_varint(value, TUSK_BODY_FLAG_XATTRS) ? -1 : put_field(out, tag, value);
	default:
		return put_provenance(out, &snapshot->provenance, value);
	}
}

int tusk_manifest_encode_body(const struct tusk_snapshot *snapshot, struct tusk_buf *out, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf value = {0};

	for (enum tusk_body_tag tag = TAG_TIME; tag < TAG_COUNT; tag++) {
		if (tusk_body_texts[tag].what) {
			if (put_texts(out, tag, snapshot, err))
				return -1;
		} else if (put_plain(out, tag, snapshot, &value)) {
			return no_memory(err);
		}
	}
	return 0;
}
