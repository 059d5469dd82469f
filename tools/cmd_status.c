/* tusk status: the goals of a pipeline against reality. */
#include "cmd.h"
#include "json.h"
#include "pipeline/graph.h"
#include "pipeline/metrics.h"
#include "pipeline/output.h"
#include "pipeline/reality.h"

#include <string.h>

static const char *const health_words[] = {"unknown", "ok", "warn", "MISSED", "away"}; /* by enum pipeline_health */

static void print_text(const struct pipeline *p, const struct pipeline_goals *goals)
{
	const char *last = "";
	printf("%s (", p->name);
	tusk_report_print_safe(stdout, p->file);
	puts(")");
	for (size_t i = 0; i < goals->count; i++) {
		const struct pipeline_goal *goal = &goals->items[i];
		printf("  %-9s ", strcmp(last, goal->what) == 0 ? "" : goal->what);
		fprintf(stdout, "%-7s ", health_words[goal->health]);
		tusk_report_print_safe(stdout, goal->text);
		putchar('\n');
		last = goal->what;
	}
	size_t ok = goals->count - goals->bad - goals->warnings;
	printf("%zu ok, %zu warning%s, %zu missed\n", ok, goals->warnings, goals->warnings == 1 ? "" : "s", goals->bad);
}

static void print_json(struct tusk_cli *cli, const struct pipeline *p, const struct pipeline_goals *goals)
{
	for (size_t i = 0; i < goals->count; i++) {
		struct tusk_json *json = tusk_json_new("goal");
		tusk_json_text(json, "goal", goals->items[i].what);
		tusk_json_text(json, "health", health_words[goals->items[i].health]);
		tusk_json_text(json, "message", goals->items[i].text);
		tusk_cli_print(cli, json);
	}
	struct tusk_json *json = tusk_json_new("summary");
	tusk_json_text(json, "command", "status");
	tusk_json_text(json, "pipeline", p->name);
	tusk_json_count(json, "warnings", goals->warnings);
	tusk_json_count(json, "missed", goals->bad);
	tusk_cli_print(cli, json);
}

int cmd_status(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	PIPELINE_AUTO_REALITY struct pipeline_reality reality = {0};
	PIPELINE_AUTO_GOALS struct pipeline_goals goals = {0};
	if (pipeline_reality_make(cli, cli->args->operands.items[0], &reality, &err) < 0 ||
	    pipeline_goals_judge(&reality.pipeline, &reality.state, &reality.survey, &goals, &err) < 0)
		return pipeline_fail(cli, &err);
	if (cli->report.json)
		print_json(cli, &reality.pipeline, &goals);
	else
		print_text(&reality.pipeline, &goals);
	return goals.bad ? TUSK_EXIT_GOAL : TUSK_EXIT_OK;
}
