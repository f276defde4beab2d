/* SPDX-License-Identifier: MIT */
/* line - see line.h */
#include "base/line.h"

#include <string.h>
#include <time.h>

#include "base/text.h"

static const char *const component_names[LOG_COMPONENT_COUNT] = {
#define X(id, name, rooms) name,
	LOG_COMPONENT_TBL(X)
#undef X
};

static const char *const level_names[] = {"DEBUG", "INFO", "ERROR"};

/* Bytes of text that are to be shown as they are; 0: the first one is to be escaped. */
static size_t
plain(const char *text, size_t len, char also_escaped)
{
	return text[0] == also_escaped ? 0 : text_printable(text, len);
}

/*
 * The same for as many bytes as there are in a row: ASCII, as nearly everything is, at once. At
 * most room, so that "..." still fits behind it.
 */
static size_t
plain_run(const char *text, size_t len, size_t room, char also_escaped)
{
	size_t n = text_ascii(text, len < room ? len : room);
	const char *stop = memchr(text, also_escaped, n);

	return stop != NULL ? (size_t)(stop - text) : n;
}

size_t
line_escape(char *out, size_t room, const char *text, char also_escaped)
{
	static const char digits[] = "0123456789abcdef";
	size_t left = strlen(text);
	size_t used = 0;
	size_t fallback = 0; /* where "..." still fits */

	while (left > 0) {
		size_t spare = room - used > 3 ? room - used - 3 : 0;
		size_t run = plain_run(text, left, spare, also_escaped);
		size_t n = run > 0 ? run : plain(text, left, also_escaped);
		size_t width = n > 0 ? n : 4;

		if (width > room - used) {
			memcpy(out + fallback, "...", 3);
			return fallback + 3;
		}
		if (n > 0) {
			memcpy(out + used, text, n);
		} else {
			unsigned char byte = (unsigned char)text[0];

			memcpy(out + used, "\\x", 2);
			out[used + 2] = digits[byte >> 4];
			out[used + 3] = digits[byte & 15];
			n = 1;
		}
		used += width;
		if (used + 3 <= room)
			fallback = used;
		text += n;
		left -= n;
	}
	return used;
}

/* "2025/08/16 13:08:45" in local time, worked out once a second in each thread that logs. */
static const char *
time_text(void)
{
	static _Thread_local char text[32];
	static _Thread_local time_t of;
	struct tm local = {0};
	time_t now = time(NULL);

	if (now == of && text[0] != '\0')
		return text;
	of = now;
	localtime_r(&now, &local);
	if (strftime(text, sizeof(text), "%Y/%m/%d %H:%M:%S", &local) == 0)
		text[0] = '\0';
	return text;
}

/* Append piece; there is room for it. Returns the length. */
static size_t
append(char *out, size_t len, const char *piece)
{
	size_t n = strlen(piece);

	memcpy(out + len, piece, n);
	return len + n;
}

/* "2025/08/16 13:08:45 [ROUTER] [INFO] "; returns its length. */
static size_t
write_prefix(char *out, enum log_component component, enum log_level level)
{
	size_t len = append(out, 0, time_text());

	len = append(out, len, " [");
	len = append(out, len, component_names[component]);
	len = append(out, len, "] [");
	len = append(out, len, level_names[level]);
	return append(out, len, "] ");
}

size_t
line_make(
	char out[LOG_LINE_MAX], enum log_component component, enum log_level level, const char *text)
{
	size_t len = write_prefix(out, component, level);

	len += line_escape(out + len, LOG_LINE_MAX - len - 1, text, '\0');
	out[len++] = '\n';
	return len;
}
