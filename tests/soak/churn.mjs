// SPDX-License-Identifier: MIT
//
// churn - `make soak-churn`: browsers that come and go, and what the gateway holds afterwards.
//
//   node tests/soak/churn.mjs [--visits N] [--per-second N] [--tls] [--out FILE]
//
// Links are created, opened, and used in every way of tests/bench/churn.c: up to the first byte
// of the screen and away, again and again on one link, left at the page, at the redirect, in the
// middle of a handshake, politely, by FIN and by RST. Two links are of one guest, so that some
// find its session running. All of it over 50 session ports, in batches; after each, once all
// sessions have ended, the gateway's descriptors, threads and memory are taken down: what its
// heap has handed out, to the byte, and what belongs to the process, with what malloc keeps. The
// links of the next batch wait meanwhile.
//
// Flat is the aim. The first tenth warms up; of the rest, the medians of its two halves are
// compared with the bounds in BOUNDS.
// Prints a line a batch, writes build/soak/churn.json, and ends with 1 when something grew, a
// visit failed, a rule of Proxmox was broken or the log speaks of an error.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Load, startPve } from '../bench/load.mjs';
import { median } from '../bench/stats.mjs';
import { makeHeap } from '../integration/shims.mjs';
import { ROOT, startGateway } from '../lib/gateway.mjs';
import { descriptors, ownKib, residentKib, threads } from '../lib/process.mjs';
import { tempDir } from '../lib/temp.mjs';
import { pause, until } from '../lib/wait.mjs';

const { values: options } = parseArgs({ options: {
	'visits': { type: 'string', default: '100000' },
	'per-second': { type: 'string', default: '110' },
	'tls': { type: 'boolean', default: false },
	'out': { type: 'string', default: join(ROOT, 'build', 'soak', 'churn.json') },
} });

const VISITS = Number(options.visits);
const PORTS = 50;
const VISITS_A_BATCH = 4000;
const BATCHES_MIN = 10;
/* A link's ways, tests/bench/churn.c: 24 visits in 11 links. */
const VISITS_A_LINK = 24 / 11;
const CREATES_AT_ONCE = 8;
const FIRST_VMID = 100;
const BUSY_SAMPLE_MS = 1000;
const LIMIT_MS = 20 * 60 * 1000;
/* By how much the second half may be above the first, and in what it is counted. */
const BOUNDS = {
	descriptors: [0, ''],
	threads: [0, ''],
	/* 100,000 visits: less than 3 bytes each. What threads keep for more counts as in use. */
	heap: [128, 'KiB'],
	/*
	 * 343 of it are the keys of links that ended (session/penalty.h): 16 bytes each, up to 1 MiB.
	 * The rest is for what is free and not given back at that moment.
	 */
	own: [640, 'KiB'],
};
/* For the last handshakes' ends, and the heap's own clock. */
const SETTLE_MS = 500;

/* In the bench's Proxmox a node is called what its guests do. */
const NODE = 'stream-64-64';

/* So that what ends the children and removes the temporary folders runs. */
for (const signal of ['SIGINT', 'SIGTERM'])
	process.once(signal, () => process.exit(1));

const start = Date.now();
const dir = tempDir('churn');
const log = join(dir, 'gateway.log');
const pve = await startPve();
const heap = makeHeap();
const gw = await startGateway({ pve, tls: options.tls, pool: PORTS, dir, env: heap?.env, config: {
	logging_level: 'info', log_file: log, connect_timeout: 1, reconnect_timeout: 1,
	max_sessions_per_client: 0,
} });
const { pid } = gw.child;

let vmid = FIRST_VMID;

/* Links, two of each guest. */
async function makeLinks(count) {
	const links = [];
	const one = async () => {
		while (links.length < count) {
			const i = links.push(null) - 1;
			const res = await gw.create({ node: NODE, vmid: vmid + Math.floor(i / 2) });
			if (res.status !== 200)
				throw new Error(`POST /create: ${res.status} ${res.text.slice(0, 200)}`);
			links[i] = res.url;
		}
	};
	await Promise.all(Array.from({ length: CREATES_AT_ONCE }, one));
	vmid = vmid > 900000000 ? FIRST_VMID : vmid + Math.ceil(count / 2);
	return links;
}

/* Memory in KiB; null where it can't be told: no compiler, or not root. */
function held() {
	const kib = heap?.used() / 1024;
	return { descriptors: descriptors(pid), threads: threads(pid), resident: residentKib(pid),
		own: ownKib(pid), heap: kib ? Math.round(kib * 10) / 10 : null };
}

let files = 0;

/* One batch, and the most that the gateway held meanwhile. */
async function churn(links) {
	const file = join(dir, `links-${files++}`);
	writeFileSync(file, `${links.join('\n')}\n`);
	const load = new Load('churn', { links: file, parallel: 32, 'per-second':
		Math.max(1, Math.round(Number(options['per-second']) / VISITS_A_LINK)),
		watch: `gateway=${pid}` });
	const most = { descriptors: 0, threads: 0, resident: 0 };
	const timer = setInterval(() => {
		const now = held();
		for (const what of Object.keys(most))
			most[what] = Math.max(most[what], now[what]);
	}, BUSY_SAMPLE_MS);
	try {
		return { ...await load.line(LIMIT_MS), most };
	} finally {
		clearInterval(timer);
		await load.end();
	}
}

/* Nobody is left, and the descriptors of those who were are closed. */
async function quiet(before) {
	await gw.statusUntil((s) => s.total_sessions === 0, 30000, 'all sessions to end');
	await until(() => !before || descriptors(pid) <= before.descriptors, 2000, 'descriptors')
		.catch(() => {}); /* the comparison says it better */
	await pause(SETTLE_MS);
	return held();
}

const totals = { visits: 0, screens: 0, links: 0, busy: 0, failed: 0, cpu_ns: 0 };
const ways = {};
const errors = [];
const samples = [];

const batches = Math.max(BATCHES_MIN, Math.round(VISITS / VISITS_A_BATCH));
const perBatch = Math.ceil(VISITS / VISITS_A_LINK / batches);
let links = await makeLinks(perBatch);
for (let batch = 0; batch < batches; batch++) {
	const [result, next] = await Promise.all([churn(links),
		batch + 1 < batches ? makeLinks(perBatch) : []]);
	links = next;
	for (const what of ['visits', 'screens', 'links', 'busy', 'failed'])
		totals[what] += result[what];
	totals.cpu_ns += result.cpu_ns.gateway;
	for (const [way, n] of Object.entries(result.ways))
		ways[way] = (ways[way] ?? 0) + n;
	errors.push(...result.errors);
	const seconds = (Date.now() - start) / 1000;
	const now = await quiet(samples[0]);
	samples.push({ seconds: Math.round(seconds), visits: totals.visits, ...now,
		most: result.most, rate: Math.round(result.visits / (result.wall_ns / 1e9)) });
	console.log(`${totals.visits} visits, ${Math.round(seconds)} s, ${samples.at(-1).rate}/s: `
		+ `${now.descriptors} descriptors, ${now.threads} threads, heap ${now.heap ?? '?'} KiB, own `
		+ `${now.own ?? '?'}, resident ${now.resident} (at most ${Object.values(result.most).join(', ')}), `
		+ `${result.failed} failed`);
}

const code = await gw.stop('SIGTERM', { expect: null });
const counts = await pve.stop();
/* That there is no place for a moment is part of it; the link is tried again. */
const complaints = readFileSync(log, 'utf8').split('\n')
	.filter((line) => /\[ERROR\]/.test(line) && !/session ports are in use/.test(line));

/* ---- the verdict ---- */

const rest = samples.slice(Math.ceil(batches / 10));
const halves = [rest.slice(0, rest.length / 2), rest.slice(rest.length / 2)];
const growth = {};
for (const [what, [bound, unit]] of Object.entries(BOUNDS)) {
	const [first, second] = halves.map((half) => Math.round(median(half.map((s) => s[what]))));
	growth[what] = { first, second, bound, unit, known: rest.every((s) => s[what] !== null),
		ok: second - first <= bound };
}
const checks = [
	...Object.entries(growth).filter(([, g]) => g.known).map(([what, g]) =>
		[g.ok, `${what}: ${g.first} in the first half, ${g.second} in the second, may grow by `
			+ `${g.bound} ${g.unit}`]),
	[totals.failed === 0, `${totals.failed} of ${totals.visits} visits failed: ${errors[0] ?? ''}`],
	[counts.violations === 0, `${counts.violations} breaches of Proxmox's rules`],
	[complaints.length === 0, `${complaints.length} errors in the log ${complaints[0] ?? ''}`],
	[code === 0, `exit code ${code}`],
	[Date.now() - start < LIMIT_MS, `${Math.round((Date.now() - start) / 1000)} s`],
];
for (const [ok, text] of checks)
	console.log(`${ok ? 'ok  ' : 'FAIL'} ${text}`);
console.log(`${totals.visits} visits of ${totals.links} links, ${totals.screens} up to the screen; `
	+ `Proxmox: ${counts.logins} logins, ${counts.consoles} consoles, ${counts.connections} `
	+ `connections; ${(totals.cpu_ns / 1e6 / totals.visits).toFixed(2)} ms of CPU a visit; `
	+ `${totals.busy} times no place`);
mkdirSync(dirname(options.out), { recursive: true });
writeFileSync(options.out, `${JSON.stringify({ when: new Date(start).toISOString(),
	tls: options.tls, ports: PORTS, totals, ways, growth, errors, counts,
	complaints: complaints.slice(0, 20), samples }, null, '\t')}\n`);
process.exit(checks.every(([ok]) => ok) ? 0 : 1);
