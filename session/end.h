/* SPDX-License-Identifier: MIT */
/*
 * end - the rows of end_tbl.h, and which of them an error code leads to.
 *
 * Threads: any; constant data.
 */
#ifndef SESSION_END_H
#define SESSION_END_H

#include "session/end_tbl.h"

enum end {
#define X(id, reason, log, http, close, customer) id,
	END_TBL(X)
#undef X
		END_COUNT
};

struct end_row {
	const char *name;   /* "END_REFUSED" */
	const char *reason; /* for a backend: one word, which never changes its meaning */
	const char *log;
	int http_status;
	int close_code; /* 0: no Close frame of ours */
	const char *customer;
};

/* The row of a reason; never NULL. */
const struct end_row *end_row(enum end end);

/* The reason that a customer is given for a failed call (ERR_*). */
enum end end_of_err(int code);

#endif
