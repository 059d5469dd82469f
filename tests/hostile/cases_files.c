/* Contents: sizes, extents, chunk lists. */
#include "hostile.h"

#include <stdlib.h>
#include <string.h>

static struct tusk_bytes keep(struct hostile *hostile, const struct tusk_buf *buf)
{
	uint8_t *copy = handmade_take(&hostile->made, buf->len);
	if (buf->len)
		memcpy(copy, buf->data, buf->len);
	return (struct tusk_bytes){copy, buf->len};
}

static void must(int failed)
{
	if (failed)
		abort();
}

/* ---- holes ---- */

struct span {
	uint64_t gap, len;
};

static void holed(struct hostile *hostile, const char *what, enum hostile_fate fate, uint64_t size,
		  const struct span *spans, size_t count)
{
	TUSK_AUTO_BUF struct tusk_buf extents = {0};
	struct tusk_entry entry = hostile_named(hostile, "holed", 5, TUSK_TYPE_FILE);

	entry.has_holes = entry.has_sha256 = true;
	entry.size = size;
	must(tusk_put_varint(&extents, count));
	for (size_t i = 0; i < count; i++) {
		must(tusk_put_varint(&extents, spans[i].gap) || tusk_put_varint(&extents, spans[i].len));
		entry.data_bytes += spans[i].len;
	}
	entry.extent_bytes = keep(hostile, &extents);
	if (entry.data_bytes) { /* one chunk repeated: the first 5,000 bytes are true */
		TUSK_AUTO_BUF struct tusk_buf refs = {0};
		struct tusk_id id;
		tusk_ider_from_hash(hostile->made.ider, TUSK_OBJECT_CHUNK, hostile->chunk.sha256, &id);
		must(tusk_put_raw(&refs, id.bytes, TUSK_ID_SIZE) || tusk_put_varint(&refs, entry.data_bytes));
		entry.content = TUSK_CONTENT_LIST;
		entry.chunk_count = 1;
		entry.content_bytes = keep(hostile, &refs);
	}
	hostile_entry(hostile, what, fate, &entry);
}

static void holes(struct hostile *hostile)
{
	uint64_t len = hostile->chunk.size;
	const struct span far = {(uint64_t)INT64_MAX - len, len}, beyond = {len, len}, whole = {0, len};
	const struct span empty[] = {{0, len}, {5, 0}}, touching[] = {{0, len - 1}, {0, 1}};
	const struct span wrap[] = {{len, len}, {UINT64_MAX - len, 1}};

	holed(hostile, "holes: 2^63 - 1 bytes of nothing", HOSTILE_FOUND, INT64_MAX, NULL, 0);
	holed(hostile, "holes: data at the end of 2^63 - 1 bytes", HOSTILE_FOUND, INT64_MAX, &far, 1);
	holed(hostile, "holes: 2^63 bytes", HOSTILE_REFUSED, (uint64_t)INT64_MAX + 1, NULL, 0);
	holed(hostile, "holes: an extent beyond the size", HOSTILE_REFUSED, len, &beyond, 1);
	holed(hostile, "holes: an empty extent", HOSTILE_REFUSED, 10 * len, empty, 2);
	holed(hostile, "holes: extents that touch", HOSTILE_REFUSED, 10 * len, touching, 2);
	holed(hostile, "holes: offsets that wrap", HOSTILE_REFUSED, 10 * len, wrap, 2);
	holed(hostile, "holes: the wrong SHA-256", HOSTILE_FOUND, len + 1, &whole, 1);
}

/* ---- lists in the entry ---- */

struct piece {
	struct tusk_id id;
	uint64_t len;
};

static void listed(struct hostile *hostile, const char *what, enum hostile_fate fate, uint64_t size,
		   const struct piece *pieces, size_t count)
{
	TUSK_AUTO_BUF struct tusk_buf refs = {0};
	struct tusk_entry entry = hostile_named(hostile, "listed", 6, TUSK_TYPE_FILE);

	for (size_t i = 0; i < count; i++)
		must(tusk_put_raw(&refs, pieces[i].id.bytes, TUSK_ID_SIZE) || tusk_put_varint(&refs, pieces[i].len));
	entry.size = entry.data_bytes = size;
	entry.has_sha256 = true;
	entry.content = TUSK_CONTENT_LIST;
	entry.chunk_count = count;
	entry.content_bytes = keep(hostile, &refs);
	hostile_entry(hostile, what, fate, &entry);
}

static void lists(struct hostile *hostile)
{
	struct tusk_id chunk, tree;
	uint64_t len = hostile->chunk.size;
	struct tusk_subtree below = hostile_leaf(hostile, &hostile->good, 1);

	tusk_ider_from_hash(hostile->made.ider, TUSK_OBJECT_CHUNK, hostile->chunk.sha256, &chunk);
	tree = below.id;
	const struct piece right[] = {{chunk, len}, {chunk, len}}, short_[] = {{chunk, len}, {chunk, len - 1}};
	const struct piece zero[] = {{chunk, len}, {chunk, 0}}, missing[] = {{chunk, len}, {{{9}}, len}};
	const struct piece wrong[] = {{chunk, len}, {tree, 100}}, huge[] = {{chunk, len}, {chunk, UINT64_MAX}};

	listed(hostile, "chunks: the wrong SHA-256", HOSTILE_FOUND, 2 * len, right, 2);
	listed(hostile, "chunks: fewer bytes than the size", HOSTILE_REFUSED, 3 * len, right, 2);
	listed(hostile, "chunks: more bytes than the size", HOSTILE_REFUSED, len, right, 2);
	listed(hostile, "chunks: of another length than said", HOSTILE_REFUSED, 2 * len - 1, short_, 2);
	listed(hostile, "chunks: of no length", HOSTILE_REFUSED, len, zero, 2);
	listed(hostile, "chunks: of 2^64 - 1 bytes", HOSTILE_REFUSED, len - 1, huge, 2);
	listed(hostile, "chunks: not there", HOSTILE_REFUSED, 2 * len, missing, 2);
	listed(hostile, "chunks: a tree block", HOSTILE_REFUSED, len + 100, wrong, 2);
	listed(hostile, "chunks: none of a file with a size", HOSTILE_REFUSED, len, NULL, 0);
}

/* ---- lists of their own ---- */

static struct tusk_id put_list(struct hostile *hostile, uint8_t level, const struct tusk_id *id, uint64_t len,
			       uint32_t count, uint32_t says)
{
	TUSK_AUTO_BUF struct tusk_buf list = {0};
	must(tusk_put_u32(&list, level) || tusk_put_u32(&list, says));
	for (uint32_t i = 0; i < count; i++)
		must(tusk_put_raw(&list, id->bytes, TUSK_ID_SIZE) ||
		     (level ? tusk_put_u64(&list, len) : tusk_put_u32(&list, (uint32_t)len)));
	return handmade_put(&hostile->made, TUSK_OBJECT_LIST, list.data, list.len);
}

static void indirect(struct hostile *hostile, const char *what, enum hostile_fate fate, const struct tusk_id *id,
		     uint8_t level, uint64_t size, uint64_t chunks)
{
	struct tusk_entry entry = hostile_named(hostile, "indirect", 8, TUSK_TYPE_FILE);
	entry.size = entry.data_bytes = size;
	entry.has_sha256 = true;
	entry.content = TUSK_CONTENT_INDIRECT;
	entry.chunk_count = chunks;
	entry.list_level = level;
	entry.content_bytes = (struct tusk_bytes){handmade_take(&hostile->made, TUSK_ID_SIZE), TUSK_ID_SIZE};
	memcpy((uint8_t *)(uintptr_t)entry.content_bytes.data, id->bytes, TUSK_ID_SIZE);
	hostile_entry(hostile, what, fate, &entry);
}

static void indirects(struct hostile *hostile)
{
	struct tusk_id chunk, list, level;
	uint64_t len = hostile->chunk.size, below = 2048 * len;

	tusk_ider_from_hash(hostile->made.ider, TUSK_OBJECT_CHUNK, hostile->chunk.sha256, &chunk);
	list = put_list(hostile, 0, &chunk, len, 2048, 2048);
	/* 5,000 bytes become 4 * 10^13, and the lists take three objects. */
	level = put_list(hostile, 1, &list, below, 2048, 2048);
	struct tusk_id top = put_list(hostile, 2, &level, 2048 * below, 2048, 2048);
	indirect(hostile, "lists: 42 TB of one chunk", HOSTILE_FOUND, &top, 2, 2048 * 2048 * below,
		 2048ull * 2048 * 2048);
	indirect(hostile, "lists: fewer bytes than the size", HOSTILE_REFUSED, &list, 0, 3 * below, 2048);
	indirect(hostile, "lists: a level that lies", HOSTILE_REFUSED, &list, 1, below, 2048);
	indirect(hostile, "lists: level 200", HOSTILE_REFUSED, &list, 200, below, 2048);
	indirect(hostile, "lists: a chunk instead", HOSTILE_REFUSED, &chunk, 0, below, 2048);
	list = put_list(hostile, 0, &chunk, len, 100, UINT32_MAX);
	indirect(hostile, "lists: a count that lies", HOSTILE_REFUSED, &list, 0, 100 * len, 100);
	list = put_list(hostile, 0, &chunk, 0, 100, 100);
	indirect(hostile, "lists: chunks of no length", HOSTILE_REFUSED, &list, 0, 100 * len, 100);
	level = put_list(hostile, 1, &chunk, UINT64_MAX, 100, 100);
	indirect(hostile, "lists: sums that wrap", HOSTILE_REFUSED, &level, 1, 100 * len, 100);
}

/* ---- one chunk, or none ---- */

void hostile_files(struct hostile *hostile)
{
	struct tusk_entry entry = hostile->chunk;

	entry.sha256[0] ^= 1; /* its id follows from that */
	hostile_entry(hostile, "chunk: not there", HOSTILE_REFUSED, &entry);
	entry = hostile->chunk;
	entry.size = entry.data_bytes = 4999;
	hostile_entry(hostile, "chunk: longer than the file", HOSTILE_REFUSED, &entry);
	entry.size = entry.data_bytes = 5001;
	hostile_entry(hostile, "chunk: shorter than the file", HOSTILE_REFUSED, &entry);
	entry.size = entry.data_bytes = (16u << 20) + 1;
	hostile_entry(hostile, "chunk: of more than 16 MiB", HOSTILE_REFUSED, &entry);
	entry = hostile_named(hostile, "file", 4, TUSK_TYPE_FILE);
	entry.size = entry.data_bytes = 100;
	hostile_entry(hostile, "content: none, but a size", HOSTILE_REFUSED, &entry);
	entry.content = TUSK_CONTENT_INLINE;
	entry.content_bytes = (struct tusk_bytes){(const uint8_t *)"hello", 5};
	hostile_entry(hostile, "content: inline, of another size", HOSTILE_REFUSED, &entry);
	holes(hostile);
	lists(hostile);
	indirects(hostile);
}
