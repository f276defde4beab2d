/* SPDX-License-Identifier: MIT */
/*
 * resolver_shim - a name server that a test writes, and a record of every connection.
 *
 * Preloaded into the gateway. The file named by RESOLVER_SHIM has a line a name:
 * "name address address / address ...". Each "/" begins the answer to the next question,
 * the last one stays; a name without a line does not exist. What is asked for and what is
 * connected to is appended to <RESOLVER_SHIM>.log: "resolve name", "connect address port".
 * Nothing leaves the machine: what is not loopback is refused after it was written down.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NAMES_MAX = 64, NAME_SIZE = 256, LINE_SIZE = 1024 };

typedef int getaddrinfo_function(
	const char *, const char *, const struct addrinfo *, struct addrinfo **);
typedef int connect_function(int, const struct sockaddr *, socklen_t);

/* How often each name was asked for. */
static struct asked {
	char name[NAME_SIZE];
	unsigned times;
} asked[NAMES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *
script(void)
{
	const char *name = getenv("RESOLVER_SHIM");

	return name ? name : "/dev/null";
}

static void __attribute__((format(printf, 1, 2))) note(const char *fmt, ...)
{
	char path[4096], text[512];
	va_list args;
	int fd, n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s.log", script());
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		abort();
	close(fd);
}

/* The 0-based number of this question. */
static unsigned
count(const char *name)
{
	unsigned n = 0, i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < NAMES_MAX && asked[i].name[0] && strcmp(asked[i].name, name) != 0; i++)
		;
	if (i == NAMES_MAX)
		abort();
	snprintf(asked[i].name, NAME_SIZE, "%s", name);
	n = asked[i].times++;
	pthread_mutex_unlock(&lock);
	return n;
}

/* The script's line of a name, without the name; false when there is none. */
static bool
find(const char *name, char line[LINE_SIZE])
{
	FILE *f = fopen(script(), "re");
	size_t len = strlen(name);
	bool found = false;

	while (f && !found && fgets(line, LINE_SIZE, f)) {
		line[strcspn(line, "\n")] = '\0';
		found = strncasecmp(line, name, len) == 0 && line[len] == ' ';
	}
	if (f)
		fclose(f);
	if (found)
		memmove(line, line + len, strlen(line + len) + 1);
	return found;
}

/* The answer to the nth question; the last one stays. */
static char *
pick(char *line, unsigned n)
{
	char *at = line, *next;

	for (; n > 0 && (next = strchr(at, '/')) != NULL; n--)
		at = next + 1;
	at[strcspn(at, "/")] = '\0';
	return at;
}

int
getaddrinfo(
	const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	getaddrinfo_function *real = (getaddrinfo_function *)dlsym(RTLD_NEXT, "getaddrinfo");
	struct addrinfo numeric = hints ? *hints : (struct addrinfo){0}, **tail = out;
	char line[LINE_SIZE], *rest, *address;
	int r;

	numeric.ai_flags |= AI_NUMERICHOST;
	if (!host || real(host, service, &numeric, out) == 0)
		return host ? 0 : real(host, service, hints, out);
	note("resolve %s\n", host);
	if (!find(host, line))
		return EAI_NONAME;
	rest = pick(line, count(host));
	*out = NULL;
	while ((address = strtok_r(rest, " ", &rest)) != NULL) {
		r = real(address, service, &numeric, tail);
		if (r != 0)
			abort();
		while (*tail)
			tail = &(*tail)->ai_next;
	}
	return *out ? 0 : EAI_NONAME;
}

int
connect(int fd, const struct sockaddr *to, socklen_t len)
{
	connect_function *real = (connect_function *)dlsym(RTLD_NEXT, "connect");
	char text[INET6_ADDRSTRLEN];
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	bool loopback;

	if (to->sa_family == AF_INET) {
		memcpy(&v4, to, sizeof(v4));
		loopback = ntohl(v4.sin_addr.s_addr) >> 24 == 127;
		note("connect %s %u\n", inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text)),
			ntohs(v4.sin_port));
	} else if (to->sa_family == AF_INET6) {
		memcpy(&v6, to, sizeof(v6));
		loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
		note("connect %s %u\n", inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text)),
			ntohs(v6.sin6_port));
	} else {
		return real(fd, to, len);
	}
	if (loopback)
		return real(fd, to, len);
	errno = ECONNREFUSED;
	return -1;
}
