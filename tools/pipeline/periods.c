/* Values that speak of time: periods, schedules, shares of the data, drills. */
#include "pipeline/loader.h"
#include "tusk/text.h"

#include <string.h>

static const char *const periods[] = {"never", "hourly", "daily", "weekly", "monthly", NULL}; /* by enum */
static const char *const days[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", NULL};

const char *pipeline_period_name(enum pipeline_period period)
{
	return period == PIPELINE_NEVER ? "" : periods[period];
}

uint64_t pipeline_period_seconds(enum pipeline_period period)
{
	static const uint64_t seconds[] = {0, 3600, 86400, 604800, 2592000};
	return seconds[period];
}

/* The place of word in a list that ends with NULL, or -1. */
static int place_of(const char *word, const char *const *list)
{
	for (int i = 0; list[i]; i++)
		if (strcmp(list[i], word) == 0)
			return i;
	return -1;
}

static int bad(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, const char *expected)
{
	if (value->kind == PIPELINE_YAML_TEXT)
		return pipeline_complain(loader, value->place, "%s: expected %s, found \"%s\"", key, expected,
					 value->text);
	return pipeline_complain(loader, value->place, "%s: expected %s", key, expected);
}

/* Up to four words of a text. */
struct split {
	char words[4][24];
	unsigned count;
};

static bool split(const struct pipeline_yaml *value, struct split *ret_split)
{
	*ret_split = (struct split){.count = 0};
	if (value->kind != PIPELINE_YAML_TEXT)
		return false;
	const char *text = value->text;
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");
		if (ret_split->count == 4 || len >= sizeof(ret_split->words[0]))
			return false;
		memcpy(ret_split->words[ret_split->count++], text, len);
		text += len;
	}
	return ret_split->count > 0;
}

int pipeline_set_period(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
			void *member)
{
	int period = value->kind == PIPELINE_YAML_TEXT ? place_of(value->text, periods) : -1;
	if (period < 0)
		return bad(loader, key, value, "never, hourly, daily, weekly or monthly");
	*(enum pipeline_period *)member = (enum pipeline_period)period;
	return 0;
}

/* "02:30" */
static bool parse_clock(const char *word, struct pipeline_schedule *schedule)
{
	unsigned digits[4];
	if (strlen(word) != 5 || word[2] != ':')
		return false;
	for (int i = 0, at = 0; at < 5; at++) {
		if (at == 2)
			continue;
		if (word[at] < '0' || word[at] > '9')
			return false;
		digits[i++] = (unsigned)(word[at] - '0');
	}
	schedule->hour = 10 * digits[0] + digits[1];
	schedule->minute = 10 * digits[2] + digits[3];
	return schedule->hour < 24 && schedule->minute < 60;
}

static bool parse_day_of_month(const char *word, unsigned *ret_day)
{
	char *end;
	unsigned long day = strtoul(word, &end, 10);
	if (*word < '1' || *word > '9' || *end || day > 28)
		return false;
	*ret_day = (unsigned)day;
	return true;
}

static bool parse_schedule(const struct split *words, struct pipeline_schedule *schedule)
{
	unsigned next = 1;
	int period = place_of(words->words[0], periods);
	if (period < 0)
		return false;
	schedule->period = (enum pipeline_period)period;
	schedule->day = 1;
	if (period == PIPELINE_WEEKLY && next < words->count) {
		int day = place_of(words->words[next], days);
		schedule->weekday = day < 0 ? 0 : (unsigned)day;
		next += day >= 0;
	} else if (period == PIPELINE_MONTHLY && next < words->count) {
		next += parse_day_of_month(words->words[next], &schedule->day);
	}
	if (next < words->count && period >= PIPELINE_DAILY)
		return next + 1 == words->count && parse_clock(words->words[next], schedule);
	return next == words->count;
}

int pipeline_set_schedule(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value,
			  void *member)
{
	struct split words;
	struct pipeline_schedule schedule = {0};
	if (!split(value, &words) || !parse_schedule(&words, &schedule))
		return bad(
		    loader, key, value,
		    "a time such as \"hourly\", \"daily 02:30\", \"weekly sunday 03:00\" or \"monthly 1 04:00\"");
	*(struct pipeline_schedule *)member = schedule;
	return 0;
}

/* "5%", "20": digits, then exactly the rest given. */
static bool parse_amount(const char *word, const char *rest, uint64_t max, uint64_t *ret_amount)
{
	char *end;
	unsigned long amount = strtoul(word, &end, 10);
	if (*word < '1' || *word > '9' || strcmp(end, rest) != 0 || amount > max)
		return false;
	*ret_amount = amount;
	return true;
}

int pipeline_set_share(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	struct pipeline_verify *verify = member;
	struct split words;
	verify->data_percent = 100;
	bool good = split(value, &words) && words.count <= 2 &&
		    (words.count == 1 || parse_amount(words.words[0], "%", 100, &verify->data_percent));
	int period = good ? place_of(words.words[words.count - 1], periods) : -1;
	if (period < 0)
		return bad(loader, key, value, "a share and how often, such as \"5% weekly\"");
	verify->data = (enum pipeline_period)period;
	return 0;
}

int pipeline_set_drill(struct pipeline_loader *loader, const char *key, const struct pipeline_yaml *value, void *member)
{
	struct pipeline_verify *verify = member;
	struct split words;
	bool good = split(value, &words) && words.count == 3 &&
		    parse_amount(words.words[0], "", 100000, &verify->drill_files) &&
		    (strcmp(words.words[1], "files") == 0 || strcmp(words.words[1], "file") == 0);
	int period = good ? place_of(words.words[2], periods) : -1;
	if (period < 0)
		return bad(loader, key, value, "a number of files and how often, such as \"20 files weekly\"");
	verify->drill = (enum pipeline_period)period;
	return 0;
}
