/* SPDX-License-Identifier: MIT */
/* front_ws - what a browser's websocket receives, see front_impl.h */
#include "session/front_impl.h"

#include <string.h>

#include "session/viewer.h"

enum {
	SMALL = 2048,        /* keys and pointers come in less */
	A_TURN = 256 * 1024, /* bytes, before others have theirs */
	READS_A_TURN = 256,  /* for records of little */
};

static int
on_frame(struct front *f, const struct frame_event *event)
{
	const struct viewer_piece piece = {
		.data = event->data,
		.len = event->len,
		.frame_left = event->frame_left,
		.text = event->text,
		.last = event->last,
	};

	switch (event->kind) {
	case FRAME_IS_DATA:
		/* Of binary data only bytes count. */
		if (f->viewer && (piece.len > 0 || piece.text))
			viewer_receive(f->viewer, &piece);
		return 0;
	case FRAME_IS_PING:
		if (f->closed)
			return 0;
		memcpy(f->pong, event->data, event->len);
		f->pong_len = (unsigned char)event->len;
		f->pong_due = true;
		front_queue(f);
		return 0;
	case FRAME_IS_CLOSE:
		return front_answer_close(f, event->data, event->len);
	case FRAME_IS_PONG:
	case FRAME_NEED_MORE:
		break;
	}
	return 0;
}

/* Everything that has come is handed over, also when that is more than the viewer wants just now. */
static int
take(struct front *f, unsigned char *in, size_t len)
{
	struct frame_event event;
	size_t used;
	int r = 0;

	if (f->viewer)
		viewer_heard(f->viewer);
	do {
		if (f->parted)
			return 0;
		if (frame_next_masked(&f->parser, in, len, &used, &event, NULL) < 0) {
			f->parted = true;
			viewer_end(f->viewer, END_VIEWER_GARBLED);
			return 0;
		}
		in += used;
		len -= used;
		r = on_frame(f, &event);
	} while (r == 0 && len > 0);
	return r;
}

/* Where to receive into: much of it only for who sends much. */
static unsigned char *
room_for(struct front *f, unsigned char small[SMALL], bool much, size_t *size)
{
	unsigned char *scratch = much ? thread_scratch(f->live->thread) : NULL;

	*size = scratch ? THREAD_SCRATCH : SMALL;
	return scratch ? scratch : small;
}

static int
receive(struct front *f)
{
	unsigned char small[SMALL], *room;
	size_t size, total = 0;
	bool full = f->bulk;
	ssize_t n = 1;
	int reads;

	for (reads = 0; reads < READS_A_TURN && !f->paused && total < A_TURN; reads++) {
		room = room_for(f, small, full, &size);
		n = stream_read(&f->stream, room, size);
		if (n == STREAM_OVER)
			return -1;
		if (n == STREAM_AGAIN)
			break;
		if (take(f, room, (size_t)n) < 0)
			return -1;
		if (f->state != FRONT_OPEN)
			return 0;
		total += (size_t)n;
		full |= (size_t)n == size;
	}
	f->bulk = total > SMALL;
	f->again = n != STREAM_AGAIN && stream_holds(&f->stream);
	if (f->again && !f->paused)
		front_queue(f);
	return 0;
}

int
front_receive(struct front *f)
{
	if (!f->paused)
		return receive(f);
	/* Still: then it is not watched until it goes on, or it would be told of in each turn. */
	f->unread = true;
	front_want(f);
	return 0;
}

int
front_open(struct front *f, const struct ip *client)
{
	int r;

	f->state = FRONT_OPEN;
	poller_stop_timer(f->live->poller, &f->deadline);
	front_want(f);
	f->viewer = viewer_new(f->live, f, client);
	if (!f->viewer)
		return -1;
	r = f->said.len > 0 ? take(f, (unsigned char *)f->said.data, f->said.len) : 0;
	buf_done(&f->said);
	f->again = stream_holds(&f->stream);
	front_queue(f);
	return r;
}
