/* The words of a backup: its progress and its summary. */
#ifndef TUSK_TOOLS_BACKUP_TEXT_H
#define TUSK_TOOLS_BACKUP_TEXT_H

#include "json.h"
#include "tusk/backup.h"

/* For struct tusk_progress_source; context is a struct tusk_progress. */
void tusk_backup_line(void *context, uint64_t elapsed_ms, char *ret_text, size_t size);
void tusk_backup_status(void *context, uint64_t elapsed_ms, struct tusk_json *json);

/* read: bytes read from the source. brief: only the first line. */
void tusk_backup_summary(FILE *out, const struct tusk_backup_result *result, const struct tusk_backup_options *options,
			 uint64_t read, bool brief);
struct tusk_json *tusk_backup_summary_json(const struct tusk_backup_result *result, bool dry_run, uint64_t read);

#endif
