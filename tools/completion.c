#include "completion.h"

#include "opt.h"

#include <ctype.h>
#include <string.h>

/* What can stand for the value of an option or for an operand. */
enum values { VALUES_NONE, VALUES_FILES, VALUES_FOLDERS };

/* That command or the first one behind it that people call; at the end the row without a name. */
static const struct tusk_command *shown(const struct tusk_command *command)
{
	while (command->name && !command->brief)
		command++;
	return command;
}

/* A share may be left out, so it is no word of its own. */
static bool takes_value(const struct tusk_opt_row *row)
{
	return row->kind != TUSK_OPT_IS_FLAG && row->kind != TUSK_OPT_IS_SHARE;
}

static enum values values_of(const struct tusk_opt_row *row)
{
	if (!row->argument)
		return VALUES_NONE;
	if (strcmp(row->argument, "DIR") == 0 || strcmp(row->argument, "URL") == 0)
		return VALUES_FOLDERS;
	return strcmp(row->argument, "FILE") == 0 ? VALUES_FILES : VALUES_NONE;
}

static bool takes_files(const struct tusk_command *command)
{
	static const char *const places[] = {"PATH", "DIR", "DEST", "FILE", "REPOSITORY", "PROG"};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strstr(command->synopsis, places[i]))
			return true;
	return false;
}

/* Calls back for every word that is to be typed as it stands in the synopsis: "list | add | remove ID". */
static void each_word(const struct tusk_command *command, void (*word)(FILE *out, const char *text, size_t len),
		      FILE *out)
{
	for (const char *c = command->synopsis; *c;) {
		size_t len = strcspn(c, " []");
		bool plain = len > 0;
		for (size_t i = 0; i < len; i++)
			plain = plain && (islower((unsigned char)c[i]) || (i && c[i] == '-'));
		if (plain)
			word(out, c, len);
		c += len;
		c += strspn(c, " []");
	}
}

static void space_word(FILE *out, const char *text, size_t len)
{
	fprintf(out, " %.*s", (int)len, text);
}

/* The operands of a command as words; those of help are commands. */
static void print_words(FILE *out, const struct tusk_command *command)
{
	each_word(command, space_word, out);
	if (strcmp(command->name, "help") == 0)
		for (const struct tusk_command *c = shown(tusk_command_table); c->name; c = shown(c + 1))
			fprintf(out, " %s", c->name);
}

static void print_choices(FILE *out, const struct tusk_opt_row *row)
{
	for (const char *const *word = row->choices; word && *word; word++)
		fprintf(out, "%s%s", word == row->choices ? "" : " ", *word);
}

/* ---- bash ---- */

static void bash_option(FILE *out, const struct tusk_opt_row *row)
{
	fprintf(out, " --%s", row->name);
	if (row->letter)
		fprintf(out, " -%c", row->letter);
}

/* A case that says what may follow an option; and which options take a value. */
static void bash_values(FILE *out)
{
	fputs("_tusk_value() {\n  case $1 in\n", out);
	for (int i = 1; i < TUSK_OPT_COUNT; i++) {
		const struct tusk_opt_row *row = &tusk_opt_table[i];
		if (!takes_value(row))
			continue;
		fprintf(out, "    --%s", row->name);
		if (row->letter)
			fprintf(out, " | -%c", row->letter);
		enum values values = values_of(row);
		if (row->choices) {
			fputs(") mapfile -t COMPREPLY < <(compgen -W \"", out);
			print_choices(out, row);
			fputs("\" -- \"$2\") ;;\n", out);
		} else {
			fputs(values == VALUES_FILES     ? ") _tusk_files -f \"$2\" ;;\n"
			      : values == VALUES_FOLDERS ? ") _tusk_files -d \"$2\" ;;\n"
							 : ") ;;\n",
			      out);
		}
	}
	fputs("    *) return 1 ;;\n  esac\n}\n", out);
}

static void bash_command(FILE *out, const struct tusk_command *command)
{
	fprintf(out, "    %s)\n      options=\"$options", command->name);
	for (size_t i = 0; i < TUSK_COMMAND_OPTIONS_MAX && command->options[i]; i++)
		bash_option(out, &tusk_opt_table[command->options[i]]);
	fputs("\"\n      words=\"", out);
	print_words(out, command);
	fprintf(out, "\" files=%s ;;\n", takes_files(command) ? "yes" : "");
}

static void bash_print(FILE *out)
{
	fputs("# bash completion for tusk; made by: tusk help --completion bash\n"
	      "_tusk_files() {\n"
	      "  compopt -o filenames\n"
	      "  mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$2\")\n"
	      "}\n",
	      out);
	bash_values(out);
	fputs("_tusk() {\n"
	      "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' i\n"
	      "  local options words='' files=''\n"
	      "  COMPREPLY=()\n"
	      "  if [ \"$current\" = = ]; then current=''; "
	      "elif [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
	      "  _tusk_value \"$before\" \"$current\" && return\n"
	      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "    case ${COMP_WORDS[i]} in\n"
	      "      -*) if _tusk_value \"${COMP_WORDS[i]}\" ''; then i=$((i + 1)); fi ;;\n"
	      "      *) command=${COMP_WORDS[i]} && break ;;\n"
	      "    esac\n"
	      "  done\n"
	      "  COMPREPLY=()\n"
	      "  options=\"",
	      out);
	for (int i = 1; i <= TUSK_OPT_LAST_GLOBAL; i++)
		bash_option(out, &tusk_opt_table[i]);
	fputs("\"\n  case $command in\n    '')\n      words=\"", out);
	for (const struct tusk_command *c = shown(tusk_command_table); c->name; c = shown(c + 1))
		fprintf(out, " %s", c->name);
	fputs("\" ;;\n", out);
	for (const struct tusk_command *c = shown(tusk_command_table); c->name; c = shown(c + 1))
		bash_command(out, c);
	fputs("  esac\n"
	      "  if [[ $current == -* ]]; then\n"
	      "    mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
	      "  else\n"
	      "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\"; "
	      "[ -z \"$files\" ] || compgen -f -- \"$current\")\n"
	      "    [ -z \"$files\" ] || compopt -o filenames\n"
	      "  fi\n"
	      "}\n"
	      "complete -F _tusk tusk\n",
	      out);
}

/* ---- zsh ---- */

/* A text within '...[...]' of _arguments. */
static void zsh_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else if (strchr("[]:\\", *text))
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

static void zsh_option(FILE *out, const struct tusk_opt_row *row, const char *indent)
{
	bool many = row->kind == TUSK_OPT_IS_LIST || strcmp(row->name, "verbose") == 0;
	const char *equals = takes_value(row) ? "=" : "";
	fprintf(out, "%s", indent);
	if (row->letter && many)
		fprintf(out, "'*'{-%c,--%s%s}'[", row->letter, row->name, equals);
	else if (row->letter)
		fprintf(out, "'(-%c --%s)'{-%c,--%s%s}'[", row->letter, row->name, row->letter, row->name, equals);
	else
		fprintf(out, "'%s--%s%s[", many ? "*" : "", row->name, equals);
	zsh_text(out, row->help);
	fputs("]", out);
	if (takes_value(row)) {
		enum values values = values_of(row);
		fprintf(out, ":%s:", row->argument ? row->argument : "");
		if (row->choices) {
			fputc('(', out);
			print_choices(out, row);
			fputc(')', out);
		} else {
			fputs(values == VALUES_FILES ? "_files" : values == VALUES_FOLDERS ? "_files -/" : " ", out);
		}
	}
	fputs("' \\\n", out);
}

static void zsh_command(FILE *out, const struct tusk_command *command)
{
	fprintf(out, "        %s)\n          _arguments -s \\\n", command->name);
	for (int i = 1; i <= TUSK_OPT_LAST_GLOBAL; i++)
		zsh_option(out, &tusk_opt_table[i], "            ");
	for (size_t i = 0; i < TUSK_COMMAND_OPTIONS_MAX && command->options[i]; i++)
		zsh_option(out, &tusk_opt_table[command->options[i]], "            ");
	fputs("            '*:argument:{ _alternative \"words:word:(", out);
	print_words(out, command);
	fprintf(out, " )\"%s }' ;;\n", takes_files(command) ? " \"files:file:_files\"" : "");
}

static void zsh_print(FILE *out)
{
	fputs("#compdef tusk\n"
	      "# zsh completion for tusk; made by: tusk help --completion zsh\n"
	      "_tusk() {\n"
	      "  local context state state_descr line\n"
	      "  typeset -A opt_args\n"
	      "  local -a commands\n"
	      "  commands=(\n",
	      out);
	for (const struct tusk_command *c = shown(tusk_command_table); c->name; c = shown(c + 1))
		fprintf(out, "    '%s:%s'\n", c->name, c->brief);
	fputs("  )\n  _arguments -C -s \\\n", out);
	for (int i = 1; i <= TUSK_OPT_LAST_GLOBAL; i++)
		zsh_option(out, &tusk_opt_table[i], "    ");
	fputs("    '1:command:->command' \\\n"
	      "    '*::argument:->argument'\n"
	      "  case $state in\n"
	      "    command) _describe command commands ;;\n"
	      "    argument)\n"
	      "      case $words[1] in\n",
	      out);
	for (const struct tusk_command *c = shown(tusk_command_table); c->name; c = shown(c + 1))
		zsh_command(out, c);
	fputs("      esac ;;\n"
	      "  esac\n"
	      "}\n"
	      "if [ \"$funcstack[1]\" = _tusk ]; then _tusk \"$@\"; else compdef _tusk tusk; fi\n",
	      out);
}

/* ---- fish ---- */

static void fish_text(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++)
		fprintf(out, *text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
	fputc('\'', out);
}

static void fish_option(FILE *out, const char *command, const struct tusk_opt_row *row)
{
	fputs("complete -c tusk", out);
	if (command)
		fprintf(out, " -n '__fish_seen_subcommand_from %s'", command);
	if (row->letter)
		fprintf(out, " -s %c", row->letter);
	fprintf(out, " -l %s", row->name);
	enum values values = values_of(row);
	if (row->choices) {
		fputs(" -x -a '", out);
		print_choices(out, row);
		fputc('\'', out);
	} else if (takes_value(row)) {
		fputs(values == VALUES_NONE      ? " -x"
		      : values == VALUES_FOLDERS ? " -x -a '(__fish_complete_directories)'"
						 : " -r -F",
		      out);
	}
	fputs(" -d ", out);
	fish_text(out, row->help);
	fputc('\n', out);
}

static void fish_command(FILE *out, const struct tusk_command *command)
{
	fprintf(out, "complete -c tusk -n __fish_use_subcommand -a %s -d ", command->name);
	fish_text(out, command->brief);
	fputc('\n', out);
	for (size_t i = 0; i < TUSK_COMMAND_OPTIONS_MAX && command->options[i]; i++)
		fish_option(out, command->name, &tusk_opt_table[command->options[i]]);
	fprintf(out, "complete -c tusk -n '__fish_seen_subcommand_from %s' -a '", command->name);
	print_words(out, command);
	fprintf(out, "'%s\n", takes_files(command) ? " -F" : "");
}

static void fish_print(FILE *out)
{
	fputs("# fish completion for tusk; made by: tusk help --completion fish\n"
	      "complete -c tusk -f\n",
	      out);
	for (int i = 1; i <= TUSK_OPT_LAST_GLOBAL; i++)
		fish_option(out, NULL, &tusk_opt_table[i]);
	for (const struct tusk_command *c = shown(tusk_command_table); c->name; c = shown(c + 1))
		fish_command(out, c);
}

void tusk_completion_print(FILE *out, const char *shell)
{
	if (strcmp(shell, "zsh") == 0)
		zsh_print(out);
	else if (strcmp(shell, "fish") == 0)
		fish_print(out);
	else
		bash_print(out);
}
