/* Input: patterns, one a line, then a NUL, then a path. No pattern may upset the filter, and a pattern that is added
 * last and that is the path itself, quoted, decides. */
#include "filter_match.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void add_line(struct tusk_filter *filter, const uint8_t *line, size_t len)
{
	char text[LINE_MAX_BYTES];
	struct tusk_err err = {0};
	if (len >= sizeof(text))
		return;
	memcpy(text, line, len);
	text[len] = 0;
	if (tusk_filter_exclude(filter, text, &err) < 0)
		require(err.code == TUSK_E_USAGE);
}

/* Every byte of the path behind a backslash, slashes aside. */
static void add_quoted(struct tusk_filter *filter, const char *path, size_t len)
{
	char text[2 * LINE_MAX_BYTES];
	size_t at = 0;
	struct tusk_err err = {0};
	for (size_t i = 0; i < len; i++) {
		if (path[i] != '/')
			text[at++] = '\\';
		text[at++] = path[i];
	}
	text[at] = 0;
	require(tusk_filter_exclude(filter, text, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, 0, size) : NULL;
	struct tusk_filter *filter = NULL;
	if (!end)
		return 0;
	require(tusk_filter_new(&filter, NULL) == 0);
	for (const uint8_t *line = data; line < end;) {
		const uint8_t *newline = memchr(line, '\n', (size_t)(end - line));
		const uint8_t *stop = newline ? newline : end;
		add_line(filter, line, (size_t)(stop - line));
		line = stop + 1;
	}
	char path[LINE_MAX_BYTES] = "/";
	size_t len = 1;
	for (const uint8_t *at = end + 1; at < data + size && len < 200; at++)
		if (*at && (*at != '/' || path[len - 1] != '/'))
			path[len++] = (char)*at;
	while (len > 1 && path[len - 1] == '/')
		len--;
	tusk_filter_leaves_out(filter, path, len, false);
	tusk_filter_leaves_out(filter, path, len, true);
	if (len > 1) {
		add_quoted(filter, path, len);
		require(tusk_filter_leaves_out(filter, path, len, false));
	}
	tusk_filter_free(filter);
	return 0;
}
