/* What lies on the node beside packs, manifests and keys: sealed notes (FORMAT.md, Sealed notes). */
#include "check_private.h"

#include "sealed.h"

#include <string.h>

#define FORGOTTEN "forgotten/"
#define LEASES    "leases/"
#define HASH_SIZE 32u

/* Named by their hash, sealed under the name of their folder. */
static const struct {
	const char *folder;
	enum tusk_sealed_kind kind;
} hashed[] = {{"nodes/", TUSK_SEALED_NODES},
	      {"marks/", TUSK_SEALED_MARK},
	      {"ledger/", TUSK_SEALED_LEDGER},
	      {"drills/", TUSK_SEALED_DRILL}};

static int collect_name(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	(void)size;
	if (tusk_buf_append(context, name, strlen(name) + 1) != 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

/* Sealed under its own name; trailer: so many bytes follow. What is gone meanwhile is no damage. */
static int open_named(struct tusk_check *check, enum tusk_sealed_kind kind, const char *name, size_t trailer,
		      struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf object = {0}, body = {0};
	uint8_t hash[HASH_SIZE];
	int found = tusk_node_get(check->repository->node, name, TUSK_SEALED_MAX + trailer, &object, err);

	if (found != TUSK_NODE_FOUND)
		return found;
	if (object.len < trailer)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "is truncated");
	size_t len = object.len - trailer;
	tusk_sha256(object.data, len, hash);
	if (trailer && memcmp(hash, object.data + len, trailer) != 0)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "does not hash to what its end says");
	return tusk_sealed_open(&check->repository->keys, kind, name, name, object.data, len, &body, err);
}

static int judge(struct tusk_check *check, size_t folder, const char *name, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf body = {0};

	if (folder < sizeof(hashed) / sizeof(hashed[0]))
		return tusk_sealed_get(check->repository->node, &check->repository->keys, hashed[folder].kind,
				       hashed[folder].folder, name, &body, err);
	return strncmp(name, FORGOTTEN, strlen(FORGOTTEN)) == 0
		   ? open_named(check, TUSK_SEALED_FORGOTTEN, name, HASH_SIZE, err)
		   : open_named(check, TUSK_SEALED_LEASE, name, 0, err);
}

static int check_note(struct tusk_check *check, size_t folder, const char *name, struct tusk_err *err)
{
	struct tusk_err why = {0};

	if (check_go_on(check, err) != 0)
		return -1;
	return judge(check, folder, name, &why) < 0 ? check_object_error(check, name, &why, err) : 0;
}

static int check_folder(struct tusk_check *check, size_t number, const char *folder, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf names = {0};

	if (tusk_node_list(check->repository->node, folder, collect_name, &names, err) != 0)
		return -1;
	for (size_t at = 0; at < names.len; at += strlen((const char *)names.data + at) + 1)
		if (check_note(check, number, (const char *)names.data + at, err) != 0)
			return -1;
	return 0;
}

static int check_state(struct tusk_check *check, enum tusk_sealed_kind kind, const char *name, struct tusk_err *err)
{
	struct tusk_err why = {0};
	return open_named(check, kind, name, 0, &why) < 0 ? check_object_error(check, name, &why, err) : 0;
}

int check_notes(struct tusk_check *check, struct tusk_err *err)
{
	size_t count = sizeof(hashed) / sizeof(hashed[0]);

	for (size_t i = 0; i < count; i++)
		if (check_folder(check, i, hashed[i].folder, err) != 0)
			return -1;
	if (check_folder(check, count, FORGOTTEN, err) != 0 || check_folder(check, count, LEASES, err) != 0)
		return -1;
	if (check_state(check, TUSK_SEALED_EPOCH, "epoch", err) != 0)
		return -1;
	return check_state(check, TUSK_SEALED_CONDEMNED, "condemned", err);
}
