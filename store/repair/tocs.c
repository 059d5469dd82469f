#include "repair_private.h"

#include "wire.h"

#include <string.h>

#define HEADER_SIZE  ((size_t)TUSK_OBJECT_HEADER_SIZE)
#define TRAILER_SIZE 16u
#define HASH_SIZE    32u

TUSK_DEFINE_CLEANUP(struct tusk_object, object, tusk_object_close)

/* What is left: the headers in toc/<pack> and in the pack, and what may be the sealed table with its trailer: in
 * toc/<pack>, at the end of the pack by the length that it says, and by the length that the other one has. */
struct parts {
	struct tusk_buf headers[2], tails[3];
};

static void parts_release(struct parts *parts)
{
	for (size_t i = 0; i < 2; i++)
		tusk_buf_release(&parts->headers[i]);
	for (size_t i = 0; i < 3; i++)
		tusk_buf_release(&parts->tails[i]);
}

void repair_toc_release(struct repair_toc *toc)
{
	tusk_toc_release(&toc->toc);
	tusk_buf_release(&toc->object);
}

/* 0, also when it was damage (what was read so far stays); -1. */
static int tolerate(const struct tusk_err *why, struct tusk_err *err)
{
	if (repair_is_damage(why->code))
		return 0;
	if (err)
		*err = *why;
	return -1;
}

static int append(struct tusk_buf *buf, const void *data, size_t len, struct tusk_err *err)
{
	if (tusk_buf_append(buf, data, len) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

/* toc/<pack>, whatever its hash says: the seal decides. */
static int read_object(struct tusk_node *node, const struct tusk_id *pack, struct parts *parts, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	struct tusk_err why = {0};
	char name[80];

	tusk_toc_name(pack, name);
	int found = tusk_node_get(node, name, TUSK_TOC_MAX_SIZE, &data, &why);
	if (found < 0)
		return tolerate(&why, err);
	if (found == TUSK_NODE_ABSENT || data.len < HEADER_SIZE + TRAILER_SIZE + HASH_SIZE)
		return 0;
	if (append(&parts->headers[0], data.data, HEADER_SIZE, err) != 0)
		return -1;
	return append(&parts->tails[0], data.data + HEADER_SIZE, data.len - HEADER_SIZE - HASH_SIZE, err);
}

static int read_part(struct tusk_object *object, uint64_t offset, size_t len, struct tusk_buf *ret_part,
		     struct tusk_err *err)
{
	struct tusk_err why = {0};

	if (tusk_buf_reserve(ret_part, len) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_object_pread(object, ret_part->data, len, offset, &why) != 0)
		return tolerate(&why, err);
	ret_part->len = len;
	return 0;
}

static int read_tail(struct tusk_object *object, uint64_t len, struct tusk_buf *ret_tail, struct tusk_err *err)
{
	uint64_t size = tusk_object_size(object);

	if (len < TRAILER_SIZE || len > TUSK_TOC_MAX_SIZE || len > size - HEADER_SIZE)
		return 0;
	return read_part(object, size - len, (size_t)len, ret_tail, err);
}

static int read_pack(struct tusk_node *node, const struct tusk_id *pack, struct parts *parts, struct tusk_err *err)
{
	struct tusk_object *object TUSK_CLEANUP(object_cleanup) = NULL;
	TUSK_AUTO_BUF struct tusk_buf trailer = {0};
	struct tusk_err why = {0};
	char name[80];

	tusk_pack_name(pack, name);
	int found = tusk_object_open(node, name, &object, &why);
	if (found < 0)
		return tolerate(&why, err);
	if (found == TUSK_NODE_ABSENT || tusk_object_size(object) < HEADER_SIZE + TRAILER_SIZE)
		return 0;
	if (read_part(object, 0, HEADER_SIZE, &parts->headers[1], err) != 0 ||
	    read_part(object, tusk_object_size(object) - TRAILER_SIZE, TRAILER_SIZE, &trailer, err) != 0)
		return -1;
	uint64_t said = trailer.len ? (uint64_t)tusk_load_u32(trailer.data) + TRAILER_SIZE : 0;
	if (read_tail(object, said, &parts->tails[1], err) != 0)
		return -1;
	return parts->tails[0].len == said ? 0 : read_tail(object, parts->tails[0].len, &parts->tails[2], err);
}

/* 0, 1 or -1 as repair_find_toc. */
static int try_parts(struct tusk_repository *repository, const struct tusk_id *pack, const struct tusk_buf *header,
		     const struct tusk_buf *tail, struct repair_toc *ret_toc, struct tusk_err *err)
{
	TUSK_AUTO_AEAD struct tusk_aead *aead = tusk_aead_new();
	struct repair_toc toc AUTO_REPAIR_TOC = {0};
	uint8_t hash[HASH_SIZE];
	struct tusk_err why = {0};

	if (!aead)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (header->len == 0 || tail->len == 0)
		return 1;
	if (append(&toc.object, header->data, header->len, err) != 0 ||
	    append(&toc.object, tail->data, tail->len, err) != 0)
		return -1;
	tusk_sha256(toc.object.data, toc.object.len, hash);
	if (append(&toc.object, hash, sizeof(hash), err) != 0)
		return -1;
	if (tusk_toc_decode(&repository->keys, aead, pack, toc.object.data, toc.object.len, &toc.toc, &why) != 0)
		return tolerate(&why, err) == 0 ? 1 : -1;
	*ret_toc = toc;
	toc = (struct repair_toc){0};
	return 0;
}

int repair_find_toc(struct tusk_repository *repository, const struct tusk_id *pack, struct repair_toc *ret_toc,
		    struct tusk_err *err)
{
	struct parts parts TUSK_CLEANUP(parts_release) = {.headers = {{0}}};
	int status = 1;

	if (read_object(repository->node, pack, &parts, err) != 0 ||
	    read_pack(repository->node, pack, &parts, err) != 0)
		return -1;
	for (size_t tail = 0; tail < 3; tail++)
		for (size_t header = 0; header < 2 && status == 1; header++)
			status = try_parts(repository, pack, &parts.headers[header], &parts.tails[tail], ret_toc, err);
	return status;
}
