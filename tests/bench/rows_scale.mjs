// SPDX-License-Identifier: MIT
//
// rows_scale - what becomes of the cost of a session and of a message when there are many; and
// of everybody else when one browser does not read.

import { pause } from '../lib/wait.mjs';
import { withArena, withGateway } from './arena.mjs';
import { baseOf } from './rows_memory.mjs';
import { delay, PACED_SESSIONS } from './rows_relay.mjs';
import { KIB, scheme, share } from './sizes.mjs';
import { bottleneck, comparison, median, ratio, row } from './stats.mjs';
import { ready } from './subject.mjs';

const FRAME = 256;
/*
 * Of all sessions together, whether they are one or 2000: what differs along the curve is
 * their number alone, not how busy the machine is.
 */
const MESSAGES_A_SECOND = 4000;
const SETTLE_MS = 500;
const TIMEOUT_S = 300;
const OPENING_AT_ONCE = 16;
/* Fewer sessions are less than what an allocator takes and gives back by the way. */
const SEEN_IN_MEMORY = 10;

export const SCALE_CPU = 'CPU a message';
export const SCALE_MEMORY = 'memory a session';

export function scaleName(figure, tls, count) {
	return `scale, ${figure}, ${scheme(tls)}, at ${count}`;
}

/* ---- 1 to 2000 sessions ---- */

async function point(subject, base, count, seconds) {
	const rate = Math.round(MESSAGES_A_SECOND / count);
	const frames = rate * seconds;
	await subject.quiet();
	const run = await subject.browse(count, `paced-${FRAME}-${FRAME * frames}-${rate}`,
		{ timeoutS: TIMEOUT_S, parallel: OPENING_AT_ONCE });
	await ready(run, count);
	await pause(SETTLE_MS);
	const { kib, kind } = subject.memory();
	const result = await run.go();
	return { ...result, kind, kib: (kib - base.kib) / count };
}

async function curve(outcomes, subject, s) {
	const base = await baseOf(subject, s);
	for (const count of s.scale.sessions) {
		const all = outcomes.get(count);
		if (!all.has(subject.name))
			all.set(subject.name, { results: [], error: null });
		const outcome = all.get(subject.name);
		try {
			if (!outcome.error)
				outcome.results.push(await point(subject, base, count, share(s, s.scale.seconds)));
		} catch (e) {
			outcome.error = e.message;
		}
	}
}

function pointRows(tls, count, outcomes) {
	const perMessage = (r) => r.cpu_ns.subject / 1e3 / (r.bytes / FRAME);
	const late = (results) => (median(results.map((r) => delay(r, 99))) / 1000).toFixed(2);
	const kind = [...outcomes.values()].find((o) => !o.error)?.results[0].kind ?? 'PSS';
	return [
		...comparison(scaleName(SCALE_CPU, tls, count), 'us', outcomes, perMessage, (results) => ({
			flags: results.flatMap(bottleneck), note: `frames late p99 ${late(results)} ms`,
			sessions: count })),
		...(count < SEEN_IN_MEMORY ? [] : comparison(scaleName(SCALE_MEMORY, tls, count),
			`KiB ${kind}`, outcomes, (r) => r.kib, () => ({ sessions: count }))),
	];
}

function scale(tls) {
	return async (s) => {
		const { sessions, peers } = s.scale;
		const outcomes = new Map(sessions.map((count) => [count, new Map()]));
		for (let i = 0; i < s.runs; i++)
			await withArena({ tls, pool: Math.max(...sessions) + 8, peers }, async (subjects) => {
				for (const subject of subjects)
					await curve(outcomes, subject, s);
			});
		return sessions.flatMap((count) => pointRows(tls, count, outcomes.get(count)));
	};
}

/* ---- one that does not read ---- */

const STALL_FRAME = 16 * KIB;
const STALL_RATE = 50;
const SAMPLE_MS = 200;
/* So many for what one costs: the memory of those that work differs by more than that between runs. */
const STALLED = 10;

export function stallName(figure, tls) {
	return `one stalled of ${PACED_SESSIONS + 1}, ${scheme(tls)}, ${figure}`;
}

export const STALL_DELAY = "others' p99 against before";
export const STALL_MEMORY = 'what it costs';

/* The result, and the memory while it worked: the median of the later half of the samples. */
async function sampled(subject, work, stall) {
	const samples = [];
	let over = false;
	await subject.quiet();
	const run = await subject.browse(PACED_SESSIONS + 1, work, { stall, timeoutS: TIMEOUT_S });
	await ready(run, PACED_SESSIONS + 1);
	const result = run.go().finally(() => (over = true));
	while (!over) {
		samples.push(subject.memory().kib);
		await pause(SAMPLE_MS);
	}
	return { ...await result, kib: median(samples.slice(samples.length >> 1)) };
}

function stallWork(s, seconds) {
	return `paced-${STALL_FRAME}-${STALL_FRAME * share(s, STALL_RATE * seconds)}-${STALL_RATE}`;
}

/*
 * One stalls in the middle of a run: the median p99 of the seconds before, and of the last ones,
 * in microseconds. Between two runs they differ threefold, by how the sessions' frames happen to
 * follow one another; and a second in which a shared machine stands still is one second.
 */
async function delayed(gateway, s) {
	const { seconds, afterMs, last } = s.stall.delay;
	const result = await gateway.together(PACED_SESSIONS + 1, stallWork(s, seconds),
		{ stall: 1, stallAfterMs: share(s, afterMs), timeoutS: TIMEOUT_S });
	const p99s = result.delays_us.p99_each_second;
	const whole = [delay(result, 99)]; /* of a run too short for seconds */
	const before = p99s.slice(1, Math.floor(afterMs / 1000));
	return { flags: bottleneck(result), before: median(before.length > 0 ? before : whole),
		after: median(p99s.length > 0 ? p99s.slice(-last) : whole) };
}

function stall(tls) {
	return (s) => withGateway({ tls, pool: PACED_SESSIONS + 9 }, async (gateway) => {
		const work = stallWork(s, s.stall.seconds);
		const delays = [];
		const without = [];
		const several = [];
		for (let i = 0; i < s.runs; i++) {
			await gateway.quiet();
			delays.push(await delayed(gateway, s));
			without.push(await sampled(gateway, work, 0));
			several.push(await sampled(gateway, work, STALLED));
		}
		const before = delays.map((d) => d.before);
		const after = delays.map((d) => d.after);
		const flags = delays.flatMap((d) => d.flags);
		return [
			row(stallName("others' p99", tls), 'us', after, { flags }),
			row(stallName("everybody's p99 before", tls), 'us', before, { flags }),
			row(stallName(STALL_DELAY, tls), 'x', ratio(after, before).runs),
			row(stallName(STALL_MEMORY, tls), 'KiB',
				several.map((r, i) => (r.kib - without[i].kib) / STALLED),
				{ note: `a tenth of what ${STALLED} of ${PACED_SESSIONS + 1} cost` }),
		];
	});
}

export const SCALE_GROUPS = [false, true].flatMap((tls) => [
	{ name: `scale ${scheme(tls)}`, run: scale(tls), when: (s) => s.scale },
	{ name: `stall ${scheme(tls)}`, run: stall(tls), when: (s) => s.stall },
]);
