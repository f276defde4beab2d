// SPDX-License-Identifier: MIT
//
// records - what the fake Proxmox remembers for the tests, and its clock.
//
// violations: what a client did that hurts a real Proxmox or that it must never do.
// requests, consoles, logins, crashes, handshakes: what happened, in order. secrets: everything that
// must never appear in a log or in front of a customer.

const MAX_LIST = 100000;

export class Records {
	constructor() {
		this.violations = [];
		this.requests = [];
		this.consoles = [];
		this.logins = [];
		this.crashes = [];
		this.handshakes = [];
		this.overlaps = 0;
		this.inFlight = 0;
		this.maxInFlight = 0;
		this.secretSet = new Set();
		this.offset = 0;
	}

	/* Proxmox's clock in ms; advance() moves it. */
	now() {
		return Date.now() + this.offset;
	}

	violation(text) {
		if (this.violations.length < MAX_LIST)
			this.violations.push(text);
	}

	secret(text) {
		if (text)
			this.secretSet.add(text);
		return text;
	}

	/* Adds +1 or -1 request that is being worked on. */
	flying(change) {
		this.inFlight += change;
		this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
	}

	request(entry) {
		if (this.requests.length < MAX_LIST)
			this.requests.push(entry);
		return entry;
	}

	handshake(entry) {
		if (this.handshakes.length < MAX_LIST)
			this.handshakes.push(entry);
		return entry;
	}
}
