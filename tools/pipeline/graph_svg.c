/* The picture as SVG. Colours are CSS variables, so that it follows the reader's light or dark. */
#include "pipeline/graph.h"
#include "pipeline/markup.h"
#include "pipeline/words.h"
#include "tusk/text.h"

#include <string.h>

#define FONT "system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"

static const char style[] =
    "<style>"
    ".pg{--card:#fff;--line:#d8dee6;--ink:#17212e;--dim:#5d6b7c;--edge:#9aa7b6;--pill:#f3f6f9;"
    "--source:#b26a00;--local:#0b8a6f;--remote:#4456c7;--cloud:#0a7cbd;"
    "--good:#16935b;--warn:#c77700;--bad:#cf2f3d;--away:#8b97a5;font-family:" FONT "}"
    "@media(prefers-color-scheme:dark){.pg{--card:#1b232d;--line:#323e4c;--ink:#e8edf3;--dim:#9aa8b8;--edge:#5f6e7f;"
    "--pill:#141a22;--source:#e6a23c;--local:#3ec6a4;--remote:#8b9bff;--cloud:#56b8f2;"
    "--good:#3fc98a;--warn:#f0a942;--bad:#ff6b74;--away:#7d8997}}"
    ".pg-card{fill:var(--card);stroke:var(--line)}.pg-name{font-size:15px;font-weight:650;fill:var(--ink)}"
    ".pg-sub{font-size:12px;fill:var(--dim)}.pg-kind{font-size:10px;font-weight:650;letter-spacing:.08em}"
    ".pg-edge{fill:none;stroke:var(--edge);stroke-width:1.75}.pg-maybe{stroke-dasharray:5 4}"
    ".pg-tip{fill:var(--edge)}.pg-pill{fill:var(--pill);stroke:var(--line)}.pg-what{font-size:11px;fill:var(--dim)}"
    "</style>\n";

static const char *const role_colours[] = {"local", "remote", "cloud"};              /* by enum pipeline_role */
static const char *const health_colours[] = {"away", "good", "warn", "bad", "away"}; /* by enum pipeline_health */

static void put_line(FILE *out, const char *class, double x, double y, const char *text)
{
	fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
	pipeline_markup_text(out, text);
	fputs("</text>\n", out);
}

/* A small drawing for the kind: folder, terminal, disk, server, cloud. 20 x 20 around its upper left corner. */
static void put_icon(FILE *out, double x, double y, const char *colour, const char *path)
{
	fprintf(out,
		"<path d=\"%s\" transform=\"translate(%.1f %.1f)\" fill=\"none\" stroke=\"var(--%s)\" "
		"stroke-width=\"1.6\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/>\n",
		path, x, y, colour);
}

static const char folder_icon[] = "M2 5.5h6l2 2.5h8v8.5H2z";
static const char command_icon[] = "M2 4h16v13H2zM5 8l3 2.5L5 13M10 13.5h4";
static const char *const role_icons[] = {
    "M3 4h14v5H3zM3 11h14v5H3zM6 6.5h.1M6 13.5h.1",
    "M2 4h16v9H2zM10 13v4M6 17.5h8",
    "M6 16a4 4 0 0 1-.4-8 5 5 0 0 1 9.5 1A3.6 3.6 0 0 1 15 16z",
};

struct face {
	const char *colour, *icon, *kind, *name, *below;
	const struct pipeline_badge *badge;
};

static void put_badge(FILE *out, double x, double y, const struct pipeline_badge *badge)
{
	char text[64];
	fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\" fill=\"var(--%s)\"/>\n", x + 4.5, y - 4.5,
		health_colours[badge->health]);
	pipeline_markup_cut(badge->text, 30, text, sizeof(text));
	put_line(out, "pg-sub", x + 15, y, text);
}

static void put_card(FILE *out, const struct pipeline_card *card, const struct face *face)
{
	char name[128], below[256];
	double x = card->x, y = card->y;
	fprintf(out,
		"<rect class=\"pg-card\" x=\"%.1f\" y=\"%.1f\" width=\"%.0f\" height=\"%.0f\" rx=\"12\"/>\n"
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"4\" height=\"%.0f\" rx=\"2\" fill=\"var(--%s)\"/>\n",
		x, y, PIPELINE_CARD_WIDTH, PIPELINE_CARD_HEIGHT, x + 8, y + 14, PIPELINE_CARD_HEIGHT - 28,
		face->colour);
	put_icon(out, x + 22, y + 13, face->colour, face->icon);
	pipeline_markup_cut(face->name, 15, name, sizeof(name));
	put_line(out, "pg-name", x + 50, y + 29, name);
	fprintf(out, "<text class=\"pg-kind\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" fill=\"var(--%s)\">%s</text>\n",
		x + PIPELINE_CARD_WIDTH - 14, y + 28, face->colour, face->kind);
	pipeline_markup_cut_middle(face->below, 29, below, sizeof(below));
	put_line(out, "pg-sub", x + 22, y + 50, below);
	if (face->badge && face->badge->text[0])
		put_badge(out, x + 22, y + 71, face->badge);
}

static void join(const struct tusk_words *words, char *ret_text, size_t size)
{
	size_t used = 0;
	ret_text[0] = '\0';
	for (size_t i = 0; i < words->count && used < size; i++)
		used += (size_t)snprintf(ret_text + used, size - used, "%s%s", i ? " " : "", words->items[i]);
}

static void put_sources(FILE *out, const struct pipeline *p, const struct pipeline_layout *layout,
			const struct pipeline_badge *badges)
{
	for (size_t i = 0; i < p->source_count; i++) {
		const struct pipeline_source *source = &p->sources[i];
		bool command = source->command.count > 0;
		char below[512];
		struct pipeline_badge badge = {.health = PIPELINE_UNKNOWN};
		join(&source->paths, below, sizeof(below));
		if (command)
			snprintf(below, sizeof(below), "%s", source->command.items[source->command.count - 1]);
		if (source->exclude.count)
			snprintf(badge.text, sizeof(badge.text), "without %zu pattern%s", source->exclude.count,
				 source->exclude.count == 1 ? "" : "s");
		if (badges)
			badge = badges[i];
		struct face face = {.colour = "source",
				    .icon = command ? command_icon : folder_icon,
				    .kind = command ? "COMMAND" : "FOLDER",
				    .name = source->name,
				    .below = below,
				    .badge = badges ? &badge : NULL};
		put_card(out, &layout->cards[i], &face);
		if (!badges && badge.text[0])
			put_line(out, "pg-sub", layout->cards[i].x + 22, layout->cards[i].y + 71, badge.text);
	}
}

static void put_nodes(FILE *out, const struct pipeline *p, const struct pipeline_layout *layout,
		      const struct pipeline_badge *badges)
{
	static const char *const kinds[] = {"LOCAL", "REMOTE", "CLOUD"}; /* by enum pipeline_role */
	for (size_t i = 0; i < p->node_count; i++) {
		const struct pipeline_node *node = &p->nodes[i];
		const struct pipeline_card *card = &layout->cards[p->source_count + i];
		struct face face = {.colour = role_colours[node->role],
				    .icon = role_icons[node->role],
				    .kind = kinds[node->role],
				    .name = node->name,
				    .below = node->url,
				    .badge = badges ? &badges[p->source_count + i] : NULL};
		put_card(out, card, &face);
		if (badges)
			continue;
		char keep[256], text[128];
		pipeline_words_keep(pipeline_keep_of(p, node), keep, sizeof(keep));
		char line[300];
		snprintf(line, sizeof(line), "keep %s", keep);
		pipeline_markup_cut(line, 32, text, sizeof(text));
		put_line(out, "pg-sub", card->x + 22, card->y + 71, text);
	}
}

/* From the right side of one card to the left side of another, with what flows on a pill in the middle. */
static void put_edge(FILE *out, const struct pipeline_card *from, const struct pipeline_card *to, bool maybe,
		     const char *what)
{
	double x1 = from->x + PIPELINE_CARD_WIDTH, y1 = from->y + PIPELINE_CARD_HEIGHT / 2;
	double x2 = to->x - 8, y2 = to->y + PIPELINE_CARD_HEIGHT / 2, bend = (x2 - x1) * 0.5;
	fprintf(out,
		"<path class=\"pg-edge%s\" d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\"/>\n"
		"<path class=\"pg-tip\" d=\"M%.1f %.1fl-9 -4.5v9z\"/>\n",
		maybe ? " pg-maybe" : "", x1, y1, x1 + bend, y1, x2 - bend, y2, x2, y2, x2 + 8, y2);
	if (!*what)
		return;
	double width = 7.0 * (double)strlen(what) + 18, x = (x1 + x2) / 2, y = (y1 + y2) / 2;
	fprintf(out,
		"<rect class=\"pg-pill\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"20\" rx=\"10\"/>\n"
		"<text class=\"pg-what\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
		x - width / 2, y - 10, width, x, y + 4);
	pipeline_markup_text(out, what);
	fputs("</text>\n", out);
}

static void describe_copy(const struct pipeline_node *node, char *ret_text, size_t size)
{
	char rate[16] = "";
	if (node->limit_upload)
		tusk_text_bytes(node->limit_upload, rate);
	snprintf(ret_text, size, "copy%s%s%s", *rate ? ", " : "", rate, *rate ? "/s" : "");
}

static void put_edges(FILE *out, const struct pipeline *p, const struct pipeline_layout *layout)
{
	for (size_t i = 0; i < p->node_count; i++) {
		const struct pipeline_node *node = &p->nodes[i];
		const struct pipeline_card *to = &layout->cards[p->source_count + i];
		char what[64];
		if (node->upstream != PIPELINE_NONE) {
			describe_copy(node, what, sizeof(what));
			put_edge(out, &layout->cards[p->source_count + node->upstream], to, node->when_present, what);
			continue;
		}
		for (size_t j = 0; j < node->sources.count; j++)
			put_edge(out, &layout->cards[node->sources.items[j].index], to, node->when_present, "");
	}
}

int pipeline_graph_svg(FILE *out, const struct pipeline *p, const struct pipeline_badge *badges, struct tusk_err *err)
{
	TUSK_CLEANUP(pipeline_layout_release) struct pipeline_layout layout = {0};
	if (pipeline_layout_make(p, &layout, err) < 0)
		return -1;
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"pg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
		"height=\"%.0f\" role=\"img\">\n<title>Pipeline %s</title>\n",
		layout.width, layout.height, layout.width, layout.height, p->name);
	fputs(style, out);
	put_edges(out, p, &layout);
	put_sources(out, p, &layout, badges);
	put_nodes(out, p, &layout, badges);
	fputs("</svg>\n", out);
	return 0;
}
