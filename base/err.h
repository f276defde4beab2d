/* SPDX-License-Identifier: MIT */
/*
 * err - what went wrong, as a code that the program acts on and a text for the log.
 *
 * A function that can fail returns 0 or one of the negative ERR_* codes. One
 * struct err is passed down a whole request; whoever detects the failure fills
 * it, nobody overwrites it on the way up. Its text is for the log only: what a
 * customer reads is chosen by the code (see session/end_tbl.h), so that no
 * internal name can leak.
 *
 * Threads: no state; a struct err belongs to its caller.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

/* code, what it means; the order fixes the values, append only */
#define ERR_TBL(X)                                              \
	X(ERR_MEMORY, "out of memory")                              \
	X(ERR_SYSTEM, "the operating system refused")               \
	X(ERR_INVALID, "input breaks a rule")                       \
	X(ERR_BUSY, "no capacity right now")                        \
	X(ERR_LIMIT, "a limit is reached")                          \
	X(ERR_GONE, "it has ended")                                 \
	X(ERR_NOT_FOUND, "no such thing")                           \
	X(ERR_NOT_RUNNING, "it exists but does not run")            \
	X(ERR_UNREACHABLE, "the peer cannot be reached")            \
	X(ERR_TIMEOUT, "the peer did not answer in time")           \
	X(ERR_UNTRUSTED, "the peer's certificate was not accepted") \
	X(ERR_REFUSED, "the peer answered no")                      \
	X(ERR_PROTOCOL, "the peer broke its protocol")              \
	X(ERR_STOPPING, "the program is stopping")                  \
	X(ERR_FORBIDDEN, "the target is not allowed")               \
	X(ERR_NEEDS_OTP, "the account needs a second factor")       \
	X(ERR_NEEDS_NODE, "the guest's node has to be named")       \
	X(ERR_NEEDS_PASSWORD, "only a password user may do that")   \
	X(ERR_NO_DEVICE, "the guest has no such device")

enum err_index {
#define X(code, text) code##_INDEX,
	ERR_TBL(X)
#undef X
		ERR_COUNT
};

enum err_code {
	ERR_OK = 0,
#define X(code, text) code = -(code##_INDEX + 1),
	ERR_TBL(X)
#undef X
};

struct err {
	int code;       /* 0 or ERR_* */
	char text[640]; /* one line, NUL-terminated, printable, no secret in it */
};

/* Fill *e (which may be NULL) and return code, so that callers can `return err_set(...)`. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same with ": <strerror(errno)>" appended; code is ERR_SYSTEM. */
int err_errno(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The name of a code, "ERR_BUSY"; "ERR_?" for a number that is none. Never NULL. */
const char *err_name(int code);

/* What a code means in general, from the table above. Never NULL. */
const char *err_meaning(int code);

#endif
