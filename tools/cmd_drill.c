/* tusk drill: can files be restored from each node? */
#include "cmd.h"
#include "drill.h"
#include "json.h"
#include "secret.h"
#include "signals.h"
#include "tusk/nodes.h"
#include "tusk/text.h"

#include <string.h>

#define SAMPLE_DEFAULT 20

struct job {
	struct tusk_cli *cli;
	const char *node;
};

static void on_problem(void *context, const char *path, const char *what)
{
	struct job *job = context;
	struct tusk_err err = {0};
	TUSK_AUTO_BUF struct tusk_buf escaped = {0};
	if (tusk_text_escape(&escaped, path, strlen(path)) < 0)
		return;
	tusk_err_set(&err, TUSK_E_CORRUPT, 0, "drill: node %s: %s: %s", job->node, (const char *)escaped.data, what);
	tusk_cli_note(job->cli, &err);
}

static void print(struct tusk_cli *cli, const struct tusk_drill *drill)
{
	char bytes[16];
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("summary");
		tusk_json_text(json, "command", "drill");
		tusk_json_text(json, "node", drill->node);
		tusk_json_flag(json, "mount", drill->mounted);
		tusk_json_count(json, "files", drill->files);
		tusk_json_count(json, "bytes", drill->bytes);
		tusk_json_count(json, "failures", drill->failures);
		tusk_json_count(json, "elapsed_ms", drill->elapsed_ms);
		tusk_cli_print(cli, json);
		return;
	}
	tusk_text_bytes(drill->bytes, bytes);
	printf("%-12s  %llu file%s, %s, in %.1f s: ", drill->node, (unsigned long long)drill->files,
	       drill->files == 1 ? "" : "s", bytes, (double)drill->elapsed_ms / 1000);
	if (drill->failures)
		printf("%llu not equal\n", (unsigned long long)drill->failures);
	else
		puts(drill->mounted ? "restored through a mount and equal" : "restored and equal");
}

/* One node and no other: a command line as if it had been named with -r and --only. */
static int drill_node(struct tusk_cli *cli, const char *name, const char *url)
{
	const char *only[] = {name, NULL};
	struct tusk_err err = {0};
	struct tusk_args args = *cli->args;
	struct tusk_cli own = *cli;
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	TUSK_AUTO_SECRET struct tusk_secret secret = {0};
	struct tusk_drill drill;
	struct job job = {.cli = cli, .node = name};
	args.values[TUSK_OPT_REPOSITORY].text = url;
	args.values[TUSK_OPT_ONLY].list = (struct tusk_words){only, 1};
	args.values[TUSK_OPT_ONLY].count = 1;
	own.args = &args;
	own.keep_secret = &secret;
	struct drill_options options = {.name = name,
					.secret = &secret,
					.sample = SAMPLE_DEFAULT,
					.stop = tusk_signals_catch(),
					.on_problem = on_problem,
					.context = &job};
	if (tusk_args_has(cli->args, TUSK_OPT_SAMPLE))
		options.sample = cli->args->values[TUSK_OPT_SAMPLE].number;
	if (tusk_cli_open(&own, &repository, &err) < 0 || drill_run(&own, repository, &options, &drill, &err) < 0) {
		tusk_err_prefix(&err, "drill: node %s", name);
		return tusk_cli_fail(&own, &err);
	}
	print(cli, &drill);
	return drill.failures ? TUSK_EXIT_DAMAGE : TUSK_EXIT_OK;
}

int cmd_drill(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	struct tusk_nodes nodes;
	const char *from = tusk_args_text(cli->args, TUSK_OPT_FROM);
	if (tusk_args_has(cli->args, TUSK_OPT_SAMPLE) && !cli->args->values[TUSK_OPT_SAMPLE].number)
		return tusk_report_fail(&cli->report, TUSK_E_USAGE, "drill: --sample 0 proves nothing");
	/* What lies on this machine proves nothing about a node that is elsewhere; the driver finds this, too. */
	setenv("TUSK_CACHE_SIZE", "0", 1);
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (tusk_cli_open(cli, &repository, &err) < 0)
		return tusk_cli_fail(cli, &err);
	tusk_nodes_get(repository, &nodes);
	int status = TUSK_EXIT_OK;
	bool found = false;
	for (size_t i = 0; i < nodes.count; i++) {
		if (from && strcmp(from, nodes.items[i].name) != 0)
			continue;
		found = true;
		int one = drill_node(cli, nodes.items[i].name, nodes.items[i].url);
		status = one > status ? one : status;
	}
	if (!found)
		return tusk_report_fail(&cli->report, TUSK_E_ABSENT,
					"drill: there is no node \"%s\"; see tusk node list", from);
	return status;
}
