// SPDX-License-Identifier: MIT
//
// term - a client of Proxmox's termproxy for tests, over anything with send(bytes).
//
// Give every payload that arrives to feed() (a WsClient does it by itself: attach()). After
// login() the bytes are the terminal's output: .text() is what has come so far.

import { StringDecoder } from 'node:string_decoder';
import { until } from './wait.mjs';

/* One message of typed bytes, as termproxy wants it. */
export function dataMessage(bytes) {
	const data = Buffer.from(bytes);
	return Buffer.concat([Buffer.from(`0:${data.length}:`), data]);
}

export class TermClient {
	constructor(ws) {
		this.ws = ws;
		this.chunks = [];
		this.ok = false;
		this.head = Buffer.alloc(0);
	}

	/* Takes the data frames of a WsClient from now on. */
	static attach(ws) {
		const term = new TermClient(ws);
		for (const bytes of ws.stream.splice(0))
			term.feed(bytes);
		ws.onBytes = (bytes) => term.feed(bytes);
		return term;
	}

	feed(bytes) {
		if (this.ok) {
			this.chunks.push(bytes);
			return;
		}
		this.head = Buffer.concat([this.head, bytes]);
		this.ok = this.head.subarray(0, 2).toString() === 'OK';
		if (this.ok && this.head.length > 2)
			this.chunks.push(this.head.subarray(2));
	}

	/* Sends the first line and waits for OK; false when the far end hung up instead. */
	async login(user, ticket, ms = 5000) {
		this.ws.send(`${user}:${ticket}\n`);
		await until(() => this.ok || this.ws.ended, ms, 'OK');
		return this.ok;
	}

	bytes() {
		return Buffer.concat(this.chunks);
	}

	/* The output as text, without a character that is incomplete. */
	text() {
		return new StringDecoder('utf8').write(this.bytes());
	}

	/* The output so far, once it matches. */
	async see(regex, ms = 5000) {
		await until(() => regex.test(this.text()), ms, `${regex} in the terminal`);
		return this.text();
	}

	type(text) {
		this.ws.send(dataMessage(text));
	}

	resize(cols, rows) {
		this.ws.send(`1:${cols}:${rows}:`);
	}

	ping() {
		this.ws.send('2');
	}
}
