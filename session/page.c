/* SPDX-License-Identifier: MIT */
#include "session/page.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "session/assets.h"
#include "session/token.h"

enum { RETRY_S = 10 };

/* Below the key, where a console's websocket is. */
#define VNC_PATH  "vnc-proxy"
#define TERM_PATH "term-proxy"

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
	{200, "OK"},
	{302, "Found"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{426, "Upgrade Required"},
	{500, "Internal Server Error"},
	{503, "Service Unavailable"},
};

static const char *
phrase_of(int status)
{
	size_t i;

	for (i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Error";
}

/* Does the path begin with something that looks like a key? Then what follows it is *rest. */
static bool
split_path(const struct page_request *request, const char **rest, size_t *rest_len)
{
	const char *path = request->path;
	size_t len = request->path_len;

	if (len < 1 + KEY_CHARS || path[0] != '/' || !key_well_formed(path + 1, KEY_CHARS) ||
		(len > 1 + KEY_CHARS && path[1 + KEY_CHARS] != '/'))
		return false;
	*rest = path + 1 + KEY_CHARS;
	*rest_len = len - 1 - KEY_CHARS;
	return true;
}

static bool
path_is(const char *rest, size_t len, const char *path)
{
	return strlen(path) == len && memcmp(rest, path, len) == 0;
}

static void
bare(struct page_answer *out, int status)
{
	memset(out, 0, sizeof(*out));
	out->status = status;
	out->cache = "no-store";
}

/*
 * Is it a path under a key that opens this session? When not, *out is the bare 404
 * that everything else gets, be it a guess, another's key or no key at all.
 */
static bool
open_path(const struct page_request *request, const char **rest, size_t *rest_len,
	struct page_answer *out)
{
	enum key_verdict verdict;

	bare(out, 404);
	if (!split_path(request, rest, rest_len))
		return false;
	verdict = live_judge_key(request->live, request->path + 1, &request->from->client,
		access_rules(request->access)->bind_client);
	out->guess = verdict == KEY_UNKNOWN;
	return verdict == KEY_OPENS;
}

void
page_not_http(struct page_answer *out)
{
	bare(out, 404);
	out->close = true;
}

void
page_too_many(struct page_answer *out)
{
	bare(out, 503);
	out->retry_after_s = RETRY_S;
	out->close = true;
}

static bool
is_terminal(const struct page_request *request)
{
	return request->live->session->target.kind == PVE_CONSOLE_TERM;
}

/* Is it the path of the console's websocket? Of a terminal's session there is no screen, and vice versa. */
static bool
is_websocket(const struct page_request *request, const char *rest, size_t len)
{
	return path_is(rest, len, is_terminal(request) ? TERM_PATH : VNC_PATH);
}

/*
 * What the page must not let anybody change: an empty host makes it connect to
 * where the page came from, whatever the page's query says.
 */
static void
mandatory(const struct page_request *request, struct buf *made, struct page_answer *out)
{
	int r;

	made->max = 512;
	if (is_terminal(request))
		r = buf_addf(made, "{\"console\":\"term\",\"path\":\"" TERM_PATH "\",");
	else
		r = buf_addf(made,
			"{\"password\":\"%s\",\"path\":\"" VNC_PATH "\",\"resize\":\"scale\",\"shared\":true,",
			secret_peek(&request->live->password));
	if (r == 0)
		r = buf_addf(made,
			"\"autoconnect\":true,\"reconnect\":true,\"host\":\"\",\"port\":\"\",\"encrypt\":%s}",
			request->from->tls ? "true" : "false");
	if (r < 0) {
		bare(out, 500);
		return;
	}
	out->type = "application/json";
	out->body = (const unsigned char *)made->data;
	out->len = made->len;
}

/* A 304 carries the same headers: a browser puts them in the place of those it has stored. */
static void
file(const struct page_request *request, const struct asset *asset, struct page_answer *out)
{
	out->etag = asset->etag;
	out->cache = "private, no-cache";
	out->type = asset->type;
	out->csp = asset->csp;
	if (!origin_of_host(request->from->tls, request->from->host, out->origin))
		out->origin[0] = '\0';
	if (strcmp(request->if_none_match, asset->etag) == 0) {
		out->status = 304;
		return;
	}
	out->body = asset->data;
	out->len = asset->len;
}

void
page_answer(const struct page_request *request, struct buf *made, struct page_answer *out)
{
	const struct asset *asset;
	const char *rest;
	size_t len;

	if (!open_path(request, &rest, &len, out))
		return;
	bare(out, 200);
	if (request->method == REQUEST_OTHER) {
		out->status = 405;
		out->allow = "GET, HEAD";
		return;
	}
	if (len == 0) {
		out->status = 302;
		snprintf(out->location, sizeof(out->location), "%.*s/", KEY_CHARS, request->path + 1);
		return;
	}
	rest++;
	len--;
	if (path_is(rest, len, "mandatory.json")) {
		mandatory(request, made, out);
		return;
	}
	if (is_websocket(request, rest, len)) {
		out->status = 426;
		out->upgrade = true;
		return;
	}
	if (len == 0)
		asset = assets_page(request->live->env->assets, is_terminal(request));
	else
		asset = assets_find(request->live->env->assets, rest, len);
	if (asset)
		file(request, asset, out);
	else
		bare(out, 404);
}

struct text {
	char *at;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void
add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at + t->len, PAGE_HEAD_MAX - t->len, fmt, ap);
	va_end(ap);
	assert(n >= 0 && (size_t)n < PAGE_HEAD_MAX - t->len);
	t->len += (size_t)n;
}

/*
 * "https://host" → "wss://host": older Safari takes 'self' for the page's own scheme
 * only. Only the one that mandatory.json makes the page use.
 */
static void
add_connect(struct text *t, const char *origin)
{
	add(t, "connect-src 'self'");
	if (*origin)
		add(t, " ws%s", origin + strlen("http"));
	add(t, "; ");
}

static void
add_policy(struct text *t, const struct page_answer *answer, const struct access *access)
{
	add(t, "Content-Security-Policy: default-src 'none'; ");
	if (answer && answer->csp) {
		add(t, "%s; img-src 'self' data: blob:; media-src 'self'; font-src 'self'; ", answer->csp);
		add_connect(t, answer->origin);
	}
	add(t, "base-uri 'none'; form-action 'none'; frame-ancestors %s\r\n",
		access_frame_ancestors(access));
}

/*
 * A page that is isolated shows in a frame only what says of itself that it may be shown there
 * (COEP), and goes there only by answers that may be used anywhere (CORP).
 */
static void
add_embedding(struct text *t, const struct page_answer *answer)
{
	bool page = answer && answer->csp, on_the_way = answer && *answer->location;

	add(t, "Cross-Origin-Resource-Policy: %s-origin\r\n", page || on_the_way ? "cross" : "same");
	if (page)
		add(t, "Cross-Origin-Embedder-Policy: require-corp\r\n");
}

/* What every answer has; answer NULL is the 101. */
static void
add_common(struct text *t, const struct page_answer *answer, const struct access *access, bool tls)
{
	int hsts_s = access_rules(access)->hsts_max_age_s;

	add(t, "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n");
	add_embedding(t, answer);
	add_policy(t, answer, access);
	if (tls && hsts_s > 0)
		add(t, "Strict-Transport-Security: max-age=%d\r\n", hsts_s);
}

size_t
page_upgraded(
	char out[PAGE_HEAD_MAX], const char *accept, bool binary, const struct access *access, bool tls)
{
	struct text t = {.at = out};

	add(&t,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\n",
		accept);
	if (binary)
		add(&t, "Sec-WebSocket-Protocol: binary\r\n");
	add_common(&t, NULL, access, tls);
	add(&t, "\r\n");
	return t.len;
}

size_t
page_head(char out[PAGE_HEAD_MAX], const struct page_answer *answer, const struct access *access,
	bool tls)
{
	struct text t = {.at = out};

	add(&t, "HTTP/1.1 %d %s\r\n", answer->status, phrase_of(answer->status));
	if (answer->type)
		add(&t, "Content-Type: %s\r\n", answer->type);
	if (answer->status != 304)
		add(&t, "Content-Length: %zu\r\n", answer->len);
	add(&t, "Cache-Control: %s\r\n", answer->cache);
	if (answer->etag)
		add(&t, "ETag: %s\r\n", answer->etag);
	if (answer->allow)
		add(&t, "Allow: %s\r\n", answer->allow);
	if (*answer->location)
		add(&t, "Location: %s\r\n", answer->location);
	if (answer->retry_after_s > 0)
		add(&t, "Retry-After: %d\r\n", answer->retry_after_s);
	if (answer->upgrade)
		add(&t, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
	if (answer->close || answer->upgrade)
		add(&t, "Connection: %s%s%s\r\n", answer->upgrade ? "Upgrade" : "",
			answer->close && answer->upgrade ? ", " : "", answer->close ? "close" : "");
	add_common(&t, answer, access, tls);
	add(&t, "\r\n");
	return t.len;
}

/* Is "binary" one of the comma-separated subprotocols? */
static bool
offers_binary(const char *list)
{
	size_t n;

	while (*list) {
		list += strspn(list, " \t,");
		n = strcspn(list, " \t,");
		if (n == strlen("binary") && strncmp(list, "binary", n) == 0)
			return true;
		list += n;
	}
	return false;
}

/* Is it a Sec-WebSocket-Key: sixteen bytes in base64? */
static bool
is_nonce(const char *key)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return strspn(key, digits) == 22 && strcmp(key + 22, "==") == 0;
}

/* May a page of this Origin open it? */
static bool
origin_ok(const struct page_upgrade *upgrade)
{
	const struct forwarded *from = upgrade->request.from;
	char own[ORIGIN_SIZE];

	if (!origin_of_host(from->tls, from->host, own))
		own[0] = '\0';
	return access_origin_ok(upgrade->request.access, upgrade->origin, own);
}

bool
page_upgrade(const struct page_upgrade *upgrade, struct page_answer *out)
{
	const char *rest;
	size_t len;

	if (!open_path(&upgrade->request, &rest, &len, out) || len == 0 ||
		!is_websocket(&upgrade->request, rest + 1, len - 1))
		return false;
	if (upgrade->request.method != REQUEST_GET) {
		out->status = 405;
		out->allow = "GET, HEAD";
	} else if (!origin_ok(upgrade)) {
		out->status = 403;
	} else if (strcmp(upgrade->version, "13") != 0) {
		out->status = 426;
		out->upgrade = true;
	} else if ((upgrade->subprotocols && !offers_binary(upgrade->subprotocols)) ||
			   !is_nonce(upgrade->key)) {
		out->status = 400;
	} else {
		return true;
	}
	return false;
}
