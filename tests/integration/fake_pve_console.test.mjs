// SPDX-License-Identifier: MIT
//
// The fake Proxmox keeps its promises: vncproxy, vncwebsocket, frames, RFB, a real QEMU.
//
// Companion of fake_pve.test.mjs. What illegal clients do to the neighbours is tested in
// both modes: A, where a worker dies, and B, where the connection hangs.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { COLOURS, patternSha256, startFakePve } from '../fake_pve/fake_pve.mjs';
import { haveQemu } from '../fake_pve/qemu.mjs';
import { PveClient } from '../lib/pve_client.mjs';
import { RfbAuthFailed, RfbClient } from '../lib/rfb.mjs';
import { until, within } from '../lib/wait.mjs';
import { OP, WsEnded, WsRefused } from '../lib/ws.mjs';

const QUICK = { unauthorizedMs: 100, freezeMs: 500 };

let pve;
let c;
const open = [];

async function fake(options = {}) {
	const p = await startFakePve({ timings: QUICK, ...options });
	open.push(p);
	return p;
}

async function client(target = pve, who) {
	const made = new PveClient(target, who);
	await made.login();
	return made;
}

/* The way into a console by hand: the RFB bytes are the caller's. */
async function socketTo(made, vmid, opts) {
	const reply = (await made.vncproxy(vmid, opts)).data;
	return { reply, ws: await made.websocket(vmid, reply, opts) };
}

function refused(status, reason) {
	return (e) => e instanceof WsRefused && e.status === status &&
		(reason === undefined || e.response.reason === reason);
}

before(async () => {
	pve = await fake();
	c = await client();
});
after(async () => {
	for (const p of open)
		await p.stop();
});

describe('vncproxy', () => {
	test('password in the reply and in front of the ticket', async () => {
		const { data } = await c.vncproxy(101);
		assert.equal(data.password.length, 8);
		assert.ok([...data.password].every((x) => x >= '!' && x <= '`'));
		assert.ok(data.ticket.startsWith(`${data.password}:PVEVNC:`));
		assert.ok(data.ticket.length <= 512);
		assert.equal(data.user, 'vncuser@pve');
		assert.match(data.cert, /BEGIN CERTIFICATE/);
		assert.match(data.upid, /^UPID:pve:.*:vncproxy:101:vncuser@pve:$/);
		assert.ok(pve.secrets.includes(data.ticket) && pve.secrets.includes(data.password));
	});

	test('passwords use the whole alphabet from ! to backtick', async () => {
		const p = await fake();
		const k = await client(p);
		let seen = '';
		for (let i = 0; i < 90; i++)
			seen += (await k.vncproxy(103)).data.password;
		assert.ok(new Set(seen).size > 58, `${new Set(seen).size} of 64`);
		assert.match(seen, /["\\%&+;<#:=?]/);
	});

	test('without websocket=1 it is useless for a websocket', async () => {
		const p = await fake();
		const k = await client(p);
		await assert.rejects(k.console(101, { fields: {} }), /no usable security type/);
		assert.match(p.violations[0], /without websocket=1/);
	});

	test('ports: reserved for 5 s, then given out again, even in use', async () => {
		const p = await fake();
		const k = await client(p);
		const port = async () => Number((await k.vncproxy(101)).data.port);
		const first = await socketTo(k, 101);
		assert.equal(Number(first.reply.port), 5900);
		assert.equal(await port(), 5901);
		p.advance(5000);
		assert.equal(await port(), 5900);
		p.advance(10000);
		const ct = await socketTo(k, 200, { type: 'lxc' });
		assert.equal(Number(ct.reply.port), 5900);
		p.advance(10000);
		assert.equal(await port(), 5901, 'a container keeps its port');
	});

	test('the hundred and first: unable to find free port', async () => {
		const p = await fake();
		const k = await client(p);
		for (let i = 0; i < 100; i++)
			assert.equal((await k.vncproxy(101)).status, 200);
		const res = await k.vncproxy(101);
		assert.equal(res.status, 500);
		assert.equal(res.reason, 'unable to find free port (5900-6000)');
	});
});

describe('vncwebsocket', () => {
	test('a ticket of another port, guest or user, or too old: 401', async () => {
		const p = await fake();
		const k = await client(p);
		const { password } = p.users['other@pve'];
		const other = await client(p, { user: 'other@pve', password });
		const { data } = await k.vncproxy(101);
		const no = refused(401, 'permission denied - invalid PVEVNC ticket');
		await assert.rejects(k.websocket(101, { ...data, port: 5999 }), no);
		await assert.rejects(k.websocket(103, data), no);
		await assert.rejects(other.websocket(101, data), no);
		const part = data.ticket.slice(1);
		await assert.rejects(k.websocket(101, { ...data, ticket: part }), no);
		p.advance(41000);
		await assert.rejects(k.websocket(101, data), no);
		await assert.rejects(k.websocket(101, { ...data, port: 80 }), refused(400));
		assert.deepEqual(p.crashes, []);
	});

	test('token and owner are different identities', async () => {
		const { secret } = pve.users['vncuser@pve'].tokens.gw;
		const t = new PveClient(pve, { token: `vncuser@pve!gw=${secret}` });
		const { data } = await t.vncproxy(101);
		await assert.rejects(c.websocket(101, data), refused(401));
		(await t.websocket(101, data)).destroy();
	});

	test('version and key are required; without Upgrade it is plain JSON', async () => {
		const { data } = await c.vncproxy(101);
		const bad = (headers) =>
			assert.rejects(c.websocket(101, data, { headers }), refused(500));
		await bad({ 'Sec-WebSocket-Version': '8' });
		await bad({ 'Sec-WebSocket-Key': null });
		await assert.rejects(c.websocket(101, data, { headers: { Upgrade: null } }),
			(e) => e.response.json.data.port === String(data.port));
		(await c.websocket(101, data)).destroy();
	});

	for (const [offer, echo] of [[['binary'], 'binary'], [undefined, undefined],
		['foo, binary', 'foo, binary']]) {
		test(`subprotocol ${offer ?? 'none'}: echoed verbatim`, async () => {
			const { ws } = await socketTo(c, 101, { protocols: offer });
			assert.equal(ws.protocol, echo);
			assert.equal(ws.response.headers['sec-websocket-extensions'], undefined);
			ws.destroy();
		});
	}

	test('pings are answered, pongs are not, no Close frame ever', async () => {
		const { ws } = await c.console(101);
		ws.ping('hello');
		ws.send('', { opcode: OP.PONG });
		await until(() => ws.frames.some((f) => f.opcode === OP.PONG), 2000, 'a pong');
		const pong = ws.frames.find((f) => f.opcode === OP.PONG);
		assert.equal(pong.payload.toString(), 'hello');
		ws.close(1000, 'bye');
		assert.equal((await ws.closed()).code, 1006);
		assert.deepEqual(pve.consoles.at(-1).closeFrame, { code: 1000, reason: 'bye' });
		assert.ok(ws.seen.every((f) => [OP.BINARY, OP.PONG].includes(f.opcode) && f.fin));
	});

	test('text frames, small and 128 KiB ones all are just bytes', async () => {
		pve.guest(110).setKind('echo');
		const { ws } = await c.console(110);
		ws.sendText('abc');
		ws.send('d');
		assert.equal((await ws.read(4)).toString(), 'abcd');
		const big = Buffer.alloc(131072, 'x');
		ws.send(big);
		assert.deepEqual(await ws.read(131072), big);
		const last = pve.consoles.at(-1).frames.slice(-3);
		assert.deepEqual(last.map((f) => f.opcode), [1, 2, 2]);
		assert.deepEqual(last.map((f) => f.length), [3, 1, 131072]);
		ws.destroy();
	});

	for (const [what, send] of [
		['fragment', (ws) => ws.send('a', { fin: false })],
		['continuation', (ws) => ws.send('a', { opcode: 0 })],
		['RSV bit', (ws) => ws.send('a', { rsv: 4 })],
		['unmasked', (ws) => ws.send('a', { mask: false })],
		['opcode 3', (ws) => ws.send('a', { opcode: 3 })],
		['128 KiB + 1', (ws) => ws.send(Buffer.alloc(131073))],
	]) {
		test(`mode A: ${what} freezes and then cuts the whole worker`, async () => {
			const p = await fake({ workers: 1 });
			const k = await client(p);
			const [mine, neighbour] = [await k.console(101), await k.console(103)];
			send(mine.ws);
			await until(() => p.crashes.length === 1, 2000, 'the crash');
			const start = Date.now();
			neighbour.rfb.requestUpdate();
			assert.equal((await k.call('GET', '/version')).status, 200, 'a new worker');
			await within(neighbour.ws.closed(), 3000);
			assert.ok(Date.now() - start >= QUICK.freezeMs - 50);
			assert.equal(neighbour.ws.streamBytes, 0);
			assert.match(p.violations[0], /illegal frame/);
		});
	}

	test('mode A: the neighbours on other workers live on', async () => {
		const p = await fake({ workers: 3 });
		const k = await client(p);
		const all = [];
		for (let i = 0; i < 6; i++)
			all.push(await k.console(103 + i));
		all[0].ws.send('a', { rsv: 1 });
		await all[0].ws.closed();
		assert.ok(all.some((x) => !x.ws.ended));
		assert.ok(p.crashes[0].connections < 6);
	});

	test('mode B: an illegal frame leaves a connection that takes no more input', async () => {
		const p = await fake({ mode: 'B', kinds: { 101: 'echo' } });
		const { ws } = await (await client(p)).console(101);
		ws.send('a', { rsv: 1 });
		ws.send('b');
		ws.ping();
		await assert.rejects(ws.read(1, 200), /waited/);
		assert.equal(ws.ended, false);
		assert.deepEqual(p.crashes, []);
	});

	for (const [what, prepare] of [
		['second use of a port', async (p, k, reply) => k.websocket(101, reply)],
		['listener older than 10 s', async (p) => p.advance(10001)],
	]) {
		test(`dead port (${what}): A: no answer, then EOF; B: hangs`, async () => {
			for (const mode of ['A', 'B']) {
				const p = await fake({ mode });
				const k = await client(p);
				const reply = (await k.vncproxy(101)).data;
				await prepare(p, k, reply);
				const start = Date.now();
				const dead = k.websocket(101, reply, { timeoutMs: 1500 });
				if (mode === 'A') {
					await assert.rejects(dead, refused(0));
					assert.ok(Date.now() - start >= QUICK.freezeMs - 50);
				} else {
					await assert.rejects(dead, /waited/);
				}
				assert.equal(p.crashes.length, mode === 'A' ? 1 : 0);
				assert.match(p.violations.at(-1), /nothing listens/);
			}
		});
	}

	test('faults: no 101, wrong accept, garbage frames', async () => {
		pve.faults.vncwebsocket = { no101: true, times: 1 };
		await assert.rejects(socketTo(c, 101, { timeoutMs: 200 }), /waited/);
		pve.faults.vncwebsocket = { badAccept: true, times: 1 };
		await assert.rejects(socketTo(c, 101), /wrong Sec-WebSocket-Accept/);
		pve.faults.vncwebsocket = { garbageFrames: true, times: 1 };
		const { ws } = await socketTo(c, 101);
		const garbage = Buffer.from('83fe0fff', 'hex');
		await until(() => ws.received.includes(garbage), 2000, 'garbage');
		ws.destroy();
	});
});

describe('consoles of synthetic guests', () => {
	test('a picture that moves and takes keys', async () => {
		const { rfb } = await c.console(104);
		rfb.setup();
		rfb.requestUpdate();
		await rfb.readUpdate();
		rfb.type('2');
		rfb.requestUpdate({ incremental: true });
		await until(async () => {
			rfb.requestUpdate();
			await rfb.readUpdate();
			return rfb.pixel(50, 100).join() === COLOURS[2].join();
		}, 2000, 'the colour');
		const names = pve.consoles.at(-1).messages.map((m) => m.name);
		assert.deepEqual(names.slice(0, 5), ['SetPixelFormat', 'SetEncodings',
			'FramebufferUpdateRequest', 'KeyEvent', 'KeyEvent']);
	});

	test('a wrong password: SecurityResult 1, a reason with its NUL counted', async () => {
		const { ws } = await socketTo(c, 105);
		const rfb = new RfbClient(ws);
		await assert.rejects(rfb.handshake({ password: 'wrong' }), RfbAuthFailed);
		assert.equal(rfb.reasonBytes.toString('latin1'), 'Authentication failed\0');
		assert.deepEqual(rfb.types, [2]);
		await ws.closed();
		assert.equal(pve.consoles.at(-1).authOk, false);
	});

	test('a later console overwrites the password of the guest', async () => {
		const before = pve.overlaps;
		const a = await socketTo(c, 106);
		const b = await socketTo(c, 106);
		await assert.rejects(new RfbClient(a.ws).handshake({ password: a.reply.password }),
			RfbAuthFailed);
		await new RfbClient(b.ws).handshake({ password: b.reply.password });
		assert.equal(pve.overlaps, before + 1);
	});

	test('the password dies 30 s after the websocket opened', async () => {
		const p = await fake();
		const k = await client(p);
		const { ws, reply } = await socketTo(k, 107);
		p.advance(30000);
		const late = new RfbClient(ws).handshake({ password: reply.password });
		await assert.rejects(late, RfbAuthFailed);
	});

	test('shared=0 disconnects the others and is a violation', async () => {
		const p = await fake();
		const k = await client(p);
		const first = await k.console(101);
		await k.console(101, { shared: false });
		await first.ws.closed();
		assert.match(p.violations[0], /shared=0/);
	});

	test('a stopped guest: 101 and then nothing but the end', async () => {
		const { ws } = await socketTo(c, 102);
		await assert.rejects(ws.read(12), WsEnded);
		assert.equal(ws.totalBytes, 0);
	});

	test('containers: colour map, several viewers of a port, a stopped one ends', async () => {
		const first = await c.console(200, { type: 'lxc' });
		assert.deepEqual([first.rfb.width, first.rfb.height, first.rfb.format.bpp,
			first.rfb.format.trueColour], [744, 400, 8, false]);
		first.rfb.requestUpdate();
		assert.equal((await first.rfb.readUpdate())[0].pixels.length, 744 * 400);
		const second = await c.websocket(200, first.reply, { type: 'lxc' });
		await new RfbClient(second).handshake({ password: first.reply.password });
		const off = await c.console(201, { type: 'lxc' });
		await off.ws.closed(3000);
	});

	test('idle consoles are cut after 15 minutes, pings do not help', async () => {
		const p = await fake({ kinds: { 101: 'static' } });
		const { ws } = await (await client(p)).console(101);
		p.advance(890 * 1000);
		ws.ping();
		await until(() => ws.frames.some((f) => f.opcode === OP.PONG), 2000, 'a pong');
		assert.equal(ws.ended, false);
		p.advance(11 * 1000);
		await ws.closed();
	});

	test('stopping the guest and cutConsoles() end consoles', async () => {
		const a = await c.console(111);
		const b = await c.console(112);
		await pve.guest(111).stop();
		await a.ws.closed();
		pve.cutConsoles({ vmid: 112 });
		await b.ws.closed();
		assert.equal(pve.consoles.at(-1).ended, 'cut');
	});

	test('a source streams what was asked for, in frames of the asked size', async () => {
		const bytes = 20_000_000;
		pve.guest(113).setKind({ kind: 'source', bytes, frame: 50000, then: 'end' });
		const { ws } = await c.console(113, { record: false });
		const data = await ws.read(bytes, 20000);
		assert.equal(createHash('sha256').update(data).digest('hex'), patternSha256(bytes));
		assert.ok(ws.seen.filter((f) => f.length === 50000).length > 390);
		await ws.closed();
	});

	test('a sink counts and hashes', async () => {
		pve.guest(114).setKind('sink');
		const { ws } = await c.console(114);
		const data = Buffer.alloc(100000, 'abc');
		ws.send(data);
		const con = pve.consoles.at(-1);
		await until(() => con.bytesIn === data.length + 30, 2000, 'the bytes');
		assert.equal(con.sha256(), createHash('sha256').update(data).digest('hex'));
	});

	for (const split of [1, [1, 2, 3, 100], 'random']) {
		test(`output in frames of ${split}`, async () => {
			const p = await fake({ split });
			const { rfb, ws } = await (await client(p)).console(101);
			rfb.setup();
			rfb.requestUpdate({ w: 10, h: 10 });
			assert.equal((await rfb.readUpdate())[0].pixels.length, 400);
			assert.ok(ws.seen.length > 8, `${ws.seen.length} frames`);
		});
	}

	test('RFB faults: garbage, silence, refusals', async () => {
		const outcome = async (fault) => {
			pve.faults.rfb = { ...fault, times: 1 };
			const { ws, reply } = await socketTo(c, 115);
			return new RfbClient(ws).handshake({ password: reply.password, ms: 200 })
				.then(() => 'ok', (e) => e.message);
		};
		assert.match(await outcome({ never: true }), /waited/);
		assert.match(await outcome({ authFail: true }), /Authentication failed/);
		assert.match(await outcome({ noTypes: true }), /nope/);
		assert.match(await outcome({ otherType: 19 }), /no usable security type/);
		assert.match(await outcome({ endAfterAuth: true }), /ended/);
		assert.notEqual(await outcome({ garbage: true }), 'ok');
		assert.equal(await outcome({}), 'ok');
	});
});

describe('a real QEMU', { skip: !haveQemu() && 'no qemu-system-x86_64' }, () => {
	let p;
	let k;
	before(async () => {
		p = await fake({ qemu: true });
		k = await client(p);
	});

	test('authenticates, shows pixels that change, echoes the keyboard', async () => {
		const { rfb } = await k.console(100);
		rfb.setup([0, -223]);
		rfb.requestUpdate();
		await rfb.readUpdate();
		const first = Buffer.from(rfb.fb);
		rfb.requestUpdate({ incremental: true });
		await rfb.readUpdate();
		assert.ok(!first.equals(rfb.fb), 'the picture moves');
		rfb.type('4');
		await until(async () => {
			rfb.requestUpdate();
			await rfb.readUpdate();
			const [r, g, b] = rfb.pixel(600, 200);
			return r > 160 && g === 0 && b === 0;
		}, 5000, 'a red page');
		assert.equal(p.consoles.at(-1).authOk, true);
		assert.equal(p.consoles.at(-1).shared, 1);
	});

	test('a later console overwrites the password', async () => {
		const a = await socketTo(k, 100);
		await a.ws.read(12);
		const b = await k.console(100);
		a.ws.send('RFB 003.008\n');
		assert.deepEqual([...await a.ws.read(2)], [1, 2]);
		a.ws.send(Buffer.from([2]));
		await a.ws.read(16);
		a.ws.send(Buffer.alloc(16));
		assert.equal((await a.ws.read(4)).readUInt32BE(0), 1);
		const n = (await a.ws.read(4)).readUInt32BE(0);
		assert.equal((await a.ws.read(n)).toString('latin1'), 'Authentication failed\0');
		b.rfb.setup();
		b.rfb.requestUpdate();
		await b.rfb.readUpdate();
	});

	test('a reset keeps the console, stop and start end it; stopped: no byte', async () => {
		const { rfb, ws } = await k.console(100);
		await p.guest(100).reset();
		rfb.setup([0, -223]);
		rfb.requestUpdate();
		await rfb.readUpdate();
		await p.guest(100).stop();
		await ws.closed();
		const off = await socketTo(k, 100);
		await assert.rejects(off.ws.read(12), WsEnded);
		await p.guest(100).start();
		await k.console(100);
	});

	test('no process is left behind', async () => {
		const { pid } = p.qemu;
		await p.stop();
		assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
	});
});
