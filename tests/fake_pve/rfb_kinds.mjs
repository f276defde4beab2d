// SPDX-License-Identifier: MIT
//
// rfb_kinds - what a synthetic guest does after ServerInit.
//
//   screen, static   a picture; static never moves by itself
//   echo             sends back every byte
//   source           { bytes, frame, then }: a known pattern, as fast as it is taken, in
//                    pieces of `frame` bytes; then: 'stay' (default) or 'end'
//   sink, silent     reads everything, says nothing (sink: see Console.sha256)
//   vncterm          a screen; a QEMU guest whose console is a vncterm ("vga: serial0")
//   nodisplay        running, but its console ends at once, as with "vga: none" (see guests)
//   gone             as a stopped container: shows one picture, then ends
//
// Each is a generator over an RfbServer: `yield SOME` waits for input.

import { createHash } from 'node:crypto';
import { messageLength } from './rfb_messages.mjs';
import { BAR_HEIGHT } from './screen.mjs';

/* What a script yields to get any bytes at all. */
export const SOME = 0;
const PERIOD = 1000003;
const FRAME_DEFAULT = 65536;
const GONE_AFTER_MS = 300;

/* The bytes of a source, repeated with a period that is a prime number. */
const PATTERN = Buffer.alloc(PERIOD);
for (let i = 0; i < PERIOD; i++)
	PATTERN[i] = (i * 167 + (i >> 8) * 13 + (i >> 16)) & 0xff;

/* Bytes from..from+n of the source pattern. */
export function patternBytes(from, n) {
	const out = Buffer.alloc(n);
	for (let at = 0; at < n;) {
		const start = (from + at) % PERIOD;
		at += PATTERN.copy(out, at, start, Math.min(PERIOD, start + n - at));
	}
	return out;
}

/* SHA-256 (hex) of the first n bytes of the pattern. */
export function patternSha256(n) {
	const hash = createHash('sha256');
	for (let at = 0; at < n; at += PERIOD)
		hash.update(PATTERN.subarray(0, Math.min(PERIOD, n - at)));
	return hash.digest('hex');
}

function* echo(server) {
	for (;;)
		server.push(Buffer.from(yield SOME));
}

function* sink() {
	for (;;)
		yield SOME;
}

function* source(server, { bytes = Infinity, frame = FRAME_DEFAULT, then = 'stay' }) {
	let sent = 0;
	const more = () => {
		while (sent < bytes && !server.destroyed) {
			const n = Math.min(frame, bytes - sent);
			const room = server.push(patternBytes(sent, n));
			sent += n;
			if (!room) {
				server.wantRead = more;
				return;
			}
		}
		if (then === 'end')
			server.hangUp();
	};
	more();
	yield* sink();
}

function* gone(server, kind) {
	server.later(GONE_AFTER_MS, () => server.hangUp());
	yield* screen(server, kind);
}

/* Answers FramebufferUpdateRequests with raw rectangles of the guest's screen. */
function* screen(server) {
	const viewer = new Viewer(server);
	let buf = Buffer.alloc(0);
	for (;;) {
		buf = Buffer.concat([buf, yield SOME]);
		for (;;) {
			const n = messageLength(buf);
			if (n < 0) {
				server.complain(`unknown client message type ${buf[0]}`);
				return;
			}
			if (n === 0 || buf.length < n)
				break;
			viewer.message(buf.subarray(0, n));
			buf = buf.subarray(n);
		}
	}
}

/* The smallest rectangle around two. */
function around(a, b) {
	const x = Math.min(a.x, b.x);
	const y = Math.min(a.y, b.y);
	return { x, y, w: Math.max(a.x + a.w, b.x + b.w) - x, h: Math.max(a.y + a.h, b.y + b.h) - y };
}

class Viewer {
	constructor(server) {
		this.server = server;
		this.screen = server.guest.screen;
		this.format = Buffer.from(this.screen.format);
		this.shown = { step: -1, changes: -1 };
		this.pending = null;
	}

	message(m) {
		if (m[0] === 0) {
			this.format = Buffer.from(m.subarray(4, 20));
			this.shown.changes = -1;
		} else if (m[0] === 3) {
			this.request(m);
		} else if (m[0] === 4 && m[1]) {
			this.screen.key(m.readUInt32BE(4));
		}
	}

	request(m) {
		const { width, height } = this.screen;
		const x = Math.min(m.readUInt16BE(2), width);
		const y = Math.min(m.readUInt16BE(4), height);
		const area = { x, y, w: Math.min(m.readUInt16BE(6), width - x),
			h: Math.min(m.readUInt16BE(8), height - y) };
		if (m[1] === 0) {
			this.send(area);
			return;
		}
		const waiting = this.pending !== null;
		/* Requests add up (RFC 6143, section 7.5.3). */
		this.pending = waiting ? around(this.pending, area) : area;
		if (!waiting)
			this.poll();
	}

	/* Answers an incremental request as soon as something changed. */
	poll() {
		const { changes, step, stepMs } = this.screen;
		if (this.pending === null)
			return;
		if (changes !== this.shown.changes) {
			this.send(this.pending);
		} else if (step !== this.shown.step) {
			const { x, y, w, h } = this.pending;
			this.send({ x, y, w, h: Math.max(0, Math.min(h, BAR_HEIGHT - y)) });
		} else {
			this.server.later(stepMs / 2, () => this.poll());
		}
	}

	send(area) {
		const { changes, step } = this.screen;
		const head = Buffer.alloc(16);
		head.writeUInt16BE(1, 2);
		const { x, y, w, h } = area;
		[x, y, w, h].forEach((v, i) => head.writeUInt16BE(v, 4 + 2 * i));
		if (!this.format[3] && !this.mapSent)
			this.server.push(this.screen.colourMap());
		this.mapSent = !this.format[3];
		this.server.push(Buffer.concat([head, this.screen.paint(area, this.format, step)]));
		this.shown = { step, changes };
		this.pending = null;
	}
}

export const KINDS = { screen, static: screen, vncterm: screen, echo, source, sink, silent: sink, gone };
