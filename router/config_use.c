/* SPDX-License-Identifier: MIT */
/* config_use - what the rest of the program asks a configuration, see config.h */
#include <stdlib.h>
#include <string.h>

#include "router/config.h"
#include "router/url.h"

/* Has an option another value? Secrets are compared as such. */
static int
differs(const struct config *a, const struct config *b, const struct config_option *o, bool *out)
{
	struct buf left = {0}, right = {0};
	int r;

	if (o->type == CONFIG_SECRET) {
		const struct secret *one = (const void *)((const char *)a + o->offset);
		const struct secret *two = (const void *)((const char *)b + o->offset);

		*out = !secret_equal(one, two->data, two->len);
		return 0;
	}
	r = config_show(a, o, &left);
	if (r == 0)
		r = config_show(b, o, &right);
	if (r == 0)
		*out = strcmp(buf_text(&left), buf_text(&right)) != 0;
	buf_done(&left);
	buf_done(&right);
	return r;
}

int
config_restart_needed(const struct config *running, const struct config *now, struct buf *out)
{
	size_t n;
	const struct config_option *options = config_options(&n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		bool changed = false;

		if (options[i].reload)
			continue;
		r = differs(running, now, &options[i], &changed);
		if (r == 0 && changed)
			r = buf_addf(out, "%s%s", out->len > 0 ? ", " : "", options[i].key);
	}
	return r;
}

const char *
config_scheme(const struct config *config)
{
	return config->tls_cert_file != NULL ? "https" : "http";
}

bool
config_sessions_public_tls(const struct config *config)
{
	if (config->session_public_scheme != CONFIG_SCHEME_SAME)
		return config->session_public_scheme == CONFIG_SCHEME_HTTPS;
	return config->tls_cert_file != NULL;
}

int
config_session_base(const struct config *config, struct buf *out)
{
	int r = buf_addf(out, "%s://", config_sessions_public_tls(config) ? "https" : "http");

	if (r == 0)
		r = url_add_host(out, config->public_ip);
	return r;
}

int
config_link_base(const struct config *running, const struct config *now, struct buf *out)
{
	int r;

	if (now->public_url != NULL)
		return buf_addf(out, "%s", now->public_url);
	r = buf_addf(out, "%s://", config_scheme(running));
	if (r == 0)
		r = url_add_host(out, running->public_ip);
	if (r == 0)
		r = buf_addf(out, ":%d", running->router_port);
	return r;
}

int
config_known_file(const struct config *config, struct buf *out)
{
	const char *folders = getenv("STATE_DIRECTORY");

	if (config->state_dir != NULL)
		return buf_addf(out, "%s/known_hosts", config->state_dir);
	if (folders == NULL || folders[0] == '\0')
		return 0;
	return buf_addf(out, "%.*s/known_hosts", (int)strcspn(folders, ":"), folders);
}

int
config_policy(
	const struct config *config, struct pve_known *known, struct pve_policy **out, struct err *err)
{
	struct pve_policy_config policy = {
		.mode = (enum pve_tls_mode)config->proxmox_tls,
		.ca_file = config->proxmox_ca_file,
		.pins = (const char *const *)config->proxmox_fingerprints.texts,
		.pin_count = config->proxmox_fingerprints.count,
		.known = known,
		.allowed_hosts = (const char *const *)config->allowed_hosts.texts,
		.allowed_host_count = config->allowed_hosts.count,
	};

	return pve_policy_new(&policy, out, err);
}

static struct access_texts
texts_of(const struct config_list *list)
{
	return (struct access_texts){list->texts, list->count};
}

int
config_access(const struct config *config, struct access **out, struct err *err)
{
	const struct access_config access = {
		.trusted_proxies = texts_of(&config->trusted_proxies),
		.allowed_origins = texts_of(&config->allowed_origins),
		.frame_ancestors = texts_of(&config->frame_ancestors),
		.rules =
			{
				.allow_missing_origin = config->allow_missing_origin,
				.limit_loopback = config->limit_loopback,
				.bind_client = config->bind_client == CONFIG_BIND_ADDRESS,
				.hsts_max_age_s = config->hsts_max_age,
				.guess_limit = (unsigned)config->guess_limit,
				.guess_penalty_s = config->guess_penalty,
			},
	};

	return access_new(&access, out, err);
}

void
config_tunables(const struct config *config, struct pve_policy *policy, struct access *access,
	struct tunables *out)
{
	*out = (struct tunables){
		.token_ttl_s = config->token_ttl,
		.connect_timeout_s = config->connect_timeout,
		.reconnect_timeout_s = config->reconnect_timeout,
		.max_duration_s = config->max_duration,
		.open_timeout_s = config->open_timeout,
		.max_pending_tokens = (unsigned)config->max_pending_tokens,
		.max_sessions = (unsigned)config->max_sessions,
		.max_sessions_per_host = (unsigned)config->max_sessions_per_host,
		.max_sessions_per_client = (unsigned)config->max_sessions_per_client,
		.max_browsers_per_session = (unsigned)config->max_browsers_per_session,
		.connections_per_client = (unsigned)config->session_connections_per_client,
		.policy = policy,
		.access = access,
	};
}
