// SPDX-License-Identifier: MIT
//
// ports - the console ports 5900..5999 of the fake node, and who listens behind them.
//
// The ports are not real sockets: several fakes run side by side. A number is reserved
// for 5 s. The listener of a QEMU console or a termproxy takes one connection, lives 10 s, and
// its number is free again once taken; a vncterm keeps its port while it lives: 20 s for the
// first viewer, 10 s after the last one left, 30 min without a key of any viewer.

const FIRST = 5900;
const LAST = 5999;

export class Ports {
	constructor(pve) {
		this.pve = pve;
		this.slots = new Map();
	}

	/* A new listener { port, ...what }, or null when every port is taken. */
	allocate(what) {
		const { portReserveMs } = this.pve.timings;
		const now = this.pve.records.now();
		for (let port = FIRST; port <= LAST; port++) {
			const old = this.slots.get(port);
			if (old && (now < old.createdAt + portReserveMs || this.bound(old)))
				continue;
			const viewers = new Set();
			const entry = { ...what, port, createdAt: now, lastKeyAt: now, taken: 0, viewers };
			this.slots.set(port, entry);
			return entry;
		}
		return null;
	}

	bound(entry) {
		const now = this.pve.records.now();
		const { listenMs, vnctermMs, vnctermIdleMs } = this.pve.timings;
		if (entry.dead)
			return false;
		if (entry.service !== 'vncterm')
			return entry.taken === 0 && now < entry.createdAt + listenMs;
		if (entry.taken === 0)
			return now < entry.createdAt + vnctermMs;
		return entry.viewers.size > 0 || now < entry.lastLeft + vnctermIdleMs;
	}

	/* A TCP connection to port: its listener, or null when nothing listens. */
	connect(port) {
		const entry = this.slots.get(port);
		if (!entry || !this.bound(entry))
			return null;
		entry.taken++;
		return entry;
	}
}
