/* The text of README.txt in the root of the mount. */
#ifndef TUSKFS_README_H
#define TUSKFS_README_H

#include "tusk/err.h"

/* ret_text is owned by the caller. */
int tuskfs_readme_new(const char *repository_name, char **ret_text, struct tusk_err *err);

#endif
