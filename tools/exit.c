/* The one table from classes of failure to exit statuses. */
#include "report.h"

static const int statuses[TUSK_CODE_COUNT] = {
    [TUSK_OK] = TUSK_EXIT_OK,
    [TUSK_E_USAGE] = TUSK_EXIT_USAGE,
    [TUSK_E_NO_REPOSITORY] = TUSK_EXIT_NO_REPOSITORY,
    [TUSK_E_VERSION] = TUSK_EXIT_ERROR,
    [TUSK_E_PASSWORD] = TUSK_EXIT_PASSWORD,
    [TUSK_E_LOCKED] = TUSK_EXIT_LOCKED,
    [TUSK_E_CORRUPT] = TUSK_EXIT_DAMAGE,
    [TUSK_E_ABSENT] = TUSK_EXIT_ERROR,
    [TUSK_E_EXISTS] = TUSK_EXIT_ERROR,
    [TUSK_E_FULL] = TUSK_EXIT_FULL,
    [TUSK_E_NODE] = TUSK_EXIT_NODE,
    [TUSK_E_IO] = TUSK_EXIT_ERROR,
    [TUSK_E_NOMEM] = TUSK_EXIT_ERROR,
    [TUSK_E_LIMIT] = TUSK_EXIT_ERROR,
    [TUSK_E_SOURCE] = TUSK_EXIT_ERROR,
    [TUSK_E_MOUNT] = TUSK_EXIT_MOUNT,
    [TUSK_E_INTERRUPTED] = TUSK_EXIT_INTERRUPTED,
    [TUSK_E_INTERNAL] = TUSK_EXIT_ERROR,
};

int tusk_exit_status(enum tusk_code code)
{
	if ((unsigned)code >= TUSK_CODE_COUNT)
		return TUSK_EXIT_ERROR;
	return statuses[code];
}
