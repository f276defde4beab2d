/* SPDX-License-Identifier: MIT */
/* Logins, renewals and what calls carry, before a host on loopback that answers by rote. */
#include "tests/unit/pve_scene.h"

#include "base/clock.h"
#include "proxmox_api/pve_client.h"
#include "proxmox_api/pve_request.h"

enum { SOON_MS = 60000 };

#define TICKET(name, user)                                                     \
	"{\"data\":{\"ticket\":\"PVE:" user ":65::" name "\",\"username\":\"" user \
	"\",\"CSRFPreventionToken\":\"65:" name "\"}}"
#define HALF_TICKET                                                                   \
	"{\"data\":{\"ticket\":\"PVE:!tfa!%7B%22totp%22%3Atrue%7D:65::x\",\"NeedTFA\":1," \
	"\"username\":\"joe@pve\",\"CSRFPreventionToken\":\"65:x\"}}"

static const struct pve_policy_config insecure = {.mode = PVE_TLS_INSECURE};
static struct pve_policy *policy;
static struct pve_target target = {.host = "127.0.0.1", .node = "pve", .vmid = 100};
static struct cert cert;
static struct scene_host *host;
static int bound;

static int
begin(void **state)
{
	(void)state;
	assert_int_equal(pve_global_init(NULL), 0);
	cert = cert_make("pve", NULL, "IP:127.0.0.1", 100);
	return pve_policy_new(&insecure, &policy, NULL);
}

static int
end(void **state)
{
	(void)state;
	pve_policy_unref(policy);
	cert_free(&cert);
	pve_global_done();
	return 0;
}

static int
open_up(void **state)
{
	(void)state;
	target.port = 0;
	bound = scene_bind(target.host, &target.port);
	host = scene_start(bound, &cert, SCENE_ANSWERS);
	scene_says(host, "200 OK", TICKET("one", "joe@pve"));
	return 0;
}

static int
shut(void **state)
{
	(void)state;
	scene_stop(host);
	host = NULL;
	return 0;
}

/* What came of a login. */
struct outcome {
	int r;
	bool answered;
	struct pve *pve;
	struct err err;
};

static struct pve_credential
credential_of(const char *user, const char *secret, const char *otp)
{
	struct pve_credential c = {.user = ""};

	snprintf(c.user, sizeof(c.user), "%s", user);
	assert_int_equal(secret_set(&c.secret, secret, strlen(secret)), 0);
	if (otp[0] != '\0')
		assert_int_equal(secret_set(&c.otp, otp, strlen(otp)), 0);
	return c;
}

static struct outcome
log_in(const char *user, const char *secret, const char *otp)
{
	struct pve_credential c = credential_of(user, secret, otp);
	struct outcome o = {.r = 0};

	o.r = pve_login(
		policy, NULL, &target, NULL, &c, clock_ms() + SOON_MS, &o.pve, &o.answered, &o.err);
	pve_credential_done(&c);
	assert_int_equal(o.r == 0, o.pve != NULL);
	assert_int_equal(o.r, o.err.code);
	return o;
}

static struct pve *
logged_in(void)
{
	struct outcome o = log_in("joe@pve", "hunter2", "");

	assert_int_equal(o.r, 0);
	return o.pve;
}

/* A call that is made by pve's identity: a POST with a form, else a GET. */
static int
call(struct pve *pve, const char *form, struct err *err)
{
	struct buf text = {.max = 0};
	struct pve_identity identity = {.made_ms = 0};
	struct pve_answer answer = {.status = 0};
	struct pve_call c = {.what = "call", .path = "/api2/json/version", .identity = &identity};
	int r;

	if (form != NULL) {
		assert_int_equal(buf_addf(&text, "%s", form), 0);
		c.form = &text;
	}
	assert_int_equal(pve_identity_get(pve, &identity, NULL), 0);
	r = pve_request(pve, &c, clock_ms() + SOON_MS, &answer, err);
	pve_answer_done(&answer);
	pve_identity_done(&identity);
	buf_done(&text);
	return r;
}

/* The last request has (or lacks) that text, and it was the nth. */
static void
expect_request(unsigned nth, const char *has, const char *lacks)
{
	const char *last = NULL;

	assert_int_equal(scene_requests(host, &last), nth);
	if (strstr(last, has) == NULL)
		fail_msg("\"%s\" is not in\n%s", has, last);
	if (lacks != NULL && strcasestr(last, lacks) != NULL)
		fail_msg("\"%s\" is in\n%s", lacks, last);
}

/* ---- passwords ---- */

static void
a_password_becomes_a_ticket_that_goes_with_every_call(void **state)
{
	struct pve *pve = logged_in();

	(void)state;
	assert_string_equal(pve_user(pve), "joe@pve");
	assert_null(pve_hosts_of(pve));
	expect_request(
		1, "\r\n\r\nnew-format=1&username=joe%40pve&password=hunter2", "\r\nAuthorization:");
	expect_request(1, "POST /api2/json/access/ticket HTTP/1.1\r\n", "\r\nCookie:");
	assert_int_equal(call(pve, NULL, NULL), 0);
	expect_request(2, "\r\nCookie: PVEAuthCookie=PVE%3Ajoe%40pve%3A65%3A%3Aone\r\n", "\r\nCSRF");
	assert_int_equal(call(pve, "websocket=1", NULL), 0);
	expect_request(3, "\r\nCSRFPreventionToken: 65:one\r\n", "\r\nAuthorization:");
	expect_request(3, "\r\nCookie: PVEAuthCookie=PVE%3Ajoe%40pve%3A65%3A%3Aone\r\n", NULL);
	pve_unref(pve);
}

static void
a_wrong_password_has_done_its_work(void **state)
{
	struct outcome o;

	(void)state;
	scene_says(host, "401 authentication failure", "");
	o = log_in("joe@pve", "hunter2", "");
	assert_int_equal(o.r, ERR_REFUSED);
	assert_true(o.answered);
	assert_string_equal(o.err.text, "login: 401 \"authentication failure\"");
}

static void
a_password_may_be_tried_again_where_nobody_has_judged_it(void **state)
{
	struct outcome o;

	(void)state;
	scene_says(host, "595 No route to host", "");
	o = log_in("joe@pve", "hunter2", "");
	assert_int_equal(o.r, ERR_UNREACHABLE);
	assert_false(o.answered);
	scene_behaves(host, SCENE_NO_ANSWER);
	o = log_in("joe@pve", "hunter2", "");
	assert_int_equal(o.r, ERR_UNREACHABLE);
	assert_false(o.answered);
}

/* ---- tokens ---- */

static void
a_token_asks_for_nothing_and_goes_with_every_call(void **state)
{
	struct outcome o = log_in("joe@pve!gw", "0f8fad5b-d9cb", "");

	(void)state;
	assert_int_equal(o.r, 0);
	assert_false(o.answered);
	assert_string_equal(pve_user(o.pve), "joe@pve!gw");
	assert_int_equal(pve_renew(o.pve, clock_ms() + SOON_MS, NULL), 0);
	assert_int_equal(scene_connections(host), 0);
	assert_int_equal(call(o.pve, NULL, NULL), 0);
	expect_request(1, "\r\nAuthorization: PVEAPIToken=joe@pve!gw=0f8fad5b-d9cb\r\n", "\r\nCookie:");
	assert_int_equal(call(o.pve, "websocket=1", NULL), 0);
	expect_request(2, "\r\nAuthorization: PVEAPIToken=joe@pve!gw=0f8fad5b-d9cb\r\n", "\r\nCSRF");
	expect_request(2, "\r\n\r\nwebsocket=1", "\r\nCookie:");
	pve_unref(o.pve);
}

static void
a_refused_token_never_stands_in_the_text(void **state)
{
	struct outcome o = log_in("joe@pve!gw", "0f8fad5b-d9cb", "");
	struct err err = {.code = 0};

	(void)state;
	scene_says(host, "401 no such token value 0f8fad5b-d9cb", "");
	assert_int_equal(call(o.pve, NULL, &err), ERR_REFUSED);
	assert_string_equal(err.text, "call: 401 (text withheld: it may hold a secret)");
	assert_true(pve_lapsed(o.pve));
	pve_unref(o.pve);
}

static void
the_last_reference_wipes_the_token(void **state)
{
	struct outcome o;

	(void)state;
	torture_look_for("0f8fad5b");
	o = log_in("joe@pve!gw", "0f8fad5b-d9cb", "");
	assert_int_equal(call(o.pve, NULL, NULL), 0);
	pve_unref(o.pve);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

/* ---- codes ---- */

static void
a_code_goes_with_the_password_in_one_call(void **state)
{
	struct outcome o = log_in("joe@pve", "hunter2", "493021");

	(void)state;
	assert_int_equal(o.r, 0);
	assert_true(o.answered);
	expect_request(
		1, "\r\n\r\nnew-format=1&username=joe%40pve&password=hunter2&otp=totp%3A493021", NULL);
	/* A renewal needs no code again. */
	assert_int_equal(pve_renew(o.pve, clock_ms() + SOON_MS, NULL), 0);
	expect_request(2, "&password=PVE%3Ajoe%40pve%3A65%3A%3Aone", "otp");
	pve_unref(o.pve);
}

static void
a_code_that_may_have_been_seen_is_spent(void **state)
{
	const struct {
		const char *status;
		int code;
	} rows[] = {
		{"401 authentication failure", ERR_REFUSED},
		{"595 No route to host", ERR_UNREACHABLE},
		{"504 Gateway Timeout", ERR_TIMEOUT},
		{NULL, ERR_UNREACHABLE},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome o;

		if (rows[i].status != NULL)
			scene_says(host, rows[i].status, "");
		else
			scene_behaves(host, SCENE_NO_ANSWER);
		o = log_in("joe@pve", "hunter2", "493021");
		assert_int_equal(o.r, rows[i].code);
		assert_true(o.answered);
		assert_int_equal(scene_connections(host), i + 1);
	}
}

static void
a_code_that_nobody_can_have_seen_is_good_for_later(void **state)
{
	struct outcome o;

	(void)state;
	scene_behaves(host, SCENE_NO_TLS);
	o = log_in("joe@pve", "hunter2", "493021");
	assert_int_equal(o.r, ERR_UNREACHABLE);
	assert_false(o.answered);
	assert_int_equal(scene_connections(host), 1);
}

static void
an_account_that_needs_a_code_and_got_none_is_told_so(void **state)
{
	struct outcome o;

	(void)state;
	scene_says(host, "200 OK", HALF_TICKET);
	o = log_in("joe@pve", "hunter2", "");
	assert_int_equal(o.r, ERR_NEEDS_OTP);
	assert_true(o.answered);
}

static void
a_code_of_another_kind_than_the_account_wants_is_refused(void **state)
{
	struct outcome o;

	(void)state;
	scene_says(host, "200 OK", HALF_TICKET);
	o = log_in("joe@pve", "hunter2", "493021");
	assert_int_equal(o.r, ERR_REFUSED);
	assert_true(o.answered);
	assert_string_equal(o.err.text, "login: the code (otp) is not the factor that is due");
	assert_int_equal(scene_connections(host), 1);
}

static void
log_in_with_a_code(void *arg)
{
	struct pve_credential c = {.user = "joe@pve"};
	struct err err = {.code = 0};
	struct pve *pve = NULL;
	bool answered = true;
	unsigned before = scene_requests(host, NULL);
	int r;

	(void)arg;
	if (secret_set(&c.secret, "hunter2", 7) == 0 && secret_set(&c.otp, "493021", 6) == 0) {
		r = pve_login(policy, NULL, &target, NULL, &c, clock_ms() + SOON_MS, &pve, &answered, &err);
		assert_true(r == 0 || (torture_struck() && pve == NULL && err.code == r));
		/* Whatever failed, and where: a code that was seen is spent, and no other. */
		assert_int_equal(answered, scene_requests(host, NULL) > before);
	}
	pve_unref(pve);
	scene_forget(policy, target.host, target.port);
	pve_credential_done(&c);
}

static void
without_memory_a_seen_code_is_spent_all_the_same(void **state)
{
	(void)state;
	torture_look_for("hunter2");
	log_in_with_a_code(NULL);
	assert_true(torture(log_in_with_a_code, NULL) > 10);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

/* ---- refused tickets ---- */

static void
a_ticket_lapses_by_401_and_by_nothing_else(void **state)
{
	static const char *const others[] = {
		"403 Permission check failed", "500 no such vm", "595 No route to host"};
	struct pve *pve = logged_in();

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		scene_says(host, others[i], "");
		assert_true(call(pve, NULL, NULL) < 0);
		assert_false(pve_lapsed(pve));
	}
	scene_says(host, "401 permission denied - invalid PVE ticket", "");
	assert_int_equal(call(pve, NULL, NULL), ERR_REFUSED);
	assert_true(pve_lapsed(pve));
	scene_says(host, "200 OK", TICKET("two", "joe@pve"));
	assert_int_equal(pve_renew(pve, clock_ms() + SOON_MS, NULL), 0);
	assert_false(pve_lapsed(pve));
	pve_unref(pve);
}

static void
a_renewal_that_is_refused_says_that_the_ticket_has_lapsed(void **state)
{
	struct pve *pve = logged_in();

	(void)state;
	scene_says(host, "401 authentication failure", "");
	assert_int_equal(pve_renew(pve, clock_ms() + SOON_MS, NULL), ERR_REFUSED);
	assert_true(pve_lapsed(pve));
	pve_unref(pve);
}

/* ---- proving it anew ---- */

static int
log_in_again(struct pve *pve, bool *answered, struct err *err)
{
	struct pve_credential c = credential_of("joe@pve", "hunter2", "");
	int r = pve_login_again(pve, &c, clock_ms() + SOON_MS, answered, err);

	pve_credential_done(&c);
	return r;
}

static void
a_login_proved_anew_has_the_new_ticket(void **state)
{
	struct pve *pve = logged_in();
	bool answered = false;

	(void)state;
	scene_says(host, "401 permission denied - invalid PVE ticket", "");
	assert_int_equal(call(pve, NULL, NULL), ERR_REFUSED);
	scene_says(host, "200 OK", TICKET("two", "joe@pve"));
	assert_int_equal(log_in_again(pve, &answered, NULL), 0);
	assert_true(answered);
	expect_request(3, "&username=joe%40pve&password=hunter2", "Cookie");
	assert_false(pve_lapsed(pve));
	assert_int_equal(call(pve, NULL, NULL), 0);
	expect_request(4, "\r\nCookie: PVEAuthCookie=PVE%3Ajoe%40pve%3A65%3A%3Atwo\r\n", NULL);
	pve_unref(pve);
}

static void
a_proof_that_fails_leaves_the_ticket_alone(void **state)
{
	struct pve *pve = logged_in();
	struct err err = {.code = 0};
	bool answered = false;

	(void)state;
	scene_says(host, "401 authentication failure", "");
	assert_int_equal(log_in_again(pve, &answered, &err), ERR_REFUSED);
	assert_true(answered);
	/* What was refused is a password, not the ticket. */
	assert_false(pve_lapsed(pve));
	scene_says(host, "200 OK", TICKET("two", "jim@pve"));
	assert_int_equal(log_in_again(pve, &answered, &err), ERR_PROTOCOL);
	assert_string_equal(err.text, "login: the answer is for another user");
	scene_behaves(host, SCENE_NO_ANSWER);
	assert_int_equal(log_in_again(pve, &answered, &err), ERR_UNREACHABLE);
	assert_false(answered);
	scene_says(host, "200 OK", "{}");
	assert_int_equal(call(pve, NULL, NULL), 0);
	expect_request(5, "\r\nCookie: PVEAuthCookie=PVE%3Ajoe%40pve%3A65%3A%3Aone\r\n", NULL);
	pve_unref(pve);
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, open_up, shut)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(a_password_becomes_a_ticket_that_goes_with_every_call),
		ONE(a_wrong_password_has_done_its_work),
		ONE(a_password_may_be_tried_again_where_nobody_has_judged_it),
		ONE(a_token_asks_for_nothing_and_goes_with_every_call),
		ONE(a_refused_token_never_stands_in_the_text),
		ONE(the_last_reference_wipes_the_token),
		ONE(a_code_goes_with_the_password_in_one_call),
		ONE(a_code_that_may_have_been_seen_is_spent),
		ONE(a_code_that_nobody_can_have_seen_is_good_for_later),
		ONE(an_account_that_needs_a_code_and_got_none_is_told_so),
		ONE(a_code_of_another_kind_than_the_account_wants_is_refused),
		ONE(without_memory_a_seen_code_is_spent_all_the_same),
		ONE(a_ticket_lapses_by_401_and_by_nothing_else),
		ONE(a_renewal_that_is_refused_says_that_the_ticket_has_lapsed),
		ONE(a_login_proved_anew_has_the_new_ticket),
		ONE(a_proof_that_fails_leaves_the_ticket_alone),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
