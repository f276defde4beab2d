// SPDX-License-Identifier: MIT
//
// rows_open - what it takes until somebody sees a screen, and what links cost. Of the gateway
// alone: no peer does either.

import { withArena, withGateway } from './arena.mjs';
import { createMany } from './load.mjs';
import { scheme, share } from './sizes.mjs';
import { bottleneck, median, percentile, row } from './stats.mjs';

const STEPS = ['link', 'page', 'websocket', 'screen', 'first byte'];
const WARM = 5;
const WORK = 'echo-10-10';
/* A Proxmox that takes its time needs no hundreds of openings. */
const SLOW_PART = 0.1;
/* How an opening comes by its login: one of a user of its own, or the one that all share. */
const LOGINS = { cold: (vmid) => ({ username: `bench${vmid}@pve` }), cached: () => ({}) };

/* ---- opening ---- */

export function openName(figure, { tls, login, delayMs = 0, workers = 1 }) {
	return `${figure}, ${scheme(tls)}, ${login} login${delayMs ? `, ${delayMs} ms a call` : ''}` +
		(workers > 1 ? `, ${workers} workers` : '');
}

export const FIRST_BYTE = 'link to first screen byte';
export const OPEN_CPU = 'CPU an opened session';

function openRows(results, how) {
	const opens = results.flatMap((r) => r.opens_us);
	const phases = STEPS.map((step, i) => `${step} ` +
		(median(opens.map((o) => o[i] - (i ? o[i - 1] : 0))) / 1000).toFixed(2));
	const p = (n) => results.map((r) => percentile(r.opens_us.map((o) => o.at(-1)), n) / 1000);
	const name = openName(FIRST_BYTE, how);
	return [
		row(`${name}, p50`, 'ms', p(50),
			{ note: `of which ${phases.join(', ')}`, steps: STEPS, opens_us: opens }),
		row(`${name}, p99`, 'ms', p(99)),
		row(openName(OPEN_CPU, how), 'ms',
			results.map((r) => r.cpu_ns.subject / 1e6 / r.browsers)),
	];
}

async function openings(s, { tls, login, ...proxmox }) {
	const count = share(s, proxmox.delayMs ? s.opens * SLOW_PART : s.opens);
	const options = { fields: LOGINS[login], timeoutS: 120 };
	const { value, counts } = await withArena({ tls, pool: count + WARM + 3, ...proxmox },
		async ([gateway]) => {
			const all = [];
			await gateway.oneByOne(WARM, WORK, options);
			for (let i = 0; i < s.runs; i++) {
				await gateway.quiet();
				all.push(await gateway.oneByOne(count, WORK, options));
			}
			return all;
		});
	const opened = WARM + s.runs * count;
	if (counts.logins !== (login === 'cold' ? opened : 1))
		throw new Error(`${counts.logins} logins for ${opened} openings with a ${login} login`);
	return value;
}

function open(tls) {
	return async (s) => {
		const rows = [];
		for (const proxmox of s.openings)
			for (const login of Object.keys(LOGINS)) {
				const how = { tls, login, ...proxmox };
				rows.push(...openRows(await openings(s, how), how));
			}
		return rows;
	};
}

/* ---- links ---- */

async function createRow(gateway, s, name, options) {
	const results = [];
	for (let i = 0; i < s.runs; i++) {
		const result = await createMany({
			url: gateway.gw.url, authorization: gateway.gw.config.authorization,
			body: gateway.gw.params({ node: 'idle' }), watch: { subject: gateway.pid }, ...options,
		});
		if (result.good !== result.count)
			throw new Error(`${result.good} of ${result.count} answered well: ` +
				(result.error || 'no answer in time'));
		results.push(result);
	}
	const rates = results.map((r) => r.count / (r.wall_ns / 1e9));
	return row(name, 'CPU-s/100k', results.map((r) => r.cpu_ns.subject / 1e9 / r.count * 1e5), {
		flags: results.flatMap(bottleneck), note: `${Math.round(median(rates))} requests/s`,
		per_second: rates,
	});
}

export function createName(tls, kept) {
	return `/create, ${tls ? 'https' : 'http'}, ${kept ? 'kept connections' : 'a connection each'}`;
}

function create(tls) {
	return (s) => withGateway({ tls }, async (gateway) => {
		const count = share(s, s.creates);
		return [
			await createRow(gateway, s, createName(tls, true), { count }),
			/* A TLS handshake costs as much as dozens of requests. */
			await createRow(gateway, s, createName(tls, false),
				{ reuse: false, count: tls ? Math.round(count / 20) : count }),
		];
	});
}

export const OPEN_GROUPS = [
	{ name: 'open ws', run: open(false) },
	{ name: 'open wss', run: open(true) },
	{ name: 'create http', run: create(false) },
	{ name: 'create https', run: create(true) },
];
