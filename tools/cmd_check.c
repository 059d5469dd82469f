/* tusk check: is the repository whole? */
#include "check_text.h"
#include "cmd.h"
#include "progress.h"
#include "signals.h"
#include "tusk/text.h"

#include <pthread.h>

struct stage {
	struct tusk_cli *cli;
	struct tusk_display *display;
	pthread_mutex_t lock; /* guards the rest: written by check's threads, read by the display's */
	char name[64];
	uint64_t done, total;
};

static void on_damage(void *context, const struct tusk_damage *damage)
{
	struct stage *stage = context;
	tusk_display_hold(stage->display);
	if (stage->cli->report.json)
		tusk_cli_print(stage->cli, tusk_damage_json(damage));
	else
		tusk_damage_print(stdout, damage);
	tusk_display_resume(stage->display);
}

static void on_stage(void *context, const char *name, uint64_t done, uint64_t total)
{
	struct stage *stage = context;
	pthread_mutex_lock(&stage->lock);
	snprintf(stage->name, sizeof(stage->name), "%s", name);
	stage->done = done;
	stage->total = total;
	pthread_mutex_unlock(&stage->lock);
}

static void line(void *context, uint64_t elapsed_ms, char *ret_text, size_t size)
{
	struct stage *stage = context;
	char done[32], total[32], time[16];
	pthread_mutex_lock(&stage->lock);
	tusk_text_count(stage->done, done);
	tusk_text_count(stage->total, total);
	tusk_text_duration(elapsed_ms / 1000, time);
	if (stage->name[0] && stage->total)
		snprintf(ret_text, size, "%s  checking %s: %s/%s", time, stage->name, done, total);
	else if (stage->name[0])
		snprintf(ret_text, size, "%s  checking %s: %s", time, stage->name, done);
	pthread_mutex_unlock(&stage->lock);
}

static void status(void *context, uint64_t elapsed_ms, struct tusk_json *json)
{
	struct stage *stage = context;
	(void)elapsed_ms;
	pthread_mutex_lock(&stage->lock);
	tusk_json_text(json, "stage", stage->name);
	tusk_json_count(json, "done", stage->done);
	tusk_json_count(json, "total", stage->total);
	pthread_mutex_unlock(&stage->lock);
}

static int run(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_check_result *ret_result,
	       struct tusk_err *err)
{
	struct stage stage = {.cli = cli, .lock = PTHREAD_MUTEX_INITIALIZER};
	struct tusk_progress_source source = {.line = line, .status = status, .context = &stage};
	TUSK_AUTO_DISPLAY struct tusk_display *display = NULL;
	if (tusk_display_start(cli, &source, &display, err) < 0)
		return -1;
	stage.display = display;
	struct tusk_check_options options = {.data = tusk_args_has(cli->args, TUSK_OPT_DATA),
					     .threads = (unsigned)cli->args->values[TUSK_OPT_THREADS].number,
					     .on_damage = on_damage,
					     .on_stage = on_stage,
					     .context = &stage,
					     .stop = tusk_signals_catch()};
	return tusk_check_run(repository, &options, ret_result, err);
}

static void print_json(struct tusk_cli *cli, const struct tusk_check_result *result)
{
	struct tusk_json *json = tusk_json_new("summary");
	tusk_json_flag(json, "data", tusk_args_has(cli->args, TUSK_OPT_DATA));
	tusk_json_count(json, "snapshots", result->snapshots);
	tusk_json_count(json, "packs", result->packs);
	tusk_json_count(json, "objects", result->objects);
	tusk_json_count(json, "bytes_read", result->bytes_read);
	tusk_json_count(json, "damaged_objects", result->damaged_objects);
	tusk_json_count(json, "affected_paths", result->affected_paths);
	tusk_cli_print(cli, json);
}

static void print_text(const struct tusk_cli *cli, const struct tusk_check_result *result)
{
	char snapshots[32], packs[32], objects[32], bytes[16];
	tusk_text_count(result->snapshots, snapshots);
	tusk_text_count(result->packs, packs);
	tusk_text_count(result->objects, objects);
	tusk_text_bytes(result->bytes_read, bytes);
	printf("checked %s %s, %s %s, %s %s; %s read\n", snapshots, result->snapshots == 1 ? "snapshot" : "snapshots",
	       packs, result->packs == 1 ? "pack" : "packs", objects, result->objects == 1 ? "object" : "objects",
	       bytes);
	if (result->damaged_objects || result->affected_paths)
		return;
	if (tusk_args_has(cli->args, TUSK_OPT_DATA))
		puts("no damage found: every byte was read and verified");
	else
		puts("no damage found in the structure; --data reads every byte as well");
}

int cmd_check(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	struct tusk_check_result result = {0};
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	if (tusk_cli_open(cli, &repository, &err) < 0)
		return tusk_cli_fail(cli, &err);
	if (run(cli, repository, &result, &err) < 0) {
		if (err.code == TUSK_E_INTERRUPTED)
			return tusk_report_fail(&cli->report, TUSK_E_INTERRUPTED, "check interrupted");
		tusk_err_prefix(&err, "check failed");
		return tusk_cli_fail(cli, &err);
	}
	if (cli->report.json)
		print_json(cli, &result);
	else
		print_text(cli, &result);
	if (!result.damaged_objects && !result.affected_paths)
		return TUSK_EXIT_OK;
	fflush(stdout);
	char objects[32], paths[32];
	tusk_text_count(result.damaged_objects, objects);
	tusk_text_count(result.affected_paths, paths);
	return tusk_report_fail(&cli->report, TUSK_E_CORRUPT, "check: %s is damaged: objects: %s, affected paths: %s",
				tusk_repository_url(repository), objects, paths);
}
