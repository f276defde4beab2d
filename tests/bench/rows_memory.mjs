// SPDX-License-Identifier: MIT
//
// rows_memory - what a session keeps, waiting, connected and after much was relayed; what many
// idle ones use of the CPU.

import { pause, until } from '../lib/wait.mjs';
import { withArena } from './arena.mjs';
import { cpuOver } from './load.mjs';
import { cpuNs, tree } from './proc.mjs';
import { GIB, KIB, scheme } from './sizes.mjs';
import { comparison, GATEWAY, row } from './stats.mjs';
import { ready } from './subject.mjs';

const TIMEOUT_S = 300;
const STILL_POLLS = 6;
const POLL_MS = 100;
/* A process of 5 MiB for each of websockify's sessions. */
const WEBSOCKIFY_MAX = 100;
const TOO_MANY = `a process a session: no more than ${WEBSOCKIFY_MAX} here`;

export function memoryName(kind, tls, count) {
	return `memory a session, ${kind}, ${scheme(tls)}, at ${count}`;
}

export function idleName(kind, tls, count) {
	return `idle CPU of ${count}, ${kind}, ${scheme(tls)}`;
}

async function settled(subject, s) {
	await pause(subject.name === GATEWAY ? s.settleMs : s.peersSettleMs);
}

/* Its memory after a first session, which brings much once and for all. */
export async function baseOf(subject, s) {
	await subject.together(1, 'idle');
	await subject.quiet();
	await settled(subject, s);
	return subject.memory();
}

/* Idle sessions, more and more of them: { kib: { count: KiB a session }, base, idle: ms/s }. */
async function grow(subject, counts, mode, s) {
	const base = await baseOf(subject, s);
	const kib = {};
	const runs = [];
	let there = 0;
	for (const count of counts) {
		const run = await subject.browse(count - there, 'idle', { mode, timeoutS: TIMEOUT_S });
		await ready(run, count - there);
		runs.push(run);
		there = count;
		await settled(subject, s);
		kib[count] = (subject.memory().kib - base.kib) / count;
	}
	/* Peers have their own ways of doing nothing. */
	const idle = subject.name === GATEWAY ? await idleCpu(subject, s.idleMs) : undefined;
	for (const run of runs)
		await run.go();
	return { kib, base, idle };
}

/* In ms a second. */
async function idleCpu(subject, ms) {
	const { wall_ns: wall, cpu_ns: cpu } = await cpuOver(ms, { subject: subject.pid });
	return cpu.subject / 1e6 / (wall / 1e9);
}

/* Until nobody uses CPU time any more: all is relayed. */
export async function stillness(subject, run) {
	const pids = [...tree(subject.pid), subject.pve.pid, run.pid];
	let last = -1;
	let polls = 0;
	await until(async () => {
		const now = cpuNs(pids);
		polls = now === last ? polls + 1 : 0;
		last = now;
		await pause(POLL_MS);
		return polls >= STILL_POLLS;
	}, TIMEOUT_S * 1000, 'all bytes to be relayed');
}

/* As grow(), when each session has relayed its part of so many bytes and is still there. */
async function used(subject, count, bytes, s) {
	const each = Math.round(bytes / count / (16 * KIB)) * 16 * KIB;
	const base = await baseOf(subject, s);
	const run = await subject.held(count, `stream-16384-${each}`, { timeoutS: TIMEOUT_S });
	await ready(run, count + 1);
	run.begin();
	await stillness(subject, run);
	await settled(subject, s);
	const kib = { [count]: (subject.memory().kib - base.kib) / count };
	const result = await run.cut();
	if (result.failed !== 1 || result.bytes !== count * each)
		throw new Error(`${result.bytes} of ${count * each} bytes came: ${result.errors.join('; ')}`);
	return { kib, base };
}

/* One run of a kind with everybody, each in its turn; into outcomes by name. */
async function measureAll(outcomes, { tls, pool, peers, gateway = true }, measure) {
	await withArena({ tls, pool, peers, gateway }, async (subjects) => {
		for (const subject of subjects) {
			if (!outcomes.has(subject.name))
				outcomes.set(subject.name, { results: [], error: null });
			const outcome = outcomes.get(subject.name);
			try {
				if (!outcome.error)
					outcome.results.push(await measure(subject));
			} catch (e) {
				outcome.error = e.message;
			}
		}
	});
}

/* The rows of one kind at one count; who has no figure at that count is left out. */
function rowsAt(kind, tls, count, outcomes) {
	const all = new Map([...outcomes].map(([who, outcome]) => [who,
		!outcome.error && outcome.results[0].kib[count] === undefined
			? { leftOut: TOO_MANY } : outcome]));
	const unit = [...outcomes.values()].find((o) => !o.error)?.results[0].base.kind ?? 'PSS';
	return comparison(memoryName(kind, tls, count), `KiB ${unit}`, all, (r) => r.kib[count],
		(results) => ({ note: `${(results[0].base.kib / KIB).toFixed(1)} MiB with none` }));
}

function memoryOf(tls) {
	return async (s) => {
		const { sessions, runs, transfer, peers, kinds: wanted } = s.memory;
		const most = sessions.at(-1);
		const place = { tls, pool: most + 8, peers };
		const countsOf = (subject) => (subject.name === 'websockify'
			? sessions.filter((n) => n <= WEBSOCKIFY_MAX) : sessions);
		const kinds = [
			{ kind: 'waiting', place: { ...place, peers: [] }, counts: sessions,
				measure: (subject) => grow(subject, sessions, 'link', s) },
			{ kind: 'connected', place, counts: sessions,
				measure: (subject) => grow(subject, countsOf(subject), 'all', s) },
			{ kind: `after ${transfer / GIB} GiB`, counts: [sessions[0]],
				place: { ...place, peers: peers.filter((name) => name !== 'websockify') },
				measure: (subject) => used(subject, sessions[0], transfer, s) },
		].filter(({ kind }) => wanted.includes(kind.split(' ')[0]));
		const rows = [];
		for (const { kind, place: where, counts, measure } of kinds) {
			const outcomes = new Map();
			for (let i = 0; i < runs; i++)
				await measureAll(outcomes, where, measure);
			rows.push(...counts.flatMap((count) => rowsAt(kind, tls, count, outcomes)));
			rows.push(...idleRows(kind, tls, most, outcomes));
		}
		return rows;
	};
}

function idleRows(kind, tls, count, outcomes) {
	const { results, error } = outcomes.get(GATEWAY);
	if (error || results[0].idle === undefined)
		return [];
	return [row(idleName(kind, tls, count), 'ms/s', results.map((r) => r.idle))];
}

export const MEMORY_GROUPS = [
	{ name: 'memory ws', run: memoryOf(false) },
	{ name: 'memory wss', run: memoryOf(true) },
];
