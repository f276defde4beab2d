// SPDX-License-Identifier: MIT
//
// rfb_peer - the server's side of RFB 3.8, as little as a console page needs.
//
// VNC authentication, one screen in one colour, and a record of what the client
// sends. Speaks through `socket`, anything with send(Buffer) and onData.

import { createCipheriv, randomBytes } from 'node:crypto';

const WIDTH = 320;
const HEIGHT = 200;

const QEMU_KEYS = -258;
const EXTENDED_SIZE = -308;

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
	/* received: { type: 'key', down, keysym }, with a scancode when the client has one to
	 * tell, { type: 'pointer', buttons, x, y }, { type: 'cut', text }, in the order of their
	 * arrival. */
	received = [];
	shared = null;          /* what ClientInit asked for */
	ready;                  /* a promise: the picture has been sent */
	error = null;           /* what the client did wrong */
	answering = true;       /* with a keyboard: whether questions are answered now */
	questions = 0;          /* requests for the whole of an update, the first not counted */
	#socket;
	#input = Buffer.alloc(0);
	#wanted = null;         /* resolves the read that waits for more input */
	#password;
	#colour;
	#keyboard;
	#ready;
	#asked = false;

	/* With `keyboard` it is as QEMU: takes physical keys, and answers questions at once. */
	constructor(socket, password, { colour = [0x20, 0x60, 0xc0], keyboard = false } = {}) {
		this.#socket = socket;
		this.#password = password;
		this.#colour = colour;
		this.#keyboard = keyboard;
		this.ready = new Promise((resolve) => {
			this.#ready = resolve;
		});
		socket.onData = (data) => this.#take(data);
		this.#talk().catch((error) => {
			this.error = error;
		});
	}

	/* Say that everything so far has been taken. */
	answer() {
		this.#rectangle(EXTENDED_SIZE, oneScreen());
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
			this.#encodings(await this.#read(4 * (await this.#read(3)).readUInt16BE(1)));
		else if (type === 3)
			this.#update((await this.#read(9))[0] === 1);
		else if (type === 4)
			this.#key(await this.#read(7));
		else if (type === 5)
			this.#pointer(await this.#read(5));
		else if (type === 6)
			await this.#cut();
		else if (type === 255 && this.#keyboard)
			this.#physicalKey(await this.#read(11));
		else
			throw new Error(`client message ${type}`);
	}

	#key(b) {
		this.received.push({ type: 'key', down: b[0] === 1, keysym: b.readUInt32BE(3) });
	}

	#physicalKey(b) {
		if (b[0] !== 0)
			throw new Error(`client message 255 ${b[0]}`);
		this.received.push({
			type: 'key', down: b.readUInt16BE(1) === 1, keysym: b.readUInt32BE(3),
			scancode: b.readUInt32BE(7),
		});
	}

	/* A client that knows of physical keys is told that they are taken. */
	#encodings(b) {
		const wanted = Array.from({ length: b.length / 4 }, (_, i) => b.readInt32BE(4 * i));
		if (this.#keyboard && wanted.includes(QEMU_KEYS))
			this.#rectangle(QEMU_KEYS);
	}

	/* An update with one rectangle of the whole screen, of an encoding without pixels. */
	#rectangle(encoding, more = Buffer.alloc(0)) {
		const head = Buffer.alloc(16);
		head.writeUInt16BE(1, 2);
		head.writeUInt16BE(WIDTH, 8);
		head.writeUInt16BE(HEIGHT, 10);
		head.writeInt32BE(encoding, 12);
		this.#socket.send(Buffer.concat([head, more]));
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
		if (this.#asked)
			this.questions++;
		this.#asked = true;
		if (this.#keyboard && this.answering)
			this.answer();
		const head = Buffer.alloc(16);
		head.writeUInt16BE(1, 2);
		head.writeUInt16BE(WIDTH, 8);
		head.writeUInt16BE(HEIGHT, 10);
		const pixel = Buffer.from([...this.#colour, 0]);
		this.#socket.send(Buffer.concat([head, Buffer.alloc(WIDTH * HEIGHT * 4, pixel)]));
		this.#ready();
	}
}

/* ExtendedDesktopSize's list of screens: one. */
function oneScreen() {
	const screens = Buffer.alloc(20);
	screens[0] = 1;
	screens.writeUInt16BE(WIDTH, 12);
	screens.writeUInt16BE(HEIGHT, 14);
	return screens;
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
