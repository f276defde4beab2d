/* SPDX-License-Identifier: MIT */
/*
 * pve_trust - the one verdict on a certificate, for API calls and console websockets alike.
 *
 * A trial is one handshake: whom it is with, by which policy, and what came of it. The verdict
 * falls when the certificate arrives, before anything of ours is sent but a greeting.
 *
 * A handshake may resume the TLS session of an earlier one, which costs a quarter of the time. Then
 * no certificate comes, and none has to be judged, as long as the verdict on the one that the
 * session began with would be the same: pve_met.h keeps them. Only those of TLS 1.3: the secret in
 * them opens nothing of what was said before.
 *
 * Threads: a trial belongs to its handshake.
 */
#ifndef PROXMOX_API_PVE_TRUST_H
#define PROXMOX_API_PVE_TRUST_H

#include "proxmox_api/pve.h"

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */
struct x509_st;    /* and X509 */
struct ssl_session_st;

struct pve_trial {
	struct pve_policy *policy; /* one reference */
	char host[PVE_HOST_SIZE];
	uint16_t port;
	struct pve_fingerprint pin;     /* the target's */
	struct err refusal;             /* code 0: none */
	struct x509_st *leaf;           /* what was shown, where it is accepted because it is known */
	bool verified;                  /* an authority of the policy vouches for what was shown */
	int64_t begun_ms;               /* clock_ms() when the handshake that was judged began */
	unsigned forgotten;             /* pve_known_forgotten() at that time */
	struct pve_fingerprint shown;   /* of what was judged */
	bool whole;                     /* no session is to be offered */
	struct ssl_session_st *session; /* that is offered, of the same verdict, or NULL */
	const struct ssl_st *ssl;       /* another library's, while its connection lives; or NULL */
};

/* So long a verdict counts after its handshake. */
enum { PVE_VERDICT_MS = 10 * 60 * 1000 };

/* pin may be NULL. */
void pve_trial_init(struct pve_trial *trial, struct pve_policy *policy, const char *host,
	uint16_t port, const struct pve_fingerprint *pin);
void pve_trial_done(struct pve_trial *trial); /* an all-zero one is fine */

/* Another of the same verdict; *to is all zero before, and the caller's to be done with. */
void pve_trial_copy(struct pve_trial *to, const struct pve_trial *from);

/* Is there a verdict at all? Not where everything is accepted. */
bool pve_trial_judges(const struct pve_trial *trial);

/*
 * Would the verdict be the same today, by this policy? Not by another, however alike, after
 * anything that was known has been forgotten, or for ever.
 */
bool pve_trial_holds(const struct pve_trial *trial, const struct pve_policy *policy);

/* Would one of a count for the other: the same host, port and pin? */
bool pve_trial_alike(const struct pve_trial *a, const struct pve_trial *b);

/*
 * Make ctx, another library's, which makes but this one connection, leave the verdict to
 * trial. With each handshake all is begun anew: a session that pve_met.h has for it is offered, and
 * with a certificate that comes all the same nothing counts but that. That library must verify the peer if there is a verdict, and not the name.
 * Returns 0 or ERR_MEMORY.
 */
int pve_trial_apply(struct pve_trial *trial, struct ssl_ctx_st *ctx)
	__attribute__((warn_unused_result));

/*
 * Has everything that came over the connection, which that library still has, been taken by it? The
 * answer to one call must not be somebody's answer to another.
 */
bool pve_trial_is_read(const struct pve_trial *trial);

/*
 * The handshake is over, so that whoever showed the certificate has its key: what an authority
 * says of it is remembered from now on. Before that it says nothing about who is there, since
 * anybody can show another's certificate.
 */
void pve_trial_met(const struct pve_trial *trial);

/*
 * What a console's answer says is the cluster's authority, PEM or NULL; it came over the
 * connection of trial.
 */
void pve_trial_learn(const struct pve_trial *trial, const char *authority);

/* What pve_way_ssl() is made of; pin may be NULL. Returns 0 or ERR_MEMORY. */
int pve_trust_ssl(struct pve_policy *policy, const char *host, uint16_t port,
	const struct pve_fingerprint *pin, struct ssl_st **out, struct err *err)
	__attribute__((warn_unused_result));

/* For a context of which pve_trust_ssl() makes connections that are judged. */
void pve_trust_prepare(struct ssl_ctx_st *ctx);

#endif
