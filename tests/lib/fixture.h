/* Scratch folders and files for tests. A failure here ends the test program with a message. */
#ifndef TUSK_TEST_FIXTURE_H
#define TUSK_TEST_FIXTURE_H

#include "tusk/buf.h"
#include "tusk/err.h"

#include <stddef.h>

/* A new empty folder below $TMPDIR or /tmp. */
void tusk_test_directory(char ret_path[64]);
/* Removes it with all that is in it. */
void tusk_test_remove(const char *path);

/* Reads and writes (or replaces) whole files. name is relative to folder. */
void tusk_test_read(const char *folder, const char *name, struct tusk_buf *ret_data);
void tusk_test_write(const char *folder, const char *name, const void *data, size_t len);

/* Ends the program with err's message unless result is 0. */
void tusk_test_ok(int result, const struct tusk_err *err);

#endif
