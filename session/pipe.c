/* SPDX-License-Identifier: MIT */
#include "session/pipe.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

_Static_assert(offsetof(struct chunk, data) == offsetof(struct chunk, head) + PIPE_HEADROOM,
	"a sender writes its frame head right in front of the data");

/* For so many bytes, and perhaps more. */
static struct chunk *
chunk_new(size_t len)
{
	size_t size = len <= PIPE_SMALL ? PIPE_SMALL : PIPE_CHUNK;
	struct chunk *c = malloc(sizeof(*c) + size);

	if (!c)
		return NULL;
	c->next = NULL;
	c->len = 0;
	c->size = size;
	return c;
}

static void
link_chunk(struct pipe_queue *q, struct chunk *c)
{
	if (q->last)
		q->last->next = c;
	else
		q->first = c;
	q->last = c;
}

static struct chunk *
add_chunk(struct pipe_queue *q, size_t len)
{
	/* Behind another one it is not little any more. */
	struct chunk *c = chunk_new(q->first ? PIPE_CHUNK : len);

	if (c)
		link_chunk(q, c);
	return c;
}

/* Should the source go on? */
static int
judge(struct pipe_queue *q)
{
	if (q->bytes >= (q->stuck ? PIPE_LOW : PIPE_HIGH))
		q->paused = true;
	return q->paused ? PIPE_PAUSE : PIPE_OK;
}

int
pipe_put(struct pipe_queue *q, const void *data, size_t len)
{
	const unsigned char *from = data;
	struct chunk *c = q->last;
	size_t n;

	while (len > 0) {
		if (!c || c->len == c->size)
			c = add_chunk(q, len);
		if (!c)
			return ERR_MEMORY;
		n = c->size - c->len;
		if (n > len)
			n = len;
		memcpy(c->data + c->len, from, n);
		c->len += n;
		q->bytes += n;
		q->total += n;
		from += n;
		len -= n;
	}
	return judge(q);
}

unsigned char *
pipe_room(struct pipe_queue *q, size_t *size)
{
	struct chunk *c = q->last;

	if (!c || c->len == c->size)
		c = q->spare = q->spare ? q->spare : chunk_new(PIPE_CHUNK);
	if (!c)
		return NULL;
	*size = c->size - c->len;
	return c->data + c->len;
}

int
pipe_filled(struct pipe_queue *q, size_t len)
{
	if (len > 0 && q->spare) {
		link_chunk(q, q->spare);
		q->spare = NULL;
	}
	if (len > 0) {
		q->last->len += len;
		q->bytes += len;
		q->total += len;
	}
	chunk_free(q->spare);
	q->spare = NULL;
	return judge(q);
}

int
pipe_put_whole(struct pipe_queue *q, const void *data, size_t len)
{
	assert(len <= PIPE_CHUNK);
	if (q->last && q->last->size - q->last->len < len && !add_chunk(q, len))
		return ERR_MEMORY;
	return pipe_put(q, data, len);
}

int
pipe_put_first(struct pipe_queue *q, const void *data, size_t len)
{
	struct chunk *c = chunk_new(len);

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

	if (!c || (q->more && c == q->last && c->len < c->size))
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

	q->more = false;
	while ((c = pipe_take(q)))
		chunk_free(c);
}

void
pipe_done(struct pipe *pipe)
{
	pipe_drop(&pipe->to_browser);
	pipe_drop(&pipe->to_pve);
}
