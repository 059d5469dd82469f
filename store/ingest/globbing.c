#include "globbing.h"

#include <string.h>

struct place {
	const char *pattern, *text;
};

/* Two places to return to are enough: what a later "**" can match includes all that an earlier star could have left to
 * it, and a "*" cannot leave its component. */
struct matcher {
	const char *pattern_start, *pattern_end, *text_start, *text_end;
	struct place at;
	struct place star, any;  /* after the last "*", the last "**"; pattern NULL: none */
	bool any_is_directories; /* the "**" stands for whole directories */
};

/* The class at [: its end (after "]"), or NULL when it is not closed. */
static const char *class_end(const char *at, const char *end)
{
	at++;
	if (at < end && (*at == '!' || *at == '^'))
		at++;
	if (at < end && *at == ']')
		at++;
	while (at < end && *at != ']')
		at += *at == '\\' && at + 1 < end ? 2 : 1;
	return at < end ? at + 1 : NULL;
}

/* One member of a class, with its backslash; moves on. */
static unsigned char take_member(const char **at)
{
	if (**at == '\\')
		(*at)++;
	return (unsigned char)*(*at)++;
}

static bool class_matches(const char *at, const char *end, unsigned char byte)
{
	bool negated = false, found = false;
	end--; /* the "]" */
	at++;
	if (*at == '!' || *at == '^') {
		negated = true;
		at++;
	}
	while (at < end) {
		unsigned char low = take_member(&at), high = low;
		if (end - at >= 2 && *at == '-') {
			at++;
			high = take_member(&at);
		}
		found |= low <= byte && byte <= high;
	}
	return found != negated && byte != '/';
}

/* Matches one byte of text against the pattern's next element, which is not a star; moves both on. */
static bool step(struct matcher *m)
{
	struct place *at = &m->at;
	if (at->pattern == m->pattern_end || at->text == m->text_end)
		return false;
	unsigned char byte = (unsigned char)*at->text;
	const char *next = at->pattern + 1;
	bool matched;
	const char *closed = *at->pattern == '[' ? class_end(at->pattern, m->pattern_end) : NULL;
	if (closed) {
		matched = class_matches(at->pattern, closed, byte);
		next = closed;
	} else if (*at->pattern == '?') {
		matched = byte != '/';
	} else {
		if (*at->pattern == '\\' && next < m->pattern_end)
			next++;
		matched = byte == (unsigned char)next[-1];
	}
	if (matched) {
		at->pattern = next;
		at->text++;
	}
	return matched;
}

/* At a "*": notes where to return to. */
static void open_star(struct matcher *m)
{
	const char *start = m->at.pattern;
	while (m->at.pattern < m->pattern_end && *m->at.pattern == '*')
		m->at.pattern++;
	if (m->at.pattern - start == 1) {
		m->star = m->at;
		return;
	}
	/* A component "**" before another one: none or more whole directories. */
	m->any_is_directories = (start == m->pattern_start || start[-1] == '/') && m->at.pattern < m->pattern_end &&
				*m->at.pattern == '/' && (m->at.text == m->text_start || m->at.text[-1] == '/');
	if (m->any_is_directories)
		m->at.pattern++;
	m->any = m->at;
	m->star.pattern = NULL;
}

/* Lets the last star take one byte more, or else the last "**". */
static bool retry(struct matcher *m)
{
	if (m->star.pattern && m->star.text < m->text_end && *m->star.text != '/') {
		m->star.text++;
		m->at = m->star;
		return true;
	}
	m->star.pattern = NULL;
	if (!m->any.pattern)
		return false;
	if (m->any_is_directories) {
		const char *slash = memchr(m->any.text, '/', (size_t)(m->text_end - m->any.text));
		if (!slash)
			return false;
		m->any.text = slash + 1;
	} else {
		if (m->any.text == m->text_end)
			return false;
		m->any.text++;
	}
	m->at = m->any;
	return true;
}

bool tusk_glob_match(const char *pattern, size_t pattern_len, const char *text, size_t text_len)
{
	struct matcher m = {.pattern_start = pattern,
			    .pattern_end = pattern + pattern_len,
			    .text_start = text,
			    .text_end = text + text_len,
			    .at = {pattern, text}};
	for (;;) {
		if (m.at.pattern < m.pattern_end && *m.at.pattern == '*') {
			open_star(&m);
			continue;
		}
		if (m.at.pattern == m.pattern_end && m.at.text == m.text_end)
			return true;
		if (!step(&m) && !retry(&m))
			return false;
	}
}
