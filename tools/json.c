/* The only file that includes jansson. */
#include "json.h"

#include "tusk/cleanup.h"
#include "tusk/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct tusk_json {
	json_t *root;
	bool failed;
};

struct tusk_json *tusk_json_new(const char *type)
{
	struct tusk_json *json = calloc(1, sizeof(*json));
	if (!json)
		return NULL;
	json->root = json_object();
	json->failed = !json->root;
	tusk_json_count(json, "v", 1);
	tusk_json_text(json, "type", type);
	return json;
}

static void set(struct tusk_json *json, const char *key, json_t *value)
{
	if (!json || !json->root)
		json_decref(value);
	else if (json_object_set_new(json->root, key, value) < 0)
		json->failed = true;
}

/* Length of the valid UTF-8 sequence at text, 0 if there is none. */
static size_t sequence(const char *text, size_t len)
{
	for (size_t n = 1; n <= 4 && n <= len; n++)
		if (tusk_text_is_utf8(text, n))
			return n;
	return 0;
}

static json_t *lossy(const char *bytes, size_t len)
{
	TUSK_AUTO_BUF struct tusk_buf text = {0};
	for (size_t i = 0; i < len;) {
		size_t n = sequence(bytes + i, len - i);
		if (tusk_buf_append(&text, n ? bytes + i : "\xef\xbf\xbd", n ? n : 3) < 0)
			return NULL;
		i += n ? n : 1;
	}
	return json_stringn((const char *)text.data, text.len);
}

static json_t *base64(const uint8_t *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	TUSK_AUTO_BUF struct tusk_buf text = {0};
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t group = (uint32_t)bytes[i] << 16;
		group |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
		group |= left > 2 ? bytes[i + 2] : 0;
		char four[4] = {digits[group >> 18], digits[(group >> 12) & 63],
				left > 1 ? digits[(group >> 6) & 63] : '=', left > 2 ? digits[group & 63] : '='};
		if (tusk_buf_append(&text, four, sizeof(four)) < 0)
			return NULL;
	}
	return json_stringn((const char *)text.data, text.len);
}

void tusk_json_bytes(struct tusk_json *json, const char *key, const void *bytes, size_t len)
{
	if (len == 0 || tusk_text_is_utf8(bytes, len)) {
		set(json, key, json_stringn(len ? bytes : "", len));
		return;
	}
	char exact[64];
	snprintf(exact, sizeof(exact), "%s_b64", key);
	set(json, key, lossy(bytes, len));
	set(json, exact, base64(bytes, len));
}

void tusk_json_text(struct tusk_json *json, const char *key, const char *text)
{
	tusk_json_bytes(json, key, text, strlen(text));
}

void tusk_json_count(struct tusk_json *json, const char *key, uint64_t count)
{
	set(json, key, json_integer(count > INT64_MAX ? INT64_MAX : (json_int_t)count));
}

void tusk_json_integer(struct tusk_json *json, const char *key, int64_t number)
{
	set(json, key, json_integer(number));
}

void tusk_json_flag(struct tusk_json *json, const char *key, bool flag)
{
	set(json, key, json_boolean(flag));
}

void tusk_json_time(struct tusk_json *json, const char *key, struct timespec time)
{
	char text[40];
	tusk_text_time_rfc3339(time, text);
	set(json, key, json_string(text));
}

void tusk_json_id(struct tusk_json *json, const char *key, const struct tusk_id *id)
{
	tusk_json_hex(json, key, id->bytes, sizeof(id->bytes));
}

void tusk_json_hex(struct tusk_json *json, const char *key, const void *bytes, size_t len)
{
	char text[TUSK_ID_TEXT_SIZE];
	tusk_hex_encode(bytes, len <= TUSK_ID_SIZE ? len : TUSK_ID_SIZE, text);
	set(json, key, json_string(text));
}

void tusk_json_strings(struct tusk_json *json, const char *key, const struct tusk_strings *strings)
{
	json_t *array = json_array();
	bool exact = true;
	for (size_t i = 0; i < strings->count; i++) {
		const char *text = strings->items[i];
		exact = exact && tusk_text_is_utf8(text, strlen(text));
		if (json_array_append_new(array, lossy(text, strlen(text))) < 0 && json)
			json->failed = true;
	}
	set(json, key, array);
	if (exact)
		return;

	char name[64];
	snprintf(name, sizeof(name), "%s_b64", key);
	json_t *bytes = json_array();
	for (size_t i = 0; i < strings->count; i++) {
		const char *text = strings->items[i];
		if (json_array_append_new(bytes, base64((const uint8_t *)text, strlen(text))) < 0 && json)
			json->failed = true;
	}
	set(json, name, bytes);
}

int tusk_json_print(struct tusk_json *json, FILE *out)
{
	if (!json)
		return -1;
	bool failed = json->failed;
	TUSK_AUTO_FREE char *text = failed ? NULL : json_dumps(json->root, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(json->root);
	free(json);
	if (!text)
		return -1;
	fputs(text, out);
	fputc('\n', out);
	return 0;
}

static bool value_text(const json_t *value, char *ret_text, size_t size)
{
	if (json_is_string(value))
		snprintf(ret_text, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(ret_text, size, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(ret_text, size, "%s", json_is_true(value) ? "true" : "false");
	else
		return false;
	return true;
}

/* The value in one line of that type; on to the next line. */
static bool next_line(const char **lines, const char *type, const char *key, char *ret_text, size_t size)
{
	size_t len = strcspn(*lines, "\n");
	json_t *root = json_loadb(*lines, len, 0, NULL);
	const char *its = root ? json_string_value(json_object_get(root, "type")) : NULL;
	bool found = its && (!type || strcmp(its, type) == 0) && value_text(json_object_get(root, key), ret_text, size);
	json_decref(root);
	*lines += len + ((*lines)[len] == '\n');
	return found;
}

bool tusk_json_find(const char *lines, const char *type, const char *key, char *ret_text, size_t size)
{
	bool found = false;
	while (*lines)
		found = next_line(&lines, type, key, ret_text, size) || found;
	return found;
}

uint64_t tusk_json_find_count(const char *lines, const char *type, const char *key)
{
	char text[32];
	return tusk_json_find(lines, type, key, text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
}

uint64_t tusk_json_matches(const char *lines, const char *type, const char *key, const char *value)
{
	uint64_t count = 0;
	char text[256];
	while (*lines)
		count += next_line(&lines, type, key, text, sizeof(text)) && strcmp(text, value) == 0;
	return count;
}
