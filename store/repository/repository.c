#include "handle.h"
#include "keyslot.h"
#include "open_nodes.h"
#include "reads.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

void tusk_repository_close(struct tusk_repository *repository)
{
	if (!repository)
		return;
	if (repository->fetcher)
		repository->fetcher_free(repository->fetcher);
	if (repository->index)
		tusk_index_close(repository->index);
	tusk_reads_note(repository);
	tusk_node_close(repository->node);
	tusk_keys_wipe(&repository->keys);
	pthread_mutex_destroy(&repository->lock);
	pthread_mutex_destroy(&repository->figures_lock);
	free(repository->figures);
	free(repository->state_dir);
	free(repository->url);
	free(repository);
}

static int repository_new(const char *url, const struct tusk_open_options *options,
			  struct tusk_repository **ret_repository, struct tusk_err *err)
{
	struct tusk_repository *repository = calloc(1, sizeof(*repository));

	if (!repository)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	pthread_mutex_init(&repository->lock, NULL);
	pthread_mutex_init(&repository->figures_lock, NULL);
	repository->tree_cache = options->tree_cache;
	repository->chunk_cache = options->chunk_cache;
	repository->url = strdup(url);
	if (!repository->url) {
		tusk_repository_close(repository);
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	}
	*ret_repository = repository;
	return 0;
}

static int load_parameters(struct tusk_repository *repository, struct tusk_err *err)
{
	struct tusk_buf data TUSK_AUTO_BUF = {0};
	int found = tusk_node_get(repository->node, "tusk.repository", TUSK_PARAMETERS_MAX, &data, err);

	if (found == TUSK_NODE_ABSENT)
		return tusk_err_set(err, TUSK_E_NO_REPOSITORY, 0, "there is no repository here (no tusk.repository)");
	if (found < 0)
		return -1;
	if (tusk_parameters_decode(data.data, data.len, &repository->parameters, err) < 0)
		return -1;
	tusk_sha256(data.data, data.len, repository->parameters_hash);
	return 0;
}

static int unlock(struct tusk_repository *repository, const struct tusk_open_options *options, uint8_t ret_root[32],
		  struct tusk_err *err)
{
	struct tusk_secret secret TUSK_AUTO_SECRET = {0};
	struct tusk_keyslot_found found = {0};

	if (!options->ask)
		return tusk_err_set(err, TUSK_E_PASSWORD, 0, "a password is needed and there is no way to get one");
	if (options->ask(options->ask_context, &secret, err) < 0)
		return -1;
	if (tusk_keyslot_unlock(repository->node, &repository->parameters, repository->parameters_hash, &secret, &found,
				err) < 0)
		return -1;
	memcpy(ret_root, found.slot.root, sizeof(found.slot.root));
	memcpy(repository->slot_label, found.slot.label, sizeof(repository->slot_label));
	repository->slot_created = found.slot.created;
	repository->slot = found.id;
	tusk_keyslot_wipe(&found.slot);
	return 0;
}

static int derive_keys(struct tusk_repository *repository, const struct tusk_open_options *options,
		       struct tusk_err *err)
{
	const struct tusk_parameters *parameters = &repository->parameters;
	uint8_t root[32] = {0};
	int result = 0;

	if (parameters->suite != TUSK_SUITE_NONE)
		result = unlock(repository, options, root, err);
	if (result == 0)
		result = tusk_keys_derive(parameters->suite, parameters->id, root, &repository->keys, err);
	tusk_wipe(root, sizeof(root));
	return result;
}

/* The index speaks of what the nodes in use hold, together: another choice of nodes has another one. */
static int open_index(struct tusk_repository *repository, struct tusk_err *err)
{
	const struct tusk_nodes *nodes = &repository->nodes;
	struct tusk_buf urls TUSK_AUTO_BUF = {0};
	TUSK_AUTO_FREE char *folder = NULL;
	uint8_t hash[TUSK_SHA256_SIZE];
	char digits[17];

	if (!repository->is_part)
		return tusk_index_open(repository->state_dir, &repository->keys, &repository->index, err);
	for (size_t i = 0; i < nodes->count; i++) {
		if (tusk_buf_append(&urls, nodes->items[i].url, strlen(nodes->items[i].url) + 1) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	}
	tusk_sha256(urls.data, urls.len, hash);
	tusk_hex_encode(hash, 8, digits);
	if (asprintf(&folder, "%s/only-%s", repository->state_dir, digits) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return tusk_index_open(folder, &repository->keys, &repository->index, err);
}

/* A backup relies on packs that are listed after the list of condemned ones was read, and on that only if it was read
 * after the epoch (tusk_session_begin). */
static void foresee(struct tusk_node *node, bool for_backup)
{
	static const char *const names[] = {"tusk.repository", "keys/", "nodes/"};
	static const char *const session[] = {"epoch", NULL, "condemned", NULL, "toc/", "snapshots/", "marks/"};

	tusk_node_foresee(node, names, sizeof(names) / sizeof(names[0]));
	if (for_backup)
		tusk_node_foresee(node, session, sizeof(session) / sizeof(session[0]));
}

static int open_all(struct tusk_repository *repository, const struct tusk_open_options *options, struct tusk_err *err)
{
	const struct tusk_parameters *parameters = &repository->parameters;

	if (tusk_node_open(repository->url, &repository->node, err) < 0)
		return -1;
	foresee(repository->node, options->for_backup);
	if (load_parameters(repository, err) < 0)
		return -1;
	if (tusk_state_dir(options->state_dir, parameters->id, &repository->state_dir, err) < 0 ||
	    tusk_state_check(repository->state_dir, parameters, repository->parameters_hash, err) < 0)
		return -1;
	if (derive_keys(repository, options, err) < 0)
		return -1;
	tusk_state_remember(repository->state_dir, parameters, repository->parameters_hash);
	if (tusk_repository_open_nodes(repository, options, err) < 0)
		return -1;
	return open_index(repository, err);
}

int tusk_repository_open(const char *url, const struct tusk_open_options *options,
			 struct tusk_repository **ret_repository, struct tusk_err *err)
{
	struct tusk_repository *repository TUSK_AUTO_REPOSITORY = NULL;

	if (repository_new(url, options, &repository, err) < 0 || open_all(repository, options, err) < 0)
		return tusk_err_prefix(err, "%s", url);
	*ret_repository = TUSK_STEAL(repository);
	return 0;
}

void tusk_repository_note_reads(struct tusk_repository *repository, const char *purpose)
{
	repository->purpose = purpose;
}

const struct tusk_parameters *tusk_repository_parameters(const struct tusk_repository *repository)
{
	return &repository->parameters;
}

const char *tusk_repository_url(const struct tusk_repository *repository)
{
	return tusk_node_url(repository->node);
}

void tusk_nodes_get(const struct tusk_repository *repository, struct tusk_nodes *ret_nodes)
{
	*ret_nodes = repository->nodes;
}

const char *tusk_repository_state_dir(const struct tusk_repository *repository)
{
	return repository->state_dir;
}

int tusk_repository_rebuild_index(struct tusk_repository *repository, struct tusk_rebuild_result *ret_result,
				  struct tusk_err *err)
{
	struct tusk_index_sync_result result = {0};

	if (tusk_index_rebuild(repository->index, repository->node, &result, err) < 0)
		return tusk_err_prefix(err, "%s", tusk_repository_url(repository));
	*ret_result = (struct tusk_rebuild_result){
	    .packs = result.packs_added, .entries = result.entries_added, .damaged = result.damaged};
	return 0;
}
