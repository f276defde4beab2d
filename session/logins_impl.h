/* SPDX-License-Identifier: MIT */
/*
 * logins_impl - logins from the inside, shared by logins.c (who has which) and logins_renew.c.
 *
 * Threads: any; guarded by LOCK_LOGINS.
 */
#ifndef SESSION_LOGINS_IMPL_H
#define SESSION_LOGINS_IMPL_H

#include <pthread.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/lock.h"
#include "session/env.h"
#include "session/login_key.h"
#include "session/logins.h"

LIST_HEAD(login_list, login);

/* [i] immutable; all else under LOCK_LOGINS, but pve while it flies is the flyer's to change. */
struct login {
	LIST_ENTRY(login) link;
	struct login_key key; /* [i] */
	bool token;           /* [i] */
	char lane[LANE_SIZE]; /* [i] */
	struct pve *pve;      /* one reference; NULL before the first success */
	bool flying;          /* somebody is on the way to Proxmox for it */
	bool proven;          /* the last one came back with a login */
	bool answered;        /* ... or with another answer of Proxmox itself */
	int64_t landed_ms;    /* when that was */
	int64_t landed_us;    /* the same: a link may be opened again within the millisecond */
	struct err failure;   /* what is shared with those who had asked by then; code 0: nothing */
	int64_t used_ms;      /* when it was last seen in use */
	int64_t renew_ms;     /* when its ticket is due */
};

struct logins {
	struct lock lock;
	pthread_cond_t landed;
	struct login_keys *keys; /* [i] */
	struct login_list all;   /* [LOCK_LOGINS] */
	size_t count;            /* [LOCK_LOGINS] */
};

/* With the lock held. */
static inline bool
login_in_use(const struct login *login)
{
	return login->flying || (login->pve && pve_is_shared(login->pve));
}

/* logins_renew.c: post a job for each login in use whose ticket is due. Without the lock. */
void logins_renew(const struct env *env);

#endif
