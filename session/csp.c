/* SPDX-License-Identifier: MIT */
#include "session/csp.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Find needle, in any case, in text[0..len); NULL when it is not there. */
static const char *
find(const char *text, size_t len, const char *needle)
{
	size_t n = strlen(needle);

	for (; len >= n; text++, len--)
		if (strncasecmp(text, needle, n) == 0)
			return text;
	return NULL;
}

/* SHA-256 as a browser takes it: of the text after line breaks were made LF (HTML, section 13.2.3.5). */
static bool
hash(const char *script, size_t len, unsigned char digest[EVP_MAX_MD_SIZE], unsigned *n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const char *end = script + len, *cr;
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	while (ok && (cr = memchr(script, '\r', (size_t)(end - script)))) {
		ok = EVP_DigestUpdate(ctx, script, (size_t)(cr - script)) == 1 &&
			 EVP_DigestUpdate(ctx, "\n", 1) == 1;
		script = cr + 1 + (cr + 1 < end && cr[1] == '\n');
	}
	ok = ok && EVP_DigestUpdate(ctx, script, (size_t)(end - script)) == 1 &&
		 EVP_DigestFinal_ex(ctx, digest, n) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

static int
add_hash(struct buf *out, const char *script, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[EVP_MAX_MD_SIZE * 2];
	unsigned n = 0;

	if (!hash(script, len, digest, &n))
		return ERR_SYSTEM;
	EVP_EncodeBlock((unsigned char *)text, digest, (int)n);
	return buf_addf(out, " 'sha256-%s'", text);
}

/* The hash of every script element without a src attribute. */
static int
add_hashes(struct buf *out, const char *html, size_t len)
{
	const char *end = html + len, *tag, *body, *close;
	int r;

	while ((tag = find(html, (size_t)(end - html), "<script"))) {
		body = memchr(tag, '>', (size_t)(end - tag));
		if (!body)
			break;
		body++;
		close = find(body, (size_t)(end - body), "</script");
		if (!close)
			break;
		if (!find(tag, (size_t)(body - tag), "src=")) {
			r = add_hash(out, body, (size_t)(close - body));
			if (r < 0)
				return r;
		}
		html = close;
	}
	return 0;
}

int
csp_for_html(struct buf *out, const char *html, size_t len)
{
	bool styled = find(html, len, "<style") || find(html, len, " style=");
	int r;

	r = buf_addf(out, "script-src 'self'");
	if (r == 0)
		r = add_hashes(out, html, len);
	if (r == 0)
		r = buf_addf(out, "; style-src 'self'%s", styled ? " 'unsafe-inline'" : "");
	return r;
}
