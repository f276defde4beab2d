/* SPDX-License-Identifier: MIT */
/*
 * What opening one console takes of ours: a browser's requests, the websocket to Proxmox, and
 * VNC's authentication there and towards the browser.
 */
#include <stdio.h>
#include <string.h>

#include "session/request.h"
#include "session/rfb.h"
#include "session/upgrade.h"
#include "tests/budget/measure.h"

/* The example of RFC 6455, section 1.3 */
static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char switching[] = "HTTP/1.1 101 Switching Protocols\r\n"
								"Upgrade: WebSocket\r\n"
								"Connection: Upgrade\r\n"
								"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
								"Sec-WebSocket-Protocol: binary\r\n\r\n";

/* What Chromium asks for, one of some 30 files. */
static const char asks[] =
	"GET /0123456789abcdef0123456789abcdef/core/rfb.js HTTP/1.1\r\n"
	"Host: console.example.com:22000\r\n"
	"Connection: keep-alive\r\n"
	"sec-ch-ua: \"Chromium\";v=\"120\", \"Not?A_Brand\";v=\"8\"\r\n"
	"Origin: https://console.example.com:22000\r\n"
	"sec-ch-ua-mobile: ?0\r\n"
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
	"Chrome/120.0.0.0 Safari/537.36\r\n"
	"sec-ch-ua-platform: \"Linux\"\r\n"
	"Accept: */*\r\n"
	"Sec-Fetch-Site: same-origin\r\n"
	"Sec-Fetch-Mode: cors\r\n"
	"Sec-Fetch-Dest: script\r\n"
	"Referer: https://console.example.com:22000/0123456789abcdef0123456789abcdef/vnc.html\r\n"
	"Accept-Encoding: gzip, deflate, br\r\n"
	"Accept-Language: en-GB,en;q=0.9\r\n"
	"If-None-Match: \"0123456789abcdef0123456789abcdef\"\r\n"
	"\r\n";

static struct pve_console console;

static void
read_request(void)
{
	char texts[sizeof(asks)];
	struct request request;
	size_t size;

	MUST(request_find(asks, sizeof(asks) - 1, &size) == REQUEST_DONE && size == sizeof(asks) - 1);
	MUST(request_parse(asks, size, texts, &request) == 0 && request.keep);
}

static void
make_console(void)
{
	char target[512] = "/api2/json/nodes/pve/qemu/100/vncwebsocket?port=5900&vncticket=";
	char cookie[512] = "Cookie: PVEAuthCookie=";
	size_t n = strlen(target), m = strlen(cookie);

	/* Tickets have some 360 characters. */
	memset(target + n, 't', 360);
	memset(cookie + m, 't', 360);
	snprintf(console.way.host, sizeof(console.way.host), "pve1.example.com");
	console.way.port = 8006;
	MUST(secret_set(&console.request_target, target, strlen(target)) == 0);
	MUST(secret_set(&console.auth_header, cookie, strlen(cookie)) == 0);
}

static void
upgrade(void)
{
	struct buf out = {0};
	struct err err;
	size_t used;

	MUST(upgrade_request(&out, &console, key) == 0);
	MUST(upgrade_response(switching, sizeof(switching) - 1, key, &used, &err) == UPGRADE_DONE);
	MUST(used == sizeof(switching) - 1);
	buf_done(&out);
}

/* What one side has said is heard by the other. */
static int
hear(int (*feed)(
		 struct rfb *r, const unsigned char *data, size_t len, size_t *used, struct err *err),
	struct rfb *to, struct rfb *from)
{
	struct err err;
	size_t used;
	int r = feed(to, from->out, from->out_len, &used, &err);

	MUST(r >= 0 && used == from->out_len);
	from->out_len = 0;
	return r;
}

/* Both sides of ours at each other; each makes its own DES. */
static void
authenticate(void)
{
	struct rfb server, client;
	struct err err;
	int r = RFB_MORE;

	MUST(rfb_server_init(&server, "Minted01", 8, &err) == 0);
	rfb_client_init(&client, "Minted01", 8);
	while (r == RFB_MORE) {
		MUST(server.out_len > 0);
		(void)hear(rfb_client_feed, &client, &server);
		r = hear(rfb_server_feed, &server, &client);
	}
	rfb_done(&server);
	rfb_done(&client);
}

const struct measure open_measures[] = {
	{"request", NULL, read_request},
	{"upgrade", make_console, upgrade},
	{"authenticate", NULL, authenticate},
	{.name = NULL},
};
