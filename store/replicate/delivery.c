#include "handle.h"
#include "nodeset.h"
#include "tusk/replicate.h"

static bool is_acknowledged(const struct tusk_nodes *nodes, const struct tusk_delivery_report *report)
{
	unsigned done[TUSK_ROLE_COUNT] = {0}, required = 0;
	bool all = true;

	for (size_t i = 0; i < nodes->count; i++) {
		done[nodes->items[i].role] += report->items[i].done;
		all = all && report->items[i].done;
	}
	for (unsigned role = 0; role < TUSK_ROLE_COUNT; role++) {
		required += nodes->require[role];
		if (done[role] < nodes->require[role])
			return false;
	}
	return required > 0 || all;
}

void tusk_nodes_delivery(struct tusk_repository *repository, struct tusk_delivery_report *ret_report)
{
	struct tusk_delivery_report *report = ret_report;

	*report = (struct tusk_delivery_report){.count = repository->nodes.count};
	for (size_t i = 0; i < report->count; i++)
		report->items[i].done =
		    tusk_nodeset_delivery(repository->node, i, &report->items[i].why) == TUSK_DELIVERY_DONE;
	report->acknowledged = is_acknowledged(&repository->nodes, report);
}
