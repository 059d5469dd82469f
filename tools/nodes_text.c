#include "nodes_text.h"

#include "tusk/replicate.h"

#include <string.h>

/* Appends a name to a list of them. */
static void append(char *names, size_t size, const char *name)
{
	size_t len = strlen(names);
	snprintf(names + len, size - len, "%s%s", len ? ", " : "", name);
}

int tusk_nodes_tell_delivery(struct tusk_cli *cli, struct tusk_repository *repository)
{
	struct tusk_delivery_report report;
	struct tusk_nodes nodes;
	char done[512] = "", owed[512] = "";
	tusk_nodes_get(repository, &nodes);
	tusk_nodes_delivery(repository, &report);
	for (size_t i = 0; i < report.count; i++) {
		bool is_done = report.items[i].done;
		append(is_done ? done : owed, sizeof(done), nodes.items[i].name);
		if (!is_done)
			tusk_report_warning(&cli->report, "node %s is owed this snapshot: %s", nodes.items[i].name,
					    report.items[i].why.message);
	}
	if (report.acknowledged)
		return TUSK_EXIT_OK;
	struct tusk_err err = {0};
	tusk_err_set(&err, TUSK_E_NODE, 0, "the snapshot is safe on %s, but not on %s", *done ? done : "no single node",
		     owed);
	const char *const hints[TUSK_HINTS_MAX] = {"tusk sync   brings it there when that node can be reached", NULL};
	return tusk_report_error(&cli->report, &err, hints);
}
