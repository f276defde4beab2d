// SPDX-License-Identifier: MIT
//
// rfb_peer - the server's side of RFB 3.8, as little as a console page needs.
//
// VNC authentication, one screen in one colour, and a record of what the client
// sends. Speaks through `socket`, anything with send(Buffer) and onData.

import { createCipheriv, randomBytes } from 'node:crypto';

const WIDTH = 320;
const HEIGHT = 200;

/* VNC's DES: the bits of each key byte are the other way round. */
export function vncResponse(password, challenge) {
	const key = Buffer.alloc(8);
	Buffer.from(password, 'latin1').copy(key, 0, 0, 8);
	for (let i = 0; i < 8; i++) {
		const bits = key[i].toString(2).padStart(8, '0');
		key[i] = Number.parseInt([...bits].reverse().join(''), 2);
	}
	const cipher = createCipheriv('des-ede3', Buffer.concat([key, key, key]), null);
	cipher.setAutoPadding(false);
	return Buffer.concat([cipher.update(challenge), cipher.final()]);
}

export class RfbPeer {
	/* received: { type: 'key', down, keysym }, { type: 'pointer', buttons, x, y },
	 * { type: 'cut', text }, in the order of their arrival. */
	received = [];
	shared = null;          /* what ClientInit asked for */
	ready;                  /* a promise: the picture has been sent */
	error = null;           /* what the client did wrong */
	#socket;
	#input = Buffer.alloc(0);
	#wanted = null;         /* resolves the read that waits for more input */
	#password;
	#colour;
	#ready;

	constructor(socket, password, colour = [0x20, 0x60, 0xc0]) {
		this.#socket = socket;
		this.#password = password;
		this.#colour = colour;
		this.ready = new Promise((resolve) => {
			this.#ready = resolve;
		});
		socket.onData = (data) => this.#take(data);
		this.#talk().catch((error) => {
			this.error = error;
		});
	}

	/* Send text that was cut or copied in the console (ISO 8859-1). */
	cutText(value) {
		const text = Buffer.from(value, 'latin1');
		const head = Buffer.alloc(8);
		head[0] = 3;
		head.writeUInt32BE(text.length, 4);
		this.#socket.send(Buffer.concat([head, text]));
	}

	#take(data) {
		this.#input = Buffer.concat([this.#input, data]);
		this.#wanted?.();
	}

	async #read(length) {
		while (this.#input.length < length)
			await new Promise((resolve) => {
				this.#wanted = resolve;
			});
		const bytes = this.#input.subarray(0, length);
		this.#input = this.#input.subarray(length);
		return bytes;
	}

	async #talk() {
		this.#socket.send(Buffer.from('RFB 003.008\n'));
		await this.#read(12);
		this.#socket.send(Buffer.from([1, 2]));
		await this.#read(1);
		if (!await this.#authenticate())
			return;
		this.shared = (await this.#read(1))[0] === 1;
		this.#socket.send(serverInit());
		for (;;)
			await this.#message();
	}

	async #authenticate() {
		const challenge = randomBytes(16);
		this.#socket.send(challenge);
		const right = vncResponse(this.#password, challenge).equals(await this.#read(16));
		/* A failure has its reason, RFC 6143 section 7.1.3; here an empty one. */
		this.#socket.send(right ? Buffer.alloc(4) : Buffer.from([0, 0, 0, 1, 0, 0, 0, 0]));
		return right;
	}

	async #message() {
		const type = (await this.#read(1))[0];
		if (type === 0)
			await this.#read(19);
		else if (type === 2)
			await this.#read(4 * (await this.#read(3)).readUInt16BE(1));
		else if (type === 3)
			this.#update((await this.#read(9))[0] === 1);
		else if (type === 4)
			this.#key(await this.#read(7));
		else if (type === 5)
			this.#pointer(await this.#read(5));
		else if (type === 6)
			await this.#cut();
		else
			throw new Error(`client message ${type}`);
	}

	#key(b) {
		this.received.push({ type: 'key', down: b[0] === 1, keysym: b.readUInt32BE(3) });
	}

	#pointer(b) {
		this.received.push({
			type: 'pointer', buttons: b[0], x: b.readUInt16BE(1), y: b.readUInt16BE(3),
		});
	}

	async #cut() {
		const length = (await this.#read(7)).readUInt32BE(3);
		const text = (await this.#read(length)).toString('latin1');
		this.received.push({ type: 'cut', text });
	}

	/* The whole screen once; nothing ever changes on it, so no increments. */
	#update(incremental) {
		if (incremental)
			return;
		const head = Buffer.alloc(16);
		head.writeUInt16BE(1, 2);
		head.writeUInt16BE(WIDTH, 8);
		head.writeUInt16BE(HEIGHT, 10);
		const pixel = Buffer.from([...this.#colour, 0]);
		this.#socket.send(Buffer.concat([head, Buffer.alloc(WIDTH * HEIGHT * 4, pixel)]));
		this.#ready();
	}
}

function serverInit() {
	const name = Buffer.from('internal-name-4711');
	const head = Buffer.alloc(24);
	head.writeUInt16BE(WIDTH, 0);
	head.writeUInt16BE(HEIGHT, 2);
	Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16]).copy(head, 4);
	head.writeUInt32BE(name.length, 20);
	return Buffer.concat([head, name]);
}
