/* --time: a moment as people write it. */
#include "timearg.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What is left after the date and time of day; NULL when they do not parse. */
static const char *parse_fields(const char *text, struct tm *fields)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
					    "%Y-%m-%d %H:%M", "%Y-%m-%d"};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		*fields = (struct tm){.tm_isdst = -1};
		const char *rest = strptime(text, forms[i], fields);
		if (rest && (*rest == '\0' || strcmp(rest, "Z") == 0))
			return rest;
	}
	return NULL;
}

int tusk_time_parse(const char *text, struct timespec *ret_time, struct tusk_err *err)
{
	if (text[0] == '@') {
		char *end;
		long long seconds = strtoll(text + 1, &end, 10);
		if (end != text + 1 && *end == '\0') {
			*ret_time = (struct timespec){.tv_sec = (time_t)seconds};
			return 0;
		}
	}
	struct tm fields, copy;
	const char *rest = parse_fields(text, &fields);
	if (!rest)
		return tusk_err_set(err, TUSK_E_USAGE, 0,
				    "--time \"%s\" is not a time; times look like 2026-11-22T14:07 or @1795356442",
				    text);
	copy = fields;
	time_t seconds = *rest ? timegm(&copy) : mktime(&copy);
	if (copy.tm_mday != fields.tm_mday || copy.tm_mon != fields.tm_mon)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "--time \"%s\": there is no such day", text);
	*ret_time = (struct timespec){.tv_sec = seconds};
	return 0;
}
