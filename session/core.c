/* SPDX-License-Identifier: MIT */
#include "session/core.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/workers.h"
#include "session/assets.h"
#include "session/gates.h"
#include "session/launch.h"
#include "session/logins.h"
#include "session/penalty.h"
#include "session/places.h"
#include "session/ports.h"
#include "session/sessions.h"
#include "session/store.h"
#include "session/threads.h"
#include "session/tls_server.h"
#include "session/verify.h"

enum {
	STOP_MS = 8000,
	STOP_STEP_MS = 200,
	WORKERS_MIN = 4,
	WORKERS_MAX = 256, /* one that waits for an answer costs about 100 KiB */
	WORKERS_WAITING = 4096,
	WORKERS_IDLE_MS = 30000,
	HOST_CALLS = 3,              /* at once: Proxmox has three synchronous workers a node */
	HOST_WAITING = 512,          /* so that no host has all of WORKERS_WAITING */
	HOSTS_NEW = WORKERS_MAX / 2, /* that are called though they did not answer lately */
	HOSTS_KNOWN = 4096,
	HOST_QUICK_MS = 10000, /* a refused login takes 3 s */
	HOST_LATELY_MS = 600000,
	FDS_A_SESSION = 6, /* port, its duplicate, mailbox, one browser, one console, one spare */
	FDS_RESERVE = 208, /* router, threads, workers, log, libraries, idle connections to Proxmox */
};

struct core {
	struct env env;
	struct launch launch;
	struct assets *assets;
	struct tls_server *tls;
	struct tunables_cell *tunables;
	struct store *store;
	struct ports *ports;
	struct places *places;
	struct gates *gates;
	struct penalty_table *penalty;
	struct logins *logins;
	struct sessions *sessions;
	struct workers *workers;
	struct threads *threads;
	bool abandoned; /* sessions are left that would not end: what they use can't be freed */
	atomic_bool stopping;
};

/* How many sessions the descriptor limit allows; the others of the range would only fail later. */
static size_t
affordable_ports(const struct core_config *config)
{
	size_t wanted = (size_t)(config->port_max - config->port_min) + 1, can = 1;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return wanted;
	if (limit.rlim_cur > FDS_RESERVE + FDS_A_SESSION)
		can = (limit.rlim_cur - FDS_RESERVE) / FDS_A_SESSION;
	if (can >= wanted)
		return wanted;
	log_info(LOG_SESSION_MGR,
		"warning: %llu file descriptors are enough for %zu sessions, not for %zu: the others are "
		"left out",
		(unsigned long long)limit.rlim_cur, can, wanted);
	return can;
}

static void
trace_call(
	void *arg, const char *host, const char *method, const char *path, int status, int64_t ms)
{
	(void)arg;
	log_debug(LOG_API, "%s %s: %d in %lld ms%s%s", method, path, status, (long long)ms,
		host != NULL ? " at " : "", host != NULL ? host : "");
}

static int
make_workers(struct core *core, struct err *err)
{
	/* An opening that is under way holds a port: half of those, too, is for who answers. */
	size_t ports = ports_count(core->ports), half = ports / 2 + ports % 2;
	const struct workers_limits limits = {.min_threads = WORKERS_MIN,
		.max_threads = WORKERS_MAX,
		.max_waiting = WORKERS_WAITING,
		.lane_waiting = HOST_WAITING,
		.lane_cap = HOST_CALLS,
		.max_new = half < HOSTS_NEW ? (unsigned)half : HOSTS_NEW,
		.max_known = HOSTS_KNOWN,
		.quick_ms = HOST_QUICK_MS,
		.lately_ms = HOST_LATELY_MS,
		.idle_ms = WORKERS_IDLE_MS};

	return workers_new(&limits, &core->workers, err);
}

static int
make_parts(struct core *core, const struct core_config *config, struct err *err)
{
	int r;

	r = assets_load(config->page_dir, &core->assets, err);
	if (r == 0 && config->tls_pair)
		r = tls_server_new(config->tls_pair, &core->tls, err);
	if (r == 0)
		r = tunables_new(&config->tunables, &core->tunables, err);
	if (r == 0)
		r = store_memory_new(core->tunables, &core->store, err);
	if (r == 0)
		r = gates_new(&core->gates, err);
	if (r == 0)
		r = penalty_new(core->tunables, &core->penalty, err);
	if (r == 0)
		r = logins_new(&core->logins, err);
	if (r == 0)
		r = sessions_new(&core->sessions, err);
	if (r == 0)
		r = places_new(&core->places, err);
	if (r == 0)
		r = ports_new(config->session_ip, config->port_min, config->port_max,
			affordable_ports(config), &core->ports, err);
	if (r == 0)
		r = make_workers(core, err);
	if (r == 0)
		r = threads_new(&core->threads, err);
	return r;
}

int
core_new(const struct core_config *config, struct core **out, struct err *err)
{
	struct core *core = calloc(1, sizeof(*core));
	int r;

	if (!core)
		return err_set(err, ERR_MEMORY, "no memory to start");
	r = make_parts(core, config, err);
	if (r < 0) {
		core_free(core);
		return r;
	}
	core->env = (struct env){.tunables = core->tunables,
		.threads = core->threads,
		.logins = core->logins,
		.workers = core->workers,
		.gates = core->gates,
		.penalty = core->penalty,
		.assets = core->assets,
		.tls = core->tls,
		.public_tls = config->public_tls,
		.trace = {.call = trace_call}};
	core->launch = (struct launch){.env = &core->env,
		.store = core->store,
		.ports = core->ports,
		.places = core->places,
		.sessions = core->sessions};
	log_info(LOG_SESSION_MGR, "%zu session ports on %s, %s", ports_count(core->ports),
		config->session_ip, core->tls ? "TLS" : "plain");
	*out = core;
	return 0;
}

int
core_check(const char *page_dir, struct err *err)
{
	struct assets *assets = NULL;
	int r = assets_load(page_dir, &assets, err);

	assets_free(assets);
	return r;
}

void
core_free(struct core *core)
{
	if (!core || core->abandoned)
		return;
	workers_free(core->workers);
	threads_free(core->threads);
	ports_free(core->ports);
	sessions_free(core->sessions);
	places_free(core->places);
	gates_free(core->gates);
	penalty_free(core->penalty);
	if (core->store)
		core->store->ops->free(core->store);
	/* After the sessions and the grants, which have logins of it. */
	logins_free(core->logins);
	tunables_free(core->tunables);
	tls_server_free(core->tls);
	assets_free(core->assets);
	free(core);
}

void
core_tick(struct core *core)
{
	struct tunables t;

	workers_tick(core->workers);
	core->store->ops->expire(core->store);
	tunables_get(core->tunables, &t);
	sessions_tick(core->sessions, &t);
	tunables_done(&t);
	threads_tick(core->threads);
	logins_tick(&core->env);
}

void
core_retune(struct core *core, const struct tunables *now)
{
	tunables_set(core->tunables, now);
}

void
core_change_pair(struct core *core, struct tls_pair *pair)
{
	tls_server_change(core->tls, pair);
}

void
core_stop(struct core *core)
{
	int64_t deadline = clock_ms() + STOP_MS;
	size_t left;

	if (atomic_exchange(&core->stopping, true))
		return;
	/*
	 * Sessions first, so that browsers hear of it while workers finish their
	 * calls; a launch that was under way may still add one, hence the loop.
	 */
	sessions_end_all(core->sessions, END_STOPPING);
	pve_stop();
	workers_stop(core->workers);
	do {
		sessions_end_all(core->sessions, END_STOPPING);
		left = sessions_wait_all(core->sessions, clock_ms() + STOP_STEP_MS);
	} while (left > 0 && clock_left_ms(deadline) > 0);
	if (left > 0)
		log_error(LOG_SESSION_MGR, "%zu sessions did not end in time", left);
	core->abandoned = left > 0;
}

struct access *
core_access(struct core *core)
{
	struct access *access;
	struct tunables t;

	tunables_get(core->tunables, &t);
	access = access_ref(t.access);
	tunables_done(&t);
	return access;
}

enum penalty
core_guess(struct core *core, const struct ip *client, int *left_s)
{
	return penalty_guess(core->penalty, client, clock_ms(), left_s);
}

int
core_put(struct core *core, struct grant **grant, struct secret *token, struct err *err)
{
	int r;

	if (atomic_load(&core->stopping))
		return err_set(err, ERR_STOPPING, "the gateway stops");
	r = verify_hosts(&core->env, *grant, err);
	return r < 0 ? r : core->store->ops->put(core->store, grant, token, err);
}

void
core_verify(struct core *core, struct grant **grant,
	void (*done)(void *arg, struct core_verified *result), void *arg)
{
	struct core_verified stopping = {
		.code = ERR_STOPPING, .end = END_STOPPING, .text = "the gateway stops"};

	if (atomic_load(&core->stopping)) {
		grant_free(*grant);
		*grant = NULL;
		done(arg, &stopping);
	} else {
		verify_grant(&core->env, grant, done, arg);
	}
}

bool
core_has_terminals(const struct core *core)
{
	return assets_page(core->assets, true) != NULL;
}

void
core_open(struct core *core, const char *token, const struct ip *client,
	void (*done)(void *arg, struct core_opened *result), void *arg)
{
	struct core_opened stopping = {.code = ERR_STOPPING, .end = END_STOPPING, .link_usable = true};

	if (atomic_load(&core->stopping))
		done(arg, &stopping);
	else
		launch_open(&core->launch, token, client, done, arg);
}

int
core_status(struct core *core, struct core_status *out, struct err *err)
{
	out->pending_tokens = core->store->ops->count(core->store);
	return sessions_snapshot(core->sessions, out, err);
}

void
core_status_done(struct core_status *status)
{
	free(status->sessions);
	status->sessions = NULL;
	status->total = 0;
}
