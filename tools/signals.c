/* The stop flag: the only mutable global that is needed. */
#include "signals.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

static atomic_bool stop;

static void on_signal(int number)
{
	(void)number;
	atomic_store(&stop, true);
}

const atomic_bool *tusk_signals_catch(void)
{
	/* SA_RESTART spares the library's system calls an EINTR; SA_RESETHAND lets the second signal through. */
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)(SA_RESTART | SA_RESETHAND)};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return &stop;
}
