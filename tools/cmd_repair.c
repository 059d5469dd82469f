/* tusk repair index: drops this machine's index and builds it anew. */
#include "cmd.h"
#include "json.h"
#include "tusk/text.h"

#include <string.h>

static void report_done(struct tusk_cli *cli, const struct tusk_rebuild_result *result)
{
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("summary");
		tusk_json_count(json, "packs", result->packs);
		tusk_json_count(json, "entries", result->entries);
		tusk_json_count(json, "damaged", result->damaged);
		tusk_cli_print(cli, json);
		return;
	}
	char packs[32], entries[32];
	tusk_text_count(result->packs, packs);
	tusk_text_count(result->entries, entries);
	printf("built the index anew: %s entries of %s packs\n", entries, packs);
}

int cmd_repair(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	struct tusk_rebuild_result result = {0};
	const char *what = cli->args->operands.items[0];
	if (strcmp(what, "index") != 0)
		return tusk_report_fail(&cli->report, TUSK_E_USAGE, "repair knows no \"%s\"; there is: repair index",
					what);
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (tusk_cli_open(cli, &repository, &err) < 0)
		return tusk_cli_fail(cli, &err);
	if (tusk_repository_rebuild_index(repository, &result, &err) < 0) {
		tusk_err_prefix(&err, "repair index failed");
		return tusk_cli_fail(cli, &err);
	}
	report_done(cli, &result);
	if (!result.damaged)
		return TUSK_EXIT_OK;
	fflush(stdout);
	char damaged[32];
	tusk_text_count(result.damaged, damaged);
	return tusk_report_fail(&cli->report, TUSK_E_CORRUPT, "repair index: packs that could not be read: %s",
				damaged);
}
