// SPDX-License-Identifier: MIT
//
// A browser's connection to a session: how its websocket is closed and by whom, what it may do
// in the middle of things, and which requests may follow each other.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { encodeFrame } from '../lib/frames.mjs';
import { Conn, formatRequest, rawRequest } from '../lib/http.mjs';
import { until } from '../lib/wait.mjs';
import { OP, WsClient } from '../lib/ws.mjs';
import { makeClock, makeShortWrites } from './shims.mjs';
import { closeWorld, echoes, openWorld, settled, shows, useWorld } from './world.mjs';

const PORT_MS = 1000; /* for a browser to hang up */

/* The payload of a Close frame. */
function closing(code, reason = '') {
	const head = Buffer.alloc(2);
	head.writeUInt16BE(code);
	return Buffer.concat([head, Buffer.from(reason)]);
}

const masked = (payload, options) => encodeFrame(payload, { mask: true, ...options });

/* What is answered to a Close frame with this payload: the payload of the gateway's. */
const CLOSES = [
	['1000', closing(1000), closing(1000)],
	['1001 and a reason', closing(1001, 'going'), closing(1001)],
	['3000', closing(3000), closing(3000)],
	['4999', closing(4999), closing(4999)],
	['no code', Buffer.alloc(0), Buffer.alloc(0)],
	['half a code', Buffer.from([3]), closing(1002)],
	...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) =>
		[`${code}, which is none`, closing(code), closing(1002)]),
];

/* What no browser may send, and what comes before it. */
const FORBIDDEN = {
	'a frame that is not masked': encodeFrame('abc'),
	'a reserved bit': masked('abc', { rsv: 1 }),
	'opcode 3': masked('abc', { opcode: 3 }),
	'opcode 11': masked('abc', { opcode: 11 }),
	'a ping of 126 bytes': masked(Buffer.alloc(126), { opcode: OP.PING }),
	'a ping in pieces': masked('abc', { opcode: OP.PING, fin: false }),
	'a continuation of nothing': masked('abc', { opcode: OP.CONT }),
	'a message within another': Buffer.concat([masked('a', { fin: false }), masked('b')]),
	'2^63 bytes': Buffer.from('82ff800000000000000000000000', 'hex'),
};

const KINDS = [[false, false, 'plain'], [true, false, 'TLS'], [false, true, 'writes cut short'],
	[true, true, 'TLS, writes cut short']];

for (const [tls, short, how] of KINDS) {
	describe(`a browser's websocket, ${how}`, { concurrency: 4 }, () => {
		const w = useWorld({ tls, pool: 40, env: short ? makeShortWrites()?.env : {} });

		/* A console of that guest, which no other test has. */
		async function open(vmid, kind, options) {
			w.pve.guest(vmid).setKind(kind);
			const c = await w.gw.console(await w.gw.session({ vmid }), options);
			return { ...c, con: w.pve.consoles.filter((one) => one.vmid === vmid).at(-1) };
		}

		const gone = (con) => until(() => con.ended !== null, 5000, 'the end upstream');

		test('a Close frame is answered in kind, and the gateway hangs up', async () => {
			for (const [what, payload, answer] of CLOSES) {
				const { ws, con } = await open(120, 'silent');
				ws.send(payload, { opcode: OP.CLOSE });
				await until(() => ws.ended, 5000, 'the end');
				assert.ok(ws.close_?.equals(answer), `${what}: ${ws.close_?.toString('hex')}`);
				await gone(con);
			}
		});

		test('what is forbidden is answered with 1002, and the guest gets none of it', async () => {
			for (const [what, bytes] of Object.entries(FORBIDDEN)) {
				const { ws, con } = await open(121, 'silent');
				ws.sendRaw(bytes);
				ws.send('more');
				assert.equal((await ws.closed()).code, 1002, what);
				await until(() => ws.ended, 5000, 'the end');
				await gone(con);
				assert.ok(con.received.length <= 1, what);
			}
		});

		test('what follows a Close frame is thrown away, however much it is', async () => {
			const { ws, con } = await open(122, 'silent');
			ws.send('first');
			ws.close();
			ws.send('second');
			ws.sendRaw(randomBytes(100000));
			await ws.closed();
			await gone(con);
			assert.equal(con.received.toString(), 'first');
		});

		test('who says no more at the end of an answered Close is hung up on', async () => {
			const { ws, con } = await open(123, 'silent');
			const start = Date.now();
			ws.socket.allowHalfOpen = true;
			ws.close();
			await until(() => ws.ended, 5000, 'the end');
			await gone(con);
			assert.ok(Date.now() - start < PORT_MS + 4000);
		});

		test('a browser that ends its side is gone', async () => {
			const { ws, con } = await open(124, 'silent');
			ws.send('last words');
			ws.socket.end();
			await gone(con);
			assert.equal(con.received.toString(), 'last words');
		});

		test('pings are answered between frames, also of one that reads nothing', async () => {
			const { ws } = await open(125, { kind: 'source' }, { ws: { record: false } });
			ws.pause();
			await until(() => ws.totalBytes > 0, 5000, 'the source');
			for (let i = 0; i < 500; i++)
				ws.ping(`ping ${i}`);
			let pongs = 0;
			ws.resume();
			await until(() => {
				const some = ws.frames.splice(0);
				const got = some.filter((f) => f.opcode === OP.PONG);
				pongs += got.length;
				ws.stream.length = 0;
				return got.some((f) => f.payload.toString() === 'ping 499');
			}, 10000, 'the last pong');
			assert.ok(pongs <= 500);
			ws.ping('again');
			await until(() => ws.frames.splice(0).some((f) => f.payload.toString() === 'again'), 10000,
				'the next pong');
			ws.destroy();
		});

		test('one that reads nothing may close: frames stay whole, and the answer comes', async () => {
			const { ws, con } = await open(126, { kind: 'source' }, { ws: { record: false } });
			ws.pause();
			await settled(() => con.bytesOut, { what: 'the guest to be held back' });
			ws.close(4001);
			await gone(con);
			ws.onBytes = () => {};
			ws.resume();
			assert.deepEqual(await ws.closed(), { code: 4001, reason: '', clean: true });
			for (const f of ws.seen)
				assert.ok(f.fin && !f.masked && [OP.BINARY, OP.PING, OP.CLOSE].includes(f.opcode));
		});

		test('frames that come with the request for it are taken', async () => {
			const url = await w.gw.session({ vmid: 104 });
			const u = new URL(url);
			const conn = await Conn.open({ host: u.hostname, port: Number(u.port), tls,
				...w.gw.tls() });
			await conn.write(Buffer.concat([formatRequest({ path: `${u.pathname}vnc-proxy`,
				host: u.host, headers: { Connection: 'Upgrade', Upgrade: 'websocket',
					'Sec-WebSocket-Version': 13,
					'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' } }),
			masked('early', { opcode: OP.PING })]));
			const res = await conn.response();
			assert.equal(res.status, 101);
			assert.equal(res.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
			assert.equal(res.headers['sec-websocket-protocol'], undefined);
			await until(() => conn.pending.includes(Buffer.from('\x8a\x05early', 'latin1')), 5000, 'the pong');
			await until(() => conn.pending.includes(Buffer.from('\x82\x0cRFB 003.008\n', 'latin1')), 5000, 'the greeting');
			conn.close();
		});

		test('after all that consoles work as ever', async () => {
			const c = await open(127, 'echo');
			await echoes(c, randomBytes(300000));
		});
	});

	describe(`requests on one connection, ${how}`, () => {
		const w = useWorld({ tls, env: short ? makeShortWrites()?.env : {} });
		let url;

		const target = () => ({ host: '127.0.0.1', port: Number(new URL(url).port), tls,
			...w.gw.tls() });
		const get = (path, lines = '', version = '1.1') =>
			`GET ${path} HTTP/${version}\r\nHost: h\r\n${lines}\r\n`;

		test('are answered one after the other, as many as there are', async () => {
			url ??= await w.gw.session();
			const conn = await Conn.open(target());
			const { pathname } = new URL(url);
			await conn.write(`\r\n${get('/')}${get(pathname)}${get('/x')}`.repeat(20));
			for (let i = 0; i < 20; i++)
				for (const status of [404, 200, 404])
					assert.equal((await conn.response()).status, status);
			assert.equal(conn.ended, false);
			conn.close();
		});

		test('end where one asks for it, is old, or may have a body', async () => {
			url ??= await w.gw.session();
			for (const first of [get('/', 'Connection: close\r\n'), get('/', '', '1.0'),
				get('/', 'Connection: keep-alive\r\n', '1.0'), get('/', 'Content-Length: 0\r\n'),
				get('/').replace('GET', 'POST')]) {
				const res = await rawRequest(target(), first + get('/'));
				assert.ok(res.ended, first);
				assert.equal(res.bytes.toString().match(/HTTP\/1\.1 404/g)?.length, 1, first);
			}
		});

		test('end with what is none, after the answers to what is', async () => {
			url ??= await w.gw.session();
			const res = await rawRequest(target(), `${get('/')}GET / HTTP/1.1\nHost: h\n\n${get('/')}`);
			assert.ok(res.ended);
			assert.equal(res.bytes.toString().match(/HTTP\/1\.1 404/g)?.length, 2);
		});

		test('an answer is whole although the client says no more', async () => {
			url ??= await w.gw.session();
			const conn = await Conn.open(target());
			conn.socket.allowHalfOpen = true;
			conn.socket.end(get(`${new URL(url).pathname}core/rfb.js`));
			const res = await conn.response();
			assert.equal(res.status, 200);
			assert.ok(await conn.closed(3000));
		});
	});
}

describe('a connection that is kept', () => {
	test('waits 15 s for the next request', async (t) => {
		const clock = makeClock();
		if (!clock) {
			t.skip('the clock cannot be moved here');
			return;
		}
		const w = await openWorld({ env: clock.env }, t);
		const url = await w.gw.session();
		const conn = await Conn.open({ host: '127.0.0.1', port: Number(new URL(url).port) });
		const ask = async () => {
			await conn.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
			assert.equal((await conn.response()).status, 404);
		};
		await ask();
		for (let i = 0; i < 3; i++) {
			clock.advance(12000);
			await ask();
		}
		/* Answered by the same thread, so what it does behind an answer is done. */
		await w.gw.file(url);
		clock.advance(16000);
		/* The thread sleeps by the old time. */
		await until(async () => {
			await w.gw.file(url);
			return conn.ended;
		}, 5000, 'the end');
		await closeWorld(w);
	});
});

describe('a browser that hears a Close frame', () => {
	const w = useWorld();

	test('and does not answer is hung up on; one that answers is so at once', async () => {
		const url = await w.gw.session({ vmid: 101 });
		const { password } = await w.gw.mandatory(url);
		w.gw.given.add(password);
		const ends = async (answers) => {
			const ws = await w.gw.websocket(url);
			ws.send('RFB 009.999\n');
			assert.equal((await ws.closed()).code, 1002);
			const start = Date.now();
			if (answers)
				ws.close(1002);
			await until(() => ws.ended, 5000, 'the end');
			return Date.now() - start;
		};
		assert.ok(await ends(true) < PORT_MS / 2);
		const ms = await ends(false);
		assert.ok(ms > PORT_MS / 2 && ms < PORT_MS + 2000, `after ${ms} ms`);
		await shows(await w.gw.console(url));
	});

	test('is told why it can not be a console, and nothing else', async () => {
		const url = await w.gw.session({ vmid: 103 });
		const ws = await WsClient.connect(`${url.replace('http', 'ws')}vnc-proxy`,
			{ protocols: 'binary' });
		ws.sendRaw(encodeFrame('abc'));
		const { code, reason } = await ws.closed();
		assert.equal(code, 1002);
		assert.match(reason, /^The browser sent something that was not understood\.$/);
		ws.destroy();
	});
});
