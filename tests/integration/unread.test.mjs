// SPDX-License-Identifier: MIT
//
// A client that asks on and on and does not read, or asks while its answer is held back, costs a
// session's thread nothing; one that reads slowly gets all of it, in order.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from '../lib/gateway.mjs';
import { Conn } from '../lib/http.mjs';
import { cpuMs } from '../lib/process.mjs';
import { pause } from '../lib/wait.mjs';
import { makeShortWrites } from './shims.mjs';
import { shows, useWorld } from './world.mjs';

const WATCH_MS = 1500;
const GUESSES = 8;
const BIG = 'core/rfb.js';
const big = readFileSync(join(ROOT, 'novnc', BIG));
const WRONG_KEY = 'f'.repeat(32);

for (const [tls, short, how] of [[false, false, 'plain'], [true, false, 'TLS'],
	[false, true, 'plain, writes cut short'], [true, true, 'TLS, writes cut short']]) {
	describe(`a client that asks on, ${how}`, () => {
		const w = useWorld({ tls, env: short ? makeShortWrites()?.env : {},
			config: { limit_loopback: true, guess_limit: 1000 } });

		const get = (url, path) => `GET ${path} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`;

		function connect(url) {
			const u = new URL(url);
			return Conn.open({ host: u.hostname, port: Number(u.port), tls, ...w.gw.tls() });
		}

		/* A spinning thread would use all of the time, a sleeping one none. */
		async function costsNothing() {
			const before = cpuMs(w.gw.pid);
			await pause(WATCH_MS);
			const spent = cpuMs(w.gw.pid) - before;
			assert.ok(spent < WATCH_MS / 5, `${spent} ms of CPU in ${WATCH_MS} ms`);
		}

		async function unread(path, times) {
			const url = await w.gw.session();
			const conn = await connect(url);
			conn.socket.pause();
			await conn.write(get(url, path(url)).repeat(times));
			await pause(WATCH_MS);
			await costsNothing();
			await shows(await w.gw.console(url));
			conn.close();
		}

		test('and reads none of its small answers costs nothing', () => unread(() => '/', 20000));

		test('and reads none of its files costs nothing', () =>
			unread((url) => `${new URL(url).pathname}${BIG}`, 200));

		test('while its wrong key is held against it costs nothing, and waits no longer', async () => {
			const url = await w.gw.session();
			const conns = await Promise.all(Array.from({ length: GUESSES }, () => connect(url)));
			for (const conn of conns)
				await conn.write(get(url, `/${WRONG_KEY}/`) + get(url, '/'));
			const before = cpuMs(w.gw.pid);
			for (const conn of conns)
				assert.equal((await conn.response()).status, 404);
			const spent = cpuMs(w.gw.pid) - before;
			assert.ok(spent < WATCH_MS / 10, `${spent} ms of CPU`);
			conns.forEach((conn) => conn.close());
		});

		test('and reads slowly gets every answer, whole and in order', async () => {
			const url = await w.gw.session();
			const conn = await connect(url);
			const times = 120; /* more than all buffers on the way take */
			const { pathname } = new URL(url);
			await conn.write((get(url, `${pathname}${BIG}`) + get(url, '/')).repeat(times));
			for (let i = 0; i < times; i++) {
				/* Until everything on the way is full, and then again and again. */
				if (i % 20 === 0) {
					conn.socket.pause();
					await pause(i === 0 ? WATCH_MS : 100);
					conn.socket.resume();
				}
				const file = await conn.response();
				assert.equal(file.status, 200);
				assert.ok(file.body.equals(big), `answer ${i} is whole`);
				assert.equal((await conn.response()).status, 404);
			}
			conn.close();
		});
	});
}
