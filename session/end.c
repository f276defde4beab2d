/* SPDX-License-Identifier: MIT */
#include "session/end.h"

#include <assert.h>

#include "base/err.h"

static const struct end_row rows[END_COUNT] = {
#define X(id, reason, log, http, close, customer) {#id, reason, log, http, close, customer},
	END_TBL(X)
#undef X
};

const struct end_row *
end_row(enum end end)
{
	assert(end < END_COUNT);
	return &rows[end];
}

enum end
end_of_err(int code)
{
	switch (code) {
	case ERR_BUSY:
	case ERR_LIMIT:
		return END_LIMIT;
	case ERR_NOT_FOUND:
		return END_GUEST_NONE;
	case ERR_NOT_RUNNING:
		return END_GUEST_OFF;
	case ERR_UNREACHABLE:
		return END_UNREACHABLE;
	case ERR_TIMEOUT:
		return END_TIMEOUT;
	case ERR_UNTRUSTED:
		return END_UNTRUSTED;
	case ERR_FORBIDDEN:
		return END_FORBIDDEN;
	case ERR_REFUSED:
		return END_REFUSED;
	case ERR_NEEDS_OTP:
		return END_NEEDS_OTP;
	case ERR_NEEDS_NODE:
		return END_NEEDS_NODE;
	case ERR_NEEDS_PASSWORD:
		return END_NEEDS_PASSWORD;
	case ERR_NO_DEVICE:
		return END_NO_DEVICE;
	case ERR_PROTOCOL:
		return END_GARBLED;
	case ERR_STOPPING:
		return END_STOPPING;
	default:
		return END_INTERNAL;
	}
}
