/* Finding tuskfs. */
#ifndef TUSK_TOOLS_DRIVER_H
#define TUSK_TOOLS_DRIVER_H

#include "tusk/err.h"

/* The path of tuskfs: beside this program, in ../fs of a build tree, else in PATH. *ret_path is allocated. TUSK_E_MOUNT
 * when there is none. */
int tusk_driver_path(char **ret_path, struct tusk_err *err);

#endif
