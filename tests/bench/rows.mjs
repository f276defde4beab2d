// SPDX-License-Identifier: MIT
//
// rows - what is measured: each group returns rows, see docs/performance.md for what they mean.

import { pause } from '../lib/wait.mjs';
import { browse, cpuOver, createMany, startPve } from './load.mjs';
import { memory, ready, withGateway } from './setup.mjs';
import { bottleneck, median, percentile, refused, row } from './stats.mjs';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const SETTLE_MS = 500;
const IDLE_MS = 5000;

/* quick is the default, full is --full. */
export const SIZES = {
	quick: {
		runs: 3, bytes: 384 * MIB, frames: [1024, 4096, 16384, 65536], sessions: [100, 500],
		opens: 100, creates: 20000, memoryRuns: 1,
	},
	full: {
		runs: 5, bytes: GIB, frames: [256, 1024, 4096, 16384, 65536], sessions: [100, 500],
		opens: 300, creates: 50000, memoryRuns: 3, more: true,
	},
};

const scheme = (tls) => (tls ? 'wss' : 'ws');

function size(bytes) {
	return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`;
}

/* CPU-seconds of a process per GiB of a result. */
function perGib(result, who = 'gateway') {
	return result.cpu_ns[who] / 1e9 / (result.bytes / GIB);
}

/* ---- the load tool's own limit ---- */

async function alone(s) {
	const pve = await startPve();
	const rows = [];
	try {
		for (const frame of s.frames) {
			const work = `stream-${frame}-${s.bytes}`;
			const link = `https://127.0.0.1:${pve.port}/api2/json/nodes/${work}/qemu/100`;
			const run = browse({ links: [link], work, direct: true, watch: { pve: pve.pid } });
			await ready(run, 1);
			const result = await run.go();
			if (result.failed)
				throw new Error(result.errors.join('; '));
			rows.push(row(`load tool alone, TLS, ${size(frame)}`, 'CPU-s/GiB',
				[perGib(result, 'pve') + perGib(result, 'self')], {
					note: `both ends; ${(result.bytes / GIB / (result.wall_ns / 1e9)).toFixed(2)}` +
						' GiB/s without a gateway',
				}));
		}
	} finally {
		await pve.stop();
	}
	return rows;
}

/* ---- relaying ---- */

/* Rows for the kinds of one gateway; the runs take turns, so that a slow minute hits all alike. */
async function relayRows(bench, s, kinds) {
	const results = kinds.map(() => []);
	const failed = kinds.map(() => null);
	await bench.together(1, `stream-16384-${64 * MIB}`); /* warm */
	for (let i = 0; i < s.runs; i++) {
		for (const [k, kind] of kinds.entries()) {
			if (failed[k])
				continue;
			try {
				const how = { timeoutS: 300 };
				results[k].push(await bench.together(kind.sessions, kind.work, how));
			} catch (e) {
				failed[k] = refused(kind.name, e.message);
			}
		}
		await bench.quiet();
	}
	return kinds.map((kind, k) => failed[k] ?? relayRow(kind.name, results[k]));
}

function relayRow(name, results) {
	const rate = median(results.map((r) => r.bytes / GIB / (r.wall_ns / 1e9)));
	return row(name, 'CPU-s/GiB', results.map((r) => perGib(r)), {
		flags: results.flatMap(bottleneck), note: `${rate.toFixed(2)} GiB/s`,
		results: results.map(({ bytes, wall_ns, cpu_ns }) => ({ bytes, wall_ns, cpu_ns })),
	});
}

function relay(tls) {
	return (s) => withGateway({ tls, pool: 200 }, (bench) => {
		const kinds = s.frames.map((frame) => ({
			name: `relay down, ${scheme(tls)}, ${size(frame)}`, sessions: 1,
			work: `stream-${frame}-${s.bytes}`,
		}));
		kinds.push({ name: `relay up, ${scheme(tls)}, 16 KiB`, sessions: 1,
			work: `sink-16384-${s.bytes}` });
		if (s.more)
			kinds.push({ name: `relay down, ${scheme(tls)}, 16 KiB, 50 sessions`, sessions: 50,
				work: `stream-16384-${Math.round(s.bytes / 50)}` });
		return relayRows(bench, s, kinds);
	});
}

function echo(tls) {
	return (s) => withGateway({ tls }, async (bench) => {
		const rounds = 5000;
		const results = [];
		for (let i = 0; i < s.runs; i++)
			results.push(await bench.together(1, `echo-10-${rounds * 10}`));
		const p = (n) => results.map((r) => percentile(r.rounds_us, n));
		return [
			row(`echo of 10 bytes, ${scheme(tls)}, p50`, 'us', p(50), { note:
				`${(median(results.map((r) => r.cpu_ns.gateway)) / rounds / 1e3).toFixed(1)} us of ` +
				'CPU a round' }),
			row(`echo of 10 bytes, ${scheme(tls)}, p99`, 'us', p(99)),
		];
	});
}

/* ---- memory ---- */

/* Memory at 0, 100 and 500 sessions of a kind in one gateway: KiB a session, and idle CPU. */
async function grow(bench, s, kind) {
	const pid = bench.watch.gateway;
	const idle = { work: 'idle', mode: kind === 'waiting' ? 'link' : 'all', timeoutS: 120 };
	/* What the first session brings once and for all. */
	await bench.together(1, 'idle');
	await bench.quiet();
	await pause(SETTLE_MS);
	const base = memory(pid);
	const perSession = [];
	const runs = [];
	let there = 0;
	for (const count of s.sessions) {
		const run = await bench.browse(count - there, 'idle', idle);
		await ready(run, count - there);
		runs.push(run);
		there = count;
		await pause(SETTLE_MS);
		perSession.push((memory(pid).kib - base.kib) / count);
	}
	const cpu = await cpuOver(IDLE_MS, bench.watch);
	for (const run of runs)
		await run.go();
	return { perSession, kind: base.kind, base: base.kib,
		idle: cpu.cpu_ns.gateway / 1e6 / (cpu.wall_ns / 1e9) };
}

function memoryOf(tls) {
	return async (s) => {
		const rows = [];
		const pool = Math.max(...s.sessions) + 8;
		for (const kind of ['waiting', 'connected']) {
			const results = [];
			for (let i = 0; i < s.memoryRuns; i++)
				results.push(await withGateway({ tls, pool }, (bench) => grow(bench, s, kind)));
			const name = `${kind}, ${scheme(tls)}`;
			for (const [i, count] of s.sessions.entries())
				rows.push(row(`memory a session, ${name}, at ${count}`, `KiB ${results[0].kind}`,
					results.map((r) => r.perSession[i]),
					{ note: `gateway itself ${Math.round(results[0].base / 1024)} MiB` }));
			rows.push(row(`idle CPU of ${Math.max(...s.sessions)}, ${name}`, 'ms/s',
				results.map((r) => r.idle)));
		}
		return rows;
	};
}

/* ---- opening ---- */

const STEPS = ['link', 'page', 'websocket', 'screen', 'first byte'];

function openRows(name, results, pooled) {
	const phases = STEPS.map((step, i) => `${step} ` +
		(median(pooled.map((o) => o[i] - (i ? o[i - 1] : 0))) / 1000).toFixed(2));
	const p = (n) => results.map((r) => percentile(r.opens_us.map((o) => o.at(-1)), n) / 1000);
	return [
		row(`link to first screen byte, ${name}, p50`, 'ms', p(50),
			{ note: `of which ${phases.join(', ')}`, steps: STEPS, opens_us: pooled }),
		row(`link to first screen byte, ${name}, p99`, 'ms', p(99)),
		row(`CPU of the gateway an opened session, ${name}`, 'ms',
			results.map((r) => r.cpu_ns.gateway / 1e6 / r.browsers)),
	];
}

function open(tls) {
	return async (s) => {
		const rows = [];
		for (const delayMs of s.more ? [0, 60] : [0]) {
			const name = `${scheme(tls)}${delayMs ? `, ${delayMs} ms a call` : ''}`;
			const opens = delayMs ? Math.round(s.opens / 5) : s.opens;
			const results = await withGateway({ tls, pool: opens + 8, delayMs }, async (bench) => {
				const all = [];
				await bench.oneByOne(5, 'echo-10-10');
				for (let i = 0; i < s.runs; i++) {
					await bench.quiet();
					all.push(await bench.oneByOne(opens, 'echo-10-10', { timeoutS: 120 }));
				}
				return all;
			});
			rows.push(...openRows(name, results, results.flatMap((r) => r.opens_us)));
		}
		return rows;
	};
}

/* ---- links ---- */

async function createRow(bench, s, name, options) {
	const results = [];
	for (let i = 0; i < s.runs; i++) {
		const result = await createMany({
			url: bench.gw.url, authorization: bench.gw.config.authorization, count: s.creates,
			body: bench.gw.params({ node: 'idle' }), watch: { gateway: bench.watch.gateway },
			...options,
		});
		if (result.good !== result.count)
			throw new Error(`${result.good} of ${result.count} answered well: ` +
				(result.error || 'no answer in time'));
		results.push(result);
	}
	const rate = median(results.map((r) => r.count / (r.wall_ns / 1e9)));
	return row(name, 'CPU-s/100k', results.map((r) => r.cpu_ns.gateway / 1e9 / r.count * 1e5), {
		flags: results.flatMap(bottleneck), note: `${Math.round(rate)} requests/s`,
		per_second: results.map((r) => r.count / (r.wall_ns / 1e9)),
	});
}

function create(tls) {
	return (s) => withGateway({ tls }, async (bench) => {
		const name = `/create, ${tls ? 'https' : 'http'}`;
		const rows = [await createRow(bench, s, `${name}, kept connections`, {})];
		/* A TLS handshake costs as much as dozens of requests. */
		const count = tls ? Math.round(s.creates / 20) : s.creates;
		rows.push(await createRow(bench, s, `${name}, a connection each`, { reuse: false, count }));
		return rows;
	});
}

/* ---- all of them ---- */

export const GROUPS = [
	{ name: 'alone', run: alone },
	{ name: 'relay ws', run: relay(false) },
	{ name: 'relay wss', run: relay(true) },
	{ name: 'echo ws', run: echo(false) },
	{ name: 'echo wss', run: echo(true) },
	{ name: 'memory ws', run: memoryOf(false) },
	{ name: 'memory wss', run: memoryOf(true) },
	{ name: 'open ws', run: open(false) },
	{ name: 'open wss', run: open(true) },
	{ name: 'create http', run: create(false) },
	{ name: 'create https', run: create(true) },
];
