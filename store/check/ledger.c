#include "ledger.h"

#include "sealed.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FOLDER         "ledger/"
#define ENTRY_MIN_SIZE 33u   /* an id and a varint */
#define SKEW_MS        60000 /* what the clocks of two machines may differ */

void tusk_ledger_release(struct tusk_ledger *ledger)
{
	free(ledger->proofs);
	tusk_buf_release(&ledger->notes);
	*ledger = (struct tusk_ledger){0};
}

static int reserve(struct tusk_ledger *ledger, size_t extra, struct tusk_err *err)
{
	if (ledger->count + extra <= ledger->capacity)
		return 0;
	size_t wanted = ledger->count + extra + ledger->capacity / 2;
	struct tusk_proof *grown = reallocarray(ledger->proofs, wanted, sizeof(*grown));
	if (!grown)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	ledger->proofs = grown;
	ledger->capacity = wanted;
	return 0;
}

/* ---- the body of a note ---- */

int tusk_ledger_decode(const void *body, size_t len, const char **ret_member, size_t *ret_member_len,
		       struct tusk_ledger *ret_ledger, struct tusk_err *err)
{
	struct tusk_cursor cursor;
	size_t member_len;

	tusk_cursor_init(&cursor, body, len);
	const uint8_t *member = tusk_get_bytes(&cursor, TUSK_LEDGER_NAME_MAX, &member_len);
	uint64_t count = tusk_get_varint(&cursor);
	if (cursor.failed || count > TUSK_LEDGER_NOTE_MAX || count > tusk_cursor_left(&cursor) / ENTRY_MIN_SIZE)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "is not a ledger");
	if (reserve(ret_ledger, (size_t)count, err) != 0)
		return -1;
	size_t first = ret_ledger->count;
	for (size_t i = 0; i < count; i++) {
		struct tusk_proof *proof = &ret_ledger->proofs[first + i];
		tusk_get_id(&cursor, &proof->pack);
		uint64_t when = tusk_get_varint(&cursor);
		proof->time_ms = (int64_t)(when >> 1);
		proof->is_bad = when & 1;
		if (i > 0 && tusk_id_compare(&proof[-1].pack, &proof->pack) >= 0)
			return tusk_err_set(err, TUSK_E_CORRUPT, 0, "is a ledger out of order");
	}
	if (!tusk_cursor_done(&cursor))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "is not a ledger");
	ret_ledger->count += count;
	*ret_member = (const char *)member;
	*ret_member_len = member_len;
	return 0;
}

static int encode(const char *member, const struct tusk_proof *proofs, size_t count, struct tusk_buf *out)
{
	int failed = tusk_put_bytes(out, member, strlen(member));
	failed |= tusk_put_varint(out, count);
	for (size_t i = 0; i < count && !failed; i++) {
		failed |= tusk_put_raw(out, proofs[i].pack.bytes, TUSK_ID_SIZE);
		failed |= tusk_put_varint(out, (uint64_t)proofs[i].time_ms << 1 | proofs[i].is_bad);
	}
	return failed;
}

/* ---- reading ---- */

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	(void)size;
	if (tusk_buf_append(context, name, strlen(name) + 1) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

/* 1: the note is about member; 0: it is not, or it cannot be read; -1. */
static int read_note(struct tusk_node *node, const struct tusk_keys *keys, const char *name, const char *member,
		     struct tusk_ledger *ledger, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	struct tusk_err why = {0};
	const char *of = NULL;
	size_t before = ledger->count, len = 0;

	int found = tusk_sealed_get(node, keys, TUSK_SEALED_LEDGER, FOLDER, name, &body, &why);
	if (found == TUSK_NODE_ABSENT)
		return 0; /* another check merged it meanwhile */
	if (found == TUSK_NODE_FOUND && tusk_ledger_decode(body.data, body.len, &of, &len, ledger, &why) == 0) {
		if (len == strlen(member) && memcmp(of, member, len) == 0)
			return 1;
		ledger->count = before;
		return 0;
	}
	if (why.code == TUSK_E_CORRUPT || why.code == TUSK_E_VERSION || why.code == TUSK_E_LIMIT)
		return 0;
	if (err)
		*err = why;
	return -1;
}

static int read_notes(struct tusk_node *node, const struct tusk_keys *keys, const char *member,
		      struct tusk_ledger *ledger, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf names = {0};
	if (tusk_node_list(node, FOLDER, collect, &names, err) != 0)
		return -1;
	for (size_t at = 0; at < names.len;) {
		const char *name = (const char *)names.data + at;
		int is_ours = read_note(node, keys, name, member, ledger, err);
		if (is_ours < 0 || (is_ours && collect(&ledger->notes, name, 0, err) != 0))
			return -1;
		at += strlen(name) + 1;
	}
	return 0;
}

/* Proofs from the future go; the time of this run is later than that of every other. */
static void set_time(struct tusk_ledger *ledger)
{
	struct timespec clock;
	size_t kept = 0;

	clock_gettime(CLOCK_REALTIME, &clock);
	ledger->now_ms = (int64_t)clock.tv_sec * 1000 + clock.tv_nsec / 1000000;
	int64_t limit_ms = ledger->now_ms + SKEW_MS;
	for (size_t i = 0; i < ledger->count; i++) {
		int64_t time_ms = ledger->proofs[i].time_ms;
		if (time_ms > limit_ms)
			continue;
		ledger->proofs[kept++] = ledger->proofs[i];
		if (time_ms >= ledger->now_ms)
			ledger->now_ms = time_ms + 1;
	}
	ledger->count = kept;
}

int tusk_ledger_load(struct tusk_node *node, const struct tusk_keys *keys, const char *member,
		     struct tusk_ledger *ret_ledger, struct tusk_err *err)
{
	TUSK_AUTO_LEDGER struct tusk_ledger ledger = {0};
	if (read_notes(node, keys, member, &ledger, err) != 0)
		return -1;
	set_time(&ledger);
	tusk_ledger_merge(&ledger, NULL, NULL);
	*ret_ledger = ledger;
	ledger = (struct tusk_ledger){0};
	return 0;
}

/* ---- in memory ---- */

/* By pack; of one pack the newest first, and of two of the same time the one that tells of damage. */
static int compare(const void *a, const void *b)
{
	const struct tusk_proof *left = a, *right = b;
	int order = tusk_id_compare(&left->pack, &right->pack);
	if (order == 0)
		order = (left->time_ms < right->time_ms) - (left->time_ms > right->time_ms);
	return order ? order : right->is_bad - left->is_bad;
}

void tusk_ledger_merge(struct tusk_ledger *ledger, bool (*exists)(void *context, const struct tusk_id *pack),
		       void *context)
{
	size_t kept = 0;
	if (ledger->count > 0)
		qsort(ledger->proofs, ledger->count, sizeof(*ledger->proofs), compare);
	for (size_t i = 0; i < ledger->count; i++) {
		struct tusk_proof proof = ledger->proofs[i];
		if (kept > 0 && tusk_id_equal(&ledger->proofs[kept - 1].pack, &proof.pack))
			continue;
		if (!exists || exists(context, &proof.pack))
			ledger->proofs[kept++] = proof;
	}
	ledger->count = ledger->sorted_count = kept;
}

static int compare_pack(const void *key, const void *item)
{
	return tusk_id_compare(key, &((const struct tusk_proof *)item)->pack);
}

const struct tusk_proof *tusk_ledger_find(const struct tusk_ledger *ledger, const struct tusk_id *pack)
{
	if (ledger->sorted_count == 0)
		return NULL;
	return bsearch(pack, ledger->proofs, ledger->sorted_count, sizeof(*ledger->proofs), compare_pack);
}

int tusk_ledger_add(struct tusk_ledger *ledger, const struct tusk_id *pack, bool is_bad, struct tusk_err *err)
{
	if (reserve(ledger, 1, err) != 0)
		return -1;
	ledger->proofs[ledger->count++] =
	    (struct tusk_proof){.pack = *pack, .time_ms = ledger->now_ms, .is_bad = is_bad};
	return 0;
}

/* ---- writing ---- */

static int write_notes(struct tusk_node *node, const struct tusk_keys *keys, const char *member,
		       const struct tusk_ledger *ledger, struct tusk_err *err)
{
	for (size_t first = 0; first < ledger->count; first += TUSK_LEDGER_NOTE_MAX) {
		TUSK_AUTO_BUF struct tusk_buf body = {0};
		size_t left = ledger->count - first;
		size_t count = left < TUSK_LEDGER_NOTE_MAX ? left : TUSK_LEDGER_NOTE_MAX;

		if (encode(member, ledger->proofs + first, count, &body) != 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		if (tusk_sealed_put(node, keys, TUSK_SEALED_LEDGER, FOLDER, body.data, body.len, NULL, err) != 0)
			return -1;
	}
	return 0;
}

int tusk_ledger_save(struct tusk_node *node, const struct tusk_keys *keys, const char *member,
		     struct tusk_ledger *ledger, struct tusk_err *err)
{
	if (write_notes(node, keys, member, ledger, err) != 0)
		return tusk_err_prefix(err, "cannot write the ledger");
	/* What an append-only node keeps is merged again the next time. */
	for (size_t at = 0; at < ledger->notes.len; at += strlen((const char *)ledger->notes.data + at) + 1)
		(void)tusk_node_remove(node, (const char *)ledger->notes.data + at, NULL);
	ledger->notes.len = 0;
	return 0;
}
