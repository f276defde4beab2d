/* SPDX-License-Identifier: MIT */
/* What proves who is calling: how it is kept, how it grows old, how it is written. */
#include "tests/unit/torture.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "proxmox_api/pve_client.h"

enum { SOON_MS = 20000, OLD_MS = 5000 };

static const struct pve_policy_config insecure = {.mode = PVE_TLS_INSECURE};
static const struct pve_target target = {.host = "pve.example", .port = PVE_PORT};
static struct pve_policy *policy;

static int
begin(void **state)
{
	(void)state;
	return pve_policy_new(&insecure, &policy, NULL);
}

static int
end(void **state)
{
	(void)state;
	pve_policy_unref(policy);
	return 0;
}

static struct pve *
somebody(const char *user)
{
	struct pve *pve = NULL;

	assert_int_equal(pve_new(policy, NULL, &target, NULL, &pve, NULL), 0);
	snprintf(pve->user, sizeof(pve->user), "%s", user);
	return pve;
}

static void
identify(struct pve *pve, const char *ticket, const char *token, int64_t made_ms)
{
	struct pve_identity identity = {.made_ms = made_ms};

	if (ticket != NULL)
		assert_int_equal(secret_set(&identity.ticket, ticket, strlen(ticket)), 0);
	if (token != NULL)
		assert_int_equal(secret_set(&identity.token, token, strlen(token)), 0);
	pve_identity_set(pve, &identity);
	assert_null(identity.ticket.data);
	assert_null(identity.token.data);
}

/* ---- the header ---- */

static void
expect_header(const char *user, const char *ticket, const char *token, const char *line)
{
	struct pve *pve = somebody(user);
	struct secret header = {NULL, 0};

	identify(pve, ticket, token, 0);
	assert_int_equal(pve_auth_header(pve, &pve->identity, &header), 0);
	assert_string_equal(secret_peek(&header), line);
	secret_wipe(&header);
	pve_unref(pve);
}

static void
a_ticket_is_a_cookie_that_is_escaped_whole(void **state)
{
	(void)state;
	expect_header("joe@pve", "PVE:joe@pve:65::a+/=%;", NULL,
		"Cookie: PVEAuthCookie=PVE%3Ajoe%40pve%3A65%3A%3Aa%2B%2F%3D%25%3B");
}

static void
a_token_is_an_authorization_and_no_cookie(void **state)
{
	(void)state;
	expect_header("joe@pve!gw.1-a_b", NULL, "0f8fad5b-d9cb-469f-a165-70867728950e",
		"Authorization: PVEAPIToken=joe@pve!gw.1-a_b=0f8fad5b-d9cb-469f-a165-70867728950e");
}

static void
what_could_break_a_tokens_header_is_escaped(void **state)
{
	(void)state;
	expect_header("j\xc3\xb6;a=b%!@x@ldap!gw", NULL, "a;b%c+d",
		"Authorization: PVEAPIToken=j%C3%B6%3Ba%3Db%25%21%40x@ldap!gw=a%3Bb%25c%2Bd");
}

static void
write_headers(void *arg)
{
	static const char *const secrets[][2] = {{"PVE:hunter2", NULL}, {NULL, "hunter2"}};
	struct secret header = {NULL, 0};
	struct pve *pve = NULL;

	(void)arg;
	for (size_t i = 0; i < 2; i++) {
		struct pve_identity identity = {.made_ms = 0};
		const char *const *row = secrets[i];
		bool ready = pve_new(policy, NULL, &target, NULL, &pve, NULL) == 0;

		if (ready)
			snprintf(pve->user, sizeof(pve->user), "joe@pve!gw");
		if (ready && secret_set(row[0] != NULL ? &identity.ticket : &identity.token, row[i],
						 strlen(row[i])) == 0) {
			pve_identity_set(pve, &identity);
			if (pve_identity_get(pve, &identity, NULL) == 0 &&
				pve_auth_header(pve, &identity, &header) < 0)
				assert_true(torture_struck() && header.data == NULL);
		}
		secret_wipe(&header);
		pve_identity_done(&identity);
		pve_unref(pve);
		pve = NULL;
	}
}

static void
without_memory_no_secret_is_left_behind(void **state)
{
	(void)state;
	torture_look_for("hunter2");
	write_headers(NULL);
	assert_true(torture(write_headers, NULL) > 10);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

/* ---- age ---- */

static void
a_tickets_age_counts_from_when_it_was_asked_for(void **state)
{
	struct pve *pve = somebody("joe@pve");

	(void)state;
	identify(pve, "PVE:one", NULL, clock_ms() - OLD_MS);
	assert_true(pve_ticket_age_ms(pve) >= OLD_MS);
	assert_true(pve_ticket_age_ms(pve) < OLD_MS + SOON_MS);
	pve_unref(pve);
}

static void
a_token_never_grows_old(void **state)
{
	struct pve *pve = somebody("joe@pve!gw");

	(void)state;
	identify(pve, NULL, "secret", clock_ms() - OLD_MS);
	assert_int_equal(pve_ticket_age_ms(pve), 0);
	pve_unref(pve);
}

/* ---- refused ---- */

static void
a_refused_ticket_has_lapsed_until_there_is_a_fresh_one(void **state)
{
	struct pve *pve = somebody("joe@pve");
	struct pve_identity used = {.made_ms = 0};

	(void)state;
	identify(pve, "PVE:one", NULL, 1);
	assert_false(pve_lapsed(pve));
	assert_int_equal(pve_identity_get(pve, &used, NULL), 0);
	pve_identity_refused(pve, &used);
	assert_true(pve_lapsed(pve));
	identify(pve, "PVE:two", NULL, 2);
	assert_false(pve_lapsed(pve));
	/* The call was under way meanwhile. */
	pve_identity_refused(pve, &used);
	assert_false(pve_lapsed(pve));
	pve_identity_done(&used);
	pve_unref(pve);
}

/* ---- credentials ---- */

static void
a_token_is_told_by_its_mark(void **state)
{
	struct pve_credential credential = {.user = "joe@pve!gw"};

	(void)state;
	assert_true(pve_credential_is_token(&credential));
	snprintf(credential.user, sizeof(credential.user), "joe!x@pve");
	assert_false(pve_credential_is_token(&credential));
	snprintf(credential.user, sizeof(credential.user), "joe@pve");
	assert_false(pve_credential_is_token(&credential));
}

static void
a_credential_that_is_done_with_is_wiped(void **state)
{
	struct pve_credential credential = {.user = "joe@pve"};

	(void)state;
	torture_look_for("hunter2");
	assert_int_equal(secret_set(&credential.secret, "hunter2", 7), 0);
	assert_int_equal(secret_set(&credential.otp, "hunter2", 7), 0);
	pve_credential_done(&credential);
	assert_null(credential.secret.data);
	assert_null(credential.otp.data);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ticket_is_a_cookie_that_is_escaped_whole),
		cmocka_unit_test(a_token_is_an_authorization_and_no_cookie),
		cmocka_unit_test(what_could_break_a_tokens_header_is_escaped),
		cmocka_unit_test(without_memory_no_secret_is_left_behind),
		cmocka_unit_test(a_tickets_age_counts_from_when_it_was_asked_for),
		cmocka_unit_test(a_token_never_grows_old),
		cmocka_unit_test(a_refused_ticket_has_lapsed_until_there_is_a_fresh_one),
		cmocka_unit_test(a_token_is_told_by_its_mark),
		cmocka_unit_test(a_credential_that_is_done_with_is_wiped),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
