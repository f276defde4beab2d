/* SPDX-License-Identifier: MIT */
#include "session/ports.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/death.h"
#include "tests/unit/port_range.h"

#define HOME "127.0.0.1"

static void
a_leased_port_accepts_and_a_returned_one_refuses(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease;

	(void)state;
	assert_true(refuses(HOME, first));
	lease = lease_one(p);
	assert_int_equal(lease.port, first);
	assert_true(accepts(HOME, first));
	ports_return(&lease);
	assert_null(lease.pool);
	assert_true(refuses(HOME, first));
	ports_free(p);
	ports_free(NULL);
}

static void
a_returned_port_can_be_leased_again_and_again(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease;
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		lease = lease_one(p);
		assert_true(works(HOME, &lease));
		ports_return(&lease);
		assert_true(refuses(HOME, first));
	}
	ports_free(p);
}

static bool
has(int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
	return value != 0;
}

/* The system gives it what the port's socket has. Without SO_REUSEADDR a restart would not get the port. */
static void
who_is_accepted_is_not_delayed_and_found_out_when_gone_and_holds_no_port(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease = lease_one(p);
	struct pollfd there = {.fd = lease.fd, .events = POLLIN};
	int near = connect_to(HOME, first), far;

	(void)state;
	assert_int_equal(poll(&there, 1, 10000), 1);
	far = accept(lease.fd, NULL, NULL);
	assert_true(near >= 0 && far >= 0);
	assert_true(has(far, IPPROTO_TCP, TCP_NODELAY));
	assert_true(has(far, SOL_SOCKET, SO_KEEPALIVE));
	assert_true(has(far, SOL_SOCKET, SO_REUSEADDR));
	close(far);
	close(near);
	ports_return(&lease);
	ports_free(p);
}

static void
a_silenced_port_refuses_while_it_is_still_leased(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease = lease_one(p), none = {0};

	(void)state;
	ports_silence(&lease);
	assert_true(refuses(HOME, first));
	assert_int_equal(ports_lease(p, &none, NULL), ERR_BUSY);
	ports_return(&lease);
	assert_true(refuses(HOME, first));
	ports_free(p);
}

static void
a_port_silenced_more_than_once_works_for_the_next_session(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease = lease_one(p), none = {0};

	(void)state;
	ports_silence(&lease);
	ports_silence(&lease);
	ports_return(&lease);
	ports_silence(&lease);
	ports_silence(&none);
	lease = lease_one(p);
	assert_true(works(HOME, &lease));
	ports_return(&lease);
	ports_free(p);
}

static void
returning_an_empty_lease_does_nothing(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 2, &first);
	struct port_lease lease = lease_one(p), other = {0};

	(void)state;
	ports_return(&other);
	ports_return(&lease);
	ports_return(&lease);
	lease = lease_one(p);
	other = lease_one(p);
	assert_int_not_equal(lease.port, other.port);
	ports_return(&lease);
	ports_return(&other);
	ports_free(p);
}

static void
the_least_recently_used_port_is_leased(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 3, &first);
	struct port_lease a = lease_one(p), b = lease_one(p), c;

	(void)state;
	assert_int_equal(a.port, first);
	assert_int_equal(b.port, first + 1);
	ports_return(&b);
	ports_return(&a);
	a = lease_one(p);
	b = lease_one(p);
	c = lease_one(p);
	assert_int_equal(a.port, first + 2);
	assert_int_equal(b.port, first + 1);
	assert_int_equal(c.port, first);
	ports_return(&a);
	ports_return(&b);
	ports_return(&c);
	ports_free(p);
}

static void
when_all_are_leased_the_pool_is_busy(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 2, &first);
	struct port_lease a = lease_one(p), b = lease_one(p), none = {.slot = 77};
	struct err err = {0};

	(void)state;
	assert_int_equal(ports_lease(p, &none, &err), ERR_BUSY);
	assert_int_equal(err.code, ERR_BUSY);
	assert_null(none.pool);
	assert_int_equal(none.slot, 77);
	ports_return(&a);
	assert_int_equal(ports_lease(p, &none, NULL), 0);
	ports_return(&none);
	ports_return(&b);
	ports_free(p);
}

static void
a_port_that_another_program_holds_is_left_out(void **state)
{
	uint16_t first = find_range(HOME, 4);
	int listening = bind_as_another(HOME, (uint16_t)(first + 1), 0);
	int bound = bind_as_another(HOME, (uint16_t)(first + 2), SO_REUSEADDR);
	struct port_lease a, b;
	struct ports *p = NULL;

	(void)state;
	assert_int_equal(listen(listening, 1), 0);
	assert_true(bound >= 0);
	assert_int_equal(listen(bound, 1), 0);
	assert_int_equal(ports_new(HOME, first, (uint16_t)(first + 3), 4, &p, NULL), 0);
	assert_int_equal(ports_count(p), 2);
	a = lease_one(p);
	b = lease_one(p);
	assert_int_equal(a.port, first);
	assert_int_equal(b.port, first + 3);
	ports_return(&a);
	ports_return(&b);
	ports_free(p);
	close(listening);
	close(bound);
}

static void
a_pool_without_a_free_port_does_not_come_to_be(void **state)
{
	uint16_t first = find_range(HOME, 1);
	int taken = bind_as_another(HOME, first, 0);
	struct ports *p = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(listen(taken, 1), 0);
	assert_int_equal(ports_new(HOME, first, first, 1, &p, &err), ERR_BUSY);
	assert_null(p);
	assert_non_null(strstr(err.text, "session_port_min, session_port_max"));
	close(taken);
}

static void
no_more_ports_are_bound_than_the_limit(void **state)
{
	uint16_t first = find_range(HOME, 4);
	struct ports *p = NULL;
	int fd;

	(void)state;
	assert_int_equal(ports_new(HOME, first, (uint16_t)(first + 3), 2, &p, NULL), 0);
	assert_int_equal(ports_count(p), 2);
	fd = bind_as_another(HOME, (uint16_t)(first + 2), 0);
	assert_true(fd >= 0);
	close(fd);
	ports_free(p);
}

static void
what_is_no_address_of_this_machine_is_invalid(void **state)
{
	static const char *const bad[] = {"", "localhost", "127.0.0.1:80", "127.0.0", "[::1]",
		"fe80::1%lo", "192.0.2.1", "2001:db8::1"};
	struct ports *p = NULL;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		/* Without IPv6 an address of it is a refusal of the system's. */
		int r = ports_new(bad[i], 20000, 20001, 2, &p, &err);

		assert_true(r == ERR_INVALID || (strchr(bad[i], ':') && r == ERR_SYSTEM));
		if (r == ERR_INVALID)
			assert_non_null(strstr(err.text, "session_ip"));
		assert_null(p);
	}
}

/* ---- mistakes, several threads, and refusals ---- */

static uint16_t mistaken_port;

static void
free_a_leased_pool(void)
{
	struct port_lease lease;
	struct ports *p = NULL;

	if (ports_new(HOME, mistaken_port, mistaken_port, 1, &p, NULL) < 0 ||
		ports_lease(p, &lease, NULL) < 0)
		return;
	ports_free(p);
}

static void
a_pool_can_not_be_freed_while_a_port_is_leased(void **state)
{
	(void)state;
	mistaken_port = find_range(HOME, 1);
	assert_true(aborts(free_a_leased_pool));
}

enum { THREADS = 4, TURNS = 500, POOL = 3 };

static struct ports *shared;
static uint16_t shared_first;
static atomic_int holders[POOL], crowded, wrong;

static void *
lease_and_return(void *arg)
{
	struct port_lease lease = {0};
	int i, r;

	for (i = 0; i < TURNS; i++) {
		r = ports_lease(shared, &lease, NULL);
		if (r != 0 && r != ERR_BUSY)
			atomic_fetch_add(&wrong, 1);
		if (r != 0)
			continue;
		if (atomic_fetch_add(&holders[lease.port - shared_first], 1) != 0)
			atomic_fetch_add(&crowded, 1);
		atomic_fetch_sub(&holders[lease.port - shared_first], 1);
		ports_return(&lease);
	}
	return arg;
}

static void
a_lease_has_one_owner_at_a_time(void **state)
{
	pthread_t threads[THREADS];
	int i;

	(void)state;
	shared = pool_for_test(HOME, POOL, &shared_first);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, lease_and_return, NULL), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&crowded), 0);
	assert_int_equal(atomic_load(&wrong), 0);
	for (i = 0; i < POOL; i++)
		assert_true(refuses(HOME, (uint16_t)(shared_first + i)));
	ports_free(shared);
}

static void
a_port_that_will_not_listen_goes_back(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease = {0};
	struct err err = {0};

	(void)state;
	torture_refuse("listen", 1);
	assert_int_equal(ports_lease(p, &lease, &err), ERR_SYSTEM);
	assert_null(lease.pool);
	lease = lease_one(p);
	assert_int_equal(lease.port, first);
	assert_true(works(HOME, &lease));
	ports_return(&lease);
	ports_free(p);
}

static void
live_and_die(void *arg)
{
	const uint16_t first = *(const uint16_t *)arg;
	struct port_lease lease = {0};
	struct ports *p = NULL;
	struct err err = {0};
	int r = ports_new(HOME, first, (uint16_t)(first + 2), 3, &p, &err);

	assert_int_equal(r, err.code);
	assert_int_equal(r == 0, p != NULL);
	assert_true(r == 0 || torture_struck());
	if (p && ports_lease(p, &lease, &err) < 0)
		assert_true(torture_struck());
	ports_return(&lease);
	ports_free(p);
}

static void
without_memory_or_sockets_it_fails_cleanly(void **state)
{
	uint16_t first = find_range(HOME, 3);

	(void)state;
	assert_true(torture(live_and_die, &first) >= 18);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_leased_port_accepts_and_a_returned_one_refuses),
		cmocka_unit_test(a_returned_port_can_be_leased_again_and_again),
		cmocka_unit_test(who_is_accepted_is_not_delayed_and_found_out_when_gone_and_holds_no_port),
		cmocka_unit_test(a_silenced_port_refuses_while_it_is_still_leased),
		cmocka_unit_test(a_port_silenced_more_than_once_works_for_the_next_session),
		cmocka_unit_test(returning_an_empty_lease_does_nothing),
		cmocka_unit_test(the_least_recently_used_port_is_leased),
		cmocka_unit_test(when_all_are_leased_the_pool_is_busy),
		cmocka_unit_test(a_port_that_another_program_holds_is_left_out),
		cmocka_unit_test(a_pool_without_a_free_port_does_not_come_to_be),
		cmocka_unit_test(no_more_ports_are_bound_than_the_limit),
		cmocka_unit_test(what_is_no_address_of_this_machine_is_invalid),
		cmocka_unit_test(a_pool_can_not_be_freed_while_a_port_is_leased),
		cmocka_unit_test(a_lease_has_one_owner_at_a_time),
		cmocka_unit_test(a_port_that_will_not_listen_goes_back),
		cmocka_unit_test(without_memory_or_sockets_it_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, be_silent, NULL);
}
