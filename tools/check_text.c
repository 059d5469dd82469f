/* Damage as text. */
#include "check_text.h"

#include "report.h"

#include <inttypes.h>
#include <string.h>

/* The cause mostly names the object itself. */
static bool names_object(const struct tusk_damage *damage)
{
	return damage->what && damage->object && strstr(damage->what, damage->object);
}

void tusk_damage_print(FILE *out, const struct tusk_damage *damage)
{
	fputs("damaged", out);
	if (damage->object && !names_object(damage)) {
		fputs(": ", out);
		tusk_report_print_safe(out, damage->object);
	}
	if (damage->snapshot)
		fprintf(out, ": snapshot %.8s", damage->snapshot);
	if (damage->path) {
		fputs(": ", out);
		tusk_report_print_safe(out, damage->path);
	}
	if (damage->path && damage->len)
		fprintf(out, " bytes %" PRIu64 "-%" PRIu64, damage->offset, damage->offset + damage->len - 1);
	if (damage->what)
		fprintf(out, ": %s", damage->what);
	fputc('\n', out);
}

struct tusk_json *tusk_damage_json(const struct tusk_damage *damage)
{
	struct tusk_json *json = tusk_json_new("damage");
	if (damage->object)
		tusk_json_text(json, "object", damage->object);
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
