/* SPDX-License-Identifier: MIT */
/* viewer_vnc - the browser's side of a screen: VNC authentication, then bytes as they are. */
#include "base/clock.h"
#include "base/log.h"
#include "session/front.h"
#include "session/penalty.h"
#include "session/viewer_impl.h"

enum {
	QUIET_MS = 5 * 60 * 1000,    /* QEMU's end cuts after 15 minutes without a byte */
	KEYLESS_MS = 10 * 60 * 1000, /* vncterm's after 30 without a key */
};

static int
open_vnc(struct viewer *v, struct err *err)
{
	const struct secret *password = &v->live->password;

	return rfb_server_init(&v->vnc.rfb, secret_peek(password), password->len, err);
}

static void
ready(struct viewer *v)
{
	v->vnc.moved_ms = v->vnc.keys_ms = clock_ms();
}

static void
prove(struct viewer *v, const unsigned char *data, size_t len, size_t *used)
{
	struct err err;
	int r, left_s;

	r = rfb_server_feed(&v->vnc.rfb, data, len, used, &err);
	front_kick(v->browser);
	if (r == RFB_DONE) {
		viewer_proven(v);
	} else if (r == ERR_REFUSED) {
		log_info(
			LOG_WS_PROXY, "%s: browser %llu: %s", viewer_session(v), viewer_number(v), err.text);
		(void)penalty_guess(v->live->env->penalty, &v->client, clock_ms(), &left_s);
		viewer_end(v, END_VIEWER_AUTH);
	} else if (r < 0) {
		viewer_garbled(v, &err);
	}
}

/* Everything that goes to the guest goes this way. */
static void
put(struct viewer *v, const void *data, size_t len)
{
	rfb_watch_client(&v->vnc.watch, data, len);
	viewer_put(v, data, len);
}

static void
receive(struct viewer *v, const struct viewer_piece *piece)
{
	const unsigned char *bytes = piece->data;
	size_t used = 0;

	if (!v->proven)
		prove(v, bytes, piece->len, &used);
	if (v->state != VIEWER_ENDING && used < piece->len)
		put(v, bytes + used, piece->len - used);
}

static void
readable(struct viewer *v)
{
	if (v->proven)
		front_kick(v->browser);
}

/* The handshake's bytes go out before anything from the guest. */
static struct chunk *
handshake_chunk(struct viewer *v)
{
	struct pipe_queue q = {0};

	if (pipe_put(&q, v->vnc.rfb.out, v->vnc.rfb.out_len) < 0) {
		viewer_end(v, END_INTERNAL);
		return NULL;
	}
	v->vnc.rfb.out_len = 0;
	return pipe_take(&q);
}

static struct chunk *
next(struct viewer *v)
{
	struct chunk *c;

	if (v->vnc.rfb.out_len > 0)
		return handshake_chunk(v);
	c = v->proven ? viewer_take(v) : NULL;
	if (c)
		rfb_watch_server(&v->vnc.watch, c->data, c->len);
	return c;
}

/* Has a count been the same for so long? */
static bool
rests(uint64_t *last, int64_t *since_ms, uint64_t count, int rest_ms)
{
	if (count != *last)
		*since_ms = clock_ms();
	*last = count;
	return clock_ms() - *since_ms >= rest_ms;
}

/*
 * In the middle of a message of the browser's nothing can be said. The next look is soon
 * enough: it is taken several times before the guest's end loses its patience.
 */
static void
keep(struct viewer *v)
{
	struct viewer_vnc *vnc = &v->vnc;
	uint64_t moved = v->pipe.to_pve.total + v->pipe.to_browser.total;
	bool quiet = rests(&vnc->moved, &vnc->moved_ms, moved, QUIET_MS);
	bool keyless = rests(&vnc->keys, &vnc->keys_ms, vnc->watch.keys, KEYLESS_MS);

	if (!rfb_watch_between(&vnc->watch))
		return;
	if (rfb_watch_is_vncterm(&vnc->watch)) {
		if (keyless)
			put(v, rfb_watch_shift, sizeof(rfb_watch_shift));
	} else if (quiet) {
		put(v, rfb_watch_request, sizeof(rfb_watch_request));
	}
}

static void
done(struct viewer *v)
{
	rfb_done(&v->vnc.rfb);
}

const struct viewer_side viewer_vnc = {
	.open = open_vnc,
	.ready = ready,
	.receive = receive,
	.readable = readable,
	.next = next,
	.keep = keep,
	.done = done,
};
