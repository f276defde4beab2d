/* SPDX-License-Identifier: MIT */
#include "session/thread.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

enum {
	STACK_BYTES = 512 * 1024, /* address space; what is not used costs nothing */
	ELSEWHERE_LOG_MS = 5000,
	SCRATCH_IDLE_MS = 1000,
	SETTLED_MS = 200, /* after which an opening is over, with what followed at once */
};

/* Everything a starter and its new thread share until the thread is ready. */
struct start {
	struct session *session;
	const struct env *env;
	sem_t ready;
	int result;
	struct err err;
};

/* ---- mailbox ---- */

static void
on_cut(void *arg)
{
	struct loop *loop = arg;

	loop->cut_now = true;
}

static void
begin_end(struct loop *loop, enum end end)
{
	if (loop->ending != END_NONE)
		return;
	if ((end == END_CONNECT_TIMEOUT || end == END_RECONNECT_TIMEOUT) && viewers_present(loop)) {
		sessions_stays(loop->session);
		return;
	}
	loop->ending = end;
	poller_set_timer(&loop->poller, &loop->cut, LOOP_DRAIN_MS, on_cut, loop);
	/* Refuse newcomers at once; the port goes back when all that is open is closed. */
	front_deafen(loop);
	ports_silence(&loop->session->lease);
	viewers_end_all(loop, end);
}

/* The message itself is kept: whoever was promised that the link works needs no luck any more. */
static void
add_key(struct loop *loop, struct mail *link)
{
	link->next = loop->keys;
	loop->keys = link;
}

static void
read_mailbox(struct loop *loop)
{
	struct mail *mail, *next;

	for (mail = mailbox_take(loop->session->mailbox); mail; mail = next) {
		next = mail->next;
		switch ((enum session_mail_kind)mail->kind) {
		case MAIL_LINK:
			add_key(loop, mail);
			continue;
		case MAIL_END:
			begin_end(loop, ((struct end_mail *)mail)->end);
			break;
		case MAIL_GATE:
			viewer_granted(loop, ((struct gate_mail *)mail)->viewer);
			break;
		case MAIL_CONSOLE:
			viewer_console(loop, (struct console_mail *)mail);
			break;
		}
		mail->discard(mail);
	}
}

/* Who holds a key can cause these at will. */
static void
log_elsewhere(const struct loop *loop, const struct ip *client)
{
	static struct log_rate rate;
	char from[IP_TEXT_SIZE];
	unsigned more = 0;

	if (!log_rate_allow(&rate, ELSEWHERE_LOG_MS, &more))
		return;
	ip_format(client, from);
	log_info(LOG_VNC_SERVER,
		"%s: a link's key from %s, but another address opened the link (and %u more like it)",
		loop->session->id, from, more);
}

enum key_verdict
loop_judge_key(struct loop *loop, const char *key, const struct ip *client, bool bound)
{
	const struct mail *k;
	const struct link_mail *link, *found = NULL;
	struct ip group = ip_group(client), opener;

	read_mailbox(loop);
	/* All are compared, so that the time tells nothing. */
	for (k = loop->keys; k; k = k->next) {
		link = (const struct link_mail *)k;
		if (secret_equal(&link->key, key, KEY_CHARS))
			found = link;
	}
	if (!found)
		return penalty_is_ended_key(loop->env->penalty, key, KEY_CHARS, clock_ms()) ? KEY_ENDED
																					: KEY_UNKNOWN;
	if (loop->ending != END_NONE)
		return KEY_ENDED;
	opener = ip_group(&found->opener);
	if (!bound || ip_equal(&group, &opener))
		return KEY_OPENS;
	log_elsewhere(loop, client);
	return KEY_ELSEWHERE;
}

static void
on_mail(void *arg, unsigned what)
{
	(void)what;
	read_mailbox(arg);
}

/* ---- scratch ---- */

static void
on_scratch_idle(void *arg)
{
	struct loop *loop = arg;

	if (loop->scratch_used) {
		loop->scratch_used = false;
		poller_set_timer(
			&loop->poller, &loop->scratch_idle, SCRATCH_IDLE_MS, on_scratch_idle, loop);
		return;
	}
	free(loop->scratch);
	loop->scratch = NULL;
}

void *
loop_scratch(struct loop *loop)
{
	loop->scratch_used = true;
	if (loop->scratch)
		return loop->scratch;
	loop->scratch = malloc(LOOP_SCRATCH);
	if (loop->scratch)
		poller_set_timer(
			&loop->poller, &loop->scratch_idle, SCRATCH_IDLE_MS, on_scratch_idle, loop);
	return loop->scratch;
}

/* ---- the stack ---- */

/*
 * Handshakes go deep, once; after them the pages below us would be kept for as long as the session
 * lives, with whatever secret lay there. Called from the loop, near the top of the stack.
 */
static void
on_trim(void *arg)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), low;
	pthread_attr_t attr;
	size_t size;
	void *stack;

	(void)arg;
	if (pthread_getattr_np(pthread_self(), &attr) != 0)
		return;
	if (pthread_attr_getstack(&attr, &stack, &size) == 0) {
		low = ((uintptr_t)stack + page - 1) & ~(page - 1);
		/* A page is left to the calls that this function makes. */
		here = (here & ~(page - 1)) - page;
		if (here > low)
			(void)madvise((void *)low, here - low, MADV_DONTNEED);
	}
	pthread_attr_destroy(&attr);
}

void
loop_settles(struct loop *loop)
{
	poller_set_timer(&loop->poller, &loop->trim, SETTLED_MS, on_trim, loop);
}

/* ---- start ---- */

static int
watch(struct loop *loop, struct err *err)
{
	int fd, r;

	r = poller_watch(&loop->poller, &loop->mailbox, mailbox_fd(loop->session->mailbox), POLLER_IN,
		on_mail, loop, err);
	if (r < 0)
		return r;
	/* The port's own socket stays in the pool, bound. */
	fd = fcntl(loop->session->lease.fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? err_errno(err, "session port") : front_listen(loop, fd, err);
}

static int
set_up(struct loop *loop, struct err *err)
{
	int r = secret_random_text(&loop->password, RFB_PASSWORD_MAX);

	if (r < 0)
		return err_set(err, r, "no password for the browsers");
	r = poller_init(&loop->poller, err);
	return r < 0 ? r : watch(loop, err);
}

/* ---- end ---- */

static void
tear_down(struct loop *loop)
{
	struct mail *key;
	const struct link_mail *link;

	poller_unwatch(&loop->poller, &loop->mailbox);
	mailbox_close(loop->session->mailbox);
	front_end_all(loop);
	back_end_all(loop);
	poller_done(&loop->poller);
	free(loop->scratch);
	/* Before the port goes back: its next session must know them. */
	while ((key = loop->keys)) {
		loop->keys = key->next;
		link = (const struct link_mail *)key;
		penalty_key_ended(loop->env->penalty, link->key.data, link->key.len, clock_ms());
		key->discard(key);
	}
	secret_wipe(&loop->password);
	ports_return(&loop->session->lease);
	place_leave(&loop->session->place);
}

static void
log_end(const struct loop *loop)
{
	const struct session *s = loop->session;
	char age[CLOCK_DURATION_SIZE];

	clock_duration(age, (clock_ms() - s->created_ms) / 1000);
	log_info(LOG_VNC_SERVICE,
		"%s: ended after %s: %s (%llu bytes to browsers, %llu bytes to the guest)", s->id, age,
		end_row(loop->ending)->log, (unsigned long long)s->to_browser,
		(unsigned long long)s->to_pve);
}

static bool
finished(const struct loop *loop)
{
	return loop->ending != END_NONE && ((!loop->viewers && !loop->backs) || loop->cut_now);
}

static void
serve(struct loop *loop)
{
	struct err err;

	while (!finished(loop)) {
		if (poller_turn(&loop->poller, &err) == 0)
			continue;
		log_error(LOG_VNC_SERVICE, "%s: the event loop failed: %s", loop->session->id, err.text);
		loop->ending = END_INTERNAL;
		break;
	}
}

static void *
thread_main(void *arg)
{
	struct start *start = arg;
	struct loop loop = {.session = start->session, .env = start->env, .listen_fd = -1};
	struct session *s = start->session;
	int r;

	r = start->result = set_up(&loop, &start->err);
	sem_post(&start->ready); /* *start is the starter's again */
	if (r == 0) {
		serve(&loop);
		log_end(&loop);
	}
	tear_down(&loop);
	if (r == 0) {
		sessions_ended(s);
		session_unref(s);
	}
	return NULL;
}

int
thread_start(struct session *s, const struct env *env, struct err *err)
{
	struct start start = {.session = s, .env = env};
	pthread_attr_t attr;
	int failure;

	sem_init(&start.ready, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	session_ref(s);
	failure = pthread_create(&s->thread, &attr, thread_main, &start);
	pthread_attr_destroy(&attr);
	if (failure == 0) {
		while (sem_wait(&start.ready) < 0)
			; /* interrupted */
	}
	sem_destroy(&start.ready);
	if (failure) {
		session_unref(s);
		return err_set(err, ERR_SYSTEM, "no thread for a session: %s", strerror(failure));
	}
	if (start.result < 0) {
		pthread_join(s->thread, NULL);
		session_unref(s);
		*err = start.err;
		return start.result;
	}
	return 0;
}
