/* SPDX-License-Identifier: MIT */
/*
 * lock - the program's mutexes, all of them leaves.
 *
 * Every lock has its row below. No lock is held while calling out of its
 * module, and none is taken while another is held: lock_take() asserts it, so
 * that a deadlock is a failed assertion in the first test that comes by.
 *
 * Threads: any.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* name, what it guards */
#define LOCK_TBL(X)                                         \
	X(LOCK_LOG, "log file and rate limits")                 \
	X(LOCK_MAILBOX, "one mailbox's queue")                  \
	X(LOCK_WORKERS, "job queues, lanes and worker threads") \
	X(LOCK_PVE, "one login's ticket and policy")            \
	X(LOCK_IDLE, "API connections that wait for a call")    \
	X(LOCK_MET, "TLS sessions that may be resumed")         \
	X(LOCK_KNOWN, "certificates that are remembered")       \
	X(LOCK_LOGINS, "logins that are shared")                \
	X(LOCK_STORE, "pending tokens")                         \
	X(LOCK_PORTS, "the port pool")                          \
	X(LOCK_PLACES, "how many sessions there are of whom")   \
	X(LOCK_GATES, "openings in line for a guest")           \
	X(LOCK_REGISTRY, "sessions and their public records")   \
	X(LOCK_SETTINGS, "what SIGHUP may change")              \
	X(LOCK_PENALTY, "who has guessed wrong how often")      \
	X(LOCK_HTTP, "connections and suspended requests")      \
	X(LOCK_AUTH, "the authorisation secret and its failures")

enum lock_name {
#define X(name, what) name,
	LOCK_TBL(X)
#undef X
		LOCK_COUNT
};

struct lock {
	pthread_mutex_t mutex;
	enum lock_name name;
};

void lock_init(struct lock *l, enum lock_name name);
void lock_done(struct lock *l);
void lock_take(struct lock *l);
void lock_release(struct lock *l);

/* A condition on the monotonic clock, to be used with lock_wait(). */
void lock_cond_init(pthread_cond_t *cond);

/* Wait, with l held, until cond is signalled or deadline_ms (see clock_ms) passes; false when it passed. */
bool lock_wait(struct lock *l, pthread_cond_t *cond, int64_t deadline_ms);

#endif
