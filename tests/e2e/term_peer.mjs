// SPDX-License-Identifier: MIT
//
// term_peer - the gateway's side of the terminal's websocket, as strict as it is.
//
// Binary messages are what was typed, text messages are `resize <cols> <rows>` or
// `ack <bytes>`; what is anything else, or acknowledges more than was sent, is an
// error and closes with 1002. Sends at most WINDOW bytes beyond the acknowledged.
// Speaks through `socket`, anything with send(Buffer), close(code) and onData.

export const WINDOW = 256 * 1024;

const MESSAGE = 16 * 1024;
const ACK_AT_LEAST_EVERY = 64 * 1024;

export class TermPeer {
	typed = '';             /* what came from the page, as text */
	sizes = [];             /* [cols, rows], in the order of their arrival */
	first = null;           /* the first message: 'resize', 'ack' or 'typed' */
	acknowledged = 0;
	acks = 0;               /* how many */
	mostUnacknowledged = 0;
	error = null;           /* what the client did wrong */
	ready = Promise.resolve();
	#socket;
	#sent = 0;
	#queue = [];
	#emptied = [];
	#decoder = new TextDecoder();

	constructor(socket, say = '') {
		this.#socket = socket;
		socket.onData = (data, isText) => this.#take(data, isText);
		if (say !== '')
			this.say(say);
	}

	/* Have the terminal say something (text or bytes), as one message if it is short. */
	say(value) {
		const bytes = Buffer.from(value);
		for (let at = 0; at < bytes.length; at += MESSAGE)
			this.#queue.push(bytes.subarray(at, at + MESSAGE));
		this.#pump();
	}

	/* Resolves when all that was said has been sent. */
	said() {
		return this.#queue.length === 0 ? Promise.resolve()
			: new Promise((resolve) => this.#emptied.push(resolve));
	}

	/* Resolves with all bytes acknowledged but for what needs no acknowledgement yet. */
	get outstanding() {
		return this.#sent - this.acknowledged;
	}

	#pump() {
		while (this.#queue.length > 0
			&& this.outstanding + this.#queue[0].length <= WINDOW) {
			const bytes = this.#queue.shift();
			this.#sent += bytes.length;
			this.mostUnacknowledged = Math.max(this.mostUnacknowledged, this.outstanding);
			this.#socket.send(bytes);
		}
		if (this.#queue.length === 0)
			this.#emptied.splice(0).forEach((resolve) => resolve());
	}

	#take(data, isText) {
		try {
			const kind = isText ? this.#control(data.toString()) : this.#input(data);
			this.first ??= kind;
		} catch (error) {
			this.error ??= error;
			this.#socket.close(1002);
		}
	}

	#input(data) {
		this.typed += this.#decoder.decode(data, { stream: true });
		return 'typed';
	}

	#control(line) {
		const [, cols, rows] = /^resize ([1-9]\d{0,3}) ([1-9]\d{0,3})$/.exec(line) ?? [];
		const [, bytes] = /^ack ([1-9]\d*)$/.exec(line) ?? [];
		if (cols <= 1000 && rows <= 1000) {
			this.sizes.push([Number(cols), Number(rows)]);
			return 'resize';
		}
		if (!bytes || Number(bytes) > this.outstanding)
			throw new Error(`control line ${line}, ${this.outstanding} outstanding`);
		this.acknowledged += Number(bytes);
		this.acks++;
		this.#pump();
		return 'ack';
	}
}

/* Bytes that may be unacknowledged although all was shown. */
export const UNACKNOWLEDGED_MAX = ACK_AT_LEAST_EVERY;
