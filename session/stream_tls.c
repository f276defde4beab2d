/* SPDX-License-Identifier: MIT */
/* stream_tls - TLS on a stream, see stream.h and stream_impl.h */
#include "session/stream_impl.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	RECEIVES_MAX = 2,  /* for one call of TLS, which reads on behind messages of its own */
	CHATTER_MAX = 100, /* such messages of a connection */
	RECORD = SSL3_RT_MAX_PLAIN_LENGTH,
	HEAD = SSL3_RT_HEADER_LENGTH,
	RECORD_MAX = SSL3_RT_MAX_ENCRYPTED_LENGTH + HEAD,
	OUT_SIZE = 3 * RECORD_MAX,
	IN_MUCH = 3 * RECORD_MAX, /* received at once of who sends much */
	IN_LITTLE = 2048,         /* and of others */
	OPENING_USES = 64,        /* calls; an opening takes about half as many */
};

/* ---- memory for TLS ---- */

/* A whole head, or more of the record that OpenSSL has begun with. */
static bool
in_hand(const struct stream *s)
{
	return s->in_len - s->in_at >= (s->record > 0 ? 1 : HEAD);
}

/* Room for so many bytes, at its beginning what is left of the old: less than a head. */
static int
make_room(struct stream *s, size_t size)
{
	size_t left = s->in_len - s->in_at;
	unsigned char *in = s->in_size == size ? s->in : malloc(size);

	if (!in)
		return -1;
	if (left > 0)
		memmove(in, s->in + s->in_at, left);
	if (in != s->in) {
		free(s->in);
		s->in = in;
		s->in_size = size;
	}
	s->in_at = 0;
	s->in_len = left;
	return 0;
}

static void
release_in(struct stream *s)
{
	if (s->in_at == s->in_len) {
		free(s->in);
		s->in = NULL;
		s->in_at = s->in_len = s->in_size = 0;
	} else if (!in_hand(s) && s->in_size > IN_LITTLE) {
		/* A head may stay torn for as long as its sender likes. No memory: it stays where it is. */
		(void)make_room(s, IN_LITTLE);
	}
}

/*
 * Who has waited for some time has no buffers: they are as large as all else of a stream together.
 * Who goes on has them still, for to make and to wipe them costs as much as a small message. An
 * opening has them for one call only, or many at once would leave the heap full of holes.
 */
static void
release(struct stream *s)
{
	release_in(s);
	if (s->out_len == 0) {
		free(s->out);
		s->out = NULL;
	}
	/* OpenSSL would free its own also in the middle of a record. */
	if (!in_hand(s) && !s->out && s->record == 0 && !SSL_has_pending(s->ssl) &&
		SSL_is_init_finished(s->ssl))
		(void)SSL_free_buffers(s->ssl);
}

static void
on_idle(void *arg)
{
	((struct stream *)arg)->uses = 0;
	release(arg);
}

/* After each call of OpenSSL's. */
static void
used(struct stream *s)
{
	if (s->uses > OPENING_USES) {
		poller_use(s->poller, &s->idle, on_idle, s);
	} else {
		s->uses++;
		release(s);
	}
}

/* ---- what TLS sends, until the socket has taken it ---- */

static void
drop_out(struct stream *s)
{
	s->out_at = s->out_len = 0;
	used(s);
	if (s->finishing)
		(void)shutdown(s->fd, SHUT_WR);
}

int
stream_tls_flush(struct stream *s)
{
	struct iovec part;
	ssize_t n;

	while (s->out_len > 0 && !s->failed) {
		part = (struct iovec){.iov_base = s->out + s->out_at, .iov_len = s->out_len - s->out_at};
		n = stream_transmit(s, &part, 1);
		if (stream_may_retry(n))
			return STREAM_AGAIN;
		s->out_at += n > 0 ? (size_t)n : 0;
		if (n < 0 || s->out_at == s->out_len)
			drop_out(s);
	}
	return s->failed ? STREAM_OVER : 1;
}

/* 0, or -1: there is no room, or writing has failed. */
static int
keep(struct stream *s, const char *data, size_t size)
{
	if (!s->out)
		s->out = malloc(OUT_SIZE);
	s->failed = !s->out;
	if (s->failed)
		return -1;
	s->out_len -= s->out_at;
	if (s->out_at > 0)
		memmove(s->out, s->out + s->out_at, s->out_len);
	s->out_at = 0;
	if (size > OUT_SIZE - s->out_len)
		return -1;
	memcpy(s->out + s->out_len, data, size);
	s->out_len += size;
	return 0;
}

/* ---- the same for OpenSSL ---- */

/* What others have left in the thread's queue OpenSSL would take for this connection's. */
static void
forget_errors(void)
{
	/* Looking is cheaper than clearing, which goes through all places that an error may have. */
	if (ERR_peek_error() != 0)
		ERR_clear_error();
}

/* Several records with one call of the system. Bytes, 0 at the end, or -1 with errno. */
static ssize_t
refill(struct stream *s)
{
	/* Who has filled what there was sends much. */
	size_t size = s->in && s->in_len == s->in_size ? IN_MUCH : IN_LITTLE;
	ssize_t n;

	forget_errors();
	/* A peer that sends only messages of TLS would hold the thread: the rest is for other calls. */
	if (s->empty || s->receives >= RECEIVES_MAX) {
		errno = EAGAIN;
		return -1;
	}
	if (make_room(s, size > s->in_size ? size : s->in_size) < 0) {
		errno = ENOMEM;
		return -1;
	}
	s->receives++;
	n = stream_receive(s, s->in + s->in_len, s->in_size - s->in_len);
	s->in_len += n > 0 ? (size_t)n : 0;
	if (n > 0 && !in_hand(s)) {
		errno = EAGAIN;
		return -1;
	}
	return n;
}

/* How long the record is that begins here, by the first bytes of it. */
static size_t
record_size(const unsigned char head[HEAD])
{
	/* No type of TLS's: a ClientHello as SSL 2 had it, which OpenSSL still reads. */
	if (head[0] & 0x80)
		return 2 + (size_t)((head[0] & 0x7f) << 8 | head[1]);
	return HEAD + (size_t)(head[HEAD - 2] << 8 | head[HEAD - 1]);
}

/*
 * OpenSSL, told to read ahead, asks once for a record instead of for its head and then for its rest.
 * But it moves all that it has ahead for each record: so it is given one, and no byte more.
 */
static int
bio_read(BIO *bio, char *data, int size)
{
	struct stream *s = BIO_get_data(bio);
	const unsigned char *in;
	size_t n;
	ssize_t r;

	BIO_clear_retry_flags(bio);
	if (s->chatter > CHATTER_MAX)
		return -1;
	r = in_hand(s) ? 1 : refill(s);
	if (r <= 0) {
		if (stream_may_retry(r))
			BIO_set_retry_read(bio);
		return (int)r;
	}
	in = s->in + s->in_at;
	if (s->record == 0)
		s->record = record_size(in);
	n = s->in_len - s->in_at < s->record ? s->in_len - s->in_at : s->record;
	n = n < (size_t)size ? n : (size_t)size;
	memcpy(data, in, n);
	s->in_at += n;
	s->record -= n;
	return (int)n;
}

/* All or nothing: OpenSSL has never half a record left, which some of its messages do not survive. */
static int
bio_write(BIO *bio, const char *data, int size)
{
	const struct iovec part = {.iov_base = (char *)(uintptr_t)data, .iov_len = (size_t)size};
	struct stream *s = BIO_get_data(bio);
	ssize_t n = 0;

	BIO_clear_retry_flags(bio);
	if (!s->gathering && s->out_len == 0)
		n = stream_transmit(s, &part, 1);
	if (n == size)
		return size;
	n = n > 0 ? n : 0;
	if (!s->failed && keep(s, data + n, (size_t)(size - n)) == 0)
		return size;
	if (!s->failed)
		BIO_set_retry_write(bio);
	return -1;
}

/*
 * BIO_CTRL_EOF is not answered: OpenSSL would make an error of TLS out of an end that was not
 * announced, though whoever just hangs up has refused nothing.
 */
static long
bio_ctrl(BIO *bio, int what, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return what == BIO_CTRL_FLUSH;
}

/* One for all streams, kept for as long as the process lives. */
static BIO_METHOD *
method(void)
{
	static _Atomic(BIO_METHOD *) shared;
	BIO_METHOD *made, *known = atomic_load(&shared);

	if (known)
		return known;
	made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "stream");
	if (made && BIO_meth_set_read(made, bio_read) == 1 &&
		BIO_meth_set_write(made, bio_write) == 1 && BIO_meth_set_ctrl(made, bio_ctrl) == 1 &&
		atomic_compare_exchange_strong(&shared, &known, made))
		return made;
	/* No memory; or another thread was faster. */
	BIO_meth_free(made);
	return known;
}

/*
 * A new key costs us as much as a small message, and its sender nothing: who sends many of them
 * means harm. Others send a dozen messages for the handshake, some tickets, and a new key in days.
 */
static void
on_message(int sent, int version, int type, const void *data, size_t size, SSL *ssl, void *arg)
{
	struct stream *s = arg;

	(void)version;
	(void)data;
	(void)size;
	(void)ssl;
	s->chatter += !sent && type == SSL3_RT_HANDSHAKE;
}

int
stream_tls_attach(struct stream *s, struct err *err)
{
	const BIO_METHOD *m = method();
	BIO *bio = m ? BIO_new(m) : NULL;

	if (!bio)
		return err_set(err, ERR_MEMORY, "no memory for TLS");
	BIO_set_data(bio, s);
	BIO_set_init(bio, 1);
	SSL_set_bio(s->ssl, bio, bio);
	/* With AUTO_RETRY, since what waits in our buffer makes no event; refill() bounds it. */
	SSL_set_mode(s->ssl,
		SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
	SSL_set_read_ahead(s->ssl, 1);
	SSL_set_msg_callback(s->ssl, on_message);
	SSL_set_msg_callback_arg(s->ssl, s);
	return 0;
}

/* ---- moving bytes ---- */

/* Before each call of OpenSSL's, but a read's: what that has in hand says for itself what it is. */
static void
begin(struct stream *s)
{
	forget_errors();
	s->receives = 0;
}

/* What n <= 0 of OpenSSL means to who is called for these reasons to do the same again. */
static int
tls_result(struct stream *s, int n, unsigned reasons)
{
	unsigned needs;

	switch (SSL_get_error(s->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		needs = POLLER_IN;
		break;
	case SSL_ERROR_WANT_WRITE:
		needs = POLLER_OUT;
		break;
	case SSL_ERROR_SSL:
		s->refused = true;
		return STREAM_OVER;
	default:
		return STREAM_OVER;
	}
	if (needs != reasons) {
		s->tls_wanted |= needs;
		s->blocked |= reasons;
	}
	return STREAM_AGAIN;
}

int
stream_tls_shake(struct stream *s)
{
	int r;

	if (SSL_is_init_finished(s->ssl))
		return 1;
	begin(s);
	r = SSL_do_handshake(s->ssl);
	if (r != 1)
		r = tls_result(s, r, POLLER_IN | POLLER_OUT);
	used(s);
	stream_watch_anew(s);
	return r;
}

bool
stream_tls_holds(const struct stream *s)
{
	return in_hand(s) || SSL_has_pending(s->ssl);
}

ssize_t
stream_tls_read(struct stream *s, void *data, size_t size)
{
	size_t got;
	ssize_t n;

	/* Not asked in vain: it would make room to read into. */
	if (s->empty && !s->over && !stream_tls_holds(s))
		return STREAM_AGAIN;
	s->receives = 0;
	n = SSL_read_ex(s->ssl, data, size, &got) == 1 ? (ssize_t)got : tls_result(s, 0, POLLER_IN);
	s->over = n == STREAM_OVER;
	used(s);
	stream_watch_anew(s);
	return n;
}

/* Where one is in the parts. */
struct cursor {
	const struct iovec *part, *end;
	size_t at;
};

/* How many bytes stand there in one piece; 0 at the end. */
static size_t
piece(struct cursor *c)
{
	while (c->part < c->end && c->at == c->part->iov_len) {
		c->part++;
		c->at = 0;
	}
	return c->part < c->end ? c->part->iov_len - c->at : 0;
}

static bool
ends_within(struct cursor c, size_t bytes)
{
	if (piece(&c) > bytes)
		return false;
	c.at = c.part->iov_len;
	return piece(&c) == 0;
}

/*
 * Make records of what there is, as many as are sent at once. A single one goes to the socket from
 * where OpenSSL has it. How many bytes; *r is STREAM_AGAIN or STREAM_OVER when TLS does not go on.
 */
static ssize_t
seal(struct stream *s, struct cursor *c, int *r)
{
	size_t len, gone;
	ssize_t sealed = 0;

	while (OUT_SIZE - s->out_len >= RECORD_MAX && (len = piece(c)) > 0) {
		s->gathering = !ends_within(*c, RECORD);
		begin(s);
		if (SSL_write_ex(s->ssl, (char *)c->part->iov_base + c->at, len, &gone) != 1) {
			*r = tls_result(s, 0, POLLER_OUT);
			break;
		}
		c->at += gone;
		sealed += (ssize_t)gone;
	}
	s->gathering = false;
	return sealed;
}

ssize_t
stream_tls_write(struct stream *s, const struct iovec *parts, size_t count)
{
	struct cursor c = {.part = parts, .end = parts + count};
	ssize_t sent = 0;
	int r = stream_tls_flush(s);

	while (r == 1 && piece(&c) > 0) {
		sent += seal(s, &c, &r);
		if (stream_tls_flush(s) != 1)
			break;
	}
	used(s);
	stream_watch_anew(s);
	/* What was taken from the parts may be lost in out. */
	if (s->failed)
		return STREAM_OVER;
	if (sent > 0)
		return sent;
	return r < 0 ? STREAM_OVER : STREAM_AGAIN;
}

void
stream_tls_finish(struct stream *s)
{
	/* A second time OpenSSL would read, for the far side's answer. */
	if (SSL_get_shutdown(s->ssl) & SSL_SENT_SHUTDOWN)
		return;
	begin(s);
	(void)SSL_shutdown(s->ssl);
}

void
stream_tls_done(struct stream *s)
{
	poller_forget(&s->idle);
	SSL_free(s->ssl);
	free(s->in);
	free(s->out);
}
