/* The list of what a backup could not read. */
#include "problems.h"

#include "json.h"
#include "tusk/cleanup.h"
#include "tusk/text.h"

#include <inttypes.h>
#include <string.h>

static const char *word(enum tusk_problem problem)
{
	switch (problem) {
	case TUSK_PROBLEM_UNREADABLE:
		return "unreadable";
	case TUSK_PROBLEM_VANISHED:
		return "vanished";
	case TUSK_PROBLEM_CHANGED:
		return "changed";
	case TUSK_PROBLEM_TOO_LARGE:
		return "too-large";
	case TUSK_PROBLEM_ROTTEN:
		return "rotten";
	}
	return "unknown";
}

static const char *cause(enum tusk_problem problem, int sys_errno)
{
	switch (problem) {
	case TUSK_PROBLEM_VANISHED:
		return sys_errno ? strerror(sys_errno) : "vanished during the backup";
	case TUSK_PROBLEM_CHANGED:
		return "changed while reading (3 tries)";
	case TUSK_PROBLEM_TOO_LARGE:
		return "beyond a limit of the format";
	case TUSK_PROBLEM_ROTTEN:
		return "content changed, but not size and times";
	case TUSK_PROBLEM_UNREADABLE:
		break;
	}
	return sys_errno ? strerror(sys_errno) : "cannot be read";
}

void tusk_problems_add(struct tusk_problems *problems, const struct tusk_report *report, enum tusk_problem problem,
		       const char *path, int sys_errno)
{
	const char *why = cause(problem, sys_errno);
	problems->count++;
	if (report->json) {
		struct tusk_json *json = tusk_json_new("warning");
		tusk_json_text(json, "problem", word(problem));
		tusk_json_text(json, "path", path);
		tusk_json_text(json, "message", why);
		tusk_json_print(json, report->log);
		return;
	}
	TUSK_AUTO_BUF struct tusk_buf escaped = {0};
	char *line;
	if (problems->kept == TUSK_PROBLEMS_KEPT || tusk_text_escape(&escaped, path, strlen(path)) < 0 ||
	    asprintf(&line, "%s: %s", (const char *)escaped.data, why) < 0)
		return;
	problems->lines[problems->kept++] = line;
}

void tusk_problems_print(const struct tusk_problems *problems, FILE *out)
{
	for (size_t i = 0; i < problems->kept; i++)
		fprintf(out, "    %s\n", problems->lines[i]);
	if (problems->count > problems->kept)
		fprintf(out, "    and %" PRIu64 " more\n", problems->count - problems->kept);
}

void tusk_problems_release(struct tusk_problems *problems)
{
	for (size_t i = 0; i < problems->kept; i++)
		free(problems->lines[i]);
	*problems = (struct tusk_problems){0};
}
