/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a request to the router, read by the HTTP library and judged by
 * http_head as router/exchange.c has it done: what passes is laid out as RFC 9112 has it, to
 * the last byte, says one thing only about its length, its host and its secret, and is
 * what a second, plainer reader finds in the same bytes. And its path leads where it says.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "router/http_head.h"
#include "router/request.h"
#include "router/routes.h"
#include "session/token.h"
#include "tests/fuzz/fuzz_check.h"

enum { INPUT_MAX = 16384, CONNECTION_MEMORY = 40 * 1024, TURNS = 8 };

static const char token_chars[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
								  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* The input, and what the library made of it. */
static const uint8_t *raw;
static size_t raw_len;
static size_t target_len;
static bool asked;

/* ---- a plain reader ---- */

/* What a strict reader finds in a head; good: it is one. */
struct plain {
	bool good, modern;
	unsigned hosts, lengths, encodings, secrets, types;
	const char *length;
	size_t length_len;
	bool chunked;
	const char *path;
	size_t path_len;
};

static bool
is(const char *text, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(text, name, len) == 0;
}

static bool
only(const char *text, size_t len, const char *chars)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0' || !strchr(chars, text[i]))
			return false;
	return len > 0;
}

/* "name: value", without its end. */
static bool
plain_header(struct plain *p, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *value;
	size_t name = colon ? (size_t)(colon - line) : 0, n;

	if (!colon || !only(line, name, token_chars))
		return false;
	for (value = colon + 1, n = len - name - 1; n > 0 && (*value == ' ' || *value == '\t'); n--)
		value++;
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)value[i] < ' ' && value[i] != '\t') || value[i] == 0x7f)
			return false;
	p->hosts += is(line, name, "host");
	p->secrets += is(line, name, "authorization");
	p->types += is(line, name, "content-type");
	if (is(line, name, "content-length")) {
		p->lengths++;
		p->length = value;
		p->length_len = n;
	}
	if (is(line, name, "transfer-encoding")) {
		p->encodings++;
		p->chunked = is(value, n, "chunked");
	}
	return true;
}

/* "METHOD target HTTP/1.x" */
static bool
plain_line(struct plain *p, const char *line, size_t len)
{
	const char *blank = memchr(line, ' ', len), *last, *target;

	if (!blank || !only(line, (size_t)(blank - line), token_chars))
		return false;
	target = blank + 1;
	last = memchr(target, ' ', len - (size_t)(target - line));
	if (!last || last == target || len - (size_t)(last + 1 - line) != 8)
		return false;
	for (const char *c = target; c < last; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	p->modern = last[8] != '0';
	p->path = target;
	p->path_len = (size_t)(last - target);
	if (memchr(target, '?', p->path_len))
		p->path_len = (size_t)((const char *)memchr(target, '?', p->path_len) - target);
	return memcmp(last + 1, "HTTP/1.", 7) == 0 && last[8] >= '0' && last[8] <= '9';
}

static struct plain
read_plainly(void)
{
	struct plain p = {.good = false};
	const char *at = (const char *)raw, *end = at + raw_len, *eol;
	bool first = true;

	/* Empty lines in front of a request are to be passed over (RFC 9112, 2.2), even half ones. */
	while (at < end && (*at == '\n' || (end - at > 1 && memcmp(at, "\r\n", 2) == 0)))
		at += *at == '\n' ? 1 : 2;
	for (; (eol = memmem(at, (size_t)(end - at), "\r\n", 2)) != NULL; at = eol + 2, first = false) {
		if (eol == at) {
			p.good = !first;
			break;
		}
		if (!(first ? plain_line : plain_header)(&p, at, (size_t)(eol - at)))
			break;
	}
	return p;
}

/*
 * A line that begins with a NUL or with a colon is an empty one to the library, and it leaves
 * nothing by which http_head could see that. No proxy passes such lines on.
 */
static bool
beyond_us(void)
{
	return memchr(raw, '\0', raw_len) || memmem(raw, raw_len, "\n:", 2);
}

static const char *
wrong_with(const struct plain *p)
{
	if (!p->good)
		return "layout";
	if (p->hosts > 1 || p->lengths > 1 || p->encodings > 1 || p->secrets > 1 || p->types > 1)
		return "twice";
	if (p->modern && p->hosts == 0)
		return "no host";
	if (p->lengths > 0 && p->encodings > 0)
		return "length and encoding";
	if (p->lengths > 0 && !only(p->length, p->length_len, "0123456789"))
		return "length";
	return p->encodings > 0 && !(p->chunked && p->modern) ? "encoding" : NULL;
}

static int64_t
length_of(const struct plain *p)
{
	int64_t n = 0;

	if (p->encodings > 0)
		return REQUEST_LENGTH_UNKNOWN;
	for (size_t i = 0; i < p->length_len; i++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, p->length[i] - '0', &n))
			return INT64_MAX;
	/* http_head stops counting a little earlier. */
	return n > INT64_MAX / 10 * 10 - 11 ? INT64_MAX : n;
}

/* ---- paths ---- */

static void
check_path(const char *path)
{
	const struct route *route = routes_find(path);
	const char *token = strncmp(path, "/vnc/", 5) == 0 ? path + 5 : NULL;

	CHECK((route != NULL) ==
		  (token != NULL || strcmp(path, "/create") == 0 || strcmp(path, "/status") == 0));
	if (route)
		CHECK(strncmp(path, route->path, strlen(route->path)) == 0);
	if (token)
		CHECK(token_well_formed(token) ==
			  (strlen(token) == TOKEN_CHARS && only(token, TOKEN_CHARS, "0123456789abcdef")));
}

/* ---- the library ---- */

static enum MHD_Result
see_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value,
	size_t value_len)
{
	(void)kind;
	if (value != NULL)
		http_head_see(cls, name, name_len, value, value_len);
	return MHD_YES;
}

static void
judge(struct MHD_Connection *connection, const char *url, const char *method, const char *version)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct plain plain = read_plainly();
	struct http_head head;
	const char *fault, *wrong = wrong_with(&plain);

	http_head_begin(&head, method, url, target_len, version);
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, see_header, &head);
	http_head_end(&head, info != NULL ? info->header_size : 0);
	fault = http_head_fault(&head);
	CHECK(fault == NULL || fault[0] != '\0');
	if (beyond_us())
		return;
	if (fault == NULL && wrong != NULL)
		fprintf(stderr, "passed, but for: %s\n", wrong);
	CHECK((fault == NULL) == (wrong == NULL));
	if (fault == NULL) {
		CHECK(strlen(url) == plain.path_len && memcmp(url, plain.path, plain.path_len) == 0);
		CHECK(head.length == length_of(&plain) || head.length == INT64_MAX);
		check_path(url);
	}
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *body, size_t *body_len, void **context)
{
	struct MHD_Response *nothing;
	enum MHD_Result r;

	(void)cls;
	(void)body;
	(void)body_len;
	(void)context;
	if (!asked)
		judge(connection, url, method, version);
	asked = true;
	nothing = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	CHECK(nothing);
	CHECK(MHD_add_response_header(nothing, "Connection", "close") == MHD_YES);
	r = MHD_queue_response(connection, 200, nothing);
	MHD_destroy_response(nothing);
	return r;
}

static void *
on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
	(void)cls;
	(void)connection;
	target_len = http_head_target(target);
	return NULL;
}

static size_t
unescape_nothing(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

static struct MHD_Daemon *
start(void)
{
	struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_request,
		NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, NULL, MHD_OPTION_URI_LOG_CALLBACK,
		on_target, NULL, MHD_OPTION_END);

	CHECK(d);
	return d;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct MHD_Daemon *daemon_;
	const struct sockaddr_in from = {.sin_family = AF_INET};
	int ends[2];

	if (!daemon_)
		daemon_ = start();
	if (size == 0 || size > INPUT_MAX)
		return 0;
	raw = data;
	raw_len = size;
	asked = false;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	CHECK(write(ends[0], data, size) == (ssize_t)size && shutdown(ends[0], SHUT_WR) == 0);
	CHECK(MHD_add_connection(daemon_, ends[1], (const struct sockaddr *)&from, sizeof(from)) ==
		  MHD_YES);
	for (int i = 0; i < TURNS; i++)
		CHECK(MHD_run(daemon_) == MHD_YES);
	close(ends[0]);
	CHECK(MHD_run(daemon_) == MHD_YES);
	return 0;
}
