/* SPDX-License-Identifier: MIT */
/* When a guest is looked for before its console is asked for, and when not. */
#include "session/open.h"

#include "base/workers.h"
#include "tests/unit/session_scene.h"

/* What Proxmox says, and what it is asked: f for find, c for console, with the node's initial. */
static struct {
	int find_codes[2], console_codes[2];
	int finds, consoles;
	char asked[16];
	const char *found_on; /* NULL: where it was looked for */
} scene;

static void
note(char what, const struct pve_target *target)
{
	size_t len = strlen(scene.asked);

	assert_true(len + 2 < sizeof(scene.asked));
	scene.asked[len] = what;
	scene.asked[len + 1] = target->node[0];
}

int
pve_guest_find(struct pve *pve, struct pve_target *target, int64_t deadline_ms, struct err *err)
{
	int r = scene.find_codes[scene.finds++];

	(void)pve;
	(void)deadline_ms;
	note('f', target);
	if (r < 0)
		return err_set(err, r, "as the test wants it");
	if (scene.found_on)
		snprintf(target->node, sizeof(target->node), "%s", scene.found_on);
	return 0;
}

int
pve_console_open(struct pve *pve, const struct pve_target *target, int64_t deadline_ms,
	struct pve_console *out, struct err *err)
{
	int r = scene.console_codes[scene.consoles++];

	(void)pve;
	(void)deadline_ms;
	note('c', target);
	if (r < 0)
		return err_set(err, r, "as the test wants it");
	out->way.port = 8006;
	return 0;
}

void
pve_console_done(struct pve_console *console)
{
	*console = (struct pve_console){.by_token = false};
}

void
env_use_policy(const struct env *env, struct pve *pve)
{
	(void)env;
	(void)pve;
}

void
env_lane(char out[LANE_SIZE], const struct pve_target *target)
{
	snprintf(out, LANE_SIZE, "%.64s", target->host);
}

bool
env_answered(int code)
{
	return code == 0;
}

/* A worker is there at once. */
int
workers_post(struct workers *w, const struct job *job, struct err *err)
{
	(void)w;
	(void)err;
	job->run(job->arg);
	return 0;
}

static const struct env env;
static struct sessions *r;
static struct pve login;
static struct session *s;

static int
begin(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof(scene));
	login = (struct pve){.user = "u@pve"};
	r = registry_for_test();
	s = session_for_test(r, 100, &login);
	enter(r, s);
	return 0;
}

static int
end(void **state)
{
	static const struct tunables usual = {.connect_timeout_s = 300};

	(void)state;
	leave(s);
	sessions_tick(r, &usual);
	sessions_free(r);
	return 0;
}

/* A browser comes: what it is told, END_NONE for a console. */
static enum end
open_up(void)
{
	struct console_mail *mail;
	struct mail *first;
	enum end told_end;

	memset(scene.asked, 0, sizeof(scene.asked));
	scene.finds = scene.consoles = 0;
	assert_int_equal(open_console(&env, s, 7, 0, NULL), 0);
	first = mailbox_take(s->mailbox);
	assert_non_null(first);
	mail = (struct console_mail *)(scene.consoles > 0 ? first->next : first);
	assert_non_null(mail);
	/* It is told once that a console is asked for, if one is. */
	if (scene.consoles > 0) {
		assert_int_equal(first->kind, MAIL_ASKING);
		assert_int_equal(((struct asking_mail *)first)->viewer, 7);
		first->discard(first);
	}
	assert_null(mail->mail.next);
	assert_int_equal(mail->mail.kind, MAIL_CONSOLE);
	assert_int_equal(mail->viewer, 7);
	assert_int_equal(mail->err.code < 0, mail->end != END_NONE);
	assert_int_equal(mail->console.way.port, mail->end == END_NONE ? 8006 : 0);
	told_end = mail->end;
	mail->mail.discard(&mail->mail);
	return told_end;
}

static void
see(void)
{
	const char node[PVE_NODE_SIZE] = "pve";

	assert_false(sessions_seen(s, node));
}

static void
the_first_browser_after_a_link_asks_for_the_console_alone(void **state)
{
	(void)state;
	see();
	assert_int_equal(open_up(), END_NONE);
	assert_string_equal(scene.asked, "cp");
}

static void
the_next_one_looks_again(void **state)
{
	(void)state;
	see();
	assert_int_equal(open_up(), END_NONE);
	assert_int_equal(open_up(), END_NONE);
	assert_string_equal(scene.asked, "fpcp");
	s->seen_ms = 0;
	scene.find_codes[0] = ERR_NOT_RUNNING;
	assert_int_equal(open_up(), END_GUEST_OFF);
	assert_string_equal(scene.asked, "fp");
}

static void
one_that_comes_late_looks_again(void **state)
{
	(void)state;
	see();
	s->seen_ms -= 5000;
	assert_int_equal(open_up(), END_NONE);
	assert_string_equal(scene.asked, "fpcp");
}

static void
what_tells_in_its_own_screen_that_it_is_off_is_looked_for_each_time(void **state)
{
	static const struct {
		enum pve_guest_type type;
		enum pve_console_kind kind;
	} all[] = {{PVE_GUEST_LXC, PVE_CONSOLE_VNC}, {PVE_GUEST_LXC, PVE_CONSOLE_TERM},
		{PVE_GUEST_QEMU, PVE_CONSOLE_TERM}, {PVE_GUEST_NODE, PVE_CONSOLE_VNC},
		{PVE_GUEST_NODE, PVE_CONSOLE_TERM}};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		s->target.type = all[i].type;
		s->target.kind = all[i].kind;
		see();
		assert_int_equal(open_up(), END_NONE);
		assert_string_equal(scene.asked, "fpcp");
	}
}

static void
one_that_has_moved_since_is_found(void **state)
{
	char node[PVE_NODE_SIZE];

	(void)state;
	see();
	scene.console_codes[0] = ERR_NOT_FOUND;
	scene.found_on = "other";
	assert_int_equal(open_up(), END_NONE);
	assert_string_equal(scene.asked, "cpfpco");
	sessions_node(s, node);
	assert_string_equal(node, "other");
}

static void
what_a_look_explains_ends_as_the_look_says(void **state)
{
	static const struct {
		int console, find;
		enum end end;
	} all[] = {{ERR_NOT_FOUND, ERR_NOT_FOUND, END_MOVING},
		{ERR_NOT_FOUND, ERR_UNREACHABLE, END_UNREACHABLE},
		{ERR_NOT_RUNNING, ERR_NOT_RUNNING, END_GUEST_OFF}};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		see();
		scene.console_codes[0] = all[i].console;
		scene.find_codes[0] = all[i].find;
		assert_int_equal(open_up(), all[i].end);
		assert_string_equal(scene.asked, "cpfp");
	}
}

static void
what_a_look_would_not_change_ends_at_once(void **state)
{
	static const struct {
		int console;
		enum end end;
	} all[] = {{ERR_REFUSED, END_REFUSED}, {ERR_LIMIT, END_LIMIT}, {ERR_PROTOCOL, END_GARBLED},
		{ERR_UNREACHABLE, END_UNREACHABLE}, {ERR_TIMEOUT, END_TIMEOUT},
		{ERR_UNTRUSTED, END_UNTRUSTED}, {ERR_STOPPING, END_STOPPING}};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		see();
		scene.console_codes[0] = all[i].console;
		assert_int_equal(open_up(), all[i].end);
		assert_string_equal(scene.asked, "cp");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_first_browser_after_a_link_asks_for_the_console_alone, begin, end),
		cmocka_unit_test_setup_teardown(the_next_one_looks_again, begin, end),
		cmocka_unit_test_setup_teardown(one_that_comes_late_looks_again, begin, end),
		cmocka_unit_test_setup_teardown(
			what_tells_in_its_own_screen_that_it_is_off_is_looked_for_each_time, begin, end),
		cmocka_unit_test_setup_teardown(one_that_has_moved_since_is_found, begin, end),
		cmocka_unit_test_setup_teardown(what_a_look_explains_ends_as_the_look_says, begin, end),
		cmocka_unit_test_setup_teardown(what_a_look_would_not_change_ends_at_once, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
