// SPDX-License-Identifier: MIT
//
// Many sessions, few descriptors: nothing grows, nothing is left behind, and what there is
// too much of is refused.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { Conn } from '../lib/http.mjs';
import { portFree } from '../lib/ports.mjs';
import { until } from '../lib/wait.mjs';
import { makeHeap } from './shims.mjs';
import { closeWorld, noSessions, openWorld, settled, shows, useWorld } from './world.mjs';

const BATCH = 100;
/* From one address at a time; the router allows fewer when there are few descriptors. */
const AT_ONCE = 25;
const WARM_UP = 2;
const BATCHES = 2;
const GROWTH_KIB = 1024;
/* Exact, so a leak of 500 bytes a session would show. */
const HEAP_GROWTH = 100000;
const SETTLE_MS = 8000;

/* BATCH sessions, all live at once, each with a picture, and all gone again. */
async function batch(w) {
	const live = [];
	for (let first = 0; first < BATCH; first += AT_ONCE)
		live.push(...await Promise.all(Array.from({ length: AT_ONCE }, async (_, i) => {
			const c = await w.gw.console(await w.gw.session({ vmid: 210 + first + i }));
			await shows(c, 10000);
			return c;
		})));
	assert.equal((await w.gw.status()).sessions_active, BATCH);
	for (const c of live)
		c.ws.destroy();
	await noSessions(w.gw, SETTLE_MS);
	await until(() => w.pve.liveConsoles.length === 0, 5000, 'all consoles to end');
	w.pve.forget();
}

async function open(t, options) {
	/* A node has 100 console ports and reserves each for 5 s, which is not what this is about. */
	return openWorld({ pool: BATCH, pve: { timings: { portReserveMs: 0 } }, ...options,
		config: { reconnect_timeout: 1 } }, t);
}

async function batches(w, n) {
	for (let i = 0; i < n; i++)
		await batch(w);
}

/* Descriptors, resident memory and ports after 200 sessions are what they were before. */
async function twoHundred(t, options) {
	const w = await open(t, options);
	await batches(w, WARM_UP);
	const fds = w.gw.descriptors();
	const memory = await settled(() => w.gw.memory(), { quietMs: 1500 });
	await batches(w, BATCHES);
	await until(() => w.gw.descriptors() <= fds, 5000,
		`descriptors to be ${fds} again, not ${w.gw.descriptors()}`);
	/* The main thread tidies up once a second. */
	await until(() => w.gw.memory() - memory < GROWTH_KIB, 3000,
		`memory to be near ${memory} KiB, not ${w.gw.memory()} KiB`);
	const { session_port_min: min, session_port_max: max } = w.gw.config;
	for (let i = 0; i < BATCH; i++)
		await w.gw.session({ vmid: 210 + i });
	assert.equal((await w.gw.status()).total_sessions, BATCH, 'every port serves again');
	await closeWorld(w);
	for (let port = min; port <= max; port++)
		assert.ok(await portFree(port, '127.0.0.1'), `port ${port} is free after the end`);
}

describe('200 sessions opened and closed', { concurrency: 3 }, () => {
	test('leave descriptors, memory and ports as before', (t) => twoHundred(t, {}));

	test('also with at most 1024 file descriptors', (t) => twoHundred(t, {
		wrapper: ['prlimit', '--nofile=1024:1024'] }));

	test('leave nothing on the heap, with TLS on both sides', async (t) => {
		const heap = makeHeap();
		if (!heap) {
			t.skip('the heap cannot be measured here');
			return;
		}
		/* What a thread's cache keeps would count as in use. */
		const w = await open(t, { tls: true,
			env: { ...heap.env, GLIBC_TUNABLES: 'glibc.malloc.tcache_count=0' } });
		await batches(w, 1);
		const before = heap.used();
		await batches(w, BATCHES);
		let growth;
		await until(() => (growth = heap.used() - before) < HEAP_GROWTH, 2000,
			'the heap to be as before').catch(() => {});
		assert.ok(growth < HEAP_GROWTH, `${before} bytes grew by ${growth}`);
		await closeWorld(w);
	});
});

describe('file descriptors', () => {
	test('the limit is raised as far as it goes', async (t) => {
		const w = await openWorld({ pve: null, wrapper: ['prlimit', '--nofile=256:2048'] }, t);
		const out = execFileSync('prlimit', ['--pid', String(w.gw.pid), '--nofile', '--noheadings',
			'--output', 'SOFT'], { encoding: 'utf8' });
		assert.equal(out.trim(), '2048');
		assert.doesNotMatch(await w.gw.fullLog(), /warning:/);
		await closeWorld(w);
	});

	test('too few of them: a warning, and as many sessions as they allow', async (t) => {
		const w = await openWorld({ pool: 200, wrapper: ['prlimit', '--nofile=400:400'] }, t);
		await w.gw.logged(/INFO\] warning:.*descriptors/);
		const c = await w.gw.console(await w.gw.session());
		await shows(c);
		await closeWorld(w);
	});

	test('idle clients beyond all bounds hold up no console and nobody after them', async (t) => {
		const w = await openWorld({ pool: 4, wrapper: ['prlimit', '--nofile=300:300'] }, t);
		const url = await w.gw.session();
		const c = await w.gw.console(url);
		const idle = await Promise.all(Array.from({ length: 400 }, (_, i) => Conn.open({
			host: '127.0.0.1', timeoutMs: 500,
			port: Number(i % 2 ? w.gw.port : new URL(url).port) }).catch(() => null)));
		await shows(c);
		idle.forEach((k) => k?.close());
		await until(async () => (await w.gw.file(url).catch(() => ({}))).status === 200,
			5000, 'the session\'s port');
		await shows(await w.gw.console(url));
		await shows(await w.gw.console(await w.gw.session({ vmid: 103 })));
		await closeWorld(w);
	});
});

describe('one session', () => {
	const w = useWorld();

	test('has room for 8 browsers; the 9th gets 4004 and the others go on', async () => {
		const url = await w.gw.session();
		const all = await Promise.all(Array.from({ length: 8 }, () => w.gw.console(url)));
		const more = await w.gw.websocket(url);
		const { code, reason } = await more.closed();
		assert.equal(code, 4004);
		assert.match(reason, /too many/i);
		await Promise.all(all.map((c) => shows(c)));
		all[0].ws.destroy();
		await until(() => w.pve.liveConsoles.length === 7, 5000, 'one to leave');
		await shows(await w.gw.console(url));
	});

	test('200 links of it: every one joins, on one port', async () => {
		const urls = [await w.gw.session({ vmid: 103 })];
		for (let i = 0; i < 20; i++)
			urls.push(...await Promise.all(Array.from({ length: 10 },
				() => w.gw.session({ vmid: 103 }))));
		assert.equal(new Set(urls.map((u) => new URL(u).port)).size, 1);
		assert.equal(new Set(urls).size, 201);
		assert.equal((await w.gw.file(urls[200])).status, 200);
	});
});
