/* What programs read about a repository: the files in .tusk/. All of it follows from the list of snapshots alone, so a
 * list has one text for each of them. */
#ifndef TUSKFS_STATUS_H
#define TUSKFS_STATUS_H

#include "tusk/err.h"
#include "tusk/snapshot.h"

enum tuskfs_report { TUSKFS_REPORT_STATUS, TUSKFS_REPORT_SNAPSHOTS, TUSKFS_REPORT_METRICS, TUSKFS_REPORT_COUNT };

/* "status.json", "snapshots.jsonl", "metrics.prom" */
const char *tuskfs_report_name(enum tuskfs_report report);

/* The text, NUL-terminated, to be freed. repository is its name. */
int tuskfs_report_text(enum tuskfs_report report, const char *repository, const struct tusk_snapshot_list *list,
		       char **ret_text, struct tusk_err *err);

#endif
