/* SPDX-License-Identifier: MIT */
/*
 * pve - the Proxmox end: the API calls that lead to a console, and vncwebsocket.
 *
 * `load pve --cert FILE --key FILE [--delay-ms N]` prints {"port":N}, serves on
 * loopback until its input ends, and then prints what it has counted. The node's
 * name says what its guests do ("stream-16384-1073741824", see util.h), so that
 * each session brings its own orders.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/guest.h"
#include "tests/bench/http.h"
#include "tests/bench/load.h"
#include "tests/bench/ws.h"

#define USER        "bench@pve"
#define PASSWORD    "bench"
#define CSRF        "66F0A1B2:c2lnbmF0dXJlLW9mLXRoZS1jc3JmLXRva2Vu"
#define SIGNATURE43 "Zm9v+YmFy/NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4"
#define SIGNATURE \
	SIGNATURE43 SIGNATURE43 SIGNATURE43 SIGNATURE43 SIGNATURE43 SIGNATURE43 SIGNATURE43 SIGNATURE43
#define TICKET "PVE:" USER ":66F0A1B2::" SIGNATURE "=="

enum {
	TICKET_SIZE = 512,
	ANSWER_SIZE = 4096,
	ACCEPTS_A_TURN = 64,
	TURN_MS = 1000,
	BACKLOG = 4096,
};

struct pve {
	struct loop loop;
	struct watch listener, input;
	SSL_CTX *tls;
	int64_t delay_ns;
	struct counters counters;
	struct api *late, *late_end; /* answers that are held back, oldest first */
	unsigned char *used;         /* one byte a console ticket */
	uint32_t tickets;
};

/* One connection to us. */
struct api {
	struct pve *pve;
	struct conn *conn;
	struct http http;
	struct guest *guest; /* once it is a websocket */
	struct api *next_late;
	int64_t due_ns; /* 0: no answer held back */
	char answer[ANSWER_SIZE];
	size_t answer_len;
};

/* ---- console tickets ---- */

/* The ticket with this number; its first eight characters are the VNC password. */
static void
console_ticket(uint32_t serial, char out[TICKET_SIZE])
{
	uint64_t x = serial * UINT64_C(0x9e3779b97f4a7c15) + 1;
	int i;

	for (i = 0; i < 8; i++) {
		x ^= x >> 29;
		x *= UINT64_C(0xbf58476d1ce4e5b9);
		out[i] = (char)('!' + (x >> 40 & 63));
	}
	snprintf(out + 8, TICKET_SIZE - 8, ":PVEVNC:%08X::" SIGNATURE "==", serial);
}

/* Only quotes and backslashes need it. */
static void
json_escape(const char *from, char *out)
{
	for (; *from; *out++ = *from++)
		if (*from == '"' || *from == '\\')
			*out++ = '\\';
	*out = '\0';
}

/* ---- answers ---- */

static void
send_answer(struct api *a)
{
	conn_write(a->conn, a->answer, a->answer_len);
	a->due_ns = 0;
}

static void
answer(struct api *a, const char *status, const char *body)
{
	struct pve *p = a->pve;

	a->answer_len = (size_t)snprintf(a->answer, sizeof(a->answer),
		"HTTP/1.1 %s\r\nCache-Control: max-age=0\r\nConnection: Keep-Alive\r\n"
		"Pragma: no-cache\r\nServer: pve-api-daemon/3.0\r\nContent-Length: %zu\r\n"
		"Content-Type: application/json;charset=UTF-8\r\n\r\n%s",
		status, strlen(body), body);
	if (p->delay_ns == 0) {
		send_answer(a);
		return;
	}
	a->due_ns = now_ns() + p->delay_ns;
	a->next_late = NULL;
	if (p->late)
		p->late_end->next_late = a;
	else
		p->late = a;
	p->late_end = a;
}

static void
no_longer_late(struct pve *p, struct api *a)
{
	struct api **link = &p->late, *before = NULL;

	while (*link && *link != a) {
		before = *link;
		link = &before->next_late;
	}
	if (!*link)
		return;
	*link = a->next_late;
	if (p->late_end == a)
		p->late_end = before;
}

/* Send what is due; for how long the rest may wait. */
static int
serve_late(struct pve *p)
{
	int64_t now = now_ns();
	struct api *a;

	while ((a = p->late) && a->due_ns <= now) {
		no_longer_late(p, a);
		send_answer(a);
		conn_flush(a->conn);
	}
	return a ? (int)((a->due_ns - now) / 1000000) + 1 : TURN_MS;
}

/* ---- the API ---- */

static bool
cookie_good(const struct http *h)
{
	char cookie[1024], ticket[1024], *value;

	http_header(h, "Cookie", cookie, sizeof(cookie));
	value = strstr(cookie, "PVEAuthCookie=");
	return value && http_decode(value + strlen("PVEAuthCookie="), ticket, sizeof(ticket)) == 0 &&
		   strcmp(ticket, TICKET) == 0;
}

static void
login(struct api *a)
{
	const char *form = http_body(&a->http);
	char user[64], password[1024];

	if (http_decode(http_field(form, "username"), user, sizeof(user)) < 0 ||
		http_decode(http_field(form, "password"), password, sizeof(password)) < 0 ||
		strcmp(user, USER) != 0 ||
		(strcmp(password, PASSWORD) != 0 && strcmp(password, TICKET) != 0)) {
		answer(a, "401 authentication failure", "{\"data\":null}");
		return;
	}
	a->pve->counters.logins++;
	answer(a, "200 OK",
		"{\"data\":{\"username\":\"" USER "\",\"ticket\":\"" TICKET
		"\",\"CSRFPreventionToken\":\"" CSRF "\",\"cap\":{\"vms\":{\"VM.Console\":1}}}}");
}

static void
status_current(struct api *a, unsigned vmid)
{
	char body[256];

	a->pve->counters.statuses++;
	snprintf(body, sizeof(body),
		"{\"data\":{\"status\":\"running\",\"qmpstatus\":\"running\",\"vmid\":%u,\"name\":"
		"\"bench\","
		"\"cpus\":2,\"uptime\":86400,\"mem\":1073741824,\"maxmem\":2147483648}}",
		vmid);
	answer(a, "200 OK", body);
}

static void
vncproxy(struct api *a)
{
	char csrf[128], ticket[TICKET_SIZE], escaped[2 * TICKET_SIZE], body[3 * TICKET_SIZE];
	struct pve *p = a->pve;
	char first[17];

	http_header(&a->http, "CSRFPreventionToken", csrf, sizeof(csrf));
	if (strcmp(csrf, CSRF) != 0 || strcmp(http_body(&a->http), "websocket=1") != 0) {
		violation(a->conn, &p->counters, "vncproxy without CSRF token or websocket=1");
		return;
	}
	p->counters.consoles++;
	p->used = reallocate(p->used, p->tickets + 1U);
	p->used[p->tickets] = 0;
	console_ticket(p->tickets, ticket);
	json_escape(ticket, escaped);
	snprintf(body, sizeof(body),
		"{\"data\":{\"port\":\"%u\",\"ticket\":\"%s\",\"user\":\"" USER "\",\"cert\":\"\","
		"\"upid\":\"UPID:bench:00000001:00000001:66F0A1B2:vncproxy:100:" USER ":\","
		"\"password\":\"",
		5900 + p->tickets % 100, escaped);
	snprintf(first, sizeof(first), "%.8s", ticket);
	json_escape(first, escaped);
	snprintf(body + strlen(body), sizeof(body) - strlen(body), "%s\"}}", escaped);
	p->tickets++;
	answer(a, "200 OK", body);
}

/* Is this a ticket of ours, for its port, and not used before? */
static bool
ticket_good(struct pve *p, const char *query, char ticket[TICKET_SIZE])
{
	char expected[TICKET_SIZE];
	unsigned long serial;

	if (http_decode(http_field(query, "vncticket"), ticket, TICKET_SIZE) < 0 || strlen(ticket) < 24)
		return false;
	serial = strtoul(ticket + 16, NULL, 16);
	if (serial >= p->tickets || p->used[serial]++)
		return false;
	console_ticket((uint32_t)serial, expected);
	return strcmp(ticket, expected) == 0 &&
		   strtoul(http_field(query, "port"), NULL, 10) == 5900 + serial % 100;
}

static void
vncwebsocket(struct api *a, const struct work *work, const char *query)
{
	char key[64], accept[WS_ACCEPT_SIZE], upgrade[32], ticket[TICKET_SIZE];
	int n;

	http_header(&a->http, "Upgrade", upgrade, sizeof(upgrade));
	http_header(&a->http, "Sec-WebSocket-Key", key, sizeof(key));
	if (strcmp(upgrade, "websocket") != 0 || strlen(key) != WS_KEY_SIZE - 1 ||
		!ticket_good(a->pve, query, ticket)) {
		violation(a->conn, &a->pve->counters, "vncwebsocket: no upgrade, or a bad or used ticket");
		return;
	}
	a->pve->counters.websockets++;
	ws_accept(key, accept);
	n = snprintf(a->answer, sizeof(a->answer),
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: binary\r\n\r\n",
		accept);
	conn_write(a->conn, a->answer, (size_t)n);
	ticket[8] = '\0';
	a->guest = guest_new(a->conn, work, ticket, &a->pve->counters);
}

/* A whole request has arrived. */
static void
serve(struct api *a)
{
	char target[2048], node[80] = "", call[32] = "", *query;
	bool get = strncmp(a->http.text, "GET ", 4) == 0;
	const char *at = strchr(a->http.text, ' ') + 1;
	struct work work;
	unsigned vmid = 0;

	snprintf(target, sizeof(target), "%.*s", (int)strcspn(at, " \r\n"), at);
	query = strchr(target, '?');
	if (query)
		*query++ = '\0';
	if (!get && strcmp(target, "/api2/json/access/ticket") == 0) {
		login(a);
		return;
	}
	if (sscanf(target, "/api2/json/nodes/%79[^/]/qemu/%9u/%31s", node, &vmid, call) != 3 ||
		!work_parse(node, &work))
		answer(a, "501 Not Implemented", "{\"data\":null}");
	else if (!cookie_good(&a->http))
		answer(a, "401 No ticket", "");
	else if (get && strcmp(call, "status/current") == 0)
		status_current(a, vmid);
	else if (get && strcmp(call, "vncwebsocket") == 0 && query)
		vncwebsocket(a, &work, query);
	else if (!get && strcmp(call, "vncproxy") == 0)
		vncproxy(a);
	else
		answer(a, "501 Not Implemented", "{\"data\":null}");
}

/* ---- connections ---- */

static void
on_open(struct conn *c)
{
	(void)c;
}

static void
on_bytes(struct conn *c, unsigned char *data, size_t len)
{
	struct api *a = c->owner;
	size_t used;
	int r;

	while (!a->guest && len > 0 && !c->doomed) {
		r = http_feed(&a->http, data, len, &used);
		data += used;
		len -= used;
		if (r == HTTP_BROKEN || (r == HTTP_WHOLE && !strchr(a->http.text, ' ')))
			violation(c, &a->pve->counters, "not HTTP");
		else if (r == HTTP_WHOLE)
			serve(a);
		if (r == HTTP_WHOLE)
			http_reset(&a->http);
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

	no_longer_late(a->pve, a);
	guest_free(a->guest);
	free(a);
}

static const struct conn_ops ops = {
	.open = on_open, .bytes = on_bytes, .room = on_room, .over = on_over, .freed = on_freed};

static void
on_listener(void *arg, uint32_t events)
{
	struct pve *p = arg;
	struct api *a;
	int i, fd;

	(void)events;
	for (i = 0; i < ACCEPTS_A_TURN; i++) {
		fd = accept4(p->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		a = allocate(sizeof(*a));
		a->pve = p;
		a->conn = conn_accept(&p->loop, fd, p->tls, &ops, a);
	}
}

static void
on_input(void *arg, uint32_t events)
{
	struct pve *p = arg;
	char text[64];

	(void)events;
	p->loop.stop = read(p->input.fd, text, sizeof(text)) <= 0;
}

static void
start(struct pve *p)
{
	struct sockaddr_in on = {.sin_family = AF_INET};
	socklen_t len = sizeof(on);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	on.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&on, sizeof(on)) < 0 || listen(fd, BACKLOG) < 0 ||
		getsockname(fd, (struct sockaddr *)&on, &len) < 0)
		die("listen: %s", strerror(errno));
	loop_init(&p->loop);
	p->listener = (struct watch){.fd = fd, .ready = on_listener, .arg = p};
	p->input = (struct watch){.fd = STDIN_FILENO, .ready = on_input, .arg = p};
	loop_add(&p->loop, &p->listener, EPOLLIN);
	loop_add(&p->loop, &p->input, EPOLLIN);
	printf("{\"port\":%u}\n", ntohs(on.sin_port));
	fflush(stdout);
}

int
load_pve(struct options *o)
{
	struct pve p = {.delay_ns = (int64_t)option_number(o, "delay-ms", 60000, 0) * 1000000};
	const struct counters *n = &p.counters;

	p.tls = conn_tls(option(o, "cert", NULL), option(o, "key", NULL));
	options_end(o);
	start(&p);
	while (!p.loop.stop)
		loop_turn(&p.loop, serve_late(&p));
	printf("{\"logins\":%llu,\"statuses\":%llu,\"consoles\":%llu,\"websockets\":%llu,"
		   "\"shown\":%llu,\"violations\":%llu}\n",
		(unsigned long long)n->logins, (unsigned long long)n->statuses,
		(unsigned long long)n->consoles, (unsigned long long)n->websockets,
		(unsigned long long)n->shown, (unsigned long long)n->violations);
	return 0;
}
