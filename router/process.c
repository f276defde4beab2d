/* SPDX-License-Identifier: MIT */
/* process - see process.h */
#include "router/process.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"

/* The leak checker of a sanitizer is a debugger to the kernel. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MAY_BE_TRACED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { MAY_BE_TRACED = 1 };
#else
enum { MAY_BE_TRACED = 0 };
#endif
#else
enum { MAY_BE_TRACED = 0 };
#endif

enum { ARENAS = 2 };

/* Proxies that libraries would use unasked, and files that TLS libraries write keys to. */
static const char *const forgotten[] = {"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY",
	"all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "socks_proxy", "SSLKEYLOGFILE"};

static void
waited_for(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

/* As many descriptors as we may have; that they might be too few is told by the core. */
static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * By itself malloc spreads over eight arenas a processor, each keeping what was freed in it, and
 * resident memory drifts by megabytes. Two are as fast: a relay allocates once in 16 KiB.
 */
static void
share_arenas(void)
{
	(void)mallopt(M_ARENA_MAX, ARENAS);
}

int
process_prepare(struct err *err)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	waited_for(&set);
	errno = pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (errno != 0 || sigaction(SIGPIPE, &ignore, NULL) < 0)
		return err_errno(err, "signals cannot be set up");
	raise_descriptors();
	share_arenas();
	/* Passwords and tickets are in memory. */
	if (setrlimit(RLIMIT_CORE, &(struct rlimit){0}) < 0 ||
		(!MAY_BE_TRACED && prctl(PR_SET_DUMPABLE, 0) < 0))
		return err_errno(err, "core files cannot be forbidden");
	for (size_t i = 0; i < sizeof(forgotten) / sizeof(forgotten[0]); i++)
		unsetenv(forgotten[i]);
	return 0;
}

enum process_event
process_wait(int64_t deadline_ms)
{
	int64_t left = clock_left_ms(deadline_ms);
	struct timespec timeout = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
	sigset_t set;

	waited_for(&set);
	switch (sigtimedwait(&set, NULL, &timeout)) {
	case SIGHUP:
		return PROCESS_RELOAD;
	case SIGTERM:
	case SIGINT:
		return PROCESS_STOP;
	default:
		return PROCESS_NOTHING;
	}
}
