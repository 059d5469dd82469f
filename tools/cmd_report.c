/* tusk report: what there is to see about a repository or a pipeline, on one page. */
#include "cmd.h"
#include "pipeline/output.h"
#include "pipeline/page.h"

#include <string.h>
#include <time.h>

/* Snapshots of one source follow each other: same source, host and first path. */
struct series {
	const struct tusk_snapshot *newest;
};

struct report {
	struct pipeline_page page;
	struct pipeline_reality reality;
	struct pipeline_goals goals;
	struct pipeline_folders folders;
	struct pipeline_point *points;
	struct series *series;
	size_t series_count;
};

static void release(struct report *report)
{
	pipeline_goals_release(&report->goals);
	pipeline_folders_release(&report->folders);
	pipeline_reality_release(&report->reality);
	free(report->points);
	free(report->series);
}

static bool is_same(const struct tusk_snapshot *a, const struct tusk_snapshot *b)
{
	const char *left = a->paths.count ? a->paths.items[0] : "", *right = b->paths.count ? b->paths.items[0] : "";
	return strcmp(a->source, b->source) == 0 && strcmp(a->host, b->host) == 0 && strcmp(left, right) == 0;
}

static struct series *series_of(struct report *report, const struct tusk_snapshot *snapshot)
{
	for (size_t i = 0; i < report->series_count; i++)
		if (report->series[i].newest && is_same(report->series[i].newest, snapshot))
			return &report->series[i];
	return &report->series[report->series_count++];
}

/* The list is sorted by time. */
static int follow(struct report *report, const struct tusk_snapshot_list *list, struct tusk_err *err)
{
	uint64_t logical = 0, stored = 0;
	report->points = calloc(list->count + 1, sizeof(*report->points));
	report->series = calloc(list->count + 1, sizeof(*report->series));
	if (!report->points || !report->series)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < list->count; i++) {
		const struct tusk_snapshot *snapshot = &list->items[i];
		struct series *series = series_of(report, snapshot);
		logical += snapshot->root.bytes - (series->newest ? series->newest->root.bytes : 0);
		stored += snapshot->counters.stored_bytes;
		series->newest = snapshot;
		report->points[i] =
		    (struct pipeline_point){snapshot->time.tv_sec, logical, stored, snapshot->counters.stored_bytes};
		report->page.all_logical += snapshot->root.bytes;
	}
	for (size_t i = 0; i < report->series_count; i++)
		report->page.files += report->series[i].newest ? report->series[i].newest->counters.files : 0;
	report->page.logical = logical;
	report->page.points = report->points;
	report->page.point_count = report->page.snapshots = list->count;
	return 0;
}

/* What is stored is known of today; of the past, what the snapshots that are still there have added. What the forgotten
 * ones had stored, and is still needed, is taken to be there from the beginning as far as the sources were as large,
 * and to have come evenly since. */
static void anchor(struct report *report, uint64_t physical)
{
	size_t count = report->page.point_count;
	struct pipeline_point *points = report->points;
	if (!count || physical <= points[count - 1].stored)
		return;
	uint64_t rest = physical - points[count - 1].stored;
	uint64_t first = points[0].logical > points[0].stored ? points[0].logical - points[0].stored : 0;
	uint64_t base = rest < first || count == 1 ? rest : first;
	double span = (double)(points[count - 1].time - points[0].time);
	for (size_t i = 0; i < count; i++) {
		double part = span > 0 ? (double)(points[i].time - points[0].time) / span : 1;
		points[i].stored += base + (uint64_t)((double)(rest - base) * part);
	}
}

static int measure(struct report *report, struct tusk_repository *repository, struct tusk_err *err)
{
	struct tusk_repository_stats stats;
	TUSK_AUTO_FREE const struct tusk_snapshot **newest = calloc(report->series_count + 1, sizeof(*newest));
	if (!newest)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < report->series_count; i++)
		newest[i] = report->series[i].newest;
	if (tusk_repository_stat(repository, &stats, err) < 0 ||
	    pipeline_folders_measure(repository, newest, report->series_count, &report->folders, err) < 0)
		return -1;
	report->page.folders = &report->folders;
	report->page.physical = stats.physical_bytes;
	anchor(report, stats.physical_bytes);
	report->page.free_bytes = stats.free_bytes;
	report->page.repository = tusk_repository_url(repository);
	return 0;
}

/* With a pipeline: its first head that can be opened. */
static int open_subject(struct tusk_cli *cli, struct report *report, struct tusk_repository **ret_repository,
			struct tusk_err *err)
{
	if (!cli->args->operands.count) {
		report->page.title = "repository";
		return tusk_cli_open(cli, ret_repository, err);
	}
	if (pipeline_reality_make(cli, cli->args->operands.items[0], &report->reality, err) < 0)
		return -1;
	const struct pipeline *p = &report->reality.pipeline;
	if (pipeline_goals_judge(p, &report->reality.state, &report->reality.survey, &report->goals, err) < 0)
		return -1;
	report->page.title = p->name;
	report->page.reality = &report->reality;
	report->page.goals = &report->goals;
	return pipeline_open(&report->reality.access, p->order[0], true, ret_repository, err);
}

static int write_report(struct tusk_cli *cli, struct report *report)
{
	struct tusk_err err = {0};
	const char *path = tusk_args_text(cli->args, TUSK_OPT_OUTPUT);
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	PIPELINE_AUTO_OUTPUT struct pipeline_output output = {0};
	report->page.now = time(NULL);
	if (open_subject(cli, report, &repository, &err) < 0)
		return pipeline_fail(cli, &err);
	if (tusk_cli_snapshots(cli, repository, &list, &err) < 0 || follow(report, &list, &err) < 0 ||
	    measure(report, repository, &err) < 0 || pipeline_output_open(path, &output, &err) < 0 ||
	    pipeline_page_write(output.stream, &report->page, &err) < 0 || pipeline_output_close(&output, &err) < 0)
		return tusk_cli_fail(cli, &err);
	return TUSK_EXIT_OK;
}

int cmd_report(struct tusk_cli *cli)
{
	struct report report = {.reality.state.lock_fd = -1};
	int status = write_report(cli, &report);
	release(&report);
	return status;
}
