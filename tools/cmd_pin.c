/* tusk pin: snapshots that no policy forgets. */
#include "cmd.h"
#include "json.h"
#include "tusk/forget.h"

static void print_pin(struct tusk_cli *cli, const struct tusk_snapshot *snapshot, bool pinned)
{
	char id[TUSK_ID_TEXT_SIZE];

	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("pin");
		tusk_json_id(json, "id", &snapshot->id);
		tusk_json_flag(json, "pinned", pinned);
		tusk_cli_print(cli, json);
		return;
	}
	tusk_id_text(&snapshot->id, id);
	printf("%.*s  %s\n", TUSK_SHORT_ID_LENGTH, id, pinned ? "pinned" : "not pinned");
}

int cmd_pin(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	const struct tusk_words *names = &cli->args->operands;
	bool pinned = !tusk_args_has(cli->args, TUSK_OPT_UNDO);

	if (tusk_cli_open(cli, &repository, &err) < 0 || tusk_cli_snapshots(cli, repository, &list, &err) < 0)
		return tusk_cli_fail(cli, &err);
	for (size_t i = 0; i < names->count; i++) {
		const struct tusk_snapshot *snapshot;
		if (tusk_snapshot_find(&list, names->items[i], &snapshot, &err) < 0 ||
		    (snapshot->pinned != pinned &&
		     tusk_snapshot_mark(repository, snapshot, &snapshot->tags, pinned, &err) < 0)) {
			tusk_err_prefix(&err, "pin");
			return tusk_cli_fail(cli, &err);
		}
		print_pin(cli, snapshot, pinned);
	}
	return TUSK_EXIT_OK;
}
