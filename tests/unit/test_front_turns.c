/* SPDX-License-Identifier: MIT */
/* Browsers that are never done, or come without an end, hold up nobody else of their loop. */
#include "session/front_impl.h"

#include <arpa/inet.h>

#include "session/tls_server.h"
#include "session/tunables.h"
#include "session/viewer.h"
#include "tests/unit/access_scene.h"
#include "tests/unit/busy_scene.h"

enum { CROWD = 64, LITTLE = 5 };

struct thread {
	unsigned char scratch[THREAD_SCRATCH];
	unsigned long_done; /* in this turn */
};

static struct thread thread;
static struct session session;
static struct env env;
static struct live live;
static int crowd[CROWD];

/* ---- in place of others ---- */

void *
thread_scratch(struct thread *t)
{
	return t->scratch;
}

bool
thread_may_take_long(struct thread *t)
{
	return t->long_done++ == 0;
}

int
tls_server_ssl(struct tls_server *t, SSL **out, struct err *err)
{
	(void)t;
	(void)out;
	(void)err;
	return 0;
}

enum key_verdict
live_judge_key(struct live *l, const char *key, const struct ip *client, bool bound)
{
	(void)l;
	(void)key;
	(void)client;
	(void)bound;
	return KEY_UNKNOWN;
}

/* No viewer: what a browser's websocket brings is counted by busy_scene.h. */

struct viewer *
viewer_new(struct live *l, struct front *browser, const struct ip *client)
{
	(void)l;
	(void)browser;
	(void)client;
	return NULL;
}

void
viewer_browser_gone(struct viewer *v)
{
	(void)v;
}

void
viewer_receive(struct viewer *v, const struct viewer_piece *piece)
{
	(void)v;
	(void)piece;
}

struct chunk *
viewer_next(struct viewer *v)
{
	(void)v;
	return NULL;
}

void
viewer_stuck(struct viewer *v, bool stuck)
{
	(void)v;
	(void)stuck;
}

void
viewer_heard(struct viewer *v)
{
	(void)v;
}

bool
viewer_ping_due(struct viewer *v)
{
	(void)v;
	return false;
}

void
viewer_end(struct viewer *v, enum end end)
{
	(void)v;
	(void)end;
}

/* ---- the scene ---- */

static void
listen_at(struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*address =
		(struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)address, len), 0);
	assert_int_equal(listen(fd, CROWD), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
	assert_int_equal(front_listen(&live, fd, NULL), 0);
}

/* So many browsers stand at the port, each with a byte that stays to be read. */
static void
come(int count)
{
	struct sockaddr_in address;

	listen_at(&address);
	for (int i = 0; i < count; i++) {
		crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(crowd[i], (struct sockaddr *)&address, sizeof(address)), 0);
		say(crowd[i]);
	}
}

/* One that has been let in, in this state. */
static struct front *
come_as(enum front_state state)
{
	come(1);
	fair_turn();
	assert_non_null(live.fronts);
	live.fronts->state = state;
	return live.fronts;
}

static int
begin(void **state)
{
	const struct pve_policy_config insecure = {.mode = PVE_TLS_INSECURE};
	struct tunables t = {.access = access_for_test(NULL, NULL, NULL)};

	assert_int_equal(set_up(state), 0);
	begin_beside();
	env = (struct env){.tls = NULL};
	assert_int_equal(pve_policy_new(&insecure, &t.policy, NULL), 0);
	assert_int_equal(tunables_new(&t, &env.tunables, NULL), 0);
	access_unref(t.access);
	pve_policy_unref(t.policy);
	live = (struct live){.poller = &poller, .session = &session, .env = &env, .thread = &thread};
	memset(crowd, 0, sizeof(crowd));
	return 0;
}

static int
end(void **state)
{
	front_end_all(&live);
	for (int i = 0; i < CROWD; i++)
		if (crowd[i] > 0)
			close(crowd[i]);
	tunables_free(env.tunables);
	end_beside();
	return tear_down(state);
}

/* ---- one that says something ---- */

/* A ping without a word, as a browser masks it. */
static const char ping[] = "\x89\x80mask";

static void
pings_without_an_end_leave_each_turn_to_others(void **state)
{
	struct front *f;

	(void)state;
	f = come_as(FRONT_OPEN);
	says(ping, sizeof(ping) - 1, SIZE_MAX);
	fair_turns();
	assert_true(f->bulk);
}

static void
so_do_records_of_little(void **state)
{
	(void)state;
	come_as(FRONT_OPEN);
	says(ping, sizeof(ping) - 1, LITTLE);
	fair_turns();
	saying.piece = 1;
	fair_turns();
}

static void
so_do_requests_behind_one_another(void **state)
{
	static const char request[] = "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n";

	(void)state;
	come_as(FRONT_ASKING);
	says(request, sizeof(request) - 1, SIZE_MAX);
	fair_turns();
	assert_true(done.writes > 0);
	saying.piece = sizeof(request) - 1;
	fair_turns();
	assert_true(done.writes > 0);
}

static void
so_does_one_who_has_been_told_goodbye(void **state)
{
	(void)state;
	come_as(FRONT_PARTING);
	says("x", 1, SIZE_MAX);
	fair_turns();
}

/* ---- many that come ---- */

static void
who_come_at_once_are_let_in_a_few_at_a_time(void **state)
{
	unsigned before = 0;
	int turns = 0;

	(void)state;
	come(CROWD);
	while (live.connections < CROWD) {
		fair_turn();
		assert_in_range(live.connections - before, 1, CROWD / 2);
		before = live.connections;
		assert_true(turns++ < CROWD);
	}
}

/* Each of these would take a millisecond, and all are ready in each turn. */
static void
of_their_handshakes_each_turn_has_one(void **state)
{
	(void)state;
	env.tls = (struct tls_server *)&env;
	come(CROWD);
	while (live.connections < CROWD)
		fair_turn();
	for (int i = 0; i < TURNS; i++) {
		thread.long_done = 0;
		fair_turn();
		assert_int_equal(done.handshakes, 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pings_without_an_end_leave_each_turn_to_others, begin, end),
		cmocka_unit_test_setup_teardown(so_do_records_of_little, begin, end),
		cmocka_unit_test_setup_teardown(so_do_requests_behind_one_another, begin, end),
		cmocka_unit_test_setup_teardown(so_does_one_who_has_been_told_goodbye, begin, end),
		cmocka_unit_test_setup_teardown(who_come_at_once_are_let_in_a_few_at_a_time, begin, end),
		cmocka_unit_test_setup_teardown(of_their_handshakes_each_turn_has_one, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
