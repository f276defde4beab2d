/* SPDX-License-Identifier: MIT */
#include "session/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/unit/certs.h"
#include "tests/unit/temp_dir.h"

/* An authority, a certificate of it, one of another kind of key, and all in files. */
static struct temp_dir dir;
static struct cert authority, good, other;
static char cert_path[TEMP_PATH_SIZE], chain_path[TEMP_PATH_SIZE], key_path[TEMP_PATH_SIZE],
	other_key_path[TEMP_PATH_SIZE], encrypted_path[TEMP_PATH_SIZE], junk_path[TEMP_PATH_SIZE],
	missing_path[TEMP_PATH_SIZE];

static void
write_certs(const char *path, const struct cert *a, const struct cert *b)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, a->x509), 1);
	if (b)
		assert_int_equal(PEM_write_X509(f, b->x509), 1);
	assert_int_equal(fclose(f), 0);
}

static void
write_key(const char *path, EVP_PKEY *key, const char *passphrase)
{
	FILE *f = fopen(path, "w");
	int n = passphrase ? (int)strlen(passphrase) : 0;

	assert_non_null(f);
	assert_int_equal(PEM_write_PKCS8PrivateKey(
						 f, key, passphrase ? EVP_aes_128_cbc() : NULL, passphrase, n, NULL, NULL),
		1);
	assert_int_equal(fclose(f), 0);
}

static int
make_files(void **state)
{
	(void)state;
	dir = temp_dir_new();
	authority = cert_make("authority", NULL, NULL, 30);
	good = cert_make("common-name.example", &authority,
		"DNS:console.example,DNS:*.wild.example,IP:192.0.2.7,IP:2001:db8::7", 30);
	other = cert_make("other", NULL, "DNS:other.example", 30);
	write_certs(temp_path(&dir, "cert.pem", cert_path), &good, NULL);
	write_certs(temp_path(&dir, "chain.pem", chain_path), &good, &authority);
	write_key(temp_path(&dir, "key.pem", key_path), good.key, NULL);
	write_key(temp_path(&dir, "other.pem", other_key_path), other.key, NULL);
	write_key(temp_path(&dir, "encrypted.pem", encrypted_path), good.key, "passphrase");
	temp_text(&dir, "junk.pem", "-----BEGIN CERTIFICATE-----\nnot base64!\n");
	temp_path(&dir, "junk.pem", junk_path);
	temp_path(&dir, "missing.pem", missing_path);
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	cert_free(&authority);
	cert_free(&good);
	cert_free(&other);
	temp_dir_free(&dir);
	return 0;
}

static struct tls_server *
load(const char *cert, const char *key)
{
	struct tls_server *t = NULL;

	assert_int_equal(tls_server_load(cert, key, &t, NULL), 0);
	return t;
}

/* Loading must fail with a text that names the configuration's key and the file. */
static void
assert_invalid(const char *cert, const char *key, const char *named)
{
	struct tls_server *t = NULL;
	struct err err = {0};

	assert_int_equal(tls_server_load(cert, key, &t, &err), ERR_INVALID);
	assert_int_equal(err.code, ERR_INVALID);
	assert_null(t);
	if (strncmp(err.text, named, strlen(named)) != 0)
		fail_msg("%s instead of %s", err.text, named);
	assert_int_equal(ERR_peek_error(), 0);
}

static void
a_certificate_and_its_key_are_loaded(void **state)
{
	struct tls_server *t = load(cert_path, key_path);

	(void)state;
	assert_non_null(tls_server_client_ctx(t));
	tls_server_free(t);
	tls_server_free(NULL);
}

static void
it_covers_the_names_and_addresses_in_it_and_no_others(void **state)
{
	static const char *const covered[] = {"console.example", "CONSOLE.example", "a.wild.example",
		"192.0.2.7", "2001:db8::7", "2001:DB8:0:0::7"};
	static const char *const others[] = {"example", "xconsole.example", "console.example.org",
		"wild.example", "a.b.wild.example", "common-name.example", "192.0.2.8", "2001:db8::8", "",
		"other.example", "*.wild.example:443", "[2001:db8::7]"};
	struct tls_server *t = load(cert_path, key_path);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(covered) / sizeof(covered[0]); i++)
		if (!tls_server_covers(t, covered[i]))
			fail_msg("does not cover %s", covered[i]);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (tls_server_covers(t, others[i]))
			fail_msg("covers %s", others[i]);
	tls_server_free(t);
}

static void
a_key_of_another_certificate_is_invalid(void **state)
{
	(void)state;
	assert_invalid(cert_path, other_key_path, "tls_key_file: ");
}

static void
a_key_of_another_kind_is_invalid(void **state)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	char path[TEMP_PATH_SIZE];

	(void)state;
	write_key(temp_path(&dir, "rsa.pem", path), rsa, NULL);
	EVP_PKEY_free(rsa);
	assert_invalid(cert_path, path, "tls_key_file: ");
}

static void
an_encrypted_key_is_invalid_and_nobody_is_asked(void **state)
{
	(void)state;
	assert_invalid(cert_path, encrypted_path, "tls_key_file: ");
}

static void
the_text_names_the_file_that_is_wrong(void **state)
{
	struct err err = {0};
	struct tls_server *t = NULL;

	(void)state;
	assert_invalid(missing_path, key_path, "tls_cert_file: ");
	assert_invalid(cert_path, missing_path, "tls_key_file: ");
	assert_invalid(junk_path, key_path, "tls_cert_file: ");
	assert_invalid(cert_path, junk_path, "tls_key_file: ");
	assert_invalid(key_path, cert_path, "tls_cert_file: ");
	assert_invalid(cert_path, cert_path, "tls_key_file: ");
	assert_invalid(dir.path, key_path, "tls_cert_file: ");
	assert_int_equal(tls_server_load(missing_path, key_path, &t, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "missing.pem"));
}

static void
key_and_certificate_may_be_in_one_file(void **state)
{
	char path[TEMP_PATH_SIZE];
	FILE *f = fopen(temp_path(&dir, "both.pem", path), "w");

	(void)state;
	assert_non_null(f);
	PEM_write_PrivateKey(f, good.key, NULL, NULL, 0, NULL, NULL);
	PEM_write_X509(f, good.x509);
	fclose(f);
	tls_server_free(load(path, path));
}

/* ---- in use ---- */

/* Move what one side has written to the other. */
static void
carry(SSL *from, SSL *to)
{
	unsigned char data[8192];
	int n = BIO_read(SSL_get_wbio(from), data, sizeof(data));

	if (n > 0)
		assert_int_equal(BIO_write(SSL_get_rbio(to), data, n), n);
}

static void
use_memory(SSL *ssl)
{
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
}

/* Does a client that trusts the authority, and offers max_version at most, accept this server? */
static bool
client_accepts(SSL_CTX *server_ctx, const char *host, int max_version)
{
	SSL_CTX *client_ctx = SSL_CTX_new(TLS_client_method());
	SSL *client, *server = SSL_new(server_ctx);
	int i, up = 0;

	SSL_CTX_set_security_level(client_ctx, 0);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(client_ctx), authority.x509);
	SSL_CTX_set_verify(client_ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_max_proto_version(client_ctx, max_version);
	client = SSL_new(client_ctx);
	SSL_set1_host(client, host);
	use_memory(client);
	use_memory(server);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	for (i = 0; i < 10 && up < 2; i++) {
		up = SSL_do_handshake(client) == 1;
		carry(client, server);
		up += SSL_do_handshake(server) == 1;
		carry(server, client);
	}
	SSL_free(client);
	SSL_free(server);
	SSL_CTX_free(client_ctx);
	ERR_clear_error();
	return up == 2;
}

static SSL_CTX *
context_with(const struct tls_server *t)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	assert_non_null(ctx);
	assert_int_equal(tls_server_apply(t, ctx), 0);
	return ctx;
}

static void
another_context_serves_with_it(void **state)
{
	struct tls_server *t = load(cert_path, key_path);
	SSL_CTX *ctx = context_with(t);

	(void)state;
	assert_true(client_accepts(ctx, "console.example", TLS1_3_VERSION));
	assert_true(client_accepts(ctx, "console.example", TLS1_2_VERSION));
	assert_false(client_accepts(ctx, "other.example", TLS1_3_VERSION));
	SSL_CTX_free(ctx);
	tls_server_free(t);
}

static void
nothing_older_than_tls_1_2_is_spoken(void **state)
{
	struct tls_server *t = load(cert_path, key_path);
	SSL_CTX *ctx = context_with(t);

	(void)state;
	/* What the system's OpenSSL forbids by itself must not hide what we forbid. */
	SSL_CTX_set_security_level(ctx, 0);
	assert_int_equal(SSL_CTX_get_min_proto_version(ctx), TLS1_2_VERSION);
	assert_false(client_accepts(ctx, "console.example", TLS1_1_VERSION));
	SSL_CTX_free(ctx);
	tls_server_free(t);
}

static void
a_context_keeps_what_it_was_given(void **state)
{
	struct tls_server *t = load(cert_path, key_path);
	SSL_CTX *a = context_with(t), *b = context_with(t);

	(void)state;
	tls_server_free(t);
	SSL_CTX_free(a);
	assert_true(client_accepts(b, "console.example", TLS1_3_VERSION));
	SSL_CTX_free(b);
}

static void
the_chain_is_served_too(void **state)
{
	struct tls_server *t = load(chain_path, key_path);
	SSL_CTX *ctx = context_with(t);
	STACK_OF(X509) *chain = NULL;

	(void)state;
	SSL_CTX_get0_chain_certs(ctx, &chain);
	assert_int_equal(sk_X509_num(chain), 1);
	assert_int_equal(X509_cmp(sk_X509_value(chain, 0), authority.x509), 0);
	SSL_CTX_free(ctx);
	tls_server_free(t);
}

static void
without_memory_there_is_none(void **state)
{
	struct tls_server *t = NULL;
	struct err err = {0};

	(void)state;
	torture_refuse("calloc", 1);
	assert_int_equal(tls_server_load(cert_path, key_path, &t, &err), ERR_MEMORY);
	assert_int_equal(err.code, ERR_MEMORY);
	assert_null(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_and_its_key_are_loaded),
		cmocka_unit_test(it_covers_the_names_and_addresses_in_it_and_no_others),
		cmocka_unit_test(a_key_of_another_certificate_is_invalid),
		cmocka_unit_test(a_key_of_another_kind_is_invalid),
		cmocka_unit_test(an_encrypted_key_is_invalid_and_nobody_is_asked),
		cmocka_unit_test(the_text_names_the_file_that_is_wrong),
		cmocka_unit_test(key_and_certificate_may_be_in_one_file),
		cmocka_unit_test(another_context_serves_with_it),
		cmocka_unit_test(nothing_older_than_tls_1_2_is_spoken),
		cmocka_unit_test(a_context_keeps_what_it_was_given),
		cmocka_unit_test(the_chain_is_served_too),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
