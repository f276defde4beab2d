/* SPDX-License-Identifier: MIT */
/*
 * pve_request - one HTTP call to Proxmox: the only place where one is made.
 *
 * Threads: any; blocks until the deadline at the latest.
 */
#ifndef PROXMOX_API_PVE_REQUEST_H
#define PROXMOX_API_PVE_REQUEST_H

#include "base/buf.h"
#include "proxmox_api/pve_client.h"
#include "proxmox_api/pve_trust.h"

enum {
	PVE_REASON_SIZE = 256,
	PVE_HEAD_MAX = 64 * 1024,
	PVE_BODY_MAX = 256 * 1024, /* answers are some KiB; the largest is the rights of a login */
};

struct pve_call {
	const char *what;                    /* for err.text: "login" */
	const char *path;                    /* with /api2/json, without a query */
	const char *query;                   /* what follows '?', which no trace shows; or NULL */
	size_t body_max;                     /* how long the answer may be; 0: PVE_BODY_MAX */
	const struct buf *form;              /* POST this; NULL: GET */
	const struct pve_identity *identity; /* NULL: not logged in yet */
	const struct secret *password;       /* what else in the form must never be shown; or NULL */
	const struct secret *otp;            /* and that; or NULL */
};

struct pve_answer {
	int status;                     /* 0: none */
	bool sent;                      /* the request may have been, whatever came back */
	char reason[PVE_REASON_SIZE];   /* as received */
	char address[PVE_ADDRESS_SIZE]; /* who answered; "" when not connected */
	struct buf body;
	struct pve_trial
		trial; /* of a 200: by which policy, and the certificate if it is a known one */
};

/*
 * Make the call: on the host that answered last, over an earlier call's connection if there is
 * one, and on the others of the list in turn while there is nobody. Once the request may have
 * been sent there is no other try, but for a GET over a kept connection that broke. *answer, all
 * zero before, is to be ended by pve_answer_done() in any case; what has arrived is in it also
 * on failure. Returns 0 for status 200, else any error of pve.h, with its text.
 */
int pve_request(struct pve *pve, const struct pve_call *call, int64_t deadline_ms,
	struct pve_answer *answer, struct err *err) __attribute__((warn_unused_result));

void pve_answer_done(struct pve_answer *answer); /* wipes */

#endif
