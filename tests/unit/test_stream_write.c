/* SPDX-License-Identifier: MIT */
#include "session/stream.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit/stream_scene.h"

enum { PARTS_MAX = 8 };

static char bytes[BIG], got[BIG];

/* Cut what is left from at on, at most most bytes, into parts of uneven sizes, some of them empty. */
static size_t
cut(size_t at, size_t most, struct iovec parts[PARTS_MAX])
{
	static const size_t sizes[PARTS_MAX] = {0, 10, 16384, 0, 1, 30000, 16376, 0};
	size_t i, len, left = BIG - at < most ? BIG - at : most;

	for (i = 0; i < PARTS_MAX; i++) {
		len = sizes[i] < left ? sizes[i] : left;
		parts[i] = (struct iovec){.iov_base = bytes + at, .iov_len = len};
		at += len;
		left -= len;
	}
	return PARTS_MAX;
}

/* Write all in parts, as the far side reads; how often there was no room. */
static unsigned
pour(void)
{
	struct iovec parts[PARTS_MAX];
	size_t at = 0, heard = 0, n;
	unsigned full = 0;
	ssize_t sent;

	while (heard < BIG) {
		while ((sent = stream_write(&near, parts, cut(at, BIG, parts))) > 0)
			at += (size_t)sent;
		assert_int_equal(sent, STREAM_AGAIN);
		full += at < BIG;
		if (at == BIG)
			stream_want(&near, 0);
		while ((n = far_read(got + heard, BIG - heard)) > 0)
			heard += n;
		glance();
	}
	assert_int_equal(at, BIG);
	assert_memory_equal(bytes, got, BIG);
	return full;
}

/* ---- before anything else ---- */

static void *
allocate(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(size);
}

static void *
resize(void *memory, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return realloc(memory, size);
}

static void
release(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	free(memory);
}

static int
tortured_group_set_up(void **state)
{
	assert_int_equal(CRYPTO_set_mem_functions(allocate, resize, release), 1);
	return group_set_up(state);
}

/* What the first stream with TLS makes for all of them. */
static void
memory_that_is_short_once_is_not_for_ever(void **state)
{
	SSL *ssl = near_ssl(TLS13_CLIENT);
	struct err err = {0};

	(void)state;
	torture_refuse("malloc", 1);
	assert_int_equal(stream_open(&near, &poller, open("/dev/null", O_RDWR | O_CLOEXEC), ssl, 0,
						 on_ready, &near, &err),
		ERR_MEMORY);
	assert_string_equal(err.text, "no memory for TLS");
	connect_as(TLS13_CLIENT, 0);
}

/* ---- writing ---- */

static void
what_is_written_arrives(enum kind kind)
{
	connect_as(kind, 0);
	near_says("hello");
	far_hears("hello");
	assert_int_equal(turns_within(3), 1);
}

static void
all_parts_arrive_in_order_and_empty_ones_are_nothing(enum kind kind)
{
	static char a[] = "one ", b[] = "two ", c[] = "three";
	const struct iovec parts[] = {{a, 0}, {a, 4}, {b, 0}, {b, 4}, {c, 5}, {c, 0}};

	connect_as(kind, 0);
	assert_int_equal(stream_write(&near, parts, 6), 13);
	far_hears("one two three");
}

static void
to_write_nothing_is_no_end(enum kind kind)
{
	static char a[] = "a";
	const struct iovec parts[] = {{a, 0}, {NULL, 0}};

	connect_as(kind, 0);
	assert_int_equal(stream_write(&near, parts, 0), STREAM_AGAIN);
	assert_int_equal(stream_write(&near, parts, 2), STREAM_AGAIN);
	near_says("hello");
	far_hears("hello");
}

static void
more_parts_than_the_system_takes_at_once_arrive(enum kind kind)
{
	enum { MANY = IOV_MAX + 100 };
	static struct iovec parts[MANY];
	size_t i, sent, heard;

	connect_as(kind, 0);
	fill(bytes, BIG);
	for (i = 0; i < MANY; i++)
		parts[i] = (struct iovec){bytes + i, 1};
	for (sent = heard = 0; heard < MANY;) {
		ssize_t n = stream_write(&near, parts + sent, MANY - sent);

		assert_true(n >= 0);
		sent += (size_t)n;
		glance();
		heard += far_read(got + heard, BIG - heard);
	}
	assert_memory_equal(bytes, got, MANY);
}

/* The zero page, many times over. */
static void
parts_of_gigabytes_are_begun(enum kind kind)
{
	size_t size = (size_t)UINT_MAX + PIECE;
	void *zeroes = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const struct iovec parts[] = {{zeroes, size}, {zeroes, (size_t)INT_MAX + 1}};

	assert_ptr_not_equal(zeroes, MAP_FAILED);
	connect_as(kind, 0);
	(void)!stream_write(&near, parts, 1);
	assert_true(far_read(got, 1000) == 1000 && got[999] == 0);
	connect_as(kind, 0);
	(void)!stream_write(&near, parts + 1, 1);
	assert_true(far_read(got, 1000) == 1000 && got[999] == 0);
	munmap(zeroes, size);
}

static void
what_does_not_go_at_once_goes_later(enum kind kind)
{
	fill(bytes, BIG);
	connect_as(kind, POLLER_OUT);
	assert_true(pour() > 0);
	meet(kind, 0, true);
	shake();
	stream_want(&near, POLLER_OUT);
	assert_true(pour() > 50);
}

static void
one_who_waits_to_write_makes_no_turns(enum kind kind)
{
	struct iovec parts[PARTS_MAX];
	size_t at = 0;
	ssize_t n;

	connect_as(kind, POLLER_OUT);
	for (at = 0; (n = stream_write(&near, parts, cut(at, BIG, parts))) > 0;)
		at += (size_t)n;
	assert_int_equal(n, STREAM_AGAIN);
	assert_true(at < BIG);
	assert_int_equal(turns_within(3), 1);
	while (far_read(got, BIG) > 0)
		continue;
	calls = 0;
	turn();
	assert_int_equal(calls, 1);
	assert_int_equal(told, POLLER_OUT);
	assert_true(stream_write(&near, parts, cut(at, BIG, parts)) > 0);
}

/* The same bytes in more parts, and fewer of them. */
static void
what_is_offered_again_may_be_cut_differently(enum kind kind)
{
	struct iovec parts[PARTS_MAX], crumb;
	size_t at, heard, n;
	ssize_t sent;

	fill(bytes, BIG);
	connect_as(kind, POLLER_OUT);
	for (at = 0; (sent = stream_write(&near, parts, cut(at, BIG, parts))) > 0;)
		at += (size_t)sent;
	assert_int_equal(sent, STREAM_AGAIN);
	for (heard = 0; (n = far_read(got + heard, BIG - heard)) > 0;) {
		heard += n;
		glance();
	}
	while (at < 3 * BIG / 4) {
		crumb = (struct iovec){bytes + at, 1 + at % 100};
		sent = stream_write(&near, &crumb, 1);
		assert_true(sent >= 0);
		at += (size_t)sent;
		glance();
		heard += far_read(got + heard, BIG - heard);
	}
	while ((n = far_read(got + heard, BIG - heard)) > 0)
		heard += n;
	assert_true(heard >= at);
	assert_memory_equal(bytes, got, heard);
}

/* ---- ends ---- */

static void
writing_to_one_who_has_gone_is_over_and_no_refusal(enum kind kind)
{
	struct iovec part = {bytes, 5};
	ssize_t n = 0;
	int i;

	connect_as(kind, POLLER_OUT);
	far_close();
	for (i = 0; i < 3 && (n = stream_write(&near, &part, 1)) > 0; i++)
		turn();
	assert_int_equal(n, STREAM_OVER);
	assert_int_equal(stream_write(&near, &part, 1), STREAM_OVER);
	assert_false(near.refused);
}

static void
where_writing_fails_what_has_come_is_read_and_then_it_is_over(enum kind kind)
{
	const struct iovec part = {bytes, 5};
	char data[16];

	connect_as(kind, POLLER_IN);
	assert_int_equal(stream_read(&near, data, sizeof(data)), STREAM_AGAIN);
	far_say("hello");
	/* The system refuses what is written, and says nothing else. */
	assert_int_equal(shutdown(near.fd, SHUT_WR), 0);
	assert_int_equal(stream_write(&near, &part, 1), STREAM_OVER);
	turn();
	assert_int_equal(stream_read(&near, data, sizeof(data)), 5);
	assert_memory_equal(data, "hello", 5);
	assert_int_equal(stream_read(&near, data, sizeof(data)), STREAM_OVER);
}

static void
who_has_finished_is_heard_to_the_end_and_reads_on(enum kind kind)
{
	int times;

	connect_as(kind, POLLER_IN);
	near_says("last words");
	/* Once more changes nothing. */
	for (times = 0; times < 2; times++)
		stream_finish(&near);
	far_hears("last words");
	assert_true(far_sees_end());
	if (kind != PLAIN)
		assert_int_equal(SSL_get_shutdown(far.ssl), SSL_RECEIVED_SHUTDOWN);
	far_say("an answer");
	turn();
	near_reads("an answer", 200);
	assert_int_equal(near_read(), STREAM_AGAIN);
	/* Nor does it in the middle of an answer. */
	far_say("more");
	turn();
	stream_finish(&near);
	near_reads("more", 200);
	far_close();
	turn();
	assert_int_equal(near_read(), STREAM_OVER);
	assert_false(near.refused);
}

static void
closing_closes_the_socket_and_can_be_done_again(enum kind kind)
{
	int fd;

	connect_as(kind, POLLER_IN | POLLER_OUT);
	fd = near.fd;
	stream_close(&near);
	assert_true(fcntl(fd, F_GETFD) < 0);
	assert_true(far_sees_end());
	assert_null(near.poller);
	stream_close(&near);
	calls = 0;
	glance();
	assert_int_equal(calls, 0);
}

/* ---- without memory or descriptors ---- */

/* With its nth call of what can be refused refused, if it comes so far. */
static bool
open_and_close(enum kind kind, unsigned n)
{
	SSL *ssl = near_ssl(kind);
	struct err err = {0};
	int r, pair[2];
	bool struck;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	torture_refuse(NULL, n);
	r = stream_open(&near, &poller, pair[0], ssl, POLLER_IN, on_ready, &near, &err);
	struck = torture_struck();
	torture_refuse(NULL, 0);
	assert_int_equal(r, err.code);
	assert_int_equal(r < 0, near.poller == NULL);
	assert_int_equal(r < 0, struck);
	stream_close(&near);
	assert_true(fcntl(pair[0], F_GETFD) < 0);
	close(pair[1]);
	return struck;
}

static void
one_that_cannot_be_opened_leaves_nothing(enum kind kind)
{
	unsigned n;

	for (n = 1; open_and_close(kind, n);)
		n++;
	assert_true(n > (kind == PLAIN ? 1 : 2));
}

static void
the_failure_says_what_was_refused(void **state)
{
	struct err err = {0};

	(void)state;
	torture_refuse("epoll_ctl", 1);
	assert_int_equal(stream_open(&near, &poller, open("/dev/null", O_RDWR | O_CLOEXEC), NULL, 0,
						 on_ready, &near, &err),
		ERR_SYSTEM);
	assert_string_equal(err.text, "epoll: No space left on device");
	assert_null(near.poller);
}

static void
all_zero_is_no_stream(void **state)
{
	(void)state;
	near = (struct stream){.poller = NULL};
	stream_close(&near);
	assert_false(stream_holds(&near));
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(memory_that_is_short_once_is_not_for_ever),
		test_each(what_is_written_arrives),
		test_each(all_parts_arrive_in_order_and_empty_ones_are_nothing),
		test_each(to_write_nothing_is_no_end),
		test_each(more_parts_than_the_system_takes_at_once_arrive),
		test_each(parts_of_gigabytes_are_begun),
		test_each(what_does_not_go_at_once_goes_later),
		test_each(one_who_waits_to_write_makes_no_turns),
		test_each(what_is_offered_again_may_be_cut_differently),
		test_each(writing_to_one_who_has_gone_is_over_and_no_refusal),
		test_each(where_writing_fails_what_has_come_is_read_and_then_it_is_over),
		test_each(who_has_finished_is_heard_to_the_end_and_reads_on),
		test_each(closing_closes_the_socket_and_can_be_done_again),
		test_each(one_that_cannot_be_opened_leaves_nothing),
		test(the_failure_says_what_was_refused),
		test(all_zero_is_no_stream),
	};

	return cmocka_run_group_tests(tests, tortured_group_set_up, group_tear_down);
}
