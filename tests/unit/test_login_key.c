/* SPDX-License-Identifier: MIT */
#include "session/login_key.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/torture.h"

/* What is asked with, to be changed by the tests. */
struct scene {
	struct pve_target target;
	struct pve_credential credential;
	struct login_ask ask;
};

static struct login_keys *keys;

static int
make_keys(void **state)
{
	(void)state;
	return login_keys_new(&keys, NULL);
}

static int
free_keys(void **state)
{
	(void)state;
	login_keys_free(keys);
	return 0;
}

static void
set(struct secret *secret, const char *text)
{
	assert_int_equal(secret_set(secret, text, strlen(text)), 0);
}

static void
scene_init(struct scene *s)
{
	*s = (struct scene){.target = {.host = "host", .port = 8006, .node = "pve", .vmid = 100},
		.credential = {.user = "u@pve"},
		.ask = {.since_us = 0}};
	s->ask.target = &s->target;
	s->ask.credential = &s->credential;
	set(&s->credential.secret, "password");
}

static struct login_key
key_of(struct scene *s)
{
	struct login_key key = {.alone = true};

	assert_int_equal(login_key_make(keys, &s->ask, &key, NULL), 0);
	pve_hosts_unref(s->ask.hosts);
	pve_credential_done(&s->credential);
	return key;
}

static struct pve_hosts *
hosts(const char *first, const char *second)
{
	struct pve_hosts *list = NULL;

	assert_int_equal(pve_hosts_new(&list, NULL), 0);
	assert_int_equal(pve_hosts_add(list, first, NULL), 0);
	if (second)
		assert_int_equal(pve_hosts_add(list, second, NULL), 0);
	return list;
}

/* Each changes one thing. */
static void
nothing(struct scene *s)
{
	(void)s;
}

static void
another_password(struct scene *s)
{
	set(&s->credential.secret, "Password");
}

static void
a_longer_password(struct scene *s)
{
	set(&s->credential.secret, "password1");
}

static void
another_user(struct scene *s)
{
	snprintf(s->credential.user, sizeof(s->credential.user), "u@pam");
}

/* The same bytes, parted at another place. */
static void
a_letter_moved(struct scene *s)
{
	snprintf(s->credential.user, sizeof(s->credential.user), "u@pvep");
	set(&s->credential.secret, "assword");
}

static void
a_token(struct scene *s)
{
	snprintf(s->credential.user, sizeof(s->credential.user), "u@pve!gw");
}

static void
another_host(struct scene *s)
{
	s->target.host[0] = 'g';
}

static void
another_port(struct scene *s)
{
	s->target.port = 443;
}

static void
a_pin(struct scene *s)
{
	s->target.pin.set = true;
}

static void
another_pin(struct scene *s)
{
	s->target.pin = (struct pve_fingerprint){.set = true, .sha256 = {[31] = 1}};
}

static void
a_list_of_one(struct scene *s)
{
	s->ask.hosts = hosts("host", NULL);
}

static void
a_list_of_two(struct scene *s)
{
	s->ask.hosts = hosts("host", "other");
}

static void
another_list(struct scene *s)
{
	s->ask.hosts = hosts("host", "another");
}

static void (*const changes[])(struct scene *s) = {nothing, another_password, a_longer_password,
	another_user, a_letter_moved, a_token, another_host, another_port, a_pin, another_pin,
	a_list_of_one, a_list_of_two, another_list};

enum { CHANGES = sizeof(changes) / sizeof(changes[0]) };

static void
every_part_of_who_asks_whom_makes_another_key(void **state)
{
	struct login_key all[CHANGES];
	struct scene s;

	(void)state;
	for (size_t i = 0; i < CHANGES; i++) {
		scene_init(&s);
		changes[i](&s);
		all[i] = key_of(&s);
		for (size_t j = 0; j <= i; j++)
			assert_int_equal(login_key_equal(&all[i], &all[j]), i == j);
	}
}

static void
the_same_credential_has_the_same_key_whatever_the_guest(void **state)
{
	struct login_key one, two;
	struct scene s;

	(void)state;
	scene_init(&s);
	one = key_of(&s);
	scene_init(&s);
	s.target.vmid = 101;
	s.target.node[0] = 'q';
	s.target.kind = PVE_CONSOLE_TERM;
	s.ask.since_us = 77;
	two = key_of(&s);
	assert_true(login_key_equal(&one, &two));
}

static void
a_second_factor_makes_it_equal_to_none(void **state)
{
	struct login_key plain, alone;
	struct scene s;

	(void)state;
	scene_init(&s);
	plain = key_of(&s);
	scene_init(&s);
	set(&s.credential.otp, "123456");
	alone = key_of(&s);
	assert_true(alone.alone);
	assert_false(login_key_equal(&alone, &alone));
	assert_false(login_key_equal(&alone, &plain));
	assert_false(login_key_equal(&plain, &alone));
}

static void
another_process_has_other_keys(void **state)
{
	struct login_keys *mine = keys, *theirs = NULL;
	struct login_key one, two;
	struct scene s;

	(void)state;
	scene_init(&s);
	one = key_of(&s);
	assert_int_equal(login_keys_new(&theirs, NULL), 0);
	keys = theirs;
	scene_init(&s);
	two = key_of(&s);
	keys = mine;
	login_keys_free(theirs);
	assert_false(login_key_equal(&one, &two));
}

static void
live_and_die(void *arg)
{
	struct login_keys *made = NULL;
	struct err err = {0, ""};

	(void)arg;
	if (login_keys_new(&made, &err) < 0)
		assert_true(torture_struck());
	assert_int_equal(err.code == 0, made != NULL);
	login_keys_free(made);
}

static void
without_memory_or_random_bytes_there_are_none(void **state)
{
	(void)state;
	assert_true(torture(live_and_die, NULL) >= 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_keys, free_keys)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_part_of_who_asks_whom_makes_another_key),
		TEST(the_same_credential_has_the_same_key_whatever_the_guest),
		TEST(a_second_factor_makes_it_equal_to_none),
		TEST(another_process_has_other_keys),
		cmocka_unit_test(without_memory_or_random_bytes_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
