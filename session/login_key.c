/* SPDX-License-Identifier: MIT */
#include "session/login_key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct login_keys {
	EVP_MAC *hmac;
	unsigned char secret[LOGIN_MAC_SIZE];
};

int
login_keys_new(struct login_keys **out, struct err *err)
{
	struct login_keys *keys = calloc(1, sizeof(*keys));

	if (!keys)
		return err_set(err, ERR_MEMORY, "no memory for the keys of logins");
	if (random_bytes(keys->secret, sizeof(keys->secret)) < 0) {
		free(keys);
		return err_set(err, ERR_SYSTEM, "no random bytes for the keys of logins");
	}
	keys->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (!keys->hmac) {
		login_keys_free(keys);
		return err_set(err, ERR_MEMORY, "no HMAC for the keys of logins");
	}
	*out = keys;
	return 0;
}

void
login_keys_free(struct login_keys *keys)
{
	if (!keys)
		return;
	EVP_MAC_free(keys->hmac);
	OPENSSL_cleanse(keys->secret, sizeof(keys->secret));
	free(keys);
}

/* With its length in front, so that nothing can pass for the end of one and the start of the next. */
static bool
add(EVP_MAC_CTX *mac, const void *data, size_t len)
{
	const uint64_t size = len;

	return EVP_MAC_update(mac, (const unsigned char *)&size, sizeof(size)) &&
		   EVP_MAC_update(mac, data, len);
}

static bool
add_text(EVP_MAC_CTX *mac, const char *text)
{
	return add(mac, text, strlen(text));
}

/*
 * Whose certificate is pinned is a part of it: who stands between us and the host lets any
 * password in where his own certificate is accepted.
 */
static bool
add_target(EVP_MAC_CTX *mac, const struct pve_target *target, const struct pve_hosts *hosts)
{
	size_t n = hosts ? pve_hosts_count(hosts) : 0, i;
	bool ok = add(mac, &n, sizeof(n)) && add_text(mac, target->host);

	for (i = 0; ok && i < n; i++)
		ok = add_text(mac, pve_hosts_at(hosts, i));
	return ok && add(mac, &target->port, sizeof(target->port)) &&
		   add(mac, target->pin.sha256, target->pin.set ? sizeof(target->pin.sha256) : 0);
}

static bool
add_credential(EVP_MAC_CTX *mac, const struct pve_credential *c)
{
	const bool token = pve_credential_is_token(c);

	return add(mac, &token, sizeof(token)) && add_text(mac, c->user) &&
		   add(mac, secret_peek(&c->secret), c->secret.len);
}

int
login_key_make(const struct login_keys *keys, const struct login_ask *ask, struct login_key *out,
	struct err *err)
{
	static char digest[] = "SHA256";
	const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end()};
	struct login_key key = {.alone = ask->credential->otp.len > 0};
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(keys->hmac);
	size_t len = 0;
	bool ok = mac && EVP_MAC_init(mac, keys->secret, sizeof(keys->secret), params) &&
			  add_target(mac, ask->target, ask->hosts) && add_credential(mac, ask->credential) &&
			  EVP_MAC_final(mac, key.mac, &len, sizeof(key.mac)) && len == sizeof(key.mac);

	EVP_MAC_CTX_free(mac);
	if (ok)
		*out = key;
	return ok ? 0 : err_set(err, ERR_MEMORY, "no memory for the proof of a credential");
}

bool
login_key_equal(const struct login_key *a, const struct login_key *b)
{
	return !a->alone && !b->alone && CRYPTO_memcmp(a->mac, b->mac, sizeof(a->mac)) == 0;
}
