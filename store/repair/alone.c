#include "repair_private.h"

#include <string.h>

/* A prune that knows of a damaged pack may hold the copies in other packs for superfluous; so repair counts as a prune,
 * of which there is one at a time. */
int repair_begin_alone(struct tusk_repository *repository, struct tusk_lease *lease, struct tusk_err *err)
{
	struct tusk_leases leases TUSK_AUTO_LEASES = {0};

	if (tusk_lease_take(lease, repository->node, &repository->keys, TUSK_LEASE_PRUNE, err) < 0 ||
	    tusk_leases_load(repository->node, &repository->keys, repository->state_dir, &leases, err) < 0)
		return -1;
	for (size_t i = 0; i < leases.count; i++) {
		const struct tusk_seen_lease *other = &leases.items[i];
		if (other->note.kind != TUSK_LEASE_PRUNE || other->life == TUSK_LIFE_DEAD ||
		    strcmp(other->name, lease->name) == 0)
			continue;
		return tusk_err_set(err, TUSK_E_LOCKED, 0, "a prune or a repair is at work (process %llu on %s)",
				    (unsigned long long)other->note.owner.pid, other->note.owner.host);
	}
	return tusk_lease_keep(lease, err);
}

int repair_stay_alone(struct tusk_lease *lease, struct tusk_err *err)
{
	int holds = lease->name[0] ? tusk_lease_holds(lease, err) : 1;

	if (holds == 0)
		return tusk_err_set(err, TUSK_E_LOCKED, 0, "another process took this repair for dead; run it again");
	return holds < 0 ? -1 : 0;
}
