/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include "base/clock.h"
#include "session/token.h"
#include "tests/unit/death.h"
#include "tests/unit/port_range.h"
#include "tests/unit/session_scene.h"

static void
a_session_knows_what_it_is(void **state)
{
	struct pve login = {.user = "u@pve"};
	struct sessions *r = registry_for_test();
	int64_t before = clock_ms();
	struct session *s = session_for_test(r, 100, &login);

	(void)state;
	assert_string_equal(s->key, "vm:pve:100");
	assert_int_equal(s->target.vmid, 100);
	assert_int_equal(s->target.type, PVE_GUEST_QEMU);
	assert_int_equal(s->state, SESSION_CREATED);
	assert_true(s->created_ms >= before && s->created_ms <= clock_ms());
	assert_int_equal(s->connected_unix, 0);
	assert_false(s->ending);
	session_unref(s);
	assert_int_equal(login.refs, 0);
	sessions_free(r);
	session_unref(NULL);
}

static void
keys_say_vm_lxc_or_node(void **state)
{
	struct pve_target target = guest(200);
	char key[SESSION_KEY_SIZE];

	(void)state;
	session_format_key(key, &target);
	assert_string_equal(key, "vm:pve:200");
	target.type = PVE_GUEST_LXC;
	session_format_key(key, &target);
	assert_string_equal(key, "lxc:pve:200");
	target.type = PVE_GUEST_NODE;
	target.vmid = 0;
	session_format_key(key, &target);
	assert_string_equal(key, "node:pve");
}

static struct session *
named_at(struct sessions *r, struct pve *login, int64_t unix_s)
{
	struct session *s = session_for_test(r, 100, login);

	s->created_unix = unix_s;
	sessions_name(r, s);
	return s;
}

static void
an_id_is_made_of_time_and_key(void **state)
{
	struct pve login = {.user = "u@pve"};
	struct sessions *r = registry_for_test();
	struct session *s = named_at(r, &login, INT64_C(9000000000));

	(void)state;
	assert_string_equal(s->id, "vnc_9000000000_vm:pve:100");
	session_unref(s);
	sessions_free(r);
}

static void
no_two_ids_are_equal_even_when_the_clock_is_set_back(void **state)
{
	static const int64_t at[] = {9000000000, 9000000000, 9000000001, 9000000000, 9000000001,
		8000000000, 9000000001, 9000000002, 9000000000};
	enum { MANY = sizeof(at) / sizeof(at[0]) };
	struct pve login = {.user = "u@pve"};
	struct sessions *r = registry_for_test();
	struct session *all[MANY];
	size_t i, j;

	(void)state;
	for (i = 0; i < MANY; i++) {
		all[i] = named_at(r, &login, at[i]);
		for (j = 0; j < i; j++)
			assert_string_not_equal(all[i]->id, all[j]->id);
	}
	for (i = 0; i < MANY; i++)
		session_unref(all[i]);
	sessions_free(r);
}

static void
the_longest_names_fit(void **state)
{
	struct pve login = {.user = "u@pve", .refs = 1}, *moved = &login;
	struct sessions *r = registry_for_test();
	struct pve_target target = guest(999999999);
	struct port_lease none = {0};
	struct place *nowhere = NULL;
	struct session *s = NULL;

	(void)state;
	memset(target.node, 'n', PVE_NODE_SIZE - 1);
	target.node[PVE_NODE_SIZE - 1] = '\0';
	assert_int_equal(session_new(r, &target, &moved, &none, &nowhere, &s, NULL), 0);
	assert_string_equal(s->key + strlen(s->key) - 10, ":999999999");
	assert_non_null(strstr(s->id, s->key));
	session_unref(s);
	sessions_free(r);
}

static void
the_last_reference_returns_the_port_and_the_login(void **state)
{
	struct pve login = {.user = "u@pve", .refs = 1}, *moved = &login;
	struct sessions *r = registry_for_test();
	const struct pve_target target = guest(100);
	struct session *s = NULL;
	struct port_lease lease;
	struct place *nowhere = NULL;
	uint16_t first;
	struct ports *p = pool_for_test("127.0.0.1", 1, &first);

	(void)state;
	lease = lease_one(p);
	assert_int_equal(session_new(r, &target, &moved, &lease, &nowhere, &s, NULL), 0);
	assert_null(moved);
	assert_null(lease.pool);
	assert_int_equal(s->port, first);
	assert_ptr_equal(session_ref(s), s);
	session_unref(s);
	assert_int_equal(login.refs, 1);
	assert_int_equal(ports_lease(p, &lease, NULL), ERR_BUSY);
	session_unref(s);
	assert_int_equal(login.refs, 0);
	assert_true(refuses("127.0.0.1", first));
	ports_free(p);
	sessions_free(r);
}

static void
every_link_has_a_key_of_its_own_which_the_thread_is_told(void **state)
{
	struct pve login = {.user = "u@pve"};
	struct sessions *r = registry_for_test();
	struct session *s = session_for_test(r, 100, &login);
	struct secret a = {0}, b = {0};
	struct mail *mail;

	(void)state;
	assert_int_equal(session_add_link(s, &opener, &a, NULL), 0);
	assert_int_equal(session_add_link(s, &opener, &b, NULL), 0);
	assert_int_equal(a.len, KEY_CHARS);
	assert_string_not_equal(secret_peek(&a), secret_peek(&b));
	mail = mailbox_take(s->mailbox);
	assert_int_equal(mail->kind, MAIL_LINK);
	assert_true(secret_equal(&((struct link_mail *)mail)->key, a.data, a.len));
	assert_true(ip_equal(&((struct link_mail *)mail)->opener, &opener));
	assert_true(secret_equal(&((struct link_mail *)mail->next)->key, b.data, b.len));
	assert_null(mail->next->next);
	mail->next->discard(mail->next);
	mail->discard(mail);
	secret_wipe(&a);
	secret_wipe(&b);
	session_unref(s);
	sessions_free(r);
}

static void
no_link_leads_to_a_session_that_has_ended(void **state)
{
	struct pve login = {.user = "u@pve"};
	struct sessions *r = registry_for_test();
	struct session *s = session_for_test(r, 100, &login);
	struct secret key = {0};
	struct err err = {0};

	(void)state;
	mailbox_close(s->mailbox);
	assert_int_equal(session_add_link(s, &opener, &key, &err), ERR_GONE);
	assert_int_equal(err.code, ERR_GONE);
	assert_null(key.data);
	assert_int_equal(session_end(s, END_KILLED), 0);
	session_unref(s);
	sessions_free(r);
}

static void
a_key_that_nobody_read_is_wiped(void **state)
{
	struct pve login = {.user = "u@pve"};
	struct sessions *r = registry_for_test();
	struct session *s = session_for_test(r, 100, &login);
	struct secret key = {0};

	(void)state;
	assert_int_equal(session_add_link(s, &opener, &key, NULL), 0);
	torture_look_for(secret_peek(&key));
	session_unref(s);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
	secret_wipe(&key);
	sessions_free(r);
}

static void
the_thread_is_told_why_to_end(void **state)
{
	struct pve login = {.user = "u@pve"};
	struct sessions *r = registry_for_test();
	struct session *s = session_for_test(r, 100, &login);

	(void)state;
	assert_int_equal(session_end(s, END_KILLED), 0);
	assert_int_equal(told(s), END_KILLED);
	assert_int_equal(told(s), END_NONE);
	session_unref(s);
	sessions_free(r);
}

static void
live_and_die(void *arg)
{
	struct pve login = {.user = "u@pve", .refs = 1}, *moved = &login;
	const struct pve_target target = guest(100);
	struct port_lease none = {0};
	struct place *nowhere = NULL;
	struct sessions *r = NULL;
	struct session *s = NULL;
	struct secret key = {0};
	struct err err = {0};

	(void)arg;
	if (sessions_new(&r, &err) == 0 &&
		session_new(r, &target, &moved, &none, &nowhere, &s, &err) == 0) {
		if (session_add_link(s, &opener, &key, &err) < 0)
			assert_null(key.data);
		assert_true(session_end(s, END_KILLED) == 0 || torture_struck());
		assert_null(moved);
	} else {
		assert_true(torture_struck());
		assert_ptr_equal(moved, &login);
	}
	assert_int_equal(err.code == 0, key.data != NULL);
	secret_wipe(&key);
	session_unref(s);
	assert_int_equal(login.refs, moved ? 1 : 0);
	sessions_free(r);
}

static void
without_memory_or_descriptors_it_fails_cleanly(void **state)
{
	(void)state;
	assert_true(torture(live_and_die, NULL) >= 16);
}

static void
drop_once_too_often(void)
{
	static struct session s; /* without its magic, as after the last reference */

	session_unref(&s);
}

static void
a_session_that_is_gone_can_not_be_dropped(void **state)
{
	(void)state;
	assert_true(aborts(drop_once_too_often));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_knows_what_it_is),
		cmocka_unit_test(keys_say_vm_lxc_or_node),
		cmocka_unit_test(an_id_is_made_of_time_and_key),
		cmocka_unit_test(no_two_ids_are_equal_even_when_the_clock_is_set_back),
		cmocka_unit_test(the_longest_names_fit),
		cmocka_unit_test(the_last_reference_returns_the_port_and_the_login),
		cmocka_unit_test(every_link_has_a_key_of_its_own_which_the_thread_is_told),
		cmocka_unit_test(no_link_leads_to_a_session_that_has_ended),
		cmocka_unit_test(a_key_that_nobody_read_is_wiped),
		cmocka_unit_test(the_thread_is_told_why_to_end),
		cmocka_unit_test(without_memory_or_descriptors_it_fails_cleanly),
		cmocka_unit_test(a_session_that_is_gone_can_not_be_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
