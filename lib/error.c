/* SPDX-License-Identifier: MIT */
#include "groupies/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, const char *format, ...)
{
	va_list args;

	err->code = code > 0 ? code : EIO;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -err->code;
}

int error_errno(struct error *err, const char *format, ...)
{
	int code = errno;
	va_list args;
	size_t length;

	err->code = code > 0 ? code : EIO;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	length = strlen(err->text);
	errno = err->code;
	(void)snprintf(err->text + length, sizeof(err->text) - length, ": %m");
	return -err->code;
}

int error_context(struct error *err, const char *format, ...)
{
	char inner[sizeof(err->text)];
	va_list args;
	size_t length;

	memcpy(inner, err->text, sizeof(inner));
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	length = strlen(err->text);
	(void)snprintf(err->text + length, sizeof(err->text) - length, ": %s", inner);
	return -err->code;
}

bool errno_means_absent(int code)
{
	return code == 0 || code == ENOENT || code == ESRCH || code == EBADF || code == EPERM;
}

bool errno_means_gone(int code)
{
	return code == ENOENT || code == ENODEV || code == ESRCH;
}
