/* SPDX-License-Identifier: MIT */
/* lock - see lock.h */
#include "base/lock.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const names[LOCK_COUNT] = {
#define X(name, what) #name,
	LOCK_TBL(X)
#undef X
};

/* The one lock that this thread holds, or NULL: locks are leaves. */
static _Thread_local const struct lock *held;

/* An assertion that names the locks. It cannot be logged: the log has a lock too. */
static void
require(bool kept, const struct lock *l, const char *rule)
{
	if (kept)
		return;
	fprintf(stderr, "lock: %s %s (this thread holds %s)\n", names[l->name], rule,
		held != NULL ? names[held->name] : "none");
	abort();
}

void
lock_init(struct lock *l, enum lock_name name)
{
	int r = pthread_mutex_init(&l->mutex, NULL);

	assert(r == 0);
	assert(name < LOCK_COUNT);
	l->name = name;
}

void
lock_done(struct lock *l)
{
	int r;

	require(held != l, l, "destroyed while it is held");
	r = pthread_mutex_destroy(&l->mutex);
	assert(r == 0);
}

void
lock_take(struct lock *l)
{
	int r;

	require(held == NULL, l, "taken while another lock is held");
	r = pthread_mutex_lock(&l->mutex);
	assert(r == 0);
	held = l;
}

void
lock_release(struct lock *l)
{
	int r;

	require(held == l, l, "released by a thread that does not hold it");
	held = NULL;
	r = pthread_mutex_unlock(&l->mutex);
	assert(r == 0);
}

void
lock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int r;

	r = pthread_condattr_init(&attr);
	assert(r == 0);
	r = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	assert(r == 0);
	r = pthread_cond_init(cond, &attr);
	assert(r == 0);
	pthread_condattr_destroy(&attr);
}

bool
lock_wait(struct lock *l, pthread_cond_t *cond, int64_t deadline_ms)
{
	struct timespec until;
	int r;

	/* time_t may have 32 bits; a machine that runs so long does not mind waking up once. */
	if (deadline_ms > (int64_t)INT32_MAX * 1000)
		deadline_ms = (int64_t)INT32_MAX * 1000;
	if (deadline_ms < 0)
		deadline_ms = 0;
	until.tv_sec = (time_t)(deadline_ms / 1000);
	until.tv_nsec = (long)(deadline_ms % 1000) * 1000000;
	require(held == l, l, "waited for by a thread that does not hold it");
	held = NULL;
	r = pthread_cond_timedwait(cond, &l->mutex, &until);
	held = l;
	assert(r == 0 || r == ETIMEDOUT);
	return r == 0;
}
