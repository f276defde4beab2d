/* SPDX-License-Identifier: MIT */
/*
 * churn - browsers that come and go.
 *
 * `load churn --links FILE [--parallel N] [--per-second N] [--watch LIST]` opens every
 * link in FILE (one a line), each in one of the ways below in turn, N at a time and no
 * more than so many a second. A link for which there is no place is tried again. Their
 * node has to be "stream-64-64". The last line is {"event":"done",...}. When its input
 * ends, it ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tests/bench/browser.h"
#include "tests/bench/load.h"

#define WORK "stream-64-64"

enum { ERRORS_SHOWN = 5, ERROR_SIZE = 300, TURN_MS = 100, BUSY = 503 };

static const int64_t ns_a_second = INT64_C(1000000000);
static const int64_t busy_ns = INT64_C(200000000);
static const int64_t patience_ns = INT64_C(30000000000);

/* How a browser comes and goes; the work of those that come to the screen is its first byte. */
static const struct way {
	const char *name;
	enum moment leaves_at; /* AT_START: at the first byte */
	enum manner manner;
	bool half;
	unsigned visits; /* on one link, each from the page on */
} ways[] = {
	{"closed", AT_START, BY_CLOSE, false, 1},
	{"again after a close", AT_START, BY_CLOSE, false, 4},
	{"left at the page", AT_MANDATORY, BY_FIN, false, 1},
	{"again after a FIN", AT_START, BY_FIN, false, 4},
	{"left at the 101", AT_WEBSOCKET, BY_FIN, false, 2},
	{"RST at the first byte", AT_START, BY_RST, false, 1},
	{"half a request", AT_START, BY_RST, true, 2},
	{"again after a RST", AT_START, BY_RST, false, 4},
	{"RST at the screen", AT_SCREEN, BY_RST, false, 2},
	{"left at the redirect", AT_LINK, BY_FIN, false, 1},
	{"RST at the 101", AT_WEBSOCKET, BY_RST, false, 2},
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

struct churn;

/* One browser's place, used by one after another. */
struct visitor {
	struct browser browser;
	struct churn *run;
	const struct way *way;
	const char *link;
	unsigned visits;    /* on this link */
	struct timer timer; /* gives up, or tries again */
	bool waits;         /* for a place in the gateway */
	struct visitor *next;
};

struct churn {
	struct loop loop;
	struct watch input;
	struct timer pace;
	struct browser_plan plan;
	char **links;
	size_t count, begun, over;
	int64_t due_ns, period_ns;
	struct visitor *free, *ended; /* ended: to be looked at when their callbacks are over */
	uint64_t visits, screens, busy, failed, by_way[WAYS];
	char errors[ERRORS_SHOWN][ERROR_SIZE];
};

/* ---- one link ---- */

static void
on_changed(void *arg, struct browser *b, enum browser_state from)
{
	struct visitor *v = b->owner;
	struct churn *t = arg;

	(void)from;
	if (b->state < BROWSER_DONE)
		return;
	t->screens += b->at_ns[AT_FIRST] != 0;
	v->next = t->ended;
	t->ended = v;
}

static void
visit(struct visitor *v)
{
	struct churn *t = v->run;
	struct browser *b = &v->browser;

	t->visits++;
	loop_set(&t->loop, &v->timer, now_ns() + patience_ns);
	if (v->visits++ > 0) {
		browser_again(b);
		return;
	}
	*b = (struct browser){
		.owner = v, .leaves_at = v->way->leaves_at, .manner = v->way->manner, .half = v->way->half};
	browser_start(b, &t->plan, v->link);
}

static void
on_timer(void *arg)
{
	struct visitor *v = arg;

	if (v->waits) {
		v->waits = false;
		v->visits = 0;
		visit(v);
	} else {
		browser_fail(&v->browser, "%s: nothing comes of step %d", v->way->name, v->browser.step);
	}
}

static void
remember(struct churn *t, const struct visitor *v)
{
	if (t->failed++ < ERRORS_SHOWN)
		snprintf(t->errors[t->failed - 1], ERROR_SIZE, "%s, visit %u: %s", v->way->name, v->visits,
			v->browser.error);
}

/* A visit has ended: what now? */
static void
after(struct visitor *v)
{
	struct churn *t = v->run;

	if (v->browser.state == BROWSER_DONE && v->visits < v->way->visits) {
		visit(v);
		return;
	}
	if (v->browser.refused == BUSY && v->visits == 1) {
		t->busy++;
		t->visits--;
		v->waits = true;
		loop_set(&t->loop, &v->timer, now_ns() + busy_ns);
		return;
	}
	if (v->browser.state == BROWSER_FAILED)
		remember(t, v);
	else
		t->by_way[v->way - ways]++;
	loop_unset(&t->loop, &v->timer);
	t->over++;
	v->next = t->free;
	t->free = v;
}

/* ---- all of them ---- */

static void
on_pace(void *arg)
{
	struct churn *t = arg;
	struct visitor *v = t->free;

	t->due_ns += t->period_ns;
	if (t->due_ns < now_ns())
		t->due_ns = now_ns();
	if (v && t->begun < t->count) {
		t->free = v->next;
		v->link = t->links[t->begun];
		v->way = &ways[t->begun++ % WAYS];
		v->visits = 0;
		visit(v);
	}
	if (t->begun < t->count)
		loop_set(&t->loop, &t->pace, t->due_ns);
}

static void
on_input(void *arg, uint32_t events)
{
	struct churn *t = arg;
	char text[64];

	(void)events;
	t->loop.stop = read(STDIN_FILENO, text, sizeof(text)) <= 0;
}

static void
run(struct churn *t)
{
	struct visitor *v;

	while (t->over < t->count && !t->loop.stop) {
		loop_turn(&t->loop, TURN_MS);
		while ((v = t->ended)) {
			t->ended = v->next;
			after(v);
		}
	}
}

static void
print_result(const struct churn *t, const struct watched *watched)
{
	size_t i;

	printf("{\"event\":\"done\",\"links\":%zu,\"over\":%zu,\"visits\":%llu,\"screens\":%llu,"
		   "\"busy\":%llu,\"failed\":%llu,\"ways\":{",
		t->count, t->over, (unsigned long long)t->visits, (unsigned long long)t->screens,
		(unsigned long long)t->busy, (unsigned long long)t->failed);
	for (i = 0; i < WAYS; i++)
		printf("%s\"%s\":%llu", i ? "," : "", ways[i].name, (unsigned long long)t->by_way[i]);
	printf("},\"errors\":[");
	for (i = 0; i < ERRORS_SHOWN && i < t->failed; i++) {
		printf("%s", i ? "," : "");
		print_text(t->errors[i]);
	}
	printf("],");
	watched_print(watched);
	printf("}\n");
}

int
load_churn(struct options *o)
{
	static struct churn t = {.plan = {.at_once = true, .changed = on_changed, .arg = &t}};
	struct watched *watched = watched_parse(option(o, "watch", ""));
	size_t i, parallel = option_number(o, "parallel", 10000, 16);
	struct visitor *visitors = allocate(parallel * sizeof(*visitors));

	if (!work_parse(WORK, &t.plan.work))
		die("%s is no work", WORK);
	t.period_ns = ns_a_second / (int64_t)option_number(o, "per-second", 100000, 1000);
	t.links = links_read(option(o, "links", NULL), &t.count);
	options_end(o);
	loop_init(&t.loop);
	t.plan.loop = &t.loop;
	t.plan.tls = conn_tls(NULL, NULL);
	t.input = (struct watch){.fd = STDIN_FILENO, .ready = on_input, .arg = &t};
	loop_add(&t.loop, &t.input, EPOLLIN);
	for (i = 0; i < parallel; i++) {
		visitors[i].run = &t;
		visitors[i].timer = (struct timer){.fire = on_timer, .arg = &visitors[i]};
		visitors[i].next = t.free;
		t.free = &visitors[i];
	}
	t.pace = (struct timer){.fire = on_pace, .arg = &t};
	t.due_ns = now_ns();
	loop_set(&t.loop, &t.pace, t.due_ns);
	watched_start(watched);
	run(&t);
	watched_stop(watched);
	print_result(&t, watched);
	return t.failed > 0 || t.over < t.count;
}
