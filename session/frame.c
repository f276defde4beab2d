/* SPDX-License-Identifier: MIT */
#include "session/frame.h"

#include <assert.h>
#include <string.h>

enum { FIN = 0x80, RSV = 0x70, OPCODE = 0x0f, MASKED = 0x80, LENGTH = 0x7f, CONTROL = 0x08 };

/* How many bytes the head has, as far as its first two tell. */
static unsigned
head_size(const unsigned char *head)
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

static uint64_t
payload_size(const unsigned char *head)
{
	uint64_t n = 0;
	unsigned i, size = head_size(head);

	if (size == 2)
		return head[1] & LENGTH;
	for (i = 2; i < size; i++)
		n = n << 8 | head[i];
	return n;
}

/* The smallest payload that needs a head of that size. */
static uint64_t
smallest_payload(unsigned size)
{
	return size == 2 ? 0 : size == 4 ? 126 : 65536;
}

/* The rules of section 5 that the two first bytes can break. */
static int
check_head(struct frame_parser *p, struct err *err)
{
	unsigned char opcode = p->head[0] & OPCODE;
	bool fin = p->head[0] & FIN;

	if (p->head[0] & RSV)
		return err_set(err, ERR_PROTOCOL, "websocket frame with reserved bits");
	if (p->head[1] & MASKED)
		return err_set(err, ERR_PROTOCOL, "websocket frame from a server is masked");
	if (opcode & CONTROL) {
		if (opcode > FRAME_PONG)
			return err_set(err, ERR_PROTOCOL, "websocket frame with opcode %u", opcode);
		if (!fin || (p->head[1] & LENGTH) > FRAME_CONTROL_MAX)
			return err_set(err, ERR_PROTOCOL, "websocket control frame long or in pieces");
		return 0;
	}
	if (opcode > FRAME_BINARY)
		return err_set(err, ERR_PROTOCOL, "websocket frame with opcode %u", opcode);
	if ((opcode == FRAME_CONTINUATION) != p->in_message)
		return err_set(err, ERR_PROTOCOL, "websocket message out of order");
	return 0;
}

/* Collect the head; true when it is complete. */
static int
take_head(struct frame_parser *p, const unsigned char *in, size_t len, size_t *used, bool *complete,
	struct err *err)
{
	int r;

	*complete = false;
	while (*used < len) {
		p->head[p->head_len++] = in[(*used)++];
		if (p->head_len == 2) {
			r = check_head(p, err);
			if (r < 0)
				return r;
		}
		if (p->head_len >= 2 && p->head_len == head_size(p->head)) {
			*complete = true;
			break;
		}
	}
	return 0;
}

static int
begin_payload(struct frame_parser *p, struct err *err)
{
	p->opcode = p->head[0] & OPCODE;
	p->left = payload_size(p->head);
	if (p->left >> 63)
		return err_set(err, ERR_PROTOCOL, "websocket frame with a length of 64 bits");
	if (p->left < smallest_payload(head_size(p->head)))
		return err_set(err, ERR_PROTOCOL, "websocket frame's length is not in its shortest form");
	if (!(p->opcode & CONTROL))
		p->in_message = !(p->head[0] & FIN);
	p->head_len = 0;
	p->control_len = 0;
	p->in_payload = true;
	return 0;
}

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

/* As frame_next(), on a parser that is not broken. */
static int
next_event(struct frame_parser *p, const unsigned char *in, size_t len, size_t *used,
	struct frame_event *event, struct err *err)
{
	bool complete;
	size_t n;
	int r;

	while (*used < len) {
		if (!p->in_payload) {
			r = take_head(p, in, len, used, &complete, err);
			if (r < 0)
				return r;
			if (!complete)
				return 0;
			r = begin_payload(p, err);
			if (r < 0)
				return r;
		}
		n = len - *used;
		if (n > p->left)
			n = (size_t)p->left;
		if (p->opcode & CONTROL) {
			memcpy(p->control + p->control_len, in + *used, n);
			p->control_len += (unsigned)n;
		} else {
			event->data = in + *used;
			event->len = n;
		}
		*used += n;
		p->left -= n;
		if (p->opcode & CONTROL) {
			if (p->left > 0)
				return 0;
			control_event(p, event);
			return 0;
		}
		p->in_payload = p->left > 0;
		if (n > 0) {
			event->kind = FRAME_IS_DATA;
			return 0;
		}
		if (p->in_payload)
			return 0;
	}
	return 0;
}

int
frame_next(struct frame_parser *p, const unsigned char *in, size_t len, size_t *used,
	struct frame_event *event, struct err *err)
{
	int r;

	*used = 0;
	event->kind = FRAME_NEED_MORE;
	if (p->broken)
		return err_set(err, ERR_PROTOCOL, "websocket is broken");
	r = next_event(p, in, len, used, event, err);
	p->broken = r < 0;
	return r;
}

void
frame_mask(unsigned char *data, size_t len, const unsigned char mask[4])
{
	uint64_t wide, word;
	uint32_t narrow;
	size_t i = 0;

	memcpy(&narrow, mask, sizeof(narrow));
	wide = (uint64_t)narrow << 32 | narrow;
	for (; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		word ^= wide;
		memcpy(data + i, &word, sizeof(word));
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
