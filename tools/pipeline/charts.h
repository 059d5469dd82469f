/* Pictures of the report, as inline SVG. Colours are the CSS variables of the page. */
#ifndef TUSK_PIPELINE_CHARTS_H
#define TUSK_PIPELINE_CHARTS_H

#include "pipeline/folders.h"
#include "tusk/snapshot.h"

#include <stdio.h>

/* One moment: a snapshot was made. */
struct pipeline_point {
	int64_t time;     /* seconds since 1970 */
	uint64_t logical; /* the newest snapshot of every source at that time, added up */
	uint64_t stored;  /* what all snapshots up to here have added */
	uint64_t added;   /* what this one has added */
};

/* Curves of logical and stored size above bars of what was added. points: sorted by time, at least one. */
void pipeline_chart_growth(FILE *out, const struct pipeline_point *points, size_t count, int64_t now);
/* A year of days, one column a week, darker with more snapshots. */
void pipeline_chart_calendar(FILE *out, const struct pipeline_point *points, size_t count, int64_t now);
/* Nested rectangles, each as large as what only that folder refers to. */
int pipeline_chart_treemap(FILE *out, const struct pipeline_folders *folders, struct tusk_err *err);

/* When what is stored grows by so much: seconds from now, from the straight line through the last 60 days; 0: it does
 * not grow, or there is too little to say. */
uint64_t pipeline_forecast(const struct pipeline_point *points, size_t count, int64_t now, uint64_t free_bytes);

#endif
