// SPDX-License-Identifier: MIT
//
// frames - websocket frames as bytes (RFC 6455, 5.2), pure.
//
// Used by the test client and by the fake Proxmox. Nothing is checked here: the
// callers decide what is legal, and tests want to build what is not.

import { randomBytes } from 'node:crypto';

export const OP = { CONT: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 };

/* XORs payload in place with the 4-byte key. */
export function applyMask(payload, key) {
	const [a, b, c, d] = key;
	const whole = payload.length & ~3;
	let i = 0;
	for (; i < whole; i += 4) {
		payload[i] ^= a;
		payload[i + 1] ^= b;
		payload[i + 2] ^= c;
		payload[i + 3] ^= d;
	}
	for (; i < payload.length; i++)
		payload[i] ^= key[i & 3];
	return payload;
}

/*
 * One frame. mask: true (random key), false, or a 4-byte key. lengthBytes forces a
 * longer length field than needed (2 or 8); length lies about the payload's length.
 */
export function encodeFrame(payload, opts = {}) {
	const { opcode = OP.BINARY, fin = true, rsv = 0, mask = false, lengthBytes } = opts;
	const data = Buffer.from(payload);
	const length = opts.length ?? data.length;
	const field = lengthBytes ?? (length < 126 ? 0 : length < 65536 ? 2 : 8);
	const head = Buffer.alloc(2 + field);
	head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
	head[1] = (mask ? 0x80 : 0) | (field === 0 ? length : field === 2 ? 126 : 127);
	if (field === 2)
		head.writeUInt16BE(length, 2);
	else if (field === 8)
		head.writeBigUInt64BE(BigInt(length), 2);
	if (!mask)
		return Buffer.concat([head, data]);
	const key = mask === true ? randomBytes(4) : Buffer.from(mask);
	return Buffer.concat([head, key, applyMask(data, key)]);
}

/* The header at the start of buf, or null while it is incomplete. */
export function parseHeader(buf) {
	if (buf.length < 2)
		return null;
	const short = buf[1] & 0x7f;
	const field = short < 126 ? 0 : short === 126 ? 2 : 8;
	const masked = (buf[1] & 0x80) !== 0;
	const size = 2 + field + (masked ? 4 : 0);
	if (buf.length < size)
		return null;
	return {
		fin: (buf[0] & 0x80) !== 0,
		rsv: (buf[0] >> 4) & 7,
		opcode: buf[0] & 0x0f,
		masked,
		length: field === 0 ? short
			: field === 2 ? buf.readUInt16BE(2) : Number(buf.readBigUInt64BE(2)),
		key: masked ? buf.subarray(size - 4, size) : null,
		size,
	};
}

/* Cuts a byte stream into frames: { ...header, payload } with the payload unmasked. */
export class FrameReader {
	constructor() {
		this.chunks = [];
		this.length = 0;
	}

	push(chunk) {
		if (chunk.length === 0)
			return;
		this.chunks.push(chunk);
		this.length += chunk.length;
	}

	/* Collects at least n bytes in one buffer, without joining more than needed. */
	front(n) {
		while (this.chunks.length > 1 && this.chunks[0].length < n) {
			const need = [];
			let have = 0;
			while (this.chunks.length > 0 && have < n) {
				have += this.chunks[0].length;
				need.push(this.chunks.shift());
			}
			this.chunks.unshift(Buffer.concat(need));
		}
		return this.chunks[0] ?? Buffer.alloc(0);
	}

	/* The next frame's header, left in place, or null. */
	peek() {
		return parseHeader(this.front(14));
	}

	/* The next whole frame, or null. */
	next() {
		const head = this.peek();
		if (head === null || this.length < head.size + head.length)
			return null;
		const total = head.size + head.length;
		const buf = this.front(total);
		const payload = Buffer.from(buf.subarray(head.size, total));
		const key = head.key && Buffer.from(head.key);
		if (buf.length > total)
			this.chunks[0] = buf.subarray(total);
		else
			this.chunks.shift();
		this.length -= total;
		return { ...head, payload: key ? applyMask(payload, key) : payload };
	}
}
