/* SPDX-License-Identifier: MIT */
/*
 * death - does a mistake of our own end the program, as it must?
 *
 * Threads: the calling one forks, so it must be the only one.
 */
#ifndef TESTS_UNIT_DEATH_H
#define TESTS_UNIT_DEATH_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Does mistake() abort()? It runs in a child, silently and without a core file. */
static inline bool
aborts(void (*mistake)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

		setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		if (nowhere >= 0)
			dup2(nowhere, STDERR_FILENO);
		mistake();
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
