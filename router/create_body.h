/* SPDX-License-Identifier: MIT */
/*
 * create_body - from the body of POST /create to a grant, pure.
 *
 * Three forms: a multipart or urlencoded field "params" that holds a JSON
 * object, or the object itself. A text in struct err names the field and goes to
 * the caller; it quotes no value.
 *
 * Threads: no state.
 */
#ifndef ROUTER_CREATE_BODY_H
#define ROUTER_CREATE_BODY_H

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

/* Read a body. Returns 0 and a grant of the caller's, ERR_INVALID, or ERR_MEMORY. */
int create_body_read(const char *content_type, const char *body, size_t len, struct grant **out,
	struct err *err) __attribute__((warn_unused_result));

/* The same for the JSON text alone, see create_params.c. */
int create_params_read(const char *text, size_t len, struct grant **out, struct err *err)
	__attribute__((warn_unused_result));

#endif
