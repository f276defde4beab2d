/* SPDX-License-Identifier: MIT */
/* The port pool and its surroundings: other programs, connections, IPv6. The rest is in test_ports.c. */
#include "session/ports.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "tests/unit/port_range.h"

#define HOME "127.0.0.1"

/* In another process: can the port be bound, listened on even? 0 or the errno that says no. */
static int
try_to_take(uint16_t port, int option)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		int fd = bind_as_another(HOME, port, option);

		_exit(fd >= 0 && listen(fd, 1) == 0 ? 0 : errno);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
assert_nobody_can_take(uint16_t port)
{
	assert_int_equal(try_to_take(port, 0), EADDRINUSE);
	assert_int_equal(try_to_take(port, SO_REUSEADDR), EADDRINUSE);
	assert_int_equal(try_to_take(port, SO_REUSEPORT), EADDRINUSE);
}

static void
nobody_can_take_a_port_whether_leased_or_not(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease;

	(void)state;
	assert_nobody_can_take(first);
	lease = lease_one(p);
	assert_nobody_can_take(first);
	ports_return(&lease);
	assert_nobody_can_take(first);
	ports_free(p);
	assert_int_equal(try_to_take(first, 0), 0);
}

/* Let a browser connect and close the connection first, which leaves it in TIME_WAIT here. */
static void
leave_time_wait(const struct port_lease *lease)
{
	int client = connect_to(HOME, lease->port);
	char byte;

	close(accept_one(lease));
	assert_int_equal(read(client, &byte, 1), 0);
	close(client);
}

static void
connections_of_an_earlier_lease_do_not_hinder(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		lease = lease_one(p);
		leave_time_wait(&lease);
		assert_true(works(HOME, &lease));
		ports_return(&lease);
		assert_nobody_can_take(first);
	}
	ports_free(p);
}

static void
connections_of_an_earlier_run_do_not_hinder(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease = lease_one(p);

	(void)state;
	leave_time_wait(&lease);
	ports_return(&lease);
	ports_free(p);
	assert_int_equal(ports_new(HOME, first, first, 1, &p, NULL), 0);
	lease = lease_one(p);
	assert_true(works(HOME, &lease));
	ports_return(&lease);
	ports_free(p);
}

static void
connections_that_live_on_after_an_earlier_run_do_not_hinder(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease = lease_one(p);
	int client = connect_to(HOME, first), fd = accept_one(&lease);

	(void)state;
	ports_return(&lease);
	ports_free(p);
	assert_int_equal(ports_new(HOME, first, first, 1, &p, NULL), 0);
	lease = lease_one(p);
	assert_true(works(HOME, &lease));
	ports_return(&lease);
	ports_free(p);
	close(fd);
	close(client);
}

static void
its_sockets_neither_block_nor_reach_other_programs(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease = lease_one(p);

	(void)state;
	assert_true(fcntl(lease.fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(lease.fd, F_GETFL) & O_NONBLOCK);
	ports_return(&lease);
	ports_free(p);
}

static void
a_connection_that_was_accepted_outlives_the_lease(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease = lease_one(p);
	int client = connect_to(HOME, first), fd = accept_one(&lease);
	char byte = 0;

	(void)state;
	ports_return(&lease);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(client, &byte, 1), 1);
	close(fd);
	close(client);
	ports_free(p);
}

static void
nobody_who_connected_too_late_reaches_the_next_session(void **state)
{
	uint16_t first;
	struct ports *p = pool_for_test(HOME, 1, &first);
	struct port_lease lease = lease_one(p);
	int late = connect_to(HOME, first);
	char byte;

	(void)state;
	assert_true(late >= 0);
	ports_return(&lease);
	lease = lease_one(p);
	assert_int_equal(accept(lease.fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(read(late, &byte, 1) <= 0);
	close(late);
	ports_return(&lease);
	ports_free(p);
}

/* ---- IPv6 ---- */

static bool
has_ipv6(void)
{
	int fd = bind_as_another("::1", 0, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void
an_ipv6_address_is_served(void **state)
{
	struct port_lease lease;
	struct ports *p;
	uint16_t first;

	(void)state;
	if (!has_ipv6())
		skip();
	p = pool_for_test("::1", 1, &first);
	lease = lease_one(p);
	assert_true(accepts("::1", first));
	ports_return(&lease);
	assert_true(refuses("::1", first));
	ports_free(p);
}

static void
the_address_of_everything_serves_both_kinds(void **state)
{
	struct port_lease lease;
	struct ports *p;
	uint16_t first;

	(void)state;
	if (!has_ipv6())
		skip();
	p = pool_for_test("::", 1, &first);
	lease = lease_one(p);
	assert_true(accepts("::1", first));
	assert_true(accepts(HOME, first));
	ports_return(&lease);
	assert_true(refuses(HOME, first));
	assert_nobody_can_take(first);
	ports_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_can_take_a_port_whether_leased_or_not),
		cmocka_unit_test(connections_of_an_earlier_lease_do_not_hinder),
		cmocka_unit_test(connections_of_an_earlier_run_do_not_hinder),
		cmocka_unit_test(connections_that_live_on_after_an_earlier_run_do_not_hinder),
		cmocka_unit_test(its_sockets_neither_block_nor_reach_other_programs),
		cmocka_unit_test(a_connection_that_was_accepted_outlives_the_lease),
		cmocka_unit_test(nobody_who_connected_too_late_reaches_the_next_session),
		cmocka_unit_test(an_ipv6_address_is_served),
		cmocka_unit_test(the_address_of_everything_serves_both_kinds),
	};

	return cmocka_run_group_tests(tests, be_silent, NULL);
}
