/* SPDX-License-Identifier: MIT */
/*
 * browse - many browsers, and what came of them.
 *
 * `load browse --links FILE --work WORK --mode MODE [--parallel N] [--watch LIST]
 * [--direct 1] [--raw 1] [--stall N] [--stall-after-ms N] [--timeout-s N]` opens every link in
 * FILE (one a line), N at a time.
 *   all   when all are there it prints {"event":"ready",...}, waits for a line on its
 *         input, and then lets all work at once; CPU time counts from that line on
 *   each  each works as soon as it is there and leaves; CPU time counts from the start
 *   link  as all, but every browser stops at the redirect
 * The first --stall browsers stop reading when they are there, or (mode all) so many ms after
 * the work has begun; nobody waits for what they would have received. The last line is
 * {"event":"done",...}. When its input ends, it ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tests/bench/browser.h"
#include "tests/bench/load.h"

enum { ERRORS_SHOWN = 5, TURN_MS = 100 };

struct browse {
	struct loop loop;
	struct watch input;
	struct browser_plan plan;
	struct browser *browsers;
	char **links;
	size_t count, started, parallel;
	size_t in[BROWSER_FAILED + 1]; /* how many are in each state */
	size_t stalls;
	int64_t stall_after_ns; /* 0: as soon as they are there */
	int64_t stall_at_ns;    /* 0: not to come, or done */
	struct hist rounds, delays;
	struct hist_seconds seconds;
	struct watched *watched;
	int64_t deadline_ns;
	bool all, told, ready_said;
};

/* ---- the run ---- */

static void
on_changed(void *arg, struct browser *b, enum browser_state from)
{
	struct browse *t = arg;

	t->in[from]--;
	t->in[b->state]++;
}

static void
on_input(void *arg, uint32_t events)
{
	struct browse *t = arg;
	char text[64];

	(void)events;
	if (read(STDIN_FILENO, text, sizeof(text)) > 0)
		t->told = true;
	else
		t->loop.stop = true;
}

static void
start_some(struct browse *t)
{
	struct browser *b;

	while (t->started < t->count && t->in[BROWSER_OPENING] < t->parallel) {
		b = &t->browsers[t->started++];
		b->stalls = t->started <= t->stalls && t->stall_after_ns == 0;
		t->in[BROWSER_OPENING]++;
		browser_start(b, &t->plan, t->links[b - t->browsers]);
	}
}

/* Nobody is left of whom anything is to come. */
static bool
over(const struct browse *t)
{
	return t->started == t->count &&
		   t->in[BROWSER_OPENING] + t->in[BROWSER_READY] + t->in[BROWSER_WORKING] == 0;
}

static bool
all_there(const struct browse *t)
{
	return t->started == t->count && t->in[BROWSER_OPENING] == 0;
}

static void
begin_work(struct browse *t)
{
	size_t i;

	t->told = false;
	watched_start(t->watched);
	for (i = 0; i < t->count; i++)
		browser_work(&t->browsers[i]);
	if (t->stall_after_ns > 0)
		t->stall_at_ns = now_ns() + t->stall_after_ns;
}

static void
stall_some(struct browse *t)
{
	size_t i;

	t->stall_at_ns = 0;
	for (i = 0; i < t->stalls && i < t->count; i++)
		browser_stall(&t->browsers[i]);
}

/* One step of the run; true when it is over. */
static bool
step(struct browse *t)
{
	start_some(t);
	if (t->all && !t->ready_said && all_there(t)) {
		printf("{\"event\":\"ready\",\"ready\":%zu,\"failed\":%zu}\n",
			t->count - t->in[BROWSER_FAILED], t->in[BROWSER_FAILED]);
		fflush(stdout);
		t->ready_said = true;
	}
	if (t->ready_said && t->told)
		begin_work(t);
	if (t->stall_at_ns > 0 && now_ns() >= t->stall_at_ns)
		stall_some(t);
	return over(t) || t->loop.stop || now_ns() > t->deadline_ns;
}

static void
run(struct browse *t)
{
	static const char *const doing[] = {"opening", "waiting", "stalled", "working"};
	struct browser *b;
	size_t i;

	watched_start(t->watched);
	while (!step(t))
		loop_turn(&t->loop, TURN_MS);
	watched_stop(t->watched);
	for (i = 0; i < t->count; i++) {
		b = &t->browsers[i];
		if (i >= t->started)
			snprintf(b->error, sizeof(b->error), "not begun when time was over");
		else if (b->state < BROWSER_DONE && b->state != BROWSER_STALLED)
			browser_fail(b, "still %s when time was over: sent %llu, received %llu bytes",
				doing[b->state], (unsigned long long)b->sent, (unsigned long long)b->received);
		else
			browser_leave(b);
	}
}

/* ---- results ---- */

static void
print_errors(const struct browse *t)
{
	size_t i, shown = 0;

	printf(",\"errors\":[");
	for (i = 0; i < t->count && shown < ERRORS_SHOWN; i++) {
		if (!*t->browsers[i].error)
			continue;
		printf("%s", shown++ ? "," : "");
		print_text(t->browsers[i].error);
	}
	printf("]");
}

static void
print_opens(const struct browse *t)
{
	const struct browser *b;
	bool first = true;
	size_t i;
	int m;

	printf(",\"opens_us\":[");
	for (i = 0; i < t->count; i++) {
		b = &t->browsers[i];
		if (b->state != BROWSER_DONE || !b->at_ns[AT_FIRST])
			continue;
		printf("%s[", first ? "" : ",");
		for (m = AT_LINK; m < MOMENTS; m++)
			printf("%s%.1f", m > AT_LINK ? "," : "",
				(double)(b->at_ns[m] - b->at_ns[AT_START]) / 1000.0);
		printf("]");
		first = false;
	}
	printf("]");
}

static void
print_rounds(const struct hist *h)
{
	size_t i;

	printf(",\"rounds_p50_us\":%.1f,\"rounds_p99_us\":%.1f,\"rounds_us\":[", hist_us(h, 0.5),
		hist_us(h, 0.99));
	for (i = 0; i < h->total && i < HIST_FIRST; i++)
		printf("%s%.1f", i ? "," : "", (double)h->first_ns[i] / 1000.0);
	printf("]");
}

static void
print_delays(const struct hist *h, const struct hist_seconds *s)
{
	size_t i;

	if (h->total == 0)
		return;
	printf(",\"delays_us\":{\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f,\"p99_each_second\":[",
		hist_us(h, 0.5), hist_us(h, 0.99), (double)h->max_ns / 1000.0);
	for (i = 0; i < s->over; i++)
		printf("%s%.1f", i ? "," : "", s->p99_us[i]);
	printf("]}");
}

static size_t
report(const struct browse *t)
{
	uint64_t bytes = 0;
	int64_t gap_ns = 0;
	size_t i, failed = 0;

	for (i = 0; i < t->count; i++) {
		failed += t->browsers[i].error[0] != '\0';
		gap_ns = t->browsers[i].gap_ns > gap_ns ? t->browsers[i].gap_ns : gap_ns;
		bytes += t->plan.work.what == WORK_SINK ? t->browsers[i].sent : t->browsers[i].received;
	}
	printf("{\"event\":\"done\",\"browsers\":%zu,\"failed\":%zu,\"stalled\":%zu,\"bytes\":%llu,"
		   "\"gap_ns\":%lld,",
		t->count, failed, t->in[BROWSER_STALLED], (unsigned long long)bytes, (long long)gap_ns);
	watched_print(t->watched);
	print_errors(t);
	print_opens(t);
	print_delays(&t->delays, &t->seconds);
	print_rounds(&t->rounds);
	printf("}\n");
	return failed;
}

static void
set_up(struct browse *t, struct options *o)
{
	const char *mode = option(o, "mode", NULL), *work = option(o, "work", NULL);

	if (!work_parse(work, &t->plan.work))
		die("%s is no work", work);
	t->plan.link_only = strcmp(mode, "link") == 0;
	t->plan.at_once = strcmp(mode, "each") == 0;
	t->all = t->plan.link_only || strcmp(mode, "all") == 0;
	if (!t->all && !t->plan.at_once)
		die("--mode is all, each or link");
	t->stall_after_ns = (int64_t)option_number(o, "stall-after-ms", 3600000, 0) * 1000000;
	if (t->stall_after_ns > 0 && !t->all)
		die("--stall-after-ms needs --mode all");
	t->plan.direct = option_number(o, "direct", 1, 0);
	t->plan.raw = option_number(o, "raw", 1, 0);
	t->stalls = option_number(o, "stall", 10000, 0);
	t->parallel = option_number(o, "parallel", 10000, 8);
	t->watched = watched_parse(option(o, "watch", ""));
	t->deadline_ns = now_ns() + (int64_t)option_number(o, "timeout-s", 3600, 60) * 1000000000;
	t->links = links_read(option(o, "links", NULL), &t->count);
	options_end(o);
	loop_init(&t->loop);
	t->plan.loop = &t->loop;
	t->plan.tls = conn_tls(NULL, NULL);
	t->plan.changed = on_changed;
	t->plan.arg = t;
	t->plan.rounds = &t->rounds;
	t->plan.delays = &t->delays;
	t->plan.seconds = &t->seconds;
	t->browsers = allocate(t->count * sizeof(*t->browsers));
	t->input = (struct watch){.fd = STDIN_FILENO, .ready = on_input, .arg = t};
	loop_add(&t->loop, &t->input, EPOLLIN);
}

int
load_browse(struct options *o)
{
	static struct browse t;

	set_up(&t, o);
	run(&t);
	return report(&t) > 0;
}
