/* SPDX-License-Identifier: MIT */
/* live - start, mailbox, keys and end, see live.h */
#include "session/live.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "session/back.h"
#include "session/front.h"
#include "session/penalty.h"
#include "session/rfb.h"
#include "session/sessions.h"
#include "session/gates.h"
#include "session/token.h"
#include "session/viewer.h"

enum { ELSEWHERE_LOG_MS = 5000 };

static void close_all(void *arg);

/* ---- mailbox ---- */

static void
on_cut(void *arg)
{
	struct live *live = arg;

	poller_queue(live->poller, &live->over, close_all, live);
}

static void
begin_end(struct live *live, enum end end)
{
	if (live->ending != END_NONE)
		return;
	if ((end == END_CONNECT_TIMEOUT || end == END_RECONNECT_TIMEOUT) && viewers_present(live)) {
		sessions_stays(live->session);
		return;
	}
	live->ending = end;
	poller_set_timer(live->poller, &live->cut, LIVE_DRAIN_MS, on_cut, live);
	/* Refuse newcomers at once; the port goes back when all that is open is closed. */
	front_deafen(live);
	ports_silence(&live->session->lease);
	viewers_end_all(live, end);
	live_left(live);
}

void
live_left(struct live *live)
{
	if (live->ending != END_NONE && !live->closing && !live->viewers && !live->backs)
		poller_queue(live->poller, &live->over, close_all, live);
}

/* The message itself is kept: whoever was promised that the link works needs no luck any more. */
static void
add_key(struct live *live, struct mail *link)
{
	link->next = live->keys;
	live->keys = link;
}

static void
read_mailbox(struct live *live)
{
	struct mail *mail, *next;

	for (mail = mailbox_take(live->session->mailbox); mail; mail = next) {
		next = mail->next;
		switch ((enum session_mail_kind)mail->kind) {
		case MAIL_LINK:
			add_key(live, mail);
			continue;
		case MAIL_END:
			begin_end(live, ((struct end_mail *)mail)->end);
			break;
		case MAIL_GATE:
			viewer_granted(live, ((struct gate_mail *)mail)->viewer);
			break;
		case MAIL_ASKING:
			viewer_asking(live, ((struct asking_mail *)mail)->viewer);
			break;
		case MAIL_CONSOLE:
			viewer_console(live, (struct console_mail *)mail);
			break;
		}
		mail->discard(mail);
	}
}

/* Who holds a key can cause these at will. */
static void
log_elsewhere(const struct live *live, const struct ip *client)
{
	static struct log_rate rate;
	char from[IP_TEXT_SIZE];
	unsigned more = 0;

	if (!log_rate_allow(&rate, ELSEWHERE_LOG_MS, &more))
		return;
	ip_format(client, from);
	log_info(LOG_VNC_SERVER,
		"%s: a link's key from %s, but another address opened the link (and %u more like it)",
		live->session->id, from, more);
}

enum key_verdict
live_judge_key(struct live *live, const char *key, const struct ip *client, bool bound)
{
	const struct mail *k;
	const struct link_mail *link, *found = NULL;
	struct ip group = ip_group(client), opener;

	read_mailbox(live);
	/* All are compared, so that the time tells nothing. */
	for (k = live->keys; k; k = k->next) {
		link = (const struct link_mail *)k;
		if (secret_equal(&link->key, key, KEY_CHARS))
			found = link;
	}
	if (!found)
		return penalty_is_ended_key(live->env->penalty, key, KEY_CHARS, clock_ms()) ? KEY_ENDED
																					: KEY_UNKNOWN;
	if (live->ending != END_NONE)
		return KEY_ENDED;
	opener = ip_group(&found->opener);
	if (!bound || ip_equal(&group, &opener))
		return KEY_OPENS;
	log_elsewhere(live, client);
	return KEY_ELSEWHERE;
}

static void
on_mail(void *arg, unsigned what)
{
	(void)what;
	read_mailbox(arg);
}

/* ---- end ---- */

static void
log_end(const struct live *live)
{
	const struct session *s = live->session;
	char age[CLOCK_DURATION_SIZE];

	clock_duration(age, (clock_ms() - s->created_ms) / 1000);
	log_info(LOG_VNC_SERVICE,
		"%s: ended after %s: %s (%llu bytes to browsers, %llu bytes to the guest)", s->id, age,
		end_row(live->ending)->log, (unsigned long long)s->to_browser,
		(unsigned long long)s->to_pve);
}

static void
drop_keys(struct live *live)
{
	struct mail *key;
	const struct link_mail *link;

	while ((key = live->keys)) {
		live->keys = key->next;
		link = (const struct link_mail *)key;
		penalty_key_ended(live->env->penalty, link->key.data, link->key.len, clock_ms());
		key->discard(key);
	}
}

/* Nothing is left of it, or what is left is cut; it is called at the end of a turn. */
static void
close_all(void *arg)
{
	struct live *live = arg;
	struct session *s = live->session;

	live->closing = true;
	log_end(live);
	poller_stop_timer(live->poller, &live->cut);
	poller_unwatch(live->poller, &live->mailbox);
	mailbox_close(s->mailbox);
	front_end_all(live);
	back_end_all(live);
	/* Before the port goes back: its next session must know them. */
	drop_keys(live);
	secret_wipe(&live->password);
	ports_return(&s->lease);
	place_leave(&s->place);
	thread_leave(live->thread);
	free(live);
	sessions_ended(s);
	session_unref(s);
}

/* ---- start ---- */

static int
watch(struct live *live, struct err *err)
{
	struct session *s = live->session;
	int fd, r;

	r = poller_watch(
		live->poller, &live->mailbox, mailbox_fd(s->mailbox), POLLER_IN, on_mail, live, err);
	if (r < 0)
		return r;
	/* The port's own socket stays in the pool, bound. */
	fd = fcntl(s->lease.fd, F_DUPFD_CLOEXEC, 3);
	r = fd < 0 ? err_errno(err, "session port") : front_listen(live, fd, err);
	/* Nobody knows the session yet, so that there is no mail and its thread is not told of any. */
	if (r < 0)
		poller_retract(live->poller, &live->mailbox);
	return r;
}

int
live_start(struct session *s, const struct env *env, struct err *err)
{
	struct live *live = calloc(1, sizeof(*live));
	struct thread *thread;
	int r;

	if (!live)
		return err_set(err, ERR_MEMORY, "no memory to serve a session");
	thread = threads_join(env->threads);
	*live = (struct live){.session = session_ref(s),
		.env = env,
		.thread = thread,
		.poller = thread_poller(thread),
		.listen_fd = -1};
	r = secret_random_text(&live->password, RFB_PASSWORD_MAX);
	if (r < 0)
		err_set(err, r, "no password for the browsers");
	else
		r = watch(live, err);
	if (r == 0)
		return 0; /* it is the thread's */
	thread_leave(thread);
	secret_wipe(&live->password);
	free(live);
	session_unref(s);
	return r;
}
