/* SPDX-License-Identifier: MIT */
/*
 * POST /create as the endpoint answers it, from the request's head to the answer's headers,
 * and the token's one use. Reading and writing HTTP itself is not counted.
 */
#include <string.h>
#include <strings.h>

#include "router/http_head.h"
#include "router/routes.h"
#include "router/site.h"
#include "session/env.h"
#include "session/store.h"
#include "session/token.h"
#include "session/verify.h"
#include "tests/budget/measure.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define ORDER                                                                            \
	"{\"hostname\":\"pve1.example.com\",\"node\":\"pve1\",\"username\":\"console@pve\"," \
	"\"password\":\"Un-common\\\"77\",\"vmid\":100}"
#define AS_FORM                                                                               \
	"params=%7B%22hostname%22%3A%22pve1.example.com%22%2C%22node%22%3A%22pve1%22%2C%22userna" \
	"me%22%3A%22console%40pve%22%2C%22password%22%3A%22Un-common%5C%2277%22%2C%22vmid%22%3A1" \
	"00%7D"
#define AS_PART \
	"--panel\r\nContent-Disposition: form-data; name=\"params\"\r\n\r\n" ORDER "\r\n--panel--\r\n"

enum { HEADERS = 6 };

/* What a panel sends. */
static struct {
	char head[512]; /* as the HTTP library leaves it: two bytes behind each text, the first a NUL */
	size_t len;
	const char *method, *target, *version, *names[HEADERS], *values[HEADERS];
	const char *body;
} asked;

static struct site *site;
static struct store *store;
static struct env env;
static char token[TOKEN_CHARS + 1]; /* of the last link */

/* ---- what is around the endpoint ---- */

int __wrap_core_put(struct core *core, struct grant **grant, struct secret *out, struct err *err);
bool __wrap_core_has_terminals(const struct core *core);

/* Linked in the place of the core's: the same without threads, ports and a page's files. */
int
__wrap_core_put(struct core *core, struct grant **grant, struct secret *out, struct err *err)
{
	int r = verify_hosts(&env, *grant, err);

	(void)core;
	if (r < 0)
		return r;
	r = store->ops->put(store, grant, out, err);
	memcpy(token, secret_peek(out), out->len + 1);
	return r;
}

bool
__wrap_core_has_terminals(const struct core *core)
{
	(void)core;
	return true;
}

static const char *
header(const struct request *request, const char *name)
{
	(void)request;
	for (size_t i = 0; i < HEADERS; i++)
		if (strcasecmp(asked.names[i], name) == 0)
			return asked.values[i];
	return NULL;
}

/* Nothing here waits. */
static const struct request_ops ops = {.header = header};

/* ---- preparing ---- */

static void
make_site(void)
{
	const struct pve_policy_config trust = {.mode = PVE_TLS_INSECURE};
	struct config config = {.public_ip = (char[]){"192.0.2.1"},
		.router_port = 9999,
		.token_ttl = 300,
		.request_head_max = 8192,
		.request_body_max = 65536};
	struct tunables t = {.token_ttl_s = 300, .max_pending_tokens = 1000};
	struct err err;

	MUST(secret_set(&config.authorization, SECRET, sizeof(SECRET) - 1) == 0);
	MUST(config_access(&config, &t.access, &err) == 0);
	MUST(pve_policy_new(&trust, &t.policy, &err) == 0);
	MUST(site_new(&config, t.access, NULL, &site, &err) == 0);
	MUST(tunables_new(&t, &env.tunables, &err) == 0);
	MUST(store_memory_new(env.tunables, &store, &err) == 0);
	pve_policy_unref(t.policy);
	access_unref(t.access);
	secret_wipe(&config.authorization);
}

static const char *
lay(const char *text, size_t gap)
{
	char *at = asked.head + asked.len;
	size_t len = strlen(text);

	MUST(asked.len + len + gap < sizeof(asked.head));
	memcpy(at, text, len);
	memset(at + len, 0, gap);
	asked.len += len + gap;
	return at;
}

static void
ask(const char *type, const char *body)
{
	const char *const headers[HEADERS][2] = {{"Host", "console.example.com:9999"},
		{"User-Agent", "GuzzleHttp/7"}, {"Accept", "*/*"}, {"Authorization", SECRET},
		{"Content-Type", type}, {"Content-Length", "144"}};

	if (!site)
		make_site();
	asked.len = 0;
	asked.method = lay("POST", 1);
	asked.target = lay("/create", 1);
	asked.version = lay("HTTP/1.1", 2);
	for (size_t i = 0; i < HEADERS; i++) {
		asked.names[i] = lay(headers[i][0], 2);
		asked.values[i] = lay(headers[i][1], 2);
	}
	asked.len += 2;
	asked.body = body;
}

static void
ask_as_json(void)
{
	ask("application/json", ORDER);
}

static void
ask_as_form(void)
{
	ask("application/x-www-form-urlencoded", AS_FORM);
}

static void
ask_as_part(void)
{
	ask("multipart/form-data; boundary=panel", AS_PART);
}

/* ---- counted ---- */

static void
read_head(struct request *request)
{
	struct http_head head;

	http_head_begin(
		&head, asked.method, asked.target, http_head_target(asked.target), asked.version);
	for (size_t i = 0; i < HEADERS; i++)
		http_head_see(&head, asked.names[i], strlen(asked.names[i]), asked.values[i],
			strlen(asked.values[i]));
	http_head_end(&head, asked.len);
	*request = (struct request){.magic = REQUEST_MAGIC,
		.ops = &ops,
		.site = site,
		.settings = site_settings(site),
		.method = asked.method,
		.path = asked.target,
		.head_fault = http_head_fault(&head),
		.head_size = head.size,
		.length = head.length};
	request->body.max = request->settings->body_max;
}

static void
create(void)
{
	struct reply_header headers[REPLY_HEADERS_MAX];
	struct reply reply = {0};
	struct request request;

	read_head(&request);
	MUST(routes_admit(&request, &reply));
	MUST(buf_add(&request.body, asked.body, strlen(asked.body)) == 0);
	MUST(request.route->run(&request, &reply) == ROUTE_ANSWERED);
	MUST(reply.status == 200 && reply_headers(&reply, request.settings, false, headers) > 0);
	buf_done(&request.body);
	reply_done(&reply);
	settings_unref(request.settings);
}

static void
make_token(void)
{
	ask_as_json();
	create();
}

static void
take(void)
{
	struct grant *grant = NULL;
	struct err err;

	MUST(store->ops->take(store, token, &grant, &err) == 0 && grant->target.vmid == 100);
	grant_free(grant);
}

const struct measure create_measures[] = {
	{"create-json", ask_as_json, create},
	{"create-form", ask_as_form, create},
	{"create-multipart", ask_as_part, create},
	{"take", make_token, take},
	{.name = NULL},
};
