/* tusk node status, and what tusk stats says of several nodes. */
#include "entry.h"
#include "json.h"
#include "nodes_text.h"
#include "tusk/places.h"
#include "tusk/text.h"

#include <string.h>

static const char *judge(const struct tusk_node_state *state)
{
	if (!state->reachable)
		return "unreachable";
	return state->missing_packs || state->missing_snapshots ? "behind" : "complete";
}

/* What was read from the nodes to give data back. */
struct reads {
	uint64_t bytes[TUSK_NODES_MAX + 1], all;
};

static void print_json(struct tusk_cli *cli, const struct tusk_member *member, const struct tusk_node_state *state,
		       uint64_t read_bytes)
{
	struct tusk_json *json = tusk_json_new("node-status");
	tusk_json_text(json, "name", member->name);
	tusk_json_text(json, "role", tusk_role_name(member->role));
	tusk_json_text(json, "url", member->url);
	tusk_json_text(json, "state", judge(state));
	tusk_json_count(json, "read_bytes", read_bytes);
	if (!state->reachable) {
		tusk_json_text(json, "message", state->why.message);
		tusk_cli_print(cli, json);
		return;
	}
	tusk_json_count(json, "objects", state->objects);
	tusk_json_count(json, "physical_bytes", state->bytes);
	tusk_json_count(json, "packs", state->packs);
	tusk_json_count(json, "snapshots", state->snapshots);
	tusk_json_count(json, "missing_packs", state->missing_packs);
	tusk_json_count(json, "missing_bytes", state->missing_bytes);
	tusk_json_count(json, "missing_snapshots", state->missing_snapshots);
	tusk_json_count(json, "proven_packs", state->proven_packs);
	if (state->oldest_proof_ms)
		tusk_json_time(json, "oldest_proof", (struct timespec){.tv_sec = state->oldest_proof_ms / 1000});
	tusk_json_count(json, "free_bytes", state->free_bytes);
	tusk_json_count(json, "total_bytes", state->total_bytes);
	tusk_cli_print(cli, json);
}

static void print_row(const struct tusk_member *member, const struct tusk_node_state *state)
{
	char bytes[16], missing[16], proven[32] = "-";
	tusk_text_bytes(state->bytes, bytes);
	tusk_text_bytes(state->missing_bytes, missing);
	if (state->packs)
		snprintf(proven, sizeof(proven), "%llu %%",
			 (unsigned long long)(state->proven_packs * 100 / state->packs));
	printf("%-12s  %-6s  %-11s  %9llu  %10s  %6s  ", member->name, tusk_role_name(member->role), judge(state),
	       (unsigned long long)state->snapshots, bytes, proven);
	if (!state->reachable)
		tusk_print_escaped(stdout, state->why.message, strlen(state->why.message));
	else if (state->missing_packs || state->missing_snapshots)
		printf("lacks %llu snapshots, %s", (unsigned long long)state->missing_snapshots, missing);
	putchar('\n');
}

int tusk_node_status(struct tusk_cli *cli, struct tusk_repository *repository, struct tusk_err *err)
{
	TUSK_AUTO_PLACES struct tusk_places *places = NULL;
	struct tusk_nodes nodes;
	struct reads reads;
	tusk_nodes_get(repository, &nodes);
	if (tusk_places_load(repository, &places, err) < 0 ||
	    tusk_nodes_read_bytes(repository, reads.bytes, &reads.all, err) < 0)
		return -1;
	if (!cli->report.json && !cli->report.quiet)
		printf("%-12s  %-6s  %-11s  %9s  %10s  %6s\n", "NAME", "ROLE", "STATE", "SNAPSHOTS", "SIZE", "PROVEN");
	for (size_t i = 0; i < nodes.count; i++) {
		const struct tusk_node_state *state = tusk_places_node(places, i);
		if (cli->report.json)
			print_json(cli, &nodes.items[i], state, reads.bytes[i]);
		else
			print_row(&nodes.items[i], state);
		if (!state->reachable && cli->status < TUSK_EXIT_NODE)
			cli->status = TUSK_EXIT_NODE;
	}
	return 0;
}

static void print_size(const char *what, const char *name, uint64_t bytes, bool is_known)
{
	char label[64], text[16];
	tusk_text_bytes(bytes, text);
	snprintf(label, sizeof(label), "%s %s", what, name);
	printf("  %-22s %14s\n", label, is_known ? text : "unreachable");
}

static void tell_nodes(struct tusk_cli *cli, const struct tusk_nodes *nodes, const struct tusk_places *places,
		       const struct reads *reads, uint64_t *sum)
{
	for (size_t i = 0; i < nodes->count; i++) {
		const struct tusk_node_state *state = tusk_places_node(places, i);
		*sum += state->bytes;
		if (cli->report.json)
			print_json(cli, &nodes->items[i], state, reads->bytes[i]);
		else
			print_size("on node", nodes->items[i].name, state->bytes, state->reachable);
	}
	for (size_t i = 0; i < nodes->count && !cli->report.json; i++)
		print_size("given back by", nodes->items[i].name, reads->bytes[i], true);
}

int tusk_nodes_tell_sizes(struct tusk_cli *cli, struct tusk_repository *repository, uint64_t *ret_stored,
			  uint64_t *ret_read, struct tusk_err *err)
{
	TUSK_AUTO_PLACES struct tusk_places *places = NULL;
	struct tusk_nodes nodes;
	struct reads reads;
	uint64_t sum = 0;
	tusk_nodes_get(repository, &nodes);
	if (tusk_nodes_read_bytes(repository, reads.bytes, &reads.all, err) < 0)
		return -1;
	*ret_read = reads.all;
	if (nodes.count < 2)
		return 0;
	if (tusk_places_load(repository, &places, err) < 0)
		return -1;
	tell_nodes(cli, &nodes, places, &reads, &sum);
	*ret_stored = sum;
	return 0;
}
