#include "snapfind.h"

#include "tusk/text.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_MIN     4u
#define CANDIDATES_MAX 5u

/* "7f3a91c2 (2026-11-22 14:07)" */
static void describe(const struct tusk_snapshot *snapshot, char ret_text[64])
{
	char id[TUSK_ID_TEXT_SIZE], when[32];
	tusk_id_text(&snapshot->id, id);
	tusk_text_time_local(snapshot->time, when);
	when[strlen("2026-11-22 14:07")] = '\0'; /* without seconds */
	snprintf(ret_text, 64, "%.*s (%s)", (int)TUSK_SHORT_ID_LENGTH, id, when);
}

static int fail_absent(const struct tusk_snapshot_list *list, const char *name, const struct tusk_snapshot *newest,
		       struct tusk_err *err)
{
	char text[64];
	if (list->count == 0)
		return tusk_err_set(err, TUSK_E_ABSENT, 0, "snapshot \"%s\" not found; there are no snapshots", name);
	assert(list->items);
	describe(newest ? newest : &list->items[list->count - 1], text);
	return tusk_err_set(err, TUSK_E_ABSENT, 0, "snapshot \"%s\" not found; newest is %s", name, text);
}

/* ---- by id ---- */

static bool has_prefix(const struct tusk_snapshot *snapshot, const char *prefix, size_t len)
{
	char id[TUSK_ID_TEXT_SIZE];
	tusk_id_text(&snapshot->id, id);
	return strncasecmp(id, prefix, len) == 0;
}

static int fail_ambiguous(const struct tusk_snapshot_list *list, const char *name, struct tusk_err *err)
{
	char text[CANDIDATES_MAX * 68] = "";
	size_t shown = 0, matches = 0, len = 0;

	for (size_t i = list->count; i-- > 0;) {
		char item[64];
		if (!has_prefix(&list->items[i], name, strlen(name)))
			continue;
		matches++;
		if (shown == CANDIDATES_MAX)
			continue;
		describe(&list->items[i], item);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", shown ? ", " : "", item);
		shown++;
	}
	return tusk_err_set(err, TUSK_E_USAGE, 0, "snapshot \"%s\" is ambiguous: %s%s", name, text,
			    matches > shown ? ", ..." : "");
}

static int find_id(const struct tusk_snapshot_list *list, const char *name, const struct tusk_snapshot **ret_snapshot,
		   struct tusk_err *err)
{
	const struct tusk_snapshot *match = NULL;
	size_t len = strlen(name);

	if (len < PREFIX_MIN)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "snapshot \"%s\": give at least %u digits of the id", name,
				    PREFIX_MIN);
	for (size_t i = 0; i < list->count; i++) {
		if (!has_prefix(&list->items[i], name, len))
			continue;
		if (match)
			return fail_ambiguous(list, name, err);
		match = &list->items[i];
	}
	if (!match)
		return fail_absent(list, name, NULL, err);
	*ret_snapshot = match;
	return 0;
}

/* ---- by time and order ---- */

/* What is asked for: the back-th newest, or the newest before a moment; of one source or of all. */
struct wish {
	const char *source; /* NULL: any */
	size_t source_len;
	bool by_time;
	time_t before; /* exclusive */
	unsigned long back;
};

static bool parse_number(const char **text, unsigned digits_max, unsigned long *ret_number)
{
	unsigned long number = 0;
	unsigned digits = 0;
	while (isdigit((unsigned char)**text) && digits < digits_max) {
		number = number * 10 + (unsigned long)(*(*text)++ - '0');
		digits++;
	}
	*ret_number = number;
	return digits > 0;
}

/* "latest", "latest~2" */
static bool parse_latest(const char *text, struct wish *wish)
{
	if (strncmp(text, "latest", strlen("latest")) != 0)
		return false;
	text += strlen("latest");
	if (*text == '\0')
		return true;
	return *text++ == '~' && parse_number(&text, 9, &wish->back) && *text == '\0';
}

/* The start of the day that is days after the one of now; days of 23 and 25 hours are the library's problem. */
static time_t day_start(time_t now, int days)
{
	struct tm tm;
	localtime_r(&now, &tm);
	tm.tm_sec = tm.tm_min = tm.tm_hour = 0;
	tm.tm_mday += days;
	tm.tm_isdst = -1;
	return mktime(&tm);
}

/* "3d", "12h", "2w": that long before now, inclusive. */
static bool parse_ago(const char *text, time_t now, struct wish *wish)
{
	static const struct {
		char unit;
		long seconds;
	} units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	unsigned long number;

	if (!parse_number(&text, 6, &number) || text[0] == '\0' || text[1] != '\0')
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[0] == units[i].unit) {
			wish->before = now - (time_t)number * units[i].seconds + 1;
			return true;
		}
	}
	return false;
}

/* How long a stretch a date names: the newest snapshot before its end is meant. */
enum precision { DAY, MINUTE, SECOND };

static bool parse_clock(const char *text, struct tm *tm, enum precision *ret_precision)
{
	unsigned long hour, minute, second = 0;
	if (*text != 'T' && *text != ' ')
		return false;
	text++;
	if (!parse_number(&text, 2, &hour) || *text++ != ':' || !parse_number(&text, 2, &minute))
		return false;
	*ret_precision = MINUTE;
	if (*text == ':') {
		text++;
		*ret_precision = SECOND;
		if (!parse_number(&text, 2, &second))
			return false;
	}
	tm->tm_hour = (int)hour;
	tm->tm_min = (int)minute;
	tm->tm_sec = (int)second;
	return *text == '\0' && hour < 24 && minute < 60 && second < 61;
}

static bool parse_date(const char *text, struct wish *wish)
{
	struct tm tm = {.tm_isdst = -1};
	enum precision precision = DAY;
	unsigned long year, month, day;

	if (!parse_number(&text, 4, &year) || *text++ != '-' || !parse_number(&text, 2, &month) || *text++ != '-' ||
	    !parse_number(&text, 2, &day) || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	tm.tm_year = (int)year - 1900;
	tm.tm_mon = (int)month - 1;
	tm.tm_mday = (int)day;
	if (*text && !parse_clock(text, &tm, &precision))
		return false;
	struct tm given = tm;
	time_t start = mktime(&tm);
	if (tm.tm_mday != given.tm_mday) /* 31 April */
		return false;
	wish->before = precision == DAY ? day_start(start, 1) : start + (precision == MINUTE ? 60 : 1);
	return true;
}

static bool parse_time(const char *text, time_t now, struct wish *wish)
{
	wish->by_time = true;
	if (strcmp(text, "today") == 0) {
		wish->before = day_start(now, 1);
		return true;
	}
	if (strcmp(text, "yesterday") == 0) {
		wish->before = day_start(now, 0);
		return true;
	}
	return parse_ago(text, now, wish) || parse_date(text, wish);
}

/* "latest~N", "@TIME", "@latest", and both after the name of a source. */
static bool parse_wish(const char *name, time_t now, struct wish *wish)
{
	const char *at = strrchr(name, '@');
	if (!at)
		return parse_latest(name, wish);
	if (at > name) {
		wish->source = name;
		wish->source_len = (size_t)(at - name);
	}
	return parse_latest(at + 1, wish) || parse_time(at + 1, now, wish);
}

static bool is_of_source(const struct tusk_snapshot *snapshot, const struct wish *wish)
{
	return !wish->source || (strlen(snapshot->source) == wish->source_len &&
				 memcmp(snapshot->source, wish->source, wish->source_len) == 0);
}

static int find_wish(const struct tusk_snapshot_list *list, const char *name, const struct wish *wish,
		     const struct tusk_snapshot **ret_snapshot, struct tusk_err *err)
{
	const struct tusk_snapshot *newest = NULL;
	unsigned long back = wish->back;

	for (size_t i = list->count; i-- > 0;) {
		const struct tusk_snapshot *snapshot = &list->items[i];
		if (!is_of_source(snapshot, wish))
			continue;
		if (!newest)
			newest = snapshot;
		if (wish->by_time ? snapshot->time.tv_sec >= wish->before : back-- > 0)
			continue;
		*ret_snapshot = snapshot;
		return 0;
	}
	return fail_absent(list, name, newest, err);
}

int tusk_snapshot_find_at(const struct tusk_snapshot_list *list, const char *name, time_t now,
			  const struct tusk_snapshot **ret_snapshot, struct tusk_err *err)
{
	struct wish wish = {0};
	size_t digits = strspn(name, "0123456789abcdefABCDEF");

	if (name[0] != '\0' && name[digits] == '\0' && digits <= 2 * TUSK_ID_SIZE)
		return find_id(list, name, ret_snapshot, err);
	if (parse_wish(name, now, &wish))
		return find_wish(list, name, &wish, ret_snapshot, err);
	return tusk_err_set(
	    err, TUSK_E_USAGE, 0,
	    "\"%s\" does not name a snapshot: give an id, latest, latest~2, @2026-11-20, @yesterday or @3d", name);
}

int tusk_snapshot_find(const struct tusk_snapshot_list *list, const char *name,
		       const struct tusk_snapshot **ret_snapshot, struct tusk_err *err)
{
	return tusk_snapshot_find_at(list, name, time(NULL), ret_snapshot, err);
}
