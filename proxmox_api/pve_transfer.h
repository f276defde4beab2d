/* SPDX-License-Identifier: MIT */
/*
 * pve_transfer - one try of a call: what libcurl is told of it, and what it tells us meanwhile.
 *
 * Threads: a transfer belongs to its call.
 */
#ifndef PROXMOX_API_PVE_TRANSFER_H
#define PROXMOX_API_PVE_TRANSFER_H

#include <curl/curl.h>

#include "proxmox_api/pve_conn.h"
#include "proxmox_api/pve_request.h"

/* Everything that lives as long as one try of a call. */
struct transfer {
	struct pve *pve;
	const struct pve_call *call;
	struct pve_answer *answer;
	const struct pve_where *to;
	const char *host; /* that is called */
	bool fresh;       /* no earlier call's connection will do */
	bool whole;       /* nor its TLS session */
	struct pve_conn *conn;
	struct curl_slist *headers, *resolve;
	struct secret auth;
	struct buf url, csrf;
	size_t head_bytes;
	int body_error;       /* why on_body() gave up */
	struct err forbidden; /* what the guard said last */
	bool dialled;         /* it let an address be connected to */
	bool requested;       /* the request is, or may be, on its way */
	int64_t requested_ms; /* since when */
	bool broke;           /* a kept connection, with the request on it */
	char error[CURL_ERROR_SIZE];
};

/*
 * Find a connection and set everything up for the call, with its share of the time that is left: so
 * many tries it is for. Returns 0 or ERR_MEMORY.
 */
int transfer_prepare(struct transfer *t, int64_t left_ms, size_t tries, struct err *err)
	__attribute__((warn_unused_result));

/* Wipes; its connection, if it still has one, is closed. */
void transfer_done(struct transfer *t);

/* Has pve_stop() been called? */
bool pve_stopping(void);

#endif
