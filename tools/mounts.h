/* The mount table of this process. */
#ifndef TUSK_TOOLS_MOUNTS_H
#define TUSK_TOOLS_MOUNTS_H

#include "tusk/err.h"

#include <stdbool.h>
#include <stddef.h>

enum tusk_mounted { TUSK_MOUNTED_NOT, TUSK_MOUNTED_OTHER, TUSK_MOUNTED_TUSK };

/* What is mounted on exactly this absolute path (the topmost mount there). -1 when the table cannot be read. */
int tusk_mounts_look(const char *path, enum tusk_mounted *ret_mounted, struct tusk_err *err);
/* path made absolute: "." and ".." and symlinks resolved but for the last part, so that a dead mount is no obstacle. */
int tusk_mounts_resolve(const char *path, char *ret_path, size_t size, struct tusk_err *err);
/* Undoes the \ooo of the mount table in place. */
void tusk_mounts_unescape(char *text);

#endif
