#include "content.h"

#include "queue.h"
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define STOP_POLL_MS 250
#define SIDE_BY_SIDE 32 /* chunks that are hashed together: twice the lanes, since their lengths differ */

/* The chunks of a file, in order: few of them are kept, many go into lists. */
struct refs {
	struct tusk_chunk_ref first[TUSK_LIST_INLINE_MAX];
	uint64_t count, bytes;
	struct tusk_tree_sink sink;
	struct tusk_list_builder *builder;
};

static int spill_refs(struct refs *refs, struct tusk_err *err)
{
	if (tusk_list_builder_new(&refs->sink, &refs->builder, err) < 0)
		return -1;
	for (size_t i = 0; i < TUSK_LIST_INLINE_MAX; i++)
		if (tusk_list_builder_add(refs->builder, &refs->first[i], err) < 0)
			return -1;
	return 0;
}

static int add_ref(struct refs *refs, const struct tusk_chunk_ref *ref, struct tusk_err *err)
{
	refs->bytes += ref->len;
	if (refs->count < TUSK_LIST_INLINE_MAX) {
		refs->first[refs->count++] = *ref;
		return 0;
	}
	if (!refs->builder && spill_refs(refs, err) < 0)
		return -1;
	refs->count++;
	return tusk_list_builder_add(refs->builder, ref, err);
}

/* ---- reading ---- */

/* Waits for a stream; false when the backup is to stop, which a writer that says nothing must not prevent. */
static bool wait_readable(struct tusk_lane *lane, int fd)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	while (!tusk_ingest_stopped(lane->ingest))
		if (poll(&wanted, 1, STOP_POLL_MS) != 0)
			return true; /* an error shows itself when reading */
	return false;
}

static ssize_t read_some(struct tusk_lane *lane, const struct tusk_source *source, uint8_t *out, size_t len)
{
	for (;;) {
		if (source->is_stream && !wait_readable(lane, source->fd))
			return -1;
		ssize_t got =
		    source->is_stream ? read(source->fd, out, len) : pread(source->fd, out, len, (off_t)source->done);
		if (got >= 0 || (errno != EINTR && errno != EAGAIN))
			return got;
	}
}

/* A hole may be vast: minutes of this must not outlive a request to stop, after which nobody uses the hash. */
static void hash_zeros(struct tusk_lane *lane, uint64_t len)
{
	static const uint8_t zeros[1 << 20];
	while (len > 0 && !tusk_ingest_stopped(lane->ingest)) {
		size_t part = len < sizeof zeros ? (size_t)len : sizeof zeros;
		tusk_hasher_update(lane->hasher, zeros, part);
		len -= part;
	}
}

/* Moves on to the extent that holds the next data byte; gives how many bytes of it are left. */
static uint64_t next_stretch(struct tusk_source *source)
{
	if (source->is_stream)
		return UINT64_MAX;
	if (!source->has_holes)
		return source->size - source->done;
	while (source->extent < source->extent_count) {
		const struct tusk_extent *extent = &source->extents[source->extent];
		if (source->done < extent->offset)
			source->done = extent->offset;
		if (source->done < extent->offset + extent->len)
			return extent->offset + extent->len - source->done;
		source->extent++;
	}
	return 0;
}

/* Reads data until out is full or the source ends (source->ended). Bytes of a file with holes are hashed here, since
 * only here it is known where they lie. 0 or -1 (source->sys_errno). */
static int fill(struct tusk_lane *lane, struct tusk_source *source, uint8_t *out, size_t len, size_t *ret_len)
{
	size_t filled = 0;
	while (filled < len) {
		uint64_t left = next_stretch(source);
		size_t part = left < len - filled ? (size_t)left : len - filled;
		ssize_t got = part ? read_some(lane, source, out + filled, part) : 0;
		if (got < 0) {
			source->sys_errno = errno;
			return -1;
		}
		if (got == 0) {
			source->ended = true;
			break;
		}
		if (source->has_holes) {
			hash_zeros(lane, source->done - source->hashed);
			tusk_hasher_update(lane->hasher, out + filled, (size_t)got);
			source->hashed = source->done + (uint64_t)got;
		}
		source->done += (uint64_t)got;
		filled += (size_t)got;
	}
	/* Without this a file as long as the buffer would be taken for a longer one. */
	if (!source->is_stream && next_stretch(source) == 0)
		source->ended = true;
	tusk_count(&lane->ingest->progress->bytes_read, filled);
	*ret_len = filled;
	return 0;
}

/* ---- what is recorded ---- */

static int out_of_memory(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
}

static int set_content(struct tusk_item *item, enum tusk_content content, const void *data, size_t len,
		       struct tusk_err *err)
{
	item->content.len = 0;
	if (len && tusk_buf_append(&item->content, data, len) < 0)
		return out_of_memory(err);
	item->entry.content = content;
	item->entry.content_bytes = (struct tusk_bytes){item->content.data, item->content.len};
	return 0;
}

static int set_list(struct tusk_item *item, const struct refs *refs, struct tusk_err *err)
{
	item->content.len = 0;
	for (size_t i = 0; i < refs->count; i++)
		if (tusk_put_raw(&item->content, refs->first[i].id.bytes, TUSK_ID_SIZE) < 0 ||
		    tusk_put_varint(&item->content, refs->first[i].len) < 0)
			return out_of_memory(err);
	item->entry.content = TUSK_CONTENT_LIST;
	item->entry.content_bytes = (struct tusk_bytes){item->content.data, item->content.len};
	return 0;
}

/* The content of a file that is not inline; its hash is complete but for a hole at its end. */
static int set_chunks(struct tusk_lane *lane, const struct tusk_source *source, struct tusk_item *item,
		      struct refs *refs, struct tusk_err *err)
{
	struct tusk_entry *entry = &item->entry;
	if (source->has_holes)
		hash_zeros(lane, source->size - source->hashed);
	tusk_hasher_final(lane->hasher, entry->sha256);
	entry->has_sha256 = refs->count > 0 || source->has_holes;
	entry->chunk_count = refs->count;
	if (refs->count == 0)
		return set_content(item, TUSK_CONTENT_EMPTY, NULL, 0, err);
	if (refs->count == 1 && !source->has_holes)
		return set_content(item, TUSK_CONTENT_CHUNK, NULL, 0, err);
	if (!refs->builder)
		return set_list(item, refs, err);
	struct tusk_id id;
	if (tusk_list_builder_finish(refs->builder, &id, &entry->list_level, err) < 0)
		return -1;
	return set_content(item, TUSK_CONTENT_INDIRECT, id.bytes, sizeof id.bytes, err);
}

/* ---- a file that fits one buffer: one thread does all of it ---- */

static size_t cut(const struct tusk_lane *lane, const uint8_t *data, size_t len)
{
	size_t chunk = tusk_chunker_cut(&lane->ingest->chunker, data, len);
	return chunk ? chunk : len;
}

/* item->entry.sha256 is set. */
static int store_one_chunk(struct tusk_lane *lane, struct tusk_item *item, const uint8_t *data, size_t len,
			   struct tusk_err *err)
{
	struct tusk_id id;
	item->entry.has_sha256 = true;
	item->entry.chunk_count = 1;
	if (tusk_store_chunk(lane, data, len, item->entry.sha256, &id, err) < 0)
		return -1;
	return set_content(item, TUSK_CONTENT_CHUNK, NULL, 0, err);
}

static int store_cuts(struct tusk_lane *lane, const uint8_t *data, size_t len, struct refs *refs, struct tusk_err *err)
{
	struct tusk_message messages[SIDE_BY_SIDE];
	uint8_t hashes[SIDE_BY_SIDE][32];
	for (size_t at = 0; at < len;) {
		size_t count = 0;
		for (; count < SIDE_BY_SIDE && at < len; count++) {
			messages[count] =
			    (struct tusk_message){data + at, cut(lane, data + at, len - at), hashes[count]};
			at += messages[count].len;
		}
		tusk_sha256_many(messages, count);
		for (size_t i = 0; i < count; i++) {
			struct tusk_chunk_ref ref = {.len = messages[i].len};
			if (tusk_store_chunk(lane, messages[i].data, messages[i].len, hashes[i], &ref.id, err) < 0 ||
			    add_ref(refs, &ref, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int store_small(struct tusk_lane *lane, const struct tusk_source *source, struct tusk_item *item, size_t len,
		       struct tusk_err *err)
{
	const uint8_t *data = lane->block;
	if (!source->has_holes) {
		if (len == 0)
			return set_content(item, TUSK_CONTENT_EMPTY, NULL, 0, err);
		if (len <= TUSK_INLINE_MAX)
			return set_content(item, TUSK_CONTENT_INLINE, data, len, err);
		if (cut(lane, data, len) == len) {
			tusk_sha256(data, len, item->entry.sha256);
			return store_one_chunk(lane, item, data, len, err);
		}
		tusk_hasher_update(lane->hasher, data, len);
	}
	struct refs refs = {.sink = {.put = tusk_store_list, .context = lane}};
	int result = store_cuts(lane, data, len, &refs, err);
	if (result == 0)
		result = set_chunks(lane, source, item, &refs, err);
	tusk_list_builder_free(refs.builder);
	return result;
}

/* ---- a large file: this thread reads, cuts and hashes the whole, all workers take the chunks ---- */

struct large {
	struct tusk_lane *lane;
	struct tusk_source *source;
	struct refs refs;
	size_t first_slot, slot_count; /* a ring in lane->slots, in file order */
	struct tusk_data_block *block; /* being filled */
	size_t start, filled;          /* bytes of block: cut so far, read so far */
};

void tusk_content_run(struct tusk_lane *lane, const struct tusk_chunk_task *task)
{
	struct tusk_chunk_task tasks[SIDE_BY_SIDE];
	struct tusk_message messages[SIDE_BY_SIDE];
	uint8_t hashes[SIDE_BY_SIDE][32];
	struct tusk_err err = {0};
	tasks[0] = *task;
	size_t count =
	    1 + tusk_queue_more(lane->ingest->queue, tasks + 1, tusk_sha256_lanes() > 1 ? SIDE_BY_SIDE - 1 : 0);
	for (size_t i = 0; i < count; i++)
		messages[i] = (struct tusk_message){tasks[i].data, tasks[i].len, hashes[i]};
	tusk_sha256_many(messages, count);
	for (size_t i = 0; i < count; i++) {
		struct tusk_slot *slot = tasks[i].slot;
		slot->ref.len = tasks[i].len;
		if (tusk_store_chunk(lane, tasks[i].data, tasks[i].len, hashes[i], &slot->ref.id, &err) < 0)
			tusk_ingest_fail(lane->ingest, &err);
		tusk_queue_chunk_done(lane->ingest->queue, &tasks[i]);
	}
}

/* The error that made the queue say TUSK_WORK_END is already kept. */
static int ended(struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "the backup has failed");
}

static int take_block(struct large *large, struct tusk_data_block **ret_block, struct tusk_err *err)
{
	struct tusk_chunk_task task;
	for (;;) {
		enum tusk_work work = tusk_queue_block(large->lane->ingest->queue, ret_block, &task);
		if (work == TUSK_WORK_NONE)
			return 0;
		if (work == TUSK_WORK_END)
			return ended(err);
		tusk_content_run(large->lane, &task);
	}
}

/* Takes the finished chunks at the head of the ring; with wait, the first one even if it takes time. */
static int collect(struct large *large, bool wait, struct tusk_err *err)
{
	struct tusk_queue *queue = large->lane->ingest->queue;
	while (large->slot_count) {
		const struct tusk_slot *slot = &large->lane->slots[large->first_slot];
		struct tusk_chunk_task task;
		if (!tusk_queue_is_done(queue, slot)) {
			if (!wait)
				return 0;
			enum tusk_work work = tusk_queue_wait(queue, slot, &task);
			if (work == TUSK_WORK_END)
				return ended(err);
			if (work == TUSK_WORK_CHUNK)
				tusk_content_run(large->lane, &task);
			continue;
		}
		if (add_ref(&large->refs, &slot->ref, err) < 0)
			return -1;
		large->first_slot = (large->first_slot + 1) % TUSK_SLOT_COUNT;
		large->slot_count--;
		wait = false;
	}
	return 0;
}

/* Adds the next chunk to tasks, which go to the queue together, so that whoever takes one can hash several side by
 * side. */
static int add_task(struct large *large, size_t len, struct tusk_chunk_task *task, struct tusk_err *err)
{
	if (large->slot_count == TUSK_SLOT_COUNT && collect(large, true, err) < 0)
		return -1;
	struct tusk_slot *slot = &large->lane->slots[(large->first_slot + large->slot_count) % TUSK_SLOT_COUNT];
	slot->done = false;
	large->slot_count++;
	*task = (struct tusk_chunk_task){
	    .block = large->block, .data = large->block->data + large->start, .len = len, .slot = slot};
	large->start += len;
	return 0;
}

/* Cuts what is decided; at the end of the file, all. The chunks go out before this thread hashes, so that the others
 * have work meanwhile. */
static int cut_block(struct large *large, size_t fresh, struct tusk_err *err)
{
	const struct tusk_chunker *chunker = &large->lane->ingest->chunker;
	struct tusk_queue *queue = large->lane->ingest->queue;
	struct tusk_chunk_task tasks[SIDE_BY_SIDE];
	size_t count = 0;
	while (large->start < large->filled) {
		size_t left = large->filled - large->start;
		size_t len = tusk_chunker_cut(chunker, large->block->data + large->start, left);
		if (len == 0 && !large->source->ended)
			break;
		/* The ring of slots may have to be emptied first, for which what is cut must be on its way. */
		if (count == SIDE_BY_SIDE || large->slot_count == TUSK_SLOT_COUNT) {
			tusk_queue_push_chunks(queue, tasks, count);
			count = 0;
		}
		if (add_task(large, len ? len : left, &tasks[count++], err) < 0)
			return -1;
	}
	tusk_queue_push_chunks(queue, tasks, count);
	if (!large->source->has_holes)
		tusk_hasher_update(large->lane->hasher, large->block->data + large->filled - fresh, fresh);
	return collect(large, false, err);
}

/* Takes another block, moves the undecided rest to it and reads on. */
static int next_block(struct large *large, struct tusk_err *err)
{
	struct tusk_queue *queue = large->lane->ingest->queue;
	struct tusk_data_block *next;
	if (take_block(large, &next, err) < 0)
		return -1;
	size_t rest = large->filled - large->start, fresh;
	memcpy(next->data, large->block->data + large->start, rest);
	tusk_queue_release_block(queue, large->block);
	large->block = next;
	large->start = 0;
	if (fill(large->lane, large->source, next->data + rest, tusk_queue_block_size(queue) - rest, &fresh) < 0)
		return TUSK_READING_FAILED;
	large->filled = rest + fresh;
	return cut_block(large, fresh, err);
}

/* lane->block holds the first len bytes. */
static int start_large(struct large *large, size_t len, struct tusk_err *err)
{
	if (take_block(large, &large->block, err) < 0)
		return -1;
	uint8_t *data = large->block->data;
	large->block->data = large->lane->block;
	large->lane->block = data;
	large->filled = len;
	return cut_block(large, len, err);
}

static int store_large(struct tusk_lane *lane, struct tusk_source *source, struct tusk_item *item, size_t len,
		       struct tusk_err *err)
{
	struct large large = {
	    .lane = lane, .source = source, .refs = {.sink = {.put = tusk_store_list, .context = lane}}};
	tusk_lane_rest(lane); /* the others shall fill it meanwhile */
	int result = start_large(&large, len, err);
	while (result == 0 && !source->ended) {
		if (tusk_ingest_stopped(lane->ingest))
			result = ended(err);
		else
			result = next_block(&large, err);
	}
	if (large.block)
		tusk_queue_release_block(lane->ingest->queue, large.block);
	/* Also after a failed reading: the slots are wanted for the next file. */
	while (result >= 0 && large.slot_count)
		if (collect(&large, true, err) < 0)
			result = -1;
	if (result == 0)
		result = set_chunks(lane, source, item, &large.refs, err);
	tusk_list_builder_free(large.refs.builder);
	return result;
}

static int store_ready(struct tusk_lane *lane, const struct tusk_ready *ready, struct tusk_item *item,
		       struct tusk_err *err)
{
	struct tusk_entry *entry = &item->entry;
	tusk_count(&lane->ingest->progress->bytes_read, ready->len);
	memcpy(entry->sha256, ready->hash, sizeof entry->sha256);
	entry->has_holes = false;
	entry->size = entry->data_bytes = ready->len;
	return store_one_chunk(lane, item, ready->data, ready->len, err);
}

int tusk_content_store(struct tusk_lane *lane, struct tusk_source *source, struct tusk_item *item, struct tusk_err *err)
{
	struct tusk_entry *entry = &item->entry;
	size_t len;
	tusk_hasher_reset(lane->hasher);
	source->done = source->hashed = 0;
	source->extent = 0;
	source->ended = false;
	entry->has_sha256 = false;
	entry->chunk_count = 0;
	entry->list_level = 0;
	if (source->ready)
		return store_ready(lane, source->ready, item, err);
	if (fill(lane, source, lane->block, tusk_queue_block_size(lane->ingest->queue), &len) < 0)
		return TUSK_READING_FAILED;
	int result =
	    source->ended ? store_small(lane, source, item, len, err) : store_large(lane, source, item, len, err);
	if (result != 0)
		return result;
	entry->has_holes = source->has_holes;
	entry->size = source->has_holes ? source->size : source->done;
	entry->data_bytes = source->has_holes ? 0 : source->done;
	for (size_t i = 0; source->has_holes && i < source->extent_count; i++)
		entry->data_bytes += source->extents[i].len;
	return source->has_holes && next_stretch(source) != 0 ? TUSK_READING_SHORT : TUSK_READING_DONE;
}
