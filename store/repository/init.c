#include "tusk/init.h"

#include "slots.h"

#include <string.h>

#define CHUNK_FLOOR   (16u << 10)
#define CHUNK_CEILING (4u << 20)
#define PACK_SIZE     (32u << 20)

static int check_options(const struct tusk_init_options *options, struct tusk_err *err)
{
	uint32_t average = options->chunk_average;

	if (average < CHUNK_FLOOR || average > CHUNK_CEILING || (average & (average - 1)) != 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0,
				    "the average size of chunks is a power of two from 16 KiB to 4 MiB, not %lu",
				    (unsigned long)average);
	if (options->suite == TUSK_SUITE_NONE && options->secret)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "a repository without encryption takes no password or key");
	if (options->suite != TUSK_SUITE_NONE && !options->secret)
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "an encrypted repository needs a password or a key");
	return 0;
}

static int make_parameters(const struct tusk_init_options *options, struct tusk_parameters *ret_parameters,
			   struct tusk_buf *ret_text, struct tusk_err *err)
{
	struct tusk_parameters parameters = {.suite = options->suite,
					     .chunk_min = options->chunk_average / 4,
					     .chunk_average = options->chunk_average,
					     .chunk_max = options->chunk_average * 4,
					     .pack_size = PACK_SIZE};

	if (tusk_random(parameters.id, sizeof(parameters.id), err) < 0 ||
	    tusk_parameters_encode(&parameters, ret_text, err) < 0)
		return -1;
	*ret_parameters = parameters;
	return 0;
}

/* The first key slot, with a new root key. */
static int put_first_slot(const struct tusk_slot_owner *owner, const struct tusk_init_options *options,
			  struct tusk_id *ret_id, struct tusk_err *err)
{
	struct tusk_keyslot slot TUSK_AUTO_KEYSLOT = {0};

	if (tusk_slot_describe(&slot, options->label, options->kdf_log2_n, err) < 0 ||
	    tusk_random(slot.root, sizeof(slot.root), err) < 0)
		return -1;
	return tusk_slot_put(owner, options->secret, &slot, ret_id, err);
}

/* tusk.repository comes last: before it is there, nothing takes the place for a repository. */
static int fill(struct tusk_node *node, const struct tusk_init_options *options, struct tusk_parameters *ret_parameters,
		struct tusk_err *err)
{
	struct tusk_buf text TUSK_AUTO_BUF = {0};
	struct tusk_parameters parameters;
	uint8_t hash[32];
	struct tusk_slot_owner owner = {node, &parameters, hash};
	struct tusk_err why = {0};
	bool encrypted = options->suite != TUSK_SUITE_NONE;
	struct tusk_id slot;
	char name[80];

	if (make_parameters(options, &parameters, &text, err) < 0)
		return -1;
	tusk_sha256(text.data, text.len, hash);
	if (encrypted && put_first_slot(&owner, options, &slot, err) < 0)
		return -1;
	if (tusk_node_put(node, "tusk.repository", text.data, text.len, &why) < 0) {
		/* Another init may have been faster: what is there then is its own. */
		if (why.code != TUSK_E_EXISTS)
			tusk_node_remove(node, "tusk.repository", NULL);
		if (encrypted) {
			tusk_keyslot_name(&slot, name);
			tusk_node_remove(node, name, NULL);
		}
		if (err)
			*err = why;
		return -1;
	}
	*ret_parameters = parameters;
	return 0;
}

int tusk_repository_init(const char *url, const struct tusk_init_options *options,
			 struct tusk_parameters *ret_parameters, struct tusk_err *err)
{
	struct tusk_node *node TUSK_AUTO_NODE = NULL;

	if (check_options(options, err) < 0)
		return -1;
	if (tusk_node_create(url, &node, err) < 0)
		return tusk_err_prefix(err, "%s", url);
	if (fill(node, options, ret_parameters, err) < 0) {
		tusk_node_uncreate(node);
		return tusk_err_prefix(err, "%s", url);
	}
	return 0;
}
