/* SPDX-License-Identifier: MIT */
#include "session/request.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "session/origin.h"

/* A part of the head. */
struct span {
	const char *at;
	size_t len;
};

static const struct span names[] = {
#define X(id, name) {name, sizeof(name) - 1},
	REQUEST_HEADER_TBL(X)
#undef X
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
span_is(struct span s, const char *text)
{
	return s.len == strlen(text) && strncasecmp(s.at, text, s.len) == 0;
}

/* RFC 9110, 5.6.2 */
static bool
is_token(struct span s)
{
	static const char others[] = "!#$%&'*+.^_`|~";
	size_t i;
	char c;

	for (i = 0; i < s.len; i++) {
		c = s.at[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
				c == '-' || (c != '\0' && strchr(others, c))))
			return false;
	}
	return s.len > 0;
}

static struct span
trimmed(struct span s)
{
	for (; s.len > 0 && is_blank(*s.at); s.len--)
		s.at++;
	for (; s.len > 0 && is_blank(s.at[s.len - 1]); s.len--)
		;
	return s;
}

/* Cut *s at the first c: what is before it, and *s becomes what is behind. False when it has none. */
static bool
cut(struct span *s, char c, struct span *before)
{
	const char *at = s->len > 0 ? memchr(s->at, c, s->len) : NULL;

	if (!at)
		return false;
	*before = (struct span){s->at, (size_t)(at - s->at)};
	*s = (struct span){at + 1, s->len - before->len - 1};
	return true;
}

/* ---- lines ---- */

/* The line that begins at data[*at]: 1, and *at is behind it; 0 when its end has not come. */
static int
next_line(const char *data, size_t len, size_t *at, struct span *line)
{
	const char *end = *at < len ? memchr(data + *at, '\r', len - *at) : NULL;

	if (!end || end + 1 == data + len)
		return 0;
	if (end[1] != '\n')
		return ERR_PROTOCOL;
	*line = (struct span){data + *at, (size_t)(end - data) - *at};
	*at += line->len + 2;
	return 1;
}

/* No control character but the tab. */
static bool
is_text(struct span s)
{
	unsigned char c;
	size_t i;

	for (i = 0; i < s.len; i++) {
		c = (unsigned char)s.at[i];
		if (c >= ' ' ? c == 0x7f : c != '\t')
			return false;
	}
	return true;
}

/* The same of what nobody has looked at yet; ERR_PROTOCOL for a control character in it. */
static int
next_text_line(const char *data, size_t len, size_t *at, struct span *line)
{
	struct span part = {data + *at, len - *at};
	int r = next_line(data, len, at, line);

	if (r < 0)
		return r;
	if (r == 1)
		part = *line;
	else if (part.len > 0 && part.at[part.len - 1] == '\r')
		part.len--;
	return is_text(part) ? r : ERR_PROTOCOL;
}

static enum request_method
method_of(struct span word)
{
	/* These are no tokens in which case does not matter. */
	if (word.len == 3 && memcmp(word.at, "GET", 3) == 0)
		return REQUEST_GET;
	return word.len == 4 && memcmp(word.at, "HEAD", 4) == 0 ? REQUEST_HEAD : REQUEST_OTHER;
}

static bool
is_target(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] <= ' ' || (unsigned char)s.at[i] >= 0x7f)
			return false;
	return s.len > 0;
}

/* "GET /path HTTP/1.1": its three words; false when it is no such line. */
static bool
request_line(struct span line, struct span words[3])
{
	if (!cut(&line, ' ', &words[0]) || !cut(&line, ' ', &words[1]))
		return false;
	words[2] = line;
	return is_token(words[0]) && is_target(words[1]) && line.len == 8 &&
		   (memcmp(line.at, "HTTP/1.1", 8) == 0 || memcmp(line.at, "HTTP/1.0", 8) == 0);
}

static bool
field_line(struct span line, struct span *name, struct span *value)
{
	if (!cut(&line, ':', name))
		return false;
	*value = trimmed(line);
	return true;
}

/* ---- texts ---- */

/* What the lines of one header say. */
struct field {
	struct span value; /* of the last one */
	unsigned count;
};

/* One look at each line. */
static void
find_fields(struct span lines, struct field fields[REQUEST_HEADERS])
{
	struct span line, name, value;
	size_t at = 0, i;

	while (next_line(lines.at, lines.len, &at, &line) == 1) {
		if (!field_line(line, &name, &value))
			continue;
		for (i = 0; i < REQUEST_HEADERS; i++) {
			if (names[i].len != name.len || strncasecmp(name.at, names[i].at, name.len) != 0)
				continue;
			fields[i].value = value;
			fields[i].count++;
		}
	}
}

/* Append a span; *texts moves on. */
static void
add(char **texts, struct span s)
{
	memcpy(*texts, s.at, s.len);
	*texts += s.len;
}

/* The values of all lines with that name, of which there are several. */
static void
join(struct span lines, struct span wanted, char **texts)
{
	struct span line, name, value, between = {"", 0};
	size_t at = 0;

	while (next_line(lines.at, lines.len, &at, &line) == 1) {
		if (!field_line(line, &name, &value) || !span_is(name, wanted.at))
			continue;
		add(texts, between);
		add(texts, value);
		between = (struct span){", ", 2};
	}
}

/* A header's value; *texts moves on. Where there is no such line there may be no room for one. */
static const char *
value_of(enum request_header header, const struct field *field, struct span lines, char **texts)
{
	const char *text = *texts;

	if (field->count == 0)
		return "";
	if (field->count == 1)
		add(texts, field->value);
	else
		join(lines, names[header], texts);
	*(*texts)++ = '\0';
	return text;
}

/*
 * A target that begins with http:// or https:// has the host in it (RFC 9112, 3.2.2): *host is
 * that, and *target what is behind it. False when it is none. Other targets are left alone.
 */
static bool
take_host(struct span *target, char **texts, const char **host)
{
	static const struct span schemes[] = {{"http://", 7}, {"https://", 8}};
	char origin[ORIGIN_SIZE];
	struct span name;
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (target->len < schemes[i].len ||
			strncasecmp(target->at, schemes[i].at, schemes[i].len) != 0)
			continue;
		name = (struct span){target->at + schemes[i].len, 0};
		target->len -= schemes[i].len;
		while (name.len < target->len && !strchr("/?", name.at[name.len]))
			name.len++;
		*target = (struct span){name.at + name.len, target->len - name.len};
		/* RFC 9110, 4.2.3 */
		if (target->len == 0 || *target->at == '?')
			*target = (struct span){"/", 1};
		*host = *texts;
		add(texts, name);
		*(*texts)++ = '\0';
		return origin_of_host(false, *host, origin);
	}
	return true;
}

/* False when an escape is none. */
static bool
decode(struct span target, char **texts, struct request *out)
{
	const char *query = memchr(target.at, '?', target.len);
	size_t len = query ? (size_t)(query - target.at) : target.len, i;
	char *to = *texts;
	int high, low;

	out->path = to;
	for (i = 0; i < len; i++) {
		if (target.at[i] != '%') {
			*to++ = target.at[i];
			continue;
		}
		high = i + 2 < len ? text_hex(target.at[i + 1]) : -1;
		low = i + 2 < len ? text_hex(target.at[i + 2]) : -1;
		if (high < 0 || low < 0)
			return false;
		*to++ = (char)(high << 4 | low);
		i += 2;
	}
	out->path_len = (size_t)(to - *texts);
	*texts = to;
	return true;
}

/* Is it one of the comma-separated words? */
static bool
lists(const char *text, const char *word)
{
	struct span rest = {text, strlen(text)}, one;

	while (cut(&rest, ',', &one))
		if (span_is(trimmed(one), word))
			return true;
	return span_is(trimmed(rest), word);
}

/* What follows from the headers. */
static void
conclude(struct request *out, bool new_version)
{
	const char *const *header = out->header;

	out->body = out->method == REQUEST_OTHER || *header[REQUEST_CONTENT_LENGTH] != '\0' ||
				*header[REQUEST_TRANSFER_ENCODING] != '\0';
	out->keep = new_version && !lists(header[REQUEST_CONNECTION], "close");
	out->websocket = new_version && !out->body && lists(header[REQUEST_CONNECTION], "upgrade") &&
					 lists(header[REQUEST_UPGRADE], "websocket");
}

/* The first line, and the lines behind it without the empty one; all of the head is there. */
static bool
take_apart(const char *head, size_t size, struct span words[3], struct span *lines)
{
	struct span line;
	size_t at = 0;

	/* RFC 9112, 2.2: an empty line may stand before the first one. */
	if (next_line(head, size, &at, &line) == 1 && line.len == 0)
		(void)next_line(head, size, &at, &line);
	*lines = (struct span){head + at, size - 2 - at};
	return request_line(line, words);
}

int
request_parse(const char *head, size_t size, char *texts, struct request *out)
{
	struct field fields[REQUEST_HEADERS] = {{{NULL, 0}, 0}};
	const char *host = NULL;
	struct span words[3], lines;
	unsigned hosts;
	bool new_version;
	size_t i;

	if (!take_apart(head, size, words, &lines) || !take_host(&words[1], &texts, &host) ||
		!decode(words[1], &texts, out))
		return ERR_PROTOCOL;
	new_version = words[2].at[7] == '1';
	out->method = method_of(words[0]);
	find_fields(lines, fields);
	for (i = 0; i < REQUEST_HEADERS; i++) {
		out->header[i] = value_of((enum request_header)i, &fields[i], lines, &texts);
		/* One that is there and empty announces something all the same. */
		if (fields[i].count > 0 && *out->header[i] == '\0' &&
			(i == REQUEST_CONTENT_LENGTH || i == REQUEST_TRANSFER_ENCODING))
			return ERR_PROTOCOL;
	}
	/* RFC 9112, 3.2 */
	hosts = fields[REQUEST_HOST].count;
	if (hosts > 1 || (hosts == 0 && new_version))
		return ERR_PROTOCOL;
	if (host)
		out->header[REQUEST_HOST] = host;
	conclude(out, new_version);
	return 0;
}

int
request_find(const char *data, size_t len, size_t *size)
{
	struct span words[3], line, name, value;
	size_t at = 0;
	int r;

	r = next_text_line(data, len, &at, &line);
	if (r == 1 && line.len == 0)
		r = next_text_line(data, len, &at, &line);
	if (r <= 0)
		return r;
	if (!request_line(line, words))
		return ERR_PROTOCOL;
	while ((r = next_text_line(data, len, &at, &line)) == 1 && line.len > 0)
		if (!field_line(line, &name, &value) || !is_token(name))
			return ERR_PROTOCOL;
	if (r == 1)
		*size = at;
	return r == 1 ? REQUEST_DONE : r;
}
