/* SPDX-License-Identifier: MIT */
#include "tests/bench/browser.h"

#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Each step is one request on a connection of its own, as browsers do it for a
 * websocket and as the gateway does it with Proxmox.
 */
enum step { LINK, MANDATORY, LOGIN, STATUS, CONSOLE, WEBSOCKET };

static const struct conn_ops ops;

void
browser_enter(struct browser *b, enum browser_state state)
{
	enum browser_state from = b->state;

	if (state >= BROWSER_DONE) {
		SSL_SESSION_free(b->session);
		b->session = NULL;
	}
	b->state = state;
	b->plan->changed(b->plan->arg, b, from);
}

static void
hang_up(struct browser *b)
{
	SSL_SESSION *session = b->conn ? conn_session(b->conn) : NULL;

	if (session) {
		SSL_SESSION_free(b->session);
		b->session = session;
		b->session_port = b->conn_port;
	}
	if (b->conn)
		conn_close(b->conn);
	b->conn = NULL;
}

void
browser_fail(struct browser *b, const char *fmt, ...)
{
	va_list ap;

	if (b->state >= BROWSER_DONE)
		return;
	hang_up(b);
	/* Whoever reads nothing may be given up. */
	if (b->state == BROWSER_STALLED) {
		browser_enter(b, BROWSER_DONE);
		return;
	}
	va_start(ap, fmt);
	vsnprintf(b->error, sizeof(b->error), fmt, ap);
	va_end(ap);
	browser_enter(b, BROWSER_FAILED);
}

void
browser_send(struct browser *b, unsigned opcode, const void *data, size_t len)
{
	static unsigned char frame[WS_HEAD_MAX + WORK_FRAME_MAX];
	unsigned char mask[4];
	size_t n;

	b->masks = b->masks * 1664525 + 1013904223; /* nobody has to be unable to guess it here */
	memcpy(mask, &b->masks, 4);
	n = ws_head(frame, opcode, len, mask);
	ws_mask(frame + n, data, len, mask, 0);
	conn_write(b->conn, frame, n + len);
}

void
browser_leave(struct browser *b)
{
	if (!b->conn)
		return;
	if (b->manner == BY_RST) {
		conn_flush(b->conn);
		conn_abort(b->conn);
		b->conn = NULL;
	} else if (b->manner == BY_FIN) {
		conn_finish(b->conn);
	} else if (b->websocket) {
		browser_send(b, WS_CLOSE_OP, "\x03\xe8", 2);
		conn_finish(b->conn);
	}
	hang_up(b);
}

static void
leave_done(struct browser *b)
{
	browser_leave(b);
	browser_enter(b, BROWSER_DONE);
}

bool
browser_reached(struct browser *b, enum moment moment)
{
	b->at_ns[moment] = now_ns();
	if (b->leaves_at != moment)
		return true;
	leave_done(b);
	return false;
}

/* ---- texts ---- */

/* "http://127.0.0.1:PORT/path": only loopback is ever dialled, whatever the name. */
static bool
split_url(struct browser *b, const char *url)
{
	unsigned port;
	int n = 0;

	b->secure = strncmp(url, "https://", 8) == 0;
	url += b->secure ? 8 : 7;
	if (sscanf(url, "%70[^/:]:%5u%n", b->host, &port, &n) != 2 || url[n] != '/' ||
		port > UINT16_MAX || strlen(url + n) >= sizeof(b->path))
		return false;
	snprintf(b->host + strlen(b->host), sizeof(b->host) - strlen(b->host), ":%u", port);
	snprintf(b->path, sizeof(b->path), "%s", url + n);
	b->port = (uint16_t)port;
	return true;
}

/* The value of a JSON object's string, "" when it is not there or too long. */
static const char *
json_text(const char *json, const char *name, char *out, size_t size)
{
	char begin[40];
	size_t n = 0;

	snprintf(begin, sizeof(begin), "\"%s\":\"", name);
	json = strstr(json, begin);
	json = json ? json + strlen(begin) : "";
	for (; *json && *json != '"' && n + 1 < size; json++) {
		if (*json == '\\' && json[1])
			json++;
		out[n++] = *json;
	}
	out[*json == '"' ? n : 0] = '\0';
	return out;
}

static void
percent_encode(const char *from, char *out, size_t size)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	size_t n = 0;

	for (; *from && n + 4 <= size; from++) {
		if (strchr(plain, *from))
			out[n++] = *from;
		else
			n += (size_t)snprintf(out + n, size - n, "%%%02X", (unsigned char)*from);
	}
	out[n] = '\0';
}

/* ---- requests ---- */

static void
dial(struct browser *b, enum step step)
{
	hang_up(b);
	http_reset(&b->http);
	b->step = (int)step;
	b->conn = conn_dial(b->plan->loop, b->port, b->secure ? b->plan->tls : NULL, &ops, b);
	b->conn_port = b->port;
	if (b->session_port == b->port)
		conn_offer(b->conn, b->session);
}

static void
get(struct browser *b, const char *name)
{
	char text[512];
	int n = snprintf(text, sizeof(text),
		"GET %s%s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\nConnection: close\r\n\r\n", b->path, name,
		b->host);

	conn_write(b->conn, text, (size_t)n);
}

/* A call of Proxmox's API; body NULL: GET. */
static void
call(struct browser *b, const char *path, const char *name, const char *body)
{
	char text[2048];
	int n = snprintf(text, sizeof(text),
		"%s %s%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"
		"CSRFPreventionToken: %s\r\nCookie: PVEAuthCookie=%s\r\nContent-Length: %zu\r\n\r\n%s",
		body ? "POST" : "GET", path, name, b->host, b->csrf, b->cookie, body ? strlen(body) : 0,
		body ? body : "");

	conn_write(b->conn, text, (size_t)n);
}

static void
upgrade(struct browser *b)
{
	const char *name = b->plan->raw ? "" : b->plan->direct ? "/vncwebsocket" : "vnc-proxy";
	char extra[1200], text[4096];
	int n;

	*extra = '\0';
	if (b->plan->direct)
		snprintf(extra, sizeof(extra), "Cookie: PVEAuthCookie=%s\r\n", b->cookie);
	else if (!b->plan->raw)
		snprintf(extra, sizeof(extra), "Origin: http%s://%s\r\n", b->secure ? "s" : "", b->host);
	ws_key(b->key);
	n = snprintf(text, sizeof(text),
		"GET %s%s%s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n%s"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: binary\r\n"
		"\r\n",
		b->path, name, b->query, b->host, extra, b->key);
	conn_write(b->conn, text, (size_t)(b->half ? n / 2 : n));
	if (b->half)
		leave_done(b);
}

static void
on_open(struct conn *c)
{
	struct browser *b = c->owner;

	switch ((enum step)b->step) {
	case LINK:
		get(b, "");
		break;
	case MANDATORY:
		get(b, "mandatory.json");
		break;
	case LOGIN:
		call(b, "/api2/json/access/ticket", "", "username=bench%40pve&password=bench");
		break;
	case STATUS:
		call(b, b->path, "/status/current", NULL);
		break;
	case CONSOLE:
		call(b, b->path, "/vncproxy", "websocket=1");
		break;
	case WEBSOCKET:
		upgrade(b);
		break;
	}
}

/* ---- answers ---- */

static void
on_link(struct browser *b)
{
	char location[256];

	if (!split_url(b, http_header(&b->http, "Location", location, sizeof(location)))) {
		browser_fail(b, "the link leads to no session");
		return;
	}
	if (!browser_reached(b, AT_LINK))
		return;
	if (!b->plan->link_only) {
		dial(b, MANDATORY);
		return;
	}
	hang_up(b);
	browser_enter(b, BROWSER_READY);
}

static void
on_console(struct browser *b)
{
	char ticket[600], port[8];

	json_text(http_body(&b->http), "ticket", ticket, sizeof(ticket));
	json_text(http_body(&b->http), "port", port, sizeof(port));
	json_text(http_body(&b->http), "password", b->password, sizeof(b->password));
	snprintf(b->query, sizeof(b->query), "?port=%s&vncticket=", port);
	percent_encode(ticket, b->query + strlen(b->query), sizeof(b->query) - strlen(b->query));
	b->at_ns[AT_LINK] = b->at_ns[AT_MANDATORY] = now_ns();
	dial(b, WEBSOCKET);
}

static void
on_websocket(struct browser *b)
{
	char expected[WS_ACCEPT_SIZE], accept[64];

	ws_accept(b->key, expected);
	if (strcmp(http_header(&b->http, "Sec-WebSocket-Accept", accept, sizeof(accept)), expected)) {
		browser_fail(b, "wrong Sec-WebSocket-Accept");
		return;
	}
	b->websocket = browser_reached(b, AT_WEBSOCKET);
}

/* The answer to the step's request is whole. */
static void
on_answer(struct browser *b)
{
	static const int expected[] = {302, 200, 200, 200, 200, 101};
	const char *body = http_body(&b->http);
	char ticket[600];

	if (http_status(&b->http) != expected[b->step]) {
		b->refused = http_status(&b->http);
		browser_fail(b, "step %d: %.*s %.100s", b->step, (int)strcspn(b->http.text, "\r\n"),
			b->http.text, body);
		return;
	}
	switch ((enum step)b->step) {
	case LINK:
		on_link(b);
		break;
	case MANDATORY:
		json_text(body, "password", b->password, sizeof(b->password));
		if (browser_reached(b, AT_MANDATORY))
			dial(b, WEBSOCKET);
		break;
	case LOGIN:
		json_text(body, "ticket", ticket, sizeof(ticket));
		json_text(body, "CSRFPreventionToken", b->csrf, sizeof(b->csrf));
		percent_encode(ticket, b->cookie, sizeof(b->cookie));
		dial(b, STATUS);
		break;
	case STATUS:
		dial(b, CONSOLE);
		break;
	case CONSOLE:
		on_console(b);
		break;
	case WEBSOCKET:
		on_websocket(b);
		break;
	}
}

/* ---- what arrives ---- */

static void
on_event(struct browser *b, const struct ws_event *event)
{
	const unsigned char *d = event->data;

	switch (event->kind) {
	case WS_DATA:
		browser_payload(b, d, event->len);
		break;
	case WS_PING:
		browser_send(b, WS_PONG_OP, d, event->len);
		break;
	case WS_CLOSE:
		browser_fail(b, "closed with %d %.*s", event->len < 2 ? 1005 : d[0] << 8 | d[1],
			event->len < 2 ? 0 : (int)event->len - 2, event->len < 2 ? "" : (const char *)d + 2);
		break;
	case WS_BROKEN:
		browser_fail(b, "a frame that breaks the rules");
		break;
	default:
		break;
	}
}

static void
on_bytes(struct conn *c, unsigned char *data, size_t len)
{
	struct browser *b = c->owner;
	uint64_t before = b->received;
	struct ws_event event;
	size_t used;
	int r;

	if (!b->websocket) {
		r = http_feed(&b->http, data, len, &used);
		data += used;
		len -= used;
		if (r == HTTP_BROKEN)
			browser_fail(b, "step %d: the answer is not HTTP, or too long", b->step);
		else if (r == HTTP_WHOLE)
			on_answer(b);
	}
	while (b->websocket && len > 0 && !c->doomed) {
		ws_next(&b->ws, data, len, &used, &event);
		data += used;
		len -= used;
		on_event(b, &event);
	}
	if (b->received != before)
		browser_moved(b);
}

static void
on_room(struct conn *c)
{
	browser_room(c->owner);
}

static void
on_over(struct conn *c, const char *why)
{
	struct browser *b = c->owner;

	browser_fail(b, "step %d: %s", b->step, why);
	hang_up(b);
}

static const struct conn_ops ops = {
	.open = on_open, .bytes = on_bytes, .room = on_room, .over = on_over};

void
browser_start(struct browser *b, const struct browser_plan *plan, const char *link)
{
	b->plan = plan;
	b->link = link;
	b->at_ns[AT_START] = now_ns();
	if (!split_url(b, link)) {
		browser_fail(b, "not a link: %.100s", link);
		return;
	}
	if (plan->raw) {
		b->at_ns[AT_LINK] = b->at_ns[AT_MANDATORY] = b->at_ns[AT_START];
		snprintf(b->path, sizeof(b->path), "/websockify");
		snprintf(b->password, sizeof(b->password), RAW_PASSWORD);
	}
	dial(b, plan->raw ? WEBSOCKET : plan->direct ? LOGIN : LINK);
}

void
browser_again(struct browser *b)
{
	b->state = BROWSER_OPENING;
	b->rfb_step = 0;
	b->ws = (struct ws_in){.masked = false};
	b->websocket = false;
	b->in_len = 0;
	b->sent = b->received = 0;
	memset(b->at_ns, 0, sizeof(b->at_ns));
	dial(b, MANDATORY);
}
