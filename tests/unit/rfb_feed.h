/* SPDX-License-Identifier: MIT */
/*
 * rfb_feed - let one side of an RFB handshake hear bytes, and see what it says.
 *
 * Threads: no state.
 */
#ifndef TESTS_UNIT_RFB_FEED_H
#define TESTS_UNIT_RFB_FEED_H

#include <string.h>

#include "session/rfb.h"
#include "tests/unit/torture.h"

/* DES of zeroes under "password", twice: what answers a challenge of zeroes. */
static const unsigned char zero_response[] =
	"\xff\x97\x50\x2e\x94\x22\xf0\x89\xff\x97\x50\x2e\x94\x22\xf0\x89";

/* What a server of 3.8 says to a client that knows its password; the challenge is all zero. */
static const unsigned char server_says[] = "RFB 003.008\n"
										   "\x01\x02"
										   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
										   "\0\0\0\0";
enum { SERVER_SAYS = sizeof(server_says) - 1 };

typedef int feed_function(
	struct rfb *r, const unsigned char *data, size_t len, size_t *used, struct err *err);

/* Feed text of len bytes; all must be taken unless it is over. */
static inline int
feed(feed_function *fn, struct rfb *r, const void *data, size_t len)
{
	struct err err = {0};
	size_t used = 0;
	int result = fn(r, data, len, &used, &err);

	assert_int_equal(result < 0 ? result : 0, err.code);
	assert_true(used <= len);
	if (result == RFB_MORE)
		assert_int_equal(used, len);
	return result;
}

static inline int
client_hears(struct rfb *r, const void *data, size_t len)
{
	return feed(rfb_client_feed, r, data, len);
}

static inline int
server_hears(struct rfb *r, const void *data, size_t len)
{
	return feed(rfb_server_feed, r, data, len);
}

static inline void
server_for_test(struct rfb *r, const char *password)
{
	assert_int_equal(rfb_server_init(r, password, strlen(password), NULL), 0);
}

static inline void
client_for_test(struct rfb *r, const char *password)
{
	rfb_client_init(r, password, strlen(password));
}

/* What is waiting to be sent must be exactly this; then it is sent. */
static inline void
assert_says(struct rfb *r, const void *data, size_t len)
{
	assert_int_equal(r->out_len, len);
	assert_memory_equal(r->out, data, len);
	r->out_len = 0;
}

#endif
