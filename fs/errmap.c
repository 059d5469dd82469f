#include "errmap.h"

#include <assert.h>
#include <errno.h>

enum { MOUNT_USAGE = 1, MOUNT_SYSTEM = 2, MOUNT_FAIL = 32 }; /* mount(8), Exit status */

struct mapping {
	int sys_errno, status, helper_status;
};

static const struct mapping table[TUSK_CODE_COUNT] = {
    [TUSK_OK] = {0, 0, 0},
    [TUSK_E_USAGE] = {EINVAL, 2, MOUNT_USAGE},
    [TUSK_E_NO_REPOSITORY] = {EIO, 10, MOUNT_FAIL},
    [TUSK_E_VERSION] = {EIO, 1, MOUNT_FAIL},
    [TUSK_E_PASSWORD] = {EACCES, 12, MOUNT_FAIL},
    [TUSK_E_LOCKED] = {EBUSY, 11, MOUNT_FAIL},
    [TUSK_E_CORRUPT] = {EIO, 4, MOUNT_FAIL},
    [TUSK_E_ABSENT] = {ESTALE, 1, MOUNT_FAIL},
    [TUSK_E_EXISTS] = {EEXIST, 1, MOUNT_FAIL},
    [TUSK_E_FULL] = {ENOSPC, 13, MOUNT_FAIL},
    [TUSK_E_NODE] = {EIO, 14, MOUNT_FAIL},
    [TUSK_E_IO] = {EIO, 1, MOUNT_FAIL},
    [TUSK_E_NOMEM] = {ENOMEM, 1, MOUNT_SYSTEM},
    [TUSK_E_LIMIT] = {EOVERFLOW, 1, MOUNT_FAIL},
    [TUSK_E_SOURCE] = {EIO, 1, MOUNT_FAIL},
    [TUSK_E_MOUNT] = {EIO, 32, MOUNT_FAIL},
    [TUSK_E_INTERRUPTED] = {EINTR, 130, MOUNT_SYSTEM},
    [TUSK_E_INTERNAL] = {EIO, 1, MOUNT_SYSTEM},
};

int tuskfs_errno(enum tusk_code code)
{
	assert((unsigned)code < TUSK_CODE_COUNT);
	return table[code].sys_errno;
}

int tuskfs_exit_status(enum tusk_code code, bool helper)
{
	assert((unsigned)code < TUSK_CODE_COUNT);
	return helper ? table[code].helper_status : table[code].status;
}
