#include "tusk/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[TUSK_CODE_COUNT] = {
    [TUSK_OK] = "ok",
    [TUSK_E_USAGE] = "usage",
    [TUSK_E_NO_REPOSITORY] = "no-repository",
    [TUSK_E_VERSION] = "version",
    [TUSK_E_PASSWORD] = "password",
    [TUSK_E_LOCKED] = "locked",
    [TUSK_E_CORRUPT] = "corrupt",
    [TUSK_E_ABSENT] = "absent",
    [TUSK_E_EXISTS] = "exists",
    [TUSK_E_FULL] = "full",
    [TUSK_E_NODE] = "node",
    [TUSK_E_IO] = "io",
    [TUSK_E_NOMEM] = "no-memory",
    [TUSK_E_LIMIT] = "limit",
    [TUSK_E_SOURCE] = "source",
    [TUSK_E_MOUNT] = "mount",
    [TUSK_E_INTERRUPTED] = "interrupted",
    [TUSK_E_INTERNAL] = "internal",
};

const char *tusk_code_name(enum tusk_code code)
{
	return (unsigned)code < TUSK_CODE_COUNT ? code_names[code] : "internal";
}

/* Appends ": text" to a message of which used bytes are taken. strerrordesc_np is thread-safe and ignores the locale.
 */
static void append_errno(char *message, size_t size, size_t used, int sys_errno)
{
	const char *text = strerrordesc_np(sys_errno);
	const char *separator = used ? ": " : "";

	if (text)
		snprintf(message + used, size - used, "%s%s", separator, text);
	else
		snprintf(message + used, size - used, "%serrno %d", separator, sys_errno);
}

int tusk_err_set(struct tusk_err *err, enum tusk_code code, int sys_errno, const char *format, ...)
{
	/* The arguments may point into err->message. */
	char message[TUSK_ERR_MESSAGE_SIZE];
	va_list arguments;
	int written;

	assert(code > TUSK_OK && code < TUSK_CODE_COUNT);
	if (!err)
		return -1;
	if (code == TUSK_E_IO && (sys_errno == ENOSPC || sys_errno == EDQUOT))
		code = TUSK_E_FULL;
	message[0] = '\0';
	va_start(arguments, format);
	written = vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (sys_errno && written >= 0 && (size_t)written < sizeof(message))
		append_errno(message, sizeof(message), (size_t)written, sys_errno);
	if (!message[0])
		snprintf(message, sizeof(message), "%s", tusk_code_name(code));
	err->code = code;
	err->sys_errno = sys_errno;
	memcpy(err->message, message, strlen(message) + 1);
	return -1;
}

int tusk_err_prefix(struct tusk_err *err, const char *format, ...)
{
	char message[TUSK_ERR_MESSAGE_SIZE];
	va_list arguments;
	int written;

	if (!err || err->code == TUSK_OK)
		return -1;
	message[0] = '\0';
	va_start(arguments, format);
	written = vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	if (written >= 0 && (size_t)written < sizeof(message))
		snprintf(message + written, sizeof(message) - (size_t)written, ": %s", err->message);
	memcpy(err->message, message, strlen(message) + 1);
	return -1;
}

void tusk_err_clear(struct tusk_err *err)
{
	if (!err)
		return;
	err->code = TUSK_OK;
	err->sys_errno = 0;
	err->message[0] = '\0';
}
