#include "cache.h"
#include "slab.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COST 1000u

static atomic_int loads, destroyed;
static int yields;

static struct tusk_id id_of(unsigned n)
{
	struct tusk_id id = {{0}};
	id.bytes[0] = (uint8_t)n;
	id.bytes[1] = (uint8_t)(n >> 8);
	id.bytes[TUSK_ID_SIZE - 1] = (uint8_t)n; /* any shard */
	return id;
}

static void destroy(struct tusk_cached *item)
{
	atomic_fetch_add(&destroyed, 1);
	free(item);
}

static int load(void *context, const struct tusk_id *id, struct tusk_cached **ret_item, struct tusk_err *err)
{
	atomic_fetch_add(&loads, 1);
	for (int i = 0; i < yields; i++)
		sched_yield(); /* gives the others the time to ask for the same */
	if (context)
		return tusk_err_set(err, TUSK_E_CORRUPT, 0, "refused");
	struct tusk_cached *item = calloc(1, sizeof(*item));
	item->id = *id;
	item->type = 1;
	item->cost = COST;
	*ret_item = item;
	return 0;
}

static const struct tusk_cache_loader loader = {.load = load};

static struct tusk_cached *get(struct tusk_cache *cache, unsigned n)
{
	struct tusk_cached *item = NULL;
	struct tusk_id id = id_of(n);
	assert_int_equal(tusk_cache_get(cache, &id, 1, &loader, &item, NULL), 0);
	assert_true(tusk_id_equal(&item->id, &id));
	return item;
}

static int reset(void **state)
{
	(void)state;
	loads = destroyed = yields = 0;
	return 0;
}

static void a_second_look_does_not_load(void **state)
{
	(void)state;
	struct tusk_cache *cache = tusk_cache_new(10 * COST, destroy);
	tusk_cached_release(get(cache, 7));
	tusk_cached_release(get(cache, 7));
	assert_int_equal(loads, 1);
	tusk_cache_free(cache);
	assert_int_equal(destroyed, 1);
}

static void the_budget_is_kept_and_pinned_items_stay(void **state)
{
	(void)state;
	struct tusk_cache *cache = tusk_cache_new(10 * COST, destroy);
	struct tusk_cached *pinned = get(cache, 0);
	for (unsigned n = 1; n < 500; n++)
		tusk_cached_release(get(cache, n));
	assert_true(tusk_cache_used(cache) <= 10 * COST);
	int before = loads;
	assert_ptr_equal(get(cache, 0), pinned);
	assert_int_equal(loads, before);
	tusk_cached_release(pinned);
	tusk_cached_release(pinned);
	tusk_cache_free(cache);
	assert_int_equal(destroyed, loads);
}

static void an_item_larger_than_the_budget_is_kept_until_the_next(void **state)
{
	(void)state;
	struct tusk_cache *cache = tusk_cache_new(COST / 2, destroy);
	tusk_cached_release(get(cache, 1));
	tusk_cached_release(get(cache, 1));
	assert_int_equal(loads, 1);
	tusk_cached_release(get(cache, 2));
	assert_int_equal(destroyed, 1);
	tusk_cache_free(cache);
}

static void a_failed_load_is_tried_again(void **state)
{
	(void)state;
	struct tusk_cache *cache = tusk_cache_new(COST, destroy);
	struct tusk_cache_loader refusing = {.load = load, .context = cache};
	struct tusk_id id = id_of(3);
	struct tusk_cached *item;
	struct tusk_err err = {0};
	assert_int_equal(tusk_cache_get(cache, &id, 1, &refusing, &item, &err), -1);
	assert_int_equal(err.code, TUSK_E_CORRUPT);
	tusk_cached_release(get(cache, 3));
	assert_int_equal(loads, 2);
	tusk_cache_free(cache);
}

static void the_same_id_of_another_type_is_another_item(void **state)
{
	(void)state;
	struct tusk_cache *cache = tusk_cache_new(10 * COST, destroy);
	struct tusk_cache_loader refusing = {.load = load, .context = cache};
	struct tusk_id id = id_of(3);
	struct tusk_cached *item;
	tusk_cached_release(get(cache, 3));
	assert_int_equal(tusk_cache_get(cache, &id, 2, &refusing, &item, NULL), -1);
	tusk_cache_free(cache);
}

#define THREADS 8

static pthread_barrier_t barrier;

static void *ask(void *context)
{
	pthread_barrier_wait(&barrier);
	for (unsigned n = 0; n < 200; n++)
		tusk_cached_release(get(context, n));
	return NULL;
}

static void threads_that_miss_together_load_once(void **state)
{
	(void)state;
	struct tusk_cache *cache = tusk_cache_new(1000 * COST, destroy);
	yields = 20;
	pthread_t threads[THREADS];
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, cache), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(loads, 200);
	pthread_barrier_destroy(&barrier);
	tusk_cache_free(cache);
}

static void threads_that_evict_lose_nothing(void **state)
{
	(void)state;
	struct tusk_cache *cache = tusk_cache_new(20 * COST, destroy);
	pthread_t threads[THREADS];
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, cache), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	tusk_cached_release(get(cache, 9999)); /* trims what was pinned before */
	assert_true(tusk_cache_used(cache) <= 20 * COST);
	tusk_cache_free(cache);
	assert_int_equal(destroyed, loads);
}

static void a_slab_is_handed_out_again(void **state)
{
	(void)state;
	struct tusk_slabs *slabs = tusk_slabs_new(512 << 10, 1 << 20);
	size_t first_capacity, second_capacity;
	uint8_t *first = tusk_slab_take(slabs, 130000, &first_capacity);
	assert_true(first_capacity >= 130000 && first_capacity <= 130000 * 5 / 4);
	memset(first, 1, first_capacity);
	tusk_slab_give(slabs, first, first_capacity);
	uint8_t *second = tusk_slab_take(slabs, 120000, &second_capacity);
	assert_ptr_equal(first, second);
	assert_true(second_capacity >= 120000);
	tusk_slab_give(slabs, second, second_capacity);
	tusk_slabs_free(slabs);
}

static void slabs_of_every_size_hold_what_was_asked(void **state)
{
	(void)state;
	struct tusk_slabs *slabs = tusk_slabs_new(512 << 10, 1 << 20);
	for (size_t len = 0; len < 3u << 20; len = len * 9 / 8 + 1) {
		size_t capacity;
		uint8_t *data = tusk_slab_take(slabs, len, &capacity);
		assert_non_null(data);
		assert_true(capacity >= len);
		memset(data, 0xaa, capacity);
		tusk_slab_give(slabs, data, capacity);
	}
	tusk_slabs_free(slabs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_second_look_does_not_load, reset),
	    cmocka_unit_test_setup(the_budget_is_kept_and_pinned_items_stay, reset),
	    cmocka_unit_test_setup(an_item_larger_than_the_budget_is_kept_until_the_next, reset),
	    cmocka_unit_test_setup(a_failed_load_is_tried_again, reset),
	    cmocka_unit_test_setup(the_same_id_of_another_type_is_another_item, reset),
	    cmocka_unit_test_setup(threads_that_miss_together_load_once, reset),
	    cmocka_unit_test_setup(threads_that_evict_lose_nothing, reset),
	    cmocka_unit_test(a_slab_is_handed_out_again),
	    cmocka_unit_test(slabs_of_every_size_hold_what_was_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
