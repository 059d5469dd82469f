/* Errors and warnings, for people and as JSON. */
#include "report.h"

#include "json.h"
#include "tusk/cleanup.h"

#include <stdarg.h>

void tusk_report_print_safe(FILE *out, const char *text)
{
	for (const char *c = text; *c; c++)
		putc((unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c, out);
}

static void print_json_error(const struct tusk_report *report, const struct tusk_err *err,
			     const char *const hints[TUSK_HINTS_MAX])
{
	struct tusk_json *line = tusk_json_new("error");
	tusk_json_text(line, "code", tusk_code_name(err->code));
	tusk_json_count(line, "exit", (uint64_t)tusk_exit_status(err->code));
	tusk_json_text(line, "message", err->message);
	char *given[TUSK_HINTS_MAX];
	struct tusk_strings list = {.items = given};
	for (int i = 0; hints && i < TUSK_HINTS_MAX; i++)
		if (hints[i])
			given[list.count++] = (char *)(uintptr_t)hints[i];
	tusk_json_strings(line, "hints", &list);
	if (tusk_json_print(line, report->log) < 0)
		fputs("{\"v\":1,\"type\":\"error\",\"code\":\"nomem\",\"exit\":1}\n", report->log);
}

int tusk_report_error(const struct tusk_report *report, const struct tusk_err *err,
		      const char *const hints[TUSK_HINTS_MAX])
{
	if (report->json) {
		print_json_error(report, err, hints);
		return tusk_exit_status(err->code);
	}
	fputs("tusk: ", report->log);
	tusk_report_print_safe(report->log, err->message);
	fputc('\n', report->log);
	for (int i = 0; hints && i < TUSK_HINTS_MAX; i++) {
		if (!hints[i])
			continue;
		fputs("  hint: ", report->log);
		tusk_report_print_safe(report->log, hints[i]);
		fputc('\n', report->log);
	}
	return tusk_exit_status(err->code);
}

int tusk_report_fail(const struct tusk_report *report, enum tusk_code code, const char *format, ...)
{
	char text[TUSK_ERR_MESSAGE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	struct tusk_err err = {0};
	tusk_err_set(&err, code, 0, "%s", text);
	return tusk_report_error(report, &err, NULL);
}

void tusk_report_warning(const struct tusk_report *report, const char *format, ...)
{
	char text[TUSK_ERR_MESSAGE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (report->json) {
		struct tusk_json *line = tusk_json_new("warning");
		tusk_json_text(line, "message", text);
		tusk_json_print(line, report->log);
		return;
	}
	fputs("tusk: ", report->log);
	tusk_report_print_safe(report->log, text);
	fputc('\n', report->log);
}
