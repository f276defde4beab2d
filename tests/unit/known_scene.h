/* SPDX-License-Identifier: MIT */
/*
 * known_scene - certificates of two clusters, and somebody who listens to what is told.
 *
 * Threads: none but the test's.
 */
#ifndef TESTS_UNIT_KNOWN_SCENE_H
#define TESTS_UNIT_KNOWN_SCENE_H

#include "tests/unit/tls_scene.h"

#include <string.h>

#include "proxmox_api/pve_known.h"

/*
 * root signs node, renewed, second, expired and middle; middle signs below; stranger, which
 * has root's name, signs foreign; self has signed itself.
 */
static struct cert root, node, renewed, second, expired, middle, below, stranger, foreign, self;

static inline int
scene_begin(void **state)
{
	static const char names[] = "DNS:pve.example,IP:10.0.0.1";

	(void)state;
	root = cert_make("cluster", NULL, NULL, 3650);
	stranger = cert_make("cluster", NULL, NULL, 3650);
	middle = cert_make("middle", &root, NULL, 3650);
	node = cert_make("pve1", &root, names, 730);
	renewed = cert_make("pve1", &root, names, 730);
	second = cert_make("pve2", &root, "DNS:pve2.example", 730);
	expired = cert_make("pve1", &root, names, -1);
	below = cert_make("pve3", &middle, names, 730);
	foreign = cert_make("pve1", &stranger, names, 730);
	self = cert_make("pve1", NULL, names, 730);
	return 0;
}

static inline int
scene_end(void **state)
{
	struct cert *all[] = {
		&root, &node, &renewed, &second, &expired, &middle, &below, &stranger, &foreign, &self};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cert_free(all[i]);
	return 0;
}

/* ---- what is told ---- */

static struct {
	unsigned count;
	char text[4096]; /* a line each */
} told;

static inline void
listen_to(void *arg, const char *text)
{
	size_t len = strlen(told.text);

	(void)arg;
	told.count++;
	snprintf(told.text + len, sizeof(told.text) - len, "%s\n", text);
}

static inline void
told_forget(void)
{
	memset(&told, 0, sizeof(told));
}

static inline bool
told_of(const char *words)
{
	return strstr(told.text, words) != NULL;
}

static inline struct pve_known *
known_for_test(const char *file)
{
	static const struct pve_tell tell = {.tell = listen_to};
	struct pve_known *known = NULL;

	told_forget();
	assert_int_equal(pve_known_new(file, &tell, &known, NULL), 0);
	return known;
}

/* ---- texts ---- */

static inline void
text_of_fingerprint(const struct cert *who, char out[PVE_FINGERPRINT_SIZE])
{
	struct pve_fingerprint f = tls_fingerprint(who);

	pve_format_fingerprint(&f, out);
}

/* Valid until the next call. */
static inline const char *
pem_of(const struct cert *who)
{
	static char text[8192];
	BIO *bio = BIO_new(BIO_s_mem());
	int n;

	assert_int_equal(PEM_write_bio_X509(bio, who->x509), 1);
	n = BIO_read(bio, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	BIO_free(bio);
	return text;
}

#endif
