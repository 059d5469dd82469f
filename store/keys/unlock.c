#include "keyslot.h"

#include <stdlib.h>
#include <string.h>

void tusk_keyslot_name(const struct tusk_id *id, char ret_name[80])
{
	char text[TUSK_ID_TEXT_SIZE];

	tusk_id_text(id, text);
	snprintf(ret_name, 80, "keys/%s", text);
}

struct id_list {
	struct tusk_id ids[TUSK_KEYSLOT_COUNT_MAX];
	size_t count;
};

static int collect(void *context, const char *name, uint64_t size, struct tusk_err *err)
{
	struct id_list *list = context;
	const char *digits = name + strlen("keys/");

	(void)size;
	if (list->count == TUSK_KEYSLOT_COUNT_MAX)
		return tusk_err_set(err, TUSK_E_LIMIT, 0, "keys/ holds more than %d key slots", TUSK_KEYSLOT_COUNT_MAX);
	if (tusk_hex_decode(digits, strlen(digits), list->ids[list->count].bytes, TUSK_ID_SIZE) < 0)
		return tusk_err_set(err, TUSK_E_INTERNAL, 0, "%s is not the name of a key slot", name);
	list->count++;
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	return tusk_id_compare(a, b);
}

int tusk_keyslot_list(struct tusk_node *node, struct tusk_id **ret_ids, size_t *ret_count, struct tusk_err *err)
{
	struct id_list *list TUSK_AUTO_FREE = calloc(1, sizeof(*list));
	struct tusk_id *ids;

	if (!list)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot list the key slots: out of memory");
	if (tusk_node_list(node, "keys/", collect, list, err) != 0)
		return -1;
	qsort(list->ids, list->count, sizeof(list->ids[0]), compare_ids);
	ids = malloc(sizeof(list->ids));
	if (!ids)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "cannot list the key slots: out of memory");
	memcpy(ids, list->ids, sizeof(list->ids));
	*ret_ids = ids;
	*ret_count = list->count;
	return 0;
}

int tusk_keyslot_get(struct tusk_node *node, const struct tusk_id *id, struct tusk_buf *ret_data, struct tusk_err *err)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_id hash;
	char name[80];
	int found;

	tusk_keyslot_name(id, name);
	found = tusk_node_get(node, name, TUSK_KEYSLOT_MAX, &data, err);
	if (found < 0)
		return -1;
	if (found == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "%s is missing", name);
	tusk_sha256(data.data, data.len, hash.bytes);
	if (!tusk_id_equal(&hash, id))
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "%s does not hash to its name", name);
	tusk_buf_release(ret_data);
	*ret_data = data;
	data = (struct tusk_buf){0};
	return 0;
}

struct unlocking {
	const struct tusk_parameters *parameters;
	const uint8_t *parameters_hash;
	const struct tusk_secret *secret;
};

/* How the tries went. */
struct tries {
	size_t refused; /* intact slots of the secret's kind that it does not open */
	size_t damaged;
	struct tusk_err first_damage;
};

static bool fits(const struct tusk_secret *secret, const struct tusk_buf *data)
{
	struct tusk_keyslot header;

	return tusk_keyslot_peek(data->data, data->len, &header, NULL) < 0 ||
	       (header.kind == TUSK_SECRET_PASSPHRASE) == (secret->kind == TUSK_SECRET_PASSPHRASE);
}

/* Sorts a failure in; 1: try the next slot, -1: no use to go on, err is set. */
static int count_failure(struct tries *tries, const struct tusk_id *id, const struct tusk_err *why,
			 struct tusk_err *err)
{
	char name[80];

	if (why->code == TUSK_E_NOMEM || why->code == TUSK_E_USAGE || why->code == TUSK_E_INTERNAL) {
		if (err)
			*err = *why;
		return -1;
	}
	if (why->code == TUSK_E_PASSWORD)
		tries->refused++;
	else if (why->code != TUSK_E_ABSENT && tries->damaged++ == 0) {
		tusk_keyslot_name(id, name);
		tries->first_damage = *why;
		if (!strstr(why->message, name))
			tusk_err_prefix(&tries->first_damage, "%s", name);
	}
	return 1;
}

/* 0: opened; 1: try the next slot; -1. */
static int try_slot(struct tusk_node *node, const struct unlocking *unlocking, struct tusk_keyslot_found *found,
		    struct tries *tries, struct tusk_err *err)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	struct tusk_err why = {0};

	if (tusk_keyslot_get(node, &found->id, &data, &why) < 0)
		return count_failure(tries, &found->id, &why, err);
	if (!fits(unlocking->secret, &data))
		return 1;
	if (tusk_keyslot_open(unlocking->parameters, unlocking->parameters_hash, unlocking->secret, &data, &found->slot,
			      &why) < 0)
		return count_failure(tries, &found->id, &why, err);
	return 0;
}

static int nothing_opened(const struct tries *tries, size_t count, const struct tusk_secret *secret,
			  struct tusk_err *err)
{
	const char *what = secret->kind == TUSK_SECRET_PASSPHRASE ? "password" : "key";
	const char *origin = secret->origin[0] ? secret->origin : "the caller";

	if (!count)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "keys/ is empty: all key slots are lost");
	if (tries->refused && tries->damaged)
		return tusk_err_set(err, TUSK_E_PASSWORD, 0,
				    "wrong %s (from %s); besides, %zu of %zu key slots are damaged (%s)", what, origin,
				    tries->damaged, count, tries->first_damage.message);
	if (tries->refused)
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "wrong %s (from %s)", what, origin);
	if (tries->damaged) {
		if (err)
			*err = tries->first_damage;
		return tusk_err_prefix(err, "no intact key slot for the %s from %s", what, origin);
	}
	return tusk_err_set(err, TUSK_E_PASSWORD, 0, "no key slot takes a %s, as given by %s", what, origin);
}

/* Asks for all slots, since the right one may be the last; for one alone there is nothing to win. */
static void look_ahead(struct tusk_node *node, const struct tusk_id *ids, size_t count)
{
	char names[TUSK_KEYSLOT_COUNT_MAX][80];
	const char *wanted[TUSK_KEYSLOT_COUNT_MAX];

	for (size_t i = 0; i < count; i++) {
		tusk_keyslot_name(&ids[i], names[i]);
		wanted[i] = names[i];
	}
	if (count > 1)
		tusk_node_foresee(node, wanted, count);
}

int tusk_keyslot_unlock(struct tusk_node *node, const struct tusk_parameters *parameters,
			const uint8_t parameters_hash[32], const struct tusk_secret *secret,
			struct tusk_keyslot_found *ret_found, struct tusk_err *err)
{
	const struct unlocking unlocking = {parameters, parameters_hash, secret};
	struct tusk_id *ids TUSK_AUTO_FREE = NULL;
	struct tries tries = {0};
	size_t count;

	if (tusk_keyslot_list(node, &ids, &count, err) < 0)
		return -1;
	look_ahead(node, ids, count);
	for (size_t i = 0; i < count; i++) {
		struct tusk_keyslot_found found = {.id = ids[i]};
		int outcome = try_slot(node, &unlocking, &found, &tries, err);

		if (outcome == 0)
			*ret_found = found;
		tusk_keyslot_wipe(&found.slot);
		if (outcome <= 0)
			return outcome;
	}
	return nothing_opened(&tries, count, secret, err);
}
