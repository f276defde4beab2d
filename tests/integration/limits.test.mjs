// SPDX-License-Identifier: MIT
//
// Many sessions, few descriptors: nothing grows, nothing is left behind, and what there is
// too much of is refused.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { portFree } from '../lib/ports.mjs';
import { until } from '../lib/wait.mjs';
import { closeWorld, noSessions, openWorld, shows, useWorld } from './world.mjs';

const BATCH = 50;
const BATCHES = 4;
const GROWTH_KIB = 1024;
const SETTLE_MS = 8000;

/* BATCH sessions, each with a picture, all gone again. */
async function batch(w) {
	await Promise.all(Array.from({ length: BATCH }, async (_, i) => {
		const url = await w.gw.session({ vmid: 210 + i });
		const c = await w.gw.console(url);
		await shows(c, 10000);
		c.ws.destroy();
	}));
	await noSessions(w.gw, SETTLE_MS);
	await until(() => w.pve.liveConsoles.length === 0, 5000, 'all consoles to end');
	w.pve.forget();
}

async function twoHundred(options) {
	const w = await openWorld({ pool: BATCH, ...options,
		config: { reconnect_timeout: 1, ...options.config } });
	await batch(w);
	const before = { fds: w.gw.descriptors(), memory: w.gw.memory() };
	for (let i = 0; i < BATCHES; i++)
		await batch(w);
	await until(() => w.gw.descriptors() <= before.fds, 5000,
		`descriptors to be ${before.fds} again, not ${w.gw.descriptors()}`);
	const growth = w.gw.memory() - before.memory;
	assert.ok(growth < GROWTH_KIB, `${before.memory} KiB grew by ${growth} KiB`);
	const { session_port_min: min, session_port_max: max } = w.gw.config;
	await Promise.all(Array.from({ length: BATCH }, (_, i) => w.gw.session({ vmid: 210 + i })));
	assert.equal((await w.gw.status()).total_sessions, BATCH, 'every port serves again');
	await closeWorld(w);
	for (let port = min; port <= max; port++)
		assert.ok(await portFree(port, '127.0.0.1'), `port ${port} is free after the end`);
}

describe('200 sessions opened and closed', () => {
	test('leave descriptors, memory and ports as before', () => twoHundred({}));

	test('also with TLS on both sides', () => twoHundred({ tls: true }));

	test('also with at most 1024 file descriptors', () => twoHundred({
		wrapper: ['prlimit', '--nofile=1024:1024'] }));
});

describe('file descriptors', () => {
	test('the limit is raised as far as it goes', async () => {
		const w = await openWorld({ pve: null, wrapper: ['prlimit', '--nofile=256:2048'] });
		const out = execFileSync('prlimit', ['--pid', String(w.gw.pid), '--nofile', '--noheadings',
			'--output', 'SOFT'], { encoding: 'utf8' });
		assert.equal(out.trim(), '2048');
		assert.doesNotMatch(w.gw.log(), /warning:/);
		await closeWorld(w);
	});

	test('too few of them: a warning, and as many sessions as they allow', async () => {
		const w = await openWorld({ pool: 200, wrapper: ['prlimit', '--nofile=400:400'] });
		assert.match(w.gw.log(), /INFO\] warning:.*descriptors/);
		const c = await w.gw.console(await w.gw.session());
		await shows(c);
		await closeWorld(w);
	});

	test('used up by idle clients: new ones wait, consoles go on, all is well after', async () => {
		const w = await openWorld({ pool: 4, wrapper: ['prlimit', '--nofile=300:300'] });
		const url = await w.gw.session();
		const c = await w.gw.console(url);
		const { Conn } = await import('../lib/http.mjs');
		const idle = [];
		for (let i = 0; i < 400; i++)
			idle.push(await Conn.open(i % 2 ? w.gw.url : new URL('/', url).href)
				.catch(() => null));
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

	test('has room for 16 browsers; the 17th gets 4004 and the others go on', async () => {
		const url = await w.gw.session();
		const all = await Promise.all(Array.from({ length: 16 }, () => w.gw.console(url)));
		const more = await w.gw.websocket(url);
		const { code, reason } = await more.closed();
		assert.equal(code, 4004);
		assert.match(reason, /too many/i);
		await Promise.all(all.map((c) => shows(c)));
		all[0].ws.destroy();
		await until(() => w.pve.liveConsoles.length === 15, 5000, 'one to leave');
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
