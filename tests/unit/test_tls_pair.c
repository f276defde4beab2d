/* SPDX-License-Identifier: MIT */
#include "session/tls_pair.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/unit/pair_scene.h"

static int
try_to_load(const char *cert, const char *key, struct tls_pair **out, struct err *err)
{
	struct tls_pem pem = {NULL, NULL, {NULL, 0}, {NULL, 0}};
	int r = tls_pem_read(cert, key, &pem, err);

	if (r == 0)
		r = tls_pair_new(&pem, out, err);
	tls_pem_done(&pem);
	return r;
}

/* Loading must fail with a text that names the option, the file and the reason. */
static void
assert_invalid(const char *cert, const char *key, const char *option, const char *reason)
{
	const char *file = strcmp(option, "tls_cert_file") == 0 ? cert : key;
	struct tls_pair *pair = NULL;
	struct err err = {0};
	char begins[TEMP_PATH_SIZE + 32];

	assert_int_equal(try_to_load(cert, key, &pair, &err), ERR_INVALID);
	assert_int_equal(err.code, ERR_INVALID);
	assert_null(pair);
	snprintf(begins, sizeof(begins), "%s: %s: ", option, file);
	if (strncmp(err.text, begins, strlen(begins)) != 0 || strstr(err.text, reason) == NULL)
		fail_msg("%s instead of %s%s", err.text, begins, reason);
	assert_int_equal(ERR_peek_error(), 0);
}

static void
a_certificate_and_its_key_are_loaded(void **state)
{
	struct tls_pair *pair = pair_load(cert_path, key_path);

	(void)state;
	assert_ptr_equal(tls_pair_ref(pair), pair);
	tls_pair_unref(pair);
	tls_pair_unref(pair);
	tls_pair_unref(NULL);
}

static void
key_and_certificate_may_be_in_one_file(void **state)
{
	(void)state;
	tls_pair_unref(pair_load(both_path, both_path));
}

static void
it_covers_the_names_and_addresses_in_it_and_no_others(void **state)
{
	static const char *const covered[] = {"console.example", "CONSOLE.example", "a.wild.example",
		"192.0.2.7", "2001:db8::7", "2001:DB8:0:0::7"};
	static const char *const others[] = {"example", "xconsole.example", "console.example.org",
		"wild.example", "a.b.wild.example", "common-name.example", "192.0.2.8", "2001:db8::8", "",
		"other.example", "*.wild.example:443", "[2001:db8::7]"};
	struct tls_pair *pair = pair_load(cert_path, key_path);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(covered) / sizeof(covered[0]); i++)
		if (!tls_pair_covers(pair, covered[i]))
			fail_msg("does not cover %s", covered[i]);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (tls_pair_covers(pair, others[i]))
			fail_msg("covers %s", others[i]);
	tls_pair_unref(pair);
}

static void
a_key_of_another_certificate_is_invalid(void **state)
{
	(void)state;
	assert_invalid(cert_path, other_key_path, "tls_key_file", "not the key of the certificate");
	assert_invalid(cert_path, rsa_key_path, "tls_key_file", "not the key of the certificate");
}

static void
an_encrypted_key_is_invalid_and_nobody_is_asked(void **state)
{
	(void)state;
	assert_invalid(cert_path, encrypted_path, "tls_key_file", "bad");
}

static void
a_certificate_is_invalid_before_its_time_and_after(void **state)
{
	(void)state;
	assert_invalid(expired_path, key_path, "tls_cert_file", "has expired");
	assert_invalid(future_path, key_path, "tls_cert_file", "is not valid yet");
}

static void
what_no_handshake_could_use_is_invalid_at_once(void **state)
{
	(void)state;
	assert_invalid(weak_path, weak_key_path, "tls_cert_file", "key too small");
}

static void
the_text_names_the_file_that_is_wrong_and_why(void **state)
{
	(void)state;
	assert_invalid(missing_path, key_path, "tls_cert_file", "No such file");
	assert_invalid(cert_path, missing_path, "tls_key_file", "No such file");
	assert_invalid(empty_path, key_path, "tls_cert_file", "is empty");
	assert_invalid(cert_path, empty_path, "tls_key_file", "is empty");
	assert_invalid(junk_path, key_path, "tls_cert_file", "");
	assert_invalid(cert_path, junk_path, "tls_key_file", "holds no usable key");
	assert_invalid(key_path, cert_path, "tls_cert_file", "holds no certificate");
	assert_invalid(cert_path, cert_path, "tls_key_file", "holds no usable key");
	assert_invalid(dir.path, key_path, "tls_cert_file", "Is a directory");
}

static void
a_chain_that_breaks_off_is_invalid(void **state)
{
	char path[TEMP_PATH_SIZE];
	FILE *f;

	(void)state;
	pair_write(temp_path(&dir, "cut.pem", path), NULL, &good, &authority);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, -60, SEEK_END), 0);
	assert_int_equal(ftruncate(fileno(f), ftell(f)), 0);
	fclose(f);
	assert_invalid(path, key_path, "tls_cert_file", "");
}

static void
the_key_leaves_no_copy_behind(void **state)
{
	struct tls_pem pem = pair_read(cert_path, key_path);
	char line[33];

	(void)state;
	/* The second line of the file is the key itself. */
	memcpy(line, strchr(pem.key.data, '\n') + 1, 32);
	line[32] = '\0';
	tls_pem_done(&pem);
	torture_look_for(line);
	pem = pair_read(cert_path, key_path);
	tls_pem_done(&pem);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

static void
load_or_fail(void *arg)
{
	struct tls_pair *pair = NULL;
	struct err err = {0};
	int r = try_to_load(chain_path, key_path, &pair, &err);

	(void)arg;
	if (r < 0) {
		assert_true(torture_struck());
		assert_int_equal(err.code, r);
		assert_null(pair);
	}
	tls_pair_unref(pair);
}

static void
without_memory_or_files_there_is_none(void **state)
{
	(void)state;
	assert_true(torture(load_or_fail, NULL) > 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_and_its_key_are_loaded),
		cmocka_unit_test(key_and_certificate_may_be_in_one_file),
		cmocka_unit_test(it_covers_the_names_and_addresses_in_it_and_no_others),
		cmocka_unit_test(a_key_of_another_certificate_is_invalid),
		cmocka_unit_test(an_encrypted_key_is_invalid_and_nobody_is_asked),
		cmocka_unit_test(a_certificate_is_invalid_before_its_time_and_after),
		cmocka_unit_test(what_no_handshake_could_use_is_invalid_at_once),
		cmocka_unit_test(the_text_names_the_file_that_is_wrong_and_why),
		cmocka_unit_test(a_chain_that_breaks_off_is_invalid),
		cmocka_unit_test(the_key_leaves_no_copy_behind),
		cmocka_unit_test(without_memory_or_files_there_is_none),
	};

	return cmocka_run_group_tests(tests, pair_scene, pair_scene_done);
}
