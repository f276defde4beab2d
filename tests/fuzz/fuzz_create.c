/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a Content-Type (the first line) and a body of POST /create (the
 * rest): no crash, a refusal is one line, and what is taken keeps every rule, also that
 * of a gateway that allows nothing special.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "router/create_body.h"
#include "tests/fuzz/fuzz_check.h"

enum { TYPE_MAX = 256 };

/* Where the body begins; the first line goes to type. */
static size_t
take_type(const uint8_t *data, size_t size, char type[TYPE_MAX])
{
	size_t len = 0;

	while (len < size && data[len] != '\n')
		len++;
	/* A header has no NUL and ends somewhere; the HTTP library sees to it. */
	if (len < TYPE_MAX && memchr(data, '\0', len) == NULL) {
		memcpy(type, data, len);
		type[len] = '\0';
	}
	return len < size ? len + 1 : size;
}

static void
check_host(const char *host)
{
	char again[PVE_HOST_SIZE];

	CHECK(host[0] != '\0' && strpbrk(host, "[]/@?# ") == NULL);
	CHECK(pve_parse_host(host, again, NULL) == 0);
	CHECK(strcmp(host, again) == 0);
}

static void
check_hosts(const struct grant *g)
{
	size_t n = g->hosts != NULL ? pve_hosts_count(g->hosts) : 0;

	check_host(g->target.host);
	CHECK(g->target.port > 0);
	CHECK(g->hosts == NULL || (n >= 2 && n <= PVE_HOSTS_MAX && !g->target.pin.set));
	for (size_t i = 0; i < n; i++) {
		check_host(pve_hosts_at(g->hosts, i));
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(pve_hosts_at(g->hosts, i), pve_hosts_at(g->hosts, j)) != 0);
	}
	CHECK(n == 0 || strcmp(pve_hosts_at(g->hosts, 0), g->target.host) == 0);
}

static void
check_target(const struct pve_target *t, const struct create_allowed *allowed)
{
	char node[PVE_NODE_SIZE];

	CHECK(t->node[0] == '\0' || pve_parse_node(t->node, node, NULL) == 0);
	if (t->type == PVE_GUEST_NODE)
		CHECK(t->vmid == 0 && t->node[0] != '\0' && allowed->node_shells);
	else
		CHECK(t->vmid >= 100 && t->vmid <= 999999999);
	CHECK(t->kind == PVE_CONSOLE_VNC || allowed->terminals);
	CHECK(t->serial <= PVE_SERIAL_PORTS);
	if (t->serial != PVE_SERIAL_ANY)
		CHECK(t->kind == PVE_CONSOLE_TERM &&
			  (t->type == PVE_GUEST_QEMU || t->type == PVE_GUEST_UNKNOWN));
}

static void
check_credential(const struct pve_credential *c)
{
	char id[PVE_IDENTITY_SIZE];

	CHECK(strchr(c->user, '@') != NULL && strpbrk(c->user, "/: ") == NULL);
	CHECK(c->secret.len >= 1 && c->secret.len <= CREATE_PASSWORD_MAX);
	CHECK(strlen(c->secret.data) == c->secret.len);
	CHECK(c->otp.len == 0 || (c->otp.len == 6 && strspn(c->otp.data, "0123456789") == 6));
	if (!pve_credential_is_token(c))
		return;
	CHECK(c->otp.len == 0);
	CHECK(pve_parse_token_id(c->user, id, NULL) == 0);
	CHECK(pve_check_token_secret(&c->secret, NULL) == 0);
}

static void
check_order(const struct create_order *order, const struct create_allowed *allowed)
{
	CHECK(order->grant != NULL && order->credential != NULL);
	check_hosts(order->grant);
	check_target(&order->grant->target, allowed);
	check_credential(&order->grant->credential);
}

static void
check_refusal(const struct err *err)
{
	size_t len = strlen(err->text), n;

	CHECK(len > 0);
	for (size_t i = 0; i < len; i += n) {
		n = text_printable(err->text + i, len - i);
		CHECK(n > 0);
	}
}

/* The same body for a gateway that allows everything, or nothing special. */
static int
read_body(const char *type, const char *body, size_t len, bool everything)
{
	const struct create_allowed allowed = {.node_shells = everything, .terminals = everything};
	struct create_order order = {0};
	struct err err = {.code = 0};
	int r = create_body_read(type, body, len, &allowed, &order, &err);

	if (r == 0) {
		check_order(&order, &allowed);
	} else {
		CHECK(order.grant == NULL);
		check_refusal(&err);
	}
	create_order_done(&order);
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char type[TYPE_MAX] = "application/json";
	size_t start = take_type(data, size, type), len = size - start;
	/* Its end is the block's end, so that reading past it is seen. */
	char *body = malloc(len > 0 ? len : 1);
	int most, least;

	if (body == NULL)
		return 0;
	memcpy(body, data + start, len);
	most = read_body(type, body, len, true);
	least = read_body(type, body, len, false);
	/* Who allows less takes less. */
	CHECK(least != 0 || most == 0);
	free(body);
	return 0;
}
