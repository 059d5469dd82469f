/* The calendar of snapshots that are kept. */
#include "pipeline/charts.h"

#include <string.h>
#include <time.h>

#define WEEKS 53
#define CELL  16
#define LEFT  40
#define TOP   22

static int64_t day_number(int64_t time)
{
	time_t moment = time;
	struct tm local;
	localtime_r(&moment, &local);
	local.tm_hour = 12;
	local.tm_min = local.tm_sec = 0;
	local.tm_isdst = 0;
	return timegm(&local) / 86400;
}

static void put_day(FILE *out, int64_t day, int week, int weekday, unsigned snapshots)
{
	char text[24];
	time_t moment = day * 86400;
	struct tm date;
	gmtime_r(&moment, &date);
	strftime(text, sizeof(text), "%a %d %b %Y", &date);
	unsigned shade = snapshots > 3 ? 4 : snapshots;
	fprintf(out,
		"<rect class=\"day d%u\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"><title>%s: %u "
		"snapshot%s</title></rect>\n",
		shade, LEFT + week * CELL, TOP + weekday * CELL, CELL - 3, CELL - 3, text, snapshots,
		snapshots == 1 ? "" : "s");
}

/* Above the first column of a month. */
static void put_month(FILE *out, int64_t day, int week, int *last)
{
	char text[8];
	time_t moment = day * 86400;
	struct tm date;
	gmtime_r(&moment, &date);
	if (date.tm_mon == *last)
		return;
	*last = date.tm_mon;
	strftime(text, sizeof(text), "%b", &date);
	fprintf(out, "<text class=\"tick\" x=\"%d\" y=\"%d\">%s</text>\n", LEFT + week * CELL, TOP - 7, text);
}

void pipeline_chart_calendar(FILE *out, const struct pipeline_point *points, size_t count, int64_t now)
{
	unsigned counts[WEEKS * 7] = {0};
	static const char *const names[] = {"Mon", "", "Wed", "", "Fri", "", "Sun"};
	int64_t today = day_number(now);
	/* 1 January 1970 was a Thursday. */
	int64_t monday = today - (today + 3) % 7 - 7 * (WEEKS - 1);
	int month = -1;
	for (size_t i = 0; i < count; i++) {
		int64_t day = day_number(points[i].time) - monday;
		if (day >= 0 && day < WEEKS * 7)
			counts[day]++;
	}
	fprintf(out, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\"><title>Days with snapshots</title>\n",
		LEFT + WEEKS * CELL, TOP + 7 * CELL);
	for (int i = 0; i < 7; i++)
		fprintf(out, "<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 6,
			TOP + i * CELL + 11, names[i]);
	for (int week = 0; week < WEEKS; week++) {
		put_month(out, monday + 7 * week, week, &month);
		for (int weekday = 0; weekday < 7 && monday + 7 * week + weekday <= today; weekday++)
			put_day(out, monday + 7 * week + weekday, week, weekday, counts[7 * week + weekday]);
	}
	fputs("</svg>\n", out);
}
