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

/* Appends text as far as it fits; used and the result are lengths. */
static size_t append_text(char message[TUSK_ERR_MESSAGE_SIZE], size_t used, const char *text)
{
	size_t len = strnlen(text, TUSK_ERR_MESSAGE_SIZE - 1 - used);

	memcpy(message + used, text, len);
	message[used + len] = '\0';
	return used + len;
}

/* strerrordesc_np is thread-safe and ignores the locale. */
static void append_errno(char message[TUSK_ERR_MESSAGE_SIZE], size_t used, int sys_errno)
{
	const char *text = strerrordesc_np(sys_errno);
	char number[32];

	if (!text) {
		snprintf(number, sizeof(number), "errno %d", sys_errno);
		text = number;
	}
	if (used)
		used = append_text(message, used, ": ");
	append_text(message, used, text);
}

/* Formats into message; returns its length, which is cut to what fits. */
static size_t format_message(char message[TUSK_ERR_MESSAGE_SIZE], const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static size_t format_message(char message[TUSK_ERR_MESSAGE_SIZE], const char *format, va_list arguments)
{
	message[0] = '\0';
	vsnprintf(message, TUSK_ERR_MESSAGE_SIZE, format, arguments);
	return strlen(message);
}

int(tusk_err_set)(struct tusk_err *err, enum tusk_code code, int sys_errno, const char *format, ...)
{
	/* The arguments may point into err->message. */
	char message[TUSK_ERR_MESSAGE_SIZE];
	va_list arguments;
	size_t used;

	assert(code > TUSK_OK && code < TUSK_CODE_COUNT);
	if (!err)
		return -1;
	if (code == TUSK_E_IO && (sys_errno == ENOSPC || sys_errno == EDQUOT))
		code = TUSK_E_FULL;
	va_start(arguments, format);
	used = format_message(message, format, arguments);
	va_end(arguments);
	if (sys_errno)
		append_errno(message, used, sys_errno);
	else if (!used)
		append_text(message, 0, tusk_code_name(code));
	err->code = code;
	err->sys_errno = sys_errno;
	memcpy(err->message, message, strlen(message) + 1);
	return -1;
}

int(tusk_err_prefix)(struct tusk_err *err, const char *format, ...)
{
	char message[TUSK_ERR_MESSAGE_SIZE];
	va_list arguments;
	size_t used;

	if (!err || err->code == TUSK_OK)
		return -1;
	va_start(arguments, format);
	used = format_message(message, format, arguments);
	va_end(arguments);
	used = append_text(message, used, ": ");
	append_text(message, used, err->message);
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
