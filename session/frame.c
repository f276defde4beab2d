/* SPDX-License-Identifier: MIT */
#include "session/frame.h"

#include <assert.h>
#include <string.h>

enum { FIN = 0x80, RSV = 0x70, OPCODE = 0x0f, MASKED = 0x80, LENGTH = 0x7f, CONTROL = 0x08 };

/* Whose frames a parser reads. */
enum side { FROM_SERVER, FROM_CLIENT };

enum { MASK_SIZE = 4 };

/* How many bytes the head has before its mask, as far as its first two tell. */
static unsigned
plain_size(const unsigned char *head)
{
	switch (head[1] & LENGTH) {
	case 126:
		return 4;
	case 127:
		return 10;
	default:
		return 2;
	}
}

static unsigned
head_size(const unsigned char *head, enum side side)
{
	return plain_size(head) + (side == FROM_CLIENT ? MASK_SIZE : 0);
}

static uint64_t
payload_size(const unsigned char *head)
{
	uint64_t n = 0;
	unsigned i;

	switch (head[1] & LENGTH) {
	case 126:
		return (uint64_t)head[2] << 8 | head[3];
	case 127:
		for (i = 2; i < 10; i++)
			n = n << 8 | head[i];
		return n;
	default:
		return head[1] & LENGTH;
	}
}

/* The smallest payload that needs a head of that size. */
static uint64_t
smallest_payload(unsigned size)
{
	return size == 2 ? 0 : size == 4 ? 126 : 65536;
}

/* The rules of section 5 that the two first bytes can break. */
static int
check_head(const struct frame_parser *p, enum side side, const unsigned char *head, struct err *err)
{
	unsigned char opcode = head[0] & OPCODE;
	bool fin = head[0] & FIN;

	if (head[0] & RSV)
		return err_set(err, ERR_PROTOCOL, "websocket frame with reserved bits");
	if ((head[1] & MASKED) && side == FROM_SERVER)
		return err_set(err, ERR_PROTOCOL, "websocket frame from a server is masked");
	if (!(head[1] & MASKED) && side == FROM_CLIENT)
		return err_set(err, ERR_PROTOCOL, "websocket frame from a client is not masked");
	if (opcode & CONTROL) {
		if (opcode > FRAME_PONG)
			return err_set(err, ERR_PROTOCOL, "websocket frame with opcode %u", opcode);
		if (!fin || (head[1] & LENGTH) > FRAME_CONTROL_MAX)
			return err_set(err, ERR_PROTOCOL, "websocket control frame long or in pieces");
		return 0;
	}
	if (opcode > FRAME_BINARY)
		return err_set(err, ERR_PROTOCOL, "websocket frame with opcode %u", opcode);
	if ((opcode == FRAME_CONTINUATION) != p->in_message)
		return err_set(err, ERR_PROTOCOL, "websocket message out of order");
	return 0;
}

static int
begin_payload(struct frame_parser *p, enum side side, const unsigned char *head, struct err *err)
{
	unsigned size = plain_size(head);

	p->opcode = head[0] & OPCODE;
	p->left = payload_size(head);
	if (p->left >> 63)
		return err_set(err, ERR_PROTOCOL, "websocket frame with a length of 64 bits");
	if (side == FROM_SERVER && p->left < smallest_payload(size))
		return err_set(err, ERR_PROTOCOL, "websocket frame's length is not in its shortest form");
	if (!(p->opcode & CONTROL))
		p->in_message = !(head[0] & FIN);
	if (p->opcode == FRAME_TEXT || p->opcode == FRAME_BINARY)
		p->text = p->opcode == FRAME_TEXT;
	if (side == FROM_CLIENT)
		memcpy(p->mask, head + size, MASK_SIZE);
	p->head_len = 0;
	p->control_len = 0;
	p->in_payload = true;
	return 0;
}

/* Put bytes into head until it has so many; returns how many that took. */
static size_t
collect(struct frame_parser *p, unsigned wanted, const unsigned char *in, size_t len)
{
	unsigned have = p->head_len;
	size_t n = 0;

	while (have < wanted && n < len)
		p->head[have++] = in[n++];
	p->head_len = have;
	return n;
}

/* Read the head; 1 when it is complete, 0 when more is needed. */
static int
take_head(struct frame_parser *p, enum side side, const unsigned char *in, size_t len, size_t *used,
	struct err *err)
{
	const unsigned char *head = in + *used;
	/* Nearly always all of it is there, and is read where it is. */
	bool whole = p->head_len == 0 && len - *used >= sizeof(p->head);
	int r;

	if (!whole) {
		head = p->head;
		*used += collect(p, 2, in + *used, len - *used);
		if (p->head_len < 2)
			return 0;
		*used += collect(p, head_size(head, side), in + *used, len - *used);
	}
	r = check_head(p, side, head, err);
	if (r < 0)
		return r;
	if (!whole && p->head_len < head_size(head, side))
		return 0;
	*used += whole ? head_size(head, side) : 0;
	r = begin_payload(p, side, head, err);
	return r < 0 ? r : 1;
}

/* A control frame is whole. */
static void
control_event(struct frame_parser *p, struct frame_event *event)
{
	p->in_payload = false;
	event->kind = p->opcode == FRAME_PING   ? FRAME_IS_PING
				  : p->opcode == FRAME_PONG ? FRAME_IS_PONG
											: FRAME_IS_CLOSE;
	event->data = p->control;
	event->len = p->control_len;
}

/* Take the mask off; what follows goes on with it where this ends. */
static void
unmask(struct frame_parser *p, unsigned char *data, size_t len)
{
	unsigned char turned[MASK_SIZE];
	unsigned i;

	frame_mask(data, len, p->mask);
	for (i = 0; i < MASK_SIZE; i++)
		turned[i] = p->mask[(len + i) % MASK_SIZE];
	memcpy(p->mask, turned, MASK_SIZE);
}

static void
take_control(struct frame_parser *p, enum side side, const unsigned char *in, size_t n)
{
	unsigned char *to = p->control + p->control_len;

	memcpy(to, in, n);
	if (side == FROM_CLIENT)
		unmask(p, to, n);
	p->control_len += (unsigned)n;
}

static void
data_event(struct frame_parser *p, const unsigned char *data, size_t n, struct frame_event *event)
{
	p->in_payload = p->left > 0;
	event->data = data;
	event->len = n;
	event->frame_left = p->left;
	event->text = p->text;
	event->last = p->left == 0 && !p->in_message;
	/* An empty piece is worth telling where a message may end with it: a client's. */
	if (n > 0)
		event->kind = FRAME_IS_DATA;
}

/* What there is of a frame's payload; true when that makes an event. */
static bool
take_payload(struct frame_parser *p, enum side side, const unsigned char *in, size_t n,
	struct frame_event *event)
{
	p->left -= n;
	if (p->opcode & CONTROL) {
		take_control(p, side, in, n);
		if (p->left > 0)
			return false;
		control_event(p, event);
		return true;
	}
	data_event(p, in, n, event);
	if (side == FROM_CLIENT && event->last)
		event->kind = FRAME_IS_DATA;
	return event->kind == FRAME_IS_DATA;
}

/* As frame_next(), on a parser that is not broken. */
static int
next_event(struct frame_parser *p, enum side side, const unsigned char *in, size_t len,
	size_t *used, struct frame_event *event, struct err *err)
{
	const unsigned char *payload;
	size_t n;
	int r;

	while (*used < len) {
		if (!p->in_payload) {
			r = take_head(p, side, in, len, used, err);
			if (r <= 0)
				return r;
		}
		n = len - *used;
		if (n > p->left)
			n = (size_t)p->left;
		payload = in + *used;
		*used += n;
		if (take_payload(p, side, payload, n, event))
			return 0;
	}
	return 0;
}

static int
next_of(struct frame_parser *p, enum side side, const unsigned char *in, size_t len, size_t *used,
	struct frame_event *event, struct err *err)
{
	int r;

	*used = 0;
	*event = (struct frame_event){.kind = FRAME_NEED_MORE};
	if (p->broken)
		return err_set(err, ERR_PROTOCOL, "websocket is broken");
	r = next_event(p, side, in, len, used, event, err);
	p->broken = r < 0;
	return r;
}

int
frame_next(struct frame_parser *p, const unsigned char *in, size_t len, size_t *used,
	struct frame_event *event, struct err *err)
{
	return next_of(p, FROM_SERVER, in, len, used, event, err);
}

uint64_t
frame_awaits(const struct frame_parser *p)
{
	return p->in_payload && !p->broken && !(p->opcode & CONTROL) ? p->left : 0;
}

void
frame_received(struct frame_parser *p, size_t n)
{
	assert(n <= p->left);
	p->left -= n;
	p->in_payload = p->left > 0;
}

int
frame_next_masked(struct frame_parser *p, unsigned char *in, size_t len, size_t *used,
	struct frame_event *event, struct err *err)
{
	int r = next_of(p, FROM_CLIENT, in, len, used, event, err);

	/* Data is what was used last. */
	if (r == 0 && event->kind == FRAME_IS_DATA)
		unmask(p, in + *used - event->len, event->len);
	return r;
}

void
frame_mask(unsigned char *data, size_t len, const unsigned char mask[4])
{
	uint64_t wide, words[4];
	uint32_t narrow;
	size_t i = 0, j;

	memcpy(&narrow, mask, sizeof(narrow));
	wide = (uint64_t)narrow << 32 | narrow;
	/* By 32 bytes, at any address: compilers make vectors of that. */
	for (; i + sizeof(words) <= len; i += sizeof(words)) {
		memcpy(words, data + i, sizeof(words));
		for (j = 0; j < 4; j++)
			words[j] ^= wide;
		memcpy(data + i, words, sizeof(words));
	}
	for (; i < len; i++)
		data[i] ^= mask[i & 3];
}

size_t
frame_build(
	unsigned char *payload, size_t len, enum frame_opcode opcode, const unsigned char mask[4])
{
	unsigned char *head;
	size_t n;

	assert(opcode != FRAME_CONTINUATION && len <= FRAME_PAYLOAD_MAX);
	assert(!(opcode & CONTROL) || len <= FRAME_CONTROL_MAX);
	n = len < 126 ? 6 : 8;
	head = payload - n;
	head[0] = (unsigned char)(FIN | opcode);
	if (len < 126) {
		head[1] = (unsigned char)(MASKED | len);
	} else {
		head[1] = MASKED | 126;
		head[2] = (unsigned char)(len >> 8);
		head[3] = (unsigned char)len;
	}
	memcpy(payload - 4, mask, 4);
	frame_mask(payload, len, mask);
	return n;
}

size_t
frame_plain_head(size_t len)
{
	return len < 126 ? 2 : len < 65536 ? 4 : 10;
}

size_t
frame_build_plain(unsigned char *payload, size_t len, enum frame_opcode opcode)
{
	size_t n = frame_plain_head(len), i;
	unsigned char *head = payload - n;

	assert(opcode != FRAME_CONTINUATION);
	assert(!(opcode & CONTROL) || len <= FRAME_CONTROL_MAX);
	head[0] = (unsigned char)(FIN | opcode);
	head[1] = (unsigned char)(n == 2 ? len : n == 4 ? 126 : 127);
	for (i = n; i > 2; i--) {
		head[i - 1] = (unsigned char)len;
		len >>= 8;
	}
	return n;
}
