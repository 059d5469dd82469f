/* Parsing of the command line by the table in opt_table.c. */
#include "opt.h"

#include "tusk/cleanup.h"
#include "tusk/text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX    1000000000
#define SHARE_ALL_PPM 1000000

const struct tusk_command *tusk_command_find(const char *name)
{
	for (const struct tusk_command *c = tusk_command_table; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static int word_add(struct tusk_words *words, const char *word, struct tusk_err *err)
{
	const char **grown = realloc(words->items, (words->count + 2) * sizeof(*grown));
	if (!grown)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "command line: out of memory");
	words->items = grown;
	grown[words->count++] = word;
	grown[words->count] = NULL;
	return 0;
}

void tusk_args_release(struct tusk_args *args)
{
	for (size_t i = 0; i < TUSK_OPT_COUNT; i++)
		free(args->values[i].list.items);
	free(args->operands.items);
	free(args->record.items);
	memset(args, 0, sizeof(*args));
}

bool tusk_args_has(const struct tusk_args *args, enum tusk_opt opt)
{
	return args->values[opt].count > 0;
}

const char *tusk_args_text(const struct tusk_args *args, enum tusk_opt opt)
{
	return args->values[opt].text;
}

/* The walk over argv. */
struct cursor {
	char *const *words;
	int count, next;
	struct tusk_args *args;
};

static bool accepted(const struct tusk_command *command, enum tusk_opt opt)
{
	if (opt <= TUSK_OPT_LAST_GLOBAL)
		return true;
	if (!command)
		return false;
	for (size_t i = 0; i < TUSK_COMMAND_OPTIONS_MAX && command->options[i]; i++)
		if (command->options[i] == opt)
			return true;
	return false;
}

static int unknown_option(const struct tusk_command *command, const char *shown, const char *name, struct tusk_err *err)
{
	const char *candidates[TUSK_OPT_COUNT + 1];
	size_t count = 0;
	for (int i = 1; i < TUSK_OPT_COUNT; i++)
		if (accepted(command, (enum tusk_opt)i))
			candidates[count++] = tusk_opt_table[i].name;
	candidates[count] = NULL;

	const char *who = command ? command->name : "tusk";
	const char *nearest = name ? tusk_text_nearest(name, candidates) : NULL;
	if (nearest)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s has no option \"%s\"; did you mean \"--%s\"?", who, shown,
				    nearest);
	for (int i = TUSK_OPT_LAST_GLOBAL + 1; !command && name && i < TUSK_OPT_COUNT; i++)
		if (strcmp(tusk_opt_table[i].name, name) == 0)
			return tusk_err_set(err, TUSK_E_USAGE, 0, "option \"%s\" goes after the command", shown);
	return tusk_err_set(err, TUSK_E_USAGE, 0, "%s has no option \"%s\"", who, shown);
}

/* A full name, or a beginning that only one accepted option has. */
static int find_long(const struct tusk_command *command, const char *name, enum tusk_opt *ret_opt, struct tusk_err *err)
{
	enum tusk_opt found = TUSK_OPT_NONE, other = TUSK_OPT_NONE;
	for (int i = 1; i < TUSK_OPT_COUNT; i++) {
		const char *candidate = tusk_opt_table[i].name;
		if (!accepted(command, (enum tusk_opt)i) || strncmp(candidate, name, strlen(name)) != 0)
			continue;
		if (candidate[strlen(name)] == '\0') {
			*ret_opt = (enum tusk_opt)i;
			return 0;
		}
		other = found;
		found = (enum tusk_opt)i;
	}
	if (other)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "option \"--%s\" may be \"--%s\" or \"--%s\"", name,
				    tusk_opt_table[other].name, tusk_opt_table[found].name);
	if (!found || !*name) {
		char shown[128];
		snprintf(shown, sizeof(shown), "--%s", name);
		return unknown_option(command, shown, name, err);
	}
	*ret_opt = found;
	return 0;
}

static int set_choice(const struct tusk_opt_row *row, const char *value, struct tusk_err *err)
{
	char all[256] = "";
	for (const char *const *c = row->choices; *c; c++) {
		if (strcmp(*c, value) == 0)
			return 0;
		size_t used = strlen(all);
		snprintf(all + used, sizeof(all) - used, "%s%s", used ? ", " : "", *c);
	}
	const char *nearest = tusk_text_nearest(value, row->choices);
	if (nearest)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "--%s \"%s\" is unknown; did you mean \"%s\"?", row->name,
				    value, nearest);
	return tusk_err_set(err, TUSK_E_USAGE, 0, "--%s \"%s\" is not one of: %s", row->name, value, all);
}

static int parse_number(const struct tusk_opt_row *row, const char *value, uint64_t *ret_number, struct tusk_err *err)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || number > NUMBER_MAX)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "--%s \"%s\" is not a number", row->name, value);
	*ret_number = number;
	return 0;
}

/* "5%", "0.25%": more than nothing and at most all. */
static int parse_share(const struct tusk_opt_row *row, const char *value, uint64_t *ret_ppm, struct tusk_err *err)
{
	uint64_t ppm = 0, unit = 10000; /* of the digit at hand */
	const char *c = value;

	for (; *c >= '0' && *c <= '9' && ppm <= SHARE_ALL_PPM; c++)
		ppm = 10 * ppm + unit * (uint64_t)(*c - '0');
	bool has_digits = c > value;
	if (*c == '.') {
		has_digits &= c[1] >= '0' && c[1] <= '9';
		for (c++; *c >= '0' && *c <= '9'; c++)
			ppm += (unit /= 10) * (uint64_t)(*c - '0');
	}
	if (!has_digits || strcmp(c, "%") != 0 || ppm == 0 || ppm > SHARE_ALL_PPM)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "--%s \"%s\" is not a share; shares look like 5%% or 0.5%%",
				    row->name, value);
	*ret_ppm = ppm == SHARE_ALL_PPM ? 0 : ppm;
	return 0;
}

static int set_value(struct tusk_args *args, enum tusk_opt opt, const char *value, struct tusk_err *err)
{
	const struct tusk_opt_row *row = &tusk_opt_table[opt];
	args->values[opt].count++;
	args->values[opt].text = value;
	switch (row->kind) {
	case TUSK_OPT_IS_FLAG:
	case TUSK_OPT_IS_TEXT:
		return 0;
	case TUSK_OPT_IS_LIST:
		return word_add(&args->values[opt].list, value, err);
	case TUSK_OPT_IS_SIZE:
		if (tusk_text_parse_size(value, &args->values[opt].number) < 0)
			return tusk_err_set(err, TUSK_E_USAGE, 0,
					    "--%s \"%s\" is not a size; sizes look like 512, 128K, 20M or 1G",
					    row->name, value);
		return 0;
	case TUSK_OPT_IS_NUMBER:
		return parse_number(row, value, &args->values[opt].number, err);
	case TUSK_OPT_IS_CHOICE:
		return set_choice(row, value, err);
	case TUSK_OPT_IS_SHARE:
		args->values[opt].number = 0;
		return value ? parse_share(row, value, &args->values[opt].number, err) : 0;
	}
	return 0;
}

/* Takes the next word as the value of opt. */
static int take_value(struct cursor *cursor, enum tusk_opt opt, struct tusk_err *err)
{
	const struct tusk_opt_row *row = &tusk_opt_table[opt];
	if (cursor->next >= cursor->count)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "option \"--%s\" needs a value: --%s %s", row->name,
				    row->name, row->argument);
	const char *value = cursor->words[cursor->next++];
	if (word_add(&cursor->args->record, row->redacted ? "***" : value, err) < 0)
		return -1;
	return set_value(cursor->args, opt, value, err);
}

static int parse_long(struct cursor *cursor, const char *word, struct tusk_err *err)
{
	char name[64];
	size_t len = strcspn(word + 2, "=");
	if (len >= sizeof(name))
		return unknown_option(cursor->args->command, word, NULL, err);
	memcpy(name, word + 2, len);
	name[len] = '\0';

	enum tusk_opt opt = TUSK_OPT_NONE;
	if (find_long(cursor->args->command, name, &opt, err) < 0)
		return -1;
	const struct tusk_opt_row *row = &tusk_opt_table[opt];
	bool has_value = word[2 + len] == '=';
	if (word_add(&cursor->args->record, has_value && row->redacted ? row->redacted : word, err) < 0)
		return -1;
	if (row->kind == TUSK_OPT_IS_FLAG && has_value)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "option \"--%s\" takes no value", row->name);
	if (row->kind == TUSK_OPT_IS_FLAG || (row->kind == TUSK_OPT_IS_SHARE && !has_value))
		return set_value(cursor->args, opt, NULL, err);
	if (has_value)
		return set_value(cursor->args, opt, word + 2 + len + 1, err);
	return take_value(cursor, opt, err);
}

static enum tusk_opt find_letter(const struct tusk_command *command, char letter)
{
	for (int i = 1; i < TUSK_OPT_COUNT; i++)
		if (tusk_opt_table[i].letter == letter && accepted(command, (enum tusk_opt)i))
			return (enum tusk_opt)i;
	return TUSK_OPT_NONE;
}

/* "-x", "-lR", "-rVALUE", "-r VALUE" */
static int parse_letters(struct cursor *cursor, const char *word, struct tusk_err *err)
{
	if (word_add(&cursor->args->record, word, err) < 0)
		return -1;
	for (const char *letter = word + 1; *letter; letter++) {
		enum tusk_opt opt = find_letter(cursor->args->command, *letter);
		if (!opt) {
			char shown[3] = {'-', *letter, '\0'};
			return unknown_option(cursor->args->command, shown, NULL, err);
		}
		if (tusk_opt_table[opt].kind != TUSK_OPT_IS_FLAG)
			return letter[1] ? set_value(cursor->args, opt, letter + 1, err) : take_value(cursor, opt, err);
		if (set_value(cursor->args, opt, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int parse_plain(struct cursor *cursor, const char *word, struct tusk_err *err)
{
	struct tusk_args *args = cursor->args;
	if (word_add(&args->record, word, err) < 0)
		return -1;
	if (args->command)
		return word_add(&args->operands, word, err);
	args->command = tusk_command_find(word);
	if (args->command)
		return 0;

	const char *names[128];
	size_t count = 0;
	for (const struct tusk_command *c = tusk_command_table; c->name && count < 127; c++)
		names[count++] = c->name;
	names[count] = NULL;
	const char *nearest = tusk_text_nearest(word, names);
	if (nearest)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "no command \"%s\"; did you mean \"%s\"?", word, nearest);
	return tusk_err_set(err, TUSK_E_USAGE, 0, "no command \"%s\"", word);
}

static int check_operands(const struct tusk_args *args, struct tusk_err *err)
{
	const struct tusk_command *c = args->command;
	if (!c || tusk_args_has(args, TUSK_OPT_HELP) || tusk_args_has(args, TUSK_OPT_VERSION))
		return 0;
	if (args->operands.count < (size_t)c->operands_min)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "too few arguments: tusk %s %s", c->name, c->synopsis);
	if (c->operands_max >= 0 && args->operands.count > (size_t)c->operands_max)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s: one argument too many: \"%s\"", c->name,
				    args->operands.items[c->operands_max]);
	return 0;
}

static int parse_all(struct cursor *cursor, struct tusk_err *err)
{
	while (cursor->next < cursor->count) {
		const char *word = cursor->words[cursor->next++];
		int rc;
		if (cursor->args->dashes || word[0] != '-' || word[1] == '\0') {
			rc = parse_plain(cursor, word, err);
		} else if (strcmp(word, "--") == 0) {
			cursor->args->dashes = true;
			rc = word_add(&cursor->args->record, word, err);
		} else {
			rc = word[1] == '-' ? parse_long(cursor, word, err) : parse_letters(cursor, word, err);
		}
		if (rc < 0)
			return -1;
	}
	return check_operands(cursor->args, err);
}

int tusk_args_parse(int argc, char *const argv[], struct tusk_args *ret_args, struct tusk_err *err)
{
	memset(ret_args, 0, sizeof(*ret_args));
	struct cursor cursor = {.words = argv, .count = argc, .next = argc ? 1 : 0, .args = ret_args};
	if (argc && word_add(&ret_args->record, "tusk", err) < 0)
		return -1;
	if (parse_all(&cursor, err) < 0) {
		tusk_args_release(ret_args);
		return -1;
	}
	return 0;
}
