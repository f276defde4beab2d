/* SPDX-License-Identifier: MIT */
/*
 * multipart - the parts of a multipart/form-data body that is all in memory, pure.
 *
 * RFC 7578 over RFC 2046, with CRLF line ends as every client sends them.
 *
 * Threads: no state; an iterator belongs to its holder.
 */
#ifndef ROUTER_MULTIPART_H
#define ROUTER_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "router/header_value.h"

enum { MULTIPART_BOUNDARY_MAX = 70 }; /* RFC 2046, 5.1.1 */

struct multipart {
	char delimiter[4 + MULTIPART_BOUNDARY_MAX + 1]; /* CRLF, "--", boundary */
	const char *at, *end;
};

struct multipart_part {
	char name[HEADER_PARAM_SIZE];
	const char *data; /* borrowed from the body */
	size_t len;
};

/* Begin with the first part. 0, or ERR_INVALID with a text. */
int multipart_begin(struct multipart *m, const char *boundary, const char *body, size_t len,
	struct err *err) __attribute__((warn_unused_result));

/* Returns 1 and a part, 0 after the last one, or ERR_INVALID with a text. */
int multipart_next(struct multipart *m, struct multipart_part *out, struct err *err)
	__attribute__((warn_unused_result));

#endif
