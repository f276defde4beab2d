/* SPDX-License-Identifier: MIT */
/*
 * create - a backend that asks for links as fast as it gets them.
 *
 * `load create --url URL --authorization SECRET --body JSON --count N [--parallel N]
 * [--reuse 0|1] [--watch LIST]`: each of the parallel connections sends its next request
 * when the answer to the last one is there; with --reuse 0 on a new connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/conn.h"
#include "tests/bench/http.h"
#include "tests/bench/load.h"

enum { TURN_MS = 100, TIMEOUT_S = 120 };

struct create {
	struct loop loop;
	SSL_CTX *tls; /* NULL: plain */
	uint16_t port;
	char *request;
	size_t request_len;
	uint64_t count, sent, good, bad;
	bool reuse;
	char error[200];
};

struct client {
	struct create *run;
	struct conn *conn;
	struct http http;
};

static const struct conn_ops ops;

static void
ask(struct client *c)
{
	if (c->run->sent == c->run->count)
		return;
	c->run->sent++;
	http_reset(&c->http);
	if (!c->conn)
		c->conn = conn_dial(&c->run->loop, c->run->port, c->run->tls, &ops, c);
	else
		conn_write(c->conn, c->run->request, c->run->request_len);
}

static void
hang_up(struct client *c)
{
	if (c->conn)
		conn_close(c->conn);
	c->conn = NULL;
}

static void
failed(struct client *c, const char *what, const char *more)
{
	if (c->run->bad++ == 0)
		snprintf(c->run->error, sizeof(c->run->error), "%s %.80s", what, more);
	hang_up(c);
	ask(c);
}

static void
on_open(struct conn *conn)
{
	struct client *c = conn->owner;

	conn_write(conn, c->run->request, c->run->request_len);
}

static void
on_bytes(struct conn *conn, unsigned char *data, size_t len)
{
	struct client *c = conn->owner;
	size_t used;
	int r = http_feed(&c->http, data, len, &used);

	if (r == HTTP_MORE)
		return;
	if (r == HTTP_BROKEN || http_status(&c->http) != 200 || used != len ||
		!strstr(http_body(&c->http), "\"success\"")) {
		failed(c, "unexpected answer:", c->http.text);
		return;
	}
	c->run->good++;
	if (!c->run->reuse)
		hang_up(c);
	ask(c);
}

static void
on_over(struct conn *conn, const char *why)
{
	struct client *c = conn->owner;

	/* A kept connection may be closed by the server between two requests. */
	if (c->http.len == 0 && c->run->sent == c->run->good + c->run->bad)
		hang_up(c);
	else
		failed(c, why, "");
}

static const struct conn_ops ops = {.open = on_open, .bytes = on_bytes, .over = on_over};

static void
set_up(struct create *t, struct options *o)
{
	const char *url = option(o, "url", NULL), *body = option(o, "body", NULL);
	const char *authorization = option(o, "authorization", NULL);
	bool secure = strncmp(url, "https://", 8) == 0;
	const char *port = strrchr(url, ':');
	size_t size = 512 + strlen(body) + strlen(authorization);

	if (!port)
		die("--url wants http://127.0.0.1:PORT");
	t->port = (uint16_t)number(port + 1, UINT16_MAX, "a port");
	t->tls = secure ? conn_tls(NULL, NULL) : NULL;
	t->count = option_number(o, "count", 100000000, 1000);
	t->reuse = option_number(o, "reuse", 1, 1);
	t->request = allocate(size);
	t->request_len = (size_t)snprintf(t->request, size,
		"POST /create HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: %s\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: %s\r\n\r\n%s",
		t->port, authorization, strlen(body), t->reuse ? "keep-alive" : "close", body);
	loop_init(&t->loop);
}

int
load_create(struct options *o)
{
	struct watched *watched = watched_parse(option(o, "watch", ""));
	size_t i, parallel = option_number(o, "parallel", 1000, 16);
	int64_t deadline = now_ns() + TIMEOUT_S * INT64_C(1000000000);
	struct create t = {.count = 0};
	struct client *clients;

	set_up(&t, o);
	options_end(o);
	clients = allocate(parallel * sizeof(*clients));
	watched_start(watched);
	for (i = 0; i < parallel; i++) {
		clients[i].run = &t;
		ask(&clients[i]);
	}
	while (t.good + t.bad < t.count && now_ns() < deadline)
		loop_turn(&t.loop, TURN_MS);
	watched_stop(watched);
	printf("{\"event\":\"done\",\"count\":%llu,\"good\":%llu,\"error\":",
		(unsigned long long)t.count, (unsigned long long)t.good);
	print_text(t.error);
	printf(",");
	watched_print(watched);
	printf("}\n");
	return t.good != t.count;
}
