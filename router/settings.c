/* SPDX-License-Identifier: MIT */
/* settings - see settings.h */
#include "router/settings.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/ip.h"
#include "router/notice.h"

/*
 * Where the confirming form leads to: itself, and by a redirect the sessions, whose
 * port nobody knows yet. Browsers that hold redirects to the policy need not match
 * addresses in it (CSP 3, 6.7.2.7), so that those are stood for by their scheme.
 */
static int
add_form_targets(const struct config *running, struct buf *out)
{
	struct ip ip;
	int r;

	if (ip_parse(running->public_ip, &ip))
		return buf_addf(out, "'self' %s:", config_sessions_public_tls(running) ? "https" : "http");
	r = buf_addf(out, "'self' ");
	if (r == 0)
		r = config_session_base(running, out);
	return r < 0 ? r : buf_addf(out, ":*");
}

static int
make_policy(const struct config *running, const struct access *access, enum settings_policy which,
	struct buf *out)
{
	int r = buf_addf(out, "default-src 'none'; base-uri 'none'; frame-ancestors %s; form-action ",
		access_frame_ancestors(access));

	if (r == 0)
		r = which == POLICY_CONFIRM ? add_form_targets(running, out) : buf_addf(out, "'none'");
	if (r == 0 && which != POLICY_BARE)
		r = buf_addf(out, "; style-src 'sha256-%s'", notice_style_hash);
	if (r == 0 && which == POLICY_CONFIRM)
		r = buf_addf(out, "; script-src 'sha256-%s'", notice_script_hash);
	return r;
}

/* jansson's writer. */
static int
add_json(const char *data, size_t len, void *out)
{
	return buf_add(out, data, len) < 0 ? -1 : 0;
}

/* Append what stands in JSON's quotes for text, without them. 0 or ERR_MEMORY. */
static int
add_escaped(struct buf *out, const char *text)
{
	struct buf quoted = {0};
	json_t *value = json_string(text);
	int r = ERR_MEMORY;

	if (value != NULL && json_dump_callback(value, add_json, &quoted, JSON_ENCODE_ANY) == 0)
		r = buf_add(out, quoted.data + 1, quoted.len - 2);
	json_decref(value);
	buf_done(&quoted);
	return r;
}

/* An answer to POST /create has it, so it is made ready for that. */
static int
make_link_base(const struct config *running, const struct config *now, struct buf *out)
{
	struct buf base = {0};
	int r = config_link_base(running, now, &base);

	if (r == 0)
		r = add_escaped(out, buf_text(&base));
	buf_done(&base);
	return r;
}

int
settings_new(const struct config *running, const struct config *now, struct access *access,
	struct settings **out, struct err *err)
{
	struct settings *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL)
		return err_set(err, ERR_MEMORY, "no memory for settings");
	atomic_init(&s->refs, 1);
	s->access = access_ref(access);
	s->token_ttl_s = now->token_ttl;
	s->hsts_max_age_s = access_rules(access)->hsts_max_age_s;
	s->tls = running->tls_cert_file != NULL;
	s->confirm = now->link_mode == CONFIG_LINK_CONFIRM;
	s->node_shells = now->allow_node_shell;
	s->head_max = (size_t)now->request_head_max;
	s->body_max = (size_t)now->request_body_max;
	s->conns = (struct conns_limits){
		.head_ms = now->head_timeout * 1000,
		.body_ms = now->body_timeout * 1000,
		.per_client = (unsigned)now->router_connections_per_client,
	};
	r = make_link_base(running, now, &s->link_base);
	for (int i = 0; r == 0 && i < POLICY_COUNT; i++)
		r = make_policy(running, access, (enum settings_policy)i, &s->policies[i]);
	if (r < 0) {
		settings_unref(s);
		return err_set(err, ERR_MEMORY, "no memory for settings");
	}
	*out = s;
	return 0;
}

struct settings *
settings_ref(struct settings *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void
settings_unref(struct settings *s)
{
	if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) > 1)
		return;
	access_unref(s->access);
	buf_done(&s->link_base);
	for (int i = 0; i < POLICY_COUNT; i++)
		buf_done(&s->policies[i]);
	free(s);
}
