/* Help, made from the table. */
#include "opt.h"

#include <string.h>

#define COLUMNS      80
#define NAME_COLUMNS 31
#define OPTION_SIZE  64

/* Prints text wrapped at words. */
static void wrap(FILE *out, const char *text)
{
	size_t column = 0;
	while (*text) {
		size_t len = strcspn(text, " ");
		if (column && column + 1 + len > COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		column += (size_t)fprintf(out, "%s%.*s", column ? " " : "", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void option_text(const struct tusk_opt_row *row, char ret_text[OPTION_SIZE])
{
	const char *argument = row->argument ? row->argument : "";
	const char *space = row->argument && row->kind != TUSK_OPT_IS_SHARE ? " " : "";
	if (row->letter)
		snprintf(ret_text, OPTION_SIZE, "-%c, --%s%s%s", row->letter, row->name, space, argument);
	else
		snprintf(ret_text, OPTION_SIZE, "    --%s%s%s", row->name, space, argument);
}

static void option_line(FILE *out, const struct tusk_opt_row *row)
{
	char left[OPTION_SIZE];
	option_text(row, left);
	fprintf(out, "  %-*s %s\n", NAME_COLUMNS, left, row->help);
}

#define ROOM_FOR_MORE 20 /* options: with a line more the help would not fit on a screen */

void tusk_help_command(FILE *out, const struct tusk_command *command)
{
	fprintf(out, "Usage: tusk %s%s%s%s\n", command->name, command->options[0] ? " [OPTION...]" : "",
		*command->synopsis ? " " : "", command->synopsis);
	wrap(out, command->summary);
	size_t i = 0;
	for (; i < TUSK_COMMAND_OPTIONS_MAX && command->options[i]; i++)
		option_line(out, &tusk_opt_table[command->options[i]]);
	if (i <= ROOM_FOR_MORE)
		fputs("Options of every command (-r, --password-file, --json, ...): tusk help options\n", out);
	fprintf(out, "Example: tusk %s\n", command->example);
}

#define LISTED_MAX 64

void tusk_help_commands(FILE *out)
{
	fputs("Usage: tusk [-r REPOSITORY] COMMAND [OPTION...] [ARGUMENT...]\n"
	      "Deduplicated, encrypted backups whose snapshots are folders.\n\n",
	      out);
	const struct tusk_command *listed[LISTED_MAX];
	size_t count = 0;
	for (const struct tusk_command *command = tusk_command_table; command->name && count < LISTED_MAX; command++)
		if (command->brief)
			listed[count++] = command;
	size_t rows = (count + 1) / 2;
	for (size_t i = 0; i < rows; i++) {
		const struct tusk_command *left = listed[i];
		fprintf(out, "  %-10s", left->name);
		if (i + rows < count)
			fprintf(out, "%-28s%-10s%s\n", left->brief, listed[i + rows]->name, listed[i + rows]->brief);
		else
			fprintf(out, "%s\n", left->brief);
	}
	fputs("\nMore: tusk help COMMAND; tusk help options (those of every command)\n"
	      "Example: tusk -r /srv/backup backup /home\n",
	      out);
}

void tusk_help_options(FILE *out)
{
	fputs("Options of every command, before or after its name:\n", out);
	for (int i = 1; i <= TUSK_OPT_LAST_GLOBAL; i++)
		option_line(out, &tusk_opt_table[i]);
	fputs("Example: tusk --json -r /srv/backup snapshots\n", out);
}
