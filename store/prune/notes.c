#include "notes.h"

#include "tusk/cleanup.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define CONDEMNED_ITEM_SIZE 48

static int corrupt(const char *what, struct tusk_err *err)
{
	return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s does not decode", what);
}

/* ---- epoch ---- */

int tusk_epoch_encode(const struct tusk_epoch *epoch, struct tusk_buf *out)
{
	return tusk_put_u64(out, epoch->number) < 0 || tusk_put_raw(out, epoch->tag, sizeof(epoch->tag)) < 0 ? -1 : 0;
}

static void get_epoch(struct tusk_cursor *cursor, struct tusk_epoch *epoch)
{
	epoch->number = tusk_get_u64(cursor);
	const uint8_t *tag = tusk_get_raw(cursor, sizeof(epoch->tag));
	if (tag)
		memcpy(epoch->tag, tag, sizeof(epoch->tag));
}

int tusk_epoch_decode(const void *data, size_t len, struct tusk_epoch *ret_epoch, struct tusk_err *err)
{
	struct tusk_epoch epoch = {0};
	struct tusk_cursor cursor;

	tusk_cursor_init(&cursor, data, len);
	get_epoch(&cursor, &epoch);
	/* The last number is never given: there is always a next one. */
	if (!tusk_cursor_done(&cursor) || epoch.number == UINT64_MAX)
		return corrupt("the epoch", err);
	*ret_epoch = epoch;
	return 0;
}

/* ---- condemned ---- */

void tusk_condemned_release(struct tusk_condemned *condemned)
{
	free(condemned->items);
	*condemned = (struct tusk_condemned){0};
}

int tusk_condemned_encode(const struct tusk_condemned *condemned, struct tusk_buf *out)
{
	if (tusk_put_u32(out, (uint32_t)condemned->count) < 0)
		return -1;
	for (size_t i = 0; i < condemned->count; i++) {
		const struct tusk_condemned_pack *item = &condemned->items[i];
		if (tusk_put_raw(out, item->pack.bytes, TUSK_ID_SIZE) < 0 || tusk_put_u64(out, item->epoch) < 0 ||
		    tusk_put_u64(out, (uint64_t)item->time) < 0)
			return -1;
	}
	return 0;
}

int tusk_condemned_decode(const void *data, size_t len, struct tusk_condemned *ret_condemned, struct tusk_err *err)
{
	struct tusk_condemned condemned TUSK_AUTO_CONDEMNED = {0};
	struct tusk_cursor cursor;

	tusk_cursor_init(&cursor, data, len);
	uint32_t count = tusk_get_u32(&cursor);
	if (count > TUSK_CONDEMNED_MAX || tusk_cursor_left(&cursor) != (size_t)count * CONDEMNED_ITEM_SIZE)
		return corrupt("the list of condemned packs", err);
	condemned.items = calloc((size_t)count + 1, sizeof(*condemned.items));
	if (!condemned.items)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (; condemned.count < count; condemned.count++) {
		struct tusk_condemned_pack *item = &condemned.items[condemned.count];
		tusk_get_id(&cursor, &item->pack);
		item->epoch = tusk_get_u64(&cursor);
		item->time = (int64_t)tusk_get_u64(&cursor);
		if ((condemned.count && tusk_id_compare(&item[-1].pack, &item->pack) >= 0) || item->epoch == UINT64_MAX)
			return corrupt("the list of condemned packs", err);
	}
	if (!tusk_cursor_done(&cursor))
		return corrupt("the list of condemned packs", err);
	tusk_condemned_release(ret_condemned);
	*ret_condemned = condemned;
	condemned = (struct tusk_condemned){0};
	return 0;
}

static int compare_pack(const void *key, const void *item)
{
	return tusk_id_compare(key, &((const struct tusk_condemned_pack *)item)->pack);
}

const struct tusk_condemned_pack *tusk_condemned_find(const struct tusk_condemned *condemned,
						      const struct tusk_id *pack)
{
	if (condemned->count == 0)
		return NULL;
	return bsearch(pack, condemned->items, condemned->count, sizeof(*condemned->items), compare_pack);
}

/* ---- leases ---- */

int tusk_lease_encode(const struct tusk_lease_note *lease, struct tusk_buf *out)
{
	const struct tusk_owner *owner = &lease->owner;

	if (tusk_put_u8(out, (uint8_t)lease->kind) < 0 || tusk_put_raw(out, owner->boot, sizeof(owner->boot)) < 0 ||
	    tusk_put_u64(out, owner->namespaces) < 0 || tusk_put_u64(out, owner->pid) < 0 ||
	    tusk_put_u64(out, owner->start) < 0 || tusk_put_bytes(out, owner->host, strlen(owner->host)) < 0 ||
	    tusk_put_u64(out, lease->counter) < 0 || tusk_put_u64(out, (uint64_t)lease->time) < 0 ||
	    tusk_epoch_encode(&lease->epoch, out) < 0 || tusk_put_varint(out, lease->root_count) < 0)
		return -1;
	for (size_t i = 0; i < lease->root_count; i++)
		if (tusk_put_raw(out, lease->roots[i].bytes, TUSK_ID_SIZE) < 0)
			return -1;
	return 0;
}

static void get_owner(struct tusk_cursor *cursor, struct tusk_owner *owner)
{
	size_t len = 0;
	const uint8_t *boot = tusk_get_raw(cursor, sizeof(owner->boot));
	if (boot)
		memcpy(owner->boot, boot, sizeof(owner->boot));
	owner->namespaces = tusk_get_u64(cursor);
	owner->pid = tusk_get_u64(cursor);
	owner->start = tusk_get_u64(cursor);
	const uint8_t *host = tusk_get_bytes(cursor, TUSK_LEASE_HOST_MAX, &len);
	if (host && memchr(host, 0, len))
		cursor->failed = true;
	else if (host)
		memcpy(owner->host, host, len);
}

int tusk_lease_decode(const void *data, size_t len, struct tusk_lease_note *ret_lease, struct tusk_err *err)
{
	struct tusk_lease_note lease = {0};
	struct tusk_cursor cursor;

	tusk_cursor_init(&cursor, data, len);
	lease.kind = (enum tusk_lease_kind)tusk_get_u8(&cursor);
	get_owner(&cursor, &lease.owner);
	lease.counter = tusk_get_u64(&cursor);
	lease.time = (int64_t)tusk_get_u64(&cursor);
	get_epoch(&cursor, &lease.epoch);
	uint64_t count = tusk_get_varint(&cursor);
	if (cursor.failed || lease.kind < TUSK_LEASE_WRITER || lease.kind > TUSK_LEASE_PRUNE ||
	    count > TUSK_LEASE_ROOTS_MAX)
		return corrupt("a lease", err);
	for (; lease.root_count < count; lease.root_count++)
		tusk_get_id(&cursor, &lease.roots[lease.root_count]);
	if (!tusk_cursor_done(&cursor))
		return corrupt("a lease", err);
	*ret_lease = lease;
	return 0;
}

/* ---- tombstones ---- */

void tusk_tombstone_release(struct tusk_tombstone *tombstone)
{
	tusk_buf_release(&tombstone->manifest);
}

int tusk_tombstone_encode(const struct tusk_tombstone *tombstone, struct tusk_buf *out)
{
	return tusk_put_u64(out, (uint64_t)tombstone->time) < 0 ||
		       tusk_put_raw(out, tombstone->manifest.data, tombstone->manifest.len) < 0
		   ? -1
		   : 0;
}

int tusk_tombstone_decode(const void *data, size_t len, struct tusk_tombstone *ret_tombstone, struct tusk_err *err)
{
	struct tusk_tombstone tombstone TUSK_AUTO_TOMBSTONE = {0};
	struct tusk_cursor cursor;

	tusk_cursor_init(&cursor, data, len);
	tombstone.time = (int64_t)tusk_get_u64(&cursor);
	size_t left = tusk_cursor_left(&cursor);
	const uint8_t *manifest = tusk_get_raw(&cursor, left);
	if (!tusk_cursor_done(&cursor))
		return corrupt("the note of a forgotten snapshot", err);
	if (left && tusk_buf_append(&tombstone.manifest, manifest, left) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	*ret_tombstone = tombstone;
	tombstone = (struct tusk_tombstone){0};
	return 0;
}
