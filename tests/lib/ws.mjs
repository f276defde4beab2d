// SPDX-License-Identifier: MIT
//
// ws - a websocket client that can do everything a browser must not.
//
// WsClient.connect() does the handshake with any headers and hands out frames, or the
// concatenated payloads of the data frames as a byte stream (read). Frames go out exactly
// as asked for: fragments, text, unmasked, oversized lies, single bytes. Every byte that
// arrived is in .received, so that tests can search it for secrets.

import { createHash, randomBytes } from 'node:crypto';
import { encodeFrame, FrameReader, OP } from './frames.mjs';
import { formatRequest, parseResponse } from './http.mjs';
import { dial, splitUrl } from './socket.mjs';
import { slow } from './wait.mjs';

export { OP };

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEEP_BYTES = 64 * 1024 * 1024;

/* The server answered, but not with 101. .response is the answer (may be null: EOF). */
export class WsRefused extends Error {
	constructor(response) {
		super(response ? `websocket refused: ${response.status} ${response.reason}`
			: 'websocket refused: connection closed without an answer');
		this.response = response;
		this.status = response?.status ?? 0;
	}
}

export class WsClient {
	/*
	 * opts: headers (extra or overriding; null leaves one out), origin, protocols (array
	 * or verbatim string), ca, insecure, from, autoPong (true), timeoutMs (10000), record (true),
	 * path (verbatim request target instead of the URL's), anyAccept (false).
	 */
	static async connect(url, opts = {}) {
		const where = { ...splitUrl(url), ca: opts.ca, insecure: opts.insecure, from: opts.from };
		const ws = new WsClient(await dial(where), opts);
		ws.host = where.hostHeader;
		await ws.handshake(opts.path ?? where.path, opts);
		return ws;
	}

	constructor(socket, { autoPong = true, record = true } = {}) {
		this.socket = socket;
		this.autoPong = autoPong;
		this.record = record;
		this.chunks = [];
		this.recordedBytes = 0;
		this.reader = new FrameReader();
		this.frames = [];          /* not yet taken by frame() */
		this.stream = [];          /* data payloads not yet taken by read() */
		this.streamBytes = 0;
		this.totalBytes = 0;       /* payload bytes of all data frames */
		this.seen = [];            /* { opcode, fin, length } of every frame, in order */
		this.close_ = null;        /* the server's Close frame */
		this.ended = false;
		this.waiters = new Set();
		this.headDone = null;
		socket.on('data', (d) => this.onData(d));
		socket.on('end', () => this.onEnd());
		socket.on('close', () => this.onEnd());
		socket.on('error', () => this.onEnd());
	}

	/* Every byte received, the HTTP head included (the first 64 MiB). */
	get received() {
		return Buffer.concat(this.chunks);
	}

	async handshake(path, opts) {
		const key = randomBytes(16).toString('base64');
		const protocols = Array.isArray(opts.protocols) ? opts.protocols.join(', ')
			: opts.protocols;
		const head = formatRequest({
			path, host: this.host,
			headers: {
				Connection: 'Upgrade', Upgrade: 'websocket', Origin: opts.origin,
				'Sec-WebSocket-Version': 13, 'Sec-WebSocket-Key': key,
				'Sec-WebSocket-Protocol': protocols, ...opts.headers,
			},
		});
		this.pendingHead = Buffer.alloc(0);
		this.socket.write(head);
		try {
			await this.wait(() => this.headDone !== null || this.ended,
				opts.timeoutMs ?? 10000, 'the websocket handshake');
		} catch (e) {
			this.socket.destroy();
			throw e;
		}
		this.response = this.headDone ?? parseHeadAtEof(this.pendingHead);
		if (this.response?.status !== 101) {
			this.socket.destroy();
			throw new WsRefused(this.response);
		}
		this.protocol = this.response.headers['sec-websocket-protocol'];
		const want = createHash('sha1').update(key + GUID).digest('base64');
		if (this.response.headers['sec-websocket-accept'] !== want && !opts.anyAccept)
			throw new Error('wrong Sec-WebSocket-Accept');
	}

	onData(chunk) {
		if (this.record && this.recordedBytes < KEEP_BYTES) {
			this.chunks.push(chunk);
			this.recordedBytes += chunk.length;
		}
		let rest = chunk;
		if (this.headDone === null) {
			this.pendingHead = Buffer.concat([this.pendingHead, chunk]);
			this.headDone = parseResponse(this.pendingHead);
			if (this.headDone === null)
				return;
			rest = this.headDone.status === 101
				? this.pendingHead.subarray(this.headDone.used) : Buffer.alloc(0);
		}
		this.reader.push(rest);
		for (let f = this.reader.next(); f !== null; f = this.reader.next())
			this.onFrame(f);
		this.wake();
	}

	onFrame(frame) {
		const { opcode, fin, masked, length } = frame;
		this.seen.push({ opcode, fin, masked, length });
		if (frame.opcode < OP.CLOSE) {
			this.totalBytes += frame.payload.length;
			if (this.onBytes) {
				this.onBytes(frame.payload);
				return;
			}
			this.stream.push(frame.payload);
			this.streamBytes += frame.payload.length;
		} else if (frame.opcode === OP.CLOSE) {
			this.close_ ??= frame.payload;
		} else if (frame.opcode === OP.PING && this.autoPong) {
			this.send(frame.payload, { opcode: OP.PONG });
		}
		this.frames.push(frame);
	}

	onEnd() {
		this.ended = true;
		this.endedAt ??= Date.now();
		this.wake();
	}

	wake() {
		for (const w of this.waiters)
			w();
	}

	/* Waits for test() to hold; throws after ms. */
	wait(test, ms, what) {
		if (test())
			return Promise.resolve();
		return new Promise((resolve, reject) => {
			const check = () => {
				if (!test())
					return;
				clearTimeout(timer);
				this.waiters.delete(check);
				resolve();
			};
			const timer = setTimeout(() => {
				this.waiters.delete(check);
				reject(new Error(`waited ${slow(ms)} ms for ${what}`));
			}, slow(ms));
			this.waiters.add(check);
		});
	}

	/* Sends one frame; opts as encodeFrame, masked and binary by default. */
	send(payload, opts = {}) {
		return this.sendRaw(encodeFrame(payload, { mask: true, ...opts }));
	}

	sendRaw(bytes) {
		return this.socket.write(bytes);
	}

	sendText(text) {
		return this.send(Buffer.from(text), { opcode: OP.TEXT });
	}

	ping(payload = 'ping') {
		return this.send(Buffer.from(payload), { opcode: OP.PING });
	}

	/* Sends a Close frame; the connection stays until the server ends it. */
	close(code = 1000, reason = '') {
		const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
		payload.writeUInt16BE(code, 0);
		payload.write(reason, 2);
		return this.send(payload, { opcode: OP.CLOSE });
	}

	destroy() {
		this.socket.destroy();
	}

	pause() {
		this.socket.pause();
	}

	resume() {
		this.socket.resume();
	}

	/* The next frame not taken yet, control frames included; null at the end. */
	async frame(ms = 5000) {
		await this.wait(() => this.frames.length > 0 || this.ended, ms, 'a frame');
		return this.frames.shift() ?? null;
	}

	/* Exactly n bytes of the data stream; throws WsEnded when it ends before. */
	async read(n, ms = 5000) {
		await this.wait(() => this.streamBytes >= n || this.ended, ms, `${n} bytes`);
		if (this.streamBytes < n)
			throw new WsEnded(this, n);
		if (this.stream.length !== 1)
			this.stream = [Buffer.concat(this.stream)];
		const [all] = this.stream;
		this.stream = all.length > n ? [all.subarray(n)] : [];
		this.streamBytes = all.length - n;
		return all.subarray(0, n);
	}

	/*
	 * Waits for the end: { code, reason, clean }; code 1006 when no Close frame came, 1005
	 * for an empty one.
	 */
	async closed(ms = 10000) {
		await this.wait(() => this.ended || this.close_ !== null, ms, 'the end');
		return this.closeInfo();
	}

	closeInfo() {
		const p = this.close_;
		if (p === null)
			return { code: 1006, reason: '', clean: false };
		if (p.length < 2)
			return { code: 1005, reason: '', clean: true };
		return { code: p.readUInt16BE(0), reason: p.toString('utf8', 2), clean: true };
	}
}

/* The stream ended before enough bytes came. */
export class WsEnded extends Error {
	constructor(ws, wanted) {
		const { code, reason } = ws.closeInfo();
		super(`websocket ended (${code} ${reason}), ${ws.streamBytes} of ${wanted} bytes`);
		this.code = code;
		this.reason = reason;
	}
}

function parseHeadAtEof(buf) {
	try {
		return buf ? parseResponse(buf, { ended: true }) : null;
	} catch {
		return null;
	}
}
