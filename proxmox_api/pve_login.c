/* SPDX-License-Identifier: MIT */
/*
 * pve_login - from a password to a ticket, and from a ticket to a fresh one; a token is neither
 * asked for nor renewed.
 *
 * Login and renewal are the same call, since Proxmox takes a valid ticket for a password.
 */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "proxmox_api/pve_errors.h"
#include "proxmox_api/pve_parse.h"
#include "proxmox_api/pve_request.h"

/* What a ticket is asked for with. */
struct proof {
	const char *what; /* for err.text */
	const char *user;
	const struct secret *password; /* or a ticket */
	const struct secret *otp;      /* six digits, or empty */
};

/*
 * new-format=1 matters to PVE 7 only, where an account with a second factor
 * would otherwise be answered in another shape, and the code be wanted without its prefix.
 */
static int
write_form(struct buf *form, const struct proof *proof, struct err *err)
{
	int r;

	r = buf_addf(form, "new-format=1&username=");
	if (r == 0)
		r = pve_escape(form, proof->user, strlen(proof->user));
	if (r == 0)
		r = buf_addf(form, "&password=");
	if (r == 0)
		r = pve_escape(form, proof->password->data, proof->password->len);
	if (r == 0 && proof->otp->len > 0)
		r = buf_addf(form, "&otp=totp%%3A");
	if (r == 0)
		r = pve_escape(form, proof->otp->data, proof->otp->len);
	return r < 0 ? err_set(err, r, "%s: no memory for the form", proof->what) : 0;
}

/*
 * What logins and renewals have in common. *status becomes the answer's, 0 without one, and
 * *sent whether the proof may be on its way.
 */
static int
ask_ticket(struct pve *pve, const struct proof *proof, int64_t deadline_ms,
	struct pve_login_reply *out, int *status, bool *sent, struct err *err)
{
	struct buf form = {.max = 0};
	struct pve_call call = {.what = proof->what,
		.path = "/api2/json/access/ticket",
		.form = &form,
		.password = proof->password,
		.otp = proof->otp};
	struct pve_answer answer = {.status = 0};
	int r;

	r = write_form(&form, proof, err);
	if (r < 0)
		goto out;
	r = pve_request(pve, &call, deadline_ms, &answer, err);
	*status = answer.status;
	*sent = answer.sent;
	if (r < 0)
		goto out;
	r = pve_parse_login(buf_text(&answer.body), answer.body.len, out, err);
	if (r == ERR_NEEDS_OTP && proof->otp->len > 0)
		r = err_set(
			err, ERR_REFUSED, "%s: the code (otp) is not the factor that is due", call.what);
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

/* ---- logins ---- */

/* *answered: has the credential done its work? A code has as soon as it may have been seen. */
static int
ask_login(struct pve *pve, const struct pve_credential *credential, int64_t deadline_ms,
	struct pve_login_reply *out, bool *answered, struct err *err)
{
	const struct proof proof = {
		.what = "login",
		.user = credential->user,
		.password = &credential->secret,
		.otp = &credential->otp,
	};
	bool sent = false;
	int r, status = 0;

	r = ask_ticket(pve, &proof, deadline_ms, out, &status, &sent, err);
	*answered = pve_answered(status) || (sent && credential->otp.len > 0);
	return r;
}

static int
take_token(struct pve *pve, const struct pve_credential *credential, struct err *err)
{
	struct pve_identity token = {.made_ms = clock_ms()};

	if (secret_copy(&token.token, &credential->secret) < 0)
		return err_set(err, ERR_MEMORY, "no memory for a token");
	memcpy(pve->user, credential->user, sizeof(pve->user));
	pve_identity_set(pve, &token);
	return 0;
}

int
pve_login(struct pve_policy *policy, const struct pve_trace *trace, const struct pve_target *target,
	struct pve_hosts *hosts, const struct pve_credential *credential, int64_t deadline_ms,
	struct pve **out, bool *answered, struct err *err)
{
	struct pve_login_reply reply = {.user = ""};
	struct pve *pve = NULL;
	int64_t start_ms = clock_ms();
	int r;

	*answered = false;
	r = pve_new(policy, trace, target, hosts, &pve, err);
	if (r < 0)
		goto out;
	if (pve_credential_is_token(credential)) {
		r = take_token(pve, credential, err);
		if (r < 0)
			goto out;
	} else {
		r = ask_login(pve, credential, deadline_ms, &reply, answered, err);
		if (r < 0)
			goto out;
		memcpy(pve->user, reply.user, sizeof(reply.user));
		adopt(pve, &reply, start_ms);
	}
	*out = pve;
	pve = NULL;
out:
	pve_login_reply_done(&reply);
	pve_unref(pve);
	return r;
}

int
pve_login_again(struct pve *pve, const struct pve_credential *credential, int64_t deadline_ms,
	bool *answered, struct err *err)
{
	struct pve_login_reply reply = {.user = ""};
	int64_t start_ms = clock_ms();
	int r;

	assert(!pve_credential_is_token(credential) && credential->otp.len == 0);
	r = ask_login(pve, credential, deadline_ms, &reply, answered, err);
	/* Sessions hold this login because of whose it is. */
	if (r == 0 && strcmp(reply.user, pve->user) != 0)
		r = err_set(err, ERR_PROTOCOL, "login: the answer is for another user");
	if (r == 0)
		adopt(pve, &reply, start_ms);
	pve_login_reply_done(&reply);
	return r;
}

/* ---- renewal ---- */

static int
renew(struct pve *pve, const struct pve_identity *old, int64_t deadline_ms, struct err *err)
{
	const struct secret none = {NULL, 0};
	const struct proof proof = {
		.what = "renewal", .user = pve->user, .password = &old->ticket, .otp = &none};
	struct pve_login_reply reply = {.user = ""};
	int64_t start_ms = clock_ms();
	int r, status = 0;
	bool sent = false;

	r = ask_ticket(pve, &proof, deadline_ms, &reply, &status, &sent, err);
	if (status == 401)
		pve_identity_refused(pve, old);
	/* The user stays as the login spelled it: others may be reading it. */
	if (r == 0)
		adopt(pve, &reply, start_ms);
	pve_login_reply_done(&reply);
	return r;
}

int
pve_renew(struct pve *pve, int64_t deadline_ms, struct err *err)
{
	struct pve_identity old = {.made_ms = 0};
	int r;

	r = pve_identity_get(pve, &old, err);
	if (r == 0 && old.token.len == 0)
		r = renew(pve, &old, deadline_ms, err);
	pve_identity_done(&old);
	return r;
}
