// SPDX-License-Identifier: MIT
//
// rows_relay - CPU for bytes and messages: as fast as it goes, paced, echoed; and the load
// tool's own limit. Gateway and peers take turns.

import { turns, withArena } from './arena.mjs';
import { startPve } from './load.mjs';
import { GIB, KIB, MIB, relayBytes, scheme, share, sizeText } from './sizes.mjs';
import { bottleneck, busy, comparison, median, row } from './stats.mjs';
import { Nothing } from './subject.mjs';

const RELAY_TIMEOUT_S = 300;

const gib = (result) => result.bytes / GIB;
const cpuPerGib = (result) => result.cpu_ns.subject / 1e9 / gib(result);
const gibPerSecond = (result) => gib(result) / (result.wall_ns / 1e9);

/* What of results goes into the JSON. */
function kept(results) {
	return results.map(({ bytes, wall_ns, cpu_ns }) => ({ bytes, wall_ns, cpu_ns }));
}

/* ---- the load tool's own limit ---- */

const SATURATED = 0.9; /* of a core */

async function aloneRow(nothing, s, frame) {
	const results = [];
	for (let i = 0; i < s.runs; i++)
		results.push(await nothing.together(1, `stream-${frame}-${relayBytes(s, frame, 1)}`));
	const both = (r) => (r.cpu_ns.pve + r.cpu_ns.self) / 1e9 / gib(r);
	return row(`both ends, TLS, ${sizeText(frame)}`, 'CPU-s/GiB', results.map(both), {
		who: 'nothing', note: `${median(results.map(gibPerSecond)).toFixed(2)} GiB/s with nothing ` +
			'between them' });
}

/* A core of nginx is used up while both ends have time left: so they are no limit. */
async function saturatedRow(s, tls) {
	const { value: results } = await withArena({ tls, gateway: false, peers: ['nginx'] },
		async ([nginx]) => {
			const all = [];
			for (let i = 0; i < s.runs; i++)
				all.push(await nginx.together(1, `stream-16384-${relayBytes(s, 16 * KIB, 1)}`));
			return all;
		});
	const cores = results.map((r) => r.cpu_ns.subject / r.wall_ns);
	return row(`saturated by both ends, ${scheme(tls)}, 16 KiB`, 'cores', cores, {
		who: 'nginx', note: busy(results), flags: [...results.flatMap(bottleneck),
			...(median(cores) < SATURATED ? ['not saturated: is the machine in use?'] : [])] });
}

async function alone(s) {
	const pve = await startPve();
	const rows = [];
	try {
		for (const frame of s.down[0][1])
			rows.push(await aloneRow(new Nothing(pve), s, frame));
	} finally {
		await pve.stop();
	}
	for (const tls of s.peers.includes('nginx') ? [false, true] : [])
		rows.push(await saturatedRow(s, tls));
	return rows;
}

/* ---- as fast as it goes ---- */

/* websockify needs a process a session and some system calls a frame: seconds for each run. */
function without(s, frame, sessions) {
	const slow = frame < 4 * KIB || (sessions > 1 && frame !== 16 * KIB);
	return slow && !s.slow ? { websockify: 'takes long: `make bench-full` has it' } : {};
}

function relayKinds(s, tls) {
	const kinds = [];
	for (const [way, work] of [['down', 'stream'], ['up', 'sink']])
		for (const [sessions, frames] of s[way])
			for (const frame of frames)
				kinds.push({ sessions, without: without(s, frame, sessions),
					what: relayName(way, tls, frame, sessions),
					work: `${work}-${frame}-${relayBytes(s, frame, sessions)}` });
	return kinds;
}

export function relayName(way, tls, frame, sessions = 1) {
	return `relay ${way}, ${scheme(tls)}, ${sizeText(frame)}` +
		(sessions > 1 ? `, ${sessions} sessions` : '');
}

function relayMore(results) {
	return { flags: results.flatMap(bottleneck), results: kept(results),
		note: `${median(results.map(gibPerSecond)).toFixed(2)} GiB/s; ${busy(results)}` };
}

function relay(tls) {
	return async (s) => {
		const kinds = relayKinds(s, tls);
		const { value } = await withArena({ tls, pool: 60, peers: s.peers }, async (subjects) => {
			const warm = [{ sessions: 1, work: `stream-16384-${16 * MIB}` }];
			const measure = (subject, kind) =>
				subject.together(kind.sessions, kind.work, { timeoutS: RELAY_TIMEOUT_S });
			await turns(subjects, warm, 1, measure);
			return turns(subjects, kinds, s.runs, measure);
		});
		return kinds.flatMap((kind, k) =>
			comparison(kind.what, 'CPU-s/GiB', value[k], cpuPerGib, relayMore));
	};
}

/* ---- paced: 100 screens that change ---- */

export const PACED_SESSIONS = 100;
const FRAMES_A_SECOND = 50;

const per100k = (frame) => (r) => r.cpu_ns.subject / 1e9 / (r.bytes / frame) * 1e5;

/* p50 or p99 of how late frames came, in us. */
export function delay(result, p) {
	return result.delays_us[`p${p}`];
}

function pacedMore(results) {
	const late = (p) => (median(results.map((r) => delay(r, p))) / 1000).toFixed(2);
	return { flags: results.flatMap(bottleneck), results: kept(results),
		note: `frames late p50 ${late(50)}, p99 ${late(99)} ms; ${busy(results)}`,
		delay_p99_us: results.map((r) => delay(r, 99)) };
}

export function pacedName(tls, frame) {
	return `paced, ${scheme(tls)}, ${sizeText(frame)}, ${PACED_SESSIONS} sessions`;
}

/* A hundred processes take long to come and go. */
function pacedPeers(s) {
	return s.slow ? s.peers : s.peers.filter((name) => name !== 'websockify');
}

function paced(tls) {
	return async (s) => {
		const frames = share(s, FRAMES_A_SECOND * s.pacedSeconds);
		const kinds = [
			{ frame: 16 * KIB, unit: 'CPU-s/GiB', figure: cpuPerGib },
			{ frame: 256, unit: 'CPU-s/100k messages', figure: per100k(256) },
		].map((kind) => ({ ...kind, what: pacedName(tls, kind.frame), sessions: PACED_SESSIONS,
			work: `paced-${kind.frame}-${kind.frame * frames}-${FRAMES_A_SECOND}` }));
		const { value } = await withArena({ tls, pool: PACED_SESSIONS + 8, peers: pacedPeers(s) },
			(subjects) => turns(subjects, kinds, s.runs, (subject, kind) =>
				subject.together(kind.sessions, kind.work, { timeoutS: RELAY_TIMEOUT_S })));
		return kinds.flatMap((kind, k) =>
			comparison(kind.what, kind.unit, value[k], kind.figure, pacedMore));
	};
}

/* ---- echo ---- */

const ECHO_BYTES = 10;

export function echoName(tls, sessions, p) {
	const many = sessions > 1 ? `, ${sessions} sessions` : '';
	return `echo of ${ECHO_BYTES} bytes, ${scheme(tls)}${many}, p${p}`;
}

function echoMore(rounds) {
	return (results) => {
		const cpu = median(results.map((r) => r.cpu_ns.subject)) / rounds / 1e3;
		return { note: `${cpu.toFixed(1)} us of CPU a round; ${busy(results)}` };
	};
}

function echo(tls) {
	return async (s) => {
		const kinds = Object.entries(s.echoes).map(([sessions, rounds]) => {
			const each = share(s, rounds);
			return { sessions: Number(sessions), rounds: each * sessions,
				work: `echo-${ECHO_BYTES}-${each * ECHO_BYTES}` };
		});
		const { value } = await withArena({ tls, pool: 108, peers: s.peers },
			(subjects) => turns(subjects, kinds, s.runs,
				(subject, kind) => subject.together(kind.sessions, kind.work)));
		return kinds.flatMap((kind, k) => [50, 99].flatMap((p) =>
			comparison(echoName(tls, kind.sessions, p), 'us', value[k], (r) => r[`rounds_p${p}_us`],
				p === 50 ? echoMore(kind.rounds) : undefined)));
	};
}

export const RELAY_GROUPS = [
	{ name: 'alone', run: alone },
	{ name: 'relay ws', run: relay(false) },
	{ name: 'relay wss', run: relay(true) },
	{ name: 'paced ws', run: paced(false), when: (s) => s.pacedSeconds > 0 },
	{ name: 'paced wss', run: paced(true), when: (s) => s.pacedSeconds > 0 },
	{ name: 'echo ws', run: echo(false) },
	{ name: 'echo wss', run: echo(true) },
];
