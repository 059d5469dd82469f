/* tusk help and tusk version. */
#include "cmd.h"
#include "completion.h"
#include "json.h"
#include "tusk/text.h"

#include <string.h>

int cmd_help(struct tusk_cli *cli)
{
	const struct tusk_words *words = &cli->args->operands;
	if (tusk_args_has(cli->args, TUSK_OPT_COMPLETION)) {
		tusk_completion_print(stdout, tusk_args_text(cli->args, TUSK_OPT_COMPLETION));
		return TUSK_EXIT_OK;
	}
	if (!words->count) {
		tusk_help_commands(stdout);
		return TUSK_EXIT_OK;
	}
	if (strcmp(words->items[0], "options") == 0) {
		tusk_help_options(stdout);
		return TUSK_EXIT_OK;
	}
	const struct tusk_command *command = tusk_command_find(words->items[0]);
	if (!command)
		return tusk_report_fail(&cli->report, TUSK_E_USAGE, "help: no command \"%s\"; see: tusk help",
					words->items[0]);
	tusk_help_command(stdout, command);
	return TUSK_EXIT_OK;
}

int cmd_version(struct tusk_cli *cli)
{
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("version");
		tusk_json_text(json, "version", TUSK_VERSION);
		tusk_json_count(json, "format", 1);
		tusk_cli_print(cli, json);
	} else {
		printf("tusk %s (repository format 1)\n", TUSK_VERSION);
	}
	return TUSK_EXIT_OK;
}
