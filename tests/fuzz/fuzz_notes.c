/* The notes of writers and prune, and marks: the first byte says which. What decodes encodes to the same bytes. */
#include "marks.h"
#include "notes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_same(struct tusk_buf *again, const uint8_t *data, size_t size)
{
	require(again->len == size && (size == 0 || memcmp(again->data, data, size) == 0));
	tusk_buf_release(again);
}

static bool decoded(int status, const struct tusk_err *err)
{
	require(status == 0 || err->code == TUSK_E_CORRUPT);
	return status == 0;
}

static void check_epoch(const uint8_t *data, size_t size)
{
	struct tusk_buf again = {0};
	struct tusk_epoch epoch;
	struct tusk_err err = {0};

	if (!decoded(tusk_epoch_decode(data, size, &epoch, &err), &err))
		return;
	require(tusk_epoch_encode(&epoch, &again) == 0);
	require_same(&again, data, size);
}

static void check_condemned(const uint8_t *data, size_t size)
{
	struct tusk_condemned condemned = {0};
	struct tusk_buf again = {0};
	struct tusk_err err = {0};

	if (!decoded(tusk_condemned_decode(data, size, &condemned, &err), &err))
		return;
	for (size_t i = 0; i < condemned.count; i++)
		require(tusk_condemned_find(&condemned, &condemned.items[i].pack) == &condemned.items[i]);
	require(tusk_condemned_encode(&condemned, &again) == 0);
	require_same(&again, data, size);
	tusk_condemned_release(&condemned);
}

static void check_lease(const uint8_t *data, size_t size)
{
	struct tusk_lease_note lease;
	struct tusk_buf again = {0};
	struct tusk_err err = {0};

	if (!decoded(tusk_lease_decode(data, size, &lease, &err), &err))
		return;
	require(lease.root_count <= TUSK_LEASE_ROOTS_MAX && strlen(lease.owner.host) <= TUSK_LEASE_HOST_MAX);
	require(tusk_lease_encode(&lease, &again) == 0);
	require_same(&again, data, size);
}

static void check_tombstone(const uint8_t *data, size_t size)
{
	struct tusk_tombstone tombstone;
	struct tusk_buf again = {0};
	struct tusk_err err = {0};

	if (!decoded(tusk_tombstone_decode(data, size, &tombstone, &err), &err))
		return;
	require(tusk_tombstone_encode(&tombstone, &again) == 0);
	require_same(&again, data, size);
	tusk_tombstone_release(&tombstone);
}

/* Unknown flags are dropped: only what it says is compared. */
static void check_mark(const uint8_t *data, size_t size)
{
	struct tusk_mark mark, second;
	struct tusk_buf again = {0};
	struct tusk_err err = {0};

	if (!decoded(tusk_mark_decode(data, size, &mark, &err), &err))
		return;
	require(tusk_mark_encode(&mark, &again) == 0);
	require(tusk_mark_decode(again.data, again.len, &second, &err) == 0);
	require(mark.counter == second.counter && mark.pinned == second.pinned && mark.tags.count == second.tags.count);
	tusk_mark_release(&mark);
	tusk_mark_release(&second);
	tusk_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(const uint8_t *, size_t) = {check_epoch, check_condemned, check_lease,
								  check_tombstone, check_mark};
	if (size > 0)
		checks[data[0] % 5](data + 1, size - 1);
	return 0;
}
