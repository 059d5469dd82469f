/* Where the driver's messages go: the terminal until it is in the background, then the system log. */
#ifndef TUSKFS_LOG_H
#define TUSKFS_LOG_H

#include "tusk/err.h"

/* From now on lines go to syslog(3), facility daemon. */
void tuskfs_log_to_syslog(void);
/* One line, prefixed "tuskfs: ". priority as in syslog(3). Equal consecutive lines and floods are dropped; how many
 * is said in the next line that gets through. Thread-safe. */
void tuskfs_log(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes over the messages of libfuse: kept for tuskfs_log_last_fuse instead of printed, unless debug is true. */
void tuskfs_log_catch_fuse(bool debug);
/* What libfuse said last, without newline ("" if nothing), for the text of a mount error. */
void tuskfs_log_last_fuse(char *ret_text, size_t size);

#endif
