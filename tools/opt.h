/* The command line: one table of commands and options, from which parsing and help come.
 *
 * An option has one meaning, one spelling and one letter for all commands that accept it (rows in opt_table.c); a
 * command lists the options it accepts. Adding a command: DESIGN.md.
 */
#ifndef TUSK_TOOLS_OPT_H
#define TUSK_TOOLS_OPT_H

#include "tusk/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum tusk_opt {
	TUSK_OPT_NONE,
	/* accepted by every command, before or after its name */
	TUSK_OPT_REPOSITORY,
	TUSK_OPT_PASSWORD_FILE,
	TUSK_OPT_PASSWORD_COMMAND,
	TUSK_OPT_KEY_FILE,
	TUSK_OPT_JSON,
	TUSK_OPT_VERBOSE,
	TUSK_OPT_QUIET,
	TUSK_OPT_PROGRESS,
	TUSK_OPT_ONLY,
	TUSK_OPT_LIMIT_UPLOAD,
	TUSK_OPT_LIMIT_DOWNLOAD,
	TUSK_OPT_HELP,
	TUSK_OPT_VERSION,
	TUSK_OPT_LAST_GLOBAL = TUSK_OPT_VERSION,
	/* of some commands */
	TUSK_OPT_ENCRYPTION,
	TUSK_OPT_CHUNK_SIZE,
	TUSK_OPT_TAG,
	TUSK_OPT_EXCLUDE,
	TUSK_OPT_EXCLUDE_FILE,
	TUSK_OPT_EXCLUDE_CACHES,
	TUSK_OPT_EXCLUDE_IF_PRESENT,
	TUSK_OPT_EXCLUDE_LARGER_THAN,
	TUSK_OPT_EXCLUDE_NODUMP,
	TUSK_OPT_ONE_FILE_SYSTEM,
	TUSK_OPT_HOST,
	TUSK_OPT_SOURCE,
	TUSK_OPT_COMMENT,
	TUSK_OPT_PARENT,
	TUSK_OPT_FORCE,
	TUSK_OPT_VERIFY_UNCHANGED,
	TUSK_OPT_DRY_RUN,
	TUSK_OPT_TIME,
	TUSK_OPT_STDIN,
	TUSK_OPT_COMMAND,
	TUSK_OPT_THREADS,
	TUSK_OPT_COMPRESSION,
	TUSK_OPT_PATH,
	TUSK_OPT_LONG,
	TUSK_OPT_RECURSIVE,
	TUSK_OPT_SNAPSHOT,
	TUSK_OPT_FORMAT,
	TUSK_OPT_FOREGROUND,
	TUSK_OPT_MOUNT_OPTIONS,
	TUSK_OPT_DATA,
	TUSK_OPT_NO_KEY,
	TUSK_OPT_NEW_PASSWORD_FILE,
	TUSK_OPT_NEW_KEY_FILE,
	TUSK_OPT_LABEL,
	TUSK_OPT_RECOVERY_CODE,
	TUSK_OPT_OVERWRITE,
	TUSK_OPT_DELETE,
	TUSK_OPT_FROM_MOUNT,
	TUSK_OPT_NO_MOUNT,
	TUSK_OPT_COMPLETION,
	TUSK_OPT_ROLE,
	TUSK_OPT_INIT,
	TUSK_OPT_NODE,
	TUSK_OPT_ALL,
	TUSK_OPT_HEAL,
	TUSK_OPT_OUTPUT,
	TUSK_OPT_DOT,
	TUSK_OPT_STDIO,
	TUSK_OPT_KEEP_LAST,
	TUSK_OPT_KEEP_HOURLY,
	TUSK_OPT_KEEP_DAILY,
	TUSK_OPT_KEEP_WEEKLY,
	TUSK_OPT_KEEP_MONTHLY,
	TUSK_OPT_KEEP_YEARLY,
	TUSK_OPT_KEEP_WITHIN,
	TUSK_OPT_KEEP_TAG,
	TUSK_OPT_PRUNE,
	TUSK_OPT_MAX_UNUSED,
	TUSK_OPT_UNDELETE,
	TUSK_OPT_NO_WAIT,
	TUSK_OPT_ADD,
	TUSK_OPT_REMOVE_TAG,
	TUSK_OPT_UNDO,
	TUSK_OPT_NEARLY_ALL,
	TUSK_OPT_STATUS,
	TUSK_OPT_PROVENANCE,
	TUSK_OPT_SAMPLE,
	TUSK_OPT_FROM,
	TUSK_OPT_BY_SNAPSHOT,
	TUSK_OPT_COUNT
};

enum tusk_opt_kind {
	TUSK_OPT_IS_FLAG,   /* counted: -vv is 2 */
	TUSK_OPT_IS_TEXT,   /* the last one holds */
	TUSK_OPT_IS_LIST,   /* repeatable */
	TUSK_OPT_IS_SIZE,   /* "128K" */
	TUSK_OPT_IS_NUMBER, /* decimal, 0 .. 10^9 */
	TUSK_OPT_IS_CHOICE, /* one of the words in choices */
	TUSK_OPT_IS_SHARE   /* "--name", or "--name=5%": number is then in millionths, 0 for all */
};

struct tusk_opt_row {
	const char *name;
	char letter; /* 0: none */
	enum tusk_opt_kind kind;
	const char *argument; /* shown in help; NULL for flags */
	const char *help;
	const char *const *choices; /* ends with NULL */
	const char *redacted;       /* recorded with a snapshot instead of "--name=VALUE"; NULL: no secret */
};
extern const struct tusk_opt_row tusk_opt_table[TUSK_OPT_COUNT];

#define TUSK_COMMAND_OPTIONS_MAX 24

struct tusk_cli;

struct tusk_command {
	const char *name;
	const char *brief;    /* for the list of commands, at most 27 characters; NULL: programs call it */
	const char *synopsis; /* what follows the name */
	const char *summary;  /* one or two sentences, wrapped by help */
	const char *example;  /* a command line, "tusk " left out */
	int (*run)(struct tusk_cli *cli);
	int operands_min, operands_max;                  /* max -1: any number */
	enum tusk_opt options[TUSK_COMMAND_OPTIONS_MAX]; /* ends with TUSK_OPT_NONE */
};
/* Ends with a row whose name is NULL. */
extern const struct tusk_command tusk_command_table[];
const struct tusk_command *tusk_command_find(const char *name);

struct tusk_words {
	const char **items; /* ends with NULL unless empty */
	size_t count;
};

/* The parsed command line. Borrows from argv. */
struct tusk_args {
	const struct tusk_command *command; /* NULL: none was given */
	struct {
		unsigned count;
		const char *text;
		uint64_t number;
		struct tusk_words list;
	} values[TUSK_OPT_COUNT];
	struct tusk_words operands;
	bool dashes;              /* "--" was given */
	struct tusk_words record; /* argv without the values of secret options */
};

/* Parses argv (argv[0] is skipped). 0; -1 with TUSK_E_USAGE and a message that names the word and the nearest right
 * one; ret_args is then released. Numbers of operands are checked unless --help is there. Release with
 * tusk_args_release. */
int tusk_args_parse(int argc, char *const argv[], struct tusk_args *ret_args, struct tusk_err *err);
void tusk_args_release(struct tusk_args *args);
#define TUSK_AUTO_ARGS TUSK_CLEANUP(tusk_args_release)

bool tusk_args_has(const struct tusk_args *args, enum tusk_opt opt);
/* NULL when absent. */
const char *tusk_args_text(const struct tusk_args *args, enum tusk_opt opt);

/* At most 24 lines of at most 80 columns each. */
void tusk_help_commands(FILE *out);
void tusk_help_options(FILE *out);
void tusk_help_command(FILE *out, const struct tusk_command *command);

#endif
