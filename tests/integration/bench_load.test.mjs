// SPDX-License-Identifier: MIT
//
// The bench's load tool says so when something is wrong: with a stand-in for the gateway between
// its two ends that flips a byte, drops one, hangs up or breaks a rule.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import tls from 'node:tls';
import { Load, startPve } from '../bench/load.mjs';
import { makeCa, makeLeaf } from '../lib/certs.mjs';
import { encodeFrame, FrameReader } from '../lib/frames.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { tempDir } from '../lib/temp.mjs';

const LINE_MS = 20000;
/* What RFB's handshake is long in bytes of the websocket: frames' heads and payloads. */
const SHAKEN_DOWN = 14 + 4 + 18 + 6 + 31;
const SHAKEN_UP = 18 + 7 + 22 + 7;
const HEAD_END = '\r\n\r\n';
const LOGIN = 'username=bench%40pve&password=bench';
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const dir = tempDir('bench-load');
const open = [];
let files = 0;

after(() => open.forEach((socket) => socket.destroy()));

/* Spoils a stream at one byte, counted from the end of the websocket's handshake on. */
class Damage {
	constructor(at, how) {
		Object.assign(this, { at, how, head: Buffer.alloc(0), from: -1, held: false });
	}

	/* What becomes of a piece; websocket: the head of its HTTP message, if it is one. */
	apply(piece, websocket, hangUp) {
		if (this.from < 0) {
			this.head = Buffer.concat([this.head, piece]);
			const end = this.head.indexOf(HEAD_END);
			if (end < 0 || !websocket.test(this.head.subarray(0, end).toString('latin1')))
				return piece;
			this.from = -(end + HEAD_END.length - (this.head.length - piece.length));
		}
		const i = this.at - this.from;
		this.from += piece.length;
		if (this.held)
			return Buffer.alloc(0);
		return i >= 0 && i < piece.length ? this.how(piece, i, this, hangUp) : piece;
	}
}

const flip = (piece, i) => {
	piece[i] ^= 1;
	return piece;
};
const drop = (piece, i) => Buffer.concat([piece.subarray(0, i), piece.subarray(i + 1)]);
const hold = (piece, i, damage) => {
	damage.held = true;
	return piece.subarray(0, i);
};
const cut = (piece, i, damage, hangUp) => {
	hangUp();
	return piece.subarray(0, i);
};
const insert = (bytes) => (piece, i) =>
	Buffer.concat([piece.subarray(0, i), bytes, piece.subarray(i)]);

/* Plain TCP on one side, the bench's Proxmox on the other; its port. */
async function standIn(pve, { down = [0, (piece) => piece], up = [0, (piece) => piece] }) {
	const server = net.createServer((browser) => {
		const there = tls.connect({ host: pve.host, port: pve.port, rejectUnauthorized: false });
		const hangUp = () => [browser, there].forEach((s) => s.destroy());
		const towards = new Damage(...up);
		const back = new Damage(...down);
		open.push(browser, there);
		browser.on('data', (d) => there.write(towards.apply(d, /^Upgrade: websocket/m, hangUp)));
		there.on('data', (d) => browser.write(back.apply(d, / 101 /, hangUp)));
		for (const socket of [browser, there]) {
			socket.on('error', hangUp);
			socket.on('end', () => (socket === browser ? there : browser).end());
		}
	});
	return listening(server);
}

function listening(server) {
	open.push({ destroy: () => server.close() });
	return new Promise((resolve) => {
		server.listen(0, '127.0.0.1', () => resolve(server.address().port));
	});
}

function linksFile(links) {
	const file = join(dir, `links-${files++}`);
	writeFileSync(file, `${links.join('\n')}\n`);
	return file;
}

/* One run of `load browse`, to its end: the last line. */
async function browse(links, work, options = {}) {
	const load = new Load('browse',
		{ links: linksFile(links), work, mode: 'each', 'timeout-s': 10, ...options });
	if (options.mode === 'all') {
		await load.line(LINE_MS);
		load.say();
	}
	const result = await load.line(LINE_MS);
	await load.end();
	return result;
}

/* Browsers through a stand-in to a Proxmox: { result, counts }. */
async function through(work, damage = {}, { count = 1, ...options } = {}) {
	const pve = await startPve();
	const port = await standIn(pve, damage);
	const links = [...Array(count)].map((_, i) =>
		`http://127.0.0.1:${port}/api2/json/nodes/${work}/qemu/${100 + i}`);
	const result = await browse(links, work, { direct: 1, ...options });
	return { result, counts: await pve.stop() };
}

function failedWith(result, reason) {
	assert.equal(result.failed, 1);
	assert.equal(result.errors.length, 1);
	assert.match(result.errors[0], reason);
}

for (const work of ['stream-1000-100000', 'sink-1000-100000', 'echo-10-1000',
	'paced-1000-20000-200'])
	test(`${work} with nothing wrong is a run without a complaint`, async () => {
		const { result, counts } = await through(work, {}, { count: 3 });
		assert.equal(result.failed, 0, result.errors.join());
		assert.equal(result.bytes, 3 * Number(work.split('-')[2]));
		assert.deepEqual([counts.websockets, counts.shown, counts.violations], [3, 3, 0]);
	});

for (const [name, work] of [['a byte', 'stream-1000-100000'], ['an echo', 'echo-10-100'],
	['a paced byte', 'paced-1000-10000-1000']])
	test(`${name} that was changed on its way to the browser is seen`, async () => {
		const { result } = await through(work, { down: [SHAKEN_DOWN + 30, flip] });
		failedWith(result, /bytes lost, changed or too many, near byte/);
	});

test('a changed time of sending is seen', async () => {
	const { result } = await through('paced-1000-10000-1000', { down: [SHAKEN_DOWN + 6, flip] });
	failedWith(result, /bytes lost, changed or too many, near byte 0$/);
});

test('a byte lost on its way to the browser is seen', async () => {
	const { result } = await through('stream-1000-100000', { down: [SHAKEN_DOWN + 5000, drop] });
	failedWith(result, /lost|breaks the rules/);
});

test('the last bytes missing is a failure when time is over', async () => {
	const { result } = await through('stream-1000-20000', { down: [SHAKEN_DOWN + 20000, hold] },
		{ 'timeout-s': 1 });
	failedWith(result, /^still working when time was over: sent 0, received \d+ bytes$/);
});

test('a frame too many is seen', async () => {
	const more = insert(encodeFrame(Buffer.from('x')));
	const { result } = await through('stream-1000-20000', { down: [SHAKEN_DOWN + 1004, more] });
	failedWith(result, /bytes lost, changed or too many/);
});

test('a session that is hung up on has failed', async () => {
	const { result } = await through('stream-1000-100000', { down: [SHAKEN_DOWN + 5000, cut] });
	failedWith(result, /closed by the far side|Connection reset/);
});

test('a byte changed on its way to the guest is a violation, and the session fails', async () => {
	const { result, counts } = await through('sink-1000-100000', { up: [SHAKEN_UP + 20, flip] });
	failedWith(result, /closed by the far side|Connection reset|Broken pipe/);
	assert.equal(counts.violations, 1);
	assert.match(counts.stderr, /lost or changed on their way to the guest/);
});

test('a frame that Proxmox would die of is a violation, and the session fails', async () => {
	const unmasked = insert(encodeFrame(Buffer.from('x'), { mask: false }));
	const { result, counts } = await through('stream-1000-100000', { up: [SHAKEN_UP, unmasked] });
	failedWith(result, /closed by the far side|Connection reset/);
	assert.equal(counts.violations, 1);
	assert.match(counts.stderr, /a frame that Proxmox would die of/);
});

test('paced frames come at their rate, and how late each was is told', async () => {
	const { result } = await through('paced-500-10000-100');
	assert.ok(result.wall_ns > 180e6, `${result.wall_ns} ns for 20 frames at 100 a second`);
	const { p50, p99, max } = result.delays_us;
	assert.ok(p50 > 0 && p50 <= p99 && p99 <= max, JSON.stringify(result.delays_us));
});

test('browsers that stall are there at the end, and nobody waits for them', async () => {
	const { result, counts } = await through('stream-16384-50000000', {}, { count: 3, stall: 2 });
	assert.equal(result.failed, 0, result.errors.join());
	assert.equal(result.stalled, 2);
	assert.equal(result.bytes, 50000000);
	assert.equal(counts.shown, 3);
});

test('browsers stall in the middle of the work, and each second has a p99 of its own', async () => {
	const all = 500 * 250;
	const { result } = await through(`paced-500-${all}-100`, {},
		{ count: 3, mode: 'all', stall: 2, 'stall-after-ms': 500 });
	assert.equal(result.failed, 0, result.errors.join());
	assert.equal(result.stalled, 2);
	const before = result.bytes - all;
	assert.ok(before > 0 && before < 2 * all / 2, `${before} bytes before they stalled`);
	const { max, p99_each_second: seconds } = result.delays_us;
	assert.equal(seconds.length, 2);
	assert.ok(seconds.every((p99) => p99 > 0 && p99 <= max), JSON.stringify(result.delays_us));
});

/* A websocket in front of the guest at a raw port. */
function unpacker(port) {
	const server = createServer();
	server.on('upgrade', (req, browser) => {
		const key = req.headers['sec-websocket-key'];
		const guest = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
		const frames = new FrameReader();
		open.push(browser, guest);
		browser.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
			+ 'Connection: Upgrade\r\nSec-WebSocket-Accept: '
			+ `${createHash('sha1').update(key + GUID).digest('base64')}${HEAD_END}`);
		browser.on('data', (d) => {
			frames.push(d);
			for (let frame; (frame = frames.next());)
				guest.write(frame.payload);
		});
		guest.on('data', (d) => browser.write(encodeFrame(d)));
		browser.on('error', () => guest.destroy());
		guest.on('error', () => browser.destroy());
		assert.equal(req.url, '/websockify');
	});
	return listening(server);
}

test('a raw port serves RFB over TLS for websockets that others unpack', async () => {
	const work = 'stream-1000-50000';
	const { cert, key } = await makeLeaf(dir, await makeCa(dir));
	const pve = new Load('pve', { cert, key, 'raw-port': 1, 'raw-work': work });
	const { raw_port: port } = await pve.line(LINE_MS);
	const result = await browse([`http://127.0.0.1:${await unpacker(port)}/`], work, { raw: 1 });
	assert.equal(result.failed, 0, result.errors.join());
	assert.equal(result.bytes, 50000);
	pve.child.stdin.end();
	assert.equal((await pve.line(LINE_MS)).shown, 1);
	await pve.end();
});

/* One TLS connection to a Proxmox: the heads of the answers to so many requests. */
async function ask(pve, count, options = {}) {
	const socket = tls.connect({ host: pve.host, port: pve.port, rejectUnauthorized: false,
		...options });
	open.push(socket);
	const heads = [];
	const session = once(socket, 'session');
	await once(socket, 'secureConnect');
	for (let i = 0; i < count; i++) {
		socket.write('POST /api2/json/access/ticket HTTP/1.1\r\nHost: x\r\n'
			+ `Content-Length: ${LOGIN.length}${HEAD_END}${LOGIN}`);
		heads.push((await once(socket, 'data'))[0].toString('latin1').split(HEAD_END)[0]);
	}
	return { heads, socket, reused: socket.isSessionReused(), session: (await session)[0] };
}

test('API connections are kept for a hundred requests, and TLS sessions resumed', async () => {
	const pve = await startPve();
	const first = await ask(pve, 100);
	const kept = first.heads.map((head) => /^Connection: (.*)$/m.exec(head)[1].trim());
	assert.deepEqual(kept, [...Array(99).fill('Keep-Alive'), 'close']);
	if (!first.socket.readableEnded)
		await once(first.socket, 'end');
	const second = await ask(pve, 1, { session: first.session });
	assert.deepEqual([first.reused, second.reused], [false, true]);
	second.socket.destroy();
	const counts = await pve.stop();
	assert.deepEqual([counts.connections, counts.requests, counts.logins], [2, 101, 101]);
	assert.deepEqual([counts.full_handshakes, counts.resumed_handshakes], [1, 1]);
});

test('a TLS session is resumed by the worker that began it, and by no other', async () => {
	const { cert, key } = await makeLeaf(dir, await makeCa(dir));
	const load = new Load('pve', { cert, key, workers: 2 });
	const pve = { host: '127.0.0.1', port: (await load.line(LINE_MS)).port };
	const { session } = await ask(pve, 1);
	const reused = [];
	for (let i = 0; i < 3; i++)
		reused.push((await ask(pve, 1, { session })).reused);
	assert.deepEqual(reused, [false, true, false]);
	await load.end();
});

test('browsers come and go in every way, and each visit is counted', async () => {
	const pve = await startPve();
	const gw = await startGateway({ pve, pool: 4, config: { connect_timeout: 1,
		reconnect_timeout: 1 } });
	const links = [];
	for (let i = 0; i < 11; i++)
		links.push((await gw.create({ node: 'stream-64-64', vmid: 100 + (i >> 1) })).url);
	const load = new Load('churn', { links: linksFile(links) });
	const result = await load.line(LINE_MS);
	await load.end();
	assert.equal(result.failed, 0, result.errors.join());
	assert.deepEqual([result.visits, result.screens], [24, 14]);
	assert.deepEqual(Object.values(result.ways), Array(11).fill(1));
	assert.equal(await gw.stop(), 0);
	assert.equal((await pve.stop()).violations, 0);
});
