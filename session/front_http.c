/* SPDX-License-Identifier: MIT */
/* front_http - requests at a session's port, one after the other, see front_impl.h */
#include "session/front_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "session/page.h"
#include "session/penalty.h"
#include "session/request.h"
#include "session/tunables.h"
#include "session/upgrade.h"

enum {
	PIECE = 2048,
	READS_A_TURN = 8,
	HOLD_MS = 1000,      /* a wrong key's answer */
	RESPONSE_MS = 60000, /* a browser that takes longer to receive a file is cut off */
	REFUSED_LOG_MS = 5000,
};

/* What a request and its answer need while they are looked at. There is a key in it. */
struct exchange {
	struct tunables t;
	struct request request;
	struct forwarded from;
	struct page_answer answer;
	char head[PAGE_HEAD_MAX];
	char texts[]; /* of the request */
};

/* texts: bytes of them, 0 when there is no request. NULL when out of memory. */
static struct exchange *
exchange_new(const struct front *f, size_t texts)
{
	struct exchange *x = malloc(sizeof(*x) + texts);

	if (x)
		tunables_get(f->live->env->tunables, &x->t);
	return x;
}

static void
exchange_free(struct exchange *x, size_t texts)
{
	tunables_done(&x->t);
	explicit_bzero(x, sizeof(*x) + texts);
	free(x);
}

/* ---- sending an answer ---- */

static int
answered(struct front *f)
{
	f->body = NULL;
	buf_done(&f->made);
	return f->close ? front_part(f) : front_ask(f);
}

static void
was_sent(struct front *f, size_t n)
{
	size_t head = n < f->rest.len ? n : f->rest.len;

	if (head == f->rest.len)
		buf_done(&f->rest);
	else
		buf_skip(&f->rest, head);
	if (n == head)
		return;
	f->body += n - head;
	f->left -= n - head;
}

int
front_write(struct front *f)
{
	struct iovec parts[2];
	size_t count;
	ssize_t n;

	while (f->rest.len > 0 || f->left > 0) {
		count = 0;
		if (f->rest.len > 0)
			parts[count++] = (struct iovec){.iov_base = f->rest.data, .iov_len = f->rest.len};
		if (f->left > 0)
			/* It is not written to. */
			parts[count++] =
				(struct iovec){.iov_base = (unsigned char *)(uintptr_t)f->body, .iov_len = f->left};
		n = stream_write(&f->stream, parts, count);
		if (n == STREAM_OVER)
			return -1;
		if (n == STREAM_AGAIN) {
			stream_want(&f->stream, POLLER_OUT);
			return 0;
		}
		was_sent(f, (size_t)n);
	}
	/* TLS has taken it, the socket not yet. */
	if (stream_full(&f->stream)) {
		stream_want(&f->stream, POLLER_OUT);
		return 0;
	}
	return answered(f);
}

static int
begin_answer(struct front *f)
{
	f->state = FRONT_ANSWERING;
	front_set_deadline(f, RESPONSE_MS);
	return front_write(f);
}

/* For about a second. */
static int
hold(struct front *f)
{
	f->live->held++;
	f->state = FRONT_HELD;
	stream_want(&f->stream, 0);
	front_set_deadline(f, HOLD_MS);
	return 0;
}

int
front_release(struct front *f)
{
	f->live->held--;
	return begin_answer(f);
}

/* A wrong key: is its answer held back? Or else the connection may have to end with it. */
static bool
is_held(struct front *f, struct exchange *x)
{
	int left_s;

	if (!x->answer.guess)
		return false;
	switch (penalty_guess(f->live->env->penalty, &x->from.client, clock_ms(), &left_s)) {
	case PENALTY_NONE:
		return false;
	case PENALTY_SLOW:
		if (f->live->held < LIVE_HELD_MAX)
			return true;
		break;
	case PENALTY_REFUSE:
		break;
	}
	x->answer.close = true;
	return false;
}

static int
respond(struct front *f, struct exchange *x, bool tls, bool bodyless)
{
	bool held = is_held(f, x);
	size_t n = page_head(x->head, &x->answer, x->t.access, tls);

	if (buf_add(&f->rest, x->head, n) < 0)
		return -1;
	f->body = x->answer.body;
	f->left = bodyless ? 0 : x->answer.len;
	f->close |= x->answer.close;
	return held ? hold(f) : begin_answer(f);
}

/* ---- what is asked for ---- */

static void
see_who_asks(const struct front *f, struct exchange *x)
{
	const char *const *header = x->request.header;
	const struct forwarded_head head = {
		.host = header[REQUEST_HOST],
		.forwarded_for = header[REQUEST_FORWARDED_FOR],
		.forwarded_proto = header[REQUEST_FORWARDED_PROTO],
		.forwarded_host = header[REQUEST_FORWARDED_HOST],
	};

	forwarded_read(x->t.access, &f->peer, f->live->env->public_tls, &head, &x->from);
}

/* Outsiders can cause these at will. */
static void
log_refused(const struct live *live, int status)
{
	static struct log_rate rate;
	unsigned suppressed;

	if (log_rate_allow(&rate, REFUSED_LOG_MS, &suppressed))
		log_info(LOG_VNC_SERVER, "%s: websocket refused with %d, %u more not logged",
			live->session->id, status, suppressed);
}

static struct page_request
page_request_of(const struct front *f, const struct exchange *x)
{
	return (struct page_request){
		.live = f->live,
		.access = x->t.access,
		.from = &x->from,
		.path = x->request.path,
		.path_len = x->request.path_len,
		.method = x->request.method,
		.if_none_match = x->request.header[REQUEST_IF_NONE_MATCH],
	};
}

/* A header's value, NULL when it is absent or empty. */
static const char *
given(const char *value)
{
	return *value ? value : NULL;
}

static bool
may_upgrade(const struct front *f, struct exchange *x)
{
	const char *const *header = x->request.header;
	const struct page_upgrade upgrade = {
		.request = page_request_of(f, x),
		.origin = given(header[REQUEST_ORIGIN]),
		.subprotocols = given(header[REQUEST_WS_PROTOCOL]),
		.version = header[REQUEST_WS_VERSION],
		.key = header[REQUEST_WS_KEY],
	};

	if (page_upgrade(&upgrade, &x->answer))
		return true;
	log_refused(f->live, x->answer.status);
	return false;
}

/* The console's websocket. The 101 leaves with the first words of it. */
static int
accept_upgrade(struct front *f, struct exchange *x)
{
	char accept[UPGRADE_ACCEPT_SIZE];
	size_t n;

	if (upgrade_accept(x->request.header[REQUEST_WS_KEY], accept) < 0)
		return -1;
	n = page_upgraded(
		x->head, accept, *x->request.header[REQUEST_WS_PROTOCOL] != '\0', x->t.access, x->from.tls);
	if (buf_add(&f->rest, x->head, n) < 0)
		return -1;
	return front_open(f, &x->from.client);
}

static int
judge(struct front *f, struct exchange *x)
{
	struct page_request request;

	see_who_asks(f, x);
	f->close = !x->request.keep || x->request.body;
	if (f->too_many) {
		page_too_many(&x->answer);
	} else if (x->request.websocket) {
		if (may_upgrade(f, x))
			return accept_upgrade(f, x);
	} else {
		request = page_request_of(f, x);
		page_answer(&request, &f->made, &x->answer);
	}
	x->answer.close |= x->request.body;
	return respond(f, x, x->from.tls, x->request.method == REQUEST_HEAD);
}

/* ---- requests ---- */

static int
refuse(struct front *f)
{
	struct exchange *x = exchange_new(f, 0);
	int r;

	if (!x)
		return -1;
	page_not_http(&x->answer);
	r = respond(f, x, f->live->env->public_tls, false);
	exchange_free(x, 0);
	return r;
}

static int
take_request(struct front *f, size_t size)
{
	struct exchange *x = exchange_new(f, size);
	int r;

	if (!x)
		return -1;
	r = request_parse(f->said.data, size, x->texts, &x->request);
	/* All of it is in texts. */
	if (f->said.len == size)
		buf_done(&f->said);
	else
		buf_skip(&f->said, size);
	r = r < 0 ? refuse(f) : judge(f, x);
	exchange_free(x, size);
	return r;
}

/* What has come is looked at. */
static int
look(struct front *f)
{
	size_t size;
	int r = request_find(f->said.data, f->said.len, &size);

	if (r == REQUEST_DONE)
		return take_request(f, size);
	if (r < 0)
		return refuse(f);
	/* Too long a head gets no answer: somebody may be sending on and on. */
	if (f->said.len == REQUEST_HEAD_MAX)
		return -1;
	if (f->kept)
		front_set_deadline(f, FRONT_HEAD_MS);
	f->kept = false;
	return 0;
}

int
front_read(struct front *f)
{
	char piece[PIECE];
	size_t room;
	ssize_t n;
	int r = 0, reads;

	for (reads = 0; r == 0 && f->state == FRONT_ASKING; reads++) {
		/* Who asks and takes answers without an end has others beside him. */
		if (reads == READS_A_TURN) {
			front_queue(f);
			break;
		}
		room = REQUEST_HEAD_MAX - f->said.len;
		n = stream_read(&f->stream, piece, room < sizeof(piece) ? room : sizeof(piece));
		if (n == STREAM_AGAIN)
			break;
		if (n == STREAM_OVER)
			return -1;
		r = buf_add(&f->said, piece, (size_t)n) < 0 ? -1 : look(f);
	}
	/* There are keys in requests. */
	explicit_bzero(piece, sizeof(piece));
	return r;
}

int
front_go_on(struct front *f)
{
	int r = f->said.len > 0 ? look(f) : 0;

	return r == 0 && f->state == FRONT_ASKING ? front_read(f) : r;
}

int
front_ask(struct front *f)
{
	/* The first request has what is left of the connection's own time. */
	if (f->state != FRONT_SHAKING) {
		f->kept = f->said.len == 0;
		front_set_deadline(f, f->kept ? FRONT_KEEPALIVE_MS : FRONT_HEAD_MS);
	}
	f->state = FRONT_ASKING;
	stream_want(&f->stream, POLLER_IN);
	if (f->said.len > 0 || stream_holds(&f->stream))
		front_queue(f);
	return 0;
}
