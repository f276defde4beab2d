/* SPDX-License-Identifier: MIT */
#include "tests/bench/http.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The line's value when it has that name, else NULL. */
static const char *
value_of(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	line += n + 1;
	return line + strspn(line, " \t");
}

const char *
http_header(const struct http *h, const char *name, char *out, size_t size)
{
	const char *line, *value = NULL;
	size_t n;

	out[0] = '\0';
	for (line = strchr(h->text, '\n'); line && line < h->text + h->head_len && !value;
		 line = strchr(line + 1, '\n'))
		value = value_of(line + 1, name);
	n = value ? strcspn(value, "\r\n") : 0;
	if (n < size)
		snprintf(out, size, "%.*s", (int)n, value ? value : "");
	return out;
}

/* The head is whole: how long is the body? */
static bool
measure(struct http *h)
{
	char text[24];
	unsigned long n;

	if (*http_header(h, "Transfer-Encoding", text, sizeof(text)))
		return false;
	n = strtoul(http_header(h, "Content-Length", text, sizeof(text)), NULL, 10);
	if (n > HTTP_SIZE - h->head_len)
		return false;
	h->body_len = n;
	return true;
}

int
http_feed(struct http *h, const void *data, size_t len, size_t *used)
{
	size_t n = len < HTTP_SIZE - h->len ? len : HTTP_SIZE - h->len, whole, from;
	const char *end;

	memcpy(h->text + h->len, data, n);
	from = h->len > 3 ? h->len - 3 : 0;
	h->len += n;
	h->text[h->len] = '\0';
	*used = n;
	if (h->head_len == 0) {
		end = memmem(h->text + from, h->len - from, "\r\n\r\n", 4);
		if (!end)
			return h->len == HTTP_SIZE ? HTTP_BROKEN : HTTP_MORE;
		h->head_len = (size_t)(end - h->text) + 4;
		if (!measure(h))
			return HTTP_BROKEN;
	}
	whole = h->head_len + h->body_len;
	if (h->len < whole)
		return HTTP_MORE;
	*used = n - (h->len - whole);
	h->len = whole;
	h->text[whole] = '\0';
	return HTTP_WHOLE;
}

const char *
http_body(const struct http *h)
{
	return h->text + h->head_len;
}

int
http_status(const struct http *h)
{
	return strncmp(h->text, "HTTP/1.1 ", 9) == 0 ? (int)strtol(h->text + 9, NULL, 10) : 0;
}

void
http_reset(struct http *h)
{
	h->len = h->head_len = h->body_len = 0;
	h->text[0] = '\0';
}

static int
hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

int
http_decode(const char *from, char *out, size_t size)
{
	size_t n = 0;
	int high, low;
	char c;

	for (; *from && *from != '&' && n + 1 < size; from++) {
		c = *from == '+' ? ' ' : *from;
		if (c == '%') {
			high = hex(from[1]);
			low = high < 0 ? -1 : hex(from[2]);
			if (low < 0)
				return -1;
			c = (char)(high << 4 | low);
			from += 2;
		}
		out[n++] = c;
	}
	out[n] = '\0';
	return *from && *from != '&' ? -1 : 0;
}

const char *
http_field(const char *form, const char *key)
{
	size_t n = strlen(key);

	while (form && (strncmp(form, key, n) != 0 || form[n] != '=')) {
		form = strchr(form, '&');
		form += form != NULL;
	}
	return form ? form + n + 1 : "";
}
