/* SPDX-License-Identifier: MIT */
/* pve_known - see pve_known.h */
#include "proxmox_api/pve_known.h"

#include <openssl/x509.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "proxmox_api/pve_cert.h"
#include "proxmox_api/pve_known_file.h"

enum { TEXT_SIZE = 1024, BAD_LINES_TOLD = 8 };

/* [a] atomic, [i] immutable, [k] under LOCK_KNOWN, [o] the one thread's that saves and reloads */
struct pve_known {
	atomic_uint refs;         /* [a] */
	atomic_uint forgotten;    /* [a] see pve_known_forgotten() */
	struct pve_tell tell;     /* [i] */
	char *path;               /* [i] NULL: in memory only */
	struct lock lock;         /* LOCK_KNOWN */
	struct known_list list;   /* [k] */
	bool changed;             /* [k] the file does not have it all */
	bool broken;              /* [o] the file is not to be used until it is read again */
	struct known_stamp stamp; /* [o] the file as it was read or written */
};

/* Never with the lock held: who is told has locks of its own. */
static void __attribute__((format(printf, 2, 3)))
tell(const struct pve_known *known, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (known->tell.tell != NULL)
		known->tell.tell(known->tell.arg, text);
}

/* ---- life ---- */

int
pve_known_new(
	const char *file, const struct pve_tell *tell_whom, struct pve_known **out, struct err *err)
{
	struct pve_known *known = calloc(1, sizeof(*known));

	if (known == NULL)
		return err_set(err, ERR_MEMORY, "no memory for known certificates");
	atomic_init(&known->refs, 1);
	lock_init(&known->lock, LOCK_KNOWN);
	if (tell_whom != NULL)
		known->tell = *tell_whom;
	if (file != NULL) {
		known->path = strdup(file);
		if (known->path == NULL) {
			pve_known_unref(known);
			return err_set(err, ERR_MEMORY, "no memory for known certificates");
		}
		pve_known_reload(known);
		/* Now, and not at the first host, is the time to hear that it can't be kept. */
		known->changed = known->changed || !known->stamp.there;
		pve_known_save(known);
	}
	*out = known;
	return 0;
}

struct pve_known *
pve_known_ref(struct pve_known *known)
{
	atomic_fetch_add_explicit(&known->refs, 1, memory_order_relaxed);
	return known;
}

void
pve_known_unref(struct pve_known *known)
{
	if (known == NULL || atomic_fetch_sub_explicit(&known->refs, 1, memory_order_acq_rel) > 1)
		return;
	known_free(&known->list);
	lock_done(&known->lock);
	free(known->path);
	free(known);
}

unsigned
pve_known_forgotten(const struct pve_known *known)
{
	return atomic_load_explicit(&known->forgotten, memory_order_acquire);
}

/* ---- the file ---- */

struct bad_lines {
	const struct pve_known *known;
	size_t count;
};

static void
on_bad_line(void *arg, size_t line, const char *why)
{
	struct bad_lines *bad = arg;

	if (bad->count++ < BAD_LINES_TOLD)
		tell(bad->known, "%s: line %zu is left out: %s", bad->known->path, line, why);
}

/* What has been read takes the place of what was read before; what was never written stays. */
static void
replace(struct pve_known *known, struct known_list *fresh)
{
	struct known_host **link, **last = &fresh->first, *h;
	struct known_list old;

	for (; *last != NULL; last = &(*last)->next)
		(*last)->written = true;
	lock_take(&known->lock);
	old = known->list;
	known->changed = false;
	for (link = &old.first; (h = *link) != NULL;) {
		if (h->written || known_find(fresh, h->host, h->port) != NULL) {
			link = &h->next;
			continue;
		}
		*link = h->next;
		old.count--;
		h->next = NULL;
		*last = h;
		last = &h->next;
		fresh->count++;
		known->changed = true;
	}
	known->list = *fresh;
	atomic_fetch_add_explicit(&known->forgotten, 1, memory_order_release);
	lock_release(&known->lock);
	*fresh = (struct known_list){.count = 0};
	known_free(&old);
}

static void
give_up(struct pve_known *known, const char *what, const struct err *err)
{
	known->broken = true;
	tell(known, "warning: known certificates of Proxmox cannot be %s, and are in memory only: %s",
		what, err->text);
}

void
pve_known_reload(struct pve_known *known)
{
	struct bad_lines bad = {.known = known};
	struct known_list fresh = {.count = 0};
	struct buf text = {.max = 0};
	struct err err = {.code = 0};
	int r;

	if (known->path == NULL)
		return;
	r = known_read_file(known->path, &text, &known->stamp, &err);
	if (r == 0 && known_read_text(buf_text(&text), text.len, &fresh, on_bad_line, &bad) < 0)
		r = err_set(&err, ERR_MEMORY, "no memory");
	known->broken = r < 0;
	if (r < 0)
		give_up(known, "read", &err);
	else
		replace(known, &fresh);
	if (bad.count > BAD_LINES_TOLD)
		tell(known, "%s: %zu more lines are left out", known->path, bad.count - BAD_LINES_TOLD);
	buf_done(&text);
}

/* All of it as text. False when there is nothing new. */
static bool
take_text(struct pve_known *known, struct buf *text, int *r)
{
	struct known_host *h;
	bool changed;

	lock_take(&known->lock);
	changed = known->changed;
	if (changed)
		*r = known_write_text(&known->list, text);
	for (h = known->list.first; changed && h != NULL; h = h->next)
		h->writing = true;
	known->changed = false;
	lock_release(&known->lock);
	return changed;
}

static void
note_written(struct pve_known *known)
{
	struct known_host *h;

	lock_take(&known->lock);
	for (h = known->list.first; h != NULL; h = h->next)
		h->written = h->written || h->writing;
	lock_release(&known->lock);
}

/* Somebody has edited the file since: what was removed there must not come back. */
static void
heed_edits(struct pve_known *known)
{
	struct known_stamp now;

	if (known_stamp_file(known->path, &now, NULL) == 0 && !known_stamp_same(&now, &known->stamp))
		pve_known_reload(known);
}

static bool
has_changed(struct pve_known *known)
{
	bool changed;

	lock_take(&known->lock);
	changed = known->changed;
	lock_release(&known->lock);
	return changed;
}

void
pve_known_save(struct pve_known *known)
{
	struct buf text = {.max = PVE_KNOWN_FILE_MAX};
	struct err err = {.code = 0};
	int r = 0;

	if (known->path == NULL || known->broken || !has_changed(known))
		return;
	heed_edits(known);
	if (known->broken || !take_text(known, &text, &r))
		goto out;
	if (r < 0)
		err_set(&err, r, "%s", err_meaning(r));
	else
		r = known_write_file(known->path, &text, &known->stamp, &err);
	if (r < 0)
		give_up(known, "written", &err);
	else
		note_written(known);
out:
	buf_done(&text);
}

/* ---- judging ---- */

/* What a host and port is found to be; copied out of the lock. */
enum finding {
	IS_KNOWN,
	IS_FIRST,
	IS_OTHER,
	IS_TOO_MANY,
};

struct found {
	size_t leaves;
	struct pve_fingerprint last; /* the youngest leaf */
	X509 *authority;             /* one reference, or NULL */
};

static enum finding
look_up(struct pve_known *known, const char *host, uint16_t port,
	const struct pve_fingerprint *shown, struct found *found)
{
	enum finding finding = IS_OTHER;
	struct known_host *h;

	lock_take(&known->lock);
	h = known_find(&known->list, host, port);
	if (h == NULL) {
		h = known_add(&known->list, host, port);
		finding = h != NULL ? IS_FIRST : IS_TOO_MANY;
		if (h != NULL)
			known_add_leaf(h, shown);
		known->changed = known->changed || h != NULL;
	} else if (known_has_leaf(h, shown)) {
		finding = IS_KNOWN;
	} else {
		found->leaves = h->count;
		if (h->count > 0)
			found->last = h->leaves[h->count - 1];
		if (h->authority != NULL && X509_up_ref(h->authority) == 1)
			found->authority = h->authority;
	}
	lock_release(&known->lock);
	return finding;
}

static void
add_leaf(
	struct pve_known *known, const char *host, uint16_t port, const struct pve_fingerprint *shown)
{
	struct known_host *h;

	lock_take(&known->lock);
	h = known_find(&known->list, host, port);
	if (h != NULL && !known_has_leaf(h, shown)) {
		known_add_leaf(h, shown);
		known->changed = true;
	}
	lock_release(&known->lock);
}

/* What an admin can do about it, if it is right. */
static void
advice(const struct pve_known *known, char *out, size_t size)
{
	if (known->path != NULL)
		snprintf(out, size, "remove its lines from %.120s and reload", known->path);
	else
		snprintf(out, size, "restart, which forgets it");
}

static int
refuse(const struct pve_known *known, const char *endpoint, const char *came,
	const struct found *found, const char *reason, struct err *err)
{
	char last[PVE_FINGERPRINT_SIZE], expected[PVE_FINGERPRINT_SIZE + 64], do_what[192];

	if (found->leaves > 0) {
		pve_format_fingerprint(&found->last, last);
		snprintf(expected, sizeof(expected), "%s%s%s", last,
			found->leaves > 1 ? " or another of its leaves" : "",
			found->authority != NULL ? " or one of its authority" : "");
	} else if (found->authority != NULL) {
		snprintf(expected, sizeof(expected), "one of its authority");
	} else {
		snprintf(expected, sizeof(expected), "one that an authority verifies, as before");
	}
	advice(known, do_what, sizeof(do_what));
	return err_set(err, ERR_UNTRUSTED,
		"certificate of %.80s has changed (%.48s): expected %s, came SHA-256 %s; if that is right, "
		"%s, or pin it in proxmox_fingerprints",
		endpoint, reason, expected, came, do_what);
}

int
pve_known_judge(struct pve_known *known, const char *host, uint16_t port, struct x509_st *leaf,
	struct stack_st_X509 *chain, const char *reason, struct err *err)
{
	char endpoint[PVE_ENDPOINT_SIZE], came[PVE_FINGERPRINT_SIZE];
	struct pve_fingerprint shown;
	struct found found = {.leaves = 0};
	int r = 0;

	if (!pve_cert_fingerprint(leaf, &shown))
		return err_set(err, ERR_MEMORY, "no memory for a fingerprint");
	pve_format_endpoint(host, port, endpoint);
	pve_format_fingerprint(&shown, came);
	switch (look_up(known, host, port, &shown, &found)) {
	case IS_KNOWN:
		break;
	case IS_FIRST:
		tell(known,
			"first contact with %s: its certificate, which is not verified (%s), is trusted from "
			"now on; compare it with \"pvenode cert info\" there, and to pin it set "
			"\"proxmox_fingerprints\": {\"%s\": \"%s\"}",
			endpoint, reason, endpoint, came);
		break;
	case IS_TOO_MANY:
		r = err_set(err, ERR_UNTRUSTED,
			"certificate of %.80s not accepted (%.48s), SHA-256 %s: no room to remember it beside "
			"%d others; set proxmox_ca_file, or pin it in proxmox_fingerprints",
			endpoint, reason, came, PVE_KNOWN_HOSTS_MAX);
		break;
	default:
		if (found.authority == NULL || !pve_cert_signed_by(found.authority, leaf, chain, false)) {
			r = refuse(known, endpoint, came, &found, reason, err);
			break;
		}
		add_leaf(known, host, port, &shown);
		tell(known, "%s has another certificate, signed by its cluster's authority: SHA-256 %s",
			endpoint, came);
	}
	X509_free(found.authority);
	return r;
}

/* ---- learning ---- */

void
pve_known_verified(struct pve_known *known, const char *host, uint16_t port)
{
	char endpoint[PVE_ENDPOINT_SIZE];
	struct known_host *h;
	bool news = false;

	lock_take(&known->lock);
	h = known_find(&known->list, host, port);
	if (h == NULL)
		h = known_add(&known->list, host, port);
	if (h != NULL && !h->verified) {
		news = h->count > 0 || h->authority != NULL;
		known_clear(h);
		h->verified = true;
		known->changed = true;
	}
	if (news)
		atomic_fetch_add_explicit(&known->forgotten, 1, memory_order_release);
	lock_release(&known->lock);
	if (!news)
		return;
	pve_format_endpoint(host, port, endpoint);
	tell(known, "%s is verified by an authority now: what first use has taught is forgotten",
		endpoint);
}

/* The host that may show leaf and has not this authority yet, or NULL. With the lock held. */
static struct known_host *
find_pupil(struct pve_known *known, const char *host, uint16_t port,
	const struct pve_fingerprint *leaf, X509 *authority)
{
	struct known_host *h = known_find(&known->list, host, port);

	if (h == NULL || !known_has_leaf(h, leaf) ||
		(h->authority != NULL && X509_cmp(h->authority, authority) == 0))
		return NULL;
	return h;
}

void
pve_known_learn(
	struct pve_known *known, const char *host, uint16_t port, struct x509_st *leaf, const char *pem)
{
	char endpoint[PVE_ENDPOINT_SIZE];
	struct pve_fingerprint shown;
	X509 *authority = pve_cert_read_authority(pem);
	struct known_host *h;
	bool news;

	if (authority == NULL || !pve_cert_fingerprint(leaf, &shown))
		goto out;
	lock_take(&known->lock);
	news = find_pupil(known, host, port, &shown, authority) != NULL;
	lock_release(&known->lock);
	if (!news || !pve_cert_signed_by(authority, leaf, NULL, true))
		goto out;
	lock_take(&known->lock);
	h = find_pupil(known, host, port, &shown, authority);
	if (h != NULL) {
		X509 *old = h->authority;

		h->authority = authority;
		authority = old;
		known->changed = true;
	}
	lock_release(&known->lock);
	pve_format_endpoint(host, port, endpoint);
	if (h != NULL)
		tell(known, "%s: certificates that its cluster's authority signs are accepted too",
			endpoint);
out:
	X509_free(authority);
}
