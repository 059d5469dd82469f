/* The way of healthchecks.io, which others understand, too: URL/start, URL, URL/<exit status>. */
#include "pipeline/ping.h"

#include "tusk/ping.h"

#include <string.h>

void pipeline_ping(struct tusk_cli *cli, const struct pipeline *pipeline, const char *part, const char *text)
{
	const char *url = pipeline->alert.ping_url;
	struct tusk_err err = {0};
	TUSK_AUTO_FREE char *whole = NULL;
	if (!url)
		return;
	size_t path = strcspn(url, "?#"), end = path;
	while (*part && end && url[end - 1] == '/')
		end--;
	if (asprintf(&whole, "%.*s%s%s", (int)end, url, part, url + path) < 0)
		tusk_err_set(&err, TUSK_E_NOMEM, 0, "out of memory");
	else if (tusk_ping(whole, text, &err) == 0)
		return;
	tusk_report_warning(&cli->report, "run: ping-url: %s", err.message);
}
