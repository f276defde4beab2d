/* SPDX-License-Identifier: MIT */
#include "session/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>

#include "tests/unit/pair_scene.h"

/* A new connection of that server. */
static SSL *
ssl_of(struct tls_server *server)
{
	SSL *ssl = NULL;

	assert_int_equal(tls_server_ssl(server, &ssl, NULL), 0);
	/* What the system's OpenSSL forbids by itself must not hide what we forbid. */
	SSL_set_security_level(ssl, 0);
	return ssl;
}

static struct tls_server *
server_with(const char *cert, const char *key)
{
	struct tls_pair *pair = pair_load(cert, key);
	struct tls_server *server = NULL;

	assert_int_equal(tls_server_new(pair, &server, NULL), 0);
	tls_pair_unref(pair);
	return server;
}

static void
change_to(struct tls_server *server, const char *cert, const char *key)
{
	struct tls_pair *pair = pair_load(cert, key);

	tls_server_change(server, pair);
	tls_pair_unref(pair);
}

/* ---- handshakes in memory ---- */

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

/* A client that trusts the authority, and offers max_version at most. */
static SSL_CTX *
client_context(int max_version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	assert_non_null(ctx);
	SSL_CTX_set_security_level(ctx, 0);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), authority.x509);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_max_proto_version(ctx, max_version);
	return ctx;
}

static bool
shake(SSL *client, SSL *server)
{
	bool up = false, server_up = false;
	int i;

	for (i = 0; i < 10 && !(up && server_up); i++) {
		up = SSL_do_handshake(client) == 1;
		carry(client, server);
		server_up = SSL_do_handshake(server) == 1;
		carry(server, client);
	}
	ERR_clear_error();
	return up && server_up;
}

/* A connection of that client, which may bring a session to resume. */
static bool
connects(SSL_CTX *client_ctx, struct tls_server *from, const char *host, SSL_SESSION *resume,
	void (*look)(SSL *client, SSL *server))
{
	SSL *client = SSL_new(client_ctx), *server = ssl_of(from);
	bool up;

	if (host)
		SSL_set1_host(client, host);
	if (resume)
		SSL_set_session(client, resume);
	use_memory(client);
	use_memory(server);
	SSL_set_connect_state(client);
	up = shake(client, server);
	if (up && look)
		look(client, server);
	SSL_free(client);
	SSL_free(server);
	return up;
}

/* Does a client that knows the authority accept this server under this name? */
static bool
accepted_as(struct tls_server *from, const char *host, int max_version)
{
	SSL_CTX *client_ctx = client_context(max_version);
	bool up = connects(client_ctx, from, host, NULL, NULL);

	SSL_CTX_free(client_ctx);
	return up;
}

/* ---- tests ---- */

static void
a_connection_shows_the_pair(void **state)
{
	struct tls_server *s = server_with(cert_path, key_path);

	(void)state;
	assert_true(accepted_as(s, "console.example", TLS1_3_VERSION));
	assert_true(accepted_as(s, "console.example", TLS1_2_VERSION));
	assert_false(accepted_as(s, "other.example", TLS1_3_VERSION));
	tls_server_free(s);
	tls_server_free(NULL);
}

static void
a_change_reaches_the_next_handshake(void **state)
{
	struct tls_server *s = server_with(cert_path, key_path);

	(void)state;
	change_to(s, other_path, other_key_path);
	assert_true(accepted_as(s, "other.example", TLS1_3_VERSION));
	assert_true(accepted_as(s, "other.example", TLS1_2_VERSION));
	assert_false(accepted_as(s, "console.example", TLS1_3_VERSION));
	change_to(s, cert_path, key_path);
	assert_true(accepted_as(s, "console.example", TLS1_3_VERSION));
	tls_server_free(s);
}

static struct tls_server *changed;

static void
still_speaks(SSL *client, SSL *server)
{
	char text[6] = "";

	change_to(changed, other_path, other_key_path);
	assert_int_equal(SSL_write(server, "hello", 5), 5);
	carry(server, client);
	assert_int_equal(SSL_read(client, text, 5), 5);
	assert_string_equal(text, "hello");
	assert_true(accepted_as(changed, "other.example", TLS1_3_VERSION));
}

static void
a_connection_goes_on_through_a_change(void **state)
{
	struct tls_server *s = server_with(cert_path, key_path);
	SSL_CTX *client_ctx = client_context(TLS1_3_VERSION);

	(void)state;
	changed = s;
	assert_true(connects(client_ctx, s, "console.example", NULL, still_speaks));
	SSL_CTX_free(client_ctx);
	tls_server_free(s);
}

static SSL_SESSION *kept;

static void
keep_session(SSL *client, SSL *server)
{
	char none;

	/* Tickets of TLS 1.3 come after the handshake. */
	assert_int_equal(SSL_write(server, "x", 1), 1);
	carry(server, client);
	assert_int_equal(SSL_read(client, &none, 1), 1);
	kept = SSL_get1_session(client);
	/* It ends in order, or the session would be spoiled. */
	SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

static void
not_resumed(SSL *client, SSL *server)
{
	(void)server;
	assert_int_equal(SSL_session_reused(client), 0);
}

static void
resumed(SSL *client, SSL *server)
{
	assert_int_equal(SSL_session_reused(client), 1);
	/* Not with the old key alone: what is recorded today stays closed when that is found out. */
	assert_int_equal(SSL_get_negotiated_group(client), NID_X25519);
	assert_int_equal(SSL_get_early_data_status(server), SSL_EARLY_DATA_NOT_SENT);
}

static void
no_handshake_of_tls_1_2_is_resumed(void **state)
{
	struct tls_server *s = server_with(cert_path, key_path);
	SSL_CTX *client_ctx = client_context(TLS1_2_VERSION);

	(void)state;
	assert_true(connects(client_ctx, s, "console.example", NULL, keep_session));
	assert_int_equal(SSL_SESSION_has_ticket(kept), 0);
	assert_true(connects(client_ctx, s, "console.example", kept, not_resumed));
	SSL_SESSION_free(kept);
	SSL_CTX_free(client_ctx);
	tls_server_free(s);
}

/* Or else a browser would not see the new certificate. */
static void
who_comes_back_resumes_until_the_pair_changes(void **state)
{
	struct tls_server *s = server_with(cert_path, key_path);
	SSL_CTX *client_ctx = client_context(TLS1_3_VERSION);

	(void)state;
	assert_true(connects(client_ctx, s, "console.example", NULL, keep_session));
	assert_true(connects(client_ctx, s, "console.example", kept, resumed));
	change_to(s, other_path, other_key_path);
	assert_true(connects(client_ctx, s, "other.example", kept, not_resumed));
	change_to(s, cert_path, key_path);
	assert_true(connects(client_ctx, s, "console.example", kept, not_resumed));
	SSL_SESSION_free(kept);
	SSL_CTX_free(client_ctx);
	tls_server_free(s);
}

static void
nothing_older_than_tls_1_2_is_spoken(void **state)
{
	struct tls_server *s = server_with(cert_path, key_path);

	(void)state;
	assert_true(accepted_as(s, "console.example", TLS1_2_VERSION));
	assert_false(accepted_as(s, "console.example", TLS1_1_VERSION));
	tls_server_free(s);
}

static void
every_cipher_is_ephemeral_and_authenticated(void **state)
{
	struct tls_server *s = server_with(cert_path, key_path);
	SSL *ssl = ssl_of(s);
	STACK_OF(SSL_CIPHER) *all = SSL_get_ciphers(ssl);
	int i;

	(void)state;
	assert_true(sk_SSL_CIPHER_num(all) >= 6);
	for (i = 0; i < sk_SSL_CIPHER_num(all); i++) {
		const SSL_CIPHER *c = sk_SSL_CIPHER_value(all, i);
		int kx = SSL_CIPHER_get_kx_nid(c);

		if (!SSL_CIPHER_is_aead(c) || (kx != NID_kx_ecdhe && kx != NID_kx_any))
			fail_msg("%s", SSL_CIPHER_get_name(c));
	}
	SSL_free(ssl);
	tls_server_free(s);
}

static void
group_is_x25519(SSL *client, SSL *server)
{
	(void)client;
	assert_int_equal(SSL_get_shared_group(server, 0), NID_X25519);
}

static void
the_group_that_browsers_offer_a_share_of_is_taken(void **state)
{
	struct tls_server *s = server_with(cert_path, key_path);
	SSL_CTX *client_ctx = client_context(TLS1_3_VERSION);

	(void)state;
	assert_true(connects(client_ctx, s, "console.example", NULL, group_is_x25519));
	SSL_CTX_free(client_ctx);
	tls_server_free(s);
}

static void
speaks_http(SSL *client, SSL *server)
{
	const unsigned char *chosen;
	unsigned len;

	(void)server;
	SSL_get0_alpn_selected(client, &chosen, &len);
	assert_int_equal(len, strlen("http/1.1"));
	assert_memory_equal(chosen, "http/1.1", len);
}

static void
chooses_nothing(SSL *client, SSL *server)
{
	const unsigned char *chosen;
	unsigned len;

	(void)server;
	SSL_get0_alpn_selected(client, &chosen, &len);
	assert_int_equal(len, 0);
}

static void
nothing_but_http_1_1_is_chosen_for_who_asks(void **state)
{
	static const struct {
		const char *offered;
		void (*look)(SSL *client, SSL *server);
	} rows[] = {{"\x02h2\x08http/1.1", speaks_http}, {"\x02h2", chooses_nothing}};
	struct tls_server *s = server_with(cert_path, key_path);
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		SSL_CTX *client_ctx = client_context(TLS1_3_VERSION);

		SSL_CTX_set_alpn_protos(
			client_ctx, (const unsigned char *)rows[i].offered, (unsigned)strlen(rows[i].offered));
		assert_true(connects(client_ctx, s, "console.example", NULL, rows[i].look));
		SSL_CTX_free(client_ctx);
	}
	tls_server_free(s);
}

static void
the_chain_is_served_too(SSL *client, SSL *server)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(client);

	(void)server;
	assert_int_equal(sk_X509_num(chain), 2);
	assert_int_equal(X509_cmp(sk_X509_value(chain, 1), authority.x509), 0);
}

static void
what_follows_the_certificate_is_shown_as_well(void **state)
{
	struct tls_server *s = server_with(chain_path, key_path);
	SSL_CTX *client_ctx = client_context(TLS1_3_VERSION);

	(void)state;
	assert_true(connects(client_ctx, s, "console.example", NULL, the_chain_is_served_too));
	SSL_CTX_free(client_ctx);
	tls_server_free(s);
}

/* ---- several threads ---- */

enum { SHAKERS = 3, SHAKES = 60, CHANGES = 400 };

static void *
shake_often(void *arg)
{
	struct tls_server *server = arg;
	int i;

	for (i = 0; i < SHAKES; i++)
		assert_true(accepted_as(server, NULL, TLS1_3_VERSION));
	return NULL;
}

static void
handshakes_and_changes_may_come_at_once(void **state)
{
	struct tls_server *server = server_with(cert_path, key_path);
	struct tls_pair *pairs[2] = {
		pair_load(cert_path, key_path), pair_load(other_path, other_key_path)};
	pthread_t threads[SHAKERS];
	int i;

	(void)state;
	for (i = 0; i < SHAKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, shake_often, server), 0);
	for (i = 0; i < CHANGES; i++)
		tls_server_change(server, pairs[i & 1]);
	tls_pair_unref(pairs[0]);
	tls_pair_unref(pairs[1]);
	for (i = 0; i < SHAKERS; i++)
		pthread_join(threads[i], NULL);
	tls_server_free(server);
}

static void
without_memory_there_is_none(void **state)
{
	struct tls_pair *pair = pair_load(cert_path, key_path);
	struct tls_server *server = NULL;
	struct err err = {0};

	(void)state;
	torture_refuse("calloc", 1);
	assert_int_equal(tls_server_new(pair, &server, &err), ERR_MEMORY);
	assert_int_equal(err.code, ERR_MEMORY);
	assert_null(server);
	tls_pair_unref(pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_shows_the_pair),
		cmocka_unit_test(a_change_reaches_the_next_handshake),
		cmocka_unit_test(a_connection_goes_on_through_a_change),
		cmocka_unit_test(no_handshake_of_tls_1_2_is_resumed),
		cmocka_unit_test(who_comes_back_resumes_until_the_pair_changes),
		cmocka_unit_test(nothing_older_than_tls_1_2_is_spoken),
		cmocka_unit_test(every_cipher_is_ephemeral_and_authenticated),
		cmocka_unit_test(the_group_that_browsers_offer_a_share_of_is_taken),
		cmocka_unit_test(nothing_but_http_1_1_is_chosen_for_who_asks),
		cmocka_unit_test(what_follows_the_certificate_is_shown_as_well),
		cmocka_unit_test(handshakes_and_changes_may_come_at_once),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests(tests, pair_scene, pair_scene_done);
}
