/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as config.json: no crash, a refusal is one line, and what is
 * accepted keeps every limit of the table.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "router/config.h"
#include "tests/fuzz/fuzz_check.h"

static void
check_option(const struct config *c, const struct config_option *o)
{
	const void *field = (const char *)c + o->offset;
	struct buf shown = {.max = 0};

	if (o->type == CONFIG_NUMBER)
		CHECK(*(const int *)field >= o->min && *(const int *)field <= o->max);
	if (config_show(c, o, &shown) == 0 && o->type == CONFIG_SECRET)
		CHECK(strncmp(buf_text(&shown), "(set, ", 6) == 0);
	buf_done(&shown);
}

/* What the rest of the program relies on. */
static void
check_together(const struct config *c)
{
	struct buf out = {.max = 0};
	size_t len;

	CHECK(c->authorization.len >= 1 && strlen(c->authorization.data) == c->authorization.len);
	CHECK(c->session_port_min <= c->session_port_max);
	CHECK(c->router_port < c->session_port_min || c->router_port > c->session_port_max);
	CHECK((c->tls_cert_file == NULL) == (c->tls_key_file == NULL));
	CHECK(strpbrk(c->public_ip, "[]/ ") == NULL);
	CHECK(c->router_ip != NULL && c->session_ip != NULL);
	CHECK(c->novnc_path != NULL && c->log_file != NULL);
	if (config_link_base(c, c, &out) == 0) {
		len = strlen(buf_text(&out));
		CHECK(len > strlen("http://") && buf_text(&out)[len - 1] != '/');
		CHECK(strpbrk(buf_text(&out), " \r\n\"<>") == NULL);
	}
	buf_done(&out);
	if (config_restart_needed(c, c, &out) == 0)
		CHECK(out.len == 0);
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c = {.authorization = {.data = NULL}};
	struct err err = {.code = 0};
	size_t n;
	const struct config_option *o = config_options(&n);
	/* Its end is the block's end, so that reading past it is seen. */
	char *text = malloc(size > 0 ? size : 1);
	int r;

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	r = config_parse(text, size, "/etc/proxmoxvnc", 0, &c, &err);
	free(text);
	CHECK(r == err.code);
	if (r < 0) {
		CHECK(err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
		CHECK(c.public_ip == NULL && c.authorization.data == NULL);
		return 0;
	}
	check_together(&c);
	for (; n > 0; n--, o++)
		check_option(&c, o);
	config_done(&c);
	return 0;
}
