/* SPDX-License-Identifier: MIT */
#include "session/open.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/workers.h"
#include "session/gates.h"
#include "session/sessions.h"

struct asking {
	struct session *session;
	struct asking_mail *note; /* NULL: it has been posted */
	struct console_mail *mail;
	int64_t deadline_ms;
};

static void
discard_console(struct mail *mail)
{
	struct console_mail *m = (struct console_mail *)mail;

	pve_console_done(&m->console);
	free(m);
}

static void
discard_note(struct mail *mail)
{
	free(mail);
}

static void
asking_free(struct asking *a)
{
	if (!a)
		return;
	session_unref(a->session);
	free(a->note);
	free(a->mail);
	free(a);
}

/* Hand the answer to the session's thread; an unread console is dropped, and its port dies by itself. */
static void
answer(struct asking *a)
{
	struct mail *mail = &a->mail->mail;

	a->mail = NULL;
	if (mailbox_post(a->session->mailbox, &mail) < 0)
		mail->discard(mail);
	asking_free(a);
}

/* A living session's guest was there once: not to find it is no reason to give up at once. */
static enum end
end_of(struct session *s, int r)
{
	if (r == ERR_NOT_FOUND && sessions_missing(s))
		return END_MOVING;
	return r < 0 ? end_of_err(r) : END_NONE;
}

/*
 * Is there no need to look? Only where the console itself tells that the guest is off, by ending
 * before its first byte: a container's, or a terminal, says so in words, as if it were its screen.
 */
static bool
looked_lately(struct session *s)
{
	return sessions_seen_lately(s) && gate_needed(&s->target);
}

/* Has it moved, gone or stopped since it was looked for? */
static bool
look_explains(int r)
{
	return r == ERR_NOT_FOUND || r == ERR_NOT_RUNNING;
}

/* Ask for a console, and say so before; once. */
static int
ask_console(struct asking *a, const struct pve_target *target)
{
	struct mail *note;

	if (a->note) {
		note = &a->note->mail;
		a->note = NULL;
		if (mailbox_post(a->session->mailbox, &note) < 0)
			note->discard(note);
	}
	return pve_console_open(
		a->session->pve, target, a->deadline_ms, &a->mail->console, &a->mail->err);
}

static int
ask(struct asking *a)
{
	struct session *s = a->session;
	struct pve_target target = s->target;
	struct err *err = &a->mail->err;
	int r;

	/* First where it was the last time. */
	sessions_node(s, target.node);
	if (looked_lately(s)) {
		r = ask_console(a, &target);
		if (!look_explains(r))
			return r;
	}
	r = pve_guest_find(s->pve, &target, a->deadline_ms, err);
	if (r == 0)
		r = ask_console(a, &target);
	if (r == 0 && sessions_found(s, target.node))
		log_info(LOG_PROXY_CFG, "%s: the guest has moved to node %s", s->id, target.node);
	return r;
}

static bool
run_asking(void *arg)
{
	struct asking *a = arg;
	struct session *s = a->session;
	struct err *err = &a->mail->err;
	int r = ask(a);

	if (r == 0)
		err->code = 0;
	a->mail->end = end_of(s, r);
	log_debug(LOG_PROXY_CFG, "%s: console ticket for browser %llu: %s", s->id,
		(unsigned long long)a->mail->viewer, r == 0 ? "ok" : err_name(r));
	answer(a);
	return env_answered(r);
}

static void
late_asking(void *arg)
{
	struct asking *a = arg;

	err_set(&a->mail->err, ERR_TIMEOUT, "the host's earlier calls took too long");
	a->mail->end = END_TIMEOUT;
	answer(a);
}

int
open_console(
	const struct env *env, struct session *s, uint64_t viewer, int64_t deadline_ms, struct err *err)
{
	struct asking *a = calloc(1, sizeof(*a));
	char lane[LANE_SIZE];
	struct job job = {
		.lane = lane, .deadline_ms = deadline_ms, .run = run_asking, .late = late_asking, .arg = a};
	int r;

	if (a) {
		a->note = calloc(1, sizeof(*a->note));
		a->mail = calloc(1, sizeof(*a->mail));
	}
	if (!a || !a->note || !a->mail) {
		asking_free(a);
		return err_set(err, ERR_MEMORY, "no memory for a console job");
	}
	env_use_policy(env, s->pve);
	a->session = session_ref(s);
	a->deadline_ms = deadline_ms;
	a->note->mail.kind = MAIL_ASKING;
	a->note->mail.discard = discard_note;
	a->note->viewer = viewer;
	a->mail->mail.kind = MAIL_CONSOLE;
	a->mail->mail.discard = discard_console;
	a->mail->viewer = viewer;
	env_lane(lane, &s->target);
	r = workers_post(env->workers, &job, err);
	if (r < 0)
		asking_free(a);
	return r;
}
