/* SPDX-License-Identifier: MIT */
/*
 * lanes - see lanes.h
 *
 * A lane that has a job which may start stands in one of four queues. Each has a
 * condition of its own on how many jobs run altogether (is_open()); among the lanes
 * at the heads of the open ones the turn decides, a number that counts up.
 */
#include "base/lanes.h"

#include <stdlib.h>
#include <string.h>

/* It lives while one of its jobs waits or runs, and then as long as it is known. Legend: lanes.h. */
struct lane {
	LIST_ENTRY(lane) in_bucket;
	TAILQ_ENTRY(lane) in_queue;
	enum lane_standing standing;
	uint64_t turn; /* since it stands there */
	struct items waiting;
	unsigned n_waiting;
	unsigned n_running;
	unsigned credit;     /* how many jobs at once it is trusted with; 0: it is new */
	int64_t did_well_ms; /* when it last got credit */
	bool is_none;        /* [i] of the jobs that have no lane */
	char name[];         /* [i] */
};

static struct lane_bucket *
bucket_of(struct lanes *l, const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return &l->buckets[hash % LANE_BUCKETS];
}

/* The lane of this name, made if need be; NULL without memory. Jobs that have no lane share one. */
static struct lane *
find_or_make(struct lanes *l, const char *name)
{
	const char *key = name != NULL ? name : "";
	struct lane_bucket *bucket = bucket_of(l, key);
	size_t size = strlen(key) + 1;
	struct lane *lane;

	for (lane = LIST_FIRST(bucket); lane != NULL; lane = LIST_NEXT(lane, in_bucket)) {
		if (strcmp(lane->name, key) == 0 && lane->is_none == (name == NULL))
			return lane;
	}
	lane = calloc(1, sizeof(*lane) + size);
	if (lane == NULL)
		return NULL;
	memcpy(lane->name, key, size);
	lane->is_none = name == NULL;
	lane->standing = LANE_PARKED;
	TAILQ_INIT(&lane->waiting);
	LIST_INSERT_HEAD(bucket, lane, in_bucket);
	return lane;
}

static void
leave_queue(struct lanes *l, struct lane *lane)
{
	if (lane->standing == LANE_PARKED)
		return;
	TAILQ_REMOVE(&l->queues[lane->standing], lane, in_queue);
	l->n_known -= lane->standing == LANE_KNOWN;
	lane->standing = LANE_PARKED;
}

static void
enter_queue(struct lanes *l, struct lane *lane, enum lane_standing standing)
{
	TAILQ_INSERT_TAIL(&l->queues[standing], lane, in_queue);
	l->n_known += standing == LANE_KNOWN;
	lane->standing = standing;
	lane->turn = l->turns++;
}

/* It has no job. */
static void
forget(struct lanes *l, struct lane *lane)
{
	leave_queue(l, lane);
	LIST_REMOVE(lane, in_bucket);
	free(lane);
}

static bool
is_proven(const struct lanes *l, const struct lane *lane, int64_t now)
{
	return lane->credit > 0 && now - lane->did_well_ms < l->limits.lately_ms;
}

static enum lane_standing
standing_of(const struct lanes *l, const struct lane *lane, int64_t now)
{
	bool proven = is_proven(l, lane, now);

	if (lane->n_waiting == 0)
		return lane->n_running == 0 && proven ? LANE_KNOWN : LANE_PARKED;
	if (lane->is_none)
		return LANE_FIRST;
	if (lane->n_running == 0)
		return proven ? LANE_FIRST : LANE_NEW;
	if (lane->n_running >= (proven ? lane->credit : l->limits.lane_cap))
		return LANE_PARKED;
	return proven ? LANE_MORE : LANE_NEW_MORE;
}

/*
 * After every change of a lane: see to it that it stands where it belongs. One that
 * nobody needs is freed. A lane that stays where it is keeps its turn.
 */
static void
settle(struct lanes *l, struct lane *lane, int64_t now)
{
	enum lane_standing standing = standing_of(l, lane, now);

	if (standing != lane->standing) {
		leave_queue(l, lane);
		if (standing != LANE_PARKED)
			enter_queue(l, lane, standing);
	}
	if (lane->n_waiting == 0 && lane->n_running == 0 && standing == LANE_PARKED)
		forget(l, lane);
}

/* Of the lanes that are known, those that are no longer proven, or too many. */
static void
forget_some(struct lanes *l, int64_t now)
{
	struct lane *lane;

	while ((lane = TAILQ_FIRST(&l->queues[LANE_KNOWN])) != NULL &&
		   (l->n_known > l->limits.max_known || !is_proven(l, lane, now)))
		forget(l, lane);
}

static bool
is_late(const struct item *item, int64_t now)
{
	return item->job.deadline_ms != 0 && item->job.deadline_ms <= now;
}

static void
take_from_lane(struct lane *lane, struct item *item)
{
	TAILQ_REMOVE(&lane->waiting, item, link);
	lane->n_waiting--;
}

/* The lane's next job that is in time, or NULL; those that are not move to l->late. */
static struct item *
start_in(struct lanes *l, struct lane *lane, int64_t now)
{
	bool as_new = lane->standing == LANE_NEW;
	struct item *item;

	while ((item = TAILQ_FIRST(&lane->waiting)) != NULL) {
		take_from_lane(lane, item);
		if (!is_late(item, now)) {
			item->started_ms = now;
			item->as_new = as_new;
			lane->n_running++;
			l->n_running++;
			l->n_running_new += as_new;
			l->n_waiting--;
			break;
		}
		TAILQ_INSERT_TAIL(&l->late, item, link);
	}
	/* If it may start another, that has a turn of its own: the other lanes come first. */
	leave_queue(l, lane);
	settle(l, lane, now);
	return item;
}

/* May those that stand in this queue start a job? See the top of lanes.h. */
static bool
is_open(const struct lanes *l, enum lane_standing standing)
{
	unsigned max = l->limits.max_threads;

	switch (standing) {
	case LANE_FIRST:
		return true;
	case LANE_MORE:
		return l->n_running < max - max / 4;
	case LANE_NEW:
		return l->n_running_new < l->limits.max_new;
	case LANE_NEW_MORE:
		return l->n_running < l->limits.max_new / 2;
	default:
		return false;
	}
}

/* The lane whose turn it is, or NULL. */
static struct lane *
next_lane(const struct lanes *l)
{
	struct lane *next = NULL;

	for (enum lane_standing i = 0; i < LANE_QUEUES; i++) {
		struct lane *head = TAILQ_FIRST(&l->queues[i]);

		if (head != NULL && is_open(l, i) && (next == NULL || head->turn < next->turn))
			next = head;
	}
	return next;
}

void
lanes_init(struct lanes *l, const struct workers_limits *limits)
{
	*l = (struct lanes){.limits = *limits};
	for (size_t i = 0; i < LANE_QUEUES; i++)
		TAILQ_INIT(&l->queues[i]);
	TAILQ_INIT(&l->late);
}

void
lanes_done(struct lanes *l)
{
	struct lane *lane;

	while ((lane = TAILQ_FIRST(&l->queues[LANE_KNOWN])) != NULL)
		forget(l, lane);
}

int
lanes_add(struct lanes *l, struct item *item, int64_t now_ms, struct err *err)
{
	struct lane *lane;

	if (l->n_waiting >= l->limits.max_waiting)
		return err_set(err, ERR_BUSY, "%u jobs are waiting already", l->n_waiting);
	lane = find_or_make(l, item->job.lane);
	if (lane == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a job's lane");
	if (lane->n_waiting >= l->limits.lane_waiting && !lane->is_none)
		return err_set(err, ERR_BUSY, "%u jobs are waiting in this lane already", lane->n_waiting);
	item->lane = lane;
	TAILQ_INSERT_TAIL(&lane->waiting, item, link);
	lane->n_waiting++;
	l->n_waiting++;
	settle(l, lane, now_ms);
	return 0;
}

bool
lanes_ready(const struct lanes *l)
{
	return next_lane(l) != NULL;
}

struct item *
lanes_start(struct lanes *l, int64_t now_ms)
{
	struct item *item = NULL;
	struct lane *lane;

	/* A lane that yields nothing has no job left and leaves the queue. */
	while (item == NULL && (lane = next_lane(l)) != NULL)
		item = start_in(l, lane, now_ms);
	return item;
}

static void
judge(const struct lanes *l, struct lane *lane, bool did_well, int64_t now)
{
	if (lane->is_none)
		return; /* it needs no credit, and is not to be remembered */
	if (did_well) {
		lane->credit = l->limits.lane_cap;
		lane->did_well_ms = now;
	} else if (lane->credit > 0) {
		lane->credit--;
	}
}

void
lanes_end(struct lanes *l, struct item *item, bool did_well, int64_t now_ms)
{
	struct lane *lane = item->lane;
	bool quick = now_ms - item->started_ms < l->limits.quick_ms;

	item->lane = NULL;
	lane->n_running--;
	l->n_running--;
	l->n_running_new -= item->as_new;
	judge(l, lane, did_well && quick, now_ms);
	settle(l, lane, now_ms);
	forget_some(l, now_ms);
}

/* Move the lane's waiting jobs that are late, or all of them, to out. */
static void
collect_lane(struct lanes *l, struct lane *lane, int64_t now, bool all, struct items *out)
{
	unsigned before = lane->n_waiting;
	struct item *item, *next;

	for (item = TAILQ_FIRST(&lane->waiting); item != NULL; item = next) {
		next = TAILQ_NEXT(item, link);
		if (!all && !is_late(item, now))
			continue;
		take_from_lane(lane, item);
		l->n_waiting--;
		TAILQ_INSERT_TAIL(out, item, link);
	}
	if (lane->n_waiting != before)
		settle(l, lane, now);
}

void
lanes_collect(struct lanes *l, int64_t now_ms, bool all, struct items *out)
{
	struct item *item;
	struct lane *lane;

	while ((item = TAILQ_FIRST(&l->late)) != NULL) {
		TAILQ_REMOVE(&l->late, item, link);
		l->n_waiting--;
		TAILQ_INSERT_TAIL(out, item, link);
	}
	for (size_t i = 0; i < LANE_BUCKETS; i++) {
		struct lane *next;

		for (lane = LIST_FIRST(&l->buckets[i]); lane != NULL; lane = next) {
			next = LIST_NEXT(lane, in_bucket);
			collect_lane(l, lane, now_ms, all, out);
		}
	}
	forget_some(l, now_ms);
}
