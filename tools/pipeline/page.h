/* The report: one page of HTML that needs nothing else. */
#ifndef TUSK_PIPELINE_PAGE_H
#define TUSK_PIPELINE_PAGE_H

#include "pipeline/charts.h"
#include "pipeline/reality.h"

/* What the page shows. The pipeline's part is NULL for a report about a repository alone. */
struct pipeline_page {
	const char *title, *repository;
	const struct pipeline_reality *reality;
	const struct pipeline_goals *goals;
	const struct pipeline_point *points; /* sorted by time */
	size_t point_count;
	const struct pipeline_folders *folders;
	int64_t now;
	uint64_t snapshots, files;
	uint64_t logical, all_logical; /* the newest of each source; all snapshots together */
	uint64_t physical, free_bytes;
};

int pipeline_page_write(FILE *out, const struct pipeline_page *page, struct tusk_err *err);

#endif
