// SPDX-License-Identifier: MIT
//
// One connection to a terminal, with a websocket and a view that do what the test says.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { openLine } from '../../novnc/term_line.js';

const SETTINGS = { console: 'term', host: '', port: '', path: 'term-proxy' };

class Socket extends EventTarget {
	static last;
	sent = [];

	constructor() {
		super();
		Socket.last = this;
	}

	send(message) {
		this.sent.push(message);
	}

	close() {
	}

	say(words) {
		const data = new TextEncoder().encode(words).buffer;
		this.dispatchEvent(Object.assign(new Event('message'), { data }));
	}

	closed(code, reason) {
		this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
	}
}

/* A view that has shown what was written when `shown` is called. */
class View {
	size = { cols: 80, rows: 24 };
	written = [];
	#pending = [];

	async ready() {
	}

	begin() {
	}

	end() {
		this.written.push('end');
	}

	write(bytes, shown = () => {}) {
		this.written.push(Buffer.from(bytes).toString());
		this.#pending.push(shown);
	}

	showAll() {
		this.#pending.splice(0).forEach((shown) => shown());
	}
}

/* What was posted to a MessageChannel before now has been received after this. */
async function messagesPassed() {
	const { port1, port2 } = new MessageChannel();
	port1.postMessage(null);
	await once(port2, 'message');
	port1.close();
	await new Promise(setImmediate);
}

async function open(t) {
	const view = new View();
	const told = [];
	Object.assign(globalThis, { WebSocket: Socket, location: { href: 'http://page/k/' } });
	t.after(() => ['WebSocket', 'location'].forEach((name) => delete globalThis[name]));
	openLine(view, SETTINGS, {
		connected: () => told.push('connected'),
		ended: (code, reason) => {
			told.push(`${code} ${reason}`);
			view.written.push('forgotten');
		},
		failed: (cause) => told.push(cause),
	});
	await new Promise(setImmediate);
	Socket.last.dispatchEvent(new Event('open'));
	return { view, told, socket: Socket.last };
}

test('what waited when a connection ended is shown once, before the end is told', async (t) => {
	const { view, told, socket } = await open(t);
	socket.say('a');
	socket.say('b');        /* waits until a is shown */
	assert.deepEqual(view.written, ['a']);
	view.showAll();         /* the message that shows what waits is under way now */
	socket.closed(4000, 'Bye.');
	await messagesPassed();
	assert.deepEqual(view.written, ['a', 'end', 'b', 'forgotten']);
	assert.deepEqual(told, ['connected', '4000 Bye.']);
});

test('what comes after the end is neither shown nor told', async (t) => {
	const { view, told, socket } = await open(t);
	socket.closed(4001, '');
	socket.say('late');
	socket.closed(4000, 'Bye.');
	view.showAll();
	await messagesPassed();
	assert.deepEqual(view.written, ['forgotten']);
	assert.deepEqual(told, ['4001 ']);
	assert.deepEqual(socket.sent, ['resize 80 24']);
});
