/* Whether a service keeps up, told early and by what is on its way alone. */
#include "pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#define MIB     (1u << 20)
#define PACK    (16 * MIB)
#define UPLOADS 4

struct line {
	struct tusk_s3_pace pace;
	int64_t now_ms;
};

static int line_begin(void **state)
{
	static struct line line;

	line = (struct line){.now_ms = 5};
	tusk_s3_pace_init(&line.pace);
	*state = &line;
	return 0;
}

static int line_end(void **state)
{
	struct line *line = *state;

	tusk_s3_pace_release(&line->pace);
	return 0;
}

/* A pack, made in so many milliseconds, begins to be sent. */
static void make_pack(struct line *line, unsigned ms)
{
	tusk_s3_pace_ready(&line->pace, line->now_ms);
	line->now_ms += ms;
	tusk_s3_pace_begin(&line->pace, PACK, line->now_ms);
}

/* Uploads go on side by side, each at a rate of bytes a second. */
static void send_for(struct line *line, unsigned uploads, uint64_t rate, unsigned ms)
{
	for (unsigned passed = 0; passed < ms; passed += 10) {
		line->now_ms += 10;
		tusk_s3_pace_sent(&line->pace, uploads * rate / 100, line->now_ms);
	}
}

static bool is_behind(struct line *line)
{
	return tusk_s3_pace_is_behind(&line->pace, UPLOADS, line->now_ms);
}

static void what_was_not_seen_is_not_behind(void **state)
{
	struct line *line = *state;

	assert_false(is_behind(line));
	make_pack(line, 1);
	assert_false(is_behind(line));
	send_for(line, 1, 1000, 990);
	assert_false(is_behind(line));
	send_for(line, 1, 1000, 10);
	assert_true(is_behind(line));
}

static void one_slow_upload_tells_of_all(void **state)
{
	struct line *line = *state;

	/* 16 MiB/s are made; one upload takes 3 MiB/s, four take 12 */
	make_pack(line, 1000);
	send_for(line, 1, 3 * MIB, 1000);
	assert_false(is_behind(line)); /* 16 MiB in two seconds until now */
	make_pack(line, 0);
	assert_true(is_behind(line));
}

static void uploads_that_suffice_together_are_not_behind(void **state)
{
	struct line *line = *state;

	/* 16 MiB/s are made, and four uploads take 20 */
	for (unsigned running = 0, pack = 0; pack < 30; pack++) {
		make_pack(line, pack ? 0 : 1000);
		if (running < UPLOADS)
			running++;
		else
			tusk_s3_pace_end(&line->pace, line->now_ms);
		send_for(line, running, 5 * MIB, 1000);
		assert_false(is_behind(line));
	}
}

static void a_line_that_gets_better_is_believed_again(void **state)
{
	struct line *line = *state;
	unsigned seconds = 0;

	make_pack(line, 1000);
	make_pack(line, 0);
	send_for(line, 2, MIB, 10000);
	make_pack(line, 0);
	make_pack(line, 0);
	assert_true(is_behind(line));
	while (is_behind(line)) {
		send_for(line, 4, 8 * MIB, 1000);
		make_pack(line, 0);
		tusk_s3_pace_end(&line->pace, line->now_ms);
		assert_true(++seconds < 60);
	}
}

static void nothing_on_its_way_is_not_behind(void **state)
{
	struct line *line = *state;

	make_pack(line, 100);
	send_for(line, 1, 1000, 2000);
	assert_true(is_behind(line));
	tusk_s3_pace_end(&line->pace, line->now_ms);
	assert_false(is_behind(line));
	/* and an hour in which little was new makes no debt */
	line->now_ms += 3600 * 1000;
	make_pack(line, 1000);
	assert_false(is_behind(line));
}

static void a_clock_that_stands_still_divides_nothing_by_zero(void **state)
{
	struct line *line = *state;

	for (unsigned i = 0; i < 100; i++) {
		make_pack(line, 0);
		tusk_s3_pace_sent(&line->pace, PACK, line->now_ms);
		assert_false(is_behind(line));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_was_not_seen_is_not_behind, line_begin, line_end),
	    cmocka_unit_test_setup_teardown(one_slow_upload_tells_of_all, line_begin, line_end),
	    cmocka_unit_test_setup_teardown(uploads_that_suffice_together_are_not_behind, line_begin, line_end),
	    cmocka_unit_test_setup_teardown(a_line_that_gets_better_is_believed_again, line_begin, line_end),
	    cmocka_unit_test_setup_teardown(nothing_on_its_way_is_not_behind, line_begin, line_end),
	    cmocka_unit_test_setup_teardown(a_clock_that_stands_still_divides_nothing_by_zero, line_begin, line_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
