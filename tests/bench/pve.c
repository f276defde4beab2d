/* SPDX-License-Identifier: MIT */
/*
 * `load pve --cert FILE --key FILE [--delay-ms N] [--workers N] [--raw-port 1 --raw-work
 * WORK]` prints {"port":N,"raw_port":N}, serves on loopback until its input ends, and then
 * prints what it has counted. The node's name says what its guests do
 * ("stream-16384-1073741824", see util.h), so that each session brings its own orders.
 *
 * --workers: connections are dealt to so many in turn, and a TLS session is resumed only
 * where it was begun; Proxmox has three. All are in this one process.
 *
 * --raw-port: a connection there is TLS and a guest at once, without HTTP and websocket;
 * its work and password are fixed.
 */
#include "tests/bench/pve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/load.h"

enum {
	ACCEPTS_A_TURN = 64,
	TURN_MS = 1000,
	BACKLOG = 4096,
	/* Proxmox: so many requests a connection, and so long for the next one */
	KEPT_REQUESTS = 100,
	STATUS_BAD = 400,
};

static const int64_t idle_ns = INT64_C(5000000000);

/* ---- answers ---- */

/* The last thing done with a: hanging up may free it. */
static void
send_answer(struct api *a)
{
	conn_write(a->conn, a->answer, a->answer_len);
	a->answer_len = 0;
	loop_set(&a->pve->loop, &a->timer, now_ns() + idle_ns);
	if (a->last)
		conn_finish(a->conn);
	else
		conn_flush(a->conn);
}

void
pve_answer(struct api *a, const char *status, const char *body)
{
	struct pve *p = a->pve;
	char connection[16];

	http_header(&a->http, "Connection", connection, sizeof(connection));
	a->last = a->requests == KEPT_REQUESTS || strcmp(connection, "close") == 0 ||
			  strtoul(status, NULL, 10) >= STATUS_BAD;
	a->answer_len = (size_t)snprintf(a->answer, sizeof(a->answer),
		"HTTP/1.1 %s\r\nCache-Control: max-age=0\r\nConnection: %s\r\n"
		"Pragma: no-cache\r\nServer: pve-api-daemon/3.0\r\nContent-Length: %zu\r\n"
		"Content-Type: application/json;charset=UTF-8\r\n\r\n%s",
		status, a->last ? "close" : "Keep-Alive", strlen(body), body);
	if (p->delay_ns > 0)
		loop_set(&p->loop, &a->timer, now_ns() + p->delay_ns);
	else
		send_answer(a);
}

/* An answer is due, or the next request did not come. */
static void
on_timer(void *arg)
{
	struct api *a = arg;

	if (a->answer_len > 0) {
		send_answer(a);
	} else if (!a->conn->half_closed) {
		loop_set(&a->pve->loop, &a->timer, now_ns() + idle_ns);
		conn_finish(a->conn);
	} else {
		conn_close(a->conn); /* nor does the far side hang up */
	}
}

/* ---- connections ---- */

static void
on_open(struct conn *c)
{
	struct api *a = c->owner;
	struct counters *n = &a->pve->counters;

	if (conn_resumed(c))
		n->resumed_handshakes++;
	else
		n->full_handshakes++;
	if (a->raw) {
		loop_unset(&a->pve->loop, &a->timer);
		a->guest = guest_new(c, true, &a->pve->raw_work, RAW_PASSWORD, n);
	}
}

static void
serve(struct api *a)
{
	if (!strchr(a->http.text, ' ')) {
		violation(a->conn, &a->pve->counters, "not HTTP");
		return;
	}
	a->pve->counters.requests++;
	a->requests++;
	loop_unset(&a->pve->loop, &a->timer);
	api_serve(a);
	http_reset(&a->http);
}

static void
on_bytes(struct conn *c, unsigned char *data, size_t len)
{
	struct api *a = c->owner;
	size_t used;
	int r;

	while (!a->guest && len > 0 && !c->doomed && !a->last) {
		r = http_feed(&a->http, data, len, &used);
		data += used;
		len -= used;
		if (r == HTTP_BROKEN)
			violation(c, &a->pve->counters, "not HTTP");
		else if (r == HTTP_WHOLE)
			serve(a);
	}
	if (a->guest && len > 0 && !c->doomed)
		guest_bytes(a->guest, data, len);
}

static void
on_room(struct conn *c)
{
	struct api *a = c->owner;

	if (a->guest)
		guest_room(a->guest);
}

static void
on_over(struct conn *c, const char *why)
{
	(void)why;
	conn_close(c);
}

static void
on_freed(struct conn *c)
{
	struct api *a = c->owner;

	loop_unset(&a->pve->loop, &a->timer);
	guest_free(a->guest);
	free(a);
}

static const struct conn_ops ops = {
	.open = on_open, .bytes = on_bytes, .room = on_room, .over = on_over, .freed = on_freed};

/* ---- listeners ---- */

static void
accept_some(struct pve *p, int from, bool raw)
{
	struct api *a;
	int i, fd;

	for (i = 0; i < ACCEPTS_A_TURN; i++) {
		fd = accept4(from, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		a = allocate(sizeof(*a));
		a->pve = p;
		a->raw = raw;
		a->timer = (struct timer){.fire = on_timer, .arg = a};
		a->conn =
			conn_accept(&p->loop, fd, p->tls[p->counters.connections++ % p->workers], &ops, a);
		loop_set(&p->loop, &a->timer, now_ns() + idle_ns);
	}
}

static void
on_listener(void *arg, uint32_t events)
{
	struct pve *p = arg;

	(void)events;
	accept_some(p, p->listener.fd, false);
}

static void
on_raw_listener(void *arg, uint32_t events)
{
	struct pve *p = arg;

	(void)events;
	accept_some(p, p->raw_listener.fd, true);
}

static void
on_input(void *arg, uint32_t events)
{
	struct pve *p = arg;
	char text[64];

	(void)events;
	p->loop.stop = read(p->input.fd, text, sizeof(text)) <= 0;
}

/* Listen on a port that is free; returns it. */
static uint16_t
listen_on(struct pve *p, struct watch *w, void (*ready)(void *arg, uint32_t events))
{
	struct sockaddr_in on = {.sin_family = AF_INET};
	socklen_t len = sizeof(on);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	on.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&on, sizeof(on)) < 0 || listen(fd, BACKLOG) < 0 ||
		getsockname(fd, (struct sockaddr *)&on, &len) < 0)
		die("listen: %s", strerror(errno));
	*w = (struct watch){.fd = fd, .ready = ready, .arg = p};
	loop_add(&p->loop, w, EPOLLIN);
	return ntohs(on.sin_port);
}

static void
start(struct pve *p, bool raw)
{
	loop_init(&p->loop);
	p->input = (struct watch){.fd = STDIN_FILENO, .ready = on_input, .arg = p};
	loop_add(&p->loop, &p->input, EPOLLIN);
	printf("{\"port\":%u", listen_on(p, &p->listener, on_listener));
	if (raw)
		printf(",\"raw_port\":%u", listen_on(p, &p->raw_listener, on_raw_listener));
	printf("}\n");
	fflush(stdout);
}

static void
print_counters(const struct counters *n)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"connections", n->connections},
		{"full_handshakes", n->full_handshakes},
		{"resumed_handshakes", n->resumed_handshakes},
		{"requests", n->requests},
		{"logins", n->logins},
		{"statuses", n->statuses},
		{"consoles", n->consoles},
		{"websockets", n->websockets},
		{"shown", n->shown},
		{"violations", n->violations},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("%c\"%s\":%llu", i ? ',' : '{', rows[i].name, (unsigned long long)rows[i].value);
	printf("}\n");
}

int
load_pve(struct options *o)
{
	struct pve p = {.delay_ns = (int64_t)option_number(o, "delay-ms", 60000, 0) * 1000000};
	bool raw = option_number(o, "raw-port", 1, 0);
	const char *work = option(o, "raw-work", raw ? NULL : "idle");
	const char *cert = option(o, "cert", NULL), *key = option(o, "key", NULL);
	unsigned i;

	if (!work_parse(work, &p.raw_work))
		die("%s is no work", work);
	p.workers = (unsigned)option_number(o, "workers", WORKERS_MAX, 1);
	options_end(o);
	if (p.workers == 0)
		die("--workers is at least 1");
	for (i = 0; i < p.workers; i++)
		p.tls[i] = conn_tls(cert, key);
	start(&p, raw);
	while (!p.loop.stop)
		loop_turn(&p.loop, TURN_MS);
	print_counters(&p.counters);
	return 0;
}
