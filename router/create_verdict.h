/* SPDX-License-Identifier: MIT */
/*
 * create_verdict - what a backend is told when its order was tried, and failed.
 *
 * Threads: no state.
 */
#ifndef ROUTER_CREATE_VERDICT_H
#define ROUTER_CREATE_VERDICT_H

#include "router/create_body.h"
#include "session/end.h"

/*
 * One row for each way to fail: id in end_tbl.h, status of the answer, what of the order to look
 * at. 400: for the backend to correct; 502: Proxmox, or the way to it; 503: ours, and worth
 * another try. A reason without a row is like END_INTERNAL.
 */
/* clang-format off */
#define CREATE_VERDICT_TBL(X) \
	X(END_REFUSED, 400, CREDENTIAL) \
	X(END_NEEDS_OTP, 400, OTP) \
	X(END_NEEDS_NODE, 400, NODE) \
	X(END_NEEDS_PASSWORD, 400, CREDENTIAL) \
	X(END_GUEST_NONE, 400, GUEST) \
	X(END_GUEST_OFF, 400, GUEST) \
	X(END_NO_DEVICE, 400, SERIAL) \
	X(END_FORBIDDEN, 400, HOSTNAME) \
	X(END_UNREACHABLE, 502, NOTHING) \
	X(END_TIMEOUT, 502, NOTHING) \
	X(END_UNTRUSTED, 502, NOTHING) \
	X(END_GARBLED, 502, NOTHING) \
	X(END_LIMIT, 503, NOTHING) \
	X(END_STOPPING, 503, NOTHING) \
	X(END_INTERNAL, 503, NOTHING)
/* clang-format on */

struct create_verdict {
	int status;
	const char *field; /* "username, password"; NULL: none is to blame */
};

/* target and credential are those of the order, see create_body.h. */
struct create_verdict create_verdict_of(
	enum end end, const struct pve_target *target, const char *credential);

#endif
