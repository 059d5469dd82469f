#include "check_private.h"

#include <stdlib.h>
#include <unistd.h>

static void check_release(struct tusk_check *check)
{
	for (size_t i = 0; i < check->damage_count; i++)
		free(check->damages[i].what);
	free(check->damages);
	free(check->packs);
	tusk_keyset_release(&check->damaged);
	tusk_stored_release(&check->stored);
	tusk_ledger_release(&check->ledger);
	tusk_snapshot_list_release(&check->snapshots);
	pthread_mutex_destroy(&check->lock);
}

static unsigned processors(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	return count > 0 ? (unsigned)count : 1;
}

/* Manifests first: what a snapshot needs was durable before it, so packs are listed after. */
static int run(struct tusk_check *check, struct tusk_err *err)
{
	struct tusk_index_sync_result synced;
	if (check_parameters(check, err) != 0 || check_keys(check, err) != 0 || check_manifests(check, err) != 0 ||
	    check_gone(check, err) != 0 || check_notes(check, err) != 0)
		return -1;
	/* The fetcher looks into the index first. What it finds there is proven by the record's tag or not used. */
	if (tusk_index_sync_to_read(check->repository->index, check->repository->node, &synced, err) != 0 ||
	    check_packs(check, err) != 0 || check_choose(check, err) != 0)
		return -1;
	if (check->options->data && check_data(check, err) != 0)
		return -1;
	if (check_structure(check, err) != 0)
		return -1;
	return check->damage_count > 0 ? check_blame(check, err) : 0;
}

int tusk_check_run(struct tusk_repository *repository, const struct tusk_check_options *options,
		   struct tusk_check_result *ret_result, struct tusk_err *err)
{
	struct tusk_check check = {.repository = repository, .options = options};
	int status;

	check.threads = options->threads ? options->threads : processors();
	pthread_mutex_init(&check.lock, NULL);
	repository->no_cache = true; /* the node is judged, not a cache */
	status = tusk_fetcher_get(repository, &check.fetcher, err);
	if (status == 0)
		status = run(&check, err);
	check_remember(&check);
	check_measure(&check);
	if (status == 0)
		*ret_result = check.result;
	check_release(&check);
	return status;
}
