/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/load.h"

enum { WATCHED_MAX = 8 };

struct watched {
	struct {
		char name[24];
		pid_t pid;
		int64_t ns;
	} rows[WATCHED_MAX];
	size_t count;
	int64_t wall_ns;
};

/* ---- CPU time of a process and its children ---- */

/* What is in a file of /proc, "" when it is not there. */
static const char *
proc_text(const char *name)
{
	static char text[8192];
	FILE *f = fopen(name, "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	return text;
}

/* Of children that ended and were waited for; the kernel counts it in ticks. */
static int64_t
waited_for_ns(pid_t pid)
{
	unsigned long user = 0, kernel = 0;
	const char *text;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	text = strrchr(proc_text(name), ')'); /* the name before it may hold anything */
	if (!text || sscanf(text, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %lu %lu",
					 &user, &kernel) != 2)
		return 0;
	return (int64_t)(user + kernel) * (INT64_C(1000000000) / sysconf(_SC_CLK_TCK));
}

static int64_t
clock_of(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return -1;
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

enum { TREE_MAX = 4096 };

/* Add the children that a process has begun in this thread of its. */
static void
add_children(pid_t pid, const char *thread, pid_t tree[TREE_MAX], size_t *count)
{
	const char *text;
	char name[300], *rest;
	long child;

	snprintf(name, sizeof(name), "/proc/%d/task/%s/children", (int)pid, thread);
	for (text = proc_text(name); *count < TREE_MAX; text = rest) {
		child = strtol(text, &rest, 10);
		if (rest == text)
			return;
		tree[(*count)++] = (pid_t)child;
	}
}

/* -1 when there is no such process. */
static int64_t
tree_ns(pid_t pid)
{
	static pid_t tree[TREE_MAX];
	int64_t sum = clock_of(pid), ns;
	size_t count = 1, i;
	struct dirent *entry;
	char name[64];
	DIR *threads;

	tree[0] = pid;
	for (i = 0; sum >= 0 && i < count; i++) {
		ns = i ? clock_of(tree[i]) : 0;
		sum += waited_for_ns(tree[i]) + (ns > 0 ? ns : 0);
		snprintf(name, sizeof(name), "/proc/%d/task", (int)tree[i]);
		threads = opendir(name);
		while (threads && (entry = readdir(threads)))
			if (entry->d_name[0] != '.')
				add_children(tree[i], entry->d_name, tree, &count);
		if (threads)
			closedir(threads);
	}
	return sum;
}

/* ---- the list ---- */

static void
watched_add(struct watched *w, const char *name, size_t len, pid_t pid)
{
	if (w->count == WATCHED_MAX || len >= sizeof(w->rows[0].name))
		die("--watch is too long");
	snprintf(w->rows[w->count].name, sizeof(w->rows[0].name), "%.*s", (int)len, name);
	w->rows[w->count++].pid = pid;
}

struct watched *
watched_parse(const char *list)
{
	struct watched *w = allocate(sizeof(*w));
	size_t len;
	char pid[16];

	watched_add(w, "self", 4, getpid());
	while (*list) {
		len = strcspn(list, "=");
		if (list[len] != '=')
			die("--watch wants name=pid,name=pid");
		snprintf(pid, sizeof(pid), "%.*s", (int)strcspn(list + len + 1, ","), list + len + 1);
		watched_add(w, list, len, (pid_t)number(pid, 1 << 22, "a process id"));
		list += strcspn(list, ",");
		list += *list == ',';
	}
	return w;
}

/* The clocks' values the first time, what has passed since then the second time. */
static void
take(struct watched *w)
{
	int64_t ns;
	size_t i;

	for (i = 0; i < w->count; i++) {
		ns = tree_ns(w->rows[i].pid);
		if (ns < 0)
			die("process %s (%d) is gone", w->rows[i].name, (int)w->rows[i].pid);
		w->rows[i].ns = ns - w->rows[i].ns;
	}
	w->wall_ns = now_ns() - w->wall_ns;
}

void
watched_start(struct watched *w)
{
	size_t i;

	for (i = 0; i < w->count; i++)
		w->rows[i].ns = 0;
	w->wall_ns = 0;
	take(w);
}

void
watched_stop(struct watched *w)
{
	take(w);
}

void
watched_print(const struct watched *w)
{
	size_t i;

	printf("\"wall_ns\":%lld,\"cpu_ns\":{", (long long)w->wall_ns);
	for (i = 0; i < w->count; i++)
		printf("%s\"%s\":%lld", i ? "," : "", w->rows[i].name, (long long)w->rows[i].ns);
	printf("}");
}
