/* Periods, durations and retention as a person would say them. */
#include "pipeline/words.h"

#include <string.h>

void pipeline_words_keep(const struct pipeline_keep *keep, char *ret_text, size_t size)
{
	const struct {
		uint64_t count;
		const char *word;
	} parts[] = {{keep->last, "last"},     {keep->hourly, "hourly"},   {keep->daily, "daily"},
		     {keep->weekly, "weekly"}, {keep->monthly, "monthly"}, {keep->yearly, "yearly"}};
	size_t used = 0;
	ret_text[0] = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && used < size; i++)
		if (parts[i].count)
			used += (size_t)snprintf(ret_text + used, size - used, "%s%llu %s", used ? ", " : "",
						 (unsigned long long)parts[i].count, parts[i].word);
	if (keep->within_s && used < size) {
		char age[32];
		pipeline_words_duration(keep->within_s, age, sizeof(age));
		used += (size_t)snprintf(ret_text + used, size - used, "%sall of the last %s", used ? ", " : "", age);
	}
	if (!used)
		snprintf(ret_text, size, "all");
}

void pipeline_words_schedule(const struct pipeline_schedule *s, char *ret_text, size_t size)
{
	static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
					   "Friday", "Saturday", "Sunday"};
	switch (s->period) {
	case PIPELINE_NEVER:
		snprintf(ret_text, size, "when it is run");
		return;
	case PIPELINE_HOURLY:
		snprintf(ret_text, size, "every hour");
		return;
	case PIPELINE_DAILY:
		snprintf(ret_text, size, "every day %02u:%02u", s->hour, s->minute);
		return;
	case PIPELINE_WEEKLY:
		snprintf(ret_text, size, "%ss %02u:%02u", days[s->weekday], s->hour, s->minute);
		return;
	case PIPELINE_MONTHLY:
		snprintf(ret_text, size, "monthly, the %u. %02u:%02u", s->day, s->hour, s->minute);
		return;
	}
}

static const struct {
	uint64_t seconds;
	const char *one, *many;
} units[] = {{604800, "week", "weeks"}, {86400, "day", "days"}, {3600, "h", "h"}, {60, "min", "min"}, {1, "s", "s"}};
#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

void pipeline_words_duration(uint64_t seconds, char *ret_text, size_t size)
{
	size_t unit = 0;
	while (unit + 1 < UNIT_COUNT && (seconds % units[unit].seconds || seconds < units[unit].seconds))
		unit++;
	uint64_t count = seconds / units[unit].seconds;
	snprintf(ret_text, size, "%llu %s", (unsigned long long)count, count == 1 ? units[unit].one : units[unit].many);
}

/* A unit is used from two of it on, so that 36 h are not "1 day". */
void pipeline_words_age(uint64_t seconds, char *ret_text, size_t size)
{
	size_t unit = 0;
	while (unit + 1 < UNIT_COUNT && seconds < 2 * units[unit].seconds)
		unit++;
	uint64_t count = seconds / units[unit].seconds;
	snprintf(ret_text, size, "%llu %s", (unsigned long long)count, count == 1 ? units[unit].one : units[unit].many);
}

const struct pipeline_keep *pipeline_keep_of(const struct pipeline *pipeline, const struct pipeline_node *node)
{
	return node->keep.given ? &node->keep : &pipeline->keep;
}
