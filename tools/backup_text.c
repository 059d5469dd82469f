/* The words of a backup. */
#include "backup_text.h"

#include "tusk/text.h"

#include <string.h>
#include <unistd.h>

struct figures {
	uint64_t files, bytes, files_expected, bytes_expected, fresh, errors;
};

static struct figures take(struct tusk_progress *progress)
{
	uint64_t done = atomic_load(&progress->bytes_done), read = atomic_load(&progress->bytes_read);
	return (struct figures){
	    .files = atomic_load(&progress->files_done),
	    /* A file is done when all of it is; a large one should be seen to move before that. */
	    .bytes = done > read ? done : read,
	    .files_expected = atomic_load(&progress->files_expected),
	    .bytes_expected = atomic_load(&progress->bytes_expected),
	    .fresh = atomic_load(&progress->bytes_new),
	    .errors = atomic_load(&progress->errors),
	};
}

/* 58 %  12.4 GiB/21.3 GiB  31,204/52,113 files  310 MiB/s  new 1.2 GiB  0:29 left; without what is not known. */
void tusk_backup_line(void *context, uint64_t elapsed_ms, char *ret_text, size_t size)
{
	struct figures f = take(context);
	char bytes[16], bytes_of[16], files[32], files_of[32], rate[16], fresh[16], time[16];
	uint64_t per_second = elapsed_ms ? f.bytes * 1000 / elapsed_ms : 0;
	tusk_text_bytes(f.bytes, bytes);
	tusk_text_bytes(f.bytes_expected, bytes_of);
	tusk_text_count(f.files, files);
	tusk_text_count(f.files_expected, files_of);
	tusk_text_bytes(per_second, rate);
	tusk_text_bytes(f.fresh, fresh);
	char errors[48] = "";
	if (f.errors)
		snprintf(errors, sizeof(errors), "  %llu unreadable", (unsigned long long)f.errors);

	if (f.bytes_expected == 0 || f.bytes > f.bytes_expected) {
		tusk_text_duration(elapsed_ms / 1000, time);
		snprintf(ret_text, size, "%s  %s  %s files  %s/s  new %s%s", time, bytes, files, rate, fresh, errors);
		return;
	}
	uint64_t left = per_second ? (f.bytes_expected - f.bytes) / per_second : 0;
	unsigned percent = (unsigned)((double)f.bytes * 100 / (double)f.bytes_expected);
	tusk_text_duration(left, time);
	snprintf(ret_text, size, "%u %%  %s/%s  %s/%s files  %s/s  new %s  %s left%s", percent, bytes, bytes_of, files,
		 files_of, rate, fresh, time, errors);
}

void tusk_backup_status(void *context, uint64_t elapsed_ms, struct tusk_json *json)
{
	(void)elapsed_ms;
	struct figures f = take(context);
	tusk_json_count(json, "files_done", f.files);
	tusk_json_count(json, "bytes_done", f.bytes);
	tusk_json_count(json, "files_expected", f.files_expected);
	tusk_json_count(json, "bytes_expected", f.bytes_expected);
	tusk_json_count(json, "new_bytes", f.fresh);
	tusk_json_count(json, "errors", f.errors);
}

static void first_line(FILE *out, const struct tusk_backup_result *result, const struct tusk_backup_options *options)
{
	char id[TUSK_ID_TEXT_SIZE], host[256] = "", took[16], time[40];
	tusk_id_text(&result->id, id);
	tusk_text_time_rfc3339(result->time, time);
	time[10] = ' '; /* 2026-11-22 14:07:22Z */
	memcpy(time + 19, "Z", 2);
	if (options->host)
		snprintf(host, sizeof(host), "%s", options->host);
	else
		gethostname(host, sizeof(host) - 1);
	/* With --time the start is made up, so there is no duration to show. */
	time_t seconds = options->time.tv_sec ? 0 : result->end_time.tv_sec - result->time.tv_sec;
	tusk_text_duration(seconds > 0 ? (uint64_t)seconds : 0, took);
	if (options->dry_run)
		fprintf(out, "dry run, nothing written  %s  %s", host, time);
	else
		fprintf(out, "snapshot %.*s  %s  %s", TUSK_SHORT_ID_LENGTH, id, host, time);
	fprintf(out, "%s%s\n", options->time.tv_sec ? "" : "  ", options->time.tv_sec ? "" : took);
}

void tusk_backup_summary(FILE *out, const struct tusk_backup_result *result, const struct tusk_backup_options *options,
			 uint64_t read, bool brief)
{
	const struct tusk_counters *c = &result->counters;
	char all[32], fresh[32], changed[32], removed[32], same[32];
	char total[16], got[16], new_bytes[16], stored[16];
	first_line(out, result, options);
	if (brief)
		return;
	tusk_text_count(c->files, all);
	tusk_text_count(c->new_files, fresh);
	tusk_text_count(c->changed_files, changed);
	tusk_text_count(result->removed_files, removed);
	tusk_text_count(c->unchanged_files, same);
	fprintf(out, "  files   %s: %s new, %s changed, %s removed, %s same\n", all, fresh, changed, removed, same);
	tusk_text_bytes(c->bytes, total);
	tusk_text_bytes(read, got);
	tusk_text_bytes(c->new_bytes, new_bytes);
	tusk_text_bytes(c->stored_bytes, stored);
	fprintf(out, "  data    %s: %s read, %s new, %s stored\n", total, got, new_bytes, stored);
}

struct tusk_json *tusk_backup_summary_json(const struct tusk_backup_result *result, bool dry_run, uint64_t read)
{
	const struct tusk_counters *c = &result->counters;
	struct tusk_json *json = tusk_json_new("summary");
	if (dry_run)
		tusk_json_flag(json, "dry_run", true);
	else
		tusk_json_id(json, "snapshot", &result->id);
	if (result->has_parent)
		tusk_json_id(json, "parent", &result->parent);
	if (result->has_lost)
		tusk_json_id(json, "lost", &result->lost);
	tusk_json_time(json, "time", result->time);
	tusk_json_time(json, "end_time", result->end_time);
	tusk_json_count(json, "files", c->files);
	tusk_json_count(json, "dirs", c->dirs);
	tusk_json_count(json, "others", c->others);
	tusk_json_count(json, "bytes", c->bytes);
	tusk_json_count(json, "new_files", c->new_files);
	tusk_json_count(json, "changed_files", c->changed_files);
	tusk_json_count(json, "unchanged_files", c->unchanged_files);
	tusk_json_count(json, "removed_files", result->removed_files);
	tusk_json_count(json, "read_bytes", read);
	tusk_json_count(json, "new_bytes", c->new_bytes);
	tusk_json_count(json, "stored_bytes", c->stored_bytes);
	tusk_json_count(json, "errors", c->errors);
	return json;
}
