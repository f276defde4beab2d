/* SPDX-License-Identifier: MIT */
#include "session/term.h"

#include <string.h>

static const char ok[] = "OK";
enum { OK_LEN = sizeof(ok) - 1 };

int
term_greeting_feed(
	struct term_greeting *g, const unsigned char *data, size_t len, size_t *used, struct err *err)
{
	*used = 0;
	if (!g->broken && g->heard == OK_LEN)
		return TERM_DONE;
	while (!g->broken && *used < len) {
		g->broken = data[(*used)++] != (unsigned char)ok[g->heard];
		if (!g->broken && ++g->heard == OK_LEN)
			return TERM_DONE;
	}
	return g->broken ? err_set(err, ERR_PROTOCOL, "terminal begins with something else than OK")
					 : TERM_MORE;
}

/* Write a number and a colon; returns where they end. Each key that is typed comes this way. */
static char *
put_number(char *at, uint64_t n)
{
	char digits[20];
	size_t i = 0;

	do
		digits[i++] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	while (i > 0)
		*at++ = digits[--i];
	*at++ = ':';
	return at;
}

_Static_assert(
	(int)TERM_HEAD_SIZE >= (int)sizeof("0:18446744073709551615:"), "the largest head has room");

size_t
term_input_head(char out[TERM_HEAD_SIZE], uint64_t len)
{
	return (size_t)(put_number(put_number(out, 0), len) - out);
}

size_t
term_resize(char out[TERM_HEAD_SIZE], unsigned cols, unsigned rows)
{
	return (size_t)(put_number(put_number(put_number(out, 1), cols), rows) - out);
}

/* ---- control lines ---- */

struct text {
	const char *at, *end;
};

static bool
take_word(struct text *t, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0)
		return false;
	t->at += n;
	return true;
}

/* A blank and a number of 1..max without sign or leading zeroes. */
static bool
take_number(struct text *t, uint32_t max, uint32_t *out)
{
	uint64_t n = 0;

	if (!take_word(t, " ") || t->at == t->end || *t->at == '0')
		return false;
	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
		n = n * 10 + (uint64_t)(*t->at - '0');
		if (n > max)
			return false;
	}
	*out = (uint32_t)n;
	return n > 0;
}

static bool
parse(struct text t, struct term_control *c)
{
	if (take_word(&t, "resize")) {
		c->kind = TERM_RESIZE;
		return take_number(&t, TERM_SIDE_MAX, &c->cols) &&
			   take_number(&t, TERM_SIDE_MAX, &c->rows) && t.at == t.end;
	}
	c->kind = TERM_ACK;
	return take_word(&t, "ack") && take_number(&t, UINT32_C(1) << 31, &c->bytes) && t.at == t.end;
}

int
term_control_parse(const char *line, size_t len, struct term_control *out, struct err *err)
{
	struct term_control c = {.kind = TERM_RESIZE};

	if (len > TERM_CONTROL_MAX || !parse((struct text){line, line + len}, &c))
		return err_set(err, ERR_PROTOCOL, "not a control line");
	*out = c;
	return 0;
}
