/* SPDX-License-Identifier: MIT */
/* A login's life time, and calls that find nobody. (With somebody there: tests/integration.) */
#include "tests/unit/torture.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "proxmox_api/pve_client.h"
#include "proxmox_api/pve_request.h"

enum { THREADS = 4, ROUNDS = 2000, SOON_MS = 20000 };

static const char password_text[] = "hunter2-and-a-half";

static struct pve_target target = {.host = "127.0.0.1", .node = "pve", .vmid = 100};
static const struct pve_policy_config insecure = {.mode = PVE_TLS_INSECURE};
static struct pve_policy *policy;
static struct pve_credential joe = {.user = "joe@pve"};
static int reserved = -1;

/* A port that is taken, and where nobody listens. */
static int
begin(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);

	(void)state;
	reserved = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(inet_pton(AF_INET, target.host, &address.sin_addr), 1);
	assert_int_equal(bind(reserved, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(reserved, (struct sockaddr *)&address, &len), 0);
	target.port = ntohs(address.sin_port);
	assert_int_equal(secret_set(&joe.secret, password_text, sizeof(password_text) - 1), 0);
	assert_int_equal(pve_global_init(NULL), 0);
	assert_int_equal(pve_policy_new(&insecure, &policy, NULL), 0);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	pve_policy_unref(policy);
	pve_global_done();
	pve_credential_done(&joe);
	close(reserved);
	return 0;
}

/* ---- calls ---- */

struct heard {
	unsigned calls;
	char text[128];
};

static void
hear(void *arg, const char *host, const char *method, const char *path, int status, int64_t ms)
{
	struct heard *h = arg;

	assert_true(ms >= 0);
	assert_null(host);
	h->calls++;
	snprintf(h->text, sizeof(h->text), "%s %s %d", method, path, status);
}

static void
where_nobody_listens_the_password_has_not_been_judged(void **state)
{
	struct heard heard = {.calls = 0};
	struct pve_trace trace = {hear, &heard};
	struct err err = {.code = 0};
	struct pve *pve = NULL;
	bool answered = true;

	(void)state;
	assert_int_equal(
		pve_login(policy, &trace, &target, NULL, &joe, clock_ms() + SOON_MS, &pve, &answered, &err),
		ERR_UNREACHABLE);
	assert_null(pve);
	assert_false(answered);
	assert_int_equal(err.code, ERR_UNREACHABLE);
	assert_int_equal(heard.calls, 1);
	assert_string_equal(heard.text, "POST /api2/json/access/ticket 0");
}

static void
a_forbidden_address_is_not_connected_to(void **state)
{
	const struct pve_target metadata = {
		.host = "169.254.169.254", .port = 80, .node = "pve", .vmid = 100};
	struct err err = {.code = 0};
	struct pve *pve = NULL;
	bool answered = true;

	(void)state;
	assert_int_equal(
		pve_login(policy, NULL, &metadata, NULL, &joe, clock_ms() + SOON_MS, &pve, &answered, &err),
		ERR_FORBIDDEN);
	assert_null(pve);
	assert_false(answered);
	assert_string_equal(err.text, "login: 169.254.169.254 is not allowed: link-local, and "
								  "metadata of most clouds (RFC 3927)");
}

static void
past_its_deadline_no_call_is_made(void **state)
{
	struct heard heard = {.calls = 0};
	struct pve_trace trace = {hear, &heard};
	struct err err = {.code = 0};
	struct pve *pve = NULL;
	bool answered = true;

	(void)state;
	assert_int_equal(
		pve_login(policy, &trace, &target, NULL, &joe, clock_ms(), &pve, &answered, &err),
		ERR_TIMEOUT);
	assert_null(pve);
	assert_false(answered);
	assert_int_equal(heard.calls, 0);
}

static void
a_failed_login_leaves_no_password_behind(void **state)
{
	struct pve *pve = NULL;
	bool answered;

	(void)state;
	torture_look_for(password_text);
	assert_int_equal(
		pve_login(policy, NULL, &target, NULL, &joe, clock_ms() + SOON_MS, &pve, &answered, NULL),
		ERR_UNREACHABLE);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

static void
try_to_log_in(void *arg)
{
	struct err err = {.code = 0};
	struct pve *pve = NULL;
	bool answered = true;
	int r;

	(void)arg;
	r = pve_login(policy, NULL, &target, NULL, &joe, clock_ms() + SOON_MS, &pve, &answered, &err);
	assert_true(r == ERR_UNREACHABLE || (torture_struck() && r < 0));
	assert_int_equal(err.code, r);
	assert_null(pve);
	assert_false(answered);
}

static void
without_memory_a_login_fails_and_loses_nothing(void **state)
{
	(void)state;
	/* libcurl's memory too: it was ready, and now begins anew with what the test gives it. */
	pve_global_done();
	assert_int_equal(
		curl_global_init_mem(CURL_GLOBAL_ALL, malloc, free, realloc, strdup, calloc), CURLE_OK);
	try_to_log_in(NULL);
	assert_true(torture(try_to_log_in, NULL) > 20);
	curl_global_cleanup();
	assert_int_equal(pve_global_init(NULL), 0);
}

/* ---- identity ---- */

static struct pve *
logged_in(const char *ticket)
{
	struct pve_identity identity = {.made_ms = clock_ms() - 5000};
	struct pve *pve = NULL;

	assert_int_equal(pve_new(policy, NULL, &target, NULL, &pve, NULL), 0);
	assert_int_equal(secret_set(&identity.ticket, ticket, strlen(ticket)), 0);
	assert_int_equal(secret_set(&identity.csrf, "c", 1), 0);
	pve_identity_set(pve, &identity);
	assert_null(identity.ticket.data);
	return pve;
}

static void
a_renewal_that_fails_keeps_the_old_ticket(void **state)
{
	struct pve *pve = logged_in("PVE:one");
	struct pve_identity copy = {.made_ms = 0};

	(void)state;
	assert_int_equal(pve_renew(pve, clock_ms() + SOON_MS, NULL), ERR_UNREACHABLE);
	assert_int_equal(pve_identity_get(pve, &copy, NULL), 0);
	assert_string_equal(secret_peek(&copy.ticket), "PVE:one");
	assert_true(pve_ticket_age_ms(pve) >= 5000);
	pve_identity_done(&copy);
	pve_unref(pve);
}

static void
a_guest_and_a_console_that_cannot_be_asked_for_change_nothing(void **state)
{
	struct pve_target asked = target;
	struct pve_console console = {.way.port = 7};
	struct pve *pve = logged_in("PVE:one");

	(void)state;
	assert_int_equal(pve_guest_find(pve, &asked, clock_ms() + SOON_MS, NULL), ERR_UNREACHABLE);
	assert_int_equal(asked.type, PVE_GUEST_UNKNOWN);
	asked.type = PVE_GUEST_QEMU;
	asked.kind = PVE_CONSOLE_VNC;
	assert_int_equal(
		pve_console_open(pve, &asked, clock_ms() + SOON_MS, &console, NULL), ERR_UNREACHABLE);
	assert_int_equal(console.way.port, 7);
	assert_null(console.auth_header.data);
	pve_unref(pve);
}

static void
the_way_is_to_whom_the_next_call_goes_once_an_address_is_known(void **state)
{
	const struct pve_target by_address = {.host = "2001:DB8::0001", .port = PVE_PORT};
	const struct pve_target by_name = {.host = "pve.example", .port = PVE_PORT};
	const struct pve_where known = {.address = "192.0.2.7"}, moved = {.address = "192.0.2.8"};
	struct pve_way way = {.port = 0}, copy;
	struct pve *pve;

	(void)state;
	assert_int_equal(pve_new(policy, NULL, &by_address, NULL, &pve, NULL), 0);
	assert_int_equal(pve_way_get(pve, &way, NULL), 0);
	assert_string_equal(way.address, "2001:db8::1");
	pve_way_done(&way);
	pve_unref(pve);

	assert_int_equal(pve_new(policy, NULL, &by_name, NULL, &pve, NULL), 0);
	assert_int_equal(pve_way_get(pve, &way, NULL), ERR_UNREACHABLE);
	pve_where_set(pve, &known);
	assert_int_equal(pve_way_get(pve, &way, NULL), 0);
	assert_string_equal(way.address, "192.0.2.7");
	assert_string_equal(way.host, "pve.example");
	pve_way_copy(&copy, &way);
	assert_true(pve_way_same(&copy, &way));
	pve_way_done(&way);
	pve_where_set(pve, &moved);
	assert_int_equal(pve_way_get(pve, &way, NULL), 0);
	assert_false(pve_way_same(&copy, &way));
	pve_way_done(&copy);
	pve_way_done(&way);
	pve_unref(pve);
}

static void
the_last_reference_wipes_the_ticket(void **state)
{
	struct pve *pve = logged_in("PVE:hunter2");

	(void)state;
	torture_look_for("PVE:hunter2");
	assert_false(pve_is_shared(pve));
	assert_ptr_equal(pve_ref(pve), pve);
	assert_true(pve_is_shared(pve));
	pve_unref(pve);
	assert_true(pve_ticket_age_ms(pve) >= 5000);
	pve_unref(pve);
	pve_unref(NULL);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

/* Half of the threads renew, the others read: a ticket and its CSRF token never mix. */
static void *
renew_and_read(void *arg)
{
	struct pve *pve = arg;
	static atomic_uint turn;
	bool writer = atomic_fetch_add(&turn, 1) % 2 == 0;

	for (int i = 0; i < ROUNDS; i++) {
		const char *text = i % 2 == 0 ? "even" : "odd";
		struct pve_identity identity = {.made_ms = i};

		if (writer) {
			if (secret_set(&identity.ticket, text, strlen(text)) < 0 ||
				secret_set(&identity.csrf, text, strlen(text)) < 0)
				return arg;
			pve_identity_set(pve, &identity);
		} else if (pve_identity_get(pve, &identity, NULL) < 0 ||
				   !secret_equal(&identity.ticket, identity.csrf.data, identity.csrf.len)) {
			return arg;
		}
		pve_identity_done(&identity);
	}
	pve_unref(pve);
	return NULL;
}

static void
threads_share_a_login(void **state)
{
	struct pve_identity identity = {.made_ms = 0};
	struct pve *pve = logged_in("even");
	pthread_t threads[THREADS];
	void *failed;

	(void)state;
	assert_int_equal(secret_set(&identity.ticket, "even", 4), 0);
	assert_int_equal(secret_set(&identity.csrf, "even", 4), 0);
	pve_identity_set(pve, &identity);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, renew_and_read, pve_ref(pve)), 0);
	pve_unref(pve);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_nobody_listens_the_password_has_not_been_judged),
		cmocka_unit_test(a_forbidden_address_is_not_connected_to),
		cmocka_unit_test(past_its_deadline_no_call_is_made),
		cmocka_unit_test(a_failed_login_leaves_no_password_behind),
		cmocka_unit_test(without_memory_a_login_fails_and_loses_nothing),
		cmocka_unit_test(a_renewal_that_fails_keeps_the_old_ticket),
		cmocka_unit_test(a_guest_and_a_console_that_cannot_be_asked_for_change_nothing),
		cmocka_unit_test(the_way_is_to_whom_the_next_call_goes_once_an_address_is_known),
		cmocka_unit_test(the_last_reference_wipes_the_ticket),
		cmocka_unit_test(threads_share_a_login),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
