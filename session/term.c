/* SPDX-License-Identifier: MIT */
#include "session/term.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
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

size_t
term_input_head(char out[TERM_HEAD_SIZE], uint64_t len)
{
	int n = snprintf(out, TERM_HEAD_SIZE, "0:%" PRIu64 ":", len);

	assert(n > 0 && n < TERM_HEAD_SIZE);
	return (size_t)n;
}

size_t
term_resize(char out[TERM_HEAD_SIZE], unsigned cols, unsigned rows)
{
	int n = snprintf(out, TERM_HEAD_SIZE, "1:%u:%u:", cols, rows);

	assert(n > 0 && n < TERM_HEAD_SIZE);
	return (size_t)n;
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
