/* SPDX-License-Identifier: MIT */
/*
 * create_body - from the body of POST /create to what it asks for, pure.
 *
 * Three forms: a multipart or urlencoded field "params" that holds a JSON
 * object, or the object itself. A text in struct err names the field and goes to
 * the caller; it quotes no value.
 *
 * Threads: no state.
 */
#ifndef ROUTER_CREATE_BODY_H
#define ROUTER_CREATE_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "session/grant.h"

enum create_body_form {
	CREATE_BODY_UNKNOWN,
	CREATE_BODY_JSON,
	CREATE_BODY_URLENCODED,
	CREATE_BODY_MULTIPART,
};

enum { CREATE_PASSWORD_MAX = 1024 };

/* The form that a Content-Type (NULL: none) announces; a text for CREATE_BODY_UNKNOWN. */
enum create_body_form create_body_form(const char *content_type, struct err *err);

/* What this gateway lets backends ask for. */
struct create_allowed {
	bool node_shells;
	bool terminals; /* it has a page for them */
};

/* What a body asks for. */
struct create_order {
	struct grant *grant;
	bool verify;            /* try it before the link is given out */
	const char *credential; /* the fields that it came in, to name them: "username, password" */
};

/* Wipe and free; *order is empty afterwards. */
void create_order_done(struct create_order *order);

/*
 * Read a body. Returns 0 and an order for create_order_done(), ERR_INVALID (also for what is
 * not allowed), or ERR_MEMORY.
 */
int create_body_read(const char *content_type, const char *body, size_t len,
	const struct create_allowed *allowed, struct create_order *out, struct err *err)
	__attribute__((warn_unused_result));

/* The same for the JSON text alone, see create_params.c. */
int create_params_read(const char *text, size_t len, const struct create_allowed *allowed,
	struct create_order *out, struct err *err) __attribute__((warn_unused_result));

#endif
