/* SPDX-License-Identifier: MIT */
/*
 * pipe - what is on its way in one browser's connection: a queue a direction.
 *
 * A queue holds chunks of at most PIPE_CHUNK bytes; small pieces are merged
 * into the last chunk, so many little messages leave as one write. It asks for
 * a pause at PIPE_HIGH, or at PIPE_LOW when its sender is stuck, and allows more
 * at PIPE_LOW, which bounds it at PIPE_HIGH plus one receive. Knows neither sockets nor websockets; a chunk has
 * PIPE_HEADROOM free bytes in front, where a sender can put its frame head.
 *
 * Threads: one, the session's; relaying takes no lock.
 */
#ifndef SESSION_PIPE_H
#define SESSION_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PIPE_CHUNK = 16384 - 8, /* with its frame head it is one TLS record */
	PIPE_HEADROOM = 16,
	PIPE_SMALL =
		1024 - 64,         /* a chunk's size while there is little: all of it is wiped in the end */
	PIPE_HIGH = 50 * 1024, /* more than three chunks: who keeps up is never told to pause */
	PIPE_LOW = PIPE_CHUNK,
};

enum { PIPE_OK = 0, PIPE_PAUSE = 1 };

struct chunk {
	struct chunk *next;
	size_t len, size;                  /* of data: used, and all */
	unsigned char head[PIPE_HEADROOM]; /* directly in front of data */
	unsigned char data[];
};

/* Where the n bytes in front of its data begin, at most PIPE_HEADROOM. */
static inline unsigned char *
chunk_before(struct chunk *c, size_t n)
{
	return c->head + PIPE_HEADROOM - n;
}

/* All zero is an empty queue. */
struct pipe_queue {
	struct chunk *first, *last;
	size_t bytes;   /* now waiting */
	uint64_t total; /* ever put */
	bool paused;    /* the source was told to pause and not yet to go on */
	bool stuck;     /* its sender waits for the socket */
	bool more;      /* its source has more in hand: a chunk that is not full can wait for that */
	struct chunk *spare; /* see pipe_room() */
};

/* One connection's queues. All zero is an empty pipe. */
struct pipe {
	struct pipe_queue to_browser;
	struct pipe_queue to_pve;
};

/*
 * Append a copy. PIPE_OK; PIPE_PAUSE when the source should stop receiving
 * (the bytes are taken all the same); ERR_MEMORY when some were not taken,
 * after which the connection can only end.
 */
int pipe_put(struct pipe_queue *q, const void *data, size_t len)
	__attribute__((warn_unused_result));

/*
 * Room behind what waits, at least one byte; *size is how much of it there is. NULL when out of
 * memory. Whoever has put so many bytes there says so next, and hears what pipe_put() would say.
 */
unsigned char *pipe_room(struct pipe_queue *q, size_t *size) __attribute__((warn_unused_result));
int pipe_filled(struct pipe_queue *q, size_t len) __attribute__((warn_unused_result));

/* The same for at most PIPE_CHUNK bytes that must not be parted: they are within one chunk. */
int pipe_put_whole(struct pipe_queue *q, const void *data, size_t len)
	__attribute__((warn_unused_result));

/* Put at most PIPE_CHUNK bytes in front of all that waits. 0, or ERR_MEMORY: they were not taken. */
int pipe_put_first(struct pipe_queue *q, const void *data, size_t len)
	__attribute__((warn_unused_result));

/* Detach the first chunk, to be sent whole and freed with chunk_free(); NULL when empty, or when it can wait. */
struct chunk *pipe_take(struct pipe_queue *q);

/* True once after a pause, when the source may go on. To be asked after pipe_take(). */
bool pipe_may_resume(struct pipe_queue *q);

void chunk_free(struct chunk *chunk);

/* Throw away what waits. */
void pipe_drop(struct pipe_queue *q);

/* Free what waits in both queues. */
void pipe_done(struct pipe *pipe);

#endif
