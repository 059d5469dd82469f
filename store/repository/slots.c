#include "slots.h"

#include "handle.h"
#include "sealed.h"
#include "tusk/init.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

int tusk_slot_describe(struct tusk_keyslot *slot, const char *label, unsigned log2_n, struct tusk_err *err)
{
	size_t len = label ? strlen(label) : 0;

	if (len >= sizeof(slot->label))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "the label of a key is longer than %zu bytes",
				    sizeof(slot->label) - 1);
	if (len)
		memcpy(slot->label, label, len);
	slot->label[len] = '\0';
	slot->log2_n = log2_n;
	slot->created = (int64_t)time(NULL);
	return 0;
}

static int prove(const struct tusk_slot_owner *owner, const struct tusk_secret *secret, const struct tusk_id *id,
		 const uint8_t root[32], struct tusk_err *err)
{
	struct tusk_keyslot slot TUSK_AUTO_KEYSLOT = {0};
	struct tusk_buf data TUSK_AUTO_BUF = {0};

	if (tusk_keyslot_get(owner->node, id, &data, err) < 0 ||
	    tusk_keyslot_open(owner->parameters, owner->parameters_hash, secret, &data, &slot, err) < 0)
		return tusk_err_prefix(err, "the new key slot cannot be opened");
	if (!tusk_equal_constant_time(slot.root, root, sizeof(slot.root)))
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "the new key slot opens to another key");
	return 0;
}

int tusk_slot_put(const struct tusk_slot_owner *owner, const struct tusk_secret *secret,
		  const struct tusk_keyslot *slot, struct tusk_id *ret_id, struct tusk_err *err)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_id id;
	char name[80];

	if (tusk_keyslot_seal(owner->parameters, owner->parameters_hash, secret, slot, &data, err) < 0)
		return -1;
	tusk_sha256(data.data, data.len, id.bytes);
	tusk_keyslot_name(&id, name);
	if (tusk_node_put(owner->node, name, data.data, data.len, err) < 0 ||
	    prove(owner, secret, &id, slot->root, err) < 0) {
		tusk_node_remove(owner->node, name, NULL);
		return -1;
	}
	*ret_id = id;
	return 0;
}

int tusk_key_add(struct tusk_repository *repository, const struct tusk_secret *secret, const char *label,
		 unsigned kdf_log2_n, struct tusk_id *ret_id, struct tusk_err *err)
{
	const struct tusk_slot_owner owner = {repository->node, &repository->parameters, repository->parameters_hash};
	struct tusk_keyslot slot TUSK_AUTO_KEYSLOT = {0};
	struct tusk_id *ids TUSK_AUTO_FREE = NULL;
	size_t count;

	if (tusk_slot_describe(&slot, label, kdf_log2_n, err) < 0 ||
	    tusk_keyslot_list(repository->node, &ids, &count, err) < 0)
		return -1;
	if (count >= TUSK_KEYSLOT_COUNT_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "there are %zu keys already, no more are allowed", count);
	memcpy(slot.root, repository->keys.root, sizeof(slot.root));
	return tusk_slot_put(&owner, secret, &slot, ret_id, err);
}

/* What can be said of a slot without its secret. */
static int describe(struct tusk_repository *repository, const struct tusk_id *id, struct tusk_key_info *info,
		    struct tusk_err *err)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_keyslot slot = {0};
	struct tusk_err why = {0};

	*info = (struct tusk_key_info){.id = *id, .current = tusk_id_equal(id, &repository->slot)};
	if (tusk_keyslot_get(repository->node, id, &data, &why) < 0 && why.code != TUSK_E_CORRUPT &&
	    why.code != TUSK_E_LIMIT) {
		if (err)
			*err = why;
		return -1;
	}
	/* An empty buffer does not decode: a damaged slot stays of kind 0. */
	if (tusk_keyslot_peek(data.data, data.len, &slot, NULL) == 0) {
		info->kind = slot.kind;
		info->kdf_log2_n = slot.log2_n;
	}
	if (info->current) {
		info->created = (time_t)repository->slot_created;
		memcpy(info->label, repository->slot_label, sizeof(info->label));
	}
	return 0;
}

int tusk_key_list(struct tusk_repository *repository, struct tusk_key_info **ret_keys, size_t *ret_count,
		  struct tusk_err *err)
{
	struct tusk_key_info *keys TUSK_AUTO_FREE = NULL;
	struct tusk_id *ids TUSK_AUTO_FREE = NULL;
	size_t count;

	if (tusk_keyslot_list(repository->node, &ids, &count, err) < 0)
		return -1;
	keys = calloc(count ? count : 1, sizeof(*keys));
	if (!keys)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot list the keys: out of memory");
	for (size_t i = 0; i < count; i++) {
		if (describe(repository, &ids[i], &keys[i], err) < 0)
			return -1;
	}
	*ret_keys = TUSK_STEAL(keys);
	*ret_count = count;
	return 0;
}

/* The only key whose id begins with prefix. */
static int find_key(const struct tusk_key_info *keys, size_t count, const char *prefix, size_t *ret_position,
		    struct tusk_err *err)
{
	size_t matches = 0, len = strlen(prefix);

	if (!len)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "no key is named");
	for (size_t i = 0; i < count; i++) {
		char text[TUSK_ID_TEXT_SIZE];

		tusk_id_text(&keys[i].id, text);
		if (strncasecmp(text, prefix, len) == 0) {
			*ret_position = i;
			matches++;
		}
	}
	if (!matches)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "no key begins with \"%.64s\"", prefix);
	if (matches > 1)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%zu keys begin with \"%.64s\"", matches, prefix);
	return 0;
}

/* Without this note a copy of the slot on a node that is away now would come back with that node. */
static int bury(struct tusk_repository *repository, const struct tusk_id *id, struct tusk_err *err)
{
	struct tusk_buf body TUSK_AUTO_BUF = {0};

	if (tusk_put_u64(&body, (uint64_t)time(NULL)) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return tusk_sealed_bury(repository->node, &repository->keys, id, body.data, body.len, err);
}

int tusk_key_remove(struct tusk_repository *repository, const char *prefix, struct tusk_id *ret_id,
		    struct tusk_err *err)
{
	struct tusk_key_info *keys TUSK_AUTO_FREE = NULL;
	size_t count, position = 0, others = 0;
	char name[80];

	if (tusk_key_list(repository, &keys, &count, err) < 0 || find_key(keys, count, prefix, &position, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		others += i != position && keys[i].kind != 0;
	if (!others)
		return tusk_err_set(err, TUSK_E_USAGE, 0,
				    "this is the last key that opens the repository; add another one first");
	tusk_keyslot_name(&keys[position].id, name);
	if (bury(repository, &keys[position].id, err) < 0 || tusk_node_remove(repository->node, name, err) < 0)
		return -1;
	*ret_id = keys[position].id;
	return 0;
}

int tusk_key_current(struct tusk_repository *repository, struct tusk_id *ret_id, struct tusk_err *err)
{
	if (repository->parameters.suite == TUSK_SUITE_NONE)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "a repository without encryption has no keys");
	*ret_id = repository->slot;
	return 0;
}

int tusk_key_generate(uint8_t ret_key[32], struct tusk_err *err)
{
	return tusk_random(ret_key, 32, err);
}
