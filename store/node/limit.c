#include "limit.h"

#include "tusk/text.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define SECOND_NS 1000000000u
/* What may pass at once after a pause: so much time's worth. */
#define BURST_NS (SECOND_NS / 4)

void tusk_limit_init(struct tusk_limit *limit, uint64_t rate)
{
	*limit = (struct tusk_limit){.rate = rate};
	pthread_mutex_init(&limit->lock, NULL);
}

void tusk_limit_release(struct tusk_limit *limit)
{
	pthread_mutex_destroy(&limit->lock);
}

uint64_t tusk_limit_delay_ns(struct tusk_limit *limit, uint64_t count, uint64_t now_ns)
{
	uint64_t cost, delay;

	if (!limit->rate)
		return 0;
	cost = (uint64_t)((double)count / (double)limit->rate * SECOND_NS);
	pthread_mutex_lock(&limit->lock);
	if (limit->paid_until_ns < now_ns)
		limit->paid_until_ns = now_ns;
	limit->paid_until_ns += cost;
	delay = limit->paid_until_ns - now_ns;
	pthread_mutex_unlock(&limit->lock);
	return delay > BURST_NS ? delay - BURST_NS : 0;
}

static uint64_t now_ns(struct timespec *ret_now)
{
	clock_gettime(CLOCK_MONOTONIC, ret_now);
	return (uint64_t)ret_now->tv_sec * SECOND_NS + (uint64_t)ret_now->tv_nsec;
}

bool tusk_limit_is_binding(struct tusk_limit *limit)
{
	struct timespec now;

	if (!limit->rate)
		return false;
	pthread_mutex_lock(&limit->lock);
	bool is_binding = limit->paid_until_ns > now_ns(&now);
	pthread_mutex_unlock(&limit->lock);
	return is_binding;
}

void tusk_limit_take(struct tusk_limit *limit, uint64_t count)
{
	struct timespec now, until;
	uint64_t delay;

	if (!limit->rate)
		return;
	delay = tusk_limit_delay_ns(limit, count, now_ns(&now));
	until.tv_sec = now.tv_sec + (time_t)(delay / SECOND_NS);
	until.tv_nsec = now.tv_nsec + (long)(delay % SECOND_NS);
	if (until.tv_nsec >= (long)SECOND_NS) {
		until.tv_nsec -= (long)SECOND_NS;
		until.tv_sec++;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static int rate_of(const char *variable, uint64_t *ret_rate, struct tusk_err *err)
{
	const char *text = getenv(variable);

	*ret_rate = 0;
	if (!text || !*text)
		return 0;
	if (tusk_text_parse_size(text, ret_rate) < 0)
		return tusk_err_set(err, TUSK_E_USAGE, 0, "%s is not a size per second: \"%.40s\"", variable, text);
	return 0;
}

int tusk_limits_init(struct tusk_limits *limits, struct tusk_err *err)
{
	uint64_t up, down;

	if (rate_of("TUSK_LIMIT_UPLOAD", &up, err) < 0 || rate_of("TUSK_LIMIT_DOWNLOAD", &down, err) < 0)
		return -1;
	tusk_limit_init(&limits->up, up);
	tusk_limit_init(&limits->down, down);
	return 0;
}

void tusk_limits_release(struct tusk_limits *limits)
{
	tusk_limit_release(&limits->up);
	tusk_limit_release(&limits->down);
}
