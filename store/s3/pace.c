#include "pace.h"

#define SEEN_MS   1000  /* of uploads running, before their rate is believed: slow starts are over */
#define MEMORY_MS 20000 /* then what was counts half: lines and files change */

void tusk_s3_pace_init(struct tusk_s3_pace *pace)
{
	*pace = (struct tusk_s3_pace){0};
	pthread_mutex_init(&pace->lock, NULL);
}

void tusk_s3_pace_release(struct tusk_s3_pace *pace)
{
	pthread_mutex_destroy(&pace->lock);
}

/* With the lock. */
static void advance(struct tusk_s3_pace *pace, int64_t now_ms)
{
	double passed = now_ms > pace->at_ms ? (double)(now_ms - pace->at_ms) : 0;

	if (!pace->at_ms)
		return;
	pace->at_ms += (int64_t)passed;
	pace->elapsed += passed;
	pace->active += passed * pace->running;
	if (pace->elapsed < MEMORY_MS)
		return;
	pace->given /= 2;
	pace->sent /= 2;
	pace->elapsed /= 2;
	pace->active /= 2;
}

void tusk_s3_pace_ready(struct tusk_s3_pace *pace, int64_t now_ms)
{
	pthread_mutex_lock(&pace->lock);
	if (!pace->at_ms)
		pace->at_ms = now_ms;
	pthread_mutex_unlock(&pace->lock);
}

void tusk_s3_pace_begin(struct tusk_s3_pace *pace, uint64_t bytes, int64_t now_ms)
{
	pthread_mutex_lock(&pace->lock);
	advance(pace, now_ms);
	pace->given += (double)bytes;
	pace->running++;
	pthread_mutex_unlock(&pace->lock);
}

void tusk_s3_pace_sent(struct tusk_s3_pace *pace, uint64_t bytes, int64_t now_ms)
{
	pthread_mutex_lock(&pace->lock);
	advance(pace, now_ms);
	pace->sent += (double)bytes;
	pthread_mutex_unlock(&pace->lock);
}

void tusk_s3_pace_end(struct tusk_s3_pace *pace, int64_t now_ms)
{
	pthread_mutex_lock(&pace->lock);
	advance(pace, now_ms);
	pace->running--;
	pthread_mutex_unlock(&pace->lock);
}

bool tusk_s3_pace_is_behind(struct tusk_s3_pace *pace, unsigned uploads, int64_t now_ms)
{
	pthread_mutex_lock(&pace->lock);
	advance(pace, now_ms);
	bool is_behind = pace->running > 0 && pace->active >= SEEN_MS &&
			 pace->given / pace->elapsed > uploads * pace->sent / pace->active;
	pthread_mutex_unlock(&pace->lock);
	return is_behind;
}
