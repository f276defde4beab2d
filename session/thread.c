/* SPDX-License-Identifier: MIT */
#include "session/thread.h"

#include <fcntl.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "session/caller.h"
#include "session/lws_glue.h"
#include "session/penalty.h"
#include "session/pipe.h"
#include "session/rfb.h"
#include "session/sessions.h"
#include "session/gates.h"
#include "session/tls_server.h"
#include "session/token.h"
#include "session/viewer.h"

enum {
	STACK_BYTES = 512 * 1024, /* address space; what is not used costs nothing */
	SERVICE_BYTES = 16384,    /* the best trade-off measured, see docs/libraries.md */
	HEADER_BYTES = 8192,
	RX_BYTES = 4096,
	TX_BYTES = PIPE_CHUNK + LWS_PRE, /* or lws would send a chunk in pieces of RX_BYTES */
	HEAD_SECS = 10,
	KEEPALIVE_SECS = 15,
	NO_TIMER_MS = 3600 * 1000,
	ENDING_STEP_MS = 50,
	ELSEWHERE_LOG_MS = 5000,
};

static struct lws_context *boot_context; /* see thread_global_init() */

/*
 * Some requests lws answers by itself (a bad escape, an Upgrade that it does not know), with a
 * page that tells what serves here. A header that does not fit into its buffer keeps it from
 * that: it closes the connection instead. Our own answers and the 101 are not made that way.
 */
static char too_long[SERVICE_BYTES + 1];
static const struct lws_protocol_vhost_options no_answers = {.name = "x:", .value = too_long};

/* Everything a starter and its new thread share until the thread is ready. */
struct start {
	struct session *session;
	const struct env *env;
	sem_t ready;
	int result;
	struct err err;
};

/* A session's loop and what only this file needs of it. */
struct runner {
	struct loop loop; /* first */
	lws_sorted_usec_list_t sul;
	bool running_timers;
};

static struct runner *
runner_of(struct loop *loop)
{
	return (struct runner *)loop;
}

/* ---- timers ---- */

static void on_sul(lws_sorted_usec_list_t *sul);

/* Wake up for the nearest timer. */
static void
schedule(struct loop *loop)
{
	int64_t at = INT64_MAX, ms = NO_TIMER_MS;
	struct timer *t;

	if (runner_of(loop)->running_timers)
		return;
	for (t = loop->timers; t; t = t->next)
		if (t->at_ms < at)
			at = t->at_ms;
	if (at != INT64_MAX)
		ms = clock_left_ms(at);
	/* A millisecond more, or it would run just before the timer is due. */
	lws_sul_schedule(
		loop->context, 0, &runner_of(loop)->sul, on_sul, ms > 0 ? (ms + 1) * LWS_US_PER_MS : 1);
}

void
loop_timer_stop(struct loop *loop, struct timer *timer)
{
	struct timer **link = &loop->timers;

	if (!timer->at_ms)
		return;
	while (*link != timer)
		link = &(*link)->next;
	*link = timer->next;
	timer->at_ms = 0;
}

void
loop_timer_set(struct loop *loop, struct timer *timer, int ms, void (*run)(void *arg), void *arg)
{
	loop_timer_stop(loop, timer);
	timer->at_ms = clock_ms() + ms;
	timer->run = run;
	timer->arg = arg;
	timer->next = loop->timers;
	loop->timers = timer;
	schedule(loop);
}

/* Timers may set and stop timers while they run, so the list is looked at anew after each. */
static void
on_sul(lws_sorted_usec_list_t *sul)
{
	struct loop *loop = &lws_container_of(sul, struct runner, sul)->loop;
	int64_t now = clock_ms();
	struct timer *t;

	loop->watch.busy = true;
	runner_of(loop)->running_timers = true;
	do {
		for (t = loop->timers; t && t->at_ms > now; t = t->next)
			;
		if (t) {
			loop_timer_stop(loop, t);
			t->run(t->arg);
		}
	} while (t);
	runner_of(loop)->running_timers = false;
	schedule(loop);
}

/* ---- mailbox ---- */

/*
 * lws runs timers before it goes to sleep, so a viewer whose end comes in one
 * would not be noticed by serve(): while ending, some timer is always near.
 */
static void
on_ending(void *arg)
{
	struct loop *loop = arg;

	loop->cut_now = clock_ms() >= loop->cut_ms;
	loop_timer_set(loop, &loop->ending_step, ENDING_STEP_MS, on_ending, loop);
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
	loop->cut_ms = clock_ms() + LOOP_DRAIN_MS;
	on_ending(loop);
	/* Refuse newcomers at once; the port goes back when the context is gone. */
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

static int
mailbox_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct loop *loop = lws_vhost_user(lws_get_vhost(wsi));

	(void)user;
	(void)in;
	(void)len;
	loop->watch.busy = true;
	if (reason == LWS_CALLBACK_RAW_RX_FILE)
		read_mailbox(loop);
	return 0;
}

/* ---- start ---- */

static struct lws_protocols protocols[] = {
	/* first: what a websocket without subprotocol is bound to (noVNC sends none) */
	{.name = LWS_PROTOCOL_BROWSER,
		.callback = front_callback,
		.rx_buffer_size = RX_BYTES,
		.tx_packet_size = TX_BYTES},
	{.name = LWS_PROTOCOL_LISTENER, .callback = listener_callback},
	{.name = LWS_PROTOCOL_MAILBOX, .callback = mailbox_callback},
	{.name = LWS_PROTOCOL_BACK, .callback = back_callback},
	{.name = NULL},
};

static void
no_log(int level, const char *line)
{
	(void)level;
	(void)line;
}

int
thread_global_init(struct err *err)
{
	struct lws_context_creation_info info;

	/* lws writes header values at NOTICE, and its errors are peers' faults that we answer ourselves. */
	lws_set_log_level(0, no_log);
	protocols[0].per_session_data_size = front_user_size();
	memset(too_long, 'x', sizeof(too_long) - 1);
	memset(&info, 0, sizeof(info));
	info.port = CONTEXT_PORT_NO_LISTEN;
	info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
	info.fd_limit_per_thread = 16;
	boot_context = lws_create_context(&info);
	return boot_context ? 0 : err_set(err, ERR_SYSTEM, "libwebsockets does not start");
}

void
thread_global_done(void)
{
	lws_context_destroy(boot_context);
	boot_context = NULL;
}

static int
make_context(struct loop *loop, struct err *err)
{
	struct lws_context_creation_info info;

	memset(&info, 0, sizeof(info));
	info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
	info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
	info.fd_limit_per_thread = LOOP_FDS_MAX;
	info.pt_serv_buf_size = SERVICE_BYTES;
	info.max_http_header_data = HEADER_BYTES;
	info.timeout_secs = HEAD_SECS;
	loop->context = lws_create_context(&info);
	if (!loop->context)
		return err_set(err, ERR_SYSTEM, "no event loop for a session");
	info.protocols = protocols;
	info.headers = &no_answers;
	/* Methods that it does not know come to front_not_http(). */
	info.options |= LWS_SERVER_OPTION_FALLBACK_TO_APPLY_LISTEN_ACCEPT_CONFIG;
	info.user = loop;
	info.vhost_name = "session";
	info.alpn = "http/1.1";
	info.keepalive_timeout = KEEPALIVE_SECS;
	if (loop->env->tls) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
						LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX |
						LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
		info.provided_client_ssl_ctx = tls_server_client_ctx(loop->env->tls);
	}
	loop->vhost = lws_create_vhost(loop->context, &info);
	return loop->vhost ? 0 : err_set(err, ERR_SYSTEM, "no virtual host for a session");
}

static struct lws *
adopt_file(struct loop *loop, int fd, const char *protocol)
{
	lws_sock_file_fd_type u = {.filefd = fd};

	return lws_adopt_descriptor_vhost(loop->vhost, LWS_ADOPT_RAW_FILE_DESC, u, protocol, NULL);
}

static int
watch(struct loop *loop, struct err *err)
{
	int fd = fcntl(loop->session->lease.fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return err_errno(err, "session port");
	loop->listener = adopt_file(loop, fd, LWS_PROTOCOL_LISTENER);
	if (!loop->listener)
		return err_set(err, ERR_SYSTEM, "session port not watched");
	if (!adopt_file(loop, mailbox_take_fd(loop->session->mailbox), LWS_PROTOCOL_MAILBOX))
		return err_set(err, ERR_SYSTEM, "mailbox not watched");
	return 0;
}

static int
set_up(struct loop *loop, struct err *err)
{
	int r = secret_random_text(&loop->password, RFB_PASSWORD_MAX);

	if (r < 0)
		return err_set(err, r, "no password for the browsers");
	r = make_context(loop, err);
	return r < 0 ? r : watch(loop, err);
}

/* ---- end ---- */

static void
tear_down(struct loop *loop)
{
	struct mail *key;
	const struct link_mail *link;

	/* The event loop closes the mailbox's descriptor, and calls every viewer's and back's end. */
	mailbox_close(loop->session->mailbox);
	if (loop->context)
		lws_context_destroy(loop->context);
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
	return loop->ending != END_NONE && ((!loop->viewers && loop->backs == 0) || loop->cut_now);
}

static void
serve(struct loop *loop)
{
	while (!finished(loop)) {
		if (loop->held + loop->stuck > 0)
			callers_turn(loop, clock_ms(), clock_thread_us());
		else
			loop->watch.since_ms = 0;
		if (lws_service(loop->context, 0) >= 0)
			continue;
		log_error(LOG_VNC_SERVICE, "%s: the event loop failed", loop->session->id);
		loop->ending = END_INTERNAL;
		break;
	}
}

static void *
thread_main(void *arg)
{
	struct start *start = arg;
	struct runner runner;
	struct loop *loop = &runner.loop;
	struct session *s = start->session;
	int r;

	memset(&runner, 0, sizeof(runner));
	loop->session = s;
	loop->env = start->env;
	r = start->result = set_up(loop, &start->err);
	sem_post(&start->ready); /* *start is the starter's again */
	if (r == 0) {
		schedule(loop);
		serve(loop);
		log_end(loop);
	}
	tear_down(loop);
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
