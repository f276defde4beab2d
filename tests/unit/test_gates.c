/* SPDX-License-Identifier: MIT */
#include "session/gates.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/death.h"
#include "tests/unit/torture.h"

enum { KIND = 42 };

static struct pve_target
guest(const char *host, uint16_t port, uint32_t vmid)
{
	struct pve_target t = {.port = port, .node = "a", .vmid = vmid};

	snprintf(t.host, sizeof(t.host), "%s", host);
	return t;
}

static struct gates *
gates_for_test(void)
{
	struct gates *g = NULL;

	assert_int_equal(gates_new(&g, NULL), 0);
	return g;
}

static struct mailbox *
mailbox_for_test(void)
{
	struct mailbox *m = NULL;

	assert_int_equal(mailbox_new(&m, NULL), 0);
	return m;
}

static int
enter(struct gates *g, uint32_t vmid, struct mailbox *m, uint64_t viewer, struct gate_pass **out)
{
	const struct pve_target t = guest("host", 8006, vmid);
	int r = gate_enter(g, &t, m, KIND, viewer, out, NULL);

	assert_non_null(*out);
	return r;
}

/* The viewer that the only message in the mailbox grants; 0: there is none. */
static uint64_t
granted(struct mailbox *m)
{
	struct mail *mail = mailbox_take(m);
	uint64_t viewer;

	if (!mail)
		return 0;
	assert_null(mail->next);
	assert_int_equal(mail->kind, KIND);
	viewer = ((struct gate_mail *)mail)->viewer;
	mail->discard(mail);
	return viewer;
}

static void
the_first_is_inside_at_once_without_a_message(void **state)
{
	struct gates *g = gates_for_test();
	struct mailbox *m = mailbox_for_test();
	struct gate_pass *pass = NULL;

	(void)state;
	assert_int_equal(enter(g, 100, m, 1, &pass), GATE_OPEN);
	assert_int_equal(granted(m), 0);
	gate_leave(&pass);
	assert_null(pass);
	gate_leave(&pass);
	assert_int_equal(granted(m), 0);
	mailbox_unref(m);
	gates_free(g);
	gates_free(NULL);
}

static void
the_second_is_told_when_the_first_leaves(void **state)
{
	struct gates *g = gates_for_test();
	struct mailbox *m = mailbox_for_test();
	struct gate_pass *first = NULL, *second = NULL;

	(void)state;
	assert_int_equal(enter(g, 100, m, 1, &first), GATE_OPEN);
	assert_int_equal(enter(g, 100, m, 2, &second), GATE_WAIT);
	assert_int_equal(granted(m), 0);
	gate_leave(&first);
	assert_int_equal(granted(m), 2);
	gate_leave(&second);
	assert_int_equal(enter(g, 100, m, 3, &first), GATE_OPEN);
	gate_leave(&first);
	mailbox_unref(m);
	gates_free(g);
}

static void
sessions_take_turns_in_the_order_of_arrival(void **state)
{
	struct gates *g = gates_for_test();
	struct mailbox *m[3];
	struct gate_pass *pass[9] = {NULL};
	unsigned i, j;

	(void)state;
	for (i = 0; i < 3; i++)
		m[i] = mailbox_for_test();
	for (i = 0; i < 9; i++)
		assert_int_equal(enter(g, 100, m[i % 3], i + 1, &pass[i]), i ? GATE_WAIT : GATE_OPEN);
	for (i = 0; i < 8; i++) {
		gate_leave(&pass[i]);
		for (j = 0; j < 3; j++)
			assert_int_equal(granted(m[j]), j == (i + 1) % 3 ? i + 2 : 0);
	}
	gate_leave(&pass[8]);
	for (i = 0; i < 3; i++) {
		assert_int_equal(granted(m[i]), 0);
		mailbox_unref(m[i]);
	}
	gates_free(g);
}

static void
who_leaves_the_line_is_not_told_and_the_next_moves_up(void **state)
{
	struct gates *g = gates_for_test();
	struct mailbox *m = mailbox_for_test();
	struct gate_pass *pass[3] = {NULL};

	(void)state;
	enter(g, 100, m, 1, &pass[0]);
	enter(g, 100, m, 2, &pass[1]);
	enter(g, 100, m, 3, &pass[2]);
	gate_leave(&pass[1]);
	assert_int_equal(granted(m), 0);
	gate_leave(&pass[0]);
	assert_int_equal(granted(m), 3);
	gate_leave(&pass[2]);
	assert_int_equal(granted(m), 0);
	mailbox_unref(m);
	gates_free(g);
}

static void
the_last_in_line_may_leave_first(void **state)
{
	struct gates *g = gates_for_test();
	struct mailbox *m = mailbox_for_test();
	struct gate_pass *first = NULL, *second = NULL, *third = NULL;

	(void)state;
	enter(g, 100, m, 1, &first);
	enter(g, 100, m, 2, &second);
	gate_leave(&second);
	assert_int_equal(enter(g, 100, m, 3, &third), GATE_WAIT);
	gate_leave(&first);
	assert_int_equal(granted(m), 3);
	gate_leave(&third);
	mailbox_unref(m);
	gates_free(g);
}

static void
who_was_let_in_may_leave_before_it_has_read_so(void **state)
{
	struct gates *g = gates_for_test();
	struct mailbox *m = mailbox_for_test(), *other = mailbox_for_test();
	struct gate_pass *first = NULL, *second = NULL, *third = NULL;

	(void)state;
	enter(g, 100, m, 1, &first);
	enter(g, 100, m, 2, &second);
	enter(g, 100, other, 3, &third);
	gate_leave(&first);
	gate_leave(&second);
	assert_int_equal(granted(other), 3);
	assert_int_equal(granted(m), 2);
	gate_leave(&third);
	mailbox_unref(m);
	mailbox_unref(other);
	gates_free(g);
}

static void
different_guests_do_not_wait_for_each_other(void **state)
{
	const struct pve_target guests[] = {guest("host", 8006, 100), guest("host", 8006, 101),
		guest("host", 8006, 356), guest("host", 443, 100), guest("other", 8006, 100),
		guest("host2", 8006, 100)};
	enum { GUESTS = sizeof(guests) / sizeof(guests[0]) };
	struct gates *g = gates_for_test();
	struct mailbox *m = mailbox_for_test();
	struct gate_pass *pass[GUESTS] = {NULL};
	size_t i;

	(void)state;
	for (i = 0; i < GUESTS; i++)
		assert_int_equal(gate_enter(g, &guests[i], m, KIND, i, &pass[i], NULL), GATE_OPEN);
	for (i = 0; i < GUESTS; i++)
		gate_leave(&pass[i]);
	assert_int_equal(granted(m), 0);
	mailbox_unref(m);
	gates_free(g);
}

static void
a_guest_is_the_same_on_whatever_node(void **state)
{
	struct pve_target here = guest("host", 8006, 100), there = here;
	struct gates *g = gates_for_test();
	struct mailbox *m = mailbox_for_test();
	struct gate_pass *first = NULL, *second = NULL;

	(void)state;
	snprintf(there.node, sizeof(there.node), "b");
	assert_int_equal(gate_enter(g, &here, m, KIND, 1, &first, NULL), GATE_OPEN);
	assert_int_equal(gate_enter(g, &there, m, KIND, 2, &second, NULL), GATE_WAIT);
	gate_leave(&second);
	gate_leave(&first);
	mailbox_unref(m);
	gates_free(g);
}

/* 100, 356 and 612 may well share a place in a table. */
static void
lines_of_different_guests_do_not_mix(void **state)
{
	static const uint32_t vmids[] = {100, 356, 612};
	struct gates *g = gates_for_test();
	struct mailbox *m[3];
	struct gate_pass *pass[9] = {NULL};
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++)
		m[i] = mailbox_for_test();
	for (i = 0; i < 9; i++)
		assert_int_equal(
			enter(g, vmids[i % 3], m[i % 3], i + 1, &pass[i]), i < 3 ? GATE_OPEN : GATE_WAIT);
	gate_leave(&pass[1]);
	assert_int_equal(granted(m[0]), 0);
	assert_int_equal(granted(m[1]), 5);
	assert_int_equal(granted(m[2]), 0);
	gate_leave(&pass[2]);
	assert_int_equal(granted(m[2]), 6);
	gate_leave(&pass[0]);
	assert_int_equal(granted(m[0]), 4);
	for (i = 3; i < 9; i++)
		gate_leave(&pass[i]);
	for (i = 0; i < 3; i++)
		mailbox_unref(m[i]);
	gates_free(g);
}

static void
a_session_that_ended_holds_up_nobody_once_it_left(void **state)
{
	struct gates *g = gates_for_test();
	struct mailbox *dead = mailbox_for_test(), *m = mailbox_for_test();
	struct gate_pass *first = NULL, *second = NULL, *third = NULL;

	(void)state;
	enter(g, 100, m, 1, &first);
	enter(g, 100, dead, 2, &second);
	enter(g, 100, m, 3, &third);
	mailbox_close(dead);
	gate_leave(&first);
	assert_int_equal(granted(m), 0);
	gate_leave(&second);
	assert_int_equal(granted(m), 3);
	gate_leave(&third);
	mailbox_unref(dead);
	mailbox_unref(m);
	gates_free(g);
}

static void
it_keeps_its_own_reference_to_a_mailbox(void **state)
{
	struct gates *g = gates_for_test();
	struct mailbox *m = mailbox_for_test();
	struct gate_pass *first = NULL, *second = NULL;

	(void)state;
	enter(g, 100, m, 1, &first);
	enter(g, 100, m, 2, &second);
	mailbox_unref(m);
	gate_leave(&first);
	gate_leave(&second);
	gates_free(g);
}

static void
free_with_somebody_inside(void)
{
	struct gates *g = NULL;
	struct mailbox *m = NULL;
	struct gate_pass *pass = NULL;
	const struct pve_target t = guest("host", 8006, 100);

	if (gates_new(&g, NULL) < 0 || mailbox_new(&m, NULL) < 0 ||
		gate_enter(g, &t, m, KIND, 1, &pass, NULL) < 0)
		return;
	gates_free(g);
}

static void
they_can_not_be_freed_around_somebody(void **state)
{
	(void)state;
	assert_true(aborts(free_with_somebody_inside));
}

/* ---- several threads ---- */

enum { THREADS = 6, TURNS = 300, GUESTS = 2 };

static struct gates *shared;
static atomic_int inside[GUESTS], crowded, unfair;

/*
 * Wait for the message to this viewer. One to an earlier viewer, which gave up
 * while it was being let in, may still come; it is discarded as it should be.
 */
static void
wait_for_grant(struct mailbox *m, uint64_t viewer)
{
	struct pollfd p = {.fd = mailbox_fd(m), .events = POLLIN};
	struct mail *mail, *next;
	uint64_t who = 0;

	while (who != viewer && poll(&p, 1, 60000) == 1) {
		for (mail = mailbox_take(m); mail; mail = next) {
			next = mail->next;
			who = ((struct gate_mail *)mail)->viewer;
			if (who > viewer)
				atomic_fetch_add(&unfair, 1);
			mail->discard(mail);
		}
	}
	if (who != viewer)
		atomic_fetch_add(&unfair, 1);
}

static void *
open_consoles(void *arg)
{
	const int me = *(const int *)arg;
	struct mailbox *m = NULL;
	struct gate_pass *pass = NULL;
	struct pve_target t;
	int i, g, r;

	if (mailbox_new(&m, NULL) < 0)
		return NULL;
	for (i = 0; i < TURNS; i++) {
		g = i % GUESTS;
		t = guest("host", 8006, 100 + 256 * (uint32_t)g);
		r = gate_enter(shared, &t, m, KIND, (uint64_t)(me * TURNS + i + 1), &pass, NULL);
		if (r == GATE_WAIT && (me + i) % 7 == 0) {
			gate_leave(&pass); /* gave up; it may have been let in meanwhile */
			continue;
		}
		if (r == GATE_WAIT)
			wait_for_grant(m, (uint64_t)(me * TURNS + i + 1));
		if (atomic_fetch_add(&inside[g], 1) != 0)
			atomic_fetch_add(&crowded, 1);
		atomic_fetch_sub(&inside[g], 1);
		gate_leave(&pass);
	}
	mailbox_close(m);
	mailbox_unref(m);
	return arg;
}

static void
never_are_two_threads_inside_one_gate(void **state)
{
	pthread_t threads[THREADS];
	int me[THREADS], i;
	void *done;

	(void)state;
	shared = gates_for_test();
	for (i = 0; i < THREADS; i++) {
		me[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, open_consoles, &me[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &done);
		assert_non_null(done);
	}
	assert_int_equal(atomic_load(&crowded), 0);
	assert_int_equal(atomic_load(&unfair), 0);
	gates_free(shared);
}

/* ---- without memory ---- */

static void
live_and_die(void *arg)
{
	const struct pve_target t = guest("host", 8006, 100);
	struct gates *g = NULL;
	struct mailbox *m = NULL;
	struct gate_pass *pass[3] = {NULL};
	struct err err = {0};
	int i, r = 0;

	(void)arg;
	if (gates_new(&g, &err) == 0 && mailbox_new(&m, &err) == 0) {
		for (i = 0; i < 3; i++) {
			r = gate_enter(g, &t, m, KIND, 1, &pass[i], &err);
			assert_int_equal(r < 0, pass[i] == NULL);
			assert_true(r >= 0 || (r == ERR_MEMORY && torture_struck()));
		}
		for (i = 0; i < 3; i++)
			gate_leave(&pass[i]);
	}
	mailbox_unref(m);
	gates_free(g);
}

static void
without_memory_it_fails_cleanly(void **state)
{
	(void)state;
	assert_true(torture(live_and_die, NULL) >= 16);
}

static void
only_screens_of_virtual_machines_need_a_gate(void **state)
{
	static const struct {
		enum pve_guest_type type;
		enum pve_console_kind kind;
		bool needed;
	} rows[] = {
		{PVE_GUEST_QEMU, PVE_CONSOLE_VNC, true},
		{PVE_GUEST_QEMU, PVE_CONSOLE_TERM, false},
		{PVE_GUEST_LXC, PVE_CONSOLE_VNC, false},
		{PVE_GUEST_LXC, PVE_CONSOLE_TERM, false},
		{PVE_GUEST_NODE, PVE_CONSOLE_VNC, false},
		{PVE_GUEST_NODE, PVE_CONSOLE_TERM, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pve_target target = {.type = rows[i].type, .kind = rows[i].kind};

		assert_int_equal(gate_needed(&target), rows[i].needed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_inside_at_once_without_a_message),
		cmocka_unit_test(the_second_is_told_when_the_first_leaves),
		cmocka_unit_test(sessions_take_turns_in_the_order_of_arrival),
		cmocka_unit_test(who_leaves_the_line_is_not_told_and_the_next_moves_up),
		cmocka_unit_test(the_last_in_line_may_leave_first),
		cmocka_unit_test(who_was_let_in_may_leave_before_it_has_read_so),
		cmocka_unit_test(different_guests_do_not_wait_for_each_other),
		cmocka_unit_test(a_guest_is_the_same_on_whatever_node),
		cmocka_unit_test(lines_of_different_guests_do_not_mix),
		cmocka_unit_test(a_session_that_ended_holds_up_nobody_once_it_left),
		cmocka_unit_test(it_keeps_its_own_reference_to_a_mailbox),
		cmocka_unit_test(they_can_not_be_freed_around_somebody),
		cmocka_unit_test(never_are_two_threads_inside_one_gate),
		cmocka_unit_test(without_memory_it_fails_cleanly),
		cmocka_unit_test(only_screens_of_virtual_machines_need_a_gate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
