// SPDX-License-Identifier: MIT
//
// The relay: every byte both ways, frames Proxmox survives whatever the browser sends, and
// neither side able to fill the gateway's memory.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { patternSha256 } from '../fake_pve/fake_pve.mjs';
import { encodeFrame } from '../lib/frames.mjs';
import { RfbAuthFailed, RfbClient } from '../lib/rfb.mjs';
import { until } from '../lib/wait.mjs';
import { OP } from '../lib/ws.mjs';
import { echoes, sessionOf, settled, shows, useWorld } from './world.mjs';

const MIB = 1024 * 1024;
/* What one connection may cost beyond the kernel's own buffers: queues, frames, libraries. */
const GROWTH_KIB = 2048;

function frame(bytes, opts = {}) {
	return encodeFrame(bytes, { mask: true, ...opts });
}

/* The console of the guest that was opened last. */
function upstream(w, vmid) {
	return w.pve.consoles.filter((c) => c.vmid === vmid).at(-1);
}

async function open(w, vmid, kind, opts) {
	if (kind)
		w.pve.guest(vmid).setKind(kind);
	return w.gw.console(await w.gw.session({ vmid }), opts);
}

function legalFrames(con) {
	assert.ok(con.frames.length > 0);
	for (const f of con.frames)
		assert.ok(f.fin && f.masked && f.length <= 65536 && [2, 8, 9, 10].includes(f.opcode),
			JSON.stringify(f));
}

describe('bytes', () => {
	const w = useWorld({ pool: 40 });
	const sizes = [1, 2, 124, 125, 126, 127, 4095, 4096, 4097, 16383, 16384, 16385, 65534, 65535,
		65536, 65537, 131073, MIB, 4 * MIB];

	test('of every size come back unchanged, 1 byte to 4 MiB', async () => {
		const c = await open(w, 101, 'echo', { ws: { record: false } });
		for (const n of sizes)
			await echoes(c, randomBytes(n));
		legalFrames(upstream(w, 101));
	});

	test('in pieces of every size arrive in order', async () => {
		const c = await open(w, 103, 'echo', { ws: { record: false } });
		const data = randomBytes(300000);
		for (let at = 0, n = 1; at < data.length; at += n, n = (n * 7 + 3) % 5000 + 1)
			c.ws.send(data.subarray(at, at + n));
		assert.ok((await c.ws.read(data.length, 10000)).equals(data));
	});

	test('of a fast guest all arrive', async () => {
		const bytes = 64 * MIB;
		const c = await open(w, 104, { kind: 'source', bytes }, { ws: { record: false } });
		const hash = createHash('sha256');
		let n = c.ws.streamBytes;
		hash.update(await c.ws.read(n));
		c.ws.onBytes = (d) => {
			hash.update(d);
			n += d.length;
		};
		await until(() => n >= bytes, 30000, 'the source');
		assert.equal(n, bytes);
		assert.equal(hash.digest('hex'), patternSha256(bytes));
		c.ws.destroy();
	});

	test('that a guest says at its end all arrive before the Close', async () => {
		const bytes = 2 * MIB;
		const c = await open(w, 105, { kind: 'source', bytes, then: 'end' });
		assert.equal((await c.ws.closed()).code, 4002);
		const data = await c.ws.read(bytes);
		assert.equal(createHash('sha256').update(data).digest('hex'), patternSha256(bytes));
	});

	test('that a browser says before it leaves all arrive', async () => {
		const c = await open(w, 106, 'sink');
		const data = randomBytes(MIB);
		c.ws.send(data);
		c.ws.close();
		const con = upstream(w, 106);
		await until(() => con.ended !== null, 5000, 'the end upstream');
		assert.equal(con.sha256(), createHash('sha256').update(data).digest('hex'));
		assert.equal(con.closeFrame?.code, 1000);
	});

	for (const [vmid, split] of [[110, 1], [111, [1, 2, 3, 500]], [112, 'random']])
		test(`server output in frames of ${split} makes a picture`, async () => {
			w.pve.guest(vmid).split = split;
			await shows(await open(w, vmid));
		});

	test('of the browser are counted in the log with those of the guest', async () => {
		const c = await open(w, 113, 'echo');
		await echoes(c, randomBytes(5000));
		c.ws.destroy();
		await w.gw.logged(/vm:pve:113.*browser left \(50\d\d bytes to it, 5000 from it\)/);
	});
});

describe('whatever the browser sends', () => {
	const w = useWorld({ pool: 40 });
	/* Forty key presses, as a browser types them. */
	const keys = Buffer.concat(Array.from({ length: 40 }, (_, i) => {
		const m = Buffer.alloc(8);
		m[0] = 4;
		m[1] = i % 2;
		m.writeUInt32BE(0x61 + (i >> 1), 4);
		return m;
	}));
	const arrived = async (con, what) => {
		await until(() => con.received.length >= what.length, 10000, 'the bytes upstream');
		assert.ok(con.received.equals(what), 'they arrived as they were sent');
		legalFrames(con);
	};

	for (const [vmid, what, frames] of [
		[120, '1-byte frames', () => [...keys].map((b) => frame(Buffer.from([b])))],
		[121, 'one fragmented message', () => [...keys].map((b, i) => frame(Buffer.from([b]),
			{ opcode: i ? OP.CONT : OP.BINARY, fin: i === keys.length - 1 }))],
		[122, 'text frames', () => [frame(keys, { opcode: OP.TEXT })]],
		[123, '1-byte text frames', () => [...keys].map((b) =>
			frame(Buffer.from([b]), { opcode: OP.TEXT }))],
		[124, 'fragments with pings between', () => [
			frame(keys.subarray(0, 5), { fin: false }), frame('hi', { opcode: OP.PING }),
			frame(keys.subarray(5, 9), { opcode: OP.CONT, fin: false }),
			frame('', { opcode: OP.PONG }), frame(keys.subarray(9), { opcode: OP.CONT })]],
		[125, 'empty frames between', () => [frame(''), frame(keys.subarray(0, 3)), frame(''),
			frame(keys.subarray(3))]],
		[126, 'frames of 8-byte lengths', () => [frame(keys, { lengthBytes: 8 })]],
	])
		test(`${what} become legal frames upstream`, async () => {
			const c = await open(w, vmid, 'silent');
			for (const f of frames())
				c.ws.sendRaw(f);
			await arrived(upstream(w, vmid), keys);
		});

	test('one frame of 1 MiB becomes legal frames of at most 64 KiB', async () => {
		const c = await open(w, 127, 'silent');
		const big = randomBytes(MIB);
		c.ws.send(big);
		await arrived(upstream(w, 127), big);
	});

	test('frames that arrive byte by byte are understood', async () => {
		const c = await open(w, 128, 'silent');
		for (const b of frame(keys.subarray(0, 64))) {
			c.ws.sendRaw(Buffer.from([b]));
			await new Promise(setImmediate);
		}
		await arrived(upstream(w, 128), keys.subarray(0, 64));
	});

	test('the session lives after all of that', async () => {
		const c = await open(w, 129);
		for (const f of [...Buffer.from([3, 0, 0, 0, 0, 0, 0, 16, 0, 16])])
			c.ws.send(Buffer.from([f]));
		const [rect] = await c.rfb.readUpdate();
		assert.equal(rect.pixels.length, 16 * 16 * 4);
	});

	test('its ClientInit with shared=0 is shared=1 upstream', async () => {
		await open(w, 130, null, { shared: false });
		assert.equal(upstream(w, 130).shared, 1);
	});

	test('a ping is answered with its payload', async () => {
		const { ws } = await open(w, 131, 'silent');
		ws.ping('payload');
		const pong = await ws.frame();
		for (let f = pong; ; f = await ws.frame()) {
			if (f.opcode !== OP.PONG)
				continue;
			assert.equal(f.payload.toString(), 'payload');
			break;
		}
	});

	test('frames to it are whole, binary and unmasked', async () => {
		const c = await open(w, 132, 'echo');
		await echoes(c, randomBytes(200000));
		for (const f of c.ws.seen)
			assert.ok(f.fin && !f.masked && f.opcode === OP.BINARY, JSON.stringify(f));
	});

	for (const [vmid, what, bytes] of [
		[134, 'a reserved bit', frame('abc', { rsv: 4 })],
		[135, 'an unknown opcode', frame('abc', { opcode: 5 })],
		[136, 'a control frame of 200 bytes', frame(Buffer.alloc(200), { opcode: OP.PING })],
		[137, 'a continuation of nothing', frame('abc', { opcode: OP.CONT })],
	])
		test(`${what} ends that browser, not the session`, async () => {
			w.pve.guest(vmid).setKind('silent');
			const url = await w.gw.session({ vmid });
			const { ws } = await w.gw.console(url);
			ws.sendRaw(bytes);
			ws.sendRaw(Buffer.alloc(64));
			await ws.closed(5000);
			ws.destroy();
			await until(() => upstream(w, vmid).ended !== null, 5000, 'the end upstream');
			await w.gw.console(url);
		});

	test('an unmasked frame harms nobody', async () => {
		const c = await open(w, 133, 'silent');
		c.ws.sendRaw(encodeFrame('abc', { mask: false }));
		c.ws.destroy();
		await until(() => upstream(w, 133).ended !== null, 5000, 'the end upstream');
		for (const f of upstream(w, 133).frames)
			assert.ok(f.masked);
	});
});

describe('a browser that is no console', () => {
	const w = useWorld({ pool: 20, config: { open_timeout: 5 } });

	test('with a wrong password is refused; the session lives', async () => {
		const url = await w.gw.session({ vmid: 101 });
		const ws = await w.gw.websocket(url);
		await assert.rejects(new RfbClient(ws).handshake({ password: 'wrong' }), RfbAuthFailed);
		await ws.closed();
		await until(() => w.pve.liveConsoles.length === 0, 5000, 'the end upstream');
		await shows(await w.gw.console(url));
	});

	test('is greeted before the screen has said a word', async () => {
		w.pve.faults.rfb = { never: true, times: 1 };
		const ws = await w.gw.websocket(await w.gw.session({ vmid: 103 }));
		assert.equal((await ws.read(12)).toString(), 'RFB 003.008\n');
		await until(() => w.pve.faults.rfb.times === 0, 5000, 'the silent screen');
		ws.destroy();
	});

	test('gets nothing of the screen before it has proven the password', async () => {
		w.pve.guest(104).setKind({ kind: 'source', bytes: 100000 });
		const ws = await w.gw.websocket(await w.gw.session({ vmid: 104 }));
		await until(() => upstream(w, 104)?.authOk, 5000, 'Proxmox to authenticate');
		ws.send('RFB 003.008\n');
		ws.send(Buffer.from([2]));
		assert.equal((await ws.read(12 + 2 + 16)).length, 30);
		ws.send(Buffer.alloc(16));
		await ws.closed();
		assert.ok(ws.totalBytes < 200, `${ws.totalBytes} bytes`);
	});

	for (const [vmid, what, junk] of [
		[105, 'garbage', randomBytes(100)],
		[106, 'HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
		[107, 'an RFB version of the future and then a wrong type',
			Buffer.from('RFB 009.999\n\x63\x63\x63')],
		[108, 'a security type that was not offered', Buffer.from('RFB 003.008\n\x01')],
		[109, '1 MiB at once', Buffer.alloc(MIB, 0xa5)],
	])
		test(`sending ${what} is ended; the session lives`, async () => {
			const url = await w.gw.session({ vmid });
			const ws = await w.gw.websocket(url);
			ws.send(junk);
			await ws.closed(5000);
			await shows(await w.gw.console(url));
		});

	test('that never finishes its handshake is ended in time and holds up nobody', async () => {
		const url = await w.gw.session({ vmid: 110 });
		const silent = await w.gw.websocket(url);
		const half = await w.gw.websocket(url);
		half.send('RFB 0');
		await shows(await w.gw.console(url));
		for (const ws of [silent, half]) {
			const { clean } = await ws.closed(7000);
			assert.ok(clean, 'a Close frame came');
		}
		await until(() => w.pve.liveConsoles.filter((c) => c.vmid === 110).length === 1);
		assert.equal((await sessionOf(w.gw, 110)).status, 'active');
	});
});

describe('memory is bounded', () => {
	const w = useWorld({ pool: 20 });

	/* Another session and another browser of the same one still work at once. */
	async function othersWork(url) {
		const same = await w.gw.console(url, { ws: { record: false } });
		same.ws.destroy();
		const start = Date.now();
		await shows(await w.gw.console(await w.gw.session({ vmid: 150 })));
		assert.ok(Date.now() - start < 2000, 'others were held up');
	}

	test('when a browser stops reading a guest that sends 200 MB', async () => {
		const bytes = 200 * 1000 * 1000;
		w.pve.guest(101).setKind({ kind: 'source', bytes });
		const url = await w.gw.session({ vmid: 101 });
		await shows(await w.gw.console(await w.gw.session({ vmid: 150 })));
		const before = w.gw.memory();
		const { ws } = await w.gw.console(url, { ws: { record: false } });
		ws.pause();
		const con = upstream(w, 101);
		const sent = await settled(() => con.bytesOut, { what: 'the guest to be held back' });
		assert.ok(sent < bytes / 2, `${sent} bytes were taken from Proxmox`);
		assert.ok(w.gw.memory() - before < GROWTH_KIB, `${before} -> ${w.gw.memory()} KiB`);
		await othersWork(url);
		let n = ws.totalBytes;
		ws.onBytes = (d) => (n += d.length);
		ws.resume();
		await until(() => con.bytesOut >= bytes, 30000, 'the rest of it');
		assert.ok(w.gw.memory() - before < 2 * GROWTH_KIB, `${before} -> ${w.gw.memory()} KiB`);
		ws.destroy();
	});

	test('when Proxmox stops reading a browser that sends 50 MB', async () => {
		w.pve.guest(103).setKind('sink');
		const url = await w.gw.session({ vmid: 103 });
		const { ws } = await w.gw.console(url);
		const before = w.gw.memory();
		const con = upstream(w, 103);
		con.conn.socket.pause();
		const piece = randomBytes(MIB);
		const hash = createHash('sha256');
		for (let i = 0; i < 50; i++) {
			ws.send(piece);
			hash.update(piece);
		}
		const waiting = await settled(() => ws.socket.writableLength, { what: 'a full pipe' });
		assert.ok(waiting > 20 * MIB, `only ${waiting} bytes held back`);
		assert.ok(w.gw.memory() - before < GROWTH_KIB, `${before} -> ${w.gw.memory()} KiB`);
		await othersWork(url);
		con.conn.socket.resume();
		await until(() => con.bytesIn === 30 + 50 * MIB, 30000, 'the rest of it');
		assert.equal(con.sha256(), hash.digest('hex'));
		ws.destroy();
	});

	test('when a stuck browser leaves, all of its connection goes', async () => {
		w.pve.guest(104).setKind({ kind: 'source' });
		const { ws } = await w.gw.console(await w.gw.session({ vmid: 104 }),
			{ ws: { record: false } });
		ws.pause();
		const con = upstream(w, 104);
		await settled(() => con.bytesOut);
		ws.destroy();
		await until(() => con.ended !== null, 5000, 'the end upstream');
	});
});
