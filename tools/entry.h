/* One entry of a snapshot as text and as JSON. */
#ifndef TUSK_TOOLS_ENTRY_H
#define TUSK_TOOLS_ENTRY_H

#include "globals.h"
#include "json.h"

/* "file", "directory", "symlink", ... */
const char *tusk_entry_kind(const struct tusk_entry *entry);

/* Prints "-rw-r--r--  1 anna users  1234 2026-11-22 14:07:22 " without the name. */
void tusk_entry_print_long(FILE *out, const struct tusk_entry *entry);
/* Prints a path or name escaped (tusk_text_escape). */
void tusk_print_escaped(FILE *out, const void *bytes, size_t len);
/* Prints one line: long or only the name; with --json one object. path is bytes. prefix is printed before the path in
 * the short and long form (may be ""). */
struct tusk_entry_style {
	bool is_long;
	const char *prefix;
	const struct tusk_id *snapshot; /* added to JSON; may be NULL */
};
void tusk_entry_print(struct tusk_cli *cli, const struct tusk_entry_style *style, const char *path,
		      const struct tusk_entry *entry);
/* Adds the entry's metadata. */
void tusk_json_entry(struct tusk_json *json, const struct tusk_entry *entry);

#endif
