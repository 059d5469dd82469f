/* Walking a document by tables, and the setters for simple values. */
#include "pipeline/loader.h"
#include "tusk/text.h"

#include <stdarg.h>
#include <string.h>

#define COUNT_MAX 1000000000u

int pipeline_complain(struct pipeline_loader *loader, struct pipeline_place place, const char *format, ...)
{
	char text[TUSK_ERR_MESSAGE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return tusk_err_set(loader->err, TUSK_E_USAGE, 0, "%s:%u:%u: %s", loader->pipeline->file, place.line,
			    place.column, text);
}

int pipeline_no_memory(struct pipeline_loader *loader)
{
	return tusk_err_set(loader->err, TUSK_E_NOMEM, 0, "out of memory");
}

void pipeline_suggest(const char *word, const char *const *candidates, char *ret_text, size_t size)
{
	const char *nearest = tusk_text_nearest(word, candidates);
	snprintf(ret_text, size, "%s%s%s", nearest ? "; did you mean \"" : "", nearest ? nearest : "",
		 nearest ? "\"?" : "");
}

static const struct pipeline_field *find_field(struct pipeline_loader *loader, const struct pipeline_yaml *key,
					       const struct pipeline_field *fields)
{
	const char *names[64];
	size_t count = 0;
	for (const struct pipeline_field *field = fields; field->key; field++) {
		if (strcmp(field->key, key->text) == 0)
			return field;
		if (count + 1 < sizeof(names) / sizeof(names[0]))
			names[count++] = field->key;
	}
	names[count] = NULL;
	char hint[128];
	pipeline_suggest(key->text, names, hint, sizeof(hint));
	pipeline_complain(loader, key->place, "unknown key \"%s\"%s", key->text, hint);
	return NULL;
}

static const char *kind_name(const struct pipeline_yaml *value)
{
	static const char *const names[] = {"a text", "a list", "a mapping"}; /* by enum pipeline_yaml_kind */
	return value->kind == PIPELINE_YAML_TEXT && !*value->text ? "nothing" : names[value->kind];
}

int pipeline_fill(struct pipeline_loader *loader, const char *what, const struct pipeline_yaml *map,
		  const struct pipeline_field *fields, void *object)
{
	if (map->kind != PIPELINE_YAML_MAP)
		return pipeline_complain(loader, map->place, "%s: expected a mapping, found %s", what, kind_name(map));
	for (size_t i = 0; i + 1 < map->count; i += 2) {
		const struct pipeline_yaml *key = &map->items[i];
		const struct pipeline_field *field = find_field(loader, key, fields);
		if (!field)
			return -1;
		for (size_t j = 0; j < i; j += 2)
			if (strcmp(map->items[j].text, key->text) == 0)
				return pipeline_complain(loader, key->place,
							 "key \"%s\" is given twice; the first is in line %u",
							 key->text, map->items[j].place.line);
		if (field->set(loader, key->text, &map->items[i + 1], (char *)object + field->offset) < 0)
			return -1;
	}
	return 0;
}

static int wrong(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
		 const char *expected)
{
	if (value->kind == PIPELINE_YAML_TEXT && *value->text)
		return pipeline_complain(loader, value->place, "%s: expected %s, found \"%s\"", key, expected,
					 value->text);
	return pipeline_complain(loader, value->place, "%s: expected %s, found %s", key, expected, kind_name(value));
}

static bool is_text(const struct pipeline_yaml *value)
{
	return value->kind == PIPELINE_YAML_TEXT && *value->text;
}

int pipeline_set_text(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	if (!is_text(value))
		return wrong(loader, key, value, "a text");
	*(const char **)member = value->text;
	return 0;
}

int pipeline_set_words(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	struct tusk_words *words = member;
	size_t count = value->kind == PIPELINE_YAML_LIST ? value->count : 1;
	const struct pipeline_yaml *items = value->kind == PIPELINE_YAML_LIST ? value->items : value;
	if (value->kind == PIPELINE_YAML_MAP || (value->kind == PIPELINE_YAML_TEXT && !is_text(value)))
		return wrong(loader, key, value, "a text or a list of texts");
	words->items = calloc(count + 1, sizeof(*words->items));
	if (!words->items)
		return pipeline_no_memory(loader);
	for (size_t i = 0; i < count; i++) {
		if (!is_text(&items[i]))
			return wrong(loader, key, &items[i], "a text");
		words->items[words->count++] = items[i].text;
	}
	return 0;
}

int pipeline_set_command(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
			 void *member)
{
	struct tusk_words *words = member;
	if (value->kind != PIPELINE_YAML_TEXT)
		return pipeline_set_words(loader, key, value, member);
	if (!is_text(value))
		return wrong(loader, key, value, "a command or a list of arguments");
	words->items = calloc(4, sizeof(*words->items));
	if (!words->items)
		return pipeline_no_memory(loader);
	words->items[0] = "/bin/sh";
	words->items[1] = "-c";
	words->items[2] = value->text;
	words->count = 3;
	return 0;
}

int pipeline_set_flag(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	static const char *const yes[] = {"true", "yes", "on"}, *const no[] = {"false", "no", "off"};
	for (int i = 0; is_text(value) && i < 3; i++) {
		if (strcmp(value->text, yes[i]) == 0 || strcmp(value->text, no[i]) == 0) {
			*(bool *)member = strcmp(value->text, yes[i]) == 0;
			return 0;
		}
	}
	return wrong(loader, key, value, "true or false");
}

/* Digits at the beginning of text, at most COUNT_MAX; ret_rest is what follows. */
static bool take_count(const char *text, uint64_t *ret_count, const char **ret_rest)
{
	uint64_t count = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9'; at++) {
		count = 10 * count + (uint64_t)(*at - '0');
		if (count > COUNT_MAX)
			return false;
	}
	*ret_count = count;
	*ret_rest = at;
	return at != text;
}

int pipeline_set_count(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	uint64_t count;
	const char *rest;
	if (!is_text(value) || !take_count(value->text, &count, &rest) || *rest)
		return wrong(loader, key, value, "a number");
	*(uint64_t *)member = count;
	return 0;
}

int pipeline_set_size(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	uint64_t size;
	if (!is_text(value) || tusk_text_parse_size(value->text, &size) < 0)
		return wrong(loader, key, value, "a size such as 512K, 20M or 2G");
	*(uint64_t *)member = size;
	return 0;
}

int pipeline_set_duration(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
			  void *member)
{
	static const char units[] = "smhdw";
	static const uint64_t seconds[] = {1, 60, 3600, 86400, 604800};
	uint64_t count;
	const char *rest, *unit = NULL;
	if (is_text(value) && take_count(value->text, &count, &rest) && *rest && !rest[1])
		unit = strchr(units, *rest);
	if (!unit)
		return wrong(loader, key, value, "a duration such as 90m, 36h, 7d or 2w");
	*(uint64_t *)member = count * seconds[unit - units];
	return 0;
}

int pipeline_set_percent(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
			 void *member)
{
	uint64_t count;
	const char *rest;
	if (!is_text(value) || !take_count(value->text, &count, &rest) || strcmp(rest, "%") != 0 || count > 100 ||
	    count == 0)
		return wrong(loader, key, value, "a share such as 50%");
	*(uint64_t *)member = count;
	return 0;
}
