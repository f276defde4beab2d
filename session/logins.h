/* SPDX-License-Identifier: MIT */
/*
 * logins - who is logged in where, so that the links and sessions of one user share a login.
 *
 * A login is found again by whoever shows the same credential for the same hosts, port and
 * certificate. What is kept to tell is a MAC of all that under a key of this process, no
 * password: a wrong one leads nowhere but to Proxmox. Proxmox's word about a password counts
 * for PROOF_MS; the next link after that proves it anew, and the same struct pve gets the
 * fresh ticket. A token is judged with each call, so that no time is set to it.
 *
 * Of several that ask for the same login one makes it and the others wait for what becomes of
 * it. A failure is shared, too, with all who had asked by then, be it that they still waited
 * in the host's lane: a wrong password costs Proxmox one attempt, however many links have it.
 * What only the one who tried could not do (no memory, no time left) is not.
 *
 * A credential with a second factor is never shared: its login is in here to be renewed.
 *
 * Tickets of logins in use are renewed at 60 minutes of age, by jobs in the host's lane. To
 * Proxmox one that it refuses is a wrong password, which costs it 3 s and a line of its log
 * that looks like guessing: such a one is tried seldom, and not at all when it is too old.
 *
 * A login is in use while anybody else holds a reference to it: a session, or a link that was
 * verified. When nobody does for LOGIN_IDLE_MS it is dropped, and its ticket wiped; likewise
 * the one that was idle longest when there are LOGINS_MAX. Those in use are as many as there
 * are sessions and pending tokens, which have limits of their own.
 *
 * Threads: any; guarded by LOCK_LOGINS. Only logins_get() blocks.
 */
#ifndef SESSION_LOGINS_H
#define SESSION_LOGINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "proxmox_api/pve.h"

struct env;
struct logins; /* opaque, see logins_impl.h */

enum {
	LOGINS_MAX = 1024,
	LOGIN_IDLE_MS = 60 * 1000,
	PROOF_MS = 10 * 60 * 1000,
	RENEW_AFTER_MS = 60 * 60 * 1000, /* product.md: at 60 minutes of age */
	RENEW_RETRY_MS = 60 * 1000,
	RENEW_REFUSED_MS = 10 * 60 * 1000, /* after a refusal, which may pass */
};

/* Returns 0, ERR_MEMORY or ERR_SYSTEM (no key). */
int logins_new(struct logins **out, struct err *err) __attribute__((warn_unused_result));
void logins_free(struct logins *l); /* no job of it may be left; NULL is fine */

struct login_ask {
	const struct pve_target *target;
	struct pve_hosts *hosts; /* or NULL: target's host alone */
	const struct pve_credential *credential;
	int64_t since_us; /* clock_us() when it was asked for: failures until then are not shared */
	int64_t deadline_ms;
};

/*
 * A login by this credential, from the cache or from Proxmox; a reference of the caller's.
 * *answered as of pve_login(): false when nobody was asked anything in this call. *cached
 * becomes true when the login was made for somebody else. Errors of pve_login(), ERR_TIMEOUT
 * also when another's login took too long, ERR_MEMORY. Blocks until deadline_ms at the latest.
 */
int logins_get(const struct env *env, const struct login_ask *ask, struct pve **out, bool *answered,
	bool *cached, struct err *err) __attribute__((warn_unused_result));

/* Once a second: post renewals, drop what nobody uses, also of connections. */
void logins_tick(const struct env *env);

#endif
