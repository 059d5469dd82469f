/* The monotonic clock, and waiting by it: nobody who sets the time of day shortens or stretches a wait. */
#ifndef TUSK_CLOCK_H
#define TUSK_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds since some time before this process. */
int64_t tusk_now_ms(void);
/* So many milliseconds from now, for pthread_cond_timedwait on a condition that tusk_cond_init has made. */
struct timespec tusk_deadline(int64_t ms);
void tusk_cond_init(pthread_cond_t *cond);

#endif
