/* SPDX-License-Identifier: MIT */
/* The server on a real socket: what it answers, when, and what it does with the connection. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "router/slow.h"
#include "tests/unit/http_scene.h"

#define HOST "Host: x\r\n"
#define AUTH "Authorization: " SECRET "\r\n"
#define JSON "Content-Type: application/json\r\n"
#define BODY                                                                                \
	"{\"hostname\":\"10.0.0.1\",\"node\":\"pve\",\"username\":\"u\",\"password\":\"pw-1\"," \
	"\"vmid\":101}"

enum { ANSWER_SIZE = 8192, POLL_MS = 20 };

static char answer[ANSWER_SIZE];

static int
make(void **state)
{
	(void)state;
	serve();
	sem_init(&fake.asked, 0, 0);
	return 0;
}

static int
unmake(void **state)
{
	(void)state;
	serve_no_more();
	sem_destroy(&fake.asked);
	return 0;
}

/* ---- a client ---- */

static void
say(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0)
			return; /* the server has had enough */
		data += n;
		len -= (size_t)n;
	}
}

static void
say_text(int fd, const char *text)
{
	say(fd, text, strlen(text));
}

/* Is there a whole answer in the first len bytes of it? */
static bool
complete(size_t len)
{
	const char *end = strstr(answer, "\r\n\r\n");
	const char *length = strcasestr(answer, "Content-Length: ");

	if (end == NULL)
		return false;
	if (length == NULL || length > end)
		return true;
	return len >= (size_t)(end + 4 - answer) + strtoul(length + 16, NULL, 10);
}

/* Read one answer; returns its status, 0 when the connection ended without one. */
static int
hear(int fd)
{
	size_t len = 0;
	ssize_t n;

	answer[0] = '\0';
	while (!complete(len)) {
		n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		answer[len] = '\0';
	}
	return len > 9 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

static bool
has_ended(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) <= 0;
}

/* One request on a connection of its own. */
static int
ask(const char *text)
{
	int fd = dial(), status;

	say_text(fd, text);
	status = hear(fd);
	close(fd);
	return status;
}

/* ---- answers and connections ---- */

static void
requests_share_a_connection(void **state)
{
	int fd = dial();

	(void)state;
	for (int i = 0; i < 3; i++) {
		say_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(hear(fd), 401);
		assert_non_null(strstr(answer, "\r\n\r\nUnauthorized\n"));
		say_text(fd, "GET /vnc/x HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(hear(fd), 200);
		say_text(fd, "POST /create HTTP/1.1\r\n" HOST AUTH "Content-Type: text/plain\r\n"
					 "Content-Length: 5\r\n\r\nhello");
		assert_int_equal(hear(fd), 415);
	}
	close(fd);
}

static void
every_answer_has_its_headers_and_no_name(void **state)
{
	(void)state;
	assert_int_equal(ask("GET /vnc/x HTTP/1.1\r\n" HOST "Accept: text/html\r\n\r\n"), 200);
	assert_non_null(strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(answer, "\r\nReferrer-Policy: no-referrer\r\n"));
	assert_non_null(strstr(answer, "\r\nCache-Control: no-store\r\n"));
	assert_non_null(strstr(answer, "\r\nContent-Security-Policy: default-src 'none'"));
	assert_null(strcasestr(answer, "\r\nServer:"));
	assert_null(strcasestr(answer, "microhttpd"));
}

static void
a_head_that_can_be_read_in_two_ways_ends_the_connection(void **state)
{
	static const char *const heads[] = {
		"Content-Length: 5\r\nContent-Length: 6\r\n",
		"Content-Length: 5\r\nContent-Length: 5\r\n",
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"Host: y\r\n",
	};
	static const char *const lines[] = {"GET / HTTP/1.1\r\n", "PUT /create HTTP/1.1\r\n",
		"POST /create HTTP/1.1\r\n", "GET /vnc/x HTTP/1.1\r\n"};
	static const int statuses[] = {401, 405, 400, 400};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		for (size_t j = 0; j < sizeof(lines) / sizeof(lines[0]); j++) {
			int fd = dial();

			snprintf(text, sizeof(text),
				"%s" HOST AUTH "%s\r\nhelloGET /status HTTP/1.1\r\n" HOST AUTH "\r\n", lines[j],
				heads[i]);
			say_text(fd, text);
			assert_int_equal(hear(fd), statuses[j]);
			assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
			assert_null(strstr(answer, "total_sessions"));
			assert_true(has_ended(fd));
			close(fd);
		}
	}
}

/* ---- bodies ---- */

static void
a_body_may_come_in_pieces_and_chunks(void **state)
{
	static const char head[] = "POST /create HTTP/1.1\r\n" HOST AUTH JSON;
	int fd = dial();
	char text[512];
	int n = snprintf(text, sizeof(text), "%sContent-Length: %zu\r\n\r\n" BODY, head, strlen(BODY));

	(void)state;
	for (int i = 0; i < n; i++)
		say(fd, text + i, 1);
	assert_int_equal(hear(fd), 200);
	/* On the same connection, which this one ends. */
	snprintf(text, sizeof(text),
		"%sTransfer-Encoding: chunked\r\n\r\n10\r\n%.16s\r\n%zx;ext=1\r\n%s\r\n0\r\nTrailer: "
		"x\r\n\r\n",
		head, BODY, strlen(BODY) - 16, &BODY[16]);
	say_text(fd, text);
	assert_int_equal(hear(fd), 200);
	assert_string_equal(fake.password, "pw-1");
	assert_int_equal(fake.puts, 2);
	close(fd);
}

/* POST /create with so many bytes, chunked or not. */
static int
post_bytes(int fd, size_t len, bool chunked)
{
	char *data = malloc(len);
	char head[256];

	assert_non_null(data);
	memset(data, ' ', len);
	if (chunked)
		snprintf(head, sizeof(head),
			"POST /create HTTP/1.1\r\n" HOST AUTH JSON "Transfer-Encoding: chunked\r\n\r\n");
	else
		snprintf(head, sizeof(head),
			"POST /create HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: %zu\r\n\r\n", len);
	say_text(fd, head);
	if (chunked) {
		snprintf(head, sizeof(head), "%zx\r\n", len);
		say_text(fd, head);
	}
	say(fd, data, len);
	if (chunked)
		say_text(fd, "\r\n0\r\n\r\n");
	free(data);
	return hear(fd);
}

static void
a_body_over_the_limit_is_413_and_the_connection_lives(void **state)
{
	int fd = dial();

	(void)state;
	assert_int_equal(post_bytes(fd, 65536, false), 400);
	assert_int_equal(post_bytes(fd, 65537, false), 413);
	assert_int_equal(post_bytes(fd, 1000000, false), 413);
	say_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(hear(fd), 401);
	close(fd);
}

static void
a_chunked_body_over_the_limit_is_413(void **state)
{
	static const size_t sizes[] = {65536, 65537, 1000000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int fd = dial();

		assert_int_equal(post_bytes(fd, sizes[i], true), sizes[i] > 65536 ? 413 : 400);
		assert_true(has_ended(fd));
		close(fd);
	}
}

static void
nothing_behind_a_chunked_body_is_a_request(void **state)
{
	/* Both ways of ending a chunk are taken by the library; only one of them is HTTP's. */
	static const char *const ends[] = {"2\r\n{}\r\n0\r\n\r\n", "2\n{}\n0\n\n"};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		int fd = dial();

		snprintf(text, sizeof(text),
			"POST /create HTTP/1.1\r\n" HOST AUTH JSON
			"Transfer-Encoding: chunked\r\n\r\n%sGET /status HTTP/1.1\r\n" HOST AUTH "\r\n",
			ends[i]);
		say_text(fd, text);
		assert_int_equal(hear(fd), 400);
		assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
		assert_null(strstr(answer, "total_sessions"));
		assert_true(has_ended(fd));
		close(fd);
	}
}

static void
a_body_without_end_is_cut(void **state)
{
	int fd = dial();

	(void)state;
	assert_int_equal(post_bytes(fd, 8 * 1024 * 1024, true), 0);
	close(fd);
	fd = dial();
	say_text(fd, "POST /create HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: 99999999999\r\n\r\n");
	assert_int_equal(hear(fd), 413);
	assert_true(has_ended(fd));
	close(fd);
}

static void
who_asks_before_sending_is_told_at_once(void **state)
{
	int fd = dial();

	(void)state;
	say_text(fd, "POST /create HTTP/1.1\r\n" HOST AUTH "Content-Type: text/plain\r\n"
				 "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n");
	assert_int_equal(hear(fd), 415);
	assert_true(has_ended(fd));
	close(fd);
	fd = dial();
	say_text(fd, "POST /create HTTP/1.1\r\n" HOST AUTH JSON
				 "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	assert_int_equal(hear(fd), 100);
	say_text(fd, "{}");
	assert_int_equal(hear(fd), 400);
	close(fd);
}

/* ---- waiting ---- */

static void
an_opening_waits_without_holding_anybody_up(void **state)
{
	int fd = dial();

	(void)state;
	fake.wait = true;
	fake.opened = (struct core_opened){.port = 22001};
	say_text(fd, "GET /vnc/" TOKEN " HTTP/1.1\r\n" HOST "\r\n");
	sem_wait(&fake.asked);
	for (int i = 0; i < 8; i++)
		assert_int_equal(ask("GET / HTTP/1.1\r\n" HOST "\r\n"), 401);
	core_fake_finish();
	assert_int_equal(hear(fd), 302);
	assert_non_null(strstr(answer, "\r\nLocation: http://192.0.2.1:22001/" KEY "/\r\n"));
	close(fd);
}

static void
one_that_is_done_at_once_is_answered_too(void **state)
{
	(void)state;
	fake.opened = (struct core_opened){.port = 22002};
	for (int i = 0; i < 50; i++)
		assert_int_equal(ask("GET /vnc/" TOKEN " HTTP/1.1\r\n" HOST "\r\n"), 302);
	assert_int_equal(fake.opens, 50);
}

/* Finishes openings as they come, like a worker. */
static void *
finish_many(void *arg)
{
	int n = *(const int *)arg;

	for (int i = 0; i < n; i++) {
		sem_wait(&fake.asked);
		core_fake_finish();
	}
	return NULL;
}

static void
another_thread_may_be_done_at_any_moment(void **state)
{
	enum { TIMES = 200 };
	int n = TIMES, fd = dial();
	pthread_t worker;

	(void)state;
	fake.wait = true;
	fake.opened = (struct core_opened){.code = ERR_LIMIT, .end = END_LIMIT, .link_usable = true};
	assert_int_equal(pthread_create(&worker, NULL, finish_many, &n), 0);
	/* On one connection, so that the library's next step races with the worker each time. */
	for (int i = 0; i < TIMES; i++) {
		say_text(fd, "GET /vnc/" TOKEN " HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(hear(fd), 503);
	}
	pthread_join(worker, NULL);
	close(fd);
}

static void
whoever_leaves_meanwhile_harms_nobody(void **state)
{
	int fd = dial();

	(void)state;
	fake.wait = true;
	fake.opened = (struct core_opened){.port = 22003};
	say_text(fd, "GET /vnc/" TOKEN " HTTP/1.1\r\n" HOST "\r\n");
	sem_wait(&fake.asked);
	close(fd);
	core_fake_finish();
	assert_int_equal(ask("GET / HTTP/1.1\r\n" HOST "\r\n"), 401);
}

/* ---- guessing ---- */

/* Tick until the answer comes; returns the milliseconds that it took. */
static int64_t
hear_slow(int fd, int expected)
{
	struct timeval turn = {.tv_usec = POLL_MS * 1000}, patience = {.tv_sec = WAIT_MS / 1000};
	int64_t start = clock_ms();
	char c;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &turn, sizeof(turn)), 0);
	while (recv(fd, &c, 1, MSG_PEEK) < 0 && clock_ms() - start < WAIT_MS)
		http_tick(http);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(hear(fd), expected);
	return clock_ms() - start;
}

static void
a_wrong_secret_waits_and_a_right_one_does_not(void **state)
{
	int fd = dial();
	int64_t start = clock_ms();

	(void)state;
	say_text(fd, "GET /status HTTP/1.1\r\n" HOST "Authorization: guess\r\n\r\n");
	assert_int_equal(ask("GET /status HTTP/1.1\r\n" HOST AUTH "\r\n"), 200);
	hear_slow(fd, 401);
	assert_true(clock_ms() - start >= SLOW_MS);
	/* The connection goes on. */
	say_text(fd, "GET /status HTTP/1.1\r\n" HOST AUTH "\r\n");
	assert_int_equal(hear(fd), 200);
	close(fd);
}

static void
too_many_who_wait_are_let_go_and_cut(void **state)
{
	enum { MANY = 2 * SLOW_MAX };
	int fds[MANY], n = 0, status = 0;
	struct timeval turn = {.tv_usec = POLL_MS * 1000};

	(void)state;
	/* Without a tick nobody in line is answered, so the first answer is to one beyond it. */
	while (n < MANY && status == 0) {
		fds[n] = dial();
		setsockopt(fds[n], SOL_SOCKET, SO_RCVTIMEO, &turn, sizeof(turn));
		say_text(fds[n], "GET /status HTTP/1.1\r\n" HOST "Authorization: guess\r\n\r\n");
		if (n >= SLOW_MAX)
			status = hear(fds[n]);
		n++;
	}
	assert_int_equal(status, 401);
	assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
	while (n > 0)
		close(fds[--n]);
}

/* ---- the end ---- */

static void
a_stop_answers_those_who_wait(void **state)
{
	int slow = dial(), open = dial();

	(void)state;
	fake.wait = true;
	fake.opened =
		(struct core_opened){.code = ERR_STOPPING, .end = END_STOPPING, .link_usable = true};
	say_text(open, "GET /vnc/" TOKEN " HTTP/1.1\r\n" HOST "\r\n");
	sem_wait(&fake.asked);
	say_text(slow, "GET /status HTTP/1.1\r\n" HOST "Authorization: guess\r\n\r\n");
	/* What it waits for is told nobody; that it was read is known by the next answer. */
	assert_int_equal(ask("GET / HTTP/1.1\r\n" HOST "\r\n"), 401);
	http_quiesce(http);
	core_fake_finish();
	http_stop(http);
	http = NULL;
	assert_int_equal(hear(open), 503);
	assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
	close(open);
	close(slow);
}

static void
after_quiescing_nobody_new_is_served(void **state)
{
	int old = dial();

	(void)state;
	say_text(old, "GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(hear(old), 401);
	http_quiesce(http);
	assert_int_equal(ask("GET / HTTP/1.1\r\n" HOST "\r\n"), 0);
	say_text(old, "GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(hear(old), 401);
	assert_true(has_ended(old));
	close(old);
}

/* ---- the start ---- */

static void
a_port_that_is_taken_is_told_with_its_keys(void **state)
{
	struct err err;
	int fd = -1;

	(void)state;
	assert_int_equal(listen_open("127.0.0.1", port, &fd, &err), ERR_SYSTEM);
	assert_int_equal(fd, -1);
	assert_non_null(strstr(err.text, "router_port"));
	assert_non_null(strstr(err.text, "Address already in use"));
}

static void
ipv6_takes_ipv4_too(void **state)
{
	struct err err;
	int fd = -1, off = -1;
	socklen_t len = sizeof(off);

	(void)state;
	if (listen_open("::", 0, &fd, &err) < 0)
		skip(); /* a machine without IPv6 */
	assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, &len), 0);
	assert_int_equal(off, 0);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_share_a_connection),
		TEST(every_answer_has_its_headers_and_no_name),
		TEST(a_head_that_can_be_read_in_two_ways_ends_the_connection),
		TEST(a_body_may_come_in_pieces_and_chunks),
		TEST(a_body_over_the_limit_is_413_and_the_connection_lives),
		TEST(a_chunked_body_over_the_limit_is_413),
		TEST(nothing_behind_a_chunked_body_is_a_request),
		TEST(a_body_without_end_is_cut),
		TEST(who_asks_before_sending_is_told_at_once),
		TEST(an_opening_waits_without_holding_anybody_up),
		TEST(one_that_is_done_at_once_is_answered_too),
		TEST(another_thread_may_be_done_at_any_moment),
		TEST(whoever_leaves_meanwhile_harms_nobody),
		TEST(a_wrong_secret_waits_and_a_right_one_does_not),
		TEST(too_many_who_wait_are_let_go_and_cut),
		TEST(a_stop_answers_those_who_wait),
		TEST(after_quiescing_nobody_new_is_served),
		TEST(a_port_that_is_taken_is_told_with_its_keys),
		cmocka_unit_test(ipv6_takes_ipv4_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
