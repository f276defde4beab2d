// SPDX-License-Identifier: MIT
//
// term_line - one connection to the terminal's console: a websocket, by term_flow.js.

import { socketUrl } from './settings.js';
import { Acks, inputMessages, resizeLine } from './term_flow.js';

/* To load the terminal and to have the upgrade answered. */
const OPEN_TIMEOUT_MS = 20000;

/*
 * The gateway accepts first and opens the console then; when that fails it closes.
 * The first message says that it is there. A console may have nothing to say, as a
 * serial port has: then it is there when nothing went wrong for so long.
 */
const QUIET_MS = 2000;

class Line {
	#view;
	#settings;
	#events;
	#socket = null;
	#acks = new Acks();
	#waiting = [];          /* output that is not with the view yet */
	#pause = new MessageChannel();
	#showing = false;
	#timer = null;
	#connected = false;
	#done = false;

	constructor(view, settings, events) {
		this.#view = view;
		this.#settings = settings;
		this.#events = events;
		this.#pause.port2.onmessage = () => this.#show();
		this.#after(OPEN_TIMEOUT_MS, () => this.#end(1006, ''));
		if (settings.console === 'term')
			view.ready(settings).then(() => this.#start()).catch(() => this.#fail('broken'));
		else
			queueMicrotask(() => this.#fail('nothing'));
	}

	close() {
		this.#finish(() => {});
	}

	/* Of the view: what was typed. */
	send(text) {
		inputMessages(text).forEach((message) => this.#socket.send(message));
	}

	sendBytes(bytes) {
		this.#socket.send(bytes);
	}

	resized(size) {
		this.#socket.send(resizeLine(size));
	}

	/* Whatever comes first is the end, and the only one that is told. */
	#finish(tell) {
		if (this.#done)
			return;
		this.#done = true;
		clearTimeout(this.#timer);
		if (this.#connected)
			this.#view.end();
		/* Taken out: a message to ourselves may be under way, and shows what waits. */
		this.#waiting.splice(0).forEach((bytes) => this.#view.write(bytes));
		this.#pause.port1.close();
		this.#socket?.close();
		tell();
	}

	#end(code, reason) {
		this.#finish(() => this.#events.ended(code, reason));
	}

	#fail(cause) {
		this.#finish(() => this.#events.failed(cause));
	}

	#after(ms, then) {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(then, ms);
	}

	#start() {
		if (this.#done)
			return;
		const socket = new WebSocket(socketUrl(this.#settings, location.href));

		this.#socket = socket;
		socket.binaryType = 'arraybuffer';
		this.#after(OPEN_TIMEOUT_MS, () => this.#end(1006, ''));
		socket.addEventListener('open', () => {
			this.resized(this.#view.size);
			this.#after(QUIET_MS, () => this.#connect());
		});
		socket.addEventListener('message', ({ data }) => this.#received(data));
		socket.addEventListener('close', (e) => this.#end(e.code, e.reason));
	}

	#connect() {
		if (this.#connected)
			return;
		clearTimeout(this.#timer);
		this.#connected = true;
		this.#view.begin(this);
		this.#events.connected();
	}

	#received(data) {
		if (this.#done || typeof data === 'string')
			return;
		this.#connect();
		this.#waiting.push(new Uint8Array(data));
		if (!this.#showing)
			this.#show();
	}

	/*
	 * Show what waits, and then what came meanwhile. The terminal works off a heap by
	 * timers that set the next one: in a tab that nobody sees such a chain is slowed
	 * down to a step a minute, and the gateway would take that for a dead browser. A
	 * message to ourselves between two heaps starts a new chain.
	 */
	#show() {
		const heap = this.#waiting.splice(0);
		this.#showing = heap.length > 0;
		heap.forEach((bytes, i) => this.#view.write(bytes, () => {
			this.#shown(bytes.length);
			if (i === heap.length - 1)
				this.#pause.port1.postMessage(null);
		}));
	}

	#shown(bytes) {
		const line = this.#acks.shown(bytes);
		if (line !== null && !this.#done)
			this.#socket.send(line);
	}
}

/*
 * Open the console in the terminal of `view`. Returns { close() }; `events` are those
 * of connection.js.
 */
export function openLine(view, settings, events) {
	return new Line(view, settings, events);
}
