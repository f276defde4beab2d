// SPDX-License-Identifier: MIT
//
// backoff - how long to pause before the next try. Pure.

const PAUSES_S = [1, 2, 4, 8, 15, 30];

/* Up to this share is taken off, so that many pages do not come back in step. */
const JITTER = 0.2;

export class Backoff {
	#tries = 0;
	#random;

	constructor(random = Math.random) {
		this.#random = random;
	}

	/* The next pause in milliseconds; each call is one more failure in a row. */
	next() {
		const step = PAUSES_S[Math.min(this.#tries, PAUSES_S.length - 1)];
		this.#tries++;
		return Math.round(step * 1000 * (1 - JITTER * this.#random()));
	}

	reset() {
		this.#tries = 0;
	}
}
