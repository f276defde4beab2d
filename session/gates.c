/* SPDX-License-Identifier: MIT */
#include "session/gates.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"

enum { BUCKETS = 256 };

/* All passes of a guest hang in its bucket in the order of arrival; the first one is inside. */
struct gate_pass {
	struct gates *gates;     /* [i] */
	struct pve_target guest; /* [i] */
	struct mailbox *mailbox; /* [i] one reference */
	struct gate_mail *mail;  /* [LOCK_GATES] NULL once posted */
	struct gate_pass *next;  /* [LOCK_GATES] */
	bool inside;             /* [LOCK_GATES] */
};

struct gates {
	struct lock lock;
	struct gate_pass *buckets[BUCKETS]; /* [LOCK_GATES] */
};

/* Containers, nodes and terminals have a password or a line for each console. */
bool
gate_needed(const struct pve_target *target)
{
	return target->type == PVE_GUEST_QEMU && target->kind == PVE_CONSOLE_VNC;
}

static void
discard(struct mail *mail)
{
	free(mail);
}

/* The node is not part of it: a guest's number is unique in its cluster, and it may have moved. */
static bool
same_guest(const struct pve_target *a, const struct pve_target *b)
{
	return a->vmid == b->vmid && a->port == b->port && strcmp(a->host, b->host) == 0;
}

static struct gate_pass **
bucket(struct gates *g, const struct pve_target *guest)
{
	return &g->buckets[guest->vmid % BUCKETS];
}

int
gates_new(struct gates **out, struct err *err)
{
	struct gates *g = calloc(1, sizeof(*g));

	if (!g)
		return err_set(err, ERR_MEMORY, "no memory for gates");
	lock_init(&g->lock, LOCK_GATES);
	*out = g;
	return 0;
}

void
gates_free(struct gates *g)
{
	size_t i;

	if (!g)
		return;
	for (i = 0; i < BUCKETS; i++)
		assert(!g->buckets[i]);
	lock_done(&g->lock);
	free(g);
}

static struct gate_pass *
pass_new(struct gates *g, const struct pve_target *guest, struct mailbox *mailbox, int kind,
	uint64_t viewer)
{
	struct gate_pass *pass = calloc(1, sizeof(*pass));
	struct gate_mail *mail = calloc(1, sizeof(*mail));

	if (!pass || !mail) {
		free(pass);
		free(mail);
		return NULL;
	}
	mail->mail.kind = kind;
	mail->mail.discard = discard;
	mail->viewer = viewer;
	pass->gates = g;
	pass->guest = *guest;
	pass->mailbox = mailbox_ref(mailbox);
	pass->mail = mail;
	return pass;
}

int
gate_enter(struct gates *g, const struct pve_target *guest, struct mailbox *mailbox, int kind,
	uint64_t viewer, struct gate_pass **out, struct err *err)
{
	struct gate_pass *pass = pass_new(g, guest, mailbox, kind, viewer), **link;
	bool alone = true;

	if (!pass)
		return err_set(err, ERR_MEMORY, "no memory for a place in line");
	lock_take(&g->lock);
	for (link = bucket(g, guest); *link; link = &(*link)->next)
		if (same_guest(&(*link)->guest, guest))
			alone = false;
	*link = pass;
	pass->inside = alone;
	lock_release(&g->lock);
	*out = pass;
	return alone ? GATE_OPEN : GATE_WAIT;
}

/* With the lock held: unlink pass; when it was inside, the next of its guest comes in and its mail is returned. */
static struct gate_mail *
unlink_pass(struct gates *g, struct gate_pass *pass, struct mailbox **mailbox)
{
	struct gate_pass **link = bucket(g, &pass->guest), *next;
	struct gate_mail *mail = NULL;

	while (*link != pass)
		link = &(*link)->next;
	next = *link = pass->next;
	if (!pass->inside)
		return NULL;
	while (next && !same_guest(&next->guest, &pass->guest))
		next = next->next;
	if (next) {
		next->inside = true;
		mail = next->mail;
		next->mail = NULL;
		*mailbox = mailbox_ref(next->mailbox);
	}
	return mail;
}

void
gate_leave(struct gate_pass **pass)
{
	struct gate_pass *p = *pass;
	struct mailbox *mailbox = NULL;
	struct gate_mail *granted;
	struct mail *mail;

	if (!p)
		return;
	*pass = NULL;
	lock_take(&p->gates->lock);
	granted = unlink_pass(p->gates, p, &mailbox);
	lock_release(&p->gates->lock);
	if (granted) {
		/* A closed mailbox means a session at its end, which leaves all its passes itself. */
		mail = &granted->mail;
		if (mailbox_post(mailbox, &mail) < 0)
			discard(mail);
		mailbox_unref(mailbox);
	}
	mailbox_unref(p->mailbox);
	free(p->mail);
	free(p);
}
