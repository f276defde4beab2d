/* SPDX-License-Identifier: MIT */
/*
 * Whatever a browser asks a session's port for: without the key a bare 404, with it a file
 * of the table and nothing else, every head well formed, and a websocket for the page's own
 * origin and listed ones only, by a second reading of that rule.
 *
 * The first byte chooses method, scheme, rules and key, the second is the path's length;
 * behind the path stand lines: Host, If-None-Match, Origin, subprotocols, version.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <regex.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/assets.h"
#include "session/page.h"
#include "session/token.h"
#include "tests/fuzz/fuzz_check.h"

#define KEY      "0123456789abcdef0123456789abcdef"
#define PASSWORD "Minted01"

enum {
	METHODS = 3,
	TLS = 4,
	STRICT = 8,
	UNDER_KEY = 16,
	ELSEWHERE = 32,
	OWN_ORIGIN = 64, /* the Origin is made of the Host */
	TERMINAL = 128,  /* the session's console */
	INPUT_MAX = 8192
};
enum { HOST, NONE_MATCH, ORIGIN, SUBPROTOCOLS, VERSION, NONCE, LINES };

/* What the page consists of. */
static const struct content {
	const char *path, *text;
} contents[] = {
	{"vnc.html", "<!doctype html><script>alert('Hello, world.');</script>"},
	{"term.html", "<!doctype html><title>Terminal</title>"},
	{"core/rfb.js", "export {}"},
	{"icon.svg", "<svg/>"},
};

static char panel[] = "https://panel.example.com", local[] = "http://[2001:db8::1]:8080";
static char *listed[] = {panel, local};

static struct env env;
static struct session session;
static struct live live = {.env = &env, .session = &session};
static struct access *lax, *strict;
static struct forwarded from;
static enum key_verdict verdict;
static regex_t named, numeric, nonce;

/* A stand-in for thread.c's. */
enum key_verdict
live_judge_key(struct live *l, const char *key, const struct ip *client, bool bound)
{
	CHECK(l == &live && client == &from.client && !bound);
	for (int i = 0; i < KEY_CHARS; i++)
		CHECK(strchr("0123456789abcdef", key[i]) && key[i] != '\0');
	return memcmp(key, KEY, KEY_CHARS) == 0 ? verdict : KEY_UNKNOWN;
}

/* ---- once ---- */

static void
load_page(void)
{
	char dir[] = "/tmp/fuzz_page.XXXXXX", path[64];
	struct assets *assets = NULL;
	FILE *f;

	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/core", dir);
	CHECK(mkdir(path, 0700) == 0);
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, contents[i].path);
		f = fopen(path, "we");
		CHECK(f && fputs(contents[i].text, f) >= 0 && fclose(f) == 0);
	}
	CHECK(assets_load(dir, &assets, NULL) == 0);
	env.assets = assets;
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, contents[i].path);
		CHECK(unlink(path) == 0);
	}
	snprintf(path, sizeof(path), "%s/core", dir);
	CHECK(rmdir(path) == 0 && rmdir(dir) == 0);
}

static void
begin(void)
{
	struct access_config config = {.rules = {.allow_missing_origin = true}};

	load_page();
	CHECK(secret_set(&live.password, PASSWORD, strlen(PASSWORD)) == 0);
	CHECK(access_new(&config, &lax, NULL) == 0);
	config.allowed_origins = config.frame_ancestors = (struct access_texts){listed, 1};
	config.allowed_origins.count = 2;
	config.rules = (struct access_rules){.hsts_max_age_s = 3600};
	CHECK(access_new(&config, &strict, NULL) == 0);
	CHECK(regcomp(&named, "^([a-z0-9_-]+\\.)*[a-z0-9_-]+\\.?(:[1-9][0-9]{0,4})?$",
			  REG_EXTENDED | REG_ICASE) == 0);
	CHECK(regcomp(&nonce, "^[A-Za-z0-9+/]{22}==$", REG_EXTENDED) == 0);
	CHECK(regcomp(&numeric, "^\\[([0-9a-f:.]+)\\](:[1-9][0-9]{0,4})?$", REG_EXTENDED | REG_ICASE) ==
		  0);
}

/* ---- heads ---- */

static const char *const names[] = {"Content-Type", "Content-Length", "Cache-Control", "ETag",
	"Allow", "Location", "Retry-After", "Upgrade", "Sec-WebSocket-Version", "Connection",
	"X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy",
	"Cross-Origin-Embedder-Policy", "Content-Security-Policy", "Strict-Transport-Security"};
static const char *const directives[] = {"default-src", "script-src", "style-src", "img-src",
	"media-src", "font-src", "connect-src", "base-uri", "form-action", "frame-ancestors"};

/* Mark the word of that length as seen, once. */
static void
see(const char *const words[], size_t count, const char *word, size_t len, unsigned *seen)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0)
			break;
	CHECK(i < count && !(*seen & 1u << i));
	*seen |= 1u << i;
}

/* "a b; c d": whatever was quoted, there is no directive but ours. */
static void
check_policy(const char *at, const char *end)
{
	unsigned seen = 0;
	const char *stop;

	for (; at < end; at = stop + 2) {
		stop = memmem(at, (size_t)(end - at), "; ", 2);
		stop = stop ? stop : end;
		CHECK(!memchr(at, ';', (size_t)(stop - at)) && !memchr(at, ',', (size_t)(stop - at)));
		see(directives, sizeof(directives) / sizeof(directives[0]), at, strcspn(at, " "), &seen);
	}
}

static void
check_head(const char *head, size_t len)
{
	static const char policy[] = "Content-Security-Policy: ";
	const char *line = head, *end;
	unsigned seen = 0;
	size_t name;

	CHECK(len < PAGE_HEAD_MAX && strlen(head) == len);
	CHECK(strncmp(head, "HTTP/1.1 ", 9) == 0);
	for (;; line = end + 2) {
		end = strstr(line, "\r\n");
		CHECK(end);
		if (end == line)
			break;
		for (const char *c = line; c < end; c++)
			CHECK(*c >= ' ' && *c < 0x7f);
		if (line == head)
			continue;
		name = strcspn(line, ":");
		CHECK(line + name + 2 < end && line[name + 1] == ' ');
		see(names, sizeof(names) / sizeof(names[0]), line, name, &seen);
		if (strncmp(line, policy, strlen(policy)) == 0)
			check_policy(line + strlen(policy), end);
	}
	CHECK(end + 2 == head + len);
}

/* The head of an answer; the bare 404's is the same whoever asks. */
static void
write_head(const struct page_request *r, const struct page_answer *a)
{
	static const struct page_answer bare = {.status = 404, .cache = "no-store"};
	char head[PAGE_HEAD_MAX], expected[PAGE_HEAD_MAX];
	size_t len = page_head(head, a, r->access, r->from->tls);

	check_head(head, len);
	if (a->status == 404) {
		page_head(expected, &bare, r->access, r->from->tls);
		CHECK(strcmp(head, expected) == 0 && a->len == 0 && !a->body);
	}
}

/* ---- paths ---- */

/* What stands behind "/<key>" in a path that opens, NULL in any other. */
static const char *
behind_key(const struct page_request *r)
{
	const char *path = r->path;

	if (verdict != KEY_OPENS || r->path_len < 1 + KEY_CHARS ||
		memcmp(path, "/" KEY, 1 + KEY_CHARS) != 0 ||
		(r->path_len > 1 + KEY_CHARS && path[1 + KEY_CHARS] != '/'))
		return NULL;
	return path + 1 + KEY_CHARS;
}

static bool
is(const char *rest, size_t len, const char *path)
{
	return strlen(path) == len && memcmp(rest, path, len) == 0;
}

static const struct content *
content_at(const char *rest, size_t len)
{
	if (is(rest, len, "/"))
		return &contents[session.target.kind == PVE_CONSOLE_TERM];
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++)
		if (len > 0 && *rest == '/' && is(rest + 1, len - 1, contents[i].path))
			return &contents[i];
	return NULL;
}

/* Where this session's websocket is. */
static const char *
websocket(void)
{
	return session.target.kind == PVE_CONSOLE_TERM ? "/term-proxy" : "/vnc-proxy";
}

static void
check_answer(const struct page_request *r, const struct page_answer *a)
{
	const char *rest = behind_key(r);
	size_t len = rest ? r->path_len - (size_t)(rest - r->path) : 0;
	const struct content *content = rest ? content_at(rest, len) : NULL;

	if (!rest) {
		CHECK(a->status == 404);
	} else if (r->method == REQUEST_OTHER) {
		CHECK(a->status == 405);
	} else if (len == 0) {
		CHECK(a->status == 302 && strcmp(a->location, KEY "/") == 0);
	} else if (is(rest, len, "/mandatory.json")) {
		CHECK(a->status == 200 && a->len > 0 && !a->etag && strcmp(a->cache, "no-store") == 0);
	} else if (is(rest, len, websocket())) {
		CHECK(a->status == 426);
	} else if (!content) {
		CHECK(a->status == 404);
	} else if (a->status == 304) {
		CHECK(strcmp(a->etag, r->if_none_match) == 0 && !a->body);
	} else {
		CHECK(a->status == 200 && strcmp(a->etag, r->if_none_match) != 0);
		CHECK(is((const char *)a->body, a->len, content->text));
	}
	CHECK(!a->guess || !rest);
	CHECK(a->status == 302 || *a->location == '\0');
}

/* ---- websockets ---- */

/* An authority in the form in which two can be compared, by its scheme; false when it is none. */
static bool
normal(bool tls, const char *authority, char out[600])
{
	unsigned char address[sizeof(struct in6_addr)];
	char text[INET6_ADDRSTRLEN] = "";
	regmatch_t m[3];
	unsigned long port;
	size_t host;

	if (regexec(&named, authority, 3, m, 0) == 0) {
		host = strcspn(authority, ":");
		if (host > ORIGIN_HOST_MAX)
			return false;
		snprintf(out, 600, "%.*s", (int)host, authority);
	} else if (regexec(&numeric, authority, 3, m, 0) == 0) {
		host = (size_t)m[1].rm_eo + 1;
		if (m[1].rm_eo - m[1].rm_so >= (regoff_t)sizeof(text))
			return false;
		memcpy(text, authority + m[1].rm_so, (size_t)(m[1].rm_eo - m[1].rm_so));
		if (inet_pton(AF_INET6, text, address) != 1)
			return false;
		snprintf(out, 600, "[%s]", inet_ntop(AF_INET6, address, text, sizeof(text)));
	} else {
		return false;
	}
	for (char *c = out; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	port = authority[host] == ':' ? strtoul(authority + host + 1, NULL, 10) : tls ? 443 : 80;
	snprintf(out + strlen(out), 600 - strlen(out), ":%lu", port);
	return port <= 65535;
}

static bool
same_origin(const char *origin, bool tls, const char *authority)
{
	const char *scheme = tls ? "https://" : "http://";
	char a[600], b[600];

	return strncasecmp(origin, scheme, strlen(scheme)) == 0 &&
		   normal(tls, origin + strlen(scheme), a) && normal(tls, authority, b) &&
		   strcmp(a, b) == 0;
}

static bool
origin_allowed(const struct page_upgrade *u, const char *host)
{
	if (!u->origin)
		return u->request.access == lax;
	return same_origin(u->origin, from.tls, host) ||
		   (u->request.access == strict &&
			   (same_origin(u->origin, true, "panel.example.com") ||
				   same_origin(u->origin, false, "[2001:db8::1]:8080")));
}

static bool
has_binary(const char *list)
{
	char copy[INPUT_MAX], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", list);
	while ((word = strsep(&rest, ", \t")))
		if (strcmp(word, "binary") == 0)
			return true;
	return false;
}

static void
check_upgrade(const struct page_upgrade *u, const char *host)
{
	const char *rest = behind_key(&u->request);
	size_t len = rest ? u->request.path_len - (size_t)(rest - u->request.path) : 0;
	struct page_answer a;
	bool good = rest && is(rest, len, websocket()) && u->request.method == REQUEST_GET &&
				origin_allowed(u, host) && strcmp(u->version, "13") == 0 &&
				(!u->subprotocols || has_binary(u->subprotocols)) &&
				regexec(&nonce, u->key, 0, NULL, 0) == 0;

	CHECK(page_upgrade(u, &a) == good);
	if (good)
		return;
	CHECK(rest ? a.status >= 400 : a.status == 404);
	write_head(&u->request, &a);
}

/* ---- the input ---- */

/* Lines behind the path, where there are any; whoever wants one that is not there gets NULL. */
static void
split(char *rest, const char *lines[LINES])
{
	for (int i = 0; i < LINES; i++)
		lines[i] = strsep(&rest, "\n");
}

static void
ask(uint8_t flags, const char *path, size_t path_len, const char *const lines[LINES])
{
	struct buf made = {.max = 0};
	struct page_answer answer;
	struct page_upgrade upgrade = {.request = {.live = &live,
									   .access = flags & STRICT ? strict : lax,
									   .from = &from,
									   .path = path,
									   .path_len = path_len,
									   .method = (enum request_method)(flags % METHODS),
									   .if_none_match = lines[NONE_MATCH] ? lines[NONE_MATCH] : ""},
		.origin = lines[ORIGIN],
		.subprotocols = lines[SUBPROTOCOLS],
		.version = lines[VERSION] ? lines[VERSION] : "",
		.key = lines[NONCE] ? lines[NONCE] : "AAAAAAAAAAAAAAAAAAAAAA=="};
	const struct forwarded_head head = {lines[HOST] ? lines[HOST] : "", "", "", ""};
	const struct ip peer = {.bytes = {[15] = 1}};
	char own[INPUT_MAX + sizeof("https://")];

	snprintf(own, sizeof(own), "%s%s", flags & TLS ? "https://" : "http://", head.host);
	if (flags & OWN_ORIGIN)
		upgrade.origin = own;
	session.target.kind = flags & TERMINAL ? PVE_CONSOLE_TERM : PVE_CONSOLE_VNC;
	verdict = flags & ELSEWHERE ? KEY_ELSEWHERE : KEY_OPENS;
	forwarded_read(upgrade.request.access, &peer, (flags & TLS) != 0, &head, &from);
	page_answer(&upgrade.request, &made, &answer);
	check_answer(&upgrade.request, &answer);
	write_head(&upgrade.request, &answer);
	buf_done(&made);
	check_upgrade(&upgrade, head.host);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char under[] = "/" KEY;
	const char *lines[LINES];
	char *path, *rest;
	size_t len, start;

	if (!lax)
		begin();
	if (size < 2 || size > INPUT_MAX || (size_t)data[1] + 2 > size)
		return 0;
	start = data[0] & UNDER_KEY ? sizeof(under) - 1 : 0;
	len = start + data[1];
	/* Each in a block of its own, so that reading past it is seen. */
	path = malloc(len > 0 ? len : 1);
	rest = malloc(size - 2 - data[1] + 1);
	CHECK(path && rest);
	memcpy(path, under, start);
	memcpy(path + start, data + 2, data[1]);
	memcpy(rest, data + 2 + data[1], size - 2 - data[1]);
	rest[size - 2 - data[1]] = '\0';
	split(rest, lines);
	ask(data[0], path, len, lines);
	free(path);
	free(rest);
	return 0;
}
