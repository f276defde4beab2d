// SPDX-License-Identifier: MIT
//
// hostile - a host that plays Proxmox and does to the gateway whatever a test wants.
//
//   const host = await startHostile(t, { ws: async (peer) => { peer.accept(); ... } });
//   ... link to host.fields({ vmid }) ...
//
// Each call is answered as Proxmox would, unless the script has a function for it: ticket,
// status, vncproxy, ws. That one gets a Peer and owns the connection from there on.

import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { encodeFrame, FrameReader, OP } from '../lib/frames.mjs';
import { makeSelfSigned } from '../lib/certs.mjs';
import { ROOT } from '../lib/source.mjs';
import { tempDir } from '../lib/temp.mjs';
import { pause } from '../lib/wait.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CALLS = [[/\/access\/ticket$/, 'ticket'], [/\/status\/current$/, 'status'],
	[/\/vncproxy$/, 'vncproxy'], [/\/vncwebsocket$/, 'ws']];
const GOOD = {
	ticket: { ticket: 'PVE:joe@pve:00000000::c2lnbmVk', username: 'joe@pve',
		CSRFPreventionToken: '00000000:Zm9yZ2Vk' },
	status: { status: 'running' },
	vncproxy: { port: '5900', ticket: 'PVEVNC:00000000::c2lnbmVk', password: 'abcdefgh' },
};
export const VERSION = Buffer.from('RFB 003.008\n');

let certificate = null;

/* { cert, key } as paths; one for all. */
export function hostileCertificate() {
	certificate ??= makeSelfSigned(tempDir('hostile'), { cn: 'hostile' });
	return certificate;
}

/* A TLS server on a free port of loopback; gone with the test. */
export async function startHostile(t, script = {}) {
	const { cert, key } = await hostileCertificate();
	const sockets = new Set();
	const server = tls.createServer({ cert: readFileSync(cert), key: readFileSync(key) });
	server.on('connection', (raw) => {
		sockets.add(raw);
		raw.setNoDelay(true);
		raw.on('close', () => sockets.delete(raw));
		raw.on('error', () => {});
	});
	server.on('tlsClientError', () => {});
	server.on('secureConnection', (socket) => serve(socket, script));
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	t.after(() => {
		server.close();
		sockets.forEach((s) => s.destroy());
	});
	return hostAt(server.address().port);
}

/* What /create wants to know of a hostile host. */
export function hostAt(port) {
	return { port, fields: (more) => ({ hostname: '127.0.0.1', port, node: 'pve',
		username: 'joe@pve', password: 'Some-Secret.1', ...more }) };
}

/* ---- a certificate without its key ---- */

function record(...messages) {
	const body = Buffer.concat(messages.map(([type, ...parts]) => sized(3, parts, [type])));
	return sized(2, [body], [22, 3, 3]);
}

/* Those parts behind their length in so many bytes, and before it what else there is. */
function sized(bytes, parts, head = []) {
	const data = Buffer.concat(parts);
	const length = Buffer.alloc(bytes);
	length.writeUIntBE(data.length, 0, bytes);
	return Buffer.concat([Buffer.from(head), length, data]);
}

/*
 * A server that shows somebody else's certificate, as everybody can who has seen it: TLS 1.2 as
 * far as it goes without the key, and then the end.
 */
export async function startKeyless(t, certFile) {
	const der = new X509Certificate(readFileSync(certFile)).raw;
	const hello = Buffer.concat([Buffer.from([3, 3]), randomBytes(32),
		Buffer.from([0, 0xc0, 0x2b, 0, 0, 5, 0xff, 1, 0, 1, 0])]); /* ECDHE-ECDSA-AES128-GCM-SHA256 */
	const server = net.createServer((socket) => {
		socket.on('error', () => {});
		socket.once('data', () => socket.end(
			record([2, hello], [11, sized(3, [sized(3, [der])])])));
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	t.after(() => server.close());
	return hostAt(server.address().port);
}

/* ---- floods of TLS itself (tls_flood.c) ---- */

let program;

/* The program, compiled once; null when there is no compiler. */
function floodProgram() {
	if (program !== undefined)
		return program;
	program = join(tempDir('flood'), 'tls_flood');
	try {
		execFileSync(process.env.CC || 'cc', ['-O2', '-o', program,
			join(ROOT, 'tests/integration/tls_flood.c'), '-lssl', '-lcrypto'], { stdio: 'pipe' });
	} catch {
		program = null;
	}
	return program;
}

/* Runs it: { child, line }, line being the first of its output; null without a compiler. */
export async function startFlood(t, ...args) {
	if (!floodProgram())
		return null;
	const child = spawn(floodProgram(), args, { stdio: ['pipe', 'pipe', 'inherit'] });
	t.after(() => child.kill('SIGKILL'));
	const [bytes] = await once(child.stdout, 'data');
	return { child, line: String(bytes).trim() };
}

/* A server that floods after any request: its port, or null. kind: 'update' or 'ticket'. */
export async function startFloodServer(t, kind) {
	const { cert, key } = await hostileCertificate();
	const flood = await startFlood(t, kind, cert, key);
	return flood && Number(flood.line);
}

/* A port that leads to another, of whose bytes take(bytes) says what is sent on, and when. */
export async function startMiddleman(t, port, take) {
	const sockets = new Set();
	const server = net.createServer((from) => {
		const to = net.connect(port, '127.0.0.1');
		for (const [a, b] of [[from, to], [to, from]]) {
			sockets.add(a);
			a.on('error', () => b.destroy());
			a.on('close', () => b.destroy());
		}
		from.pipe(to);
		to.on('data', (bytes) => take(bytes, from));
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	t.after(() => {
		server.close();
		sockets.forEach((s) => s.destroy());
	});
	return server.address().port;
}

/* A port whose first n connections lead to one port, and all later ones to another. */
export async function startTurncoat(t, n, first, later) {
	const sockets = new Set();
	let count = 0;
	const server = net.createServer((from) => {
		const to = net.connect(count++ < n ? first : later, '127.0.0.1');
		for (const [a, b] of [[from, to], [to, from]]) {
			sockets.add(a);
			a.on('error', () => b.destroy());
			a.on('close', () => b.destroy());
			a.pipe(b);
		}
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	t.after(() => {
		server.close();
		sockets.forEach((s) => s.destroy());
	});
	return hostAt(server.address().port);
}

async function serve(socket, script) {
	const peer = new Peer(socket);
	try {
		const head = await peer.head();
		const path = / (\S+?)[? ]/.exec(head)[1];
		const [, call] = CALLS.find(([re]) => re.test(path));
		if (script[call])
			await script[call](peer);
		else
			peer.json(GOOD[call]);
	} catch (e) {
		if (!(e instanceof PeerGone))
			throw e;
	}
}

export class PeerGone extends Error {}

/* The gateway's end of a connection. Whatever is awaited here throws PeerGone at its end. */
export class Peer {
	constructor(socket) {
		this.socket = socket;
		this.bytes = Buffer.alloc(0);
		this.frames = new FrameReader();
		this.payload = Buffer.alloc(0);
		this.upgraded = false;
		this.gone = false;
		this.wake = () => {};
		socket.on('data', (d) => this.onData(d));
		for (const event of ['end', 'close', 'error'])
			socket.on(event, () => {
				this.gone = true;
				this.wake();
			});
	}

	onData(chunk) {
		if (this.upgraded)
			this.onFrames(chunk);
		else
			this.bytes = Buffer.concat([this.bytes, chunk]);
		this.wake();
	}

	onFrames(chunk) {
		this.frames.push(chunk);
		for (let f = this.frames.next(); f !== null; f = this.frames.next())
			if (f.opcode <= OP.BINARY)
				this.payload = Buffer.concat([this.payload, f.payload]);
	}

	async until(test) {
		for (let value = test(); ; value = test()) {
			if (value)
				return value;
			if (this.gone)
				throw new PeerGone();
			await new Promise((resolve) => {
				this.wake = resolve;
			});
		}
	}

	/* For ever, which is until the gateway has had enough. */
	silence() {
		return this.until(() => false);
	}

	/* The request's head; the key of a websocket is kept. */
	async head() {
		const end = await this.until(() => this.bytes.indexOf('\r\n\r\n') + 1);
		const head = this.bytes.toString('latin1', 0, end);
		this.key = /^Sec-WebSocket-Key: (\S+)\r$/im.exec(head)?.[1];
		return head;
	}

	write(bytes) {
		if (this.gone)
			throw new PeerGone();
		return this.socket.write(bytes);
	}

	/* In pieces, each a TLS record of its own. */
	async drip(bytes, piece = 1, everyMs = 0) {
		const all = Buffer.from(bytes);
		for (let at = 0; at < all.length; at += piece) {
			this.write(all.subarray(at, at + piece));
			await pause(everyMs);
		}
	}

	/* Over and over, as fast as it is taken, until the gateway has had enough or more() says no. */
	async flood(bytes, more = () => true) {
		while (more()) {
			const room = this.write(bytes);
			this.flooded = (this.flooded ?? 0) + bytes.length;
			if (!room)
				await Promise.race([new Promise((resolve) => {
					this.socket.once('drain', resolve);
				}), this.until(() => false)]);
			else
				await pause(0);
		}
	}

	end(bytes) {
		this.socket.end(bytes);
	}

	/* ---- HTTP ---- */

	json(data) {
		const body = JSON.stringify({ data });
		this.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n' +
			`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
	}

	/* What accepts the websocket. */
	acceptance() {
		const accept = createHash('sha1').update(this.key + GUID).digest('base64');
		return 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n' +
			`Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: binary\r\n`;
	}

	accept() {
		this.upgraded = true;
		this.write(`${this.acceptance()}\r\n`);
	}

	/* ---- RFB in frames ---- */

	say(payload, options) {
		this.write(encodeFrame(payload, options));
	}

	/* The next n bytes of the gateway's messages. */
	async hear(n) {
		await this.until(() => this.payload.length >= n);
		const front = this.payload.subarray(0, n);
		this.payload = this.payload.subarray(n);
		return front;
	}

	/* The handshake up to a step: 'version', 'types', 'challenge', 'result'; all of it without. */
	async rfb(last = 'init', send = (bytes) => this.say(bytes)) {
		const steps = [['version', VERSION, VERSION.length], ['types', Buffer.from([1, 2]), 1],
			['challenge', randomBytes(16), 16], ['result', Buffer.alloc(4), 1],
			['init', serverInit(), 0]];
		for (const [name, bytes, answer] of steps) {
			await send(bytes);
			if (name === last)
				return;
			await this.hear(answer);
		}
	}
}

/* A screen of one pixel. */
export function serverInit() {
	const format = Buffer.from('20180001 00ff00ff00ff 100800 000000'.replaceAll(' ', ''), 'hex');
	return Buffer.concat([Buffer.from([0, 1, 0, 1]), format, Buffer.from([0, 0, 0, 1, 0x78])]);
}

/* 32 bits, big endian. */
export function u32(n) {
	const b = Buffer.alloc(4);
	b.writeUInt32BE(n);
	return b;
}
