// SPDX-License-Identifier: MIT
//
// vncwebsocket - the websocket of a console: handshake, frames, and copying bytes.
//
// As strict as Proxmox: an illegal frame or a port where nothing listens takes the whole
// worker down (mode A) or leaves the connection useless (mode B). The server sends only
// binary frames and pongs, never a Close frame. What the client did is kept in the Console
// object for the tests.

import { createHash } from 'node:crypto';
import { encodeFrame, FrameReader, OP } from '../lib/frames.mjs';
import { Refused } from './api_common.mjs';
import { KEY_EVENT, MessageReader, parseClientMessages } from './rfb_messages.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MAX_FRAME = 131072;
const KEEP_BYTES = 4 * 1024 * 1024;
const KEEP_FRAMES = 50000;
const CLIENT_OPCODES = new Set([OP.TEXT, OP.BINARY, OP.CLOSE, OP.PING, OP.PONG]);
/* Of RFB 3.8 with VNC authentication: where the interesting bytes are. */
const CLIENT_HANDSHAKE = 12 + 1 + 16 + 1;
const SERVER_RESULT_AT = 12 + 2 + 16;

export function openWebsocket({ pve, req, conn, port, ticket, identity, fault }) {
	if (req.headers['sec-websocket-version'] !== '13')
		throw new Refused(500, 'unsupported websocket-version');
	if (!req.headers['sec-websocket-key'])
		throw new Refused(500, 'missing websocket-key');
	const entry = conn.host.ports.connect(port);
	if (entry === null) {
		const why = `websocket to port ${port} of ${conn.host.address}, where nothing listens`;
		pve.records.violation(why);
		conn.note('dead port');
		if (pve.mode === 'A')
			conn.host.workers.crash(conn.worker, why);
		return;
	}
	if (entry.ticket !== ticket)
		pve.records.violation(`websocket to port ${port} with the ticket of another console`);
	conn.note(101);
	const key = fault?.badAccept ? 'something else' : req.headers['sec-websocket-key'];
	const accept = createHash('sha1').update(key + GUID).digest('base64');
	const protocol = req.headers['sec-websocket-protocol'];
	conn.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
		`Connection: upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n` +
		(protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`) + '\r\n');
	if (fault?.garbageFrames)
		conn.write(Buffer.from('83fe0fff00000000c1ffff7f8902', 'hex'));
	new Console(pve, conn, entry, identity);
}

export class Console {
	constructor(pve, conn, entry, identity) {
		Object.assign(this, { pve, conn, entry, user: identity.id, port: entry.port,
			host: conn.host.address });
		this.guest = entry.guest;
		this.terminal = entry.service === 'termproxy';
		this.vmid = this.guest.vmid;
		this.openedAt = Date.now();
		this.ticketAgeMs = pve.records.now() - entry.createdAt;
		this.frames = [];
		this.bytesIn = 0;
		this.bytesOut = 0;
		this.head = { client: Buffer.alloc(0), server: Buffer.alloc(0) };
		this.authOk = null;
		this.shared = null;
		this.closeFrame = null;
		this.ended = null;
		this.reader = new FrameReader();
		this.chunks = [];
		this.keptBytes = 0;
		this.lastByteAt = pve.records.now();
		this.messageReader = new MessageReader();
		this.backend = null;
		this.early = [];
		this.noteOverlap();
		pve.records.consoles.push(this);
		this.guest.consoles.add(this);
		entry.viewers.add(this);
		conn.upgrade(this);
		this.dialBackend();
	}

	/* Two consoles of one QEMU guest that authenticate at the same time. */
	noteOverlap() {
		const busy = [...this.guest.consoles].some((c) => c.authOk === null);
		if (busy && this.entry.service === 'qemu')
			this.pve.records.overlaps++;
	}

	async dialBackend() {
		const backend = await this.guest.connect(this.entry, this).catch(() => null);
		if (backend === null) {
			this.endBackend('guest not running');
			return;
		}
		this.backend = backend;
		backend.on('data', (d) => this.deliver(d));
		backend.on('end', () => this.endBackend('backend'));
		backend.on('close', () => this.endBackend('backend'));
		backend.on('error', () => this.endBackend('backend'));
		this.conn.socket.on('drain', () => backend.resume());
		if (this.ended !== null)
			backend.destroy();
		for (const d of this.early)
			backend.write(d);
		this.early = [];
	}

	violation(what) {
		this.pve.records.violation(`console of ${this.guest.label}: ${what}`);
	}

	/* ---- client to backend ---- */

	data(chunk) {
		this.reader.push(chunk);
		while (!this.stuck && this.ended === null) {
			const head = this.reader.peek();
			const wrong = head && illegal(head);
			if (wrong) {
				this.illegalFrame(wrong);
				return;
			}
			const frame = this.reader.next();
			if (frame === null)
				return;
			this.onFrame(frame);
		}
	}

	illegalFrame(why) {
		this.stuck = true;
		this.violation(`illegal frame: ${why}`);
		if (this.pve.mode === 'A')
			this.conn.host.workers.crash(this.conn.worker, `illegal frame: ${why}`);
	}

	onFrame({ opcode, fin, masked, payload }) {
		if (this.frames.length < KEEP_FRAMES)
			this.frames.push({ opcode, fin, masked, length: payload.length });
		if (opcode === OP.PING) {
			this.conn.write(encodeFrame(payload, { opcode: OP.PONG }));
		} else if (opcode === OP.CLOSE) {
			const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
			this.closeFrame = { code, reason: payload.toString('utf8', 2) };
			this.finish('client close');
			this.conn.end();
		} else if (opcode !== OP.PONG) {
			this.input(payload);
		}
	}

	input(payload) {
		this.lastByteAt = this.pve.records.now();
		this.bytesIn += payload.length;
		const rest = this.sniffClient(payload);
		if (rest.length > 0)
			this.keep(rest);
		if (this.entry.service === 'vncterm')
			this.noteKeys(rest);
		if (this.backend === null)
			this.early.push(payload);
		else if (!this.backend.destroyed && this.backend.writable)
			this.backend.write(payload);
	}

	/* Takes the handshake's bytes off the front; sees whether the viewer wants to share. */
	sniffClient(payload) {
		if (this.terminal)
			return payload;
		const missing = CLIENT_HANDSHAKE - this.head.client.length;
		if (missing <= 0)
			return payload;
		const front = payload.subarray(0, missing);
		this.head.client = Buffer.concat([this.head.client, front]);
		if (this.head.client.length < CLIENT_HANDSHAKE)
			return Buffer.alloc(0);
		this.shared = this.head.client[CLIENT_HANDSHAKE - 1];
		if (this.shared === 0)
			this.violation('ClientInit with shared=0');
		return payload.subarray(missing);
	}

	/* Nothing but keys keeps a vncterm alive. */
	noteKeys(bytes) {
		this.messageReader.push(bytes, (type) => {
			if (type === KEY_EVENT)
				this.entry.lastKeyAt = this.pve.records.now();
		});
	}

	keep(bytes) {
		if (this.guest.kind.kind === 'sink')
			(this.hash ??= createHash('sha256')).update(bytes);
		if (this.keptBytes >= KEEP_BYTES)
			return;
		this.chunks.push(Buffer.from(bytes));
		this.keptBytes += bytes.length;
	}

	/* What the viewer sent after the RFB handshake (the first 4 MiB); a terminal's: all. */
	get received() {
		return Buffer.concat(this.chunks);
	}

	/* The same as RFB messages: [{ type, name, bytes }]. */
	get messages() {
		return parseClientMessages(this.received);
	}

	/* For sink guests: the hash of everything after the handshake. */
	sha256() {
		return this.hash?.copy().digest('hex') ?? null;
	}

	/* ---- backend to client ---- */

	deliver(chunk) {
		this.lastByteAt = this.pve.records.now();
		this.bytesOut += chunk.length;
		this.sniffServer(chunk);
		if (this.conn.frozen)
			return;
		const split = this.guest.split ?? this.pve.split;
		const out = cutUp(chunk, split).map((p) => encodeFrame(p));
		if (!this.conn.write(out.length === 1 ? out[0] : Buffer.concat(out)))
			this.backend.pause();
	}

	sniffServer(chunk) {
		if (this.authOk !== null || this.terminal)
			return;
		this.head.server = Buffer.concat([this.head.server, chunk]);
		if (this.head.server.length >= SERVER_RESULT_AT + 4)
			this.authOk = this.head.server.readUInt32BE(SERVER_RESULT_AT) === 0;
	}

	/* ---- the end ---- */

	/* The far end is gone: flush, close_notify, FIN, no Close frame. */
	endBackend(why) {
		if (this.ended !== null)
			return;
		this.finish(why);
		this.conn.end();
	}

	/* Cuts the connection without a goodbye. */
	cut() {
		this.finish('cut');
		this.conn.destroy();
	}

	freeze() {
		this.backend?.pause();
	}

	peerClosed() {
		this.finish('peer closed');
	}

	finish(why) {
		if (this.ended !== null)
			return;
		this.ended = why;
		this.endedAt = Date.now();
		this.guest.consoles.delete(this);
		this.entry.viewers.delete(this);
		this.entry.lastLeft = this.pve.records.now();
		if (this.authOk === null)
			this.authOk = false;
		this.backend?.destroy();
	}
}

/* Why Proxmox would choke on a frame with this header, or null. */
function illegal({ fin, rsv, opcode, masked, length }) {
	if (!fin || opcode === OP.CONT)
		return 'fragmented message';
	if (rsv !== 0)
		return 'RSV bit set';
	if (!masked)
		return 'not masked';
	if (!CLIENT_OPCODES.has(opcode))
		return `opcode ${opcode}`;
	if (length > MAX_FRAME)
		return `payload of ${length} bytes`;
	return null;
}

/*
 * split: null (as large as allowed), a number of bytes a frame, a list of sizes used in
 * turn, or 'random'.
 */
function cutUp(chunk, split) {
	const out = [];
	let turn = 0;
	for (let at = 0; at < chunk.length;) {
		let n = MAX_FRAME;
		if (split === 'random')
			n = 1 + Math.floor(Math.random() * 64);
		else if (split !== null)
			n = Array.isArray(split) ? split[turn++ % split.length] : split;
		out.push(chunk.subarray(at, at + n));
		at += n;
	}
	return out;
}
