/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "session/sessions.h"
#include "session/target.h"
#include "session/token.h"

void
session_format_key(char out[SESSION_KEY_SIZE], const struct pve_target *target)
{
	const char *type = target_words(target->type)->key;

	if (target->type == PVE_GUEST_NODE)
		snprintf(out, SESSION_KEY_SIZE, "%s:%s", type, target->node);
	else
		snprintf(out, SESSION_KEY_SIZE, "%s:%s:%u", type, target->node, target->vmid);
}

int
session_new(struct sessions *registry, const struct pve_target *target, struct pve **pve,
	struct port_lease *lease, struct place **place, struct session **out, struct err *err)
{
	struct session *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(err, ERR_MEMORY, "no memory for a session");
	r = mailbox_new(&s->mailbox, err);
	if (r < 0) {
		free(s);
		return r;
	}
	s->magic = SESSION_MAGIC;
	atomic_init(&s->refs, 1);
	s->registry = registry;
	s->target = *target;
	memcpy(s->node, target->node, sizeof(s->node));
	s->created_unix = clock_unix();
	s->created_ms = clock_ms();
	s->state = SESSION_CREATED;
	session_format_key(s->key, target);
	sessions_name(registry, s);
	s->pve = *pve;
	*pve = NULL;
	s->lease = *lease;
	s->port = lease->port;
	*lease = (struct port_lease){0};
	s->place = *place;
	*place = NULL;
	*out = s;
	return 0;
}

struct session *
session_ref(struct session *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void
session_unref(struct session *s)
{
	if (!s)
		return;
	assert(s->magic == SESSION_MAGIC);
	if (atomic_fetch_sub(&s->refs, 1) > 1)
		return;
	ports_return(&s->lease);
	place_leave(&s->place);
	mailbox_unref(s->mailbox);
	pve_unref(s->pve);
	s->magic = 0;
	free(s);
}

static void
discard_link(struct mail *mail)
{
	struct link_mail *link = (struct link_mail *)mail;

	secret_wipe(&link->key);
	free(link);
}

static void
discard_end(struct mail *mail)
{
	free(mail);
}

/* Post, and discard what nobody will read. */
static int
post(struct session *s, struct mail *mail, int kind, void (*discard)(struct mail *))
{
	int r;

	mail->kind = kind;
	mail->discard = discard;
	r = mailbox_post(s->mailbox, &mail);
	if (r < 0)
		discard(mail);
	return r;
}

int
session_add_link(struct session *s, const struct ip *opener, struct secret *key, struct err *err)
{
	struct link_mail *link = calloc(1, sizeof(*link));
	struct secret mine = {NULL, 0};
	int r;

	if (!link)
		return err_set(err, ERR_MEMORY, "no memory for a link");
	if (atomic_fetch_add(&s->links, 1) >= SESSION_LINKS_MAX) {
		atomic_fetch_sub(&s->links, 1);
		free(link);
		return err_set(err, ERR_LIMIT, "%s has %d links", s->id, SESSION_LINKS_MAX);
	}
	link->opener = *opener;
	r = key_new(&mine);
	if (r == 0)
		r = secret_copy(&link->key, &mine);
	if (r < 0) {
		free(link);
		err_set(err, r, "no key for a link");
		goto out;
	}
	r = post(s, &link->mail, MAIL_LINK, discard_link);
	if (r < 0) {
		err_set(err, r, "session %s has ended", s->id);
		goto out;
	}
	secret_move(key, &mine);
out:
	secret_wipe(&mine);
	return r;
}

int
session_end(struct session *s, enum end end)
{
	struct end_mail *mail = calloc(1, sizeof(*mail));

	if (!mail)
		return ERR_MEMORY;
	mail->end = end;
	(void)post(s, &mail->mail, MAIL_END, discard_end);
	return 0;
}
