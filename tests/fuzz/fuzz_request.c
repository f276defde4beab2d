/* SPDX-License-Identifier: MIT */
/*
 * Whatever comes first on a connection, cut wherever the network likes: request_find() and request_parse() say the
 * same, as soon as it can be known, stays within its memory, and agrees with a reader that looks
 * for lines and takes them apart by regular expressions.
 */
#include "session/request.h"

#include <ctype.h>
#include <regex.h>
#include <strings.h>

#include "session/origin.h"
#include "tests/fuzz/fuzz_check.h"

static const char *const names[] = {
#define X(id, name) name,
	REQUEST_HEADER_TBL(X)
#undef X
};

/* What is read, in memory of exactly its size. */
struct reading {
	char *data, *texts;
	struct request request;
	size_t used;
	int result;
};

static void
read_some(const uint8_t *data, size_t len, struct reading *r)
{
	r->data = malloc(len ? len : 1);
	r->texts = NULL;
	CHECK(r->data);
	memcpy(r->data, data, len);
	r->result = request_find(r->data, len, &r->used);
	if (r->result == REQUEST_DONE) {
		CHECK(r->used <= len);
		r->texts = malloc(r->used);
		CHECK(r->texts);
		if (request_parse(r->data, r->used, r->texts, &r->request) < 0)
			r->result = ERR_PROTOCOL;
	}
	CHECK(r->result == REQUEST_MORE || r->result == REQUEST_DONE || r->result == ERR_PROTOCOL);
	CHECK(memcmp(r->data, data, len) == 0);
}

static void
forget(struct reading *r)
{
	free(r->data);
	free(r->texts);
}

static void
check_same(const struct reading *a, const struct reading *b)
{
	CHECK(a->result == b->result);
	if (a->result != REQUEST_DONE)
		return;
	CHECK(a->used == b->used && a->request.method == b->request.method);
	CHECK(a->request.path_len == b->request.path_len);
	CHECK(memcmp(a->request.path, b->request.path, a->request.path_len) == 0);
	for (int i = 0; i < REQUEST_HEADERS; i++)
		CHECK(strcmp(a->request.header[i], b->request.header[i]) == 0);
}

/* Once there is a verdict, what follows changes nothing. */
static void
grow(const uint8_t *data, size_t size, struct cuts cuts, const struct reading *whole)
{
	struct reading part;
	size_t len = 0;
	int last = REQUEST_MORE;

	while (len < size && last == REQUEST_MORE) {
		len += next_cut(&cuts, size - len);
		read_some(data, len, &part);
		last = part.result;
		if (last != REQUEST_MORE || len == size)
			check_same(&part, whole);
		forget(&part);
	}
}

/* ---- the same rules, read another way ---- */

#define TOKEN "[!#$%&'*+.^_`|~0-9A-Za-z-]+"

static regex_t first_line, field, url;

static void
begin(void)
{
	CHECK(regcomp(&first_line, "^(" TOKEN ") ([!-~]+) HTTP/1\\.([01])$", REG_EXTENDED) == 0);
	CHECK(regcomp(&field, "^(" TOKEN "):[ \t]*(.*)$", REG_EXTENDED) == 0);
	CHECK(regcomp(&url, "^https?://([^/?]*)(.*)$", REG_EXTENDED | REG_ICASE) == 0);
}

/* Only CRs before LFs, LFs behind CRs, blanks and what is printable or beyond ASCII. */
static bool
proper_bytes(const char *head, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)head[i];

		if (c == '\r'   ? i + 1 < len && head[i + 1] != '\n'
			: c == '\n' ? i == 0 || head[i - 1] != '\r'
						: c != '\t' && (c < ' ' || c == 0x7f))
			return false;
	}
	return true;
}

static size_t
decode(const char *target, char *out)
{
	size_t n = 0;

	for (; *target && *target != '?'; target++) {
		if (*target != '%') {
			out[n++] = *target;
			continue;
		}
		if (!isxdigit((unsigned char)target[1]) || !isxdigit((unsigned char)target[2]))
			return SIZE_MAX;
		out[n++] = (char)strtol((char[]){target[1], target[2], '\0'}, NULL, 16);
		target += 2;
	}
	return n;
}

/* All lines of that header in the lines that end with CRLF; how many there are. */
static unsigned
collect(const char *lines, const char *name, char *out)
{
	char line[REQUEST_HEAD_MAX + 1], *end;
	unsigned count = 0;
	regmatch_t m[3];

	for (*out = '\0'; *lines; lines = strstr(lines, "\r\n") + 2) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(lines, "\r"), lines);
		CHECK(regexec(&field, line, 3, m, 0) == 0);
		line[m[1].rm_eo] = '\0';
		if (strcasecmp(line, name) != 0)
			continue;
		end = line + strlen(line + m[2].rm_so) + m[2].rm_so;
		while (end > line + m[2].rm_so && (end[-1] == ' ' || end[-1] == '\t'))
			*--end = '\0';
		strcat(strcat(out, count++ ? ", " : ""), line + m[2].rm_so);
	}
	return count;
}

static bool
good_lines(const char *lines)
{
	char line[REQUEST_HEAD_MAX + 1];
	regmatch_t m[3];

	for (; *lines; lines = strstr(lines, "\r\n") + 2) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(lines, "\r"), lines);
		if (regexec(&field, line, 3, m, 0) != 0)
			return false;
	}
	return true;
}

/*
 * Cuts scheme and host off a target that has them; host: "" when it has none. False when what
 * stands there is no host.
 */
static bool
cut_host(char **target, char *host)
{
	static char root[] = "/";
	char origin[ORIGIN_SIZE], text[REQUEST_HEAD_MAX + sizeof("http://")];
	regmatch_t m[3];

	*host = '\0';
	if (regexec(&url, *target, 3, m, 0) != 0)
		return true;
	sprintf(host, "%.*s", (int)(m[1].rm_eo - m[1].rm_so), *target + m[1].rm_so);
	*target += m[2].rm_so;
	if (**target != '/')
		*target = root;
	sprintf(text, "http://%s", host);
	return origin_parse(text, origin, NULL) == 0;
}

/* What is said of a whole head: text ends with its empty line, which is cut off. */
static void
check_head(char *text, const struct reading *r)
{
	static char expected[2 * REQUEST_HEAD_MAX], path[REQUEST_HEAD_MAX], host[REQUEST_HEAD_MAX];
	regmatch_t m[4];
	char *lines, *target = text;
	size_t n;

	lines = strstr(text, "\r\n");
	*lines = '\0';
	lines += 2;
	if (regexec(&first_line, text, 4, m, 0) != 0 || !good_lines(lines)) {
		CHECK(r->result == ERR_PROTOCOL);
		return;
	}
	text[m[2].rm_eo] = '\0';
	target += m[2].rm_so;
	if (!cut_host(&target, host)) {
		CHECK(r->result == ERR_PROTOCOL);
		return;
	}
	n = decode(target, path);
	if (n == SIZE_MAX || collect(lines, "Host", expected) > 1 ||
		(text[m[3].rm_so] == '1' && collect(lines, "Host", expected) == 0) ||
		(collect(lines, "Content-Length", expected) > 0 && !*expected) ||
		(collect(lines, "Transfer-Encoding", expected) > 0 && !*expected)) {
		CHECK(r->result == ERR_PROTOCOL);
		return;
	}
	CHECK(r->result == REQUEST_DONE);
	CHECK(r->request.path_len == n && memcmp(r->request.path, path, n) == 0);
	for (int i = 0; i < REQUEST_HEADERS; i++) {
		collect(lines, names[i], expected);
		CHECK(strcmp(r->request.header[i], i == REQUEST_HOST && *host ? host : expected) == 0);
	}
}

static void
check_plainly(const uint8_t *data, size_t size, const struct reading *r)
{
	static char text[REQUEST_HEAD_MAX + 1];
	size_t start = size >= 2 && memcmp(data, "\r\n", 2) == 0 ? 2 : 0;
	const uint8_t *end = memmem(data + start, size - start, "\r\n\r\n", 4);

	if (!end) {
		CHECK(r->result != REQUEST_DONE);
		return;
	}
	end += 4;
	if (!proper_bytes((const char *)data, (size_t)(end - data))) {
		CHECK(r->result == ERR_PROTOCOL);
		return;
	}
	/* A second empty line is no first line. */
	if (memcmp(data + start, "\r\n", 2) == 0) {
		CHECK(r->result == ERR_PROTOCOL);
		return;
	}
	snprintf(text, sizeof(text), "%.*s", (int)(end - 2 - data - (ptrdiff_t)start),
		(const char *)data + start);
	check_head(text, r);
	if (r->result == REQUEST_DONE)
		CHECK(r->used == (size_t)(end - data));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	struct reading whole;

	if (!begun)
		begin();
	begun = true;
	if (size < 2 || size > REQUEST_HEAD_MAX)
		return 0;
	read_some(data + 1, size - 1, &whole);
	check_plainly(data + 1, size - 1, &whole);
	/* Byte by byte is quadratic. */
	if (size < 512)
		grow(data + 1, size - 1, (struct cuts){CUT_EVERYWHERE, 0}, &whole);
	grow(data + 1, size - 1, (struct cuts){CUT_SOMEWHERE, data[0]}, &whole);
	forget(&whole);
	return 0;
}
