/* SPDX-License-Identifier: MIT */
/* site - see site.h */
#include "router/site.h"

#include <stdlib.h>
#include <string.h>

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory for URLs");
}

int
site_new(const struct config *config, struct access *access, struct core *core, struct site **out,
	struct err *err)
{
	struct site *site = calloc(1, sizeof(*site));
	struct buf base = {0};
	int r = ERR_MEMORY;

	if (site == NULL)
		return no_memory(err);
	lock_init(&site->lock, LOCK_SETTINGS);
	site->core = core;
	if (config_session_base(config, &base) == 0)
		site->session_base = strdup(buf_text(&base));
	buf_done(&base);
	if (site->session_base == NULL) {
		no_memory(err);
		goto out;
	}
	r = auth_new(&config->authorization, &site->auth, err);
	if (r == 0)
		r = settings_new(config, config, access, &site->settings, err);
	if (r == 0) {
		*out = site;
		site = NULL;
	}
out:
	site_free(site);
	return r;
}

void
site_free(struct site *site)
{
	if (site == NULL)
		return;
	settings_unref(site->settings);
	auth_free(site->auth);
	lock_done(&site->lock);
	free(site->session_base);
	free(site);
}

int
site_change(struct site *site, const struct config *running, const struct config *now,
	struct access *access, struct err *err)
{
	struct settings *settings = NULL, *old;
	int r = settings_new(running, now, access, &settings, err);

	if (r == 0)
		r = auth_change(site->auth, &now->authorization, err);
	if (r < 0) {
		settings_unref(settings);
		return r;
	}
	lock_take(&site->lock);
	old = site->settings;
	site->settings = settings;
	lock_release(&site->lock);
	settings_unref(old);
	return 0;
}

struct settings *
site_settings(struct site *site)
{
	struct settings *settings;

	lock_take(&site->lock);
	settings = settings_ref(site->settings);
	lock_release(&site->lock);
	return settings;
}

int
site_add_session(const struct site *site, struct buf *out, uint16_t port)
{
	return buf_addf(out, "%s:%u/", site->session_base, port);
}
