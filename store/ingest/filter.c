#include "filter_match.h"

#include "globbing.h"

#include "fileio.h"
#include "tusk/cleanup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX      (16u << 20)
#define CACHE_TAG     "CACHEDIR.TAG"
#define CACHE_HEADER  "Signature: 8a477f597d28d172789f06886806bc55"
#define LEADING_CHARS "\\*?["

/* How the text of a pattern is compared. Most patterns are names or suffixes and never reach the matcher. */
enum shape {
	SHAPE_LITERAL, /* text equals the name */
	SHAPE_SUFFIX,  /* "*" and then text */
	SHAPE_GLOB
};

struct pattern {
	char *text; /* without "!", without the slashes at its ends */
	size_t len;
	enum shape shape;
	bool includes;       /* "!" */
	bool only_directory; /* "name/" */
	bool has_slash;      /* compared with the path, not with the name */
	bool anchored;       /* "/a": from the root */
};

struct tag {
	char *name, *header;
};

struct tusk_filter {
	struct pattern *patterns;
	size_t count, capacity;
	struct tag *tags;
	size_t tag_count;
	uint64_t max_size;
	bool has_max_size, nodump, one_device, caches;
};

int tusk_filter_new(struct tusk_filter **ret_filter, struct tusk_err *err)
{
	struct tusk_filter *filter = calloc(1, sizeof *filter);
	if (!filter)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	*ret_filter = filter;
	return 0;
}

void tusk_filter_free(struct tusk_filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->count; i++)
		free(filter->patterns[i].text);
	for (size_t i = 0; i < filter->tag_count; i++) {
		free(filter->tags[i].name);
		free(filter->tags[i].header);
	}
	free(filter->patterns);
	free(filter->tags);
	free(filter);
}

/* ---- compiling ---- */

static enum shape shape_of(const struct pattern *pattern)
{
	size_t plain = strcspn(pattern->text, LEADING_CHARS);
	if (plain == pattern->len)
		return SHAPE_LITERAL;
	bool suffix = pattern->text[0] == '*' && strcspn(pattern->text + 1, LEADING_CHARS) == pattern->len - 1;
	return suffix && !pattern->has_slash ? SHAPE_SUFFIX : SHAPE_GLOB;
}

static int compile(const char *text, struct pattern *ret_pattern)
{
	struct pattern pattern = {0};
	if (*text == '!') {
		pattern.includes = true;
		text++;
	}
	pattern.anchored = *text == '/';
	text += strspn(text, "/");
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == '/') {
		pattern.only_directory = true;
		len--;
	}
	pattern.text = strndup(text, len);
	if (!pattern.text)
		return -1;
	pattern.len = len;
	pattern.has_slash = pattern.anchored || strchr(pattern.text, '/');
	pattern.shape = shape_of(&pattern);
	*ret_pattern = pattern;
	return 0;
}

int tusk_filter_exclude(struct tusk_filter *filter, const char *text, struct tusk_err *err)
{
	struct pattern pattern;
	if (filter->count == filter->capacity) {
		size_t capacity = filter->capacity ? filter->capacity * 2 : 16;
		struct pattern *patterns = realloc(filter->patterns, capacity * sizeof *patterns);
		if (!patterns)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
		filter->patterns = patterns;
		filter->capacity = capacity;
	}
	if (compile(text, &pattern) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (pattern.len == 0) {
		free(pattern.text);
		return tusk_err_set(err, TUSK_E_USAGE, 0, "the exclude pattern \"%s\" is empty", text);
	}
	filter->patterns[filter->count++] = pattern;
	return 0;
}

int tusk_filter_exclude_file(struct tusk_filter *filter, const char *path, struct tusk_err *err)
{
	TUSK_AUTO_BUF struct tusk_buf data = {0};
	if (tusk_read_file(AT_FDCWD, path, FILE_MAX, &data, err) < 0)
		return -1;
	if (tusk_buf_append(&data, "", 1) < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	if (memchr(data.data, 0, data.len - 1))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s is not a list of patterns: it holds a NUL byte", path);
	char *rest = (char *)data.data, *line;
	for (unsigned number = 1; (line = strsep(&rest, "\n")) != NULL; number++) {
		size_t len = strlen(line);
		while (len > 0 && strchr(" \t\r\v\f", line[len - 1]))
			line[--len] = 0;
		if (len == 0 || line[0] == '#')
			continue;
		if (tusk_filter_exclude(filter, line, err) < 0)
			return tusk_err_prefix(err, "%s, line %u", path, number);
	}
	return 0;
}

static int add_tag(struct tusk_filter *filter, const char *name, size_t name_len, const char *header)
{
	struct tag *tags = realloc(filter->tags, (filter->tag_count + 1) * sizeof *tags);
	if (!tags)
		return -1;
	filter->tags = tags;
	struct tag tag = {strndup(name, name_len), strdup(header)};
	if (!tag.name || !tag.header) {
		free(tag.name);
		free(tag.header);
		return -1;
	}
	tags[filter->tag_count++] = tag;
	return 0;
}

void tusk_filter_exclude_caches(struct tusk_filter *filter)
{
	filter->caches = true;
}

int tusk_filter_exclude_if_present(struct tusk_filter *filter, const char *name, struct tusk_err *err)
{
	size_t len = strcspn(name, ":");
	if (len == 0 || memchr(name, '/', len))
		return tusk_err_set(err, TUSK_E_USAGE, 0, "\"%s\" is not a file name", name);
	if (add_tag(filter, name, len, name[len] ? name + len + 1 : "") < 0)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	return 0;
}

void tusk_filter_exclude_larger_than(struct tusk_filter *filter, uint64_t bytes)
{
	filter->max_size = bytes;
	filter->has_max_size = true;
}

void tusk_filter_exclude_nodump(struct tusk_filter *filter)
{
	filter->nodump = true;
}

void tusk_filter_one_file_system(struct tusk_filter *filter)
{
	filter->one_device = true;
}

/* ---- asking ---- */

static bool ends_with(const char *text, size_t len, const char *end, size_t end_len)
{
	return len >= end_len && memcmp(text + len - end_len, end, end_len) == 0;
}

static bool matches_path(const struct pattern *pattern, const char *path, size_t len)
{
	if (pattern->shape == SHAPE_LITERAL) {
		if (pattern->anchored)
			return len == pattern->len + 1 && memcmp(path + 1, pattern->text, pattern->len) == 0;
		return len > pattern->len && path[len - pattern->len - 1] == '/' &&
		       ends_with(path, len, pattern->text, pattern->len);
	}
	if (pattern->anchored)
		return tusk_glob_match(pattern->text, pattern->len, path + 1, len - 1);
	for (size_t i = 0; i < len; i++)
		if (path[i] == '/' && tusk_glob_match(pattern->text, pattern->len, path + i + 1, len - i - 1))
			return true;
	return false;
}

static bool matches(const struct pattern *pattern, const char *path, size_t len, const char *name)
{
	size_t name_len = len - (size_t)(name - path);
	if (pattern->has_slash)
		return matches_path(pattern, path, len);
	switch (pattern->shape) {
	case SHAPE_LITERAL:
		return name_len == pattern->len && memcmp(name, pattern->text, name_len) == 0;
	case SHAPE_SUFFIX:
		return ends_with(name, name_len, pattern->text + 1, pattern->len - 1);
	default:
		return tusk_glob_match(pattern->text, pattern->len, name, name_len);
	}
}

bool tusk_filter_leaves_out(const struct tusk_filter *filter, const char *path, size_t len, bool is_directory)
{
	if (!filter || filter->count == 0 || len < 2)
		return false;
	const char *slash = memrchr(path, '/', len);
	const char *name = slash ? slash + 1 : path;
	/* The last pattern that matches wins. */
	for (size_t i = filter->count; i-- > 0;) {
		const struct pattern *pattern = &filter->patterns[i];
		if ((is_directory || !pattern->only_directory) && matches(pattern, path, len, name))
			return !pattern->includes;
	}
	return false;
}

bool tusk_filter_has_patterns(const struct tusk_filter *filter)
{
	return filter && filter->count > 0;
}

bool tusk_filter_is_too_large(const struct tusk_filter *filter, uint64_t size)
{
	return filter && filter->has_max_size && size > filter->max_size;
}

bool tusk_filter_wants_nodump(const struct tusk_filter *filter)
{
	return filter && filter->nodump;
}

bool tusk_filter_stays_on_device(const struct tusk_filter *filter)
{
	return filter && filter->one_device;
}

const char *tusk_filter_tag(const struct tusk_filter *filter, size_t i, const char **ret_header)
{
	if (!filter)
		return NULL;
	if (filter->caches && i == filter->tag_count) {
		*ret_header = CACHE_HEADER;
		return CACHE_TAG;
	}
	if (i >= filter->tag_count)
		return NULL;
	*ret_header = filter->tags[i].header;
	return filter->tags[i].name;
}
