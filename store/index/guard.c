/* LMDB follows what a page says. Where the page is damaged that leads out of the file (SIGBUS), out of the map
 * (SIGSEGV), into one of its assertions (abort) or round in a circle (order.c). A read transaction changes nothing but
 * itself, so it can be left from wherever it stands, and the file be given up like one that LMDB finds damaged. What
 * writes is not guarded: it has proved the file before (txn.c), and memory that a write has spoilt is better lost with
 * its process. */
#include "index_env.h"

#include "tusk/sabotage.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

#define SIGNAL_COUNT 2

static const int deadly[SIGNAL_COUNT] = {SIGSEGV, SIGBUS};
static struct sigaction before[SIGNAL_COUNT];
static _Thread_local sigjmp_buf *volatile way_out; /* NULL: this thread is not in guarded code */

/* A death that is not ours goes to whoever waited for it before: the instruction is tried again and meets him. */
static void on_signal(int number, siginfo_t *info, void *unused)
{
	bool is_fault = info->si_code > 0;

	(void)unused;
	if (way_out && is_fault && !TUSK_SABOTAGED(index_guard))
		siglongjmp(*way_out, 1);
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		if (deadly[i] == number)
			(void)sigaction(number, &before[i], NULL);
	if (!is_fault)
		(void)raise(number);
}

/* Whoever has put a handler of his own in the place of ours since the last time is met after us. */
void tusk_guard_install(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	/* SA_NODEFER: a jump out of the handler leaves no signal blocked. */
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER}, present;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		if (sigaction(deadly[i], NULL, &present) < 0 || present.sa_sigaction == on_signal)
			continue;
		before[i] = present;
		(void)sigaction(deadly[i], &action, NULL);
	}
	pthread_mutex_unlock(&lock);
}

void tusk_guard_assert(MDB_env *env, const char *message)
{
	(void)env;
	(void)message;
	if (way_out)
		siglongjmp(*way_out, 1);
}

void tusk_guard_leave(void)
{
	if (way_out)
		siglongjmp(*way_out, 1);
	abort();
}

int tusk_guard_run(int (*work)(void *context), void *context)
{
	sigjmp_buf *const outer = way_out;
	sigjmp_buf here;

	if (sigsetjmp(here, 0) != 0) {
		way_out = outer;
		return MDB_CORRUPTED;
	}
	way_out = &here;
	int rc = work(context);
	way_out = outer;
	return rc;
}
