/* SPDX-License-Identifier: MIT */
/* viewer_vnc - the browser's side of a screen: VNC authentication, then bytes as they are. */
#include "base/clock.h"
#include "base/log.h"
#include "session/front.h"
#include "session/penalty.h"
#include "session/viewer_impl.h"

static int
open_vnc(struct viewer *v, struct err *err)
{
	const struct secret *password = &v->loop->password;

	return rfb_server_init(&v->vnc.rfb, secret_peek(password), password->len, err);
}

static void
ready(struct viewer *v)
{
	(void)v;
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
		(void)penalty_guess(v->loop->env->penalty, &v->client, clock_ms(), &left_s);
		viewer_end(v, END_VIEWER_AUTH);
	} else if (r < 0) {
		viewer_garbled(v, &err);
	}
}

static void
receive(struct viewer *v, const struct viewer_piece *piece)
{
	const unsigned char *bytes = piece->data;
	size_t used = 0;

	if (!v->proven)
		prove(v, bytes, piece->len, &used);
	if (v->state != VIEWER_ENDING && used < piece->len)
		viewer_put(v, bytes + used, piece->len - used);
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
	if (v->vnc.rfb.out_len > 0)
		return handshake_chunk(v);
	return v->proven ? viewer_take(v) : NULL;
}

static void
keep(struct viewer *v)
{
	(void)v;
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
