/* SPDX-License-Identifier: MIT */
/* pve_known_text - what is remembered, as a list and as text; see pve_known_file.h. */
#include "proxmox_api/pve_known_file.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxmox_api/pve_cert.h"

enum {
	BASE64_MAX = (PVE_AUTHORITY_MAX + 2) / 3 * 4,
	LINE_MAX_BYTES = PVE_ENDPOINT_SIZE + BASE64_MAX + 32,
};

/* ---- lists ---- */

struct known_host *
known_find(const struct known_list *list, const char *host, uint16_t port)
{
	struct known_host *h;

	for (h = list->first; h != NULL; h = h->next) {
		if (h->port == port && strcmp(h->host, host) == 0)
			return h;
	}
	return NULL;
}

struct known_host *
known_add(struct known_list *list, const char *host, uint16_t port)
{
	struct known_host **last = &list->first, *h;

	if (list->count >= PVE_KNOWN_HOSTS_MAX)
		return NULL;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return NULL;
	snprintf(h->host, sizeof(h->host), "%s", host);
	h->port = port;
	/* At the end: the file keeps its order. */
	while (*last != NULL)
		last = &(*last)->next;
	*last = h;
	list->count++;
	return h;
}

bool
known_has_leaf(const struct known_host *h, const struct pve_fingerprint *leaf)
{
	for (size_t i = 0; i < h->count; i++) {
		if (memcmp(h->leaves[i].sha256, leaf->sha256, sizeof(leaf->sha256)) == 0)
			return true;
	}
	return false;
}

void
known_add_leaf(struct known_host *h, const struct pve_fingerprint *leaf)
{
	if (h->count == PVE_KNOWN_LEAVES_MAX) {
		h->count--;
		memmove(h->leaves, h->leaves + 1, h->count * sizeof(h->leaves[0]));
	}
	h->leaves[h->count++] = *leaf;
}

void
known_clear(struct known_host *h)
{
	X509_free(h->authority);
	h->authority = NULL;
	h->count = 0;
}

void
known_free(struct known_list *list)
{
	while (list->first != NULL) {
		struct known_host *h = list->first;

		list->first = h->next;
		known_clear(h);
		free(h);
	}
	list->count = 0;
}

/* ---- reading ---- */

static X509 *
decode_authority(const char *text)
{
	unsigned char der[BASE64_MAX / 4 * 3];
	const unsigned char *at = der;
	size_t len = strlen(text);
	X509 *cert = NULL;
	int n;

	if (len == 0 || len > BASE64_MAX)
		return NULL;
	n = EVP_DecodeBlock(der, (const unsigned char *)text, (int)len);
	/* It counts what the padding stands for. */
	for (size_t i = len; n > 0 && i > 0 && i + 2 >= len && text[i - 1] == '='; i--)
		n--;
	if (n > 0)
		cert = d2i_X509(NULL, &at, n);
	ERR_clear_error();
	if (cert != NULL && (at != der + n || !pve_cert_is_authority(cert))) {
		X509_free(cert);
		cert = NULL;
	}
	return cert;
}

/* What a line says of a host; NULL, or why it says nothing. */
static const char *
apply(struct known_host *h, const char *kind, const char *value)
{
	struct pve_fingerprint leaf;

	if (strcmp(kind, "verified") == 0) {
		h->verified = true;
		return value[0] == '\0' ? NULL : "something follows \"verified\"";
	}
	if (strcmp(kind, "leaf") == 0) {
		if (pve_parse_fingerprint(value, &leaf, NULL) < 0)
			return "this is no SHA-256 fingerprint";
		if (!known_has_leaf(h, &leaf)) {
			if (h->count == PVE_KNOWN_LEAVES_MAX)
				return "its host has too many leaves";
			known_add_leaf(h, &leaf);
		}
		return NULL;
	}
	if (strcmp(kind, "authority") != 0)
		return "it says neither leaf, authority nor verified";
	if (h->authority != NULL)
		return "its host has an authority already";
	h->authority = decode_authority(value);
	return h->authority != NULL ? NULL : "this is no certificate of an authority";
}

/* The next word of a line, cut off by a NUL; "" when there is none. *line moves behind it. */
static char *
next_word(char **line)
{
	static const char blanks[] = " \t\r";
	char *word = *line + strspn(*line, blanks);
	char *end = word + strcspn(word, blanks);

	*line = *end != '\0' ? end + 1 : end;
	*end = '\0';
	return word;
}

/* 0 with *why NULL or what is wrong, or ERR_MEMORY. */
static int
read_line(char *line, struct known_list *list, const char **why)
{
	char *endpoint = next_word(&line), *kind = next_word(&line), *value = next_word(&line);
	struct known_host one = {.count = 0}, *h;
	char host[PVE_HOST_SIZE];
	uint16_t port;

	*why = NULL;
	if (endpoint[0] == '\0' || endpoint[0] == '#')
		return 0;
	if (*next_word(&line) != '\0') {
		*why = "it has too many words";
		return 0;
	}
	if (pve_parse_endpoint(endpoint, host, &port, NULL) < 0) {
		*why = "it does not begin with a host and a port";
		return 0;
	}
	h = known_find(list, host, port);
	if (h != NULL) {
		*why = apply(h, kind, value);
		return 0;
	}
	/* A host of which nothing good is said is none. */
	*why = apply(&one, kind, value);
	if (*why == NULL && list->count >= PVE_KNOWN_HOSTS_MAX)
		*why = "there are too many hosts";
	h = *why == NULL ? known_add(list, host, port) : NULL;
	if (h == NULL) {
		known_clear(&one);
		return *why == NULL ? ERR_MEMORY : 0;
	}
	h->verified = one.verified;
	h->count = one.count;
	h->leaves[0] = one.leaves[0];
	h->authority = one.authority;
	return 0;
}

static int
read_bytes(const char *text, size_t len, struct known_list *list, const char **why)
{
	char *line;
	int r;

	*why = NULL;
	if (len > LINE_MAX_BYTES || memchr(text, '\0', len) != NULL) {
		*why = len > LINE_MAX_BYTES ? "it is too long" : "it has a NUL in it";
		return 0;
	}
	line = strndup(text, len);
	if (line == NULL)
		return ERR_MEMORY;
	r = read_line(line, list, why);
	free(line);
	return r;
}

int
known_read_text(const char *text, size_t len, struct known_list *out,
	void (*bad)(void *arg, size_t line, const char *why), void *arg)
{
	struct known_list list = {.count = 0};
	size_t number = 0;

	while (len > 0) {
		const char *end = memchr(text, '\n', len), *why;
		size_t n = end != NULL ? (size_t)(end - text) : len;

		number++;
		if (read_bytes(text, n, &list, &why) < 0) {
			known_free(&list);
			return ERR_MEMORY;
		}
		if (why != NULL && bad != NULL)
			bad(arg, number, why);
		n += end != NULL;
		text += n;
		len -= n;
	}
	*out = list;
	return 0;
}

/* ---- writing ---- */

static int
write_authority(X509 *cert, const char *endpoint, struct buf *out)
{
	unsigned char *der = NULL, *text = NULL;
	int len = i2d_X509(cert, &der), r = ERR_MEMORY;

	if (len > 0)
		text = malloc((size_t)(len + 2) / 3 * 4 + 1);
	if (text != NULL) {
		EVP_EncodeBlock(text, der, len);
		r = buf_addf(out, "%s authority %s\n", endpoint, (const char *)text);
	}
	free(text);
	OPENSSL_free(der);
	return r;
}

static int
write_host(const struct known_host *h, struct buf *out)
{
	char endpoint[PVE_ENDPOINT_SIZE], leaf[PVE_FINGERPRINT_SIZE];
	int r = 0;

	pve_format_endpoint(h->host, h->port, endpoint);
	if (h->verified)
		r = buf_addf(out, "%s verified\n", endpoint);
	for (size_t i = 0; r == 0 && i < h->count; i++) {
		pve_format_fingerprint(&h->leaves[i], leaf);
		r = buf_addf(out, "%s leaf %s\n", endpoint, leaf);
	}
	if (r == 0 && h->authority != NULL)
		r = write_authority(h->authority, endpoint, out);
	return r;
}

int
known_write_text(const struct known_list *list, struct buf *out)
{
	const struct known_host *h;
	int r;

	r = buf_addf(out, "# Certificates of Proxmox that proxmoxvnc trusts since it first saw them.\n"
					  "# To forget a host, remove all of its lines and reload (SIGHUP).\n");
	for (h = list->first; r == 0 && h != NULL; h = h->next)
		r = write_host(h, out);
	return r;
}
