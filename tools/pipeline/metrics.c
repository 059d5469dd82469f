/* https://prometheus.io/docs/instrumenting/exposition_formats/ : for the textfile collector. */
#include "pipeline/metrics.h"

#include <inttypes.h>

static void head(FILE *out, const char *name, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* Names are letters, digits, ".", "_" and "-": nothing to escape. */
static void value(FILE *out, const char *name, const struct pipeline *p, const char *label, const char *of,
		  uint64_t number)
{
	fprintf(out, "%s{pipeline=\"%s\",%s=\"%s\"} %" PRIu64 "\n", name, p->name, label, of, number);
}

static void write_sources(FILE *out, const struct pipeline *p, const struct pipeline_survey *survey)
{
	head(out, "tusk_last_snapshot_timestamp_seconds", "When the newest snapshot of a source was made.");
	for (size_t i = 0; i < p->source_count; i++)
		if (survey->sources[i].found)
			value(out, "tusk_last_snapshot_timestamp_seconds", p, "source", p->sources[i].name,
			      (uint64_t)survey->sources[i].newest.tv_sec);
	head(out, "tusk_copies", "Nodes that have the newest snapshot of a source.");
	for (size_t i = 0; i < p->source_count; i++)
		value(out, "tusk_copies", p, "source", p->sources[i].name, survey->sources[i].copies);
}

static void write_nodes(FILE *out, const struct pipeline *p, const struct pipeline_state *state,
			const struct pipeline_survey *survey)
{
	static const char *const names[] = {"tusk_node_up",
					    "tusk_node_snapshots",
					    "tusk_node_lag_snapshots",
					    "tusk_node_free_bytes",
					    "tusk_node_synced_timestamp_seconds",
					    "tusk_node_structure_timestamp_seconds",
					    "tusk_node_data_timestamp_seconds",
					    "tusk_node_drill_timestamp_seconds",
					    "tusk_node_drill_milliseconds"};
	static const char *const helps[] = {"Whether the node could be reached.",
					    "Snapshots on the node.",
					    "Snapshots that its head has and the node has not.",
					    "Free bytes of a local node.",
					    "When the node last caught up.",
					    "When the node's structure was last proven.",
					    "When data of the node were last read.",
					    "When files were last restored from the node as a test.",
					    "How long that took."};
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		head(out, names[k], helps[k]);
		for (size_t i = 0; i < p->node_count; i++) {
			const struct pipeline_node_facts *facts = &survey->nodes[i];
			const struct pipeline_node_state *known = &state->nodes[i];
			const uint64_t values[] = {facts->reached,    facts->list.count, facts->behind,
						   facts->free_bytes, known->synced,     known->structure,
						   known->data,       known->drill,      known->drill_ms};
			value(out, names[k], p, "node", p->nodes[i].name, values[k]);
		}
	}
}

void pipeline_metrics_write(FILE *out, const struct pipeline *p, const struct pipeline_state *state,
			    const struct pipeline_survey *survey)
{
	head(out, "tusk_last_run_timestamp_seconds", "When the last run ended.");
	fprintf(out, "tusk_last_run_timestamp_seconds{pipeline=\"%s\"} %" PRIu64 "\n", p->name, state->run_ended);
	head(out, "tusk_last_run_exit_code", "Its exit status.");
	fprintf(out, "tusk_last_run_exit_code{pipeline=\"%s\"} %" PRIu64 "\n", p->name, state->run_exit);
	head(out, "tusk_last_run_duration_seconds", "How long it took.");
	fprintf(out, "tusk_last_run_duration_seconds{pipeline=\"%s\"} %" PRIu64 "\n", p->name,
		state->run_ended > state->run_began ? state->run_ended - state->run_began : 0);
	head(out, "tusk_verify_failures", "Proofs that failed in all runs so far.");
	fprintf(out, "tusk_verify_failures{pipeline=\"%s\"} %" PRIu64 "\n", p->name, state->failures);
	head(out, "tusk_repository_bytes", "Bytes of a head on its disk.");
	for (size_t i = 0; i < p->node_count; i++)
		if (survey->nodes[i].physical_bytes)
			value(out, "tusk_repository_bytes", p, "node", p->nodes[i].name,
			      survey->nodes[i].physical_bytes);
	write_sources(out, p, survey);
	write_nodes(out, p, state, survey);
}
