/* The picture for Graphviz. */
#include "pipeline/graph.h"

#include <string.h>

static void put_quoted(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc((unsigned char)*text < 0x20 ? '?' : *text, out);
	}
}

static void put_item(FILE *out, const char *name, const char *below, const char *shape,
		     const struct pipeline_badge *badge)
{
	static const char *const colours[] = {"gray40", "forestgreen", "darkorange", "red3", "gray60"};
	fputs("  \"", out);
	put_quoted(out, name);
	fprintf(out, "\" [shape=%s, label=\"", shape);
	put_quoted(out, name);
	fputs("\\n", out);
	put_quoted(out, below);
	if (badge) {
		fputs("\\n", out);
		put_quoted(out, badge->text);
	}
	fprintf(out, "\", color=%s];\n", colours[badge ? badge->health : PIPELINE_UNKNOWN]);
}

static void put_edge(FILE *out, const char *from, const struct pipeline_node *to)
{
	fputs("  \"", out);
	put_quoted(out, from);
	fputs("\" -> \"", out);
	put_quoted(out, to->name);
	fprintf(out, "\"%s;\n", to->when_present ? " [style=dashed]" : "");
}

void pipeline_graph_dot(FILE *out, const struct pipeline *p, const struct pipeline_badge *badges)
{
	fprintf(out, "digraph \"%s\" {\n  rankdir=LR;\n  node [fontname=\"sans\"];\n", p->name);
	for (size_t i = 0; i < p->source_count; i++) {
		const struct pipeline_source *source = &p->sources[i];
		const char *below =
		    source->command.count ? source->command.items[source->command.count - 1] : source->paths.items[0];
		put_item(out, source->name, below, source->command.count ? "cds" : "folder",
			 badges ? &badges[i] : NULL);
	}
	for (size_t i = 0; i < p->node_count; i++)
		put_item(out, p->nodes[i].name, p->nodes[i].url, "cylinder",
			 badges ? &badges[p->source_count + i] : NULL);
	for (size_t i = 0; i < p->node_count; i++) {
		const struct pipeline_node *node = &p->nodes[i];
		if (node->upstream != PIPELINE_NONE)
			put_edge(out, p->nodes[node->upstream].name, node);
		for (size_t j = 0; node->upstream == PIPELINE_NONE && j < node->sources.count; j++)
			put_edge(out, node->sources.items[j].name, node);
	}
	fputs("}\n", out);
}
