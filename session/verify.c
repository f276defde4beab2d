/* SPDX-License-Identifier: MIT */
#include "session/verify.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/workers.h"
#include "session/prove.h"
#include "session/target.h"
#include "session/tunables.h"

/* One POST /create that waits. */
struct verification {
	const struct env *env;
	struct grant *grant;
	void (*done)(void *arg, struct core_verified *result);
	void *arg;
	int64_t asked_us;
	int64_t deadline_ms;
};

int
verify_hosts(const struct env *env, const struct grant *grant, struct err *err)
{
	const struct pve_target *target = &grant->target;
	size_t n = grant->hosts ? pve_hosts_count(grant->hosts) : 0, i;
	struct tunables t;
	int r;

	tunables_get(env->tunables, &t);
	r = pve_policy_allows(t.policy, target->host, target->port, err);
	for (i = 0; r == 0 && i < n; i++)
		r = pve_policy_allows(t.policy, pve_hosts_at(grant->hosts, i), target->port, err);
	tunables_done(&t);
	return r;
}

static void
finish(struct verification *v, int r, const struct err *err)
{
	const struct pve_target *target = &v->grant->target;
	struct core_verified result = {.code = r};
	char name[TARGET_NAME_SIZE];

	if (r < 0) {
		result.end = end_of_err(r);
		result.text = err->text;
		log_error(LOG_PROXY, "%s at %s:%u for %s: not verified: %s: %s", target_name(name, target),
			target->host, target->port, v->grant->credential.user, end_row(result.end)->log,
			err->text);
		grant_free(v->grant);
	} else {
		result.grant = v->grant;
	}
	v->grant = NULL;
	v->done(v->arg, &result);
	grant_free(result.grant);
	free(v);
}

static bool
run(void *arg)
{
	struct verification *v = arg;
	struct grant *grant = v->grant;
	struct proof proof;
	struct err err = {0, ""};
	bool did_well;
	int r = prove_grant(v->env, grant, v->asked_us, v->deadline_ms, &proof, &err);

	did_well = proof.judged && env_answered(r);
	if (r == 0) {
		grant_wipe_credentials(grant);
		grant->login = proof.pve;
	}
	finish(v, r, &err);
	return did_well;
}

static void
late(void *arg)
{
	struct verification *v = arg;
	struct err err;
	int code = clock_left_ms(v->deadline_ms) > 0 ? ERR_STOPPING : ERR_TIMEOUT;

	err_set(
		&err, code, code == ERR_TIMEOUT ? "the host's earlier calls took too long" : "stopping");
	finish(v, code, &err);
}

void
verify_grant(const struct env *env, struct grant **grant,
	void (*done)(void *arg, struct core_verified *result), void *arg)
{
	struct core_verified failed = {
		.code = ERR_MEMORY, .end = END_INTERNAL, .text = "no memory to verify"};
	struct verification *v = calloc(1, sizeof(*v));
	char lane[LANE_SIZE];
	struct job job = {.lane = lane, .run = run, .late = late, .arg = v};
	struct tunables t;
	struct err err = {0, ""};
	int r;

	if (!v) {
		grant_free(*grant);
		*grant = NULL;
		done(arg, &failed);
		return;
	}
	tunables_get(env->tunables, &t);
	*v = (struct verification){.env = env,
		.grant = *grant,
		.done = done,
		.arg = arg,
		.asked_us = clock_us(),
		.deadline_ms = clock_ms() + t.open_timeout_s * INT64_C(1000)};
	tunables_done(&t);
	*grant = NULL;
	env_lane(lane, &v->grant->target);
	job.deadline_ms = v->deadline_ms;
	r = verify_hosts(env, v->grant, &err);
	if (r == 0)
		r = workers_post(env->workers, &job, &err);
	if (r < 0)
		finish(v, r, &err);
}
