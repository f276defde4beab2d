/* SPDX-License-Identifier: MIT */
#include "session/page.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "session/assets.h"
#include "session/csp.h"
#include "session/tls_server.h"
#include "session/token.h"

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

/* "/<key>" and what follows it; false when the key opens nothing. */
static bool
split_path(struct loop *loop, const char *path, size_t len, const char **rest, size_t *rest_len)
{
	if (len < 1 + KEY_CHARS || path[0] != '/' ||
		(len > 1 + KEY_CHARS && path[1 + KEY_CHARS] != '/'))
		return false;
	*rest = path + 1 + KEY_CHARS;
	*rest_len = len - 1 - KEY_CHARS;
	return loop_has_key(loop, path + 1, KEY_CHARS);
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
 * What noVNC must not let anybody change: an empty host makes it connect to
 * where the page came from, whatever the page's query says.
 */
static void
mandatory(const struct loop *loop, struct buf *made, struct page_answer *out)
{
	made->max = 512;
	if (buf_addf(made,
			"{\"autoconnect\":true,\"reconnect\":true,\"password\":\"%s\",\"path\":\"vnc-proxy\","
			"\"resize\":\"scale\",\"shared\":true,\"host\":\"\",\"port\":\"\",\"encrypt\":%s}",
			secret_peek(&loop->password), loop->env->tls ? "true" : "false") < 0) {
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
	out->host = csp_host_ok(request->host) ? request->host : "";
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
	struct loop *loop = request->loop;
	const struct asset *asset;
	const char *rest;
	size_t len;

	if (!split_path(loop, request->path, request->path_len, &rest, &len)) {
		bare(out, 404);
		return;
	}
	bare(out, 200);
	if (request->method == PAGE_OTHER) {
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
		mandatory(loop, made, out);
		return;
	}
	if (path_is(rest, len, "vnc-proxy")) {
		out->status = 426;
		out->upgrade = true;
		return;
	}
	asset = assets_find(loop->env->assets, rest, len);
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

static void
add_policy(struct text *t, const struct page_answer *answer)
{
	add(t, "Content-Security-Policy: default-src 'none'; ");
	if (answer->csp)
		add(t, "%s; img-src 'self' data: blob:; media-src 'self'; font-src 'self'; ", answer->csp);
	if (answer->csp && *answer->host)
		add(t, "connect-src 'self' ws://%s wss://%s; ", answer->host, answer->host);
	else if (answer->csp)
		add(t, "connect-src 'self'; ");
	add(t, "base-uri 'none'; form-action 'none'; frame-ancestors *\r\n");
}

size_t
page_head(char out[PAGE_HEAD_MAX], const struct page_answer *answer)
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
	if (answer->upgrade)
		add(&t, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
	add(&t, "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n");
	add_policy(&t, answer);
	add(&t, "\r\n");
	return t.len;
}

bool
page_origin_ok(const char *origin, bool tls, const char *host)
{
	const char *scheme = tls ? "https://" : "http://";
	size_t n = strlen(scheme);

	return *host && strncasecmp(origin, scheme, n) == 0 && strcasecmp(origin + n, host) == 0;
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

bool
page_upgrade(const struct page_upgrade *request, struct page_answer *out)
{
	struct loop *loop = request->loop;
	const char *rest;
	size_t len;

	bare(out, 404);
	if (!split_path(loop, request->path, request->path_len, &rest, &len) ||
		!path_is(rest, len, "/vnc-proxy"))
		return false;
	if (request->method != PAGE_GET) {
		out->status = 405;
		out->allow = "GET, HEAD";
	} else if (request->origin &&
			   !page_origin_ok(request->origin, loop->env->tls != NULL, request->host)) {
		out->status = 403;
	} else if (strcmp(request->version, "13") != 0) {
		out->status = 426;
		out->upgrade = true;
	} else if (request->subprotocols && !offers_binary(request->subprotocols)) {
		out->status = 400;
	} else {
		return true;
	}
	return false;
}

int
page_tls_apply(const struct loop *loop, void *ssl_ctx)
{
	return tls_server_apply(loop->env->tls, ssl_ctx) < 0 ? -1 : 0;
}
