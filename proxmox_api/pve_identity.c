/* SPDX-License-Identifier: MIT */
/* pve_identity - what proves who is calling, and how it goes into a request; see pve_client.h. */
#include <string.h>

#include "base/clock.h"
#include "proxmox_api/pve_client.h"
#include "proxmox_api/pve_parse.h"

int
pve_identity_get(struct pve *pve, struct pve_identity *out, struct err *err)
{
	struct pve_identity copy = {.made_ms = 0};
	int r;

	lock_take(&pve->lock);
	r = secret_copy(&copy.ticket, &pve->identity.ticket);
	if (r == 0)
		r = secret_copy(&copy.csrf, &pve->identity.csrf);
	if (r == 0)
		r = secret_copy(&copy.token, &pve->identity.token);
	copy.made_ms = pve->identity.made_ms;
	lock_release(&pve->lock);
	if (r < 0) {
		pve_identity_done(&copy);
		return err_set(err, r, "no memory for a ticket");
	}
	*out = copy;
	return 0;
}

void
pve_identity_set(struct pve *pve, struct pve_identity *identity)
{
	struct pve_identity old;

	lock_take(&pve->lock);
	old = pve->identity;
	pve->identity = *identity;
	pve->lapsed = false;
	lock_release(&pve->lock);
	*identity = (struct pve_identity){.made_ms = 0};
	pve_identity_done(&old);
}

void
pve_identity_done(struct pve_identity *identity)
{
	secret_wipe(&identity->ticket);
	secret_wipe(&identity->csrf);
	secret_wipe(&identity->token);
	identity->made_ms = 0;
}

int64_t
pve_ticket_age_ms(const struct pve *pve)
{
	struct pve *p = (struct pve *)(uintptr_t)pve; /* the lock changes, what it guards does not */
	int64_t made_ms;
	bool ages;

	lock_take(&p->lock);
	made_ms = p->identity.made_ms;
	ages = p->identity.token.len == 0;
	lock_release(&p->lock);
	return ages ? clock_ms() - made_ms : 0;
}

/* ---- refused ---- */

void
pve_identity_refused(struct pve *pve, const struct pve_identity *identity)
{
	lock_take(&pve->lock);
	/* A call that was under way while another renewed says nothing about the new ticket. */
	if (pve->identity.made_ms == identity->made_ms)
		pve->lapsed = true;
	lock_release(&pve->lock);
}

bool
pve_lapsed(const struct pve *pve)
{
	struct pve *p = (struct pve *)(uintptr_t)pve; /* as above */
	bool lapsed;

	lock_take(&p->lock);
	lapsed = p->lapsed;
	lock_release(&p->lock);
	return lapsed;
}

/* ---- the header ---- */

/*
 * Proxmox decodes percent signs and ends the value at ';'. What its own ids and secrets are
 * made of stays as it is, so that it can be read by whatever version.
 */
static int
write_token(struct buf *text, const char *id, const struct secret *secret)
{
	const char *at = strrchr(id, '@');
	int r;

	r = buf_addf(text, "Authorization: PVEAPIToken=");
	if (r == 0)
		r = pve_escape(text, id, (size_t)(at - id));
	if (r == 0)
		r = buf_addf(text, "%s=", at);
	return r == 0 ? pve_escape(text, secret->data, secret->len) : r;
}

static int
write_ticket(struct buf *text, const struct secret *ticket)
{
	int r = buf_addf(text, "Cookie: PVEAuthCookie=");

	return r == 0 ? pve_escape(text, ticket->data, ticket->len) : r;
}

int
pve_auth_header(const struct pve *pve, const struct pve_identity *identity, struct secret *out)
{
	struct buf text = {.max = 0};
	int r;

	r = identity->token.len > 0 ? write_token(&text, pve->user, &identity->token)
								: write_ticket(&text, &identity->ticket);
	if (r == 0)
		r = secret_set(out, text.data, text.len);
	buf_done(&text);
	return r;
}
