/* tusk stats: how large a repository is and what is in it. */
#include "cmd.h"
#include "json.h"
#include "nodes_text.h"
#include "tusk/nodes.h"
#include "tusk/text.h"

static const char *suite_name(enum tusk_suite suite)
{
	static const char *const names[] = {"none", "aes256-gcm", "chacha20-poly1305"}; /* by enum tusk_suite */
	return names[suite];
}

/* What the snapshots would take without tusk, newest only and all together. */
struct logical {
	uint64_t latest, all;
};

static void print_json(struct tusk_cli *cli, const struct tusk_repository *repository,
		       const struct tusk_repository_stats *stats, const struct logical *logical, uint64_t sum)
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
	tusk_json_count(json, "all_nodes_bytes", sum);
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
	struct tusk_nodes nodes;
	tusk_nodes_get(repository, &nodes);
	if (!cli->report.json)
		print_text(repository, &stats, &logical);
	uint64_t sum = nodes.count > 1 ? tusk_nodes_tell_sizes(cli, repository) : stats.physical_bytes;
	if (cli->report.json)
		print_json(cli, repository, &stats, &logical, sum);
	else if (nodes.count > 1)
		size_row("on all nodes", sum);
	return TUSK_EXIT_OK;
}
