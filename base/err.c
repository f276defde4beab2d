/* SPDX-License-Identifier: MIT */
/* err - see err.h */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* A character that does not fit is left out whole; a byte that is not printable becomes '?'. */
static void
copy_printable(char *out, size_t size, const char *text)
{
	size_t left = strlen(text);
	size_t used = 0;

	while (left > 0) {
		size_t n = text_printable(text, left);
		size_t step = n > 0 ? n : 1;

		if (used + step >= size)
			break;
		if (n > 0)
			memcpy(out + used, text, n);
		else
			out[used] = '?';
		used += step;
		text += step;
		left -= step;
	}
	out[used] = '\0';
}

static void __attribute__((format(printf, 3, 0)))
fill(struct err *e, int code, const char *fmt, va_list args)
{
	/*
	 * Not formatted in place: the arguments may hold e->text itself. Longer
	 * than the text, so that a character cut in two here is never copied.
	 */
	char text[sizeof(e->text) + 8];

	if (vsnprintf(text, sizeof(text), fmt, args) < 0)
		text[0] = '\0';
	copy_printable(e->text, sizeof(e->text), text);
	e->code = code;
}

int
err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list args;

	if (e != NULL) {
		va_start(args, fmt);
		fill(e, code, fmt, args);
		va_end(args);
	}
	return code;
}

int
err_errno(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	struct err what = {0};
	char space[64];
	const char *reason = strerror_r(saved, space, sizeof(space));
	va_list args;
	int room;

	if (e != NULL) {
		va_start(args, fmt);
		fill(&what, ERR_SYSTEM, fmt, args);
		va_end(args);
		/* A long text gives way: the reason is what cannot be found out later. */
		room = (int)(sizeof(e->text) - sizeof(": ") - strnlen(reason, sizeof(space)));
		err_set(e, ERR_SYSTEM, "%.*s: %s", room, what.text, reason);
	}
	errno = saved;
	return ERR_SYSTEM;
}

const char *
err_name(int code)
{
	switch (code) {
	case ERR_OK:
		return "ERR_OK";
#define X(name, text) \
	case name:        \
		return #name;
		ERR_TBL(X)
#undef X
	default:
		return "ERR_?";
	}
}

const char *
err_meaning(int code)
{
	switch (code) {
	case ERR_OK:
		return "nothing went wrong";
#define X(name, text) \
	case name:        \
		return text;
		ERR_TBL(X)
#undef X
	default:
		return "an unknown failure";
	}
}
