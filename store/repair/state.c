#include "repair_private.h"

#include "condemn.h"

#include <string.h>

static int judge(int status, const struct tusk_err *why, bool *ret_damaged, struct tusk_err *err)
{
	*ret_damaged = status != 0 && repair_is_damage(why->code);
	if (status == 0 || *ret_damaged)
		return 0;
	if (err)
		*err = *why;
	return -1;
}

static int look(struct tusk_repository *repository, struct tusk_epoch *ret_epoch, struct tusk_condemned *ret_condemned,
		bool ret_damaged[2], struct tusk_err *err)
{
	struct tusk_err of_epoch = {0}, of_list = {0};
	int epoch = tusk_epoch_load(repository->node, &repository->keys, ret_epoch, &of_epoch);
	int list = tusk_condemned_load(repository->node, &repository->keys, ret_condemned, &of_list);

	if (judge(epoch, &of_epoch, &ret_damaged[0], err) != 0)
		return -1;
	return judge(list, &of_list, &ret_damaged[1], err);
}

int repair_state_is_damaged(struct tusk_repository *repository, bool *ret_epoch, bool *ret_condemned,
			    struct tusk_err *err)
{
	struct tusk_condemned condemned TUSK_AUTO_CONDEMNED = {0};
	struct tusk_epoch epoch;
	bool damaged[2];

	if (look(repository, &epoch, &condemned, damaged, err) != 0)
		return -1;
	*ret_epoch = damaged[0];
	*ret_condemned = damaged[1];
	return damaged[0] || damaged[1];
}

/* Later than any that somebody may speak of. */
static int newest(struct tusk_repository *repository, const struct tusk_condemned *condemned, uint64_t *number,
		  struct tusk_err *err)
{
	struct tusk_leases leases TUSK_AUTO_LEASES = {0};

	if (tusk_leases_load(repository->node, &repository->keys, repository->state_dir, &leases, err) < 0)
		return -1;
	for (size_t i = 0; i < leases.count; i++)
		if (leases.items[i].note.epoch.number > *number)
			*number = leases.items[i].note.epoch.number;
	for (size_t i = 0; i < condemned->count; i++)
		if (condemned->items[i].epoch > *number)
			*number = condemned->items[i].epoch;
	return 0;
}

int repair_state(struct tusk_repository *repository, struct tusk_err *err)
{
	TUSK_AUTO_NODE_LOCK struct tusk_node_lock *lock = NULL;
	struct tusk_condemned condemned TUSK_AUTO_CONDEMNED = {0};
	const struct tusk_condemned none = {0};
	struct tusk_epoch epoch = {0};
	bool damaged[2];

	if (tusk_node_lock(repository->node, &lock, err) < 0 || look(repository, &epoch, &condemned, damaged, err) != 0)
		return -1;
	uint64_t number = damaged[0] ? 0 : epoch.number;
	if (newest(repository, &condemned, &number, err) != 0)
		return -1;
	/* The list before the epoch, as prune does it. */
	if (damaged[1] && tusk_condemned_store(repository->node, &repository->keys, &none, err) != 0)
		return -1;
	return tusk_epoch_begin(repository->node, &repository->keys, number + 1, err);
}
