/* Text within markup. */
#include "pipeline/markup.h"

#include "tusk/text.h"

#include <string.h>

#define ELLIPSIS    "\xe2\x80\xa6"
#define REPLACEMENT "\xef\xbf\xbd"

void pipeline_markup_text(FILE *out, const char *text)
{
	bool utf8 = tusk_text_is_utf8(text, strlen(text));
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '&')
			fputs("&amp;", out);
		else if (*c == '<')
			fputs("&lt;", out);
		else if (*c == '>')
			fputs("&gt;", out);
		else if (*c == '"')
			fputs("&quot;", out);
		else if ((*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f || (*c >= 0x80 && !utf8))
			fputs(REPLACEMENT, out);
		/* U+FFFE and U+FFFF */
		else if (*c == 0xef && c[1] == 0xbf && c[2] >= 0xbe)
			fputs(REPLACEMENT, out), c += 2;
		else
			putc(*c, out);
	}
}

static size_t characters_in(const char *text)
{
	size_t count = 0;
	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

/* The byte where the character with that number begins. */
static size_t offset_of(const char *text, size_t number)
{
	size_t at = 0;
	for (; text[at]; at++)
		if (((unsigned char)text[at] & 0xc0) != 0x80 && number-- == 0)
			break;
	return at;
}

void pipeline_markup_cut(const char *text, size_t characters, char *ret_text, size_t size)
{
	if (characters_in(text) <= characters)
		snprintf(ret_text, size, "%s", text);
	else
		snprintf(ret_text, size, "%.*s" ELLIPSIS, (int)offset_of(text, characters - 1), text);
}

void pipeline_markup_cut_middle(const char *text, size_t characters, char *ret_text, size_t size)
{
	size_t count = characters_in(text), front = characters / 2, back = characters - front - 1;
	if (count <= characters)
		snprintf(ret_text, size, "%s", text);
	else
		snprintf(ret_text, size, "%.*s" ELLIPSIS "%s", (int)offset_of(text, front), text,
			 text + offset_of(text, count - back));
}
