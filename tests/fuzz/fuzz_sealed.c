/* Small sealed objects: the input as an object, and as the body of one that is sealed, changed in one byte or not. */
#include "sealed.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define KIND_FIRST TUSK_SEALED_LEASE
#define KINDS      8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tusk_keys keys;

static void prepare(void)
{
	static bool is_ready;
	if (!is_ready &&
	    tusk_keys_derive(TUSK_SUITE_AES256_GCM, (const uint8_t[16]){1}, (const uint8_t[32]){2}, &keys, NULL) < 0)
		abort();
	is_ready = true;
}

/* Nobody has sealed the input, so it does not open. */
static void check_raw(enum tusk_sealed_kind kind, const uint8_t *data, size_t size)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	struct tusk_err err = {0};
	if (tusk_sealed_open(&keys, kind, "ledger/", "ledger/x", data, size, &body, &err) == 0 || err.code == TUSK_OK ||
	    body.len > 0)
		abort();
}

/* head: which byte is changed, and how; no change when that is 0. */
static void check_sealed(enum tusk_sealed_kind kind, const uint8_t head[3], const uint8_t *data, size_t size)
{
	TUSK_AUTO_BUF struct tusk_buf object = {0};
	TUSK_AUTO_BUF struct tusk_buf body = {0};
	struct tusk_err err = {0};
	if (tusk_sealed_make(&keys, kind, "marks/", data, size, &object, &err) < 0)
		abort();
	object.data[tusk_load_u16(head) % object.len] ^= head[2];
	int opened = tusk_sealed_open(&keys, kind, "marks/", "marks/x", object.data, object.len, &body, &err);
	if ((opened == 0) != (head[2] == 0))
		abort();
	if (opened == 0 && (body.len != size || memcmp(body.data, data, size) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4)
		return 0;
	prepare();
	enum tusk_sealed_kind kind = (enum tusk_sealed_kind)(KIND_FIRST + data[0] % KINDS);
	check_raw(kind, data + 4, size - 4);
	check_sealed(kind, data + 1, data + 4, size - 4);
	return 0;
}
