/* SPDX-License-Identifier: MIT */
/* A Proxmox that is never done holds up nobody else of its loop. */
#include "session/back_impl.h"

#include "tests/unit/busy_scene.h"

enum { LITTLE = 5, CHUNKS = 4 * TURN_CALLS };

static struct session session;
static struct live live = {.poller = &poller, .session = &session};
static struct pipe pipes;
static struct back back;
static int line[2];
static bool keeps_up; /* the browser does */
static size_t taken;  /* by it */

void
live_left(struct live *l)
{
	(void)l;
}

/* As back.c has it. */
static void
on_ready(void *arg, unsigned what)
{
	assert_ptr_equal(arg, &back);
	if (what & POLLER_OUT)
		back.blocked = false;
	if ((what & POLLER_OUT) && back_flush(&back) < 0)
		return;
	if ((what & POLLER_IN) && !back.again.run)
		assert_int_equal(back_receive(&back), 0);
}

static void
on_readable(void *arg)
{
	struct chunk *c;

	(void)arg;
	while (keeps_up && (c = pipe_take(&pipes.to_browser)) != NULL) {
		taken += c->len;
		chunk_free(c);
	}
}

static void
on_writable(void *arg)
{
	(void)arg;
}

static void
on_ended(void *arg, enum end end, const struct err *err)
{
	(void)arg;
	fail_msg("ended for %d: %s", (int)end, err->text);
}

static const struct back_events events = {
	.ended = on_ended, .readable = on_readable, .writable = on_writable};

static int
meet(void **state)
{
	assert_int_equal(set_up(state), 0);
	begin_beside();
	connect_pair(line);
	say(line[1]);
	pipes = (struct pipe){.to_browser = {.first = NULL}};
	keeps_up = true;
	taken = 0;
	back = (struct back){.state = BACK_RELAYING,
		.live = &live,
		.pipe = &pipes,
		.events = &events,
		.kind = PVE_CONSOLE_VNC};
	return stream_open(&back.stream, &poller, line[0], NULL, POLLER_IN, on_ready, &back, NULL);
}

static int
part(void **state)
{
	poller_drop(&poller, &back.flush);
	poller_drop(&poller, &back.again);
	stream_close(&back.stream);
	buf_done(&back.out);
	chunk_free(back.chunk);
	pipe_done(&pipes);
	close(line[1]);
	end_beside();
	return tear_down(state);
}

/* ---- receiving ---- */

/* Of a frame as long as payload. */
static void
says_data(size_t payload, size_t piece)
{
	static unsigned char frame[FRAME_PLAIN_HEAD_MAX + PIPE_CHUNK];
	size_t head = frame_build_plain(frame + FRAME_PLAIN_HEAD_MAX, payload, FRAME_BINARY);

	says(frame + FRAME_PLAIN_HEAD_MAX - head, head + payload, piece);
}

static void
pings_without_an_end_leave_each_turn_to_others(void **state)
{
	(void)state;
	says("\x89", 2, SIZE_MAX);
	fair_turns();
}

static void
so_do_frames_of_nothing(void **state)
{
	(void)state;
	says("\x82", 2, SIZE_MAX);
	fair_turns();
	saying.piece = LITTLE;
	fair_turns();
}

static void
and_bytes_one_at_a_time(void **state)
{
	(void)state;
	says_data(1, 1);
	fair_turns();
	assert_true(pipes.to_browser.total > 0);
}

/* ... and is not told to pause, which would cost it a round. */
static void
so_does_a_screen_that_moves_as_fast_as_it_is_shown(void **state)
{
	static const size_t records[] = {PIPE_CHUNK, PIPE_CHUNK / 3, SIZE_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		says_data(PIPE_CHUNK, records[i]);
		back.parser = (struct frame_parser){0};
		for (int t = 0; t < TURNS; t++) {
			taken = 0;
			fair_turn();
			/* In the first one it is told of twice. */
			assert_in_range(taken, PIPE_CHUNK, t == 0 ? 2 * PIPE_HIGH : PIPE_HIGH);
			assert_false(back.paused);
		}
	}
}

static void
and_one_that_is_not_taken_waits_for_it(void **state)
{
	(void)state;
	keeps_up = false;
	says_data(PIPE_CHUNK, PIPE_CHUNK);
	for (int t = 0; t < TURNS; t++)
		fair_turn();
	assert_int_equal(done.reads, 0);
	assert_true(back.paused);
}

/* ---- sending ---- */

static void
what_waits_in_many_pieces_leaves_in_some_turns(void **state)
{
	int turns = 0;

	(void)state;
	for (int i = 0; i < CHUNKS; i++)
		assert_int_equal(pipe_put_first(&pipes.to_pve, "x", 1), 0);
	back_kick(&back);
	while (pipes.to_pve.first != NULL) {
		fair_turn();
		assert_true(done.writes > 0 && turns++ < CHUNKS);
	}
	assert_int_equal(atomic_load(&session.to_pve), CHUNKS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pings_without_an_end_leave_each_turn_to_others, meet, part),
		cmocka_unit_test_setup_teardown(so_do_frames_of_nothing, meet, part),
		cmocka_unit_test_setup_teardown(and_bytes_one_at_a_time, meet, part),
		cmocka_unit_test_setup_teardown(
			so_does_a_screen_that_moves_as_fast_as_it_is_shown, meet, part),
		cmocka_unit_test_setup_teardown(and_one_that_is_not_taken_waits_for_it, meet, part),
		cmocka_unit_test_setup_teardown(what_waits_in_many_pieces_leaves_in_some_turns, meet, part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
