/* Asking for a secret on the terminal. */
#include "secret.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define ANSWER_MAX 4096

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))

static int read_line(struct tusk_buf *ret_answer, struct tusk_err *err)
{
	for (;;) {
		char c;
		ssize_t got = interrupted ? -1 : read(STDIN_FILENO, &c, 1);
		if (interrupted)
			return tusk_err_set(err, TUSK_E_INTERRUPTED, 0, "interrupted");
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return tusk_err_set(err, TUSK_E_PASSWORD, errno, "cannot read from the terminal");
		if (got == 0 && ret_answer->len == 0)
			return tusk_err_set(err, TUSK_E_PASSWORD, 0, "no password was typed");
		if (got == 0 || c == '\n')
			return 0;
		if (ret_answer->len >= ANSWER_MAX)
			return tusk_err_set(err, TUSK_E_PASSWORD, 0, "the password is too long");
		if (tusk_buf_append(ret_answer, &c, 1) < 0)
			return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	}
}

int tusk_prompt(const char *text, struct tusk_buf *ret_answer, struct tusk_err *err)
{
	struct termios before;
	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return tusk_err_set(err, TUSK_E_PASSWORD, errno, "cannot set up the terminal");

	/* Without SA_RESTART: a signal ends the read, so that echo is switched on again before the program ends. */
	struct sigaction action = {.sa_handler = on_signal}, old[SIGNAL_COUNT];
	interrupted = 0;
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaction(signals[i], &action, &old[i]);
	struct termios quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);

	fprintf(stderr, "%s: ", text);
	fflush(stderr);
	int rc = tusk_buf_reserve(ret_answer, ANSWER_MAX + 1) < 0 ? tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory")
								  : read_line(ret_answer, err);
	fputc('\n', stderr);

	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaction(signals[i], &old[i], NULL);
	return rc;
}
