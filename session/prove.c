/* SPDX-License-Identifier: MIT */
#include "session/prove.h"

#include "session/logins.h"

/* The login that a verification has left. There is no password any more to make another. */
static int
take_verified(const struct env *env, const struct grant *grant, struct proof *out, struct err *err)
{
	if (pve_lapsed(grant->login)) {
		out->judged = true;
		return err_set(err, ERR_REFUSED, "the login of when the link was verified has lapsed");
	}
	env_use_policy(env, grant->login);
	out->pve = pve_ref(grant->login);
	return 0;
}

static int
log_in(const struct env *env, const struct grant *grant, const struct login_ask *ask,
	struct proof *out, bool *cached, struct err *err)
{
	bool answered = false;
	int r;

	if (grant->login)
		return take_verified(env, grant, out, err);
	r = logins_get(env, ask, &out->pve, &answered, cached, err);
	out->judged |= answered;
	return r;
}

int
prove_grant(const struct env *env, struct grant *grant, int64_t since_us, int64_t deadline_ms,
	struct proof *out, struct err *err)
{
	const struct login_ask ask = {.target = &grant->target,
		.hosts = grant->hosts,
		.credential = &grant->credential,
		.since_us = since_us,
		.deadline_ms = deadline_ms};
	const bool token = pve_credential_is_token(&grant->credential);
	bool cached = false, worthless;
	int r;

	*out = (struct proof){.judged = false};
	for (int tries = 0;; tries++) {
		r = log_in(env, grant, &ask, out, &cached, err);
		if (r < 0)
			return r;
		r = pve_guest_find(out->pve, &grant->target, deadline_ms, err);
		out->judged |= pve_error_is_answer(r);
		if (r == 0)
			return 0;
		/* A token is the same the second time. */
		worthless = r == ERR_REFUSED && cached && !token && pve_lapsed(out->pve);
		pve_unref(out->pve);
		out->pve = NULL;
		if (!worthless || tries > 0)
			return r;
	}
}
