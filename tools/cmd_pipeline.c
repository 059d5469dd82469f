/* tusk pipeline: looking at a pipeline file without running it. */
#include "cmd.h"
#include "pipeline/graph.h"
#include "pipeline/output.h"
#include "pipeline/reality.h"
#include "pipeline/units.h"
#include "pipeline/words.h"
#include "tusk/cleanup.h"
#include "tusk/text.h"

#include <limits.h>
#include <string.h>

static int check(struct tusk_cli *cli, const struct pipeline *p)
{
	if (!cli->report.quiet)
		printf("pipeline %s is good: %zu source%s, %zu node%s\n", p->name, p->source_count,
		       p->source_count == 1 ? "" : "s", p->node_count, p->node_count == 1 ? "" : "s");
	return TUSK_EXIT_OK;
}

static int explain(struct tusk_cli *cli, const struct pipeline *p)
{
	(void)cli;
	pipeline_explain(stdout, p);
	return TUSK_EXIT_OK;
}

/* What is known about sources and nodes, if that was asked for. */
static int find_badges(struct tusk_cli *cli, const struct pipeline *p, struct pipeline_badge **ret_badges,
		       struct tusk_err *err)
{
	PIPELINE_AUTO_REALITY struct pipeline_reality reality = {0};
	if (!tusk_args_has(cli->args, TUSK_OPT_STATUS))
		return 0;
	if (pipeline_reality_make(cli, p->file, &reality, err) < 0)
		return -1;
	*ret_badges = calloc(p->source_count + p->node_count, sizeof(**ret_badges));
	if (!*ret_badges)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	pipeline_badges(&reality.pipeline, &reality.state, &reality.survey, *ret_badges);
	return 0;
}

static int graph(struct tusk_cli *cli, const struct pipeline *p)
{
	struct tusk_err err = {0};
	TUSK_AUTO_FREE struct pipeline_badge *badges = NULL;
	const char *path = tusk_args_text(cli->args, TUSK_OPT_OUTPUT);
	PIPELINE_AUTO_OUTPUT struct pipeline_output output = {0};
	if (find_badges(cli, p, &badges, &err) < 0 || pipeline_output_open(path, &output, &err) < 0)
		return tusk_cli_fail(cli, &err);
	int rc = 0;
	if (tusk_args_has(cli->args, TUSK_OPT_DOT))
		pipeline_graph_dot(output.stream, p, badges);
	else
		rc = pipeline_graph_svg(output.stream, p, badges, &err);
	if (rc < 0 || pipeline_output_close(&output, &err) < 0)
		return tusk_cli_fail(cli, &err);
	return TUSK_EXIT_OK;
}

static int units(struct tusk_cli *cli, const struct pipeline *p)
{
	struct tusk_err err = {0};
	TUSK_AUTO_FREE char *file = realpath(p->file, NULL);
	char program[PATH_MAX] = "/usr/bin/tusk";
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (len > 0)
		program[len] = '\0';
	const char *folder = tusk_args_text(cli->args, TUSK_OPT_OUTPUT);
	for (int timer = 0; timer < 2; timer++) {
		char path[PATH_MAX];
		const char *kind = timer ? "timer" : "service";
		snprintf(path, sizeof(path), "%s/tusk-%s.%s", folder ? folder : ".", p->name, kind);
		if (timer && p->schedule.period == PIPELINE_NEVER)
			break;
		PIPELINE_AUTO_OUTPUT struct pipeline_output output = {0};
		if (pipeline_output_open(folder ? path : NULL, &output, &err) < 0)
			return tusk_cli_fail(cli, &err);
		if (!folder)
			printf("%s# tusk-%s.%s\n", timer ? "\n" : "", p->name, kind);
		if (timer)
			pipeline_timer_unit(output.stream, p);
		else
			pipeline_service_unit(output.stream, p, program, file ? file : p->file);
		if (pipeline_output_close(&output, &err) < 0)
			return tusk_cli_fail(cli, &err);
	}
	return TUSK_EXIT_OK;
}

static const struct {
	const char *name;
	int (*run)(struct tusk_cli *cli, const struct pipeline *pipeline);
} actions[] = {{"check", check}, {"explain", explain}, {"graph", graph}, {"units", units}};
#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

int cmd_pipeline(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	const char *word = cli->args->operands.items[0], *names[ACTION_COUNT + 1] = {NULL};
	PIPELINE_AUTO struct pipeline pipeline = {0};
	for (size_t i = 0; i < ACTION_COUNT; i++) {
		names[i] = actions[i].name;
		if (strcmp(word, actions[i].name) != 0)
			continue;
		if (pipeline_load(cli->args->operands.items[1], &pipeline, &err) < 0)
			return pipeline_fail(cli, &err);
		return actions[i].run(cli, &pipeline);
	}
	const char *nearest = tusk_text_nearest(word, names);
	tusk_err_set(&err, TUSK_E_USAGE, 0, "pipeline has no action \"%s\"%s%s%s", word,
		     nearest ? "; did you mean \"" : ": check, explain, graph or units", nearest ? nearest : "",
		     nearest ? "\"?" : "");
	return tusk_cli_fail(cli, &err);
}
