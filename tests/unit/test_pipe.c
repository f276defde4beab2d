/* SPDX-License-Identifier: MIT */
#include "session/pipe.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/torture.h"

static unsigned char bytes[4 * PIPE_HIGH];

static int
fill_with_pattern(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 31 + (i >> 8));
	return 0;
}

/* Take the first chunk, check that it holds what comes at offset, free it; returns its length. */
static size_t
take_at(struct pipe_queue *q, size_t offset)
{
	struct chunk *c = pipe_take(q);
	size_t n;

	if (!c)
		return 0;
	n = c->len;
	assert_true(n > 0 && n <= PIPE_CHUNK);
	assert_null(c->next);
	assert_memory_equal(c->data, bytes + offset, n);
	chunk_free(c);
	return n;
}

static void
an_empty_queue_has_nothing(void **state)
{
	struct pipe_queue q = {0};

	(void)state;
	assert_null(pipe_take(&q));
	assert_false(pipe_may_resume(&q));
	assert_int_equal(pipe_put(&q, NULL, 0), PIPE_OK);
	assert_null(pipe_take(&q));
	assert_int_equal(q.bytes, 0);
	assert_int_equal(q.total, 0);
	chunk_free(NULL);
}

static void
what_is_put_is_a_copy(void **state)
{
	struct pipe_queue q = {0};
	char text[] = "text";
	struct chunk *c;

	(void)state;
	assert_int_equal(pipe_put(&q, text, 4), PIPE_OK);
	memset(text, 'x', 4);
	c = pipe_take(&q);
	assert_int_equal(c->len, 4);
	assert_memory_equal(c->data, "text", 4);
	chunk_free(c);
}

static void
small_pieces_leave_as_one_chunk(void **state)
{
	struct pipe_queue q = {0};
	size_t i;

	(void)state;
	for (i = 0; i < PIPE_SMALL; i++)
		assert_int_equal(pipe_put(&q, bytes + i, 1), PIPE_OK);
	assert_int_equal(take_at(&q, 0), PIPE_SMALL);
	assert_null(pipe_take(&q));
}

static void
many_small_pieces_leave_as_a_small_chunk_and_a_large_one(void **state)
{
	struct pipe_queue q = {0};
	size_t i;

	(void)state;
	for (i = 0; i < PIPE_SMALL + PIPE_CHUNK; i++)
		assert_int_equal(pipe_put(&q, bytes + i, 1), PIPE_OK);
	assert_int_equal(take_at(&q, 0), PIPE_SMALL);
	assert_int_equal(take_at(&q, PIPE_SMALL), PIPE_CHUNK);
	assert_null(pipe_take(&q));
}

static void
a_queue_whose_sender_is_stuck_asks_for_a_pause_at_the_low_mark(void **state)
{
	struct pipe_queue q = {.stuck = true};

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, PIPE_LOW - 1), PIPE_OK);
	assert_int_equal(pipe_put(&q, bytes, 1), PIPE_PAUSE);
	q.stuck = false;
	assert_true(pipe_may_resume(&q));
	assert_int_equal(pipe_put(&q, bytes, 1), PIPE_OK);
	pipe_drop(&q);
}

static void
a_chunk_is_filled_before_the_next_begins(void **state)
{
	struct pipe_queue q = {0};

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, PIPE_CHUNK - 1), PIPE_OK);
	assert_int_equal(pipe_put(&q, bytes + PIPE_CHUNK - 1, 3), PIPE_OK);
	assert_int_equal(take_at(&q, 0), PIPE_CHUNK);
	assert_int_equal(take_at(&q, PIPE_CHUNK), 2);
	assert_null(pipe_take(&q));
}

static void
bytes_come_out_as_they_went_in_whatever_the_pieces(void **state)
{
	struct pipe_queue q = {0};
	size_t size, in, out, n;

	(void)state;
	for (size = 1; size < 3 * PIPE_CHUNK; size = size * 3 + 1) {
		for (in = out = 0; in < 2 * PIPE_HIGH; in += n) {
			n = size < 2 * PIPE_HIGH - in ? size : 2 * PIPE_HIGH - in;
			if (pipe_put(&q, bytes + in, n) == PIPE_PAUSE)
				out += take_at(&q, out);
		}
		while ((n = take_at(&q, out)) > 0)
			out += n;
		assert_int_equal(out, 2 * PIPE_HIGH);
		assert_int_equal(q.bytes, 0);
	}
}

static void
a_queue_that_was_emptied_works_on(void **state)
{
	struct pipe_queue q = {0};
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(pipe_put(&q, bytes, 10), PIPE_OK);
		assert_int_equal(take_at(&q, 0), 10);
		assert_null(pipe_take(&q));
	}
}

static void
a_detached_chunk_is_not_written_to_any_more(void **state)
{
	struct pipe_queue q = {0};
	struct chunk *c;

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, 10), PIPE_OK);
	c = pipe_take(&q);
	assert_int_equal(pipe_put(&q, bytes + 10, 10), PIPE_OK);
	assert_int_equal(c->len, 10);
	assert_int_equal(take_at(&q, 10), 10);
	chunk_free(c);
}

static void
a_chunk_has_room_for_a_head_directly_in_front(void **state)
{
	struct pipe_queue q = {0};
	struct chunk *c;

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, 100), PIPE_OK);
	c = pipe_take(&q);
	memset(c->head, 'h', PIPE_HEADROOM);
	assert_ptr_equal(c->head + PIPE_HEADROOM, c->data);
	assert_memory_equal(c->data, bytes, 100);
	chunk_free(c);
}

static void
it_counts_what_waits_and_what_was_ever_put(void **state)
{
	struct pipe_queue q = {0};

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, 20000), PIPE_OK);
	assert_int_equal(q.bytes, 20000);
	assert_int_equal(q.total, 20000);
	take_at(&q, 0);
	assert_int_equal(q.bytes, 20000 - PIPE_CHUNK);
	assert_int_equal(q.total, 20000);
	assert_int_equal(pipe_put(&q, bytes, 5), PIPE_OK);
	assert_int_equal(q.total, 20005);
	while (q.bytes > 0)
		chunk_free(pipe_take(&q));
	assert_int_equal(q.total, 20005);
}

static void
it_pauses_exactly_at_the_high_mark(void **state)
{
	struct pipe_queue q = {0};

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, PIPE_HIGH - 1), PIPE_OK);
	assert_int_equal(pipe_put(&q, bytes, 1), PIPE_PAUSE);
	assert_int_equal(q.bytes, PIPE_HIGH);
	while (q.bytes > 0)
		chunk_free(pipe_take(&q));
}

static void
what_comes_while_paused_is_taken_and_asks_for_a_pause_again(void **state)
{
	struct pipe_queue q = {0};
	size_t out = 0;

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, PIPE_HIGH), PIPE_PAUSE);
	out += take_at(&q, out);
	assert_int_equal(pipe_put(&q, bytes + PIPE_HIGH, 10), PIPE_PAUSE);
	assert_int_equal(q.total, PIPE_HIGH + 10);
	while (q.bytes > 0)
		out += take_at(&q, out);
	assert_int_equal(out, PIPE_HIGH + 10);
}

static void
the_source_may_go_on_once_at_the_low_mark(void **state)
{
	struct pipe_queue q = {0};
	size_t out = 0;

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, PIPE_HIGH + 1), PIPE_PAUSE);
	assert_false(pipe_may_resume(&q));
	while (q.bytes > PIPE_LOW) {
		assert_false(pipe_may_resume(&q));
		out += take_at(&q, out);
	}
	assert_true(pipe_may_resume(&q));
	assert_false(pipe_may_resume(&q));
	assert_int_equal(pipe_put(&q, bytes + PIPE_HIGH + 1, 1), PIPE_OK);
	while (q.bytes > 0)
		out += take_at(&q, out);
	assert_false(pipe_may_resume(&q));
}

static void
exactly_the_low_mark_is_low_enough(void **state)
{
	struct pipe_queue q = {0};

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, 4 * PIPE_CHUNK), PIPE_PAUSE);
	while (q.bytes > PIPE_LOW)
		chunk_free(pipe_take(&q));
	assert_int_equal(q.bytes, PIPE_LOW);
	assert_true(pipe_may_resume(&q));
	chunk_free(pipe_take(&q));
}

static void
a_chunk_that_is_not_full_waits_while_more_is_in_hand(void **state)
{
	struct pipe_queue q = {.more = true};

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, PIPE_CHUNK + 1), PIPE_OK);
	assert_int_equal(take_at(&q, 0), PIPE_CHUNK);
	assert_null(pipe_take(&q));
	assert_int_equal(q.bytes, 1);
	q.more = false;
	assert_int_equal(take_at(&q, PIPE_CHUNK), 1);
	q.more = true;
	assert_int_equal(pipe_put(&q, bytes, 1), PIPE_OK);
	pipe_drop(&q);
	assert_int_equal(q.bytes, 0);
}

static void
what_is_put_straight_into_its_room_comes_out_like_the_rest(void **state)
{
	struct pipe_queue q = {0};
	unsigned char *room;
	size_t size, n;

	(void)state;
	for (n = 0; n < 2 * PIPE_CHUNK; n += size) {
		if (n == PIPE_CHUNK / 2)
			assert_int_equal(pipe_put(&q, bytes + n, 10), PIPE_OK);
		n = q.bytes;
		room = pipe_room(&q, &size);
		assert_non_null(room);
		assert_in_range(size, 1, PIPE_CHUNK);
		size = size > PIPE_CHUNK / 2 ? PIPE_CHUNK / 2 : size;
		memcpy(room, bytes + n, size);
		assert_int_equal(pipe_filled(&q, size), PIPE_OK);
	}
	assert_int_equal(q.total, q.bytes);
	for (n = 0; q.bytes > 0; n += size)
		size = take_at(&q, n);
	assert_true(n >= 2 * PIPE_CHUNK);
}

static void
room_that_is_not_used_is_gone(void **state)
{
	struct pipe_queue q = {0};
	size_t size;

	(void)state;
	assert_non_null(pipe_room(&q, &size));
	assert_int_equal(size, PIPE_CHUNK);
	assert_int_equal(pipe_filled(&q, 0), PIPE_OK);
	assert_null(pipe_take(&q));
	assert_null(q.spare);
}

static void
room_that_is_used_counts_for_the_high_mark(void **state)
{
	struct pipe_queue q = {0};
	size_t size;

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, 3 * PIPE_CHUNK), PIPE_OK);
	assert_non_null(pipe_room(&q, &size));
	assert_int_equal(pipe_filled(&q, size), PIPE_PAUSE);
	pipe_drop(&q);
}

static void
a_queue_that_was_never_paused_never_says_go_on(void **state)
{
	struct pipe_queue q = {0};

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, PIPE_HIGH - 1), PIPE_OK);
	while (q.bytes > 0) {
		chunk_free(pipe_take(&q));
		assert_false(pipe_may_resume(&q));
	}
}

static void
a_source_that_obeys_is_bounded_by_the_high_mark_and_one_receive(void **state)
{
	enum { RECEIVE = 9000 };
	struct pipe_queue q = {0};
	size_t most = 0;
	bool may_send = true;
	int i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		if (may_send)
			may_send = pipe_put(&q, bytes, RECEIVE) == PIPE_OK;
		most = q.bytes > most ? q.bytes : most;
		if (i % 4 == 0)
			chunk_free(pipe_take(&q));
		if (pipe_may_resume(&q))
			may_send = true;
	}
	assert_true(most >= PIPE_HIGH && most < PIPE_HIGH + RECEIVE);
	while (q.bytes > 0)
		chunk_free(pipe_take(&q));
}

static void
what_must_not_be_parted_begins_a_chunk_when_the_last_has_no_room(void **state)
{
	struct pipe_queue q = {0};
	struct chunk *c;

	(void)state;
	assert_int_equal(pipe_put_whole(&q, bytes, PIPE_CHUNK - 14), PIPE_OK);
	assert_int_equal(pipe_put(&q, bytes, 10), PIPE_OK);
	assert_int_equal(pipe_put_whole(&q, "fits", 4), PIPE_OK);
	assert_ptr_equal(q.first, q.last);
	pipe_drop(&q);
	assert_int_equal(pipe_put(&q, bytes, PIPE_CHUNK - 3), PIPE_OK);
	assert_int_equal(pipe_put_whole(&q, "does not", 8), PIPE_OK);
	assert_int_equal(take_at(&q, 0), PIPE_CHUNK - 3);
	c = pipe_take(&q);
	assert_int_equal(c->len, 8);
	assert_memory_equal(c->data, "does not", 8);
	chunk_free(c);
	assert_int_equal(q.bytes, 0);
}

static void
what_is_put_first_leaves_first(void **state)
{
	struct pipe_queue q = {0};
	struct chunk *c;

	(void)state;
	assert_int_equal(pipe_put_first(&q, "1", 1), 0);
	assert_ptr_equal(q.first, q.last);
	assert_int_equal(pipe_put(&q, "2", 1), PIPE_OK);
	assert_int_equal(pipe_put_first(&q, "0", 1), 0);
	assert_int_equal(pipe_put(&q, "3", 1), PIPE_OK);
	assert_int_equal(q.bytes, 4);
	assert_int_equal(q.total, 4);
	c = pipe_take(&q);
	assert_int_equal(c->len, 1);
	assert_int_equal(c->data[0], '0');
	chunk_free(c);
	c = pipe_take(&q);
	assert_int_equal(c->len, 3);
	assert_memory_equal(c->data, "123", 3);
	chunk_free(c);
	assert_null(pipe_take(&q));
}

static void
what_is_thrown_away_was_put_all_the_same(void **state)
{
	struct pipe_queue q = {0};

	(void)state;
	assert_int_equal(pipe_put(&q, bytes, PIPE_HIGH), PIPE_PAUSE);
	pipe_drop(&q);
	assert_int_equal(q.bytes, 0);
	assert_int_equal(q.total, PIPE_HIGH);
	assert_true(pipe_may_resume(&q));
}

static void
both_queues_are_emptied_at_the_end(void **state)
{
	struct pipe p = {0};

	(void)state;
	assert_int_equal(pipe_put(&p.to_browser, bytes, 40000), PIPE_OK);
	assert_int_equal(pipe_put(&p.to_pve, bytes, 5), PIPE_OK);
	pipe_done(&p);
	assert_null(pipe_take(&p.to_browser));
	assert_null(pipe_take(&p.to_pve));
	assert_int_equal(p.to_browser.bytes + p.to_pve.bytes, 0);
	pipe_done(&p);
}

static void
relay(void *arg)
{
	struct pipe p = {0};
	size_t before, out = 0, i;
	int r;

	(void)arg;
	for (i = 0; i < 4; i++) {
		before = p.to_browser.bytes;
		r = pipe_put(&p.to_browser, bytes + i * 20000, 20000);
		assert_true(r >= 0 || (r == ERR_MEMORY && torture_struck()));
		assert_int_equal(r >= 0, p.to_browser.bytes == before + 20000);
		if (r < 0)
			break;
	}
	r = pipe_put_whole(&p.to_pve, bytes, PIPE_CHUNK);
	if (r >= 0)
		r = pipe_put_whole(&p.to_pve, bytes, 1);
	if (r >= 0)
		r = pipe_put_first(&p.to_pve, bytes, 1);
	assert_true(r >= 0 || (r == ERR_MEMORY && torture_struck()));
	assert_int_equal(p.to_pve.total, p.to_pve.bytes);
	/* What was taken before memory ran out is still whole and in order. */
	for (i = 0; i < 2; i++)
		out += take_at(&p.to_browser, out);
	assert_int_equal(p.to_browser.total, p.to_browser.bytes + out);
	pipe_done(&p);
}

static void
without_memory_it_fails_cleanly(void **state)
{
	(void)state;
	assert_true(torture(relay, NULL) >= 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_queue_has_nothing),
		cmocka_unit_test(what_is_put_is_a_copy),
		cmocka_unit_test(small_pieces_leave_as_one_chunk),
		cmocka_unit_test(many_small_pieces_leave_as_a_small_chunk_and_a_large_one),
		cmocka_unit_test(a_queue_whose_sender_is_stuck_asks_for_a_pause_at_the_low_mark),
		cmocka_unit_test(a_chunk_is_filled_before_the_next_begins),
		cmocka_unit_test(bytes_come_out_as_they_went_in_whatever_the_pieces),
		cmocka_unit_test(a_queue_that_was_emptied_works_on),
		cmocka_unit_test(a_detached_chunk_is_not_written_to_any_more),
		cmocka_unit_test(a_chunk_has_room_for_a_head_directly_in_front),
		cmocka_unit_test(it_counts_what_waits_and_what_was_ever_put),
		cmocka_unit_test(it_pauses_exactly_at_the_high_mark),
		cmocka_unit_test(what_comes_while_paused_is_taken_and_asks_for_a_pause_again),
		cmocka_unit_test(the_source_may_go_on_once_at_the_low_mark),
		cmocka_unit_test(exactly_the_low_mark_is_low_enough),
		cmocka_unit_test(a_chunk_that_is_not_full_waits_while_more_is_in_hand),
		cmocka_unit_test(what_is_put_straight_into_its_room_comes_out_like_the_rest),
		cmocka_unit_test(room_that_is_not_used_is_gone),
		cmocka_unit_test(room_that_is_used_counts_for_the_high_mark),
		cmocka_unit_test(a_queue_that_was_never_paused_never_says_go_on),
		cmocka_unit_test(a_source_that_obeys_is_bounded_by_the_high_mark_and_one_receive),
		cmocka_unit_test(what_must_not_be_parted_begins_a_chunk_when_the_last_has_no_room),
		cmocka_unit_test(what_is_put_first_leaves_first),
		cmocka_unit_test(what_is_thrown_away_was_put_all_the_same),
		cmocka_unit_test(both_queues_are_emptied_at_the_end),
		cmocka_unit_test(without_memory_it_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, fill_with_pattern, NULL);
}
