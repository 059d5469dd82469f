/* tusk: the companion program. Parses the command line and runs one verb. */
#include "cmd.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A closed standard descriptor would be given to the next file that is opened. */
static void hold_standard_descriptors(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* Argument errors are JSON too when --json is among the arguments. */
static bool wants_json(int argc, char *argv[])
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

/* The library, and a driver that we start, find limits in the environment. */
static void pass_limit(const struct tusk_args *args, enum tusk_opt opt, const char *variable)
{
	char rate[24];
	if (!tusk_args_has(args, opt))
		return;
	snprintf(rate, sizeof(rate), "%llu", (unsigned long long)args->values[opt].number);
	setenv(variable, rate, 1);
}

static int run(struct tusk_cli *cli)
{
	const struct tusk_args *args = cli->args;
	if (tusk_args_has(args, TUSK_OPT_VERSION))
		return cmd_version(cli);
	if (tusk_args_has(args, TUSK_OPT_HELP) && args->command) {
		tusk_help_command(stdout, args->command);
		return TUSK_EXIT_OK;
	}
	if (tusk_args_has(args, TUSK_OPT_HELP)) {
		tusk_help_commands(stdout);
		return TUSK_EXIT_OK;
	}
	if (!args->command)
		return tusk_report_fail(&cli->report, TUSK_E_USAGE, "no command is given; see: tusk help");
	return args->command->run(cli);
}

int main(int argc, char *argv[])
{
	hold_standard_descriptors();
	struct tusk_err err = {0};
	struct tusk_cli cli = {.report = {.log = stderr, .json = wants_json(argc, argv)}};
	TUSK_AUTO_ARGS struct tusk_args args = {0};
	if (tusk_args_parse(argc, argv, &args, &err) < 0)
		return tusk_report_error(&cli.report, &err, NULL);
	cli.args = &args;
	pass_limit(&args, TUSK_OPT_LIMIT_UPLOAD, "TUSK_LIMIT_UPLOAD");
	pass_limit(&args, TUSK_OPT_LIMIT_DOWNLOAD, "TUSK_LIMIT_DOWNLOAD");
	cli.report.json = tusk_args_has(&args, TUSK_OPT_JSON);
	cli.report.quiet = tusk_args_has(&args, TUSK_OPT_QUIET);
	cli.report.verbosity = args.values[TUSK_OPT_VERBOSE].count;
	return tusk_cli_finish(&cli, run(&cli));
}
