/* tusk serve: the far side of an ssh node. */
#include "cmd.h"
#include "tusk/serve.h"

#include <signal.h>
#include <unistd.h>

int cmd_serve(struct tusk_cli *cli)
{
	const struct tusk_args *args = cli->args;
	const char *role = tusk_args_text(args, TUSK_OPT_ROLE);
	struct tusk_serve_options options = {
	    .path = args->operands.items[0], .role = role ? role : "full", .in = STDIN_FILENO, .out = STDOUT_FILENO};
	struct tusk_err err = {0};

	if (!tusk_args_has(args, TUSK_OPT_STDIO))
		return tusk_report_fail(&cli->report, TUSK_E_USAGE, "serve: --stdio is the only way to serve so far");
	signal(SIGPIPE, SIG_IGN);
	if (tusk_serve_run(&options, &err) < 0) {
		tusk_err_prefix(&err, "serve");
		return tusk_cli_fail(cli, &err);
	}
	return TUSK_EXIT_OK;
}
