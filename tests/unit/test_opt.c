/* The command line: parsing by the table, suggestions, help. */
#include "opt.h"
#include "snaparg.h"
#include "timearg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define PARSE(args, err, ...)                                                               \
	__extension__({                                                                     \
		const char *words_[] = {"tusk", __VA_ARGS__, NULL};                         \
		int count_ = (int)(sizeof(words_) / sizeof(words_[0])) - 1;                 \
		tusk_args_parse(count_, (char *const *)(uintptr_t)words_, &(args), &(err)); \
	})

static void global_options_go_before_or_after_the_command(void **state)
{
	(void)state;
	struct tusk_err err = {0};
	struct tusk_args args;
	assert_int_equal(PARSE(args, err, "-r", "/a", "snapshots", "--json"), 0);
	assert_string_equal(args.command->name, "snapshots");
	assert_string_equal(tusk_args_text(&args, TUSK_OPT_REPOSITORY), "/a");
	assert_true(tusk_args_has(&args, TUSK_OPT_JSON));
	tusk_args_release(&args);
	assert_int_equal(PARSE(args, err, "snapshots", "--json", "-r/b"), 0);
	assert_string_equal(tusk_args_text(&args, TUSK_OPT_REPOSITORY), "/b");
	tusk_args_release(&args);
}

static void values_are_taken_in_every_spelling(void **state)
{
	(void)state;
	struct tusk_err err = {0};
	struct tusk_args args;
	assert_int_equal(PARSE(args, err, "backup", "--tag=a", "--tag", "b", "-tc", "-t", "d", "--exclude-larger",
			       "20M", "-vvx", "/home", "--", "-odd"),
			 0);
	const struct tusk_words *tags = &args.values[TUSK_OPT_TAG].list;
	assert_int_equal(tags->count, 4);
	assert_string_equal(tags->items[0], "a");
	assert_string_equal(tags->items[3], "d");
	assert_int_equal(args.values[TUSK_OPT_EXCLUDE_LARGER_THAN].number, 20 << 20);
	assert_int_equal(args.values[TUSK_OPT_VERBOSE].count, 2);
	assert_true(tusk_args_has(&args, TUSK_OPT_ONE_FILE_SYSTEM));
	assert_int_equal(args.operands.count, 2);
	assert_string_equal(args.operands.items[1], "-odd");
	assert_true(args.dashes);
	tusk_args_release(&args);
}

static void secrets_are_not_recorded(void **state)
{
	(void)state;
	struct tusk_err err = {0};
	struct tusk_args args;
	assert_int_equal(
	    PARSE(args, err, "--password-c", "echo hunter2", "--password-command=echo hunter3", "backup", "/home"), 0);
	for (size_t i = 0; i < args.record.count; i++)
		assert_null(strstr(args.record.items[i], "hunter"));
	assert_string_equal(args.record.items[2], "***");
	assert_string_equal(args.record.items[args.record.count - 1], "/home");
	assert_string_equal(tusk_args_text(&args, TUSK_OPT_PASSWORD_COMMAND), "echo hunter3");
	tusk_args_release(&args);
}

#define REFUSED(text, ...)                                             \
	do {                                                           \
		struct tusk_err err_ = {0};                            \
		struct tusk_args args_;                                \
		assert_int_equal(PARSE(args_, err_, __VA_ARGS__), -1); \
		assert_int_equal(err_.code, TUSK_E_USAGE);             \
		assert_string_equal(err_.message, text);               \
	} while (0)

static void mistakes_are_named_with_the_nearest_right_word(void **state)
{
	(void)state;
	REFUSED("no command \"snapshot\"; did you mean \"snapshots\"?", "snapshot");
	REFUSED("no command \"frobnicate\"", "frobnicate");
	REFUSED("backup has no option \"--exlude\"; did you mean \"--exclude\"?", "backup", "--exlude", "x");
	REFUSED("ls has no option \"-Z\"", "ls", "-Z");
	REFUSED("option \"--tag\" goes after the command", "--tag", "x", "backup");
	REFUSED("init: one argument too many: \"/b\"", "init", "/a", "/b");
	REFUSED("too few arguments: tusk diff SNAP1[:PATH] SNAP2[:PATH]", "diff", "latest");
	REFUSED("option \"--repository\" needs a value: --repository URL", "snapshots", "-r");
	REFUSED("option \"--json\" takes no value", "snapshots", "--json=1");
	REFUSED("--encryption \"none1\" is unknown; did you mean \"none\"?", "init", "--encryption", "none1");
	REFUSED("--chunk-size \"big\" is not a size; sizes look like 512, 128K, 20M or 1G", "init", "--chunk-size",
		"big");
	REFUSED("--threads \"-1\" is not a number", "check", "--threads", "-1");
}

static uint64_t share(const char *word)
{
	struct tusk_err err = {0};
	struct tusk_args args;
	assert_int_equal(PARSE(args, err, "check", word, "--json"), 0);
	assert_true(tusk_args_has(&args, TUSK_OPT_DATA));
	uint64_t ppm = args.values[TUSK_OPT_DATA].number;
	tusk_args_release(&args);
	return ppm;
}

static void a_share_is_optional_and_exact(void **state)
{
	(void)state;
	assert_int_equal(share("--data"), 0);
	assert_int_equal(share("--data=100%"), 0);
	assert_int_equal(share("--data=5%"), 50000);
	assert_int_equal(share("--data=33.3%"), 333000);
	assert_int_equal(share("--data=0.0001%"), 1);
	assert_int_equal(share("--data=99.9999999%"), 999999);
	static const char *const wrong[] = {"--data=",
					    "--data=%",
					    "--data=5",
					    "--data=0%",
					    "--data=-5%",
					    "--data=100.1%",
					    "--data=5%5",
					    "--data=.5%",
					    "--data=5.%",
					    "--data=0.00001%",
					    "--data=99999999999999999999999%"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct tusk_err err = {0};
		struct tusk_args args;
		assert_int_equal(PARSE(args, err, "check", wrong[i]), -1);
		assert_int_equal(err.code, TUSK_E_USAGE);
	}
}

static void ambiguous_beginnings_are_refused(void **state)
{
	(void)state;
	struct tusk_err err = {0};
	struct tusk_args args;
	assert_int_equal(PARSE(args, err, "backup", "--exclude-n", "/"), 0);
	tusk_args_release(&args);
	assert_int_equal(PARSE(args, err, "backup", "--exclude-", "/"), -1);
	assert_non_null(strstr(err.message, "may be"));
	assert_int_equal(PARSE(args, err, "backup", "--=x", "/"), -1);
}

static void help_fits_on_a_screen(void **state)
{
	(void)state;
	for (const struct tusk_command *c = tusk_command_table;; c++) {
		char *text;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		if (c->name)
			tusk_help_command(out, c);
		else
			tusk_help_commands(out);
		fclose(out);
		int lines = 0;
		bool example = strstr(text, "Example: tusk ") != NULL;
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++)
			if (strlen(line) > 80)
				fail_msg("wider than 80 columns: %s", line);
		free(text);
		if (lines > 24 || !example)
			fail_msg("help of %s: %d lines, example: %d", c->name ? c->name : "tusk", lines, example);
		if (!c->name)
			return;
	}
}

static void every_option_has_one_name_and_one_letter(void **state)
{
	(void)state;
	for (int i = 1; i < TUSK_OPT_COUNT; i++) {
		const struct tusk_opt_row *a = &tusk_opt_table[i];
		assert_non_null(a->name);
		assert_non_null(a->help);
		assert_true((a->kind == TUSK_OPT_IS_FLAG) == (a->argument == NULL));
		assert_true((a->kind == TUSK_OPT_IS_CHOICE) == (a->choices != NULL));
		for (int j = i + 1; j < TUSK_OPT_COUNT; j++) {
			assert_string_not_equal(a->name, tusk_opt_table[j].name);
		}
	}
	for (const struct tusk_command *c = tusk_command_table; c->name; c++) {
		unsigned uses[256] = {0};
		for (int i = 1; i <= TUSK_OPT_LAST_GLOBAL; i++)
			uses[(unsigned char)tusk_opt_table[i].letter]++;
		for (int i = 0; i < TUSK_COMMAND_OPTIONS_MAX && c->options[i]; i++)
			uses[(unsigned char)tusk_opt_table[c->options[i]].letter]++;
		for (int letter = 1; letter < 256; letter++)
			assert_true(uses[letter] <= 1);
	}
}

static void every_example_parses(void **state)
{
	(void)state;
	for (const struct tusk_command *c = tusk_command_table; c->name; c++) {
		char line[256], *words[32] = {line};
		int count = 1;
		struct tusk_err err = {0};
		struct tusk_args args;
		snprintf(line, sizeof(line), "%s", c->example);
		line[strcspn(line, "|")] = '\0';
		for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
			words[count++] = word;
		if (tusk_args_parse(count, words, &args, &err) < 0)
			fail_msg("example of %s: %s", c->name, err.message);
		assert_ptr_equal(args.command, c);
		tusk_args_release(&args);
	}
}

static void check_split(const char *text, const char *snap, const char *path)
{
	struct tusk_err err = {0};
	char *got_snap;
	const char *got_path;
	assert_int_equal(tusk_snaparg_split(text, &got_snap, &got_path, &err), 0);
	assert_string_equal(got_snap, snap);
	assert_string_equal(got_path, path);
	free(got_snap);
}

static void a_colon_in_a_time_of_day_does_not_begin_the_path(void **state)
{
	(void)state;
	check_split("latest", "latest", "");
	check_split("latest:", "latest", "");
	check_split("7f3a:/a:b", "7f3a", "/a:b");
	check_split("latest:12:30", "latest", "12:30");
	check_split("@2026-11-20T14:07", "@2026-11-20T14:07", "");
	check_split("@2026-11-20T14:07:/etc", "@2026-11-20T14:07", "/etc");
	check_split("@2026-11-20T14:07:22:9/x", "@2026-11-20T14:07:22", "9/x");
	check_split("@2026-11-20:12", "@2026-11-20", "12");
	check_split("@", "@", "");
}

static void times_are_read_in_their_usual_forms(void **state)
{
	(void)state;
	struct tusk_err err = {0};
	struct timespec time, other;
	assert_int_equal(tusk_time_parse("2026-11-22T14:07:22Z", &time, &err), 0);
	assert_int_equal(time.tv_sec, 1795356442);
	assert_int_equal(tusk_time_parse("@1795356442", &other, &err), 0);
	assert_int_equal(time.tv_sec, other.tv_sec);
	assert_int_equal(tusk_time_parse("2026-11-22 14:07", &time, &err), 0);
	assert_int_equal(tusk_time_parse("2026-02-30", &time, &err), -1);
	assert_int_equal(tusk_time_parse("yesterday", &time, &err), -1);
	assert_int_equal(tusk_time_parse("@", &time, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(global_options_go_before_or_after_the_command),
	    cmocka_unit_test(values_are_taken_in_every_spelling),
	    cmocka_unit_test(secrets_are_not_recorded),
	    cmocka_unit_test(mistakes_are_named_with_the_nearest_right_word),
	    cmocka_unit_test(a_share_is_optional_and_exact),
	    cmocka_unit_test(ambiguous_beginnings_are_refused),
	    cmocka_unit_test(help_fits_on_a_screen),
	    cmocka_unit_test(every_option_has_one_name_and_one_letter),
	    cmocka_unit_test(every_example_parses),
	    cmocka_unit_test(a_colon_in_a_time_of_day_does_not_begin_the_path),
	    cmocka_unit_test(times_are_read_in_their_usual_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
