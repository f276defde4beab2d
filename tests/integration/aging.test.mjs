// SPDX-License-Identifier: MIT
//
// What happens after minutes and hours, with the clocks of gateway and Proxmox moved: the
// renewal of login tickets, pings, the default timeouts, and what is slower than it may be.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Conn, formatRequest } from '../lib/http.mjs';
import { until } from '../lib/wait.mjs';
import { OP } from '../lib/ws.mjs';
import { startMiddleman } from './hostile.mjs';
import { makeClock } from './shims.mjs';
import { INVALID, closeWorld, noSessions, openWorld, sessionOf, shows } from './world.mjs';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const canMove = makeClock() !== null;

/* A world whose time can be moved: w.later(ms), and w.poke(url) to wake a session's thread. */
async function aging(t, options = {}) {
	const clock = makeClock();
	const w = await openWorld({ ...options, env: clock.env });
	w.later = (ms) => {
		clock.advance(ms);
		w.pve.advance(ms);
	};
	w.poke = (url) => w.gw.file(new URL('/', url).href).catch(() => null);
	w.renewals = () => w.pve.logins.filter((l) => l.how === 'renewal' && l.ok).length;
	/* Until the gateway knows how its nth renewal ended: a call in flight must not age. */
	w.lines = (text, n) => until(() => w.gw.log().split(text).length - 1 === n, 5000,
		`"${text}" for the ${n}. time`);
	t.after(() => closeWorld(w));
	return w;
}

/* Pokes the session until test() holds: its thread may still sleep by the old time. */
function untilPoked(w, url, test, what) {
	return until(async () => {
		if (await test())
			return true;
		await w.poke(url);
		return false;
	}, 5000, what);
}

const suite = { concurrency: 8, skip: !canMove && 'the clock cannot be moved here' };

describe('time goes by', { concurrency: 8 }, () => {
	describe('login tickets', suite, () => {
		test('are renewed at 60 minutes for a session that nobody visits', async (t) => {
			const w = await aging(t, { config: { connect_timeout: 100000 } });
			const url = await w.gw.session();
			w.later(59 * MINUTE);
			await w.gw.status();
			assert.equal(w.renewals(), 0);
			for (let n = 1; n <= 3; n++) {
				w.later(n === 1 ? 2 * MINUTE : 61 * MINUTE);
				await w.lines('ticket renewed', n);
				assert.equal(w.renewals(), n);
			}
			await shows(await w.gw.console(url));
		});

		test('are renewed for a session that was left, without the password', async (t) => {
			const w = await aging(t, { config: { reconnect_timeout: 100000 } });
			const url = await w.gw.session();
			(await w.gw.console(url)).ws.destroy();
			for (let n = 1; n <= 4; n++) {
				w.later(61 * MINUTE);
				await w.lines('ticket renewed', n);
				assert.equal(w.renewals(), n);
			}
			assert.equal(w.pve.logins.filter((l) => l.how === 'password').length, 1);
			await shows(await w.gw.console(url));
		});

		test('that could not be renewed are tried again in a minute', async (t) => {
			const w = await aging(t, { config: { connect_timeout: 100000 } });
			const url = await w.gw.session();
			w.pve.faults.ticket = { status: 500, reason: 'not now', times: 2 };
			w.later(61 * MINUTE);
			await w.lines('not renewed', 1);
			w.later(61 * SECOND);
			await w.lines('not renewed', 2);
			w.later(61 * SECOND);
			await w.lines('ticket renewed', 1);
			await shows(await w.gw.console(url));
		});

		test('that have expired close with 4003', async (t) => {
			const w = await aging(t, { config: { connect_timeout: 100000 } });
			const url = await w.gw.session();
			w.pve.faults.ticket = { close: true };
			w.later(125 * MINUTE);
			await w.gw.logged(/not renewed/);
			const ws = await w.gw.websocket(url);
			assert.equal((await ws.closed()).code, 4003);
		});
	});

	describe('a connection', suite, () => {
		test('whose browser answers no ping for 60 s is gone', async (t) => {
			const w = await aging(t);
			const url = await w.gw.session();
			const { ws } = await w.gw.console(url, { ws: { autoPong: false } });
			w.later(31 * SECOND);
			await untilPoked(w, url, () => ws.seen.some((f) => f.opcode === OP.PING), 'a ping');
			w.later(31 * SECOND);
			await untilPoked(w, url, () => ws.ended, 'the end');
			await w.gw.logged(/browser answers no ping/);
			assert.equal((await sessionOf(w.gw, 101)).status, 'disconnected');
			await shows(await w.gw.console(url));
		});

		test('whose browser answers them stays for hours, and the picture with it', async (t) => {
			const w = await aging(t, { pve: { kinds: { 101: 'screen' } } });
			const url = await w.gw.session();
			const c = await w.gw.console(url);
			const pings = () => c.ws.seen.filter((f) => f.opcode === OP.PING).length;
			for (let n = 1; n <= 6; n++) {
				w.later(31 * SECOND);
				await untilPoked(w, url, () => pings() >= n, `ping ${n}`);
			}
			await shows(c);
		});

		test('that was quiet for 60 s and is cut comes back like any other', async (t) => {
			const w = await aging(t);
			const url = await w.gw.session();
			const c = await w.gw.console(url);
			w.later(29 * SECOND);
			w.later(32 * SECOND);
			w.pve.cutConsoles();
			assert.equal((await c.ws.closed()).code, 4002);
			const start = Date.now();
			await shows(await w.gw.console(url));
			assert.ok(Date.now() - start < 3000);
		});

		test('to a Proxmox that answers no ping for 60 s is closed with 4002', async (t) => {
			const w = await aging(t);
			const url = await w.gw.session();
			const { ws } = await w.gw.console(url);
			const [con] = w.pve.liveConsoles;
			con.conn.freeze();
			w.later(31 * SECOND);
			await untilPoked(w, url, () => ws.seen.some((f) => f.opcode === OP.PING), 'a ping');
			w.later(31 * SECOND);
			await untilPoked(w, url, () => ws.close_ !== null, 'the Close frame');
			assert.equal((await ws.closed()).code, 4002);
			con.cut();
			await shows(await w.gw.console(url));
		});

		test('that comes about when its console is old is not used for it', async (t) => {
			const held = [], before = new Set();
			let holding = false;
			const w = await aging(t);
			const port = await startMiddleman(t, w.pve.port, (bytes, from) => {
				if (!holding)
					before.add(from);
				const send = () => from.write(bytes);
				if (before.has(from))
					send();
				else
					held.push(send);
			});
			const url = await w.gw.session({ port });
			holding = true;
			const ws = await w.gw.websocket(url);
			await w.lines('console ticket for browser 1: ok', 1);
			await until(() => held.length > 0, 5000, 'a handshake');
			w.later(9 * SECOND);
			held.forEach((send) => send());
			const { code } = await ws.closed();
			assert.equal(code, 4002);
			await w.gw.logged(/the console grew old before there was a connection/);
			assert.ok(!w.pve.requests.some((r) => r.path.endsWith('/vncwebsocket')));
		});

		test('that the guest\'s host cuts for idleness comes back', async (t) => {
			const w = await aging(t, { pve: { kinds: { 101: 'static' } } });
			const url = await w.gw.session();
			const { ws } = await w.gw.console(url);
			w.pve.advance(16 * MINUTE);
			assert.equal((await ws.closed()).code, 4002);
			await shows(await w.gw.console(url));
		});
	});

	describe('by default', suite, () => {
		test('a token is good for 300 s', async (t) => {
			const w = await aging(t);
			const [a, b] = [await w.gw.create(), await w.gw.create()];
			w.later(298 * SECOND);
			await w.gw.open(a.token);
			w.later(3 * SECOND);
			assert.match((await w.gw.openRaw(b.token)).text, INVALID);
		});

		test('a session waits 300 s for its first browser', async (t) => {
			const w = await aging(t);
			await w.gw.session();
			w.later(295 * SECOND);
			assert.ok(await sessionOf(w.gw, 101));
			w.later(6 * SECOND);
			await noSessions(w.gw, 4000);
		});

		test('and 3600 s for one to come back', async (t) => {
			const w = await aging(t);
			const { ws } = await w.gw.console(await w.gw.session());
			ws.destroy();
			await w.gw.statusUntil((s) => s.sessions_disconnected === 1);
			w.later(3590 * SECOND);
			assert.ok(await sessionOf(w.gw, 101));
			w.later(11 * SECOND);
			await noSessions(w.gw, 4000);
		});

		test('its age in /status is told as 2h59m..s', async (t) => {
			const w = await aging(t, { config: { connect_timeout: 100000 } });
			await w.gw.session();
			w.later(3 * HOUR - 30 * SECOND);
			assert.match((await sessionOf(w.gw, 101)).age, /^2h59m3\ds$/);
		});
	});

	describe('what comes too slowly', { concurrency: 8 }, () => {
		/* Writes a byte every 250 ms until cut off; when that was, in ms. */
		async function drip(gw, bytes, ms) {
			const conn = await Conn.open(gw.url);
			const writing = conn.write(bytes, { piece: 1, everyMs: 250 });
			const closed = await conn.closed(ms);
			const end = conn.endedAt - conn.openedAt;
			conn.close();
			await writing;
			return { closed, end, text: conn.received.toString() };
		}

		test('a head that is not there within 10 s is cut off, however it drips', async (t) => {
			const w = await openWorld({ pve: null });
			t.after(() => closeWorld(w));
			const head = formatRequest({ path: '/status', host: 'x',
				headers: { 'X-Long': 'y'.repeat(500) } });
			const { closed, end } = await drip(w.gw, head, 13000);
			assert.ok(closed, 'it was never cut off');
			assert.ok(end > 9000 && end < 12500, `after ${end} ms`);
			assert.equal((await w.gw.status()).total_sessions, 0);
		});

		test('a body has 30 s, however it drips', { skip: suite.skip }, async (t) => {
			const w = await aging(t);
			const body = JSON.stringify(w.gw.params());
			const bytes = formatRequest({ method: 'POST', path: '/create', host: 'x', body,
				headers: w.gw.auth({ 'Content-Type': 'application/json' }) });
			const head = bytes.length - body.length;
			const conn = await Conn.open(w.gw.url);
			conn.write(bytes.subarray(0, head + 5));
			w.later(20 * SECOND);
			conn.write(bytes.subarray(head + 5, head + 10), { piece: 1, everyMs: 20 });
			await w.gw.status();
			assert.ok(!conn.ended, 'cut off before its time');
			w.later(11 * SECOND);
			await until(async () => {
				if (!conn.ended)
					conn.write('x');
				await Promise.all(Array.from({ length: 4 }, () => w.gw.request('/')));
				return conn.ended;
			}, 5000, 'the connection to be cut off');
			assert.doesNotMatch(conn.received.toString(), /"token":"[0-9a-f]/);
			conn.close();
		});

		test('a silent connection to a session\'s port is cut off in 20 s', async (t) => {
			const w = await openWorld();
			t.after(() => closeWorld(w));
			const url = await w.gw.session();
			const conn = await Conn.open(new URL('/', url).href);
			conn.write('GET /');
			assert.ok(await conn.closed(20000), 'it was never cut off');
			conn.close();
		});
	});
});
