/* SPDX-License-Identifier: MIT */
#include "session/rfb.h"

#include <assert.h>
#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"

enum { SECURITY_VNC = 2, REASON_MAX = 65536 };
enum { RESULT_OK = 0, RESULT_FAILED = 1 };

enum step {
	CLIENT_VERSION,
	CLIENT_TYPE_COUNT,
	CLIENT_TYPES,
	CLIENT_CHALLENGE,
	CLIENT_RESULT,
	CLIENT_REASON_LENGTH,
	CLIENT_REASON,
	SERVER_VERSION,
	SERVER_TYPE,
	SERVER_RESPONSE,
	SERVER_CLIENT_INIT,
	STEP_DONE,
	STEP_FAILED,
};

/* Each bit pattern of a byte, mirrored: VNC authentication numbers the key's bits from the other end. */
static unsigned char
mirrored(unsigned char b)
{
	b = (unsigned char)((b & 0xf0) >> 4 | (b & 0x0f) << 4);
	b = (unsigned char)((b & 0xcc) >> 2 | (b & 0x33) << 2);
	return (unsigned char)((b & 0xaa) >> 1 | (b & 0x55) << 1);
}

int
rfb_des(const unsigned char password[RFB_PASSWORD_MAX],
	const unsigned char challenge[RFB_CHALLENGE_SIZE], unsigned char response[RFB_CHALLENGE_SIZE])
{
	/* Single DES is in OpenSSL's legacy provider only; triple DES with equal keys is the same. */
	unsigned char key[3 * RFB_PASSWORD_MAX];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, ok, i;

	for (i = 0; i < (int)sizeof(key); i++)
		key[i] = mirrored(password[i % RFB_PASSWORD_MAX]);
	ok = ctx && EVP_EncryptInit_ex(ctx, EVP_des_ede3_ecb(), NULL, key, NULL) == 1 &&
		 EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
		 EVP_EncryptUpdate(ctx, response, &n, challenge, RFB_CHALLENGE_SIZE) == 1 &&
		 n == RFB_CHALLENGE_SIZE;
	EVP_CIPHER_CTX_free(ctx);
	OPENSSL_cleanse(key, sizeof(key));
	return ok ? 0 : ERR_SYSTEM;
}

static void
expect(struct rfb *r, enum step step, unsigned need)
{
	assert(need <= sizeof(r->in));
	r->step = (int)step;
	r->need = need;
	r->in_len = 0;
}

static void
say(struct rfb *r, const void *data, size_t len)
{
	assert(r->out_len + len <= sizeof(r->out));
	memcpy(r->out + r->out_len, data, len);
	r->out_len += (unsigned)len;
}

static void
say_byte(struct rfb *r, unsigned char b)
{
	say(r, &b, 1);
}

static void
say_u32(struct rfb *r, uint32_t v)
{
	unsigned char b[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16),
		(unsigned char)(v >> 8), (unsigned char)v};

	say(r, b, sizeof(b));
}

static uint32_t
heard_u32(const struct rfb *r)
{
	return (uint32_t)r->in[0] << 24 | (uint32_t)r->in[1] << 16 | (uint32_t)r->in[2] << 8 | r->in[3];
}

/* "RFB 003.008\n" → *major, *minor; false when it is not of that form. */
static bool
read_version(const unsigned char *text, int *major, int *minor)
{
	int i;

	if (memcmp(text, "RFB ", 4) != 0 || text[7] != '.' || text[11] != '\n')
		return false;
	for (i = 4; i < 11; i++)
		if (i != 7 && !isdigit(text[i]))
			return false;
	*major = (text[4] - '0') * 100 + (text[5] - '0') * 10 + text[6] - '0';
	*minor = (text[8] - '0') * 100 + (text[9] - '0') * 10 + text[10] - '0';
	return true;
}

static void
set_password(struct rfb *r, const char *password, size_t len)
{
	memset(r, 0, sizeof(*r));
	memcpy(r->password, password, len < RFB_PASSWORD_MAX ? len : RFB_PASSWORD_MAX);
}

static int
fail(struct rfb *r, struct err *err, int code, const char *text)
{
	r->step = STEP_FAILED;
	return err_set(err, code, "%s", text);
}

/* ---- towards Proxmox ---- */

void
rfb_client_init(struct rfb *r, const char *password, size_t len)
{
	set_password(r, password, len);
	expect(r, CLIENT_VERSION, RFB_VERSION_SIZE);
}

static int
client_version(struct rfb *r, struct err *err)
{
	int major, minor;

	if (!read_version(r->in, &major, &minor))
		return fail(r, err, ERR_PROTOCOL, "console does not speak RFB");
	if (major < 3 || (major == 3 && minor < 8))
		return fail(r, err, ERR_PROTOCOL, "console speaks an RFB older than 3.8");
	say(r, "RFB 003.008\n", RFB_VERSION_SIZE);
	expect(r, CLIENT_TYPE_COUNT, 1);
	return RFB_MORE;
}

static int
client_types(struct rfb *r, struct err *err)
{
	if (!memchr(r->in, SECURITY_VNC, r->in_len))
		return fail(r, err, ERR_PROTOCOL, "console offers no VNC authentication");
	say_byte(r, SECURITY_VNC);
	expect(r, CLIENT_CHALLENGE, RFB_CHALLENGE_SIZE);
	return RFB_MORE;
}

static int
client_challenge(struct rfb *r, struct err *err)
{
	unsigned char response[RFB_CHALLENGE_SIZE];

	if (rfb_des(r->password, r->in, response) < 0)
		return fail(r, err, ERR_SYSTEM, "DES is not available");
	say(r, response, sizeof(response));
	expect(r, CLIENT_RESULT, 4);
	return RFB_MORE;
}

/* One complete step. A failure's reason text is read to its end, so that it is known to be RFB, and dropped. */
static int
client_step(struct rfb *r, struct err *err)
{
	switch ((enum step)r->step) {
	case CLIENT_VERSION:
		return client_version(r, err);
	case CLIENT_TYPE_COUNT:
		if (r->in[0] == 0)
			expect(r, CLIENT_REASON_LENGTH, 4);
		else
			expect(r, CLIENT_TYPES, r->in[0]);
		return RFB_MORE;
	case CLIENT_TYPES:
		return client_types(r, err);
	case CLIENT_CHALLENGE:
		return client_challenge(r, err);
	case CLIENT_RESULT:
		if (heard_u32(r) != RESULT_OK) {
			expect(r, CLIENT_REASON_LENGTH, 4);
			return RFB_MORE;
		}
		say_byte(r, 1); /* ClientInit: shared, or Proxmox would throw out the other viewers */
		r->step = STEP_DONE;
		return RFB_DONE;
	case CLIENT_REASON_LENGTH:
		r->reason_left = heard_u32(r);
		if (r->reason_left > REASON_MAX)
			return fail(r, err, ERR_PROTOCOL, "console refuses with an endless reason");
		if (r->reason_left == 0)
			return fail(r, err, ERR_REFUSED, "VNC authentication refused");
		expect(r, CLIENT_REASON, 1);
		return RFB_MORE;
	case CLIENT_REASON:
		if (--r->reason_left == 0)
			return fail(r, err, ERR_REFUSED, "VNC authentication refused");
		expect(r, CLIENT_REASON, 1);
		return RFB_MORE;
	default:
		return fail(r, err, ERR_PROTOCOL, "RFB handshake is over");
	}
}

/* ---- towards the browser ---- */

int
rfb_server_init(struct rfb *r, const char *password, size_t len, struct err *err)
{
	set_password(r, password, len);
	if (random_bytes(r->challenge, sizeof(r->challenge)) < 0)
		return err_set(err, ERR_SYSTEM, "no random challenge");
	say(r, "RFB 003.008\n", RFB_VERSION_SIZE);
	expect(r, SERVER_VERSION, RFB_VERSION_SIZE);
	return 0;
}

/* 3.3 and 3.7 differ from 3.8 in who picks the type, and in what follows a failure (RFC 6143, appendix A). */
static int
server_version(struct rfb *r, struct err *err)
{
	int major, minor;

	if (!read_version(r->in, &major, &minor) || major != 3 || minor < 3)
		return fail(r, err, ERR_PROTOCOL, "browser does not speak RFB 3");
	r->minor = minor < 7 ? 3 : minor == 7 ? 7 : 8;
	if (r->minor == 3) {
		say_u32(r, SECURITY_VNC);
		say(r, r->challenge, sizeof(r->challenge));
		expect(r, SERVER_RESPONSE, RFB_CHALLENGE_SIZE);
		return RFB_MORE;
	}
	say_byte(r, 1);
	say_byte(r, SECURITY_VNC);
	expect(r, SERVER_TYPE, 1);
	return RFB_MORE;
}

static int
server_response(struct rfb *r, struct err *err)
{
	static const char reason[] = "Authentication failed";
	unsigned char expected[RFB_CHALLENGE_SIZE];
	bool right;

	if (rfb_des(r->password, r->challenge, expected) < 0)
		return fail(r, err, ERR_SYSTEM, "DES is not available");
	right = CRYPTO_memcmp(expected, r->in, sizeof(expected)) == 0;
	OPENSSL_cleanse(expected, sizeof(expected));
	if (right) {
		say_u32(r, RESULT_OK);
		expect(r, SERVER_CLIENT_INIT, 1);
		return RFB_MORE;
	}
	say_u32(r, RESULT_FAILED);
	if (r->minor == 8) {
		say_u32(r, sizeof(reason) - 1);
		say(r, reason, sizeof(reason) - 1);
	}
	return fail(r, err, ERR_REFUSED, "browser's password is wrong");
}

static int
server_step(struct rfb *r, struct err *err)
{
	switch ((enum step)r->step) {
	case SERVER_VERSION:
		return server_version(r, err);
	case SERVER_TYPE:
		if (r->in[0] != SECURITY_VNC)
			return fail(r, err, ERR_PROTOCOL, "browser picks a security type that was not offered");
		say(r, r->challenge, sizeof(r->challenge));
		expect(r, SERVER_RESPONSE, RFB_CHALLENGE_SIZE);
		return RFB_MORE;
	case SERVER_RESPONSE:
		return server_response(r, err);
	case SERVER_CLIENT_INIT:
		r->step = STEP_DONE;
		return RFB_DONE;
	default:
		return fail(r, err, ERR_PROTOCOL, "RFB handshake is over");
	}
}

/* ---- both ---- */

static int
feed(struct rfb *r, int (*step)(struct rfb *, struct err *), const unsigned char *data, size_t len,
	size_t *used, struct err *err)
{
	size_t n;
	int result;

	*used = 0;
	if (r->step == STEP_DONE)
		return RFB_DONE;
	while (*used < len) {
		n = r->need - r->in_len;
		if (n > len - *used)
			n = len - *used;
		memcpy(r->in + r->in_len, data + *used, n);
		r->in_len += (unsigned)n;
		*used += n;
		if (r->in_len < r->need)
			break;
		result = step(r, err);
		if (result != RFB_MORE)
			return result;
	}
	return RFB_MORE;
}

int
rfb_client_feed(struct rfb *r, const unsigned char *data, size_t len, size_t *used, struct err *err)
{
	return feed(r, client_step, data, len, used, err);
}

int
rfb_server_feed(struct rfb *r, const unsigned char *data, size_t len, size_t *used, struct err *err)
{
	return feed(r, server_step, data, len, used, err);
}

void
rfb_done(struct rfb *r)
{
	OPENSSL_cleanse(r, sizeof(*r));
	r->step = STEP_FAILED;
}
