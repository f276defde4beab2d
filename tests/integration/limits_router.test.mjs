// SPDX-License-Identifier: MIT
//
// What one client may cost the router: connections, heads, bodies, their times, wrong secrets;
// and who the client is behind a proxy.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Conn, formatRequest } from '../lib/http.mjs';
import { slow, until } from '../lib/wait.mjs';
import { LOCATION, closeWorld, openWorld, settled, useWorld } from './world.mjs';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const FIELDS = { hostname: '127.0.0.1', port: 9, node: 'n', username: 'u',
	password: 'long-password', vmid: 100 };
const CROWD = 16;            /* conns.h: taken beyond the limit to be told so */

/* A world of a gateway alone, whose limits hold for loopback, for one test. */
function alone(t, config) {
	return openWorld({ pve: null, config: { limit_loopback: true, ...config } }, t);
}

async function reloaded(gw, config) {
	const before = gw.log().match(/configuration read again/g)?.length ?? 0;
	gw.reload(config);
	await until(() => gw.log().match(/configuration read again/g)?.length > before, 5000,
		'the configuration to be read');
}

/* Open connections that say nothing; `from` is the address that they come from. */
function dial(gw, n, from = '127.0.0.1') {
	return Promise.all(Array.from({ length: n },
		() => Conn.open({ host: '127.0.0.1', port: gw.port, from })));
}

/* The same, once the gateway has taken them all: only then are they counted. */
async function idle(gw, n, from) {
	gw.unused ??= await settled(() => gw.descriptors());
	gw.held ??= [];
	const all = await dial(gw, n, from);
	gw.held.push(...all);
	await until(() => gw.descriptors() >= gw.unused + gw.held.filter((c) => !c.ended).length,
		5000, 'the connections to be taken');
	/* A descriptor is there a moment before its connection is counted. */
	await settled(() => gw.descriptors());
	return all;
}

function request(path, headers = {}, more = {}) {
	return formatRequest({ path, host: 'x', headers: { Connection: 'keep-alive', ...headers },
		...more });
}

async function answer(conn, bytes, opts) {
	await conn.write(bytes);
	return conn.response(opts);
}

describe('connections of one client', () => {
	test('beyond the limit are told so and closed, and others are served', async (t) => {
		const w = await alone(t, { router_connections_per_client: 20 });
		const all = await idle(w.gw, 20);
		const [more] = await idle(w.gw, 1);
		const res = await answer(more, request('/create', w.gw.auth(JSON_TYPE),
			{ method: 'POST', body: '{}' }));
		assert.equal(res.status, 429);
		assert.equal(res.headers['retry-after'], '10');
		assert.match(res.json.error, /too many connections/);
		await w.gw.logged(/INFO\] \/create from 127\.0\.0\.1: too many connections/);
		assert.ok(await more.closed());
		const [other] = await idle(w.gw, 1, '127.0.0.2');
		assert.equal((await answer(other, request('/'))).status, 401);
		assert.equal((await answer(all[0], request('/'))).status, 401);
		[...all, other].forEach((c) => c.close());
		await until(async () => (await w.gw.request('/status',
			{ headers: w.gw.auth() }).catch(() => ({}))).status === 200, 5000, 'room again');
		await closeWorld(w);
	});

	test('far beyond it are turned away without an answer', async (t) => {
		const w = await alone(t, { router_connections_per_client: 5 });
		const all = await idle(w.gw, 5 + CROWD);
		for (let i = 0; i < 10; i++) {
			const [more] = await dial(w.gw, 1);
			assert.equal(await more.closed(), true);
			assert.equal(more.received.length, 0);
		}
		const [other] = await idle(w.gw, 1, '127.0.0.2');
		assert.equal((await answer(other, request('/'))).status, 401);
		[...all, other].forEach((c) => c.close());
		await closeWorld(w);
	});

	test('are not counted on loopback before trusted_proxies is set', async (t) => {
		const w = await alone(t, { limit_loopback: false, router_connections_per_client: 1 });
		const all = await idle(w.gw, 30);
		for (const c of all)
			assert.equal((await answer(c, request('/'))).status, 401);
		await reloaded(w.gw, { trusted_proxies: ['203.0.113.0/24'] });
		const more = [...await idle(w.gw, 1), ...await idle(w.gw, 1)];
		assert.equal((await answer(more[0], request('/status'))).status, 401);
		assert.equal((await answer(more[1], request('/status'))).status, 429);
		[...all, ...more].forEach((c) => c.close());
		await closeWorld(w);
	});

	test('of our own proxies are never counted', async (t) => {
		const w = await alone(t, { trusted_proxies: ['127.0.0.1'],
			router_connections_per_client: 1 });
		const all = await idle(w.gw, 30);
		for (const c of all)
			assert.equal((await answer(c, request('/'))).status, 401);
		all.forEach((c) => c.close());
		await closeWorld(w);
	});

	test('a new limit holds for new ones, from the next SIGHUP on', async (t) => {
		const w = await alone(t, { router_connections_per_client: 3 });
		const all = [...await idle(w.gw, 3), ...await idle(w.gw, 1)];
		assert.equal((await answer(all[3], request('/status'))).status, 429);
		await reloaded(w.gw, { router_connections_per_client: 10 });
		const more = await idle(w.gw, 6);
		for (const c of [...all.slice(0, 3), ...more])
			assert.equal((await answer(c, request('/status'))).status, 401);
		[...all, ...more].forEach((c) => c.close());
		await closeWorld(w);
	});
});

describe('a request has', { concurrency: 4 }, () => {
	test('a head of so many bytes, and not one more', async (t) => {
		const w = await alone(t, { request_head_max: 2000 });
		const bare = request('/status', w.gw.auth({ 'X-Fill': '' })).length;
		const filled = (n) => request('/status', w.gw.auth({ 'X-Fill': 'x'.repeat(n - bare) }));
		const [conn] = await idle(w.gw, 1);
		assert.equal((await answer(conn, filled(2000))).status, 200);
		const res = await answer(conn, filled(2001));
		assert.equal(res.status, 431);
		assert.match(res.text, /the head is larger than 2000 bytes/);
		assert.ok(await conn.closed());
		await reloaded(w.gw, { request_head_max: 24576 });
		const [large] = await idle(w.gw, 1);
		assert.equal((await answer(large, filled(24576))).status, 200);
		/* The same room, in as many headers as the library must keep records of. */
		const hundred = Array.from({ length: 100 }, (_, i) => [`X-Fill-${i}`, 'x'.repeat(228)]);
		const head = request('/status', w.gw.auth(Object.fromEntries(hundred)));
		assert.ok(head.length > 24000 && head.length <= 24576, `${head.length} bytes`);
		assert.equal((await answer(large, head)).status, 200);
		assert.equal((await answer(large, filled(24577))).status, 431);
		await closeWorld(w);
	});

	test('a body of so many bytes, and not one more', async (t) => {
		const w = await alone(t, { request_body_max: 2000 });
		const post = (n) => w.gw.request('/create', { method: 'POST',
			headers: w.gw.auth(JSON_TYPE), body: JSON.stringify(FIELDS).padEnd(n) });
		assert.equal((await post(2000)).status, 200);
		const res = await post(2001);
		assert.equal(res.status, 413);
		assert.equal(res.json.error, 'the body is larger than 2000 bytes');
		await reloaded(w.gw, { request_body_max: 1048576 });
		assert.equal((await post(1048576)).status, 200);
		assert.equal((await post(1048577)).status, 413);
		await closeWorld(w);
	});

	test('a head within its time, however it drips in', async (t) => {
		const w = await alone(t, { head_timeout: 1 });
		const [conn, silent] = await idle(w.gw, 2);
		const dripping = conn.write(request('/', { 'X-Long': 'x'.repeat(2000) }),
			{ piece: 1, everyMs: 20 });
		for (const c of [conn, silent]) {
			assert.ok(await c.closed(5000));
			assert.equal(c.received.length, 0);
			assert.ok(c.endedAt - c.openedAt >= 900, `${c.endedAt - c.openedAt} ms`);
		}
		await dripping;
		await closeWorld(w);
	});

	test('a body within its time, however it drips in', async (t) => {
		const w = await alone(t, { head_timeout: 30, body_timeout: 1 });
		const [conn] = await idle(w.gw, 1);
		const bytes = request('/create', w.gw.auth(JSON_TYPE),
			{ method: 'POST', body: JSON.stringify(FIELDS).padEnd(3000) });
		await conn.write(bytes.subarray(0, bytes.length - 2500));
		const dripping = conn.write(bytes.subarray(-2500), { piece: 1, everyMs: 20 });
		assert.ok(await conn.closed(5000));
		assert.equal(conn.received.length, 0);
		await dripping;
		assert.equal((await w.gw.status()).pending_tokens, 0);
		await closeWorld(w);
	});

	test('its next head within its time too', async (t) => {
		const w = await alone(t, { head_timeout: 1 });
		const [conn] = await idle(w.gw, 1);
		for (let i = 0; i < 3; i++)
			assert.equal((await answer(conn, request('/'))).status, 401);
		assert.ok(await conn.closed(5000));
		await closeWorld(w);
	});
});

describe('wrong secrets', () => {
	const wrong = (gw, headers) => gw.request('/status',
		{ headers: { Authorization: 'guess', ...headers } });

	test('are refused for a while after too many, and a right one never', async (t) => {
		const w = await alone(t, { guess_limit: 3, guess_penalty: 5 });
		const first = await Promise.all(Array.from({ length: 3 }, () => wrong(w.gw)));
		assert.deepEqual(first.map((r) => r.status), [401, 401, 401]);
		const start = Date.now();
		assert.equal((await wrong(w.gw)).status, 429);
		/* The answer waits like the others: refusing must not make guessing faster. */
		assert.ok(Date.now() - start >= 500);
		/* Also one that sends a body gets to read its answer. */
		assert.equal((await w.gw.request('/create', { method: 'POST', body: 'x'.repeat(500000),
			headers: { Authorization: 'guess', ...JSON_TYPE } })).status, 429);
		for (let i = 0; i < 3; i++) {
			const at = Date.now();
			assert.equal((await w.gw.request('/status', { headers: w.gw.auth() })).status, 200);
			assert.ok(Date.now() - at < slow(500), 'the right one waited');
		}
		assert.equal((await w.gw.create(FIELDS)).status, 200);
		await until(async () => (await wrong(w.gw)).status === 401, 10000, 'the penalty to end');
		await closeWorld(w);
	});

	test('none at all is not counted', async (t) => {
		const w = await alone(t, { guess_limit: 1 });
		const all = await Promise.all(Array.from({ length: 5 }, () => w.gw.request('/status')));
		assert.ok(all.every((res) => res.status === 401));
		assert.equal((await wrong(w.gw)).status, 401);
		assert.equal((await wrong(w.gw)).status, 429);
		await closeWorld(w);
	});

	test('are not counted on loopback unless that is asked for', async (t) => {
		const w = await alone(t, { limit_loopback: false, guess_limit: 1 });
		const all = await Promise.all(Array.from({ length: 5 }, () => wrong(w.gw)));
		assert.ok(all.every((res) => res.status === 401));
		await closeWorld(w);
	});

	test('unknown and used links are no guesses: an office is not locked out', async (t) => {
		const w = await alone(t, { guess_limit: 1 });
		for (let i = 0; i < 10; i++)
			assert.match((await w.gw.openRaw('0123456789abcdef0123')).text, /Invalid session/);
		assert.equal((await wrong(w.gw)).status, 401);
		await closeWorld(w);
	});
});

describe('behind a proxy', () => {
	const asks = (gw, from, headers = {}) => gw.request('/status', { headers: {
		'X-Forwarded-For': from, Authorization: 'guess', ...headers } });

	test('limits and the log are about who asks it', async (t) => {
		const w = await alone(t, { trusted_proxies: ['127.0.0.1'], guess_limit: 1 });
		assert.equal((await asks(w.gw, '198.51.100.7')).status, 401);
		await w.gw.logged(/\/status from 198\.51\.100\.7: wrong authorisation/);
		assert.equal((await asks(w.gw, '198.51.100.7')).status, 429);
		assert.equal((await asks(w.gw, '198.51.100.8')).status, 401);
		await closeWorld(w);
	});

	for (const [what, header] of [
		['in front of what the proxy saw', '203.0.113.9, 198.51.100.7'],
		['as a list of its own', ['203.0.113.9', '198.51.100.7']],
		['as a proxy of ours', '203.0.113.9, 127.0.0.1, 198.51.100.7'],
		['behind a second proxy of ours', '203.0.113.9, 198.51.100.7, 10.1.2.3'],
		['as a text', 'unknown, 198.51.100.7'],
		['as another loopback', '127.0.0.9, ::1, 198.51.100.7'],
	])
		test(`what the client claims ${what} is not believed`, async (t) => {
			const w = await alone(t, { trusted_proxies: ['127.0.0.1', '10.0.0.0/8'],
				guess_limit: 1 });
			assert.equal((await asks(w.gw, '198.51.100.7')).status, 401);
			assert.equal((await asks(w.gw, header)).status, 429);
			assert.equal((await asks(w.gw, '203.0.113.9')).status, 401);
			await closeWorld(w);
		});

	test('nobody else is believed', async (t) => {
		const w = await alone(t, { trusted_proxies: ['203.0.113.0/24'], guess_limit: 1 });
		assert.equal((await asks(w.gw, '198.51.100.7')).status, 401);
		await w.gw.logged(/\/status from 127\.0\.0\.1: wrong authorisation/);
		assert.equal((await asks(w.gw, '198.51.100.8')).status, 429);
		assert.doesNotMatch(await w.gw.fullLog(), /198\.51\.100/);
		await closeWorld(w);
	});
});

describe('what a client says of the host', () => {
	const w = useWorld({ config: { trusted_proxies: ['127.0.0.1'] } });
	const LIES = [
		{ Host: 'evil.example' }, { Host: 'evil.example:1' }, { Host: '' },
		{ 'X-Forwarded-Host': 'evil.example' }, { 'X-Forwarded-Proto': 'https' },
		{ 'X-Forwarded-Port': '1' }, { Forwarded: 'host=evil.example;proto=https' },
		{ 'X-Original-Host': 'evil.example' }, { 'X-Forwarded-Server': 'evil.example' },
	];

	test('has no part in a link', async () => {
		for (const lie of LIES) {
			const { url, token } = await w.gw.create({}, { headers: lie });
			assert.equal(url, `http://127.0.0.1:${w.gw.port}/vnc/${token}`);
		}
	});

	test('has no part in where a link leads', async () => {
		for (const lie of LIES) {
			const { token } = await w.gw.create();
			const { status, location } = await w.gw.openRaw(token, { headers: lie });
			assert.equal(status, 302);
			assert.match(location, LOCATION);
			assert.ok(location.startsWith('http://127.0.0.1:'), location);
		}
	});
});
