// SPDX-License-Identifier: MIT
//
// rfb - a VNC client for tests (RFC 6143) over anything with read(n, ms) and send(bytes).
//
// handshake() does RFB 3.8 with VNC authentication (or none), readUpdate() decodes raw
// rectangles into .fb, so that a test can ask for the colour of a pixel.

import { vncResponse } from './vncauth.mjs';

/* A PIXEL_FORMAT: 32 bits, little endian, red at 16, green at 8, blue at 0. */
const TRUE_COLOUR = Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);

export class RfbAuthFailed extends Error {
	constructor(reason) {
		super(`VNC authentication refused: ${JSON.stringify(reason)}`);
		this.reason = reason;
	}
}

export class RfbClient {
	constructor(ws) {
		this.ws = ws;
		this.types = [];
	}

	/* Steps 1-4 in one. opts: password, shared (true), version, ms. Returns this. */
	async handshake({ password, shared = true, version = 'RFB 003.008\n', ms = 10000 } = {}) {
		await this.authenticate({ password, version, ms });
		await this.init({ shared, ms });
		return this;
	}

	/* Version, security type and authentication. Throws RfbAuthFailed. */
	async authenticate({ password, version = 'RFB 003.008\n', ms = 10000 } = {}) {
		this.version = (await this.ws.read(12, ms)).toString('latin1');
		this.ws.send(Buffer.from(version));
		const n = (await this.ws.read(1, ms))[0];
		if (n === 0)
			throw new RfbAuthFailed(await this.readReason(ms));
		this.types = [...await this.ws.read(n, ms)];
		const type = this.types.includes(2) ? 2 : this.types.includes(1) ? 1 : 0;
		if (type === 0)
			throw new Error(`no usable security type in [${this.types}]`);
		this.ws.send(Buffer.from([type]));
		if (type === 2)
			this.ws.send(vncResponse(password ?? '', await this.ws.read(16, ms)));
		if ((await this.ws.read(4, ms)).readUInt32BE(0) !== 0)
			throw new RfbAuthFailed(await this.readReason(ms));
	}

	/* ClientInit and ServerInit. */
	async init({ shared = true, ms = 10000 } = {}) {
		this.ws.send(Buffer.from([shared ? 1 : 0]));
		const head = await this.ws.read(24, ms);
		this.width = head.readUInt16BE(0);
		this.height = head.readUInt16BE(2);
		this.format = parseFormat(head.subarray(4, 20));
		this.name = (await this.ws.read(head.readUInt32BE(20), ms)).toString('utf8');
		this.resize(this.width, this.height);
	}

	async readReason(ms) {
		const n = (await this.ws.read(4, ms)).readUInt32BE(0);
		this.reasonBytes = await this.ws.read(n, ms);
		return this.reasonBytes.toString('utf8');
	}

	resize(width, height) {
		this.width = width;
		this.height = height;
		this.fb = Buffer.alloc(width * height * 4);
	}

	/* Asks for 32-bit true colour, blue first, and raw encoding: what readUpdate() wants. */
	setup(encodings = [0]) {
		this.ws.send(Buffer.concat([Buffer.alloc(4), TRUE_COLOUR]));
		this.format = parseFormat(TRUE_COLOUR);
		this.setEncodings(encodings);
	}

	setEncodings(encodings) {
		const msg = Buffer.alloc(4 + 4 * encodings.length);
		msg[0] = 2;
		msg.writeUInt16BE(encodings.length, 2);
		encodings.forEach((e, i) => msg.writeInt32BE(e, 4 + 4 * i));
		this.ws.send(msg);
	}

	requestUpdate({ incremental = false, x = 0, y = 0, w = this.width, h = this.height } = {}) {
		const msg = Buffer.alloc(10);
		msg[0] = 3;
		msg[1] = incremental ? 1 : 0;
		[x, y, w, h].forEach((v, i) => msg.writeUInt16BE(v, 2 + 2 * i));
		this.ws.send(msg);
	}

	key(down, keysym) {
		const msg = Buffer.alloc(8);
		msg[0] = 4;
		msg[1] = down ? 1 : 0;
		msg.writeUInt32BE(keysym, 4);
		this.ws.send(msg);
	}

	/* Presses and releases each character (Latin-1: keysym = code). */
	type(text) {
		for (const c of text) {
			const sym = c === '\n' ? 0xff0d : c.codePointAt(0);
			this.key(true, sym);
			this.key(false, sym);
		}
	}

	pointer(x, y, mask = 0) {
		const msg = Buffer.alloc(6);
		msg[0] = 5;
		msg[1] = mask;
		msg.writeUInt16BE(x, 2);
		msg.writeUInt16BE(y, 4);
		this.ws.send(msg);
	}

	cutText(text) {
		const data = Buffer.from(text, 'latin1');
		const msg = Buffer.alloc(8);
		msg[0] = 6;
		msg.writeUInt32BE(data.length, 4);
		this.ws.send(Buffer.concat([msg, data]));
	}

	/* The next FramebufferUpdate: [{ x, y, w, h, encoding, pixels }]; skips bells etc. */
	async readUpdate(ms = 5000) {
		for (let i = 0; i < 100; i++) {
			const type = (await this.ws.read(1, ms))[0];
			if (type === 0)
				return this.readRects(ms);
			await this.skipMessage(type, ms);
		}
		throw new Error('no FramebufferUpdate among 100 messages');
	}

	async skipMessage(type, ms) {
		if (type === 1) {
			const head = await this.ws.read(5, ms);
			await this.ws.read(6 * head.readUInt16BE(3), ms);
		} else if (type === 3) {
			const head = await this.ws.read(7, ms);
			await this.ws.read(head.readUInt32BE(3), ms);
		} else if (type !== 2) {
			throw new Error(`unexpected RFB message type ${type}`);
		}
	}

	async readRects(ms) {
		const n = (await this.ws.read(3, ms)).readUInt16BE(1);
		const rects = [];
		for (let i = 0; i < n; i++) {
			const head = await this.ws.read(12, ms);
			const r = { x: head.readUInt16BE(0), y: head.readUInt16BE(2),
				w: head.readUInt16BE(4), h: head.readUInt16BE(6),
				encoding: head.readInt32BE(8) };
			await this.readRect(r, ms);
			rects.push(r);
		}
		return rects;
	}

	async readRect(r, ms) {
		if (r.encoding === -223) {
			this.resize(r.w, r.h);
		} else if (r.encoding === 0) {
			const bytes = this.format.bpp / 8;
			r.pixels = await this.ws.read(r.w * r.h * bytes, ms);
			if (bytes === 4)
				this.blit(r);
		} else {
			throw new Error(`unexpected encoding ${r.encoding}`);
		}
	}

	blit(r) {
		for (let row = 0; row < r.h; row++)
			r.pixels.copy(this.fb, ((r.y + row) * this.width + r.x) * 4,
				row * r.w * 4, (row + 1) * r.w * 4);
	}

	/* [red, green, blue] at x, y; for 32-bit formats. */
	pixel(x, y) {
		const at = (y * this.width + x) * 4;
		const { bigEndian, shifts, max } = this.format;
		const v = bigEndian ? this.fb.readUInt32BE(at) : this.fb.readUInt32LE(at);
		return shifts.map((s, i) => (v >>> s) & max[i]);
	}
}

function parseFormat(b) {
	return {
		bpp: b[0], depth: b[1], bigEndian: b[2] !== 0, trueColour: b[3] !== 0,
		max: [b.readUInt16BE(4), b.readUInt16BE(6), b.readUInt16BE(8)],
		shifts: [b[10], b[11], b[12]],
	};
}
