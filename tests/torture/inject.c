/* SPDX-License-Identifier: MIT */
/*
 * inject - the gateway's nth request to the system, refused on a test's command.
 *
 * It is linked into the program in front of everything else. Two kinds of calls are
 * counted while the test wants it, and the nth one fails:
 *
 *   memory and the like  what our own objects call to get memory, descriptors, ports, threads
 *                        and random bytes, through the linker's --wrap
 *   sockets              every read and write of a socket, by whatever library: the symbols
 *                        below come before those of libc. All the functions are here
 *                        that the libraries linked in use for it, says nm
 *
 * The file named by TORTURE_FILE is a struct control; the test writes and reads it, see
 * tests/torture/scene.mjs.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { NOTHING, RESOURCE, SOCKET };

struct control {
	_Atomic uint32_t kind;   /* what is counted */
	_Atomic uint32_t nth;    /* which one of them fails; 0: none */
	_Atomic uint32_t count;  /* how many there were */
	_Atomic uint32_t struck; /* has it failed? */
	char call[112];          /* which one that was, as text */
};

static struct control idle;
static struct control *control = &idle;

__attribute__((constructor)) static void
start(void)
{
	const char *name = getenv("TORTURE_FILE");
	int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
	void *map = fd < 0 ? MAP_FAILED
					   : mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map != MAP_FAILED)
		control = map;
	if (fd >= 0)
		close(fd);
}

/* "recv of libcurl.so.4+0x1234", which addr2line understands. */
static void
write_down(const char *call, void *caller)
{
	Dl_info info;
	const char *object = "?";
	uintptr_t offset = (uintptr_t)caller;

	if (dladdr(caller, &info) != 0 && info.dli_fname) {
		object = strrchr(info.dli_fname, '/');
		object = object ? object + 1 : info.dli_fname;
		offset -= (uintptr_t)info.dli_fbase;
	}
	/* A return address may belong to the next line already. */
	snprintf(control->call, sizeof(control->call), "%s of %s+0x%zx", call, object, offset - 1);
}

static bool
strikes(enum kind kind, const char *call, void *caller)
{
	if (atomic_load(&control->kind) != kind)
		return false;
	if (atomic_fetch_add(&control->count, 1) + 1 != atomic_load(&control->nth))
		return false;
	write_down(call, caller);
	atomic_store(&control->struck, 1);
	return true;
}

static bool
refused(const char *call, int reason, void *caller)
{
	if (!strikes(RESOURCE, call, caller))
		return false;
	errno = reason;
	return true;
}

/* A socket of the network: where the log goes may be one of the other kind. */
static bool
is_network(int fd)
{
	int domain = AF_UNSPEC;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
		   (domain == AF_INET || domain == AF_INET6);
}

static bool
broken(int fd, const char *call, int reason, void *caller)
{
	int before = errno;

	if (atomic_load(&control->kind) != SOCKET || !is_network(fd) ||
		!strikes(SOCKET, call, caller)) {
		errno = before;
		return false;
	}
	errno = reason;
	return true;
}

#define CALLER __builtin_return_address(0)

/* ---- memory and the like: result, function, parameters, arguments, failure, its errno ---- */

#define RESOURCE_TBL(X)                                                                           \
	X(void *, malloc, (size_t size), (size), NULL, ENOMEM)                                        \
	X(void *, calloc, (size_t n, size_t size), (n, size), NULL, ENOMEM)                           \
	X(void *, realloc, (void *block, size_t size), (block, size), NULL, ENOMEM)                   \
	X(char *, strdup, (const char *text), (text), NULL, ENOMEM)                                   \
	X(char *, strndup, (const char *text, size_t max), (text, max), NULL, ENOMEM)                 \
	X(ssize_t, getrandom, (void *out, size_t len, unsigned flags), (out, len, flags), -1, ENOSYS) \
	X(int, eventfd, (unsigned count, int flags), (count, flags), -1, EMFILE)                      \
	X(int, socket, (int domain, int type, int protocol), (domain, type, protocol), -1, EMFILE)    \
	X(int, accept4, (int fd, struct sockaddr *address, socklen_t *len, int flags),                \
		(fd, address, len, flags), -1, EMFILE)                                                    \
	X(int, listen, (int fd, int backlog), (fd, backlog), -1, EADDRINUSE)                          \
	X(int, connect, (int fd, const struct sockaddr *address, socklen_t len), (fd, address, len),  \
		-1, EADDRNOTAVAIL)                                                                        \
	X(int, pthread_create,                                                                        \
		(pthread_t * thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg),        \
		(thread, attr, run, arg), EAGAIN, 0)

#define X(result, name, params, args, failure, reason)                        \
	result __real_##name params;                                              \
	result __wrap_##name params;                                              \
	result __wrap_##name params                                               \
	{                                                                         \
		return refused(#name, reason, CALLER) ? failure : __real_##name args; \
	}
RESOURCE_TBL(X)
#undef X

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);

/* Those of our calls that give a descriptor have one argument more. */
int
__wrap_fcntl(int fd, int command, ...)
{
	va_list args;
	long arg;

	if (command == F_DUPFD_CLOEXEC && refused("fcntl", EMFILE, CALLER))
		return -1;
	va_start(args, command);
	arg = va_arg(args, long);
	va_end(args);
	return __real_fcntl(fd, command, arg);
}

/* ---- sockets: function, parameters, arguments, errno of the failure ---- */

#define SOCKET_TBL(X)                                                                           \
	X(read, (int fd, void *to, size_t len), (fd, to, len), ECONNRESET)                          \
	X(recv, (int fd, void *to, size_t len, int flags), (fd, to, len, flags), ECONNRESET)        \
	X(recvfrom, (int fd, void *to, size_t len, int flags, struct sockaddr *a, socklen_t *alen), \
		(fd, to, len, flags, a, alen), ECONNRESET)                                              \
	X(recvmsg, (int fd, struct msghdr *to, int flags), (fd, to, flags), ECONNRESET)             \
	X(write, (int fd, const void *from, size_t len), (fd, from, len), EPIPE)                    \
	X(send, (int fd, const void *from, size_t len, int flags), (fd, from, len, flags), EPIPE)   \
	X(sendto,                                                                                   \
		(int fd, const void *from, size_t len, int flags, const struct sockaddr *a,             \
			socklen_t alen),                                                                    \
		(fd, from, len, flags, a, alen), EPIPE)                                                 \
	X(sendmsg, (int fd, const struct msghdr *from, int flags), (fd, from, flags), EPIPE)

#define X(name, params, args, reason)                          \
	ssize_t name params                                        \
	{                                                          \
		static ssize_t(*_Atomic real) params;                  \
                                                               \
		if (broken(fd, #name, reason, CALLER))                 \
			return -1;                                         \
		if (!real)                                             \
			real = (ssize_t(*) params)dlsym(RTLD_NEXT, #name); \
		return real args;                                      \
	}
SOCKET_TBL(X)
#undef X
