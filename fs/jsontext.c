#include "jsontext.h"

#include "tusk/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static void append(struct tuskfs_text *text, const void *data, size_t len)
{
	if (!text->failed && tusk_buf_append(&text->buf, data, len) < 0)
		text->failed = true;
}

void tuskfs_text_add(struct tuskfs_text *text, const char *format, ...)
{
	char *line = NULL;
	va_list arguments;
	va_start(arguments, format);
	int len = vasprintf(&line, format, arguments);
	va_end(arguments);
	if (len < 0) {
		text->failed = true;
		return;
	}
	append(text, line, (size_t)len);
	free(line);
}

/* How many bytes of valid UTF-8 are at the start: one character, or 0. */
static size_t character(const char *string)
{
	for (size_t len = 1; len <= 4 && string[len - 1]; len++) {
		if (tusk_text_is_utf8(string, len))
			return len;
	}
	return 0;
}

void tuskfs_text_quote(struct tuskfs_text *text, const char *string)
{
	append(text, "\"", 1);
	while (*string) {
		size_t len = character(string);
		unsigned char c = (unsigned char)*string;
		bool control = c < 0x20 || c == 0x7f;
		if (len == 0 || (control && c != '\n' && text->labels))
			append(text, "\xef\xbf\xbd", 3);
		else if (c == '"' || c == '\\')
			tuskfs_text_add(text, "\\%c", c);
		else if (c == '\n')
			append(text, "\\n", 2);
		else if (control)
			tuskfs_text_add(text, "\\u%04x", c);
		else
			append(text, string, len);
		string += len ? len : 1;
	}
	append(text, "\"", 1);
}

static void begin(struct tuskfs_text *text, const char *key)
{
	if (text->comma)
		append(text, ",", 1);
	text->comma = true;
	if (key)
		tuskfs_text_add(text, "\"%s\":", key);
}

void tuskfs_json_open(struct tuskfs_text *text, const char *key, char bracket)
{
	begin(text, key);
	append(text, &bracket, 1);
	text->comma = false;
}

void tuskfs_json_close(struct tuskfs_text *text, char bracket)
{
	append(text, &bracket, 1);
	text->comma = true;
}

void tuskfs_json_string(struct tuskfs_text *text, const char *key, const char *string)
{
	begin(text, key);
	tuskfs_text_quote(text, string);
}

void tuskfs_json_count(struct tuskfs_text *text, const char *key, uint64_t count)
{
	begin(text, key);
	tuskfs_text_add(text, "%" PRIu64, count);
}

void tuskfs_json_time(struct tuskfs_text *text, const char *key, struct timespec time)
{
	char when[40];
	tusk_text_time_rfc3339(time, when);
	tuskfs_json_string(text, key, when);
}

void tuskfs_json_id(struct tuskfs_text *text, const char *key, const struct tusk_id *id)
{
	char digits[TUSK_ID_TEXT_SIZE];
	tusk_id_text(id, digits);
	tuskfs_json_string(text, key, digits);
}

void tuskfs_json_strings(struct tuskfs_text *text, const char *key, const struct tusk_strings *strings)
{
	tuskfs_json_open(text, key, '[');
	for (size_t i = 0; i < strings->count; i++)
		tuskfs_json_string(text, NULL, strings->items[i]);
	tuskfs_json_close(text, ']');
}
