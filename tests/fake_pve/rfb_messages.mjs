// SPDX-License-Identifier: MIT
//
// rfb_messages - the length of an RFB client message, pure.
//
// Enough of RFC 6143 and its extensions to find the boundaries between the messages a
// browser sends after the handshake.

const SET_DESKTOP_SIZE_HEAD = 8;
const SCREEN_BYTES = 16;
const QEMU = 255;
export const KEY_EVENT = 4;

/* type: [name, least bytes needed to know the length, length from those bytes]. */
const TYPES = new Map([
	[0, ['SetPixelFormat', 1, () => 20]],
	[2, ['SetEncodings', 4, (b) => 4 + 4 * b.readUInt16BE(2)]],
	[3, ['FramebufferUpdateRequest', 1, () => 10]],
	[KEY_EVENT, ['KeyEvent', 1, () => 8]],
	[5, ['PointerEvent', 1, () => 6]],
	[6, ['ClientCutText', 8, (b) => 8 + Math.abs(b.readInt32BE(4))]],
	[150, ['EnableContinuousUpdates', 1, () => 10]],
	[248, ['ClientFence', 9, (b) => 9 + b[8]]],
	[250, ['xvp', 1, () => 4]],
	[251, ['SetDesktopSize', 7, (b) => SET_DESKTOP_SIZE_HEAD + SCREEN_BYTES * b[6]]],
	[QEMU, ['QEMU', 4, qemuLength]],
]);

function qemuLength(b) {
	if (b[1] === 0)
		return 12;
	return b[1] === 1 ? (b.readUInt16BE(2) === 2 ? 10 : 4) : -1;
}

/* Length of the message at the start of buf: 0 = more bytes needed, -1 = unknown type. */
export function messageLength(buf) {
	if (buf.length === 0)
		return 0;
	const row = TYPES.get(buf[0]);
	if (!row)
		return -1;
	return buf.length < row[1] ? 0 : row[2](buf);
}

export function messageName(type) {
	return TYPES.get(type)?.[0] ?? `unknown ${type}`;
}

/* Cuts a stream of client messages as it comes; an unknown type ends the reading. */
export class MessageReader {
	constructor() {
		this.rest = Buffer.alloc(0);
		this.lost = false;
	}

	/* Calls each(type, bytes) for the messages that chunk completes. */
	push(chunk, each) {
		if (this.lost)
			return;
		this.rest = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
		for (;;) {
			const n = messageLength(this.rest);
			if (n < 0) {
				this.lost = true;
				this.rest = Buffer.alloc(0);
			}
			if (n <= 0 || this.rest.length < n)
				return;
			each(this.rest[0], this.rest.subarray(0, n));
			this.rest = this.rest.subarray(n);
		}
	}
}

/*
 * Cuts bytes into messages [{ type, name, bytes }]. An unknown type ends the list with
 * { type: -1, name: 'garbage' }, an incomplete one with { type, name: 'incomplete' }.
 */
export function parseClientMessages(bytes) {
	const out = [];
	for (let at = 0; at < bytes.length;) {
		const rest = bytes.subarray(at);
		const n = messageLength(rest);
		if (n < 0) {
			out.push({ type: -1, name: 'garbage', bytes: rest });
			break;
		}
		if (n === 0 || rest.length < n) {
			out.push({ type: rest[0], name: 'incomplete', bytes: rest });
			break;
		}
		out.push({ type: rest[0], name: messageName(rest[0]), bytes: rest.subarray(0, n) });
		at += n;
	}
	return out;
}
