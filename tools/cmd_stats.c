/* tusk stats: how large a repository is and what is in it. */
#include "cmd.h"
#include "json.h"
#include "nodes_text.h"
#include "signals.h"
#include "snaparg.h"
#include "tusk/cleanup.h"
#include "tusk/text.h"
#include "tusk/usage.h"

#include <stdlib.h>

static const char *suite_name(enum tusk_suite suite)
{
	static const char *const names[] = {"none", "aes256-gcm", "chacha20-poly1305"}; /* by enum tusk_suite */
	return names[suite];
}

/* What the snapshots would take without tusk, newest only and all together. */
struct logical {
	uint64_t latest, all;
};

/* Over all nodes. */
struct sums {
	uint64_t stored, read;
};

static void print_json(struct tusk_cli *cli, const struct tusk_repository *repository,
		       const struct tusk_repository_stats *stats, const struct logical *logical,
		       const struct sums *sums)
{
	const struct tusk_parameters *parameters = tusk_repository_parameters(repository);
	struct tusk_json *json = tusk_json_new("stats");
	tusk_json_text(json, "repository", tusk_repository_url(repository));
	tusk_json_hex(json, "id", parameters->id, sizeof(parameters->id));
	tusk_json_text(json, "encryption", suite_name(parameters->suite));
	tusk_json_count(json, "chunk_average", parameters->chunk_average);
	tusk_json_count(json, "snapshots", stats->snapshots);
	tusk_json_count(json, "packs", stats->packs);
	tusk_json_count(json, "chunk_packs", stats->chunk_packs);
	tusk_json_count(json, "tree_packs", stats->tree_packs);
	tusk_json_count(json, "physical_bytes", stats->physical_bytes);
	tusk_json_count(json, "all_nodes_bytes", sums->stored);
	tusk_json_count(json, "all_read_bytes", sums->read);
	tusk_json_count(json, "objects", stats->records);
	tusk_json_count(json, "raw_bytes", stats->raw_bytes);
	tusk_json_count(json, "stored_bytes", stats->stored_bytes);
	tusk_json_count(json, "latest_bytes", logical->latest);
	tusk_json_count(json, "all_bytes", logical->all);
	tusk_json_count(json, "free_bytes", stats->free_bytes);
	tusk_json_count(json, "total_bytes", stats->total_bytes);
	tusk_cli_print(cli, json);
}

static void row(const char *label, const char *text)
{
	printf("  %-22s %14s\n", label, text);
}

static void size_row(const char *label, uint64_t bytes)
{
	char text[16];
	tusk_text_bytes(bytes, text);
	row(label, text);
}

static void count_row(const char *label, uint64_t count)
{
	char text[32];
	tusk_text_count(count, text);
	row(label, text);
}

static void print_text(const struct tusk_repository *repository, const struct tusk_repository_stats *stats,
		       const struct logical *logical)
{
	const struct tusk_parameters *parameters = tusk_repository_parameters(repository);
	char id[33], chunk[16];
	tusk_hex_encode(parameters->id, sizeof(parameters->id), id);
	tusk_text_bytes(parameters->chunk_average, chunk);
	printf("repository %s\n", tusk_repository_url(repository));
	printf("  id %.8s, encryption %s, chunks of %s on average\n", id, suite_name(parameters->suite), chunk);
	count_row("snapshots", stats->snapshots);
	size_row("newest snapshot", logical->latest);
	size_row("all snapshots", logical->all);
	size_row("unique data", stats->raw_bytes);
	size_row("compressed", stats->stored_bytes);
	size_row("on disk", stats->physical_bytes);
	count_row("chunks and tree blocks", stats->records);
	count_row("packs", stats->packs);
	if (stats->total_bytes)
		size_row("free on that disk", stats->free_bytes);
}

static void print_usage(struct tusk_cli *cli, const struct tusk_snapshot *snapshot, uint64_t exclusive)
{
	char id[TUSK_ID_TEXT_SIZE], time[32], size[16], added[16], alone[16];
	if (cli->report.json) {
		struct tusk_json *json = tusk_json_new("snapshot-usage");
		tusk_json_id(json, "id", &snapshot->id);
		tusk_json_time(json, "time", snapshot->time);
		tusk_json_count(json, "bytes", snapshot->root.bytes);
		tusk_json_count(json, "added_bytes", snapshot->counters.stored_bytes);
		tusk_json_count(json, "exclusive_bytes", exclusive);
		tusk_cli_print(cli, json);
		return;
	}
	tusk_id_text(&snapshot->id, id);
	tusk_text_time_local(snapshot->time, time);
	tusk_text_bytes(snapshot->root.bytes, size);
	tusk_text_bytes(snapshot->counters.stored_bytes, added);
	tusk_text_bytes(exclusive, alone);
	printf("  %.*s  %s  %10s  %10s  %10s\n", TUSK_SHORT_ID_LENGTH, id, time, size, added, alone);
}

static int tell_usage(struct tusk_cli *cli, struct tusk_repository *repository, const struct tusk_snapshot_list *list,
		      struct tusk_err *err)
{
	TUSK_AUTO_FREE uint64_t *exclusive = calloc(list->count + 1, sizeof(*exclusive));
	if (!exclusive)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (tusk_usage_load(repository, list, tusk_signals_catch(), exclusive, err) < 0)
		return -1;
	if (!cli->report.json && list->count)
		printf("  %-8s  %-19s  %10s  %10s  %10s\n", "SNAPSHOT", "TIME", "SIZE", "ADDED", "ALONE");
	for (size_t i = 0; i < list->count; i++)
		print_usage(cli, &list->items[i], exclusive[i]);
	return 0;
}

int cmd_stats(struct tusk_cli *cli)
{
	struct tusk_err err = {0};
	struct tusk_repository_stats stats;
	TUSK_AUTO_REPOSITORY struct tusk_repository *repository = NULL;
	TUSK_AUTO_SNAPSHOT_LIST struct tusk_snapshot_list list = {0};
	if (tusk_cli_open(cli, &repository, &err) < 0 || tusk_repository_stat(repository, &stats, &err) < 0 ||
	    tusk_cli_snapshots(cli, repository, &list, &err) < 0)
		return tusk_cli_fail(cli, &err);
	struct logical logical = {0};
	for (size_t i = 0; i < list.count; i++) {
		logical.latest = list.items[i].root.bytes;
		logical.all += list.items[i].root.bytes;
	}
	if (!cli->report.json)
		print_text(repository, &stats, &logical);
	struct sums sums = {.stored = stats.physical_bytes};
	if (tusk_nodes_tell_sizes(cli, repository, &sums.stored, &sums.read, &err) < 0)
		return tusk_cli_fail(cli, &err);
	if (cli->report.json) {
		print_json(cli, repository, &stats, &logical, &sums);
	} else {
		size_row("on all nodes", sums.stored);
		size_row("given back by all", sums.read);
	}
	if (tusk_args_has(cli->args, TUSK_OPT_BY_SNAPSHOT) && tell_usage(cli, repository, &list, &err) < 0)
		return tusk_cli_fail(cli, &err);
	return TUSK_EXIT_OK;
}
