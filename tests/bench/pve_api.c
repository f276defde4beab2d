/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/pve.h"
#include "tests/bench/util.h"
#include "tests/bench/ws.h"

/* "bench@pve" is somebody, and so are "bench1@pve", "bench2@pve" ... */
#define NAME        "bench"
#define REALM       "@pve"
#define USER        NAME REALM
#define PASSWORD    "bench"
#define CSRF        "66F0A1B2:c2lnbmF0dXJlLW9mLXRoZS1jc3JmLXRva2Vu"
#define SIGNATURE43 "Zm9v+YmFy/NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4"
#define SIGNATURE \
	SIGNATURE43 SIGNATURE43 SIGNATURE43 SIGNATURE43 SIGNATURE43 SIGNATURE43 SIGNATURE43 SIGNATURE43
#define TICKET_START "PVE:" NAME
#define TICKET_END   ":66F0A1B2::" SIGNATURE "=="

enum { TICKET_SIZE = 512, FIRST_TICKETS = 1024 };

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

static void
new_ticket(struct pve *p, char out[TICKET_SIZE])
{
	if (p->tickets == p->tickets_room) {
		p->tickets_room = p->tickets_room ? 2 * p->tickets_room : FIRST_TICKETS;
		p->used = reallocate(p->used, p->tickets_room);
	}
	p->used[p->tickets] = 0;
	console_ticket(p->tickets++, out);
}

/* ---- the API ---- */

static bool
user_good(const char *user)
{
	size_t name = strlen(NAME);

	return strncmp(user, NAME, name) == 0 &&
		   strcmp(user + name + strspn(user + name, "0123456789"), REALM) == 0;
}

/* Of any of them. */
static bool
login_good(const char *ticket)
{
	size_t len = strlen(ticket), end = strlen(TICKET_END);

	return strncmp(ticket, TICKET_START, strlen(TICKET_START)) == 0 && len > end &&
		   strcmp(ticket + len - end, TICKET_END) == 0;
}

static bool
cookie_good(const struct http *h)
{
	char cookie[1024], ticket[1024], *value;

	http_header(h, "Cookie", cookie, sizeof(cookie));
	value = strstr(cookie, "PVEAuthCookie=");
	return value && http_decode(value + strlen("PVEAuthCookie="), ticket, sizeof(ticket)) == 0 &&
		   login_good(ticket);
}

static void
login(struct api *a)
{
	const char *form = http_body(&a->http);
	char user[64], password[1024], body[2048];

	if (http_decode(http_field(form, "username"), user, sizeof(user)) < 0 ||
		http_decode(http_field(form, "password"), password, sizeof(password)) < 0 ||
		!user_good(user) || (strcmp(password, PASSWORD) != 0 && !login_good(password))) {
		pve_answer(a, "401 authentication failure", "{\"data\":null}");
		return;
	}
	a->pve->counters.logins++;
	snprintf(body, sizeof(body),
		"{\"data\":{\"username\":\"%s\",\"ticket\":\"PVE:%s" TICKET_END
		"\",\"CSRFPreventionToken\":\"" CSRF "\",\"cap\":{\"vms\":{\"VM.Console\":1}}}}",
		user, user);
	pve_answer(a, "200 OK", body);
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
	pve_answer(a, "200 OK", body);
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
	new_ticket(p, ticket);
	json_escape(ticket, escaped);
	snprintf(body, sizeof(body),
		"{\"data\":{\"port\":\"%u\",\"ticket\":\"%s\",\"user\":\"" USER "\",\"cert\":\"\","
		"\"upid\":\"UPID:bench:00000001:00000001:66F0A1B2:vncproxy:100:" USER ":\","
		"\"password\":\"",
		5900 + (p->tickets - 1) % 100, escaped);
	snprintf(first, sizeof(first), "%.8s", ticket);
	json_escape(first, escaped);
	snprintf(body + strlen(body), sizeof(body) - strlen(body), "%s\"}}", escaped);
	pve_answer(a, "200 OK", body);
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
	a->guest = guest_new(a->conn, false, work, ticket, &a->pve->counters);
}

void
api_serve(struct api *a)
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
		pve_answer(a, "501 Not Implemented", "{\"data\":null}");
	else if (!cookie_good(&a->http))
		pve_answer(a, "401 No ticket", "");
	else if (get && strcmp(call, "status/current") == 0)
		status_current(a, vmid);
	else if (get && strcmp(call, "vncwebsocket") == 0 && query)
		vncwebsocket(a, &work, query);
	else if (!get && strcmp(call, "vncproxy") == 0)
		vncproxy(a);
	else
		pve_answer(a, "501 Not Implemented", "{\"data\":null}");
}
