// SPDX-License-Identifier: MIT
//
// terminal - what the page of a terminal does with its websocket, for tests.
//
//   const term = await PageTerminal.open(gw, url);       // url: a session's location
//   await term.see(/login:/);  term.type('root\n');  term.resize(132, 43);
//
// It acknowledges what it reads, every 64 KiB, unless made with { acks: false }; keep: how
// many bytes of output it keeps (1 MiB), the others are counted only.

import { StringDecoder } from 'node:string_decoder';
import { until } from './wait.mjs';

const ACK_BYTES = 64 * 1024;
const KEEP_BYTES = 1024 * 1024;

export class PageTerminal {
	static async open(gw, url, { acks = true, keep = KEEP_BYTES, ws, ...opts } = {}) {
		const socket = await gw.websocket(url, { name: 'term-proxy', record: false, ...ws });
		return new PageTerminal(socket, { acks, keep, ...opts });
	}

	constructor(ws, { acks, keep, onBytes = null }) {
		Object.assign(this, { ws, acks, keep, onBytes });
		this.chunks = [];
		this.kept = 0;
		this.total = 0;
		this.unacked = 0;
		for (const bytes of ws.stream.splice(0))
			this.feed(bytes);
		ws.onBytes = (bytes) => this.feed(bytes);
	}

	feed(bytes) {
		this.onBytes?.(bytes, this.total);
		if (this.kept < this.keep)
			this.chunks.push(bytes);
		this.kept += bytes.length;
		this.total += bytes.length;
		this.unacked += bytes.length;
		if (this.acks && this.unacked >= ACK_BYTES)
			this.ack();
	}

	/* Acknowledges n bytes, or all that it has read. */
	ack(n = this.unacked) {
		this.unacked -= n;
		return this.ws.sendText(`ack ${n}`);
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
		await until(() => regex.test(this.text()) || this.ws.ended, ms, `${regex} in the terminal`);
		if (!regex.test(this.text()))
			throw new Error(`the terminal ended before ${regex}`);
		return this.text();
	}

	type(text) {
		return this.ws.send(Buffer.from(text));
	}

	resize(cols, rows) {
		return this.ws.sendText(`resize ${cols} ${rows}`);
	}
}
