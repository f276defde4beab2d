// SPDX-License-Identifier: MIT
//
// What one client may have of a session's port, and how long it may take to ask.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Conn, rawRequest } from '../lib/http.mjs';
import { until } from '../lib/wait.mjs';
import { WsRefused } from '../lib/ws.mjs';
import { closeWorld, openWorld, shows, useWorld } from './world.mjs';

const CONNECTIONS = 4;
/* See LOOP_TURNED_AWAY_MAX. */
const TOLD = 8;
const HEAD_MS = 10000;

let last = 10;
const newcomer = () => `127.0.1.${++last}`;

function target(w, url, from) {
	const u = new URL(url);
	return { host: u.hostname, port: Number(u.port), tls: u.protocol === 'https:', from,
		...w.gw.tls() };
}

/* n connections from there that say nothing. */
function idle(w, url, from, n) {
	return Promise.all(Array.from({ length: n }, () => Conn.open(target(w, url, from))));
}

/* The port takes connections in the order in which they come. */
async function get(w, url, from) {
	const conn = await Conn.open(target(w, url, from));
	const { host, pathname } = new URL(url);
	await conn.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
	const res = await conn.response();
	return { res, ended: async () => await conn.closed(3000), close: () => conn.close() };
}

for (const tls of [false, true]) {
	describe(`connections of one client to a session's port${tls ? ', TLS' : ''}`, () => {
		const w = useWorld({ tls, config: { limit_loopback: true,
			session_connections_per_client: CONNECTIONS } });

		test('one too many is told when to come again; others are served', async () => {
			const url = await w.gw.session();
			const from = newcomer();
			const held = await idle(w, url, from, CONNECTIONS);
			const more = await get(w, url, from);
			assert.equal(more.res.status, 503);
			assert.equal(more.res.headers['retry-after'], '10');
			assert.equal(more.res.headers.connection, 'close');
			assert.equal(more.res.text, '');
			assert.ok(await more.ended(), 'closed');
			await assert.rejects(w.gw.websocket(url, { from }), (e) =>
				e instanceof WsRefused && e.status === 503);
			await shows(await w.gw.console(url, { from: newcomer() }));
			held.forEach((conn) => conn.close());
			await until(async () => (await w.gw.file(url, '', { from })).status === 200, 5000,
				'room for the client');
		});

		test('websockets count like all others', async () => {
			const url = await w.gw.session();
			const from = newcomer();
			const { password } = await w.gw.mandatory(url, { from });
			const open = await Promise.all(Array.from({ length: CONNECTIONS },
				() => w.gw.websocket(url, { from })));
			const more = await get(w, url, from);
			assert.equal(more.res.status, 503);
			assert.ok(!more.res.text.includes(password));
			open.forEach((ws) => ws.destroy());
		});
	});
}

describe('a client that is told of its limit', () => {
	const w = useWorld({ config: { limit_loopback: true,
		session_connections_per_client: CONNECTIONS } });

	test('a few at a time; what comes beyond is closed without a word', async () => {
		const url = await w.gw.session();
		const from = newcomer();
		const held = await idle(w, url, from, CONNECTIONS + TOLD);
		const beyond = await rawRequest(target(w, url, from), 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
		assert.equal(beyond.bytes.length, 0);
		assert.ok(beyond.ended);
		await shows(await w.gw.console(url, { from: newcomer() }));
		held.forEach((conn) => conn.close());
	});

	test('a connection to a Proxmox is nobody\'s', async () => {
		const url = await w.gw.session({ vmid: 103 });
		const from = newcomer();
		const open = [];
		for (let i = 0; i < CONNECTIONS - 1; i++)
			open.push(await w.gw.console(url, { from }));
		await shows(open[0]);
		assert.equal((await get(w, url, from)).res.status, 200);
		open.forEach((c) => c.ws.destroy());
	});
});

describe('limits of a session\'s port', () => {
	test('do not apply to loopback before that is asked for, but then at once', async (t) => {
		const w = await openWorld({ config: { session_connections_per_client: 1 } }, t);
		const url = await w.gw.session();
		const held = await idle(w, url, '127.0.0.1', 5);
		assert.equal((await w.gw.file(url)).status, 200);
		w.gw.reload({ limit_loopback: true });
		await until(async () => (await w.gw.file(url)).status === 503, 5000, 'the limit');
		held.forEach((conn) => conn.close());
		await closeWorld(w);
	});

	test('a proxy of ours is no client', async (t) => {
		const w = await openWorld({ config: { session_connections_per_client: 1,
			trusted_proxies: ['127.0.0.9'] } }, t);
		const url = await w.gw.session();
		const held = await idle(w, url, '127.0.0.9', 5);
		assert.equal((await w.gw.file(url, '', { from: '127.0.0.9' })).status, 200);
		held.push(...await idle(w, url, '127.0.0.8', 1));
		assert.equal((await w.gw.file(url, '', { from: '127.0.0.8' })).status, 503);
		held.forEach((conn) => conn.close());
		await closeWorld(w);
	});

	test('max_browsers_per_session: one more gets 4004, and SIGHUP moves it', async (t) => {
		const w = await openWorld({ config: { max_browsers_per_session: 2 } }, t);
		const url = await w.gw.session();
		const open = [await w.gw.console(url), await w.gw.console(url)];
		assert.equal((await (await w.gw.websocket(url)).closed()).code, 4004);
		w.gw.reload({ max_browsers_per_session: 32 });
		await w.gw.logged(/configuration read again/);
		for (let i = open.length; i < 32; i++)
			open.push(await w.gw.console(url));
		assert.equal((await (await w.gw.websocket(url)).closed()).code, 4004);
		await Promise.all(open.map((c) => shows(c, 15000)));
		assert.equal((await w.gw.file(url)).status, 200);
		open.forEach((c) => c.ws.destroy());
		await closeWorld(w);
	});
});

describe('a request\'s head at a session\'s port', () => {
	const w = useWorld();

	async function session() {
		return target(w, await w.gw.session());
	}

	test('of more than 8 KiB is not read', async () => {
		const port = await session();
		for (const head of [`GET / HTTP/1.1\r\nHost: h\r\nX: ${'a'.repeat(8192)}\r\n\r\n`,
			`GET /${'a'.repeat(8192)} HTTP/1.1\r\nHost: h\r\n\r\n`,
			`GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(2000)}\r\n`,
			`GET / HTTP/1.1\r\nHost: h\r\nX: ${'a'.repeat(4 * 1024 * 1024)}`]) {
			const res = await rawRequest(port, head);
			assert.equal(res.bytes.length, 0);
			assert.ok(res.ended, 'closed');
		}
	});

	test('is cut after 10 s, however it drips in', async () => {
		const port = await session();
		const drips = [0, 20, 500].map(async (everyMs) => {
			const bytes = everyMs ? `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(1000)}` : 'GET / HTTP/1.1';
			return rawRequest(port, bytes, { piece: everyMs ? 1 : 0, everyMs, ms: 2 * HEAD_MS });
		});
		for (const res of await Promise.all(drips)) {
			assert.ok(res.ended, 'closed');
			assert.equal(res.bytes.length, 0);
			assert.ok(res.ms > HEAD_MS - 2000 && res.ms < HEAD_MS + 5000, `after ${res.ms} ms`);
		}
	});
});
