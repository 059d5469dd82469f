/* Which snapshots stay. */
#include "tusk/forget.h"

#include "tusk/cleanup.h"

#include <string.h>

#define SPAN_MAX 100000u

int tusk_span_parse(const char *text, struct tusk_span *ret_span)
{
	struct tusk_span span = {0};
	unsigned seen = 0;

	if (!*text)
		return -1;
	while (*text) {
		static const char units[] = "ymwdh";
		unsigned long number = 0;
		size_t digits = strspn(text, "0123456789");
		const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;

		if (digits == 0 || digits > 6 || !unit || (seen & 1u << (unit - units)))
			return -1;
		number = strtoul(text, NULL, 10);
		if (number > SPAN_MAX)
			return -1;
		seen |= 1u << (unit - units);
		unsigned *const fields[] = {&span.years, &span.months, &span.days, &span.days, &span.hours};
		*fields[unit - units] += (unsigned)number * (*unit == 'w' ? 7 : 1);
		text += digits + 1;
	}
	*ret_span = span;
	return 0;
}

bool tusk_policy_is_empty(const struct tusk_policy *policy)
{
	for (size_t i = 0; i < TUSK_KEEP_KINDS; i++)
		if (policy->keep[i])
			return false;
	return !policy->has_within && policy->tag_count == 0;
}

/* ---- groups ---- */

static int compare_strings(const struct tusk_strings *a, const struct tusk_strings *b)
{
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	for (size_t i = 0; i < a->count; i++) {
		int order = strcmp(a->items[i], b->items[i]);
		if (order)
			return order;
	}
	return 0;
}

static int compare_group(const struct tusk_snapshot *a, const struct tusk_snapshot *b)
{
	int order = strcmp(a->host, b->host);
	return order ? order : compare_strings(&a->paths, &b->paths);
}

static int compare(const void *left, const void *right)
{
	const struct tusk_snapshot *a = ((const struct tusk_verdict *)left)->snapshot;
	const struct tusk_snapshot *b = ((const struct tusk_verdict *)right)->snapshot;
	int order = compare_group(a, b);

	if (order)
		return order;
	if (a->time.tv_sec != b->time.tv_sec)
		return a->time.tv_sec > b->time.tv_sec ? -1 : 1;
	if (a->time.tv_nsec != b->time.tv_nsec)
		return a->time.tv_nsec > b->time.tv_nsec ? -1 : 1;
	return tusk_id_compare(&b->id, &a->id);
}

/* ---- periods ---- */

/* A number that is the same for two times iff they lie in the same period. */
static int64_t period_of(enum tusk_keep_kind kind, const struct tm *when)
{
	int64_t year = when->tm_year + 1900, day = year * 366 + when->tm_yday;

	switch (kind) {
	case TUSK_KEEP_HOURLY:
		return day * 24 + when->tm_hour;
	case TUSK_KEEP_DAILY:
		return day;
	case TUSK_KEEP_WEEKLY: {
		char text[32];
		strftime(text, sizeof(text), "%G %V", when);
		char *week;
		int64_t iso_year = strtoll(text, &week, 10);
		return iso_year * 60 + strtoll(week, NULL, 10);
	}
	case TUSK_KEEP_MONTHLY:
		return year * 12 + when->tm_mon;
	case TUSK_KEEP_YEARLY:
		return year;
	case TUSK_KEEP_LAST:
	case TUSK_KEEP_KINDS:
		break;
	}
	return 0;
}

/* The time a span before another, by the calendar. */
static time_t before(time_t newest, const struct tusk_span *span)
{
	struct tm when;

	localtime_r(&newest, &when);
	when.tm_year -= (int)span->years;
	when.tm_mon -= (int)span->months;
	when.tm_mday -= (int)span->days;
	when.tm_hour -= (int)span->hours;
	when.tm_isdst = -1;
	return mktime(&when);
}

static bool has_tag(const struct tusk_policy *policy, const struct tusk_strings *tags)
{
	for (size_t i = 0; i < policy->tag_count; i++) {
		if (policy->tags[i][0] == '\0' && tags->count)
			return true;
		for (size_t k = 0; k < tags->count; k++)
			if (strcmp(policy->tags[i], tags->items[k]) == 0)
				return true;
	}
	return false;
}

/* One group, the newest first. */
static void judge_group(const struct tusk_policy *policy, struct tusk_verdict *verdicts, size_t count)
{
	uint32_t left[TUSK_KEEP_KINDS];
	int64_t last[TUSK_KEEP_KINDS] = {0};
	bool any[TUSK_KEEP_KINDS] = {false};
	time_t from = before(verdicts[0].snapshot->time.tv_sec, &policy->within);

	memcpy(left, policy->keep, sizeof(left));
	for (size_t i = 0; i < count; i++) {
		const struct tusk_snapshot *snapshot = verdicts[i].snapshot;
		struct tm when;

		localtime_r(&snapshot->time.tv_sec, &when);
		for (unsigned kind = 0; kind < TUSK_KEEP_KINDS; kind++) {
			int64_t period = kind == TUSK_KEEP_LAST ? (int64_t)i : period_of(kind, &when);
			if (!left[kind] || (any[kind] && last[kind] == period))
				continue;
			any[kind] = true;
			last[kind] = period;
			left[kind] -= left[kind] != TUSK_KEEP_ALL;
			verdicts[i].reasons |= 1u << kind;
		}
		if (policy->has_within && snapshot->time.tv_sec > from)
			verdicts[i].reasons |= TUSK_KEPT_WITHIN;
		if (has_tag(policy, &snapshot->tags))
			verdicts[i].reasons |= TUSK_KEPT_TAG;
		if (snapshot->pinned)
			verdicts[i].reasons |= TUSK_KEPT_PIN;
	}
}

int tusk_policy_apply(const struct tusk_policy *policy, const struct tusk_snapshot *const *items, size_t count,
		      struct tusk_verdict **ret_verdicts, struct tusk_err *err)
{
	struct tusk_verdict *verdicts = calloc(count + 1, sizeof(*verdicts));
	size_t group = 0;

	if (!verdicts)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < count; i++)
		verdicts[i].snapshot = items[i];
	if (count > 1)
		qsort(verdicts, count, sizeof(*verdicts), compare);
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from; to < count && compare_group(verdicts[from].snapshot, verdicts[to].snapshot) == 0; to++)
			verdicts[to].group = group;
		judge_group(policy, verdicts + from, to - from);
		group++;
	}
	*ret_verdicts = verdicts;
	return 0;
}
