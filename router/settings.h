/* SPDX-License-Identifier: MIT */
/*
 * settings - what SIGHUP may change for requests, as one immutable object.
 *
 * Made from the configuration, shared by reference count. A request takes a
 * reference when its head is there, so that one set judges and answers it.
 *
 * Threads: any; settings_ref() and settings_unref() are atomic.
 */
#ifndef ROUTER_SETTINGS_H
#define ROUTER_SETTINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "router/config.h"
#include "router/conns.h"

/* Content-Security-Policy by what an answer has in it. */
enum settings_policy {
	POLICY_BARE,    /* nothing that a browser would act on */
	POLICY_NOTICE,  /* our style sheet */
	POLICY_CONFIRM, /* and the page's script and form, see notice.h */
	POLICY_COUNT,
};

struct settings {
	atomic_uint refs;
	struct buf link_base; /* what links begin with, as it stands in JSON's quotes */
	struct buf policies[POLICY_COUNT];
	struct access *access; /* a reference */
	int token_ttl_s;
	int hsts_max_age_s; /* 0: none */
	bool tls;           /* the router's own port speaks it */
	bool confirm;       /* a link opens by a POST, which a page sends */
	bool node_shells;   /* may be asked for */
	size_t head_max, body_max;
	struct conns_limits conns;
};

/*
 * Of the configuration that is read now; what can't change is taken from running. access is
 * that of the same configuration, and referenced. 0 or ERR_MEMORY.
 */
int settings_new(const struct config *running, const struct config *now, struct access *access,
	struct settings **out, struct err *err) __attribute__((warn_unused_result));
struct settings *settings_ref(struct settings *settings);
void settings_unref(struct settings *settings); /* NULL is fine */

#endif
