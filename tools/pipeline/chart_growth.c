/* Growth over time. */
#include "pipeline/charts.h"
#include "pipeline/markup.h"
#include "tusk/text.h"

#include <math.h>
#include <time.h>

#define WIDTH      1000.0
#define HEIGHT     340.0
#define LEFT       76.0
#define RIGHT      16.0
#define TOP        14.0
#define CURVES_END 226.0 /* the lower edge of the curves */
#define BARS_TOP   250.0
#define BARS_END   310.0
#define BARS_MAX   400u

/* From values to places. */
struct scale {
	int64_t first, last;
	double top; /* the value at the upper edge */
};

static double x_of(const struct scale *scale, int64_t time)
{
	double span = (double)(scale->last - scale->first);
	return LEFT + (span > 0 ? (double)(time - scale->first) / span : 0.5) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct scale *scale, uint64_t value)
{
	return CURVES_END - (double)value / scale->top * (CURVES_END - TOP);
}

/* The next 1, 2 or 5 times a power of 1024 and 10. */
static double round_up(double value)
{
	double unit = 1;
	while (value / unit >= 1024)
		unit *= 1024;
	double ten = pow(10, floor(log10(fmax(value / unit, 1))));
	static const double steps[] = {1, 2, 4, 5, 8, 10};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (value <= steps[i] * ten * unit)
			return steps[i] * ten * unit;
	return 10 * ten * unit;
}

static void put_grid(FILE *out, const struct scale *scale)
{
	for (int i = 0; i <= 4; i++) {
		char text[16];
		double y = CURVES_END - (CURVES_END - TOP) * i / 4;
		tusk_text_bytes((uint64_t)(scale->top * i / 4), text);
		fprintf(out,
			"<path class=\"grid\" d=\"M%.0f %.1fH%.0f\"/><text class=\"tick\" x=\"%.0f\" y=\"%.1f\" "
			"text-anchor=\"end\">%s</text>\n",
			LEFT, y, WIDTH - RIGHT, LEFT - 8, y + 4, text);
	}
	for (int i = 0; i <= 5; i++) {
		char text[24];
		time_t moment = scale->first + (scale->last - scale->first) * i / 5;
		bool hours = scale->last - scale->first < 3 * 86400;
		struct tm day;
		localtime_r(&moment, &day);
		strftime(text, sizeof(text), hours ? "%d %b %H:%M" : "%d %b %Y", &day);
		fprintf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%.0f\" text-anchor=\"%s\">%s</text>\n",
			x_of(scale, moment), BARS_END + 20,
			i == 0   ? "start"
			: i == 5 ? "end"
				 : "middle",
			text);
		if (scale->first == scale->last)
			break;
	}
}

/* A step curve: nothing changes between two snapshots. */
static void put_curve(FILE *out, const struct scale *scale, const struct pipeline_point *points, size_t count,
		      bool logical)
{
	for (int area = 1; area >= 0; area--) {
		fprintf(out, "<path class=\"%s %s\" d=\"M%.1f %.1f", area ? "area" : "curve",
			logical ? "logical" : "stored", x_of(scale, points[0].time),
			area ? CURVES_END : y_of(scale, logical ? points[0].logical : points[0].stored));
		for (size_t i = 0; i < count; i++) {
			double y = y_of(scale, logical ? points[i].logical : points[i].stored);
			fprintf(out, "H%.1fV%.1f", x_of(scale, points[i].time), y);
		}
		fprintf(out, "H%.1f", x_of(scale, scale->last));
		if (area)
			fprintf(out, "V%.1fZ", CURVES_END);
		fputs("\"/>\n", out);
	}
}

/* One bar a snapshot; where there are too many, one for several. */
static void put_bars(FILE *out, const struct scale *scale, const struct pipeline_point *points, size_t count)
{
	size_t together = (count + BARS_MAX - 1) / BARS_MAX;
	uint64_t most = 1;
	for (size_t i = 0; i < count; i += together) {
		uint64_t sum = 0;
		for (size_t j = i; j < count && j < i + together; j++)
			sum += points[j].added;
		most = sum > most ? sum : most;
	}
	char text[16];
	tusk_text_bytes(most, text);
	fprintf(out,
		"<path class=\"grid\" d=\"M%.0f %.0fH%.0f\"/><text class=\"tick\" x=\"%.0f\" y=\"%.0f\" "
		"text-anchor=\"end\">%s</text>\n",
		LEFT, BARS_END, WIDTH - RIGHT, LEFT - 8, BARS_TOP + 8, text);
	double width = fmin(14, fmax(2, (WIDTH - LEFT - RIGHT) / (double)count * (double)together * 0.6));
	for (size_t i = 0; i < count; i += together) {
		uint64_t sum = 0;
		for (size_t j = i; j < count && j < i + together; j++)
			sum += points[j].added;
		/* The square root lets small additions be seen beside the first backup. */
		double height = fmax(1.5, sqrt((double)sum / (double)most) * (BARS_END - BARS_TOP));
		tusk_text_bytes(sum, text);
		double x = fmin(fmax(x_of(scale, points[i].time) - width / 2, LEFT), WIDTH - RIGHT - width);
		fprintf(out,
			"<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
			"rx=\"1.5\"><title>%s added</title></rect>\n",
			x, BARS_END - height, width, height, text);
	}
}

void pipeline_chart_growth(FILE *out, const struct pipeline_point *points, size_t count, int64_t now)
{
	struct scale scale = {.first = points[0].time, .last = points[count - 1].time, .top = 1};
	if (now > scale.last && now - scale.last < 400 * 86400)
		scale.last = now;
	for (size_t i = 0; i < count; i++)
		scale.top = fmax(scale.top,
				 (double)(points[i].logical > points[i].stored ? points[i].logical : points[i].stored));
	scale.top = round_up(scale.top);
	fprintf(out, "<svg class=\"chart\" viewBox=\"0 0 %.0f %.0f\" role=\"img\"><title>Growth over time</title>\n",
		WIDTH, HEIGHT);
	put_grid(out, &scale);
	put_curve(out, &scale, points, count, true);
	put_curve(out, &scale, points, count, false);
	put_bars(out, &scale, points, count);
	fputs("</svg>\n", out);
}

/* Least squares through what is stored. */
uint64_t pipeline_forecast(const struct pipeline_point *points, size_t count, int64_t now, uint64_t free_bytes)
{
	double n = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
	for (size_t i = 0; i < count; i++) {
		if (points[i].time < now - 60 * 86400 || points[i].time > now)
			continue;
		double x = (double)(points[i].time - now), y = (double)points[i].stored;
		n++;
		sum_x += x;
		sum_y += y;
		sum_xx += x * x;
		sum_xy += x * y;
	}
	double spread = n * sum_xx - sum_x * sum_x;
	if (n < 3 || spread <= 0)
		return 0;
	double slope = (n * sum_xy - sum_x * sum_y) / spread; /* bytes a second */
	double seconds = slope > 0 ? (double)free_bytes / slope : 0;
	return seconds > 0 && seconds < 3.2e9 ? (uint64_t)seconds : 0;
}
