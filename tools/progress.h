/* Showing that work goes on: one line on a terminal (at most ten times a second), plain lines, or JSON status lines (at
 * most once a second), all on stderr; nothing in a pipe. */
#ifndef TUSK_TOOLS_PROGRESS_H
#define TUSK_TOOLS_PROGRESS_H

#include "globals.h"
#include "json.h"
#include "tusk/buf.h"

/* How the work describes itself. Called on the display's own thread. */
struct tusk_progress_source {
	/* Writes a text without newline; an empty one shows nothing. */
	void (*line)(void *context, uint64_t elapsed_ms, char *ret_text, size_t size);
	/* Fills a status object. */
	void (*status)(void *context, uint64_t elapsed_ms, struct tusk_json *json);
	void *context;
};

struct tusk_display;

/* Starts the display as the options of cli say. *ret_display may become NULL: nothing is to be shown. Borrows source.
 */
int tusk_display_start(const struct tusk_cli *cli, const struct tusk_progress_source *source,
		       struct tusk_display **ret_display, struct tusk_err *err);
/* Ends it and removes its line. display may be NULL. */
void tusk_display_stop(struct tusk_display *display);
TUSK_DEFINE_CLEANUP(struct tusk_display, tusk_display, tusk_display_stop)
#define TUSK_AUTO_DISPLAY TUSK_CLEANUP(tusk_display_cleanup)
/* Prints a line of log above the display's line. display may be NULL. Any thread. */
void tusk_display_log(struct tusk_display *display, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Around a result that is printed to stdout while the display runs: takes its line away and keeps it away. display may
 * be NULL. */
void tusk_display_hold(struct tusk_display *display);
void tusk_display_resume(struct tusk_display *display);

#endif
