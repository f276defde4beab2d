// SPDX-License-Identifier: MIT
//
// workers - Proxmox's three proxy processes, which share the listening socket.
//
// A connection belongs to one worker for life. An exception in a worker (an illegal
// websocket frame, a console port where nothing listens) freezes all its connections for
// 5 s, then cuts them; a new worker takes its place. That is mode A. In mode B (another
// event loop) the exception is swallowed, see vncwebsocket.

export class Workers {
	constructor(pve, count) {
		this.pve = pve;
		this.list = [];
		this.next = 0;
		this.made = 0;
		this.dying = new Set();
		for (let i = 0; i < count; i++)
			this.list.push(this.spawn());
	}

	spawn() {
		return { id: this.made++, conns: new Set(), frozen: false };
	}

	/* The worker that accepts the next connection. */
	assign() {
		return this.list[this.next++ % this.list.length];
	}

	/* An exception in worker: frozen now, gone later. */
	crash(worker, why) {
		if (worker.frozen)
			return;
		worker.frozen = true;
		this.pve.records.crashes.push({ at: Date.now(), why, worker: worker.id,
			connections: worker.conns.size });
		this.list[this.list.indexOf(worker)] = this.spawn();
		for (const conn of worker.conns)
			conn.freeze();
		const timer = setTimeout(() => this.bury(worker), this.pve.timings.freezeMs);
		this.dying.add({ worker, timer });
	}

	bury(worker) {
		for (const conn of [...worker.conns])
			conn.destroy();
		for (const d of this.dying) {
			if (d.worker === worker)
				this.dying.delete(d);
		}
	}

	connections() {
		return [...this.list, ...[...this.dying].map((d) => d.worker)]
			.flatMap((w) => [...w.conns]);
	}

	stop() {
		for (const conn of this.connections())
			conn.destroy();
		for (const d of this.dying)
			clearTimeout(d.timer);
		this.dying.clear();
	}
}
