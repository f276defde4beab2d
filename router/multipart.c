/* SPDX-License-Identifier: MIT */
/* multipart - see multipart.h */
#include "router/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HEADER_LINE_MAX = 512 };

static bool
starts_with(const char *at, const char *end, const char *what)
{
	size_t len = strlen(what);

	return (size_t)(end - at) >= len && memcmp(at, what, len) == 0;
}

/* What follows a delimiter that really is one: "--", or blanks and a line end; else NULL. */
static const char *
delimiter_tail(const char *at, const char *end)
{
	if (starts_with(at, end, "--"))
		return at;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return starts_with(at, end, "\r\n") ? at : NULL;
}

/* The next delimiter from at on; *tail is what follows it. NULL when there is none. */
static const char *
find_delimiter(const struct multipart *m, const char *at, const char **tail)
{
	size_t len = strlen(m->delimiter);
	const char *found;

	while ((found = memmem(at, (size_t)(m->end - at), m->delimiter, len)) != NULL) {
		*tail = delimiter_tail(found + len, m->end);
		if (*tail != NULL)
			return found;
		at = found + len;
	}
	return NULL;
}

int
multipart_begin(
	struct multipart *m, const char *boundary, const char *body, size_t len, struct err *err)
{
	const char *tail = NULL;
	size_t n = strlen(boundary);

	if (n == 0 || n > MULTIPART_BOUNDARY_MAX)
		return err_set(err, ERR_INVALID, "Content-Type: the boundary must have 1..%d characters",
			MULTIPART_BOUNDARY_MAX);
	m->end = body + len;
	snprintf(m->delimiter, sizeof(m->delimiter), "\r\n--%s", boundary);
	/* The first one needs no line end before it. */
	if (starts_with(body, m->end, m->delimiter + 2))
		tail = delimiter_tail(body + 2 + n, m->end);
	if (tail == NULL && find_delimiter(m, body, &tail) == NULL)
		return err_set(err, ERR_INVALID, "the multipart body lacks its boundary");
	m->at = tail;
	return 0;
}

/* One line of a part's head. 1 when it was Content-Disposition and gave a name. */
static int
read_head_line(const char *line, size_t len, char name[HEADER_PARAM_SIZE], struct err *err)
{
	static const char disposition[] = "Content-Disposition:";
	static const char encoding[] = "Content-Transfer-Encoding:";
	char text[HEADER_LINE_MAX];

	if (len >= sizeof(text) || memchr(line, '\0', len) != NULL)
		return err_set(err, ERR_INVALID, "a part of the multipart body has a malformed head");
	memcpy(text, line, len);
	text[len] = '\0';
	if (strncasecmp(text, encoding, sizeof(encoding) - 1) == 0) {
		const char *value = text + sizeof(encoding) - 1;

		if (!header_value_is(value, "binary") && !header_value_is(value, "8bit") &&
			!header_value_is(value, "7bit"))
			return err_set(err, ERR_INVALID, "Content-Transfer-Encoding is not supported");
	}
	if (strncasecmp(text, disposition, sizeof(disposition) - 1) != 0)
		return 0;
	if (!header_value_is(text + sizeof(disposition) - 1, "form-data") ||
		header_value_param(text, "name", name) != 1)
		return err_set(err, ERR_INVALID, "a part of the multipart body has no field name");
	return 1;
}

/* The head from its first line to the empty one; *data becomes what follows. */
static int
read_head(const char *at, const char *end, const char **data, char name[HEADER_PARAM_SIZE],
	struct err *err)
{
	int named = 0, r;

	for (;;) {
		const char *line_end = memmem(at, (size_t)(end - at), "\r\n", 2);

		if (line_end == NULL)
			return err_set(err, ERR_INVALID, "the multipart body ends inside a part's head");
		if (line_end == at)
			break;
		r = read_head_line(at, (size_t)(line_end - at), name, err);
		if (r < 0)
			return r;
		named += r;
		at = line_end + 2;
	}
	if (named != 1)
		return err_set(err, ERR_INVALID, "a part of the multipart body has no field name");
	*data = at + 2;
	return 0;
}

int
multipart_next(struct multipart *m, struct multipart_part *out, struct err *err)
{
	const char *data = NULL, *next, *tail = NULL;
	int r;

	if (starts_with(m->at, m->end, "--"))
		return 0;
	/* m->at is at the delimiter's line end. */
	r = read_head(m->at + 2, m->end, &data, out->name, err);
	if (r < 0)
		return r;
	/* An empty part's delimiter shares its line end with the head. */
	next = find_delimiter(m, data - 2, &tail);
	if (next == NULL)
		return err_set(err, ERR_INVALID, "the multipart body ends inside a part");
	out->data = data;
	out->len = next > data ? (size_t)(next - data) : 0;
	m->at = tail;
	return 1;
}
