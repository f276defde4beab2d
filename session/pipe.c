/* SPDX-License-Identifier: MIT */
#include "session/pipe.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

_Static_assert(offsetof(struct chunk, data) == offsetof(struct chunk, head) + PIPE_HEADROOM,
	"a sender writes its frame head right in front of the data");

static struct chunk *
chunk_new(void)
{
	struct chunk *c = malloc(sizeof(*c));

	if (!c)
		return NULL;
	c->next = NULL;
	c->len = 0;
	return c;
}

static struct chunk *
add_chunk(struct pipe_queue *q)
{
	struct chunk *c = chunk_new();

	if (!c)
		return NULL;
	if (q->last)
		q->last->next = c;
	else
		q->first = c;
	q->last = c;
	return c;
}

int
pipe_put(struct pipe_queue *q, const void *data, size_t len)
{
	const unsigned char *from = data;
	struct chunk *c = q->last;
	size_t n;

	while (len > 0) {
		if (!c || c->len == PIPE_CHUNK)
			c = add_chunk(q);
		if (!c)
			return ERR_MEMORY;
		n = PIPE_CHUNK - c->len;
		if (n > len)
			n = len;
		memcpy(c->data + c->len, from, n);
		c->len += n;
		q->bytes += n;
		q->total += n;
		from += n;
		len -= n;
	}
	if (q->bytes >= PIPE_HIGH)
		q->paused = true;
	return q->paused ? PIPE_PAUSE : PIPE_OK;
}

int
pipe_put_whole(struct pipe_queue *q, const void *data, size_t len)
{
	assert(len <= PIPE_CHUNK);
	if (q->last && PIPE_CHUNK - q->last->len < len && !add_chunk(q))
		return ERR_MEMORY;
	return pipe_put(q, data, len);
}

int
pipe_put_first(struct pipe_queue *q, const void *data, size_t len)
{
	struct chunk *c = chunk_new();

	assert(len <= PIPE_CHUNK);
	if (!c)
		return ERR_MEMORY;
	memcpy(c->data, data, len);
	c->len = len;
	c->next = q->first;
	q->first = c;
	if (!q->last)
		q->last = c;
	q->bytes += len;
	q->total += len;
	return 0;
}

struct chunk *
pipe_take(struct pipe_queue *q)
{
	struct chunk *c = q->first;

	if (!c)
		return NULL;
	q->first = c->next;
	if (!q->first)
		q->last = NULL;
	q->bytes -= c->len;
	c->next = NULL;
	return c;
}

bool
pipe_may_resume(struct pipe_queue *q)
{
	if (!q->paused || q->bytes > PIPE_LOW)
		return false;
	q->paused = false;
	return true;
}

void
chunk_free(struct chunk *chunk)
{
	free(chunk);
}

void
pipe_drop(struct pipe_queue *q)
{
	struct chunk *c;

	while ((c = pipe_take(q)))
		chunk_free(c);
}

void
pipe_done(struct pipe *pipe)
{
	pipe_drop(&pipe->to_browser);
	pipe_drop(&pipe->to_pve);
}
