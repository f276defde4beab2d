/* SPDX-License-Identifier: MIT */
/*
 * listen - the router's listening socket.
 *
 * Threads: no state.
 */
#ifndef ROUTER_LISTEN_H
#define ROUTER_LISTEN_H

#include <stdint.h>

#include "base/err.h"

/*
 * Bind and listen; "::" takes IPv4 too. port 0 is for tests: any.
 * Returns 0 and a descriptor of the caller's, or ERR_SYSTEM with a text that names the keys.
 */
int listen_open(const char *address, uint16_t port, int *out, struct err *err)
	__attribute__((warn_unused_result));

#endif
