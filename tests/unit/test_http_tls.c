/* SPDX-License-Identifier: MIT */
/* What the router's TLS library makes of the files; handshakes are tests/integration/tls.test.mjs. */
#include "router/http_tls.h"

#include <pthread.h>

#include "tests/unit/pair_scene.h"

static struct http_cred *
cred_of(const char *cert, const char *key)
{
	struct tls_pem pem = pair_read(cert, key);
	struct http_cred *cred = NULL;

	assert_int_equal(http_cred_new(&pem, &cred, NULL), 0);
	tls_pem_done(&pem);
	return cred;
}

static void
it_takes_what_the_sessions_take(void **state)
{
	(void)state;
	http_cred_unref(cred_of(cert_path, key_path));
	http_cred_unref(cred_of(chain_path, key_path));
	http_cred_unref(cred_of(both_path, both_path));
	http_cred_unref(NULL);
	assert_null(http_cred_ref(NULL));
}

static void
what_it_cannot_take_names_the_option_and_the_file(void **state)
{
	struct tls_pem pem = pair_read(cert_path, other_key_path);
	struct http_cred *cred = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(http_cred_new(&pem, &cred, &err), ERR_INVALID);
	assert_null(cred);
	assert_non_null(strstr(err.text, "tls_cert_file: "));
	assert_non_null(strstr(err.text, cert_path));
	tls_pem_done(&pem);
}

static void
a_change_is_seen_by_who_comes_later(void **state)
{
	struct http_cred *first = cred_of(cert_path, key_path);
	struct http_cred *second = cred_of(other_path, other_key_path);
	struct http_tls *tls = http_tls_new(first);
	struct http_cred *held, *later;

	(void)state;
	held = http_tls_current(tls);
	assert_ptr_equal(held, first);
	http_tls_change(tls, second);
	later = http_tls_current(tls);
	assert_ptr_equal(later, second);
	http_cred_unref(later);
	http_cred_unref(second);
	http_cred_unref(first);
	http_tls_free(tls);
	/* The last reference to the first is this one, see AddressSanitizer. */
	http_cred_unref(held);
	http_tls_free(NULL);
}

enum { READERS = 3, LOOKS = 20000, CHANGES = 5000 };

static void *
look_often(void *arg)
{
	int i;

	for (i = 0; i < LOOKS; i++)
		http_cred_unref(http_tls_current(arg));
	return NULL;
}

static void
looks_and_changes_may_come_at_once(void **state)
{
	struct http_cred *creds[2] = {
		cred_of(cert_path, key_path), cred_of(other_path, other_key_path)};
	struct http_tls *tls = http_tls_new(creds[0]);
	pthread_t threads[READERS];
	int i;

	(void)state;
	for (i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_often, tls), 0);
	for (i = 0; i < CHANGES; i++)
		http_tls_change(tls, creds[i & 1]);
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	http_tls_free(tls);
	http_cred_unref(creds[0]);
	http_cred_unref(creds[1]);
}

static void
make_or_fail(void *arg)
{
	struct http_cred *cred = NULL;
	struct http_tls *tls;
	struct err err = {0};

	if (http_cred_new(arg, &cred, &err) < 0) {
		assert_true(torture_struck());
		assert_int_equal(err.code, ERR_MEMORY);
		return;
	}
	tls = http_tls_new(cred);
	if (tls == NULL)
		assert_true(torture_struck());
	http_tls_free(tls);
	http_cred_unref(cred);
}

static void
without_memory_there_is_none(void **state)
{
	struct tls_pem pem = pair_read(cert_path, key_path);

	(void)state;
	assert_true(torture(make_or_fail, &pem) >= 2);
	tls_pem_done(&pem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_takes_what_the_sessions_take),
		cmocka_unit_test(what_it_cannot_take_names_the_option_and_the_file),
		cmocka_unit_test(a_change_is_seen_by_who_comes_later),
		cmocka_unit_test(looks_and_changes_may_come_at_once),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests(tests, pair_scene, pair_scene_done);
}
