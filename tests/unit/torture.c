/* SPDX-License-Identifier: MIT */
/* torture - see torture.h */
#include "tests/unit/torture.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>

enum { MAX_BLOCKS = 65536, MAX_CALLS = 100000, JUNK = 0xa5 };

/* What this thread's calls have to expect. */
static _Thread_local struct {
	const char *call; /* NULL: any */
	unsigned left;    /* calls until the refused one, itself included; 0: none is refused */
	bool lasting;     /* and all after it */
	bool struck;
} plan;

/* Blocks that were made during the scene and not freed yet. */
static struct {
	pthread_mutex_t mutex; /* guards the rest; it is no struct lock, since a test may hold one */
	bool watching;
	size_t count;
	void *at[MAX_BLOCKS];
	const char *text; /* to be looked for in what is freed */
} blocks = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static atomic_uint found;

/* For the message when an assertion leaves the scene by longjmp(), or it crashes. */
static unsigned scene_call;
static bool scene_unfinished;

static bool
refused(const char *call)
{
	if (plan.left == 0 || (plan.call != NULL && strcmp(plan.call, call) != 0))
		return false;
	if (--plan.left > 0)
		return false;
	if (plan.lasting)
		plan.left = 1;
	plan.struck = true;
	return true;
}

static void *
block_made(void *block)
{
	if (block == NULL)
		return NULL;
	pthread_mutex_lock(&blocks.mutex);
	if (blocks.watching && blocks.count < MAX_BLOCKS)
		blocks.at[blocks.count++] = block;
	pthread_mutex_unlock(&blocks.mutex);
	return block;
}

static void
block_freed(void *block)
{
	if (block == NULL)
		return;
	pthread_mutex_lock(&blocks.mutex);
	/* From the end: what was made last is mostly freed first. */
	for (size_t i = blocks.count; i > 0; i--) {
		if (blocks.at[i - 1] == block) {
			blocks.at[i - 1] = blocks.at[--blocks.count];
			break;
		}
	}
	if (blocks.text != NULL &&
		memmem(block, malloc_usable_size(block), blocks.text, strlen(blocks.text)) != NULL)
		atomic_fetch_add(&found, 1);
	pthread_mutex_unlock(&blocks.mutex);
}

/* Bytes that were never written must not look like the text, nor count as unknown to valgrind. */
static void
fill_with_junk(void *block, size_t size)
{
	bool looking;

	pthread_mutex_lock(&blocks.mutex);
	looking = blocks.text != NULL;
	pthread_mutex_unlock(&blocks.mutex);
	if (block != NULL && looking)
		memset(block, JUNK, size);
}

static void
watch(bool on)
{
	pthread_mutex_lock(&blocks.mutex);
	blocks.watching = on;
	blocks.count = 0;
	pthread_mutex_unlock(&blocks.mutex);
}

static size_t
blocks_left(void)
{
	size_t count;

	pthread_mutex_lock(&blocks.mutex);
	count = blocks.count;
	pthread_mutex_unlock(&blocks.mutex);
	return count;
}

/* Play the scene with its nth call refused; says whether it came so far. */
static bool
play(void (*scene)(void *arg), void *arg, unsigned n, bool lasting)
{
	size_t left;
	bool struck;

	watch(true);
	scene_call = n;
	scene_unfinished = true;
	plan.call = NULL;
	plan.left = n;
	plan.lasting = lasting;
	plan.struck = false;
	scene(arg);
	struck = plan.struck;
	torture_refuse(NULL, 0);
	left = blocks_left();
	watch(false);
	if (left > 0)
		fail_msg("%zu blocks remain when call %u%s is refused", left, n,
			lasting ? " and all after it" : "");
	scene_unfinished = false;
	return struck;
}

unsigned
torture(void (*scene)(void *arg), void *arg)
{
	unsigned strikes = 0;

	play(scene, arg, 0, false);
	for (int lasting = 0; lasting <= 1; lasting++) {
		unsigned n = 1;

		while (play(scene, arg, n, lasting)) {
			strikes++;
			if (++n > MAX_CALLS)
				fail_msg("the scene has no end");
		}
	}
	return strikes;
}

bool
torture_struck(void)
{
	return plan.struck;
}

void
torture_refuse(const char *call, unsigned n)
{
	plan.call = call;
	plan.left = n;
	plan.lasting = false;
	plan.struck = false;
}

void
torture_look_for(const char *text)
{
	pthread_mutex_lock(&blocks.mutex);
	blocks.text = text;
	pthread_mutex_unlock(&blocks.mutex);
	atomic_store(&found, 0);
}

unsigned
torture_found(void)
{
	return atomic_load(&found);
}

void
torture_wipe(void *block)
{
	if (block != NULL)
		explicit_bzero(block, malloc_usable_size(block));
	free(block);
}

static void __attribute__((destructor)) tell_unfinished_scene(void)
{
	if (scene_unfinished)
		fprintf(stderr, "torture: the scene went wrong with its call %u refused (0: none)\n",
			scene_call);
}

/*
 * What the linker calls instead of the functions themselves, and what it calls
 * these. The names are the linker's, reserved or not.
 */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
int __real_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int __real_eventfd(unsigned count, int flags);
ssize_t __real_getrandom(void *out, size_t len, unsigned flags);
int __real_open(const char *path, int flags, ...);
int __real_socket(int domain, int type, int protocol);
int __real_bind(int fd, const struct sockaddr *address, socklen_t len);
int __real_listen(int fd, int backlog);
int __real_epoll_create1(int flags);
int __real_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_reallocarray(void *block, size_t n, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t max);
void __wrap_free(void *block);
int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int __wrap_eventfd(unsigned count, int flags);
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags);
int __wrap_open(const char *path, int flags, ...);
int __wrap_socket(int domain, int type, int protocol);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_listen(int fd, int backlog);
int __wrap_epoll_create1(int flags);
int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);

static bool
no_memory(const char *call)
{
	if (!refused(call))
		return false;
	errno = ENOMEM;
	return true;
}

static bool
no_resource(const char *call, int reason)
{
	if (!refused(call))
		return false;
	errno = reason;
	return true;
}

void *
__wrap_malloc(size_t size)
{
	void *block;

	if (no_memory("malloc"))
		return NULL;
	block = __real_malloc(size);
	fill_with_junk(block, size);
	return block_made(block);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return no_memory("calloc") ? NULL : block_made(__real_calloc(n, size));
}

/* Always moves: whoever keeps the old address is found out, and what is left there is looked at. */
static void *
resize(void *block, size_t size)
{
	void *moved = __real_malloc(size);
	size_t old;

	if (moved == NULL)
		return NULL;
	fill_with_junk(moved, size);
	block_made(moved);
	if (block != NULL) {
		old = malloc_usable_size(block);
		memcpy(moved, block, old < size ? old : size);
		block_freed(block);
		__real_free(block);
	}
	return moved;
}

void *
__wrap_realloc(void *block, size_t size)
{
	return no_memory("realloc") ? NULL : resize(block, size);
}

void *
__wrap_reallocarray(void *block, size_t n, size_t size)
{
	size_t bytes;

	if (no_memory("reallocarray"))
		return NULL;
	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return resize(block, bytes);
}

static char *
duplicate(const char *text, size_t len)
{
	char *copy = block_made(__real_malloc(len + 1));

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *
__wrap_strdup(const char *text)
{
	return no_memory("strdup") ? NULL : duplicate(text, strlen(text));
}

char *
__wrap_strndup(const char *text, size_t max)
{
	return no_memory("strndup") ? NULL : duplicate(text, strnlen(text, max));
}

void
__wrap_free(void *block)
{
	block_freed(block);
	__real_free(block);
}

int
__wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	return refused("pthread_create") ? EAGAIN : __real_pthread_create(thread, attr, start, arg);
}

int
__wrap_eventfd(unsigned count, int flags)
{
	return no_resource("eventfd", EMFILE) ? -1 : __real_eventfd(count, flags);
}

ssize_t
__wrap_getrandom(void *out, size_t len, unsigned flags)
{
	return no_resource("getrandom", ENOSYS) ? -1 : __real_getrandom(out, len, flags);
}

int
__wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (no_resource("open", EMFILE))
		return -1;
	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return __real_open(path, flags, mode);
}

int
__wrap_socket(int domain, int type, int protocol)
{
	return no_resource("socket", EMFILE) ? -1 : __real_socket(domain, type, protocol);
}

int
__wrap_bind(int fd, const struct sockaddr *address, socklen_t len)
{
	return no_resource("bind", EADDRINUSE) ? -1 : __real_bind(fd, address, len);
}

int
__wrap_listen(int fd, int backlog)
{
	return no_resource("listen", EADDRINUSE) ? -1 : __real_listen(fd, backlog);
}

int
__wrap_epoll_create1(int flags)
{
	return no_resource("epoll_create1", EMFILE) ? -1 : __real_epoll_create1(flags);
}

/* Changing and removing what is there needs nothing, so it is not refused. */
int
__wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	if (op == EPOLL_CTL_ADD && no_resource("epoll_ctl", ENOSPC))
		return -1;
	return __real_epoll_ctl(epoll, op, fd, event);
}
