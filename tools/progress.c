/* The display of progress: a thread that wakes up and asks the work how it is. */
#include "progress.h"
#include "tusk/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

enum style { STYLE_NONE, STYLE_TERMINAL, STYLE_PLAIN, STYLE_JSON };

struct tusk_display {
	enum style style;
	struct tusk_progress_source source;
	uint64_t started_ms;
	pthread_t thread;
	pthread_mutex_t lock; /* guards stopping, shown and stderr */
	pthread_cond_t wake;
	bool stopping, shown;
};

static enum style choose_style(const struct tusk_cli *cli)
{
	const char *when = tusk_args_text(cli->args, TUSK_OPT_PROGRESS);
	if (when && strcmp(when, "none") == 0)
		return STYLE_NONE;
	if (when && strcmp(when, "plain") == 0)
		return STYLE_PLAIN;
	if (cli->report.json || (when && strcmp(when, "json") == 0))
		return STYLE_JSON;
	const char *term = getenv("TERM");
	bool dumb = !term || !*term || strcmp(term, "dumb") == 0;
	return cli->report.quiet || dumb || !isatty(STDERR_FILENO) ? STYLE_NONE : STYLE_TERMINAL;
}

static long interval_ms(enum style style)
{
	return style == STYLE_TERMINAL ? 100 : style == STYLE_JSON ? 1000 : 10000;
}

static int columns(void)
{
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		return size.ws_col - 1;
	return 79;
}

/* Cuts text after that many characters (UTF-8 continuation bytes do not count). */
static void cut(char *text, int limit)
{
	int count = 0;
	for (char *c = text; *c; c++) {
		if (((unsigned char)*c & 0xc0) == 0x80)
			continue;
		if (count++ == limit) {
			*c = '\0';
			return;
		}
	}
}

/* Called with the lock held. */
static void show(struct tusk_display *display)
{
	uint64_t elapsed = tusk_now_ms() - display->started_ms;
	if (display->style == STYLE_JSON) {
		struct tusk_json *json = tusk_json_new("status");
		tusk_json_count(json, "elapsed_ms", elapsed);
		display->source.status(display->source.context, elapsed, json);
		tusk_json_print(json, stderr);
		return;
	}
	char text[LINE_MAX_BYTES] = "";
	display->source.line(display->source.context, elapsed, text, sizeof(text));
	if (!*text)
		return;
	if (display->style == STYLE_PLAIN) {
		fprintf(stderr, "%s\n", text);
		return;
	}
	cut(text, columns());
	fprintf(stderr, "\r%s\033[K", text);
	fflush(stderr);
	display->shown = true;
}

static void wipe(struct tusk_display *display)
{
	if (display->shown)
		fputs("\r\033[K", stderr);
	display->shown = false;
}

static void *display_main(void *argument)
{
	struct tusk_display *display = argument;
	long interval = interval_ms(display->style);
	struct timespec next;
	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&display->lock);
	while (!display->stopping) {
		next.tv_sec += (next.tv_nsec + interval % 1000 * 1000000) / 1000000000 + interval / 1000;
		next.tv_nsec = (next.tv_nsec + interval % 1000 * 1000000) % 1000000000;
		int rc = 0;
		while (!display->stopping && rc != ETIMEDOUT)
			rc = pthread_cond_timedwait(&display->wake, &display->lock, &next);
		if (!display->stopping)
			show(display);
	}
	pthread_mutex_unlock(&display->lock);
	return NULL;
}

int tusk_display_start(const struct tusk_cli *cli, const struct tusk_progress_source *source,
		       struct tusk_display **ret_display, struct tusk_err *err)
{
	*ret_display = NULL;
	enum style style = choose_style(cli);
	if (style == STYLE_NONE)
		return 0;
	struct tusk_display *display = calloc(1, sizeof(*display));
	if (!display)
		return tusk_err_set(err, TUSK_E_NOMEM, 0, "out of memory");
	display->style = style;
	display->source = *source;
	display->started_ms = tusk_now_ms();
	tusk_cond_init(&display->wake);
	pthread_mutex_init(&display->lock, NULL);
	int rc = pthread_create(&display->thread, NULL, display_main, display);
	if (rc) {
		pthread_cond_destroy(&display->wake);
		pthread_mutex_destroy(&display->lock);
		free(display);
		return tusk_err_set(err, TUSK_E_INTERNAL, rc, "cannot start a thread");
	}
	*ret_display = display;
	return 0;
}

void tusk_display_stop(struct tusk_display *display)
{
	if (!display)
		return;
	pthread_mutex_lock(&display->lock);
	display->stopping = true;
	pthread_cond_signal(&display->wake);
	pthread_mutex_unlock(&display->lock);
	pthread_join(display->thread, NULL);
	wipe(display);
	pthread_cond_destroy(&display->wake);
	pthread_mutex_destroy(&display->lock);
	free(display);
}

void tusk_display_log(struct tusk_display *display, const char *format, ...)
{
	if (display)
		pthread_mutex_lock(&display->lock);
	if (display)
		wipe(display);
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	if (display)
		pthread_mutex_unlock(&display->lock);
}

void tusk_display_hold(struct tusk_display *display)
{
	if (!display)
		return;
	pthread_mutex_lock(&display->lock);
	wipe(display);
	fflush(stderr);
}

void tusk_display_resume(struct tusk_display *display)
{
	if (!display)
		return;
	fflush(stdout);
	pthread_mutex_unlock(&display->lock);
}
