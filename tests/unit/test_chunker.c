#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bytes.h"
#include "chunker.h"
#include "crypto.h"
#include "tusk/cleanup.h"

#define MOST_CUTS 4096

struct fixture {
	struct tusk_chunker normal; /* the sizes of FORMAT.md */
	struct tusk_chunker small;  /* 1 KiB, 4 KiB, 16 KiB: many cuts in little data */
	uint64_t gear[256];
	size_t cuts[MOST_CUTS];
};

/* The key is that of the golden positions: the bytes 0 to 31. */
static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint8_t key[32];

	for (uint8_t i = 0; i < 32; i++)
		key[i] = i;
	if (!f || tusk_gear_table(key, f->gear, NULL) < 0)
		return -1;
	tusk_chunker_init(&f->normal, f->gear, 32768, 131072, 524288);
	tusk_chunker_init(&f->small, f->gear, 1024, 4096, 16384);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static uint8_t *random_data(size_t len, uint64_t seed)
{
	uint8_t *data = malloc(len);

	assert_non_null(data);
	fill_random(data, len, seed);
	return data;
}

/* Offsets where chunks end, without the rest; window: how many bytes are given at most beyond the chunk's start. */
static size_t cut_all(struct fixture *f, const struct tusk_chunker *chunker, const uint8_t *data, size_t len,
		      size_t window)
{
	size_t offset = 0, count = 0;

	for (;;) {
		size_t given = len - offset < window ? len - offset : window;
		size_t cut = tusk_chunker_cut(chunker, data + offset, given);

		if (!cut)
			return count;
		assert_true(cut > chunker->min && cut <= chunker->max && cut <= given);
		offset += cut;
		assert_true(count < MOST_CUTS);
		f->cuts[count++] = offset;
	}
}

static void assert_cuts(struct fixture *f, size_t count, const size_t *golden, size_t golden_count)
{
	assert_int_equal(count, golden_count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(f->cuts[i], golden[i]);
}

/* Computed by a separate program from FORMAT.md alone. A change here is a change of the format. */
static void cuts_are_where_the_format_says(void **state)
{
	static const size_t normal[] = {192535, 323665, 406020, 554602, 743446, 952909};
	static const size_t small[] = {4243,  9303,  15186, 21113, 25563, 32054,
				       38543, 41078, 45383, 49817, 54993, 62314};
	struct fixture *f = *state;
	uint8_t *data TUSK_AUTO_FREE = random_data(1 << 20, 1);

	assert_int_equal(f->gear[0], 0xd09f492ab60090f2);
	assert_int_equal(f->gear[255], 0x99e3f8f9b6c57b1c);
	assert_cuts(f, cut_all(f, &f->normal, data, 1 << 20, SIZE_MAX), normal, 6);
	assert_cuts(f, cut_all(f, &f->small, data, 65536, SIZE_MAX), small, 12);
}

static void bytes_beyond_the_cut_do_not_matter(void **state)
{
	struct fixture *f = *state;
	uint8_t *data TUSK_AUTO_FREE = random_data(400000, 2);
	size_t count = cut_all(f, &f->small, data, 400000, SIZE_MAX);
	size_t start = 0;

	assert_true(count > 50);
	assert_int_equal(cut_all(f, &f->small, data, 400000, f->small.max), count);
	for (size_t i = 0; i < 10; i++) {
		size_t length = f->cuts[i] - start;

		/* Too little is undecided at every length; enough gives the same cut, whatever follows. */
		for (size_t given = 0; given < length; given++)
			assert_int_equal(tusk_chunker_cut(&f->small, data + start, given), 0);
		for (size_t given = length; given < length + 20; given++)
			assert_int_equal(tusk_chunker_cut(&f->small, data + start, given), length);
		start = f->cuts[i];
	}
	start = f->cuts[0];
	memset(data + start, 0xee, 400000 - start);
	assert_int_equal(tusk_chunker_cut(&f->small, data, 400000), start);
}

static void data_without_a_cut_ends_at_the_maximum(void **state)
{
	struct fixture *f = *state;
	uint8_t *zeros TUSK_AUTO_FREE = calloc(1, 40000);

	assert_non_null(zeros);
	assert_int_equal(tusk_chunker_cut(&f->small, zeros, 16383), 0);
	assert_int_equal(tusk_chunker_cut(&f->small, zeros, 16384), 16384);
	assert_int_equal(tusk_chunker_cut(&f->small, zeros, 40000), 16384);
}

/* With a table of zeros every byte would be a cut. */
static void no_chunk_ends_within_the_minimum(void **state)
{
	static const uint64_t always[256];
	struct tusk_chunker chunker;
	uint8_t data[4096] = {0};

	(void)state;
	tusk_chunker_init(&chunker, always, 1000, 4096, 8192);
	assert_int_equal(tusk_chunker_cut(&chunker, data, 0), 0);
	assert_int_equal(tusk_chunker_cut(&chunker, data, 1000), 0);
	assert_int_equal(tusk_chunker_cut(&chunker, data, 1001), 1001);
	assert_int_equal(tusk_chunker_cut(&chunker, data, sizeof(data)), 1001);
}

/* A table that makes the hash plain: byte 1 gives 2^63 (never a cut), byte 0 after it 2^56, byte 2 after it 2^52. With
 * an average of 512 the small mask covers the bits from 53 up, the large one those from 57 up. */
static void the_mask_changes_at_the_average(void **state)
{
	static const struct {
		size_t place;
		uint8_t byte;
		size_t cut;
	} cases[] = {
	    {400, 1, 8000}, {400, 0, 8000}, {511, 0, 8000}, {512, 0, 513}, {600, 0, 601},
	    {99, 2, 8000},  {102, 2, 103},  {400, 2, 401},  {511, 2, 512}, {512, 2, 513},
	};
	static const uint64_t gear[256] = {0x8100000000000000, 0xc000000000000000, 0x8010000000000000};
	struct tusk_chunker chunker;

	(void)state;
	tusk_chunker_init(&chunker, gear, 100, 512, 8000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t data[8192];

		memset(data, 1, sizeof(data));
		data[cases[i].place] = cases[i].byte;
		assert_int_equal(tusk_chunker_cut(&chunker, data, sizeof(data)), cases[i].cut);
	}
}

static void an_insertion_at_the_front_moves_only_the_first_cuts(void **state)
{
	enum { LEN = 1 << 20, INSERTED = 37 };
	struct fixture *f = *state;
	uint8_t *data TUSK_AUTO_FREE = random_data(LEN + INSERTED, 3);
	size_t before[MOST_CUTS], before_count, after_count, same = 0;

	before_count = cut_all(f, &f->small, data + INSERTED, LEN, SIZE_MAX);
	memcpy(before, f->cuts, sizeof(before));
	after_count = cut_all(f, &f->small, data, LEN + INSERTED, SIZE_MAX);
	while (same < before_count && same < after_count &&
	       before[before_count - 1 - same] + INSERTED == f->cuts[after_count - 1 - same])
		same++;
	assert_true(before_count > 150);
	assert_true(same + 12 >= before_count);
}

static void chunks_of_random_data_are_near_the_average(void **state)
{
	enum { LEN = 8 << 20 };
	struct fixture *f = *state;
	uint8_t *data TUSK_AUTO_FREE = random_data(LEN, 4);
	size_t count = cut_all(f, &f->small, data, LEN, SIZE_MAX);
	size_t mean = f->cuts[count - 1] / count, near = 0;

	/* The minimum, which is not hashed, adds to what normalisation aims at. */
	assert_in_range(mean, 4096, 4096 + 1024 + 512);
	for (size_t i = 1; i < count; i++)
		near += f->cuts[i] - f->cuts[i - 1] < 2 * f->small.average;
	assert_true(near * 10 > count * 9);
}

static void another_key_cuts_elsewhere(void **state)
{
	struct fixture *f = *state;
	uint8_t *data TUSK_AUTO_FREE = random_data(1 << 20, 5);
	struct tusk_chunker other;
	uint64_t gear[256];
	uint8_t key[32] = {1};
	size_t first[MOST_CUTS], first_count, count, common = 0;

	assert_int_equal(tusk_gear_table(key, gear, NULL), 0);
	tusk_chunker_init(&other, gear, 1024, 4096, 16384);
	first_count = cut_all(f, &f->small, data, 1 << 20, SIZE_MAX);
	memcpy(first, f->cuts, sizeof(first));
	count = cut_all(f, &other, data, 1 << 20, SIZE_MAX);
	for (size_t i = 0, k = 0; i < first_count && k < count;) {
		common += first[i] == f->cuts[k];
		if (first[i] < f->cuts[k])
			i++;
		else
			k++;
	}
	assert_true(common < 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(cuts_are_where_the_format_says),
	    TEST(bytes_beyond_the_cut_do_not_matter),
	    TEST(data_without_a_cut_ends_at_the_maximum),
	    TEST(no_chunk_ends_within_the_minimum),
	    TEST(the_mask_changes_at_the_average),
	    TEST(an_insertion_at_the_front_moves_only_the_first_cuts),
	    TEST(chunks_of_random_data_are_near_the_average),
	    TEST(another_key_cuts_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
