/* SPDX-License-Identifier: MIT */
/* site - see site.h */
#include "router/site.h"

#include <stdlib.h>
#include <string.h>

#include "base/lock.h"

struct site_cell {
	struct lock lock;
	struct buf link_base; /* [lock] */
	int token_ttl_s;      /* [lock] */
};

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory for URLs");
}

static struct site_cell *
cell_new(void)
{
	struct site_cell *cell = calloc(1, sizeof(*cell));

	if (cell != NULL)
		lock_init(&cell->lock, LOCK_SETTINGS);
	return cell;
}

static void
cell_free(struct site_cell *cell)
{
	if (cell == NULL)
		return;
	buf_done(&cell->link_base);
	lock_done(&cell->lock);
	free(cell);
}

int
site_new(const struct config *config, struct core *core, struct site **out, struct err *err)
{
	struct site *site = calloc(1, sizeof(*site));
	struct buf base = {0};
	int r = ERR_MEMORY;

	if (site == NULL)
		return no_memory(err);
	site->core = core;
	site->cell = cell_new();
	if (site->cell != NULL && config_session_base(config, &base) == 0)
		site->session_base = strdup(buf_text(&base));
	buf_done(&base);
	if (site->session_base == NULL) {
		no_memory(err);
		goto out;
	}
	r = auth_new(&config->authorization, &site->auth, err);
	if (r == 0)
		r = site_change(site, config, config, err);
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
	auth_free(site->auth);
	cell_free(site->cell);
	free(site->session_base);
	free(site);
}

int
site_change(
	struct site *site, const struct config *running, const struct config *now, struct err *err)
{
	struct buf base = {0}, old;
	int r = config_link_base(running, now, &base);

	if (r < 0) {
		buf_done(&base);
		return no_memory(err);
	}
	r = auth_change(site->auth, &now->authorization, err);
	if (r < 0) {
		buf_done(&base);
		return r;
	}
	lock_take(&site->cell->lock);
	old = site->cell->link_base;
	site->cell->link_base = base;
	site->cell->token_ttl_s = now->token_ttl;
	lock_release(&site->cell->lock);
	buf_done(&old);
	return 0;
}

int
site_add_link(struct site *site, struct buf *out, const char *token, int *ttl_s)
{
	int r;

	lock_take(&site->cell->lock);
	*ttl_s = site->cell->token_ttl_s;
	r = buf_addf(out, "%s/vnc/%s", buf_text(&site->cell->link_base), token);
	lock_release(&site->cell->lock);
	return r;
}

int
site_add_session(const struct site *site, struct buf *out, uint16_t port)
{
	return buf_addf(out, "%s:%u/", site->session_base, port);
}
