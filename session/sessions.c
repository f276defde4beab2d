/* SPDX-License-Identifier: MIT */
#include "session/sessions.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "session/target.h"

/* Lists of a cluster are some seconds old; a node that died is given up after a minute or two. */
enum { MOVING_MS = 120 * 1000, SEEN_FRESH_MS = 5000 };

enum { CHAINS = 512 };

TAILQ_HEAD(session_list, session);

struct sessions {
	struct lock lock;
	pthread_cond_t someone_ended;
	struct session_list living;         /* [r] oldest first */
	struct session_list guests[CHAINS]; /* [r] the same by vmid: a link looks four times */
	size_t count;                       /* [r] of living */
	int64_t name_unix;                  /* [r] second of the last id given */
	unsigned name_serial;               /* [r] ids given in that second */
};

int
sessions_new(struct sessions **out, struct err *err)
{
	struct sessions *r = calloc(1, sizeof(*r));

	if (!r)
		return err_set(err, ERR_MEMORY, "no memory for the session registry");
	lock_init(&r->lock, LOCK_REGISTRY);
	lock_cond_init(&r->someone_ended);
	TAILQ_INIT(&r->living);
	for (size_t i = 0; i < CHAINS; i++)
		TAILQ_INIT(&r->guests[i]);
	*out = r;
	return 0;
}

void
sessions_free(struct sessions *r)
{
	if (!r)
		return;
	assert(r->count == 0);
	pthread_cond_destroy(&r->someone_ended);
	lock_done(&r->lock);
	free(r);
}

void
sessions_name(struct sessions *r, struct session *s)
{
	int64_t unix_s;
	unsigned serial;

	lock_take(&r->lock);
	/* Never back, neither by a clock that is set nor by a thread that was late: unique is unique. */
	if (s->created_unix > r->name_unix) {
		r->name_unix = s->created_unix;
		r->name_serial = 0;
	}
	unix_s = r->name_unix;
	serial = ++r->name_serial;
	lock_release(&r->lock);
	if (serial == 1)
		snprintf(s->id, sizeof(s->id), "vnc_%lld_%s", (long long)unix_s, s->key);
	else
		snprintf(s->id, sizeof(s->id), "vnc_%lld_%s_%u", (long long)unix_s, s->key, serial);
}

static bool
same_pin(const struct pve_fingerprint *a, const struct pve_fingerprint *b)
{
	return a->set == b->set && (!a->set || memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0);
}

/*
 * The certificate is a part of it: who stands between us and the host lets any password in
 * where his own one is accepted, and would otherwise come into a session with the true host.
 */
static bool
same_target(const struct pve_target *a, const struct pve_target *b)
{
	return a->vmid == b->vmid && a->port == b->port && strcmp(a->host, b->host) == 0 &&
		   same_pin(&a->pin, &b->pin);
}

/*
 * Is it the console that is asked for? A guest's number is unique in its cluster, and it may have
 * moved; only of a node itself the node counts.
 */
static bool
same_console(const struct pve_target *has, const struct pve_target *wanted)
{
	return (wanted->type == PVE_GUEST_UNKNOWN || wanted->type == has->type) &&
		   (wanted->kind == PVE_CONSOLE_AUTO || wanted->kind == has->kind) &&
		   wanted->serial == has->serial &&
		   (has->type != PVE_GUEST_NODE || strcmp(wanted->node, has->node) == 0);
}

/* A host that is one of a list is not that host alone: the list says where else it may lead. */
static bool
same_login(const struct pve *has, const struct pve_hosts *hosts, const char *user)
{
	return strcmp(pve_user(has), user) == 0 && pve_hosts_equal(pve_hosts_of(has), hosts);
}

static struct session_list *
chain_of(struct sessions *r, const struct pve_target *target)
{
	return &r->guests[target->vmid % CHAINS];
}

static struct session *
find(struct sessions *r, const struct pve_target *target, const struct pve_hosts *hosts,
	const char *user)
{
	struct session *s;

	TAILQ_FOREACH(s, chain_of(r, target), guests)
	{
		if (!s->ending && s->state != SESSION_ENDED && same_target(&s->target, target) &&
			same_console(&s->target, target) && same_login(s->pve, hosts, user))
			return session_ref(s);
	}
	return NULL;
}

struct session *
sessions_find(struct sessions *r, const struct pve_target *target, const struct pve_hosts *hosts,
	const char *user)
{
	struct session *s;

	lock_take(&r->lock);
	s = find(r, target, hosts, user);
	lock_release(&r->lock);
	return s;
}

/* The one place where a session's state changes. */
static void
set_state(struct session *s, enum session_state state, int64_t now_ms)
{
	assert(s->state != SESSION_ENDED);
	if (state == SESSION_ACTIVE && s->connected_unix == 0) {
		s->connected_unix = clock_unix();
		s->connected_ms = now_ms;
	}
	if (state == SESSION_DISCONNECTED)
		s->disconnected_ms = now_ms;
	s->state = state;
}

struct session *
sessions_add(struct sessions *r, struct session *s)
{
	struct session *other;

	lock_take(&r->lock);
	other = find(r, &s->target, pve_hosts_of(s->pve), pve_user(s->pve));
	s->ending = other != NULL;
	session_ref(s);
	TAILQ_INSERT_TAIL(&r->living, s, all);
	TAILQ_INSERT_TAIL(chain_of(r, &s->target), s, guests);
	r->count++;
	lock_release(&r->lock);
	return other;
}

void
sessions_viewer_up(struct session *s)
{
	struct sessions *r = s->registry;

	lock_take(&r->lock);
	if (s->viewers++ == 0)
		set_state(s, SESSION_ACTIVE, clock_ms());
	lock_release(&r->lock);
}

void
sessions_viewer_down(struct session *s)
{
	struct sessions *r = s->registry;

	lock_take(&r->lock);
	assert(s->viewers > 0);
	if (--s->viewers == 0)
		set_state(s, SESSION_DISCONNECTED, clock_ms());
	lock_release(&r->lock);
}

void
sessions_stays(struct session *s)
{
	struct sessions *r = s->registry;

	lock_take(&r->lock);
	s->ending = false;
	lock_release(&r->lock);
}

void
sessions_node(struct session *s, char out[PVE_NODE_SIZE])
{
	struct sessions *r = s->registry;

	lock_take(&r->lock);
	memcpy(out, s->node, PVE_NODE_SIZE);
	lock_release(&r->lock);
}

/* With the lock held. True when that is another node than before. */
static bool
set_node(struct session *s, const char node[PVE_NODE_SIZE])
{
	bool moved = strcmp(s->node, node) != 0;

	memcpy(s->node, node, PVE_NODE_SIZE);
	s->missing_ms = 0;
	return moved;
}

bool
sessions_found(struct session *s, const char node[PVE_NODE_SIZE])
{
	struct sessions *r = s->registry;
	bool moved;

	lock_take(&r->lock);
	moved = set_node(s, node);
	lock_release(&r->lock);
	return moved;
}

bool
sessions_seen(struct session *s, const char node[PVE_NODE_SIZE])
{
	struct sessions *r = s->registry;
	bool moved;

	lock_take(&r->lock);
	moved = set_node(s, node);
	s->seen_ms = clock_ms();
	lock_release(&r->lock);
	return moved;
}

bool
sessions_seen_lately(struct session *s)
{
	struct sessions *r = s->registry;
	bool lately;

	lock_take(&r->lock);
	lately = s->seen_ms != 0 && clock_ms() - s->seen_ms < SEEN_FRESH_MS;
	s->seen_ms = 0;
	lock_release(&r->lock);
	return lately;
}

bool
sessions_missing(struct session *s)
{
	struct sessions *r = s->registry;
	int64_t now = clock_ms();
	bool hope;

	if (s->target.type == PVE_GUEST_NODE)
		return false;
	lock_take(&r->lock);
	if (s->missing_ms == 0)
		s->missing_ms = now;
	hope = now - s->missing_ms < MOVING_MS;
	lock_release(&r->lock);
	return hope;
}

void
sessions_ended(struct session *s)
{
	struct sessions *r = s->registry;

	lock_take(&r->lock);
	set_state(s, SESSION_ENDED, clock_ms());
	TAILQ_REMOVE(&r->living, s, all);
	TAILQ_REMOVE(chain_of(r, &s->target), s, guests);
	r->count--;
	pthread_cond_signal(&r->someone_ended);
	lock_release(&r->lock);
	session_unref(s);
}

static enum end
past_its_time(const struct session *s, const struct tunables *t, int64_t now)
{
	if (t->max_duration_s > 0 && now - s->created_ms >= t->max_duration_s * INT64_C(1000))
		return END_MAX_DURATION;
	if (s->state == SESSION_CREATED && now - s->created_ms >= t->connect_timeout_s * INT64_C(1000))
		return END_CONNECT_TIMEOUT;
	if (s->state == SESSION_DISCONNECTED &&
		now - s->disconnected_ms >= t->reconnect_timeout_s * INT64_C(1000))
		return END_RECONNECT_TIMEOUT;
	return END_NONE;
}

/* One session past its time per look, so that nothing is called under the lock. */
static struct session *
next_due(struct sessions *r, const struct tunables *t, int64_t now, enum end *end)
{
	struct session *s;

	*end = END_NONE;
	lock_take(&r->lock);
	TAILQ_FOREACH(s, &r->living, all)
	{
		if (s->ending)
			continue;
		*end = past_its_time(s, t, now);
		if (*end != END_NONE)
			break;
	}
	if (s) {
		s->ending = true;
		session_ref(s);
	}
	lock_release(&r->lock);
	return s;
}

void
sessions_tick(struct sessions *r, const struct tunables *t)
{
	struct session *s;
	enum end end;
	int told;

	while ((s = next_due(r, t, clock_ms(), &end))) {
		told = session_end(s, end);
		if (told < 0)
			sessions_stays(s);
		session_unref(s);
		if (told < 0)
			return; /* out of memory: again in a second */
	}
}

/* The first session that has not been told yet. */
static struct session *
next_living(struct sessions *r)
{
	struct session *s;

	lock_take(&r->lock);
	s = TAILQ_FIRST(&r->living);
	while (s && s->ending)
		s = TAILQ_NEXT(s, all);
	if (s) {
		s->ending = true;
		session_ref(s);
	}
	lock_release(&r->lock);
	return s;
}

void
sessions_end_all(struct sessions *r, enum end end)
{
	struct session *s;

	int r_end = 0;

	/* Out of memory: the others are told when core_stop() calls again. */
	while (r_end == 0 && (s = next_living(r))) {
		r_end = session_end(s, end);
		if (r_end < 0)
			sessions_stays(s);
		session_unref(s);
	}
}

size_t
sessions_wait_all(struct sessions *r, int64_t deadline_ms)
{
	size_t left;

	for (;;) {
		lock_take(&r->lock);
		left = r->count;
		if (left > 0 && !lock_wait(&r->lock, &r->someone_ended, deadline_ms)) {
			lock_release(&r->lock);
			return left;
		}
		lock_release(&r->lock);
		if (left == 0)
			return 0;
	}
}

static void
describe(const struct session *s, struct session_info *info, int64_t now)
{
	memset(info, 0, sizeof(*info));
	memcpy(info->key, s->key, sizeof(info->key));
	memcpy(info->id, s->id, sizeof(info->id));
	memcpy(info->node, s->node, sizeof(info->node));
	info->vmid = s->target.vmid;
	info->type = target_words(s->target.type)->type;
	info->console = target_console(s->target.kind);
	info->port = s->port;
	info->state = s->state;
	info->viewers = s->viewers;
	info->created_unix = s->created_unix;
	info->connected_unix = s->connected_unix;
	info->connected_s = s->connected_unix ? (now - s->connected_ms) / 1000 : 0;
	info->age_s = (now - s->created_ms) / 1000;
}

int
sessions_snapshot(struct sessions *r, struct core_status *out, struct err *err)
{
	struct session_info *list;
	struct session *s;
	int64_t now = clock_ms();
	size_t n = 0, cap;

	lock_take(&r->lock);
	cap = r->count;
	lock_release(&r->lock);
	/* A session more by the time of the second look is left out; the next call shows it. */
	list = calloc(cap + 1, sizeof(*list));
	if (!list)
		return err_set(err, ERR_MEMORY, "no memory for %zu sessions", cap);
	out->created = out->active = out->disconnected = 0;
	lock_take(&r->lock);
	TAILQ_FOREACH(s, &r->living, all)
	{
		if (s->ending || n == cap)
			continue;
		describe(s, &list[n++], now);
		out->created += s->state == SESSION_CREATED;
		out->active += s->state == SESSION_ACTIVE;
		out->disconnected += s->state == SESSION_DISCONNECTED;
	}
	lock_release(&r->lock);
	out->total = n;
	out->sessions = list;
	return 0;
}
