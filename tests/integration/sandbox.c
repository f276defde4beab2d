/* SPDX-License-Identifier: MIT */
/*
 * sandbox - run a program as the unit does, where there is no systemd to do it.
 *
 *   sandbox UID NAMES COMMAND...
 *
 * As that user and group, without capabilities, without core files, with the system calls
 * whose names are in the file NAMES, one a line; every other fails with EPERM. Of sockets
 * only UNIX and IP, and no memory that is writable and executable. What the unit hides of
 * the file system is not hidden here.
 */
#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CAPS = 64 };

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(125);
}

static void
become(unsigned id)
{
	struct rlimit core = {0, 0};

	must(setrlimit(RLIMIT_CORE, &core) == 0, "core");
	for (int cap = 0; cap < CAPS; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap);
	must(setgroups(0, NULL) == 0 && setgid(id) == 0 && setuid(id) == 0, "user");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "privileges");
}

static void
allow(const char *names)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	FILE *f = fopen(names, "r");
	char line[64];

	must(filter != NULL && f != NULL, names);
	while (fgets(line, sizeof(line), f) != NULL) {
		int call;

		line[strcspn(line, "\n")] = '\0';
		call = seccomp_syscall_resolve_name(line);
		/* Other architectures have other calls. */
		if (call != __NR_SCMP_ERROR && call >= 0)
			must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0, line);
	}
	fclose(f);
	must(seccomp_load(filter) == 0, "filter");
	seccomp_release(filter);
}

static void
forbid_arguments(void)
{
	const unsigned wx = PROT_WRITE | PROT_EXEC;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r = 0;

	for (unsigned family = 0; family < AF_INET6; family++)
		if (family != AF_UNIX && family != AF_INET)
			r |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
				SCMP_A0(SCMP_CMP_EQ, family));
	r |= seccomp_rule_add(
		filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_INET6));
	r |= seccomp_rule_add(
		filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, wx, wx));
	r |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mprotect), 1,
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	must(r == 0 && seccomp_load(filter) == 0, "arguments");
	seccomp_release(filter);
}

int
main(int argc, char *argv[])
{
	if (argc < 4) {
		fputs("usage: sandbox UID NAMES COMMAND...\n", stderr);
		return 125;
	}
	become((unsigned)strtoul(argv[1], NULL, 10));
	/* First what needs no permission to be loaded afterwards. */
	forbid_arguments();
	allow(argv[2]);
	execv(argv[3], argv + 3);
	perror(argv[3]);
	return 125;
}
