#include "repair_private.h"

#include "sealed.h"

#include <string.h>

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	(void)size;
	if (tusk_buf_append(context, name, strlen(name) + 1) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

/* 1: it does not open; 0: it does, or is gone; -1. */
static int is_damaged(struct tusk_repository *repository, const char *name, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf object = {0}, body = {0};
	struct tusk_lease_note note;
	struct tusk_err why = {0};
	int found = tusk_node_get(repository->node, name, TUSK_SEALED_MAX, &object, &why);

	if (found == TUSK_NODE_ABSENT || (found == TUSK_NODE_FOUND &&
					  tusk_sealed_open(&repository->keys, TUSK_SEALED_LEASE, name, name,
							   object.data, object.len, &body, &why) == 0 &&
					  tusk_lease_decode(body.data, body.len, &note, &why) == 0))
		return 0;
	if (why.code == TUSK_E_CORRUPT || why.code == TUSK_E_LIMIT)
		return 1;
	if (err)
		*err = why;
	return -1;
}

int repair_leases_find(struct tusk_repository *repository, struct tusk_buf *ret_names, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf all = {0}, damaged = {0};

	if (tusk_node_list(repository->node, "leases/", collect, &all, err) != 0)
		return -1;
	for (size_t at = 0; at < all.len; at += strlen((const char *)all.data + at) + 1) {
		const char *name = (const char *)all.data + at;
		int status = is_damaged(repository, name, err);

		if (status < 0 || (status > 0 && collect(&damaged, name, 0, err) != 0))
			return -1;
	}
	*ret_names = damaged;
	damaged = (struct tusk_buf){0};
	return 0;
}
