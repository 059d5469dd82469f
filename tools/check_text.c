/* What check found, as text and as JSON lines. */
#include "check_text.h"

#include "report.h"
#include "tusk/text.h"

#include <inttypes.h>
#include <string.h>

/* The cause mostly begins with the object's name, which stands in the line already. */
static const char *cause_of(const struct tusk_damage *damage)
{
	size_t len = damage->object ? strlen(damage->object) : 0;
	const char *what = damage->what;

	if (!what || len == 0 || strncmp(what, damage->object, len) != 0)
		return what;
	what += len;
	return what + strspn(what, ": ");
}

void tusk_damage_print(FILE *out, const struct tusk_damage *damage)
{
	fputs("damaged", out);
	if (damage->object) {
		fputs(": ", out);
		tusk_report_print_safe(out, damage->object);
	}
	if (damage->chunk)
		fprintf(out, ": chunk %.8s", damage->chunk);
	if (damage->snapshot)
		fprintf(out, ": snapshot %.8s", damage->snapshot);
	if (damage->path) {
		fputs(": ", out);
		tusk_report_print_safe(out, damage->path);
	}
	if (damage->path && damage->len)
		fprintf(out, " bytes %" PRIu64 "-%" PRIu64, damage->offset, damage->offset + damage->len - 1);
	if (damage->what)
		fprintf(out, ": %s", cause_of(damage));
	fputc('\n', out);
}

struct tusk_json *tusk_damage_json(const struct tusk_damage *damage)
{
	struct tusk_json *json = tusk_json_new("damage");
	if (damage->node)
		tusk_json_text(json, "node", damage->node);
	if (damage->object)
		tusk_json_text(json, "object", damage->object);
	if (damage->chunk)
		tusk_json_text(json, "chunk", damage->chunk);
	if (damage->snapshot)
		tusk_json_text(json, "snapshot", damage->snapshot);
	if (damage->path)
		tusk_json_text(json, "path", damage->path);
	if (damage->len) {
		tusk_json_count(json, "offset", damage->offset);
		tusk_json_count(json, "length", damage->len);
	}
	if (damage->what)
		tusk_json_text(json, "message", damage->what);
	return json;
}

static void print_counts(FILE *out, const struct tusk_args *args, const struct tusk_check_result *result)
{
	char snapshots[32], packs[32], objects[32], bytes[16];
	tusk_text_count(result->snapshots, snapshots);
	tusk_text_count(result->packs, packs);
	tusk_text_count(result->objects, objects);
	tusk_text_bytes(result->bytes_read, bytes);
	fputs("checked ", out);
	if (!tusk_args_has(args, TUSK_OPT_NO_KEY))
		fprintf(out, "%s %s, ", snapshots, result->snapshots == 1 ? "snapshot" : "snapshots");
	fprintf(out, "%s %s, %s %s; %s read\n", packs, result->packs == 1 ? "pack" : "packs", objects,
		result->objects == 1 ? "object" : "objects", bytes);
}

/* "3 days ago" */
static void print_age(FILE *out, int64_t time_ms)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
	struct timespec now;
	size_t i = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	int64_t age = now.tv_sec > time_ms / 1000 ? now.tv_sec - time_ms / 1000 : 0;
	while (units[i].seconds > 1 && age < units[i].seconds)
		i++;
	int64_t count = age / units[i].seconds;
	fprintf(out, "%" PRId64 " %s%s ago", count, units[i].name, count == 1 ? "" : "s");
}

/* How much of the packs was ever read, and when last. */
static void print_proof(FILE *out, const struct tusk_check_result *result)
{
	char bytes[16], time[32];
	if (result->pack_bytes == 0)
		return;
	tusk_text_bytes(result->pack_bytes, bytes);
	if (result->proven_bytes == 0) {
		fprintf(out, "of the %s in packs no byte was ever verified; check --data does it\n", bytes);
		return;
	}
	double percent = 100.0 * (double)result->proven_bytes / (double)result->pack_bytes;
	struct timespec oldest = {.tv_sec = result->oldest_proof_ms / 1000};
	tusk_text_time_local(oldest, time);
	/* 99.99 % is not all. */
	fprintf(out, "of the %s in packs %.0f %% are verified; the oldest proof is of %s, ", bytes,
		percent > 99 && percent < 100 ? 99.0 : percent, time);
	print_age(out, result->oldest_proof_ms);
	fputc('\n', out);
}

static void print_verdict(FILE *out, const struct tusk_args *args, const struct tusk_check_result *result)
{
	char read[32], packs[32];
	tusk_text_count(result->packs_read, read);
	tusk_text_count(result->packs, packs);
	if (tusk_args_has(args, TUSK_OPT_NO_KEY))
		fputs("no damage found: every object is what its hash says\n", out);
	else if (!tusk_args_has(args, TUSK_OPT_DATA))
		fputs("no damage found in the structure; --data reads every byte as well\n", out);
	else if (args->values[TUSK_OPT_DATA].number)
		fprintf(out, "no damage found in the structure and in the data of %s of %s packs\n", read, packs);
	else
		fputs("no damage found: every byte was read and verified\n", out);
}

void tusk_check_print(FILE *out, const struct tusk_args *args, const struct tusk_check_result *result)
{
	print_counts(out, args, result);
	if (!result->damaged_objects && !result->affected_paths)
		print_verdict(out, args, result);
	if (!tusk_args_has(args, TUSK_OPT_NO_KEY))
		print_proof(out, result);
}

struct tusk_json *tusk_check_json(const struct tusk_args *args, const struct tusk_check_result *result)
{
	struct tusk_json *json = tusk_json_new("summary");
	bool no_key = tusk_args_has(args, TUSK_OPT_NO_KEY);
	tusk_json_flag(json, "data", no_key || tusk_args_has(args, TUSK_OPT_DATA));
	if (!no_key)
		tusk_json_count(json, "snapshots", result->snapshots);
	tusk_json_count(json, "packs", result->packs);
	tusk_json_count(json, "objects", result->objects);
	tusk_json_count(json, "bytes_read", result->bytes_read);
	tusk_json_count(json, "packs_read", result->packs_read);
	tusk_json_count(json, "damaged_objects", result->damaged_objects);
	if (no_key)
		return json;
	tusk_json_count(json, "affected_paths", result->affected_paths);
	tusk_json_count(json, "pack_bytes", result->pack_bytes);
	tusk_json_count(json, "proven_bytes", result->proven_bytes);
	if (result->oldest_proof_ms)
		tusk_json_time(json, "oldest_proof",
			       (struct timespec){.tv_sec = result->oldest_proof_ms / 1000,
						 .tv_nsec = result->oldest_proof_ms % 1000 * 1000000});
	return json;
}
