/* The library's errors as errno and as exit status: two tables, total over enum tusk_code. */
#ifndef TUSKFS_ERRMAP_H
#define TUSKFS_ERRMAP_H

#include "tusk/err.h"

/* What a file system call answers. Never ENOSYS (the kernel would stop asking) and never ENOENT (damage must not look
 * like absence): an object that is gone is ESTALE. */
int tuskfs_errno(enum tusk_code code);

/* Exit status of tuskfs; of mount.tusk (mount(8): 1 usage, 2 system, 32 failure) when helper is true. */
int tuskfs_exit_status(enum tusk_code code, bool helper);

#endif
