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

/* What nohup, or a shell for its background jobs, has switched off stays off. */
static void catch_unless_ignored(int number)
{
	/* SA_RESTART spares the library's system calls an EINTR; SA_RESETHAND lets the second signal through. */
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)(SA_RESTART | SA_RESETHAND)}, old;
	if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
		return;
	sigaction(number, &action, NULL);
}

const atomic_bool *tusk_signals_catch(void)
{
	catch_unless_ignored(SIGINT);
	catch_unless_ignored(SIGTERM);
	catch_unless_ignored(SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file beyond the limit is that file's error */
	return &stop;
}
