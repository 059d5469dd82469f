/* tusk pipeline explain: what will happen and when. */
#include "pipeline/markup.h"
#include "pipeline/words.h"
#include "report.h"
#include "tusk/text.h"

#include <string.h>

#define LABEL_WIDTH     17
#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_[]:"

/* Two columns; a label that is said already is not said again. */
struct page {
	FILE *out;
	const char *label;
};

static void line(struct page *page, const char *label)
{
	bool same = page->label && strcmp(page->label, label) == 0;
	fprintf(page->out, "  %-*s ", LABEL_WIDTH, same ? "" : label);
	page->label = label;
}

/* " and " before the last, ", " before the others. */
static const char *joint(size_t index, size_t count)
{
	return index == 0 ? "" : index + 1 == count ? " and " : ", ";
}

static void print_source(FILE *out, const struct pipeline_source *source)
{
	fprintf(out, "%s (", source->name);
	for (size_t i = 0; i < source->paths.count; i++) {
		fputs(i ? " " : "", out);
		tusk_report_print_safe(out, source->paths.items[i]);
	}
	if (source->command.count) {
		fputs("the output of: ", out);
		tusk_report_print_safe(out, source->command.items[source->command.count - 1]);
	}
	fputc(')', out);
}

static void explain_backups(struct page *page, const struct pipeline *p, const char *when)
{
	for (size_t i = 0; i < p->node_count; i++) {
		const struct pipeline_node *node = &p->nodes[i];
		if (node->upstream != PIPELINE_NONE)
			continue;
		line(page, when);
		fputs("back up ", page->out);
		for (size_t j = 0; j < node->sources.count; j++) {
			fputs(joint(j, node->sources.count), page->out);
			print_source(page->out, &p->sources[node->sources.items[j].index]);
		}
		fprintf(page->out, " to %s (", node->name);
		tusk_report_print_safe(page->out, node->url);
		fprintf(page->out, ")%s\n", node->when_present ? ", when it is there" : "");
	}
}

static void explain_copies(struct page *page, const struct pipeline *p)
{
	for (size_t n = 0; n < p->node_count; n++) {
		const struct pipeline_node *node = &p->nodes[p->order[n]];
		if (node->upstream == PIPELINE_NONE)
			continue;
		line(page, "then");
		fprintf(page->out, "copy everything from %s to %s (", p->nodes[node->upstream].name, node->name);
		tusk_report_print_safe(page->out, node->url);
		fputc(')', page->out);
		if (node->limit_upload) {
			char rate[16];
			tusk_text_bytes(node->limit_upload, rate);
			fprintf(page->out, ", at most %s/s", rate);
		}
		fprintf(page->out, "%s\n", node->when_present ? ", when it is there" : "");
	}
}

static void explain_keep(struct page *page, const struct pipeline *p)
{
	char text[256];
	if (p->keep.given) {
		line(page, "keep");
		pipeline_words_keep(&p->keep, text, sizeof(text));
		fprintf(page->out, "%s\n", text);
	}
	for (size_t i = 0; i < p->node_count; i++) {
		if (!p->nodes[i].keep.given)
			continue;
		line(page, "keep");
		pipeline_words_keep(&p->nodes[i].keep, text, sizeof(text));
		fprintf(page->out, "on %s %s\n", p->nodes[i].name, text);
	}
	if (!page->label || strcmp(page->label, "keep") != 0) {
		line(page, "keep");
		fputs("all snapshots, for ever\n", page->out);
	}
}

static void explain_hooks(struct page *page, const struct pipeline *p)
{
	for (size_t i = 0; i < p->source_count; i++) {
		const struct pipeline_source *source = &p->sources[i];
		const struct {
			const struct tusk_words *words;
			const char *label;
		} hooks[] = {{&source->before, "before"}, {&source->after, "after"}, {&source->on_failure, "failing"}};
		for (size_t h = 0; h < 3; h++) {
			for (size_t j = 0; j < hooks[h].words->count; j++) {
				char label[LABEL_WIDTH + 1];
				snprintf(label, sizeof(label), "%s %.10s", hooks[h].label, source->name);
				page->label = NULL;
				line(page, label);
				page->label = NULL;
				fputs("run: ", page->out);
				tusk_report_print_safe(page->out, hooks[h].words->items[j]);
				fputc('\n', page->out);
			}
		}
	}
}

static void explain_proofs(struct page *page, const struct pipeline_verify *verify)
{
	static const char *const labels[] = {"", "every hour", "every day", "every week", "every month"};
	if (verify->structure) {
		line(page, labels[verify->structure]);
		fputs("check the structure of every node\n", page->out);
	}
	if (verify->data) {
		line(page, labels[verify->data]);
		fprintf(page->out, "read %llu %% of the data of every node%s\n",
			(unsigned long long)verify->data_percent,
			verify->data_percent < 100 ? ", another part each time" : "");
	}
	if (verify->drill) {
		line(page, labels[verify->drill]);
		fprintf(page->out, "restore %llu file%s from each node as a test\n",
			(unsigned long long)verify->drill_files, verify->drill_files == 1 ? "" : "s");
	}
}

static void explain_alerts(struct page *page, const struct pipeline *p)
{
	char age[32];
	const char *label = "you are told if";
	if (p->alert.max_age_s) {
		line(page, label);
		pipeline_words_duration(p->alert.max_age_s, age, sizeof(age));
		fprintf(page->out, "the newest snapshot of a source is over %s old\n", age);
	}
	if (p->alert.min_copies) {
		line(page, label);
		fprintf(page->out, "it exists in fewer than %llu place%s\n", (unsigned long long)p->alert.min_copies,
			p->alert.min_copies == 1 ? "" : "s");
	}
	for (int i = 0; i < PIPELINE_ROLES; i++) {
		if (!p->strategy.require[i])
			continue;
		line(page, label);
		fprintf(page->out, "it exists on fewer than %llu %s node%s\n",
			(unsigned long long)p->strategy.require[i], pipeline_role_names[i],
			p->strategy.require[i] == 1 ? "" : "s");
	}
	if (p->alert.ping_url) {
		/* What follows the host is often a secret. */
		const char *host = strstr(p->alert.ping_url, "//") + 2;
		line(page, "every run");
		fprintf(page->out, "tells %.*s how it went\n", (int)strspn(host, HOST_CHARACTERS), host);
	}
	if (p->strategy.recover.count) {
		line(page, "recover from");
		for (size_t i = 0; i < p->strategy.recover.count; i++)
			fprintf(page->out, "%s%s", i ? ", then " : "", p->strategy.recover.items[i].name);
		fputc('\n', page->out);
	}
}

void pipeline_explain(FILE *out, const struct pipeline *p)
{
	char when[64];
	struct page page = {.out = out};
	fprintf(out, "Pipeline %s (", p->name);
	tusk_report_print_safe(out, p->file);
	fputs(")\n", out);
	pipeline_words_schedule(&p->schedule, when, sizeof(when));
	explain_hooks(&page, p);
	explain_backups(&page, p, when);
	explain_copies(&page, p);
	explain_keep(&page, p);
	explain_proofs(&page, &p->verify);
	explain_alerts(&page, p);
}
