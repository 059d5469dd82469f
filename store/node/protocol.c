#include "protocol.h"

#include "wire.h"

#include "tusk/id.h"
#include "tusk/text.h"

#include <string.h>

#define LEN_AT  0
#define ID_AT   4
#define KIND_AT 8

_Static_assert(sizeof(TUSK_PROTOCOL_MAGIC) == TUSK_PROTOCOL_MAGIC_SIZE, "the magic has 16 bytes");

void tusk_frame_encode(const struct tusk_frame *frame, uint8_t ret_header[TUSK_FRAME_HEADER_SIZE])
{
	tusk_store_u32(ret_header + LEN_AT, frame->body_len);
	tusk_store_u32(ret_header + ID_AT, frame->id);
	ret_header[KIND_AT] = frame->kind;
}

bool tusk_frame_decode(const uint8_t header[TUSK_FRAME_HEADER_SIZE], struct tusk_frame *ret_frame)
{
	ret_frame->body_len = tusk_load_u32(header + LEN_AT);
	ret_frame->id = tusk_load_u32(header + ID_AT);
	ret_frame->kind = header[KIND_AT];
	return ret_frame->body_len <= TUSK_PROTOCOL_BODY_MAX;
}

static bool has_name(enum tusk_frame_kind kind)
{
	switch (kind) {
	case TUSK_REQUEST_GET:
	case TUSK_REQUEST_READ:
	case TUSK_REQUEST_STAT:
	case TUSK_REQUEST_LIST:
	case TUSK_REQUEST_DIGEST:
	case TUSK_REQUEST_COMMIT:
	case TUSK_REQUEST_REMOVE:
	case TUSK_REQUEST_QUARANTINE:
	case TUSK_REQUEST_GENERATION:
		return true;
	default:
		return false;
	}
}

/* A cursor for writing: ret_body is large enough for every request. */
static uint8_t *put_u32(uint8_t *out, uint32_t value)
{
	tusk_store_u32(out, value);
	return out + sizeof(value);
}

size_t tusk_request_encode(const struct tusk_request *request, uint8_t ret_body[TUSK_REQUEST_SIZE_MAX])
{
	uint8_t *out = ret_body;

	if (request->kind == TUSK_REQUEST_HELLO) {
		tusk_store_u16(out, request->lowest);
		tusk_store_u16(out + 2, request->highest);
		out += 4;
	}
	if (request->kind == TUSK_REQUEST_UPLOAD)
		*out++ = request->replace ? 1 : 0;
	if (has_name(request->kind)) {
		size_t len = strlen(request->name); /* below 128: a varint of one byte */

		*out++ = (uint8_t)len;
		memcpy(out, request->name, len);
		out += len;
	}
	if (request->kind == TUSK_REQUEST_READ) {
		tusk_store_u64(out, request->offset);
		out += sizeof(request->offset);
	}
	if (request->kind == TUSK_REQUEST_READ || request->kind == TUSK_REQUEST_GET)
		out = put_u32(out, request->len);
	return (size_t)(out - ret_body);
}

static void get_name(struct tusk_cursor *cursor, char ret_name[TUSK_NODE_NAME_SIZE])
{
	size_t len = 0;
	const uint8_t *bytes = tusk_get_bytes(cursor, TUSK_NODE_NAME_SIZE - 1, &len);

	if (!bytes || memchr(bytes, 0, len)) {
		cursor->failed = true;
		return;
	}
	memcpy(ret_name, bytes, len);
	ret_name[len] = '\0';
}

static bool is_sensible(const struct tusk_request *request)
{
	switch (request->kind) {
	case TUSK_REQUEST_HELLO:
		return request->lowest <= request->highest;
	case TUSK_REQUEST_READ:
		return request->len > 0 && request->len <= TUSK_PROTOCOL_DATA_MAX;
	case TUSK_REQUEST_WRITE:
		return request->data_len > 0 && request->data_len <= TUSK_PROTOCOL_DATA_MAX;
	default:
		return true;
	}
}

int tusk_request_decode(uint8_t kind, const void *body, size_t len, struct tusk_request *ret_request,
			struct tusk_err *err)
{
	struct tusk_request request = {.kind = kind};
	struct tusk_cursor cursor;
	uint8_t mode = 0;

	tusk_cursor_init(&cursor, body, len);
	if (kind < TUSK_REQUEST_HELLO || kind >= TUSK_REQUEST_COUNT)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a request of the unknown kind %u", kind);
	if (kind == TUSK_REQUEST_HELLO) {
		request.lowest = tusk_get_u16(&cursor);
		request.highest = tusk_get_u16(&cursor);
	}
	if (kind == TUSK_REQUEST_UPLOAD)
		mode = tusk_get_u8(&cursor);
	if (has_name(request.kind))
		get_name(&cursor, request.name);
	if (kind == TUSK_REQUEST_READ)
		request.offset = tusk_get_u64(&cursor);
	if (kind == TUSK_REQUEST_READ || kind == TUSK_REQUEST_GET)
		request.len = tusk_get_u32(&cursor);
	if (kind == TUSK_REQUEST_WRITE) {
		request.data_len = tusk_cursor_left(&cursor);
		request.data = tusk_get_raw(&cursor, request.data_len);
	}
	request.replace = mode == 1;
	if (!tusk_cursor_done(&cursor) || mode > 1 || !is_sensible(&request))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a request of kind %u that makes no sense", kind);
	*ret_request = request;
	return 0;
}

int tusk_failure_encode(const struct tusk_err *failure, struct tusk_buf *body)
{
	size_t len = strnlen(failure->message, TUSK_PROTOCOL_MESSAGE_MAX);

	return tusk_put_u8(body, (uint8_t)failure->code) < 0 || tusk_put_bytes(body, failure->message, len) < 0 ? -1
														: 0;
}

/* What the other side says is shown to people: no control characters reach a terminal. */
static void get_failure(struct tusk_cursor *cursor, struct tusk_err *ret_failure)
{
	unsigned code = tusk_get_u8(cursor);
	size_t len = 0;
	const uint8_t *text = tusk_get_bytes(cursor, TUSK_PROTOCOL_MESSAGE_MAX, &len);
	struct tusk_buf safe TUSK_AUTO_BUF = {0};

	*ret_failure = (struct tusk_err){0};
	if (code == TUSK_OK || !text)
		return;
	if (code >= TUSK_CODE_COUNT)
		code = TUSK_E_IO;
	if (tusk_text_escape(&safe, text, len) < 0 || !safe.len)
		tusk_err_set(ret_failure, (enum tusk_code)code, 0, "the far side says no more");
	else
		tusk_err_set(ret_failure, (enum tusk_code)code, 0, "%s", (const char *)safe.data);
}

int tusk_failure_decode(const void *body, size_t len, struct tusk_err *ret_failure, struct tusk_err *err)
{
	struct tusk_err failure;
	struct tusk_cursor cursor;

	tusk_cursor_init(&cursor, body, len);
	get_failure(&cursor, &failure);
	if (!tusk_cursor_done(&cursor) || failure.code == TUSK_OK)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a failure that makes no sense");
	*ret_failure = failure;
	return 0;
}

int tusk_hello_encode(const struct tusk_hello *hello, struct tusk_buf *body)
{
	if (tusk_put_u16(body, hello->version) < 0 || tusk_put_u8(body, (uint8_t)hello->role) < 0)
		return -1;
	return tusk_failure_encode(&hello->state, body);
}

int tusk_hello_decode(const void *body, size_t len, struct tusk_hello *ret_hello, struct tusk_err *err)
{
	struct tusk_hello hello = {0};
	struct tusk_cursor cursor;
	unsigned role;

	tusk_cursor_init(&cursor, body, len);
	hello.version = tusk_get_u16(&cursor);
	role = tusk_get_u8(&cursor);
	get_failure(&cursor, &hello.state);
	if (!tusk_cursor_done(&cursor) || role > TUSK_ACCESS_FULL)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "a greeting that makes no sense");
	if (hello.version < TUSK_PROTOCOL_LOWEST || hello.version > TUSK_PROTOCOL_HIGHEST)
		return tusk_err_set(err, TUSK_E_VERSION, 0, "the far tusk speaks version %u, this one %u to %u",
				    hello.version, TUSK_PROTOCOL_LOWEST, TUSK_PROTOCOL_HIGHEST);
	hello.role = (enum tusk_access)role;
	*ret_hello = hello;
	return 0;
}

void tusk_listed_name(const char *prefix, const uint8_t id[32], char ret_name[TUSK_NODE_NAME_SIZE])
{
	char digits[TUSK_ID_TEXT_SIZE];

	tusk_hex_encode(id, TUSK_ID_SIZE, digits);
	if (strcmp(prefix, "packs/") == 0)
		snprintf(ret_name, TUSK_NODE_NAME_SIZE, "packs/%.2s/%s", digits, digits);
	else
		snprintf(ret_name, TUSK_NODE_NAME_SIZE, "%.12s%s", prefix, digits);
}

const char *tusk_access_name(enum tusk_access role)
{
	static const char *const names[] = {"read-only", "append-only", "full"};

	return names[role];
}
