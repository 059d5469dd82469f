#include "spare.h"

#include "condemn.h"
#include "nodeset.h"

#define DAY_S 86400

/* A prune renews its lease every few minutes. */
static bool is_prune_alive(const struct tusk_seen_lease *seen)
{
	int64_t age = tusk_lease_env.wall() - seen->note.time;

	return seen->note.kind == TUSK_LEASE_PRUNE && seen->life != TUSK_LIFE_DEAD &&
	       (seen->life == TUSK_LIFE_ALIVE || (age < DAY_S && age > -DAY_S));
}

/* Without a lock nothing keeps a prune that works there from removing what it condemned before the manifest came. */
static int refuse_prune(const struct tusk_repository *repository, struct tusk_node *member, struct tusk_err *err)
{
	struct tusk_leases leases TUSK_AUTO_LEASES = {0};

	if (tusk_leases_load(member, &repository->keys, NULL, &leases, err) < 0)
		return -1;
	for (size_t i = 0; i < leases.count; i++) {
		if (is_prune_alive(&leases.items[i]))
			return tusk_err_set(err, TUSK_E_NODE, 0, "a prune is at work there (on %s)",
					    leases.items[i].note.owner.host);
	}
	return 0;
}

static int spare_all(void *context, struct tusk_node *member, enum tusk_guard when, struct tusk_err *err)
{
	const struct tusk_repository *repository = context;
	struct tusk_condemned condemned TUSK_AUTO_CONDEMNED = {0};
	const struct tusk_condemned none = {0};

	if (when != TUSK_GUARD_LOCKED && refuse_prune(repository, member, err) < 0)
		return -1;
	if (when == TUSK_GUARD_AFTER)
		return 0;
	if (tusk_condemned_load(member, &repository->keys, &condemned, err) < 0)
		return -1;
	return condemned.count ? tusk_condemned_store(member, &repository->keys, &none, err) : 0;
}

void tusk_spare_before_manifests(struct tusk_repository *repository)
{
	tusk_nodeset_guard(repository->node, spare_all, repository);
}
