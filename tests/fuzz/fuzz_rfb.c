/* SPDX-License-Identifier: MIT */
/*
 * Whatever the other side of an RFB handshake says, cut wherever the network likes: both
 * state machines come to the same verdict and say the same; the client proves the password
 * and asks for a shared screen, and nobody without the password is let in. The first byte of
 * the input chooses the side and the pieces; MARK in what a browser says becomes the right
 * response.
 */
#include "session/rfb.h"

#include <stdbool.h>

#include "tests/fuzz/fuzz_check.h"

static const char mark[] = "RESPONSERESPONSE", password[] = "password";

typedef int feed_function(
	struct rfb *r, const unsigned char *data, size_t len, size_t *used, struct err *err);

/* What a side came to. */
struct outcome {
	int result;
	size_t used;
	size_t said_len;
	uint8_t said[256];
};

static void
drain(struct rfb *r, struct outcome *o)
{
	CHECK(r->out_len <= sizeof(r->out) && o->said_len + r->out_len <= sizeof(o->said));
	memcpy(o->said + o->said_len, r->out, r->out_len);
	o->said_len += r->out_len;
	r->out_len = 0;
}

/* The state is copied, so that every way of cutting begins with the same challenge. */
static struct outcome
hear(feed_function *feed, struct rfb r, const uint8_t *data, size_t size, struct cuts cuts)
{
	struct outcome o = {.result = RFB_MORE};
	unsigned char *piece;
	size_t n, used;

	drain(&r, &o);
	while (size > 0 && o.result == RFB_MORE) {
		n = next_cut(&cuts, size);
		piece = malloc(n);
		CHECK(piece);
		memcpy(piece, data, n);
		o.result = feed(&r, piece, n, &used, NULL);
		free(piece);
		CHECK(used <= n && (o.result != RFB_MORE || used == n));
		o.used += used;
		data += n;
		size -= n;
		drain(&r, &o);
	}
	CHECK(o.result == RFB_MORE || o.result == RFB_DONE || o.result == ERR_REFUSED ||
		  o.result == ERR_PROTOCOL);
	if (o.result != RFB_MORE) {
		n = (size_t)feed(&r, (const unsigned char *)"x", 1, &used, NULL);
		CHECK(used == 0 && r.out_len == 0);
		CHECK(o.result == RFB_DONE ? (int)n == RFB_DONE : (int)n == ERR_PROTOCOL);
	}
	return o;
}

/* What the client says belongs to what it was told, byte for byte. */
static void
check_client(const struct outcome *o, const uint8_t *data, size_t size)
{
	const size_t types = 13, said_challenge = 13, said_init = 29;
	uint8_t response[RFB_CHALLENGE_SIZE];
	size_t challenge;

	CHECK(o->said_len <= said_init + 1);
	if (o->said_len > 0)
		CHECK(memcmp(o->said, "RFB 003.008\n", o->said_len < 12 ? o->said_len : 12) == 0);
	if (o->said_len > 12)
		CHECK(o->said[12] == 2 && memchr(data + types, 2, data[12]));
	if (o->said_len > said_challenge) {
		challenge = types + data[12];
		CHECK(rfb_des((const unsigned char *)password, data + challenge, response) == 0);
		CHECK(memcmp(o->said + said_challenge, response, sizeof(response)) == 0);
	}
	CHECK((o->result == RFB_DONE) == (o->said_len == said_init + 1));
	if (o->result == RFB_DONE) {
		CHECK(o->said[said_init] == 1 && o->used <= size);
		CHECK(memcmp(data + o->used - 4, "\0\0\0\0", 4) == 0);
	}
}

static struct outcome
check_all_cuts(
	feed_function *feed, const struct rfb *r, const uint8_t *data, size_t size, uint8_t seed)
{
	const struct outcome whole = hear(feed, *r, data, size, (struct cuts){CUT_NOWHERE, 0});
	struct outcome o;
	int how;

	for (how = CUT_EVERYWHERE; how <= CUT_SOMEWHERE; how++) {
		o = hear(feed, *r, data, size, (struct cuts){how, seed});
		CHECK(o.result == whole.result && o.used == whole.used && o.said_len == whole.said_len);
		CHECK(memcmp(o.said, whole.said, whole.said_len) == 0);
	}
	if (feed == rfb_client_feed)
		check_client(&whole, data, size);
	return whole;
}

/* Put the right response in the mark's place; is there one? */
static bool
put_response(const struct rfb *r, uint8_t *data, size_t size)
{
	uint8_t *at = memmem(data, size, mark, sizeof(mark) - 1);

	if (at)
		CHECK(rfb_des(r->password, r->challenge, at) == 0);
	return at != NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome o;
	struct rfb r;
	uint8_t *copy;
	bool proven;

	if (size < 2 || size > 200000)
		return 0;
	if (data[0] & 1) {
		rfb_client_init(&r, password, sizeof(password) - 1);
		(void)check_all_cuts(rfb_client_feed, &r, data + 1, size - 1, data[0]);
		return 0;
	}
	CHECK(rfb_server_init(&r, "Minted01", 8, NULL) == 0);
	copy = malloc(size - 1);
	CHECK(copy);
	memcpy(copy, data + 1, size - 1);
	proven = put_response(&r, copy, size - 1);
	o = check_all_cuts(rfb_server_feed, &r, copy, size - 1, data[0]);
	CHECK(o.result != RFB_DONE || proven);
	free(copy);
	return 0;
}
