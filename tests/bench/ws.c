/* SPDX-License-Identifier: MIT */
#include "tests/bench/ws.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/util.h"

enum { FIN = 0x80, RSV = 0x70, OPCODE = 0x0f, CONTROL = 0x08, MASKED = 0x80, LENGTH = 0x7f };
enum { STRICT_MAX = 131072 };

static unsigned
head_size(const unsigned char *head)
{
	unsigned n = head[1] & LENGTH;

	return 2 + (n == 126 ? 2U : n == 127 ? 8U : 0U) + (head[1] & MASKED ? 4U : 0U);
}

/* Read the head that is complete; false when it breaks a rule. */
static bool
begin(struct ws_in *w)
{
	unsigned n = w->head[1] & LENGTH, bytes = n == 126 ? 2 : n == 127 ? 8 : 0, i;

	w->opcode = w->head[0] & OPCODE;
	w->left = bytes ? 0 : n;
	for (i = 0; i < bytes; i++)
		w->left = w->left << 8 | w->head[2 + i];
	if (w->masked)
		memcpy(w->mask, w->head + 2 + bytes, 4);
	w->mask_at = 0;
	w->head_len = 0;
	w->control_len = 0;
	w->in_payload = true;
	if ((w->head[0] & RSV) || !!(w->head[1] & MASKED) != w->masked || w->opcode > WS_PONG_OP ||
		(w->opcode > WS_BINARY && w->opcode < WS_CLOSE_OP))
		return false;
	if (w->opcode & CONTROL)
		return w->left <= WS_CONTROL_MAX && (w->head[0] & FIN);
	return !w->strict || ((w->head[0] & FIN) && w->opcode != 0 && w->left <= STRICT_MAX);
}

/* A piece of payload: n bytes at in. */
static void
piece(struct ws_in *w, unsigned char *in, size_t n, struct ws_event *event)
{
	if (w->masked && n > 0)
		ws_mask(in, in, n, w->mask, w->mask_at);
	w->mask_at = (unsigned)((w->mask_at + n) & 3);
	w->left -= n;
	w->in_payload = w->left > 0;
	if (!(w->opcode & CONTROL)) {
		*event = (struct ws_event){n > 0 ? WS_DATA : WS_MORE, in, n};
		return;
	}
	memcpy(w->control + w->control_len, in, n);
	w->control_len += (unsigned)n;
	if (w->left == 0)
		*event = (struct ws_event){w->opcode == WS_CLOSE_OP  ? WS_CLOSE
								   : w->opcode == WS_PING_OP ? WS_PING
															 : WS_PONG,
			w->control, w->control_len};
}

void
ws_next(struct ws_in *w, unsigned char *in, size_t len, size_t *used, struct ws_event *event)
{
	size_t n;

	*event = (struct ws_event){WS_MORE, NULL, 0};
	*used = 0;
	while (*used < len && event->kind == WS_MORE) {
		if (!w->in_payload) {
			w->head[w->head_len++] = in[(*used)++];
			if (w->head_len < 2 || w->head_len < head_size(w->head))
				continue;
			if (!begin(w)) {
				event->kind = WS_BROKEN;
				return;
			}
		}
		n = len - *used;
		n = n < w->left ? n : (size_t)w->left;
		piece(w, in + *used, n, event);
		*used += n;
	}
}

size_t
ws_head(unsigned char out[WS_HEAD_MAX], unsigned opcode, size_t len, const unsigned char *mask)
{
	size_t n = 2, i;

	out[0] = (unsigned char)(FIN | opcode);
	if (len < 126) {
		out[1] = (unsigned char)len;
	} else if (len <= 0xffff) {
		out[1] = 126;
		n = 4;
	} else {
		out[1] = 127;
		n = 10;
	}
	for (i = 2; i < n; i++)
		out[i] = (unsigned char)(len >> (8 * (n - 1 - i)));
	if (mask) {
		out[1] |= MASKED;
		memcpy(out + n, mask, 4);
		n += 4;
	}
	return n;
}

void
ws_mask(unsigned char *out, const unsigned char *data, size_t len, const unsigned char mask[4],
	unsigned at)
{
	unsigned char turned[8];
	uint64_t words[4], wide;
	size_t i, k;

	for (i = 0; i < 8; i++)
		turned[i] = mask[(at + i) & 3];
	memcpy(&wide, turned, 8);
	for (i = 0; i + sizeof(words) <= len; i += sizeof(words)) {
		memcpy(words, data + i, sizeof(words));
		for (k = 0; k < 4; k++)
			words[k] ^= wide;
		memcpy(out + i, words, sizeof(words));
	}
	for (; i < len; i++)
		out[i] = data[i] ^ turned[i & 7];
}

void
ws_key(char out[WS_KEY_SIZE])
{
	unsigned char nonce[16];

	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		die("no random bytes");
	EVP_EncodeBlock((unsigned char *)out, nonce, sizeof(nonce));
}

void
ws_accept(const char *key, char out[WS_ACCEPT_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[128];
	unsigned n = 0;

	snprintf(text, sizeof(text), "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
	if (EVP_Digest(text, strlen(text), digest, &n, EVP_sha1(), NULL) != 1 || n != 20)
		die("no SHA-1");
	EVP_EncodeBlock((unsigned char *)out, digest, 20);
}
