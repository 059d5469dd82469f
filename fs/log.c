/* The log is the one thing that a whole process has only one of: its state is static here. */
#define FUSE_USE_VERSION 314

#include "log.h"

#include <fuse_log.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#define LINE_SIZE       2048
#define BURST_LINES     20 /* in any ... */
#define BURST_SECONDS   10
#define REPEAT_SECONDS  60 /* an equal line is written again after this */
#define FUSE_NOTES_SIZE 512

static struct {
	pthread_mutex_t lock;
	bool to_syslog;
	char last[LINE_SIZE];
	time_t last_time, burst_start;
	unsigned burst, dropped;
	char fuse_note[FUSE_NOTES_SIZE];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

void tuskfs_log_to_syslog(void)
{
	openlog("tuskfs", LOG_PID, LOG_DAEMON);
	pthread_mutex_lock(&state.lock);
	state.to_syslog = true;
	pthread_mutex_unlock(&state.lock);
}

static time_t now_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool may_write(const char *line, time_t now)
{
	if (strcmp(line, state.last) == 0 && now - state.last_time < REPEAT_SECONDS)
		return false;
	if (now - state.burst_start >= BURST_SECONDS) {
		state.burst_start = now;
		state.burst = 0;
	}
	return state.burst++ < BURST_LINES;
}

static void write_line(int priority, const char *line)
{
	if (state.to_syslog)
		syslog(priority, "%s", line);
	else
		fprintf(stderr, "tuskfs: %s\n", line);
}

void tuskfs_log(int priority, const char *format, ...)
{
	char line[LINE_SIZE], note[64];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);

	pthread_mutex_lock(&state.lock);
	time_t now = now_seconds();
	if (may_write(line, now)) {
		if (state.dropped) {
			snprintf(note, sizeof(note), "%u messages left out", state.dropped);
			write_line(LOG_NOTICE, note);
		}
		state.dropped = 0;
		write_line(priority, line);
		memcpy(state.last, line, sizeof(line));
		state.last_time = now;
	} else {
		state.dropped++;
	}
	pthread_mutex_unlock(&state.lock);
}

__attribute__((format(printf, 2, 0))) static void keep_fuse_note(enum fuse_log_level level, const char *format,
								 va_list args)
{
	(void)level;
	pthread_mutex_lock(&state.lock);
	vsnprintf(state.fuse_note, sizeof(state.fuse_note), format, args);
	state.fuse_note[strcspn(state.fuse_note, "\n")] = 0;
	pthread_mutex_unlock(&state.lock);
}

void tuskfs_log_catch_fuse(bool debug)
{
	fuse_set_log_func(debug ? NULL : keep_fuse_note);
}

void tuskfs_log_last_fuse(char *ret_text, size_t size)
{
	pthread_mutex_lock(&state.lock);
	snprintf(ret_text, size, "%s", state.fuse_note);
	pthread_mutex_unlock(&state.lock);
}
