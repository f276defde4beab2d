/* SPDX-License-Identifier: MIT */
/* A request for a console that the network holds up: it does not arrive when the console is old. */
#include "session/back_impl.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "tests/unit/conn_scene.h"

enum {
	LEFT_MS = 1000,   /* for the request, before the console is old */
	SLACK_MS = 2000,  /* of a system that has other things to do */
	RESENT_MS = 3000, /* by then the system has sent again whatever it would */
};

static struct poller poller;
static struct session session;
static struct live live = {.poller = &poller, .session = &session};
static struct pipe pipes;
static struct back *back;
static enum end ended_for;
static bool ended;

void
live_left(struct live *l)
{
	(void)l;
}

static void
on_ended(void *arg, enum end end, const struct err *err)
{
	(void)arg;
	assert_true(err->text[0] != '\0');
	ended_for = end;
	ended = true;
}

static void
on_other(void *arg)
{
	(void)arg;
	fail_msg("there was no answer");
}

static const struct back_events events = {.authenticated = on_other,
	.ended = on_ended,
	.readable = on_other,
	.writable = on_other,
	.ping = on_other};

static bool
is_over(void)
{
	return ended;
}

static bool
is_ready(void)
{
	return back->state == BACK_READY;
}

static bool
is_asked(void)
{
	return scene_requests(host, NULL) == 2; /* the login is the first */
}

static void
nothing(void *arg)
{
	(void)arg;
}

static bool
comes_true(bool (*what)(void), int ms)
{
	int64_t until_ms = clock_ms() + ms;
	struct timer tick = {.at_ms = 0};

	while (!what() && clock_ms() < until_ms) {
		poller_set_timer(&poller, &tick, 10, nothing, NULL);
		assert_int_equal(poller_turn(&poller, NULL), 0);
		poller_stop_timer(&poller, &tick);
	}
	return what();
}

/* Connected to where the console will be. */
static int
meet(void **state)
{
	struct pve_way way;

	ended = false;
	pipes = (struct pipe){.to_browser = {.first = NULL}};
	if (begin(state) < 0 || poller_init(&poller, NULL) < 0)
		return -1;
	assert_int_equal(pve_way_get(pve, &way, NULL), 0);
	assert_int_equal(back_dial(&live, &way, &pipes, &events, NULL, &back, NULL), 0);
	pve_way_done(&way);
	return comes_true(is_ready, SOON_MS) ? 0 : -1;
}

static int
part(void **state)
{
	back_end_all(&live);
	pipe_done(&pipes);
	poller_done(&poller);
	return end(state);
}

/* Order a console that is old in LEFT_MS. */
static void
order(void)
{
	struct pve_console console = {
		.kind = PVE_CONSOLE_VNC, .made_ms = clock_ms() - PVE_CONSOLE_FRESH_MS + LEFT_MS};

	pve_way_copy(&console.way, &back->way);
	assert_int_equal(secret_set(&console.request_target, "/vncwebsocket", 13), 0);
	assert_int_equal(secret_set(&console.auth_header, "Cookie: of joe", 14), 0);
	assert_int_equal(secret_set(&console.password, "hunter2", 7), 0);
	back_order(back, &console);
}

static int
limit_of(const struct back *b)
{
	int ms = -1;
	socklen_t len = sizeof(ms);

	assert_int_equal(getsockopt(b->stream.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, &len), 0);
	return ms;
}

static void
what_the_network_holds_up_is_given_up_and_not_sent_again(void **state)
{
	(void)state;
	scene_vanishes(host);
	order();
	assert_true(comes_true(is_over, LEFT_MS + SLACK_MS));
	assert_int_equal(ended_for, END_UNREACHABLE);
	scene_returns(host);
	assert_false(comes_true(is_asked, RESENT_MS));
}

static void
what_it_holds_up_for_less_arrives(void **state)
{
	(void)state;
	scene_vanishes(host);
	order();
	assert_false(comes_true(is_over, LEFT_MS / 4));
	scene_returns(host);
	assert_true(comes_true(is_asked, SOON_MS));
}

static void
once_it_is_answered_there_is_no_such_limit(void **state)
{
	(void)state;
	order();
	assert_in_range(limit_of(back), 1, LEFT_MS + 1);
	back_upgraded(back);
	assert_int_equal(limit_of(back), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_the_network_holds_up_is_given_up_and_not_sent_again, meet, part),
		cmocka_unit_test_setup_teardown(what_it_holds_up_for_less_arrives, meet, part),
		cmocka_unit_test_setup_teardown(once_it_is_answered_there_is_no_such_limit, meet, part),
	};

	return prepare() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
