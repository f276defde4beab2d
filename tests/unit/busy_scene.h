/* SPDX-License-Identifier: MIT */
/*
 * busy_scene - a connection that is never done, and somebody who waits beside it.
 *
 * It takes the place of session/stream.c: a far side that has always more to say, and takes
 * whatever it is told. So it brings functions that are not static, and one file of a test program
 * includes it.
 *
 * Threads: none but the test's.
 */
#ifndef TESTS_UNIT_BUSY_SCENE_H
#define TESTS_UNIT_BUSY_SCENE_H

#include "tests/unit/poller_scene.h"

#include "session/live.h"
#include "session/stream.h"

/*
 * What one connection may do in a turn, in orders of magnitude: for somebody who waits it is well
 * below a hundredth of a second. NEVER is what is taken for "without an end".
 */
enum { TURN_BYTES = 1 << 20, TURN_CALLS = 1000, NEVER = 64 * TURN_CALLS, TURNS = 10 };

/* What the far side says, over and over, at most piece bytes of it in a read (a record of TLS). */
static struct {
	const unsigned char *text;
	size_t len, at, piece;
} saying;

static struct {
	unsigned reads, writes, handshakes;
	size_t bytes; /* read */
} done;           /* in this turn */

static struct ear neighbour = {.name = 'n'};
static int beside[2];

int
stream_open(struct stream *s, struct poller *p, int fd, SSL *ssl, unsigned wanted,
	void (*ready)(void *arg, unsigned what), void *arg, struct err *err)
{
	*s = (struct stream){.poller = p, .fd = fd, .ssl = ssl};
	return poller_watch(p, &s->watch, fd, wanted, ready, arg, err);
}

void
stream_close(struct stream *s)
{
	if (!s->poller)
		return;
	poller_unwatch(s->poller, &s->watch);
	close(s->fd);
	*s = (struct stream){.poller = NULL};
}

void
stream_want(struct stream *s, unsigned wanted)
{
	poller_want(s->poller, &s->watch, wanted);
}

int
stream_shake(struct stream *s)
{
	(void)s;
	done.handshakes++;
	return STREAM_AGAIN;
}

ssize_t
stream_read(struct stream *s, void *data, size_t size)
{
	unsigned char *to = data;
	size_t n = size < saying.piece ? size : saying.piece, i;

	(void)s;
	if (saying.len == 0)
		return STREAM_AGAIN;
	for (i = 0; i < n; i++)
		to[i] = saying.text[saying.at++ % saying.len];
	done.bytes += n;
	if (++done.reads > NEVER)
		fail_msg("it reads without an end");
	return (ssize_t)n;
}

bool
stream_holds(const struct stream *s)
{
	(void)s;
	return saying.len > 0;
}

ssize_t
stream_write(struct stream *s, const struct iovec *parts, size_t count)
{
	size_t n = 0, i;

	(void)s;
	for (i = 0; i < count; i++)
		n += parts[i].iov_len;
	if (++done.writes > NEVER)
		fail_msg("it writes without an end");
	return (ssize_t)n;
}

bool
stream_full(const struct stream *s)
{
	(void)s;
	return false;
}

void
stream_finish(struct stream *s)
{
	(void)s;
}

/* From now on the far side says this. */
static inline void
says(const void *text, size_t len, size_t piece)
{
	saying.text = text;
	saying.len = len;
	saying.at = 0;
	saying.piece = piece;
}

/* A turn: who waits beside the busy one is heard in it, and the busy one has stopped in time. */
static inline void
fair_turn(void)
{
	memset(&done, 0, sizeof(done));
	assert_turn("n");
	assert_in_range(done.bytes, 0, TURN_BYTES);
	assert_in_range(done.reads, 0, TURN_CALLS);
	assert_in_range(done.writes, 0, TURN_CALLS);
}

/* Some of them, in each of which the busy one has gone on reading. */
static inline void
fair_turns(void)
{
	for (int i = 0; i < TURNS; i++) {
		fair_turn();
		assert_true(done.reads > 0);
	}
}

static inline void
begin_beside(void)
{
	says(NULL, 0, 0);
	connect_pair(beside);
	say(beside[1]);
	watch(&neighbour, beside[0], POLLER_IN);
}

static inline void
end_beside(void)
{
	poller_unwatch(&poller, &neighbour.watch);
	close(beside[0]);
	close(beside[1]);
}

#endif
