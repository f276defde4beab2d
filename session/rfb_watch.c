/* SPDX-License-Identifier: MIT */
#include "session/rfb_watch.h"

#include <assert.h>
#include <string.h>

const unsigned char rfb_watch_request[10] = {3, 1, 0, 0, 0, 0, 0, 1, 0, 1};
const unsigned char rfb_watch_shift[16] = {
	4, 1, 0, 0, 0, 0, 0xff, 0xe1, 4, 0, 0, 0, 0, 0, 0xff, 0xe1};

enum {
	SET_ENCODINGS = 2,
	KEY_EVENT = 4,
	POINTER_EVENT = 5,
	QEMU = 255,
	QEMU_KEY_EVENT = 0,
	QEMU_AUDIO = 1,
	QEMU_AUDIO_OFF = 1,
	QEMU_AUDIO_FORMAT = 2,
	POINTER_MARK = 0x80, /* in the buttons: a byte with more of them follows */
	UNKNOWN = 0,
};

/* Pseudo-encoding: the client may send the longer PointerEvent once the server agrees. */
static const uint32_t extended_mouse_buttons = (uint32_t)-316;

static uint32_t
u16(const unsigned char *b)
{
	return (uint32_t)b[0] << 8 | b[1];
}

static uint32_t
u32(const unsigned char *b)
{
	return u16(b) << 16 | u16(b + 2);
}

/*
 * In the plain message the mark is button 8. A client that has offered the other one leaves
 * it out there, so that it means the longer message; who has not offered it can't send that.
 */
static uint64_t
pointer_length(const struct rfb_watch *w)
{
	return w->extended_pointer && (w->head[1] & POINTER_MARK) ? 7 : 6;
}

/* A negative length is one of the extended clipboard, whose flags are within it. */
static uint64_t
cut_text_length(const struct rfb_watch *w)
{
	int64_t len = (int32_t)u32(w->head + 4);

	return 8 + (uint64_t)(len < 0 ? -len : len);
}

static uint64_t
fence_length(const struct rfb_watch *w)
{
	return 9 + (uint64_t)w->head[8];
}

static uint64_t
desktop_size_length(const struct rfb_watch *w)
{
	return 8 + 16 * (uint64_t)w->head[6];
}

static uint64_t
qemu_length(const struct rfb_watch *w)
{
	if (w->head[1] == QEMU_KEY_EVENT)
		return 12;
	if (w->head[1] != QEMU_AUDIO || u16(w->head + 2) > QEMU_AUDIO_FORMAT)
		return UNKNOWN;
	return u16(w->head + 2) == QEMU_AUDIO_FORMAT ? 10 : 4;
}

/*
 * Every client message: its length, or from how many bytes of it that can be told, and how.
 * What there is most of comes first.
 */
static const struct rfb_watch_message {
	unsigned char type, head;
	uint64_t (*length)(const struct rfb_watch *w);
	unsigned char fixed;
} messages[] = {
	{POINTER_EVENT, 2, pointer_length, 0}, {3, 1, NULL, 10}, /* FramebufferUpdateRequest */
	{QEMU, 4, qemu_length, 0},                               /* most of them are keys */
	{KEY_EVENT, 1, NULL, 8}, {248, 9, fence_length, 0},      /* ClientFence */
	{6, 8, cut_text_length, 0},                              /* ClientCutText */
	{0, 1, NULL, 20},                                        /* SetPixelFormat */
	{SET_ENCODINGS, 4, NULL, 4},                             /* and a list, see on_encoding() */
	{150, 1, NULL, 10},                                      /* EnableContinuousUpdates */
	{250, 1, NULL, 4},                                       /* xvp */
	{251, 7, desktop_size_length, 0},                        /* SetDesktopSize */
};

static const struct rfb_watch_message *
message_of(unsigned char type)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (messages[i].type == type)
			return &messages[i];
	return NULL;
}

/* The next bytes that are looked at. */
static void
expect(struct rfb_watch *w, unsigned need)
{
	assert(need <= sizeof(w->head));
	w->have = 0;
	w->need = (unsigned char)need;
}

/* One of the list of SetEncodings is in head. */
static void
on_encoding(struct rfb_watch *w)
{
	w->extended_pointer |= u32(w->head) == extended_mouse_buttons;
	expect(w, --w->encodings > 0 ? 4 : 0);
}

/* As much of a message is in head as tells its length. */
static void
on_head(struct rfb_watch *w)
{
	const struct rfb_watch_message *m = w->message;
	uint64_t len = m->length ? m->length(w) : m->fixed;

	if (len == UNKNOWN) {
		w->lost = true;
		return;
	}
	assert(len >= m->head);
	w->keys += m->type == KEY_EVENT;
	w->encodings = m->type == SET_ENCODINGS ? u16(w->head + 2) : 0;
	w->skip = len - m->head;
	expect(w, w->encodings > 0 ? 4 : 0);
}

/* Put bytes into head; returns how many. */
static size_t
look_at(struct rfb_watch *w, const unsigned char *bytes, size_t len)
{
	size_t n = 0;

	if (w->need == 0) {
		w->message = message_of(bytes[0]);
		if (!w->message) {
			w->lost = true;
			return 0;
		}
		expect(w, w->message->head);
	}
	while (n < len && w->have < w->need)
		w->head[w->have++] = bytes[n++];
	if (w->have < w->need)
		return n;
	if (w->encodings > 0)
		on_encoding(w);
	else
		on_head(w);
	return n;
}

void
rfb_watch_client(struct rfb_watch *w, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	size_t n;

	while (len > 0 && !w->lost) {
		if (w->skip > 0) {
			n = len < w->skip ? len : (size_t)w->skip;
			w->skip -= n;
		} else {
			n = look_at(w, bytes, len);
		}
		bytes += n;
		len -= n;
	}
}

void
rfb_watch_server(struct rfb_watch *w, const void *data, size_t len)
{
	size_t n = sizeof(w->init) - w->init_len;

	if (n > len)
		n = len;
	memcpy(w->init + w->init_len, data, n);
	w->init_len = (unsigned char)(w->init_len + n);
}

bool
rfb_watch_between(const struct rfb_watch *w)
{
	return !w->lost && w->need == 0 && w->skip == 0;
}

bool
rfb_watch_is_vncterm(const struct rfb_watch *w)
{
	/* Width, height, bits per pixel, depth, big endian, true colour. */
	return w->init_len == sizeof(w->init) && w->init[4] == 8 && w->init[7] == 0;
}
