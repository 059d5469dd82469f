/* The page around the pictures. */
#include "pipeline/page.h"

#include "pipeline/markup.h"
#include "pipeline/plan.h"
#include "pipeline/words.h"
#include "tusk/text.h"

#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark;--bg:#f5f7fa;--card:#fff;--line:#e1e7ee;--ink:#17212e;--dim:#5d6b7c;--grid:#e8edf3;"
    "--logical:#8a7bd8;--stored:#0b8a6f;--bar:#2f7fd0;--good:#16935b;--warn:#c77700;--bad:#cf2f3d;--away:#8b97a5;"
    "--d0:#edf1f5;--d1:#bfe6d6;--d2:#7fcdaf;--d3:#3dab86;--d4:#0b7a5f;"
    "--t0:#cfe3f7;--t1:#d3efe4;--t2:#e4dcf8;--t3:#fbe6c8;--t4:#f8d9dc;--t5:#d8ecf0;--t6:#e9edd2;--t-ink:#1d2a38}"
    "@media(prefers-color-scheme:dark){:root{--bg:#10161d;--card:#19212b;--line:#2a3541;--ink:#e8edf3;--dim:#9aa8b8;"
    "--grid:#26303b;--logical:#a99bf5;--stored:#3ec6a4;--bar:#5aa7ef;--good:#3fc98a;--warn:#f0a942;--bad:#ff6b74;"
    "--away:#7d8997;--d0:#232d38;--d1:#1d4a40;--d2:#1f6f5c;--d3:#2a9d7f;--d4:#4fd3ae;"
    "--t0:#23415f;--t1:#1d4a3f;--t2:#3b3364;--t3:#5a4420;--t4:#5b2f36;--t5:#1f4650;--t6:#454a24;--t-ink:#e8edf3}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);line-height:1.5;"
    "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
    "main{max-width:1120px;margin:0 auto;padding:28px 20px 56px}header{margin-bottom:22px}"
    "h1{font-size:26px;margin:0 0 2px;letter-spacing:-.01em}h2{font-size:16px;margin:0 0 2px}"
    ".dim{color:var(--dim);font-size:13px;margin:0 0 14px}header .dim{margin:0}"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:18px 20px;margin:0 0 18px}"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:14px;margin:0 0 18px}"
    ".tiles .card{margin:0;padding:14px "
    "16px}.big{font-size:23px;font-weight:650;letter-spacing:-.01em;line-height:1.25}"
    ".tiles .dim{margin:0}.chart{width:100%;height:auto;display:block}.flow{overflow-x:auto}.flow svg{display:block;"
    "margin:0 auto;max-width:100%;height:auto;min-width:520px}.wide{overflow-x:auto}.wide "
    ".chart{min-width:620px}.late{direction:rtl}.late>*{direction:ltr}"
    ".grid{stroke:var(--grid);fill:none}.tick{font-size:12px;fill:var(--dim)}.curve{fill:none;stroke-width:2.25}"
    ".curve.logical{stroke:var(--logical)}.curve.stored{stroke:var(--stored)}.area{stroke:none;opacity:.14}"
    ".area.logical{fill:var(--logical)}.area.stored{fill:var(--stored);opacity:.26}.bar{fill:var(--bar)}"
    ".day.d0{fill:var(--d0)}.day.d1{fill:var(--d1)}.day.d2{fill:var(--d2)}.day.d3{fill:var(--d3)}.day.d4{fill:var(--d4)"
    "}"
    ".tile-name,.frame-name{font-size:12.5px;font-weight:600;fill:var(--t-ink)}.tile-size{font-size:11px;"
    "fill:var(--t-ink);opacity:.75}.frame{opacity:.45}"
    ".t0{fill:var(--t0)}.t1{fill:var(--t1)}.t2{fill:var(--t2)}.t3{fill:var(--t3)}.t4{fill:var(--t4)}.t5{fill:var(--t5)}"
    ".t6{fill:var(--t6)}.key{display:inline-block;width:11px;height:11px;border-radius:3px;margin:0 5px 0 12px}"
    ".key:first-child{margin-left:0}table{border-collapse:collapse;width:100%;font-size:14px}"
    "th{text-align:left;font-weight:600;color:var(--dim);font-size:12px;padding:4px 14px 6px 0}"
    "td{padding:8px 14px 8px 0;border-top:1px solid var(--line);vertical-align:top}.num{text-align:right;"
    "font-variant-numeric:tabular-nums}.dot{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:"
    "8px}"
    ".good{background:var(--good)}.warn{background:var(--warn)}.bad{background:var(--bad)}.away{background:var(--away)}"
    ".meter{height:7px;border-radius:4px;background:var(--d0);margin-top:6px;min-width:90px;overflow:hidden}"
    ".meter i{display:block;height:100%;border-radius:4px;background:var(--bar)}"
    "@media(max-width:640px){main{padding:18px 12px 40px}.card{padding:14px;border-radius:12px}h1{font-size:22px}"
    ".big{font-size:20px}.tick{font-size:15px}}"
    "@media(prefers-reduced-motion:no-preference){.tile,.bar,.day{transition:opacity .15s}.tile:hover,.bar:hover,"
    ".day:hover{opacity:.7}}";

static const char *const dots[] = {"away", "good", "warn", "bad", "away"}; /* by enum pipeline_health */

static void put_age(FILE *out, uint64_t then, int64_t now)
{
	char age[32];
	if (!then || (int64_t)then > now) {
		fputs(then ? "just now" : "never", out);
		return;
	}
	pipeline_words_age((uint64_t)now - then, age, sizeof(age));
	fprintf(out, "%s ago", age);
}

static void put_tile(FILE *out, const char *big, const char *small)
{
	fprintf(out, "<div class=\"card\"><div class=\"big\">%s</div><p class=\"dim\">%s</p></div>\n", big, small);
}

static void put_tiles(FILE *out, const struct pipeline_page *page)
{
	char text[64], small[96], bytes[16];
	fputs("<div class=\"tiles\">\n", out);
	if (page->point_count) {
		pipeline_words_age((uint64_t)(page->now - page->points[page->point_count - 1].time), text,
				   sizeof(text));
		put_tile(out, text, "since the newest snapshot");
	}
	tusk_text_count(page->snapshots, text);
	put_tile(out, text, page->snapshots == 1 ? "snapshot" : "snapshots");
	tusk_text_bytes(page->logical, text);
	tusk_text_count(page->files, small);
	strncat(small, " files now", sizeof(small) - strlen(small) - 1);
	put_tile(out, text, small);
	tusk_text_bytes(page->physical, text);
	tusk_text_bytes(page->all_logical, bytes);
	snprintf(small, sizeof(small), "on disk, for %s of history", bytes);
	put_tile(out, text, small);
	if (page->physical) {
		snprintf(text, sizeof(text), "%.1f\xc3\x97", (double)page->all_logical / (double)page->physical);
		put_tile(out, text, "smaller than copies");
	}
	uint64_t full = pipeline_forecast(page->points, page->point_count, page->now, page->free_bytes);
	tusk_text_bytes(page->free_bytes, bytes);
	if (full)
		pipeline_words_age(full, text, sizeof(text));
	snprintf(small, sizeof(small), full ? "until it is full (%s free)" : "free", bytes);
	if (page->free_bytes)
		put_tile(out, full ? text : bytes, small);
	fputs("</div>\n", out);
}

static void begin_card(FILE *out, const char *title, const char *text)
{
	fprintf(out, "<section class=\"card\"><h2>%s</h2><p class=\"dim\">%s</p>\n", title, text);
}

static void put_goals(FILE *out, const struct pipeline_goals *goals)
{
	begin_card(out, "Goals",
		   "What the pipeline promises, and how it stands. Proofs in time stand below, with the nodes.");
	fputs("<div class=\"wide\"><table>\n", out);
	const char *last = "";
	for (size_t i = 0; i < goals->count; i++) {
		const struct pipeline_goal *goal = &goals->items[i];
		if (goal->health == PIPELINE_GOOD && strcmp(goal->what, "proofs") == 0)
			continue;
		fprintf(out, "<tr><td>%s</td><td><span class=\"dot %s\"></span>",
			strcmp(last, goal->what) ? goal->what : "", dots[goal->health]);
		pipeline_markup_text(out, goal->text);
		fputs("</td></tr>\n", out);
		last = goal->what;
	}
	fputs("</table></div></section>\n", out);
}

static int put_flow(FILE *out, const struct pipeline_reality *reality, struct tusk_err *err)
{
	const struct pipeline *p = &reality->pipeline;
	TUSK_AUTO_FREE struct pipeline_badge *badges = calloc(p->source_count + p->node_count, sizeof(*badges));
	if (!badges)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	pipeline_badges(p, &reality->state, &reality->survey, badges);
	begin_card(out, "Flow", "From the sources to every copy, as of now.");
	fputs("<div class=\"flow\">", out);
	if (pipeline_graph_svg(out, p, badges, err) < 0)
		return -1;
	fputs("</div></section>\n", out);
	return 0;
}

static void put_space(FILE *out, const struct pipeline_node_facts *facts)
{
	char text[16];
	if (!facts->total_bytes) {
		fputs("<span class=\"dim\">unknown</span>", out);
		return;
	}
	tusk_text_bytes(facts->free_bytes, text);
	double used = 100.0 - 100.0 * (double)facts->free_bytes / (double)facts->total_bytes;
	fprintf(out, "%s free<div class=\"meter\"><i style=\"width:%.1f%%\"></i></div>", text, used);
}

static void put_drill(FILE *out, const struct pipeline_node_state *state, int64_t now)
{
	char bytes[16];
	put_age(out, state->drill, now);
	if (!state->drill)
		return;
	tusk_text_bytes(state->drill_bytes, bytes);
	fprintf(out, "<div class=\"dim\" style=\"margin:0\">%llu files, %s in %.1f s</div>",
		(unsigned long long)state->drill_files, bytes, (double)state->drill_ms / 1000);
}

static void put_nodes(FILE *out, const struct pipeline_reality *reality, int64_t now)
{
	static const char *const health[] = {"good", "warn", "bad", "away"};
	const struct pipeline *p = &reality->pipeline;
	begin_card(out, "Nodes", "Each one alone is enough to restore from. Proofs say when that was last tried.");
	fputs("<div class=\"wide\"><table><tr><th>Node</th><th class=\"num\">Snapshots</th><th>Structure</th><th>Data "
	      "read</th>"
	      "<th>Restore drill</th><th>Space</th></tr>\n",
	      out);
	for (size_t i = 0; i < p->node_count; i++) {
		const struct pipeline_node_facts *facts = &reality->survey.nodes[i];
		const struct pipeline_node_state *state = &reality->state.nodes[i];
		unsigned how = facts->away ? 3 : !facts->reached ? 2 : facts->behind ? 1 : 0;
		fprintf(out, "<tr><td><span class=\"dot %s\"></span><b>%s</b> <span class=\"dim\">%s</span></td>",
			health[how], p->nodes[i].name, pipeline_role_names[p->nodes[i].role]);
		if (facts->reached)
			fprintf(out, "<td class=\"num\">%zu", facts->list.count);
		else
			fprintf(out, "<td class=\"num\">%s", facts->away ? "not there" : "not reachable");
		if (facts->reached && facts->behind)
			fprintf(out, "<div class=\"dim\" style=\"margin:0\">%llu behind</div>",
				(unsigned long long)facts->behind);
		fputs("</td><td>", out);
		put_age(out, state->structure, now);
		fputs("</td><td>", out);
		put_age(out, state->data, now);
		fputs("</td><td>", out);
		put_drill(out, state, now);
		fputs("</td><td>", out);
		put_space(out, facts);
		fputs("</td></tr>\n", out);
	}
	fputs("</table></div></section>\n", out);
}

static int put_pictures(FILE *out, const struct pipeline_page *page, struct tusk_err *err)
{
	begin_card(
	    out, "Growth",
	    "<span class=\"key\" style=\"background:var(--logical)\"></span>size of the sources"
	    "<span class=\"key\" style=\"background:var(--stored)\"></span>stored, all snapshots together (of the "
	    "past: an estimate)"
	    "<span class=\"key\" style=\"background:var(--bar)\"></span>added by each (height: its square root)");
	fputs("<div class=\"wide\">", out);
	pipeline_chart_growth(out, page->points, page->point_count, page->now);
	fputs("</div></section>\n", out);
	begin_card(out, "Calendar", "Days that have a snapshot; darker: several.");
	/* On a narrow screen the newest weeks are in sight. */
	fputs("<div class=\"wide late\">", out);
	pipeline_chart_calendar(out, page->points, page->point_count, page->now);
	fputs("</div></section>\n", out);
	begin_card(out, "Where the space goes",
		   "Bytes that only this folder refers to, in the newest snapshot of each source: what would be saved "
		   "without it.");
	fputs("<div class=\"wide\">", out);
	if (pipeline_chart_treemap(out, page->folders, err) < 0)
		return -1;
	fputs("</div></section>\n", out);
	return 0;
}

int pipeline_page_write(FILE *out, const struct pipeline_page *page, struct tusk_err *err)
{
	char when[32];
	struct timespec now = {.tv_sec = page->now};
	tusk_text_time_local(now, when);
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/><title>Backups: ",
	      out);
	pipeline_markup_text(out, page->title);
	fprintf(out, "</title>\n<style>%s</style></head><body><main>\n<header><h1>Backups: ", style);
	pipeline_markup_text(out, page->title);
	fputs("</h1><p class=\"dim\">", out);
	pipeline_markup_text(out, page->repository);
	fprintf(out, " \xc2\xb7 %.16s \xc2\xb7 tusk " TUSK_VERSION "</p></header>\n", when);
	put_tiles(out, page);
	if (page->reality) {
		if (put_flow(out, page->reality, err) < 0)
			return -1;
		put_goals(out, page->goals);
		put_nodes(out, page->reality, page->now);
	}
	if (page->point_count && put_pictures(out, page, err) < 0)
		return -1;
	fputs("</main></body></html>\n", out);
	return 0;
}
