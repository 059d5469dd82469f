/* The pipeline file as a model; its words; where the cards of the picture stand. */
#include "pipeline/graph.h"
#include "pipeline/markup.h"
#include "pipeline/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static void parse(const char *text, struct pipeline *ret_pipeline)
{
	struct tusk_err err = {0};
	if (pipeline_parse("/etc/tusk/home.yaml", text, strlen(text), ret_pipeline, &err) < 0)
		fail_msg("%s", err.message);
}

static void the_repository_is_the_first_node_and_feeds_the_others(void **state)
{
	(void)state;
	PIPELINE_AUTO struct pipeline p = {0};
	parse("version: 1\nrepository: /srv/backup\nsources:\n  - {name: home, paths: [/home, /root]}\n"
	      "  - {name: etc, paths: /etc}\nnodes:\n  - {name: nas, url: 'ssh://nas/srv', keep: same}\n"
	      "  - {name: cloud, url: 's3://h/b', input: home, limit-upload: 20M, keep: {daily: 30}}\n"
	      "keep: {last: 3, within: 2w}\n",
	      &p);
	assert_string_equal(p.name, "home");
	assert_int_equal(p.node_count, 3);
	assert_int_equal(p.nodes[2].upstream, PIPELINE_NONE);
	assert_string_equal(p.nodes[0].name, "primary");
	assert_int_equal(p.nodes[0].upstream, PIPELINE_NONE);
	assert_int_equal(p.nodes[0].sources.count, 2);
	assert_int_equal(p.nodes[1].upstream, 0);
	assert_int_equal(p.nodes[1].role, PIPELINE_REMOTE);
	assert_int_equal(p.nodes[2].role, PIPELINE_CLOUD);
	assert_int_equal(p.nodes[2].limit_upload, 20 << 20);
	assert_int_equal(p.sources[0].paths.count, 2);
	assert_true(pipeline_reaches(&p, 1, 1));
	assert_false(pipeline_reaches(&p, 1, 2));
	assert_int_equal(pipeline_keep_of(&p, &p.nodes[1])->within_s, 14 * 86400);
	assert_int_equal(pipeline_keep_of(&p, &p.nodes[2])->daily, 30);
}

static void nodes_come_after_what_feeds_them(void **state)
{
	(void)state;
	PIPELINE_AUTO struct pipeline p = {0};
	parse("version: 1\nsources: [{name: s, command: date}]\nnodes:\n  - {name: c, url: /c, input: b}\n"
	      "  - {name: b, url: /b, input: a}\n  - {name: a, url: /a}\n",
	      &p);
	assert_int_equal(p.order[0], 2);
	assert_int_equal(p.order[1], 1);
	assert_int_equal(p.order[2], 0);
	assert_string_equal(p.sources[0].command.items[1], "-c");
	assert_string_equal(p.sources[0].file, "s");
	assert_int_equal(pipeline_first_node(&p, 0), 2);
}

static void schedules_and_proofs_are_understood(void **state)
{
	(void)state;
	PIPELINE_AUTO struct pipeline p = {0};
	parse("version: 1\nrepository: /r\nsources: [{name: s, paths: /s}]\nschedule: weekly sunday 03:05\n"
	      "verify: {structure: daily, data: 5% weekly, restore-drill: 20 files monthly}\nalert: {max-age: 36h}\n",
	      &p);
	assert_int_equal(p.schedule.period, PIPELINE_WEEKLY);
	assert_int_equal(p.schedule.weekday, 6);
	assert_int_equal(p.schedule.hour, 3);
	assert_int_equal(p.schedule.minute, 5);
	assert_int_equal(p.verify.structure, PIPELINE_DAILY);
	assert_int_equal(p.verify.data_percent, 5);
	assert_int_equal(p.verify.drill_files, 20);
	assert_int_equal(p.verify.drill, PIPELINE_MONTHLY);
	assert_int_equal(p.alert.max_age_s, 36 * 3600);
}

static void durations_and_ages_are_said_shortly(void **state)
{
	(void)state;
	char text[32];
	pipeline_words_duration(36 * 3600, text, sizeof(text));
	assert_string_equal(text, "36 h");
	pipeline_words_duration(14 * 86400, text, sizeof(text));
	assert_string_equal(text, "2 weeks");
	pipeline_words_age(36 * 3600, text, sizeof(text));
	assert_string_equal(text, "36 h");
	pipeline_words_age(3 * 86400 + 5, text, sizeof(text));
	assert_string_equal(text, "3 days");
	pipeline_words_age(0, text, sizeof(text));
	assert_string_equal(text, "0 s");
}

static void texts_are_cut_at_characters(void **state)
{
	(void)state;
	char text[64];
	pipeline_markup_cut("\xc3\xa4\xc3\xb6\xc3\xbc", 2, text, sizeof(text));
	assert_string_equal(text, "\xc3\xa4\xe2\x80\xa6");
	pipeline_markup_cut_middle("abcdefghij", 5, text, sizeof(text));
	assert_string_equal(text, "ab\xe2\x80\xa6ij");
	pipeline_markup_cut("abc", 3, text, sizeof(text));
	assert_string_equal(text, "abc");
}

static void a_card_stands_behind_its_input(void **state)
{
	(void)state;
	struct tusk_err err = {0};
	struct pipeline_layout layout;
	PIPELINE_AUTO struct pipeline p = {0};
	parse("version: 1\nrepository: /r\nsources: [{name: s, paths: /s}, {name: t, paths: /t}]\nnodes:\n"
	      "  - {name: a, url: /a}\n  - {name: b, url: /b, input: a}\n",
	      &p);
	assert_int_equal(pipeline_layout_make(&p, &layout, &err), 0);
	assert_int_equal(layout.columns, 4);
	assert_int_equal(layout.cards[2].column, 1);
	assert_int_equal(layout.cards[3].column, 2);
	assert_int_equal(layout.cards[4].column, 3);
	assert_true(layout.cards[4].y == layout.cards[3].y);
	assert_true(layout.cards[0].y < layout.cards[1].y);
	pipeline_layout_release(&layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_repository_is_the_first_node_and_feeds_the_others),
	    cmocka_unit_test(nodes_come_after_what_feeds_them),
	    cmocka_unit_test(schedules_and_proofs_are_understood),
	    cmocka_unit_test(durations_and_ages_are_said_shortly),
	    cmocka_unit_test(texts_are_cut_at_characters),
	    cmocka_unit_test(a_card_stands_behind_its_input),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
