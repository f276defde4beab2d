// SPDX-License-Identifier: MIT
//
// backend - what the far ends of the fake's consoles share: a Duplex with timers.
//
// Bytes of the client are written to it, its own are read from it.

import { Duplex } from 'node:stream';

const HIGH_WATER = 256 * 1024;

export class Backend extends Duplex {
	constructor() {
		super({ readableHighWaterMark: HIGH_WATER, emitClose: true });
		this.timers = new Set();
		this.wantRead = null;
	}

	_read() {
		const fn = this.wantRead;
		this.wantRead = null;
		fn?.();
	}

	_final(done) {
		done();
	}

	_destroy(error, done) {
		for (const t of this.timers)
			clearTimeout(t);
		done(error);
	}

	/* Runs fn later unless the connection is gone by then. */
	later(ms, fn) {
		const timer = setTimeout(() => {
			this.timers.delete(timer);
			fn();
		}, ms);
		this.timers.add(timer);
	}

	/* The far end hangs up. */
	hangUp() {
		if (!this.readableEnded && !this.hungUp)
			this.push(null);
		this.hungUp = true;
	}
}
