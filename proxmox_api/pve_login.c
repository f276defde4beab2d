/* SPDX-License-Identifier: MIT */
/*
 * pve_login - from a password to a ticket, and from a ticket to a fresh one.
 *
 * Both are the same call, since Proxmox takes a valid ticket for a password.
 */
#include <string.h>

#include "base/clock.h"
#include "proxmox_api/pve_errors.h"
#include "proxmox_api/pve_parse.h"
#include "proxmox_api/pve_request.h"

/*
 * new-format=1 matters to PVE 7 only, where an account with a second factor
 * would otherwise be answered in another shape.
 */
static int
write_form(struct buf *form, const char *user, const struct secret *password, struct err *err)
{
	int r;

	r = buf_addf(form, "new-format=1&username=");
	if (r == 0)
		r = pve_escape(form, user, strlen(user));
	if (r == 0)
		r = buf_addf(form, "&password=");
	if (r == 0)
		r = pve_escape(form, password->data, password->len);
	return r < 0 ? err_set(err, r, "login: no memory for the form") : 0;
}

/* What a login and its renewal have in common. *status becomes the answer's, 0 without one. */
static int
ask_ticket(struct pve *pve, const char *what, const char *user, const struct secret *password,
	int64_t deadline_ms, struct pve_login_reply *out, int *status, struct err *err)
{
	struct buf form = {.max = 0};
	struct pve_call call = {
		.what = what, .path = "/api2/json/access/ticket", .form = &form, .password = password};
	struct pve_answer answer = {.status = 0};
	int r;

	r = write_form(&form, user, password, err);
	if (r < 0)
		goto out;
	r = pve_request(pve, &call, deadline_ms, &answer, err);
	*status = answer.status;
	if (r < 0)
		goto out;
	r = pve_parse_login(buf_text(&answer.body), answer.body.len, out, err);
out:
	pve_answer_done(&answer);
	buf_done(&form);
	return r;
}

/* Move a reply's secrets into pve. */
static void
adopt(struct pve *pve, struct pve_login_reply *reply, int64_t made_ms)
{
	struct pve_identity fresh = {.made_ms = made_ms};

	secret_move(&fresh.ticket, &reply->ticket);
	secret_move(&fresh.csrf, &reply->csrf);
	pve_identity_set(pve, &fresh);
}

int
pve_login(struct pve_policy *policy, const struct pve_trace *trace, const struct pve_target *target,
	struct pve_hosts *hosts, const struct pve_credential *credential, int64_t deadline_ms,
	struct pve **out, bool *answered, struct err *err)
{
	struct pve_login_reply reply = {.user = ""};
	struct pve *pve = NULL;
	int64_t start_ms = clock_ms();
	int r, status = 0;

	*answered = false;
	r = pve_new(policy, trace, target, hosts, &pve, err);
	if (r < 0)
		goto out;
	r = ask_ticket(
		pve, "login", credential->user, &credential->secret, deadline_ms, &reply, &status, err);
	*answered = pve_answered(status);
	if (r < 0)
		goto out;
	memcpy(pve->user, reply.user, sizeof(reply.user));
	adopt(pve, &reply, start_ms);
	*out = pve;
	pve = NULL;
out:
	pve_login_reply_done(&reply);
	pve_unref(pve);
	return r;
}

int
pve_renew(struct pve *pve, int64_t deadline_ms, struct err *err)
{
	struct pve_identity old = {.made_ms = 0};
	struct pve_login_reply reply = {.user = ""};
	int64_t start_ms = clock_ms();
	int r, status = 0;

	r = pve_identity_get(pve, &old, err);
	if (r < 0)
		goto out;
	r = ask_ticket(pve, "renewal", pve->user, &old.ticket, deadline_ms, &reply, &status, err);
	if (r < 0)
		goto out;
	/* The user stays as the login spelled it: others may be reading it. */
	adopt(pve, &reply, start_ms);
out:
	pve_login_reply_done(&reply);
	pve_identity_done(&old);
	return r;
}
