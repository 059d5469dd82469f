#include "spare.h"

#include "condemn.h"
#include "nodeset.h"

static int spare_all(void *context, struct tusk_node *member, struct tusk_err *err)
{
	const struct tusk_repository *repository = context;
	struct tusk_condemned condemned TUSK_AUTO_CONDEMNED = {0};
	const struct tusk_condemned none = {0};

	if (tusk_condemned_load(member, &repository->keys, &condemned, err) < 0)
		return -1;
	return condemned.count ? tusk_condemned_store(member, &repository->keys, &none, err) : 0;
}

void tusk_spare_before_manifests(struct tusk_repository *repository)
{
	tusk_nodeset_guard(repository->node, spare_all, repository);
}
