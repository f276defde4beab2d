/* SPDX-License-Identifier: MIT */
/* logins_renew - tickets of logins in use are renewed before they are too old, see logins.h */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/workers.h"
#include "session/logins_impl.h"

enum { RENEW_NEVER_TWICE_MS = 10 * 60 * 1000 }; /* a renewal under way is over by then */

struct renewal {
	const struct env *env;
	struct pve *pve; /* one reference */
	char lane[LANE_SIZE];
};

static void
renewal_over(struct renewal *renewal, int64_t due_ms)
{
	struct logins *l = renewal->env->logins;
	struct login *login;

	lock_take(&l->lock);
	LIST_FOREACH(login, &l->all, link)
	{
		if (login->pve == renewal->pve)
			login->renew_ms = due_ms;
	}
	lock_release(&l->lock);
}

static void
renewal_free(struct renewal *renewal)
{
	pve_unref(renewal->pve);
	free(renewal);
}

/* When it is due again, which *next says for the log. A login that is made anew sets another time. */
static int64_t
due_after(const struct pve *pve, int r, int64_t start_ms, const char **next)
{
	*next = "in a minute";
	if (r == 0)
		return start_ms + RENEW_AFTER_MS;
	if (r != ERR_REFUSED)
		return clock_ms() + RENEW_RETRY_MS;
	*next = "in 10 minutes";
	if (pve_ticket_age_ms(pve) < PVE_TICKET_MAX_MS)
		return clock_ms() + RENEW_REFUSED_MS;
	*next = "never, it is too old";
	return INT64_MAX;
}

static bool
run_renewal(void *arg)
{
	struct renewal *renewal = arg;
	int64_t start_ms = clock_ms();
	struct err err = {0, ""};
	int r = pve_renew(renewal->pve, start_ms + PVE_CALL_MS, &err);
	const char *next;

	/* Before the line: whoever read it may count on when the next one is due. */
	renewal_over(renewal, due_after(renewal->pve, r, start_ms, &next));
	if (r < 0)
		log_error(LOG_API, "%s at %s: login ticket not renewed, next try %s: %s",
			pve_user(renewal->pve), renewal->lane, next, err.text);
	else
		log_debug(LOG_API, "%s at %s: login ticket renewed", pve_user(renewal->pve), renewal->lane);
	renewal_free(renewal);
	return env_answered(r);
}

static void
late_renewal(void *arg)
{
	struct renewal *renewal = arg;

	renewal_over(renewal, clock_ms() + RENEW_RETRY_MS);
	renewal_free(renewal);
}

/* One due login per look, so that nothing is called under the lock. */
static bool
next_due(struct logins *l, int64_t now_ms, struct renewal *out)
{
	struct login *login;

	lock_take(&l->lock);
	LIST_FOREACH(login, &l->all, link)
	{
		if (login->flying || !login_in_use(login) || now_ms < login->renew_ms)
			continue;
		login->renew_ms = now_ms + RENEW_NEVER_TWICE_MS;
		out->pve = pve_ref(login->pve);
		memcpy(out->lane, login->lane, LANE_SIZE);
		break;
	}
	lock_release(&l->lock);
	return out->pve != NULL;
}

void
logins_renew(const struct env *env)
{
	struct renewal *renewal;
	struct job job = {.run = run_renewal, .late = late_renewal};

	/* Out of memory: again in a second. */
	while ((renewal = calloc(1, sizeof(*renewal)))) {
		renewal->env = env;
		if (!next_due(env->logins, clock_ms(), renewal))
			break;
		env_use_policy(env, renewal->pve);
		job.lane = renewal->lane;
		job.deadline_ms = clock_ms() + PVE_CALL_MS;
		job.arg = renewal;
		if (workers_post(env->workers, &job, NULL) < 0)
			late_renewal(renewal);
	}
	free(renewal);
}
