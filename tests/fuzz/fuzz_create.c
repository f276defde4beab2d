/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a Content-Type (the first line) and a body of POST /create (the
 * rest): no crash, a refusal is one line, and a grant keeps every rule.
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
check_grant(const struct grant *g)
{
	struct grant again = *g;

	CHECK(g->target.host[0] != '\0' && strpbrk(g->target.host, "[]/@?# ") == NULL);
	CHECK(pve_parse_host(g->target.host, again.target.host, NULL) == 0);
	CHECK(strcmp(g->target.host, again.target.host) == 0);
	CHECK(g->target.port > 0);
	CHECK(pve_parse_node(g->target.node, again.target.node, NULL) == 0);
	CHECK(strchr(g->credential.user, '@') != NULL && strpbrk(g->credential.user, "/: ") == NULL);
	CHECK(g->target.vmid >= 100 && g->target.vmid <= 999999999);
	CHECK(g->credential.secret.len >= 1 && g->credential.secret.len <= CREATE_PASSWORD_MAX);
	CHECK(strlen(g->credential.secret.data) == g->credential.secret.len);
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char type[TYPE_MAX] = "application/json";
	size_t start = take_type(data, size, type), len = size - start;
	struct grant *grant = NULL;
	struct err err = {.code = 0};
	/* Its end is the block's end, so that reading past it is seen. */
	char *body = malloc(len > 0 ? len : 1);
	int r;

	if (body == NULL)
		return 0;
	memcpy(body, data + start, len);
	r = create_body_read(type, body, len, &grant, &err);
	free(body);
	CHECK((r == 0) == (grant != NULL));
	if (r == 0)
		check_grant(grant);
	else
		check_refusal(&err);
	grant_free(grant);
	return 0;
}
