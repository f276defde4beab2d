// SPDX-License-Identifier: MIT
//
// guests - the virtual machines and containers of the fake Proxmox.
//
// 100 is a real QEMU when asked for; 101 and 103..399 are synthetic and running, 102 is
// stopped; 200..208 are running containers, 209 and 201 stopped ones. kind says what a
// synthetic guest's VNC server does, see rfb_kinds. A guest's VNC password is global to it
// and is overwritten by each console that connects.

import { RfbServer } from './rfb_server.mjs';
import { Screen } from './screen.mjs';

const FIRST = 100;
const LAST = 399;
const STOPPED = new Set([102, 201, 209]);
const STALE_MS = 10000;

export class Guest {
	constructor(pve, vmid) {
		this.pve = pve;
		this.vmid = vmid;
		this.type = vmid >= 200 && vmid <= 209 ? 'lxc' : 'qemu';
		this.node = pve.nodes[0];
		this.status = STOPPED.has(vmid) ? 'stopped' : 'running';
		this.name = `guest-${vmid}`;
		this.kind = { kind: 'screen' };
		this.split = null;
		this.consoles = new Set();
		this.vncPassword = null;
		this.vncExpires = 0;
		this.qemu = null;
	}

	/* kind: a name, or { kind, ...options }. */
	setKind(kind) {
		this.kind = typeof kind === 'string' ? { kind } : kind;
	}

	get screen() {
		this.screen_ ??= new Screen(this);
		return this.screen_;
	}

	/* What Proxmox's copier does when the websocket arrives. */
	setPassword(password) {
		this.vncPassword = password;
		this.vncExpires = this.pve.records.now() + this.pve.timings.vncAuthMs;
	}

	/*
	 * The far end of a console as a Duplex, or null when it ends at once. entry is the
	 * listener: a container has its password there, a QEMU guest its own.
	 */
	async connect(entry, console) {
		if (this.type === 'lxc')
			return this.synthetic(entry, console, () => entry.password);
		const off = this.status !== 'running' || (this.qemu && !this.qemu.running);
		if (off || this.kind.kind === 'nodisplay')
			return null;
		if (this.qemu) {
			const seconds = this.pve.timings.vncAuthMs / 1000;
			return this.qemu.openConsole(entry.password, seconds);
		}
		this.setPassword(entry.password);
		return this.synthetic(entry, console, () => (
			this.pve.records.now() < this.vncExpires ? this.vncPassword : null));
	}

	synthetic(entry, console, password) {
		return new RfbServer({ guest: this, entry, console, password,
			fault: this.pve.takeFault('rfb') });
	}

	/* A viewer that did not want to share. */
	dropOthers(console) {
		for (const c of [...this.consoles]) {
			if (c !== console)
				c.endBackend('exclusive viewer');
		}
	}

	/* Power off: every console of the guest ends without a word. */
	async stop() {
		this.status = 'stopped';
		await this.qemu?.stop();
		for (const c of [...this.consoles])
			c.endBackend('guest stopped');
	}

	async start() {
		if (this.qemu && !this.qemu.running)
			await this.qemu.start();
		this.status = 'running';
	}

	/* The reset button; consoles stay. */
	async reset() {
		await this.qemu?.reset();
	}

	/* Raw bytes to every viewer of a synthetic guest. */
	say(bytes) {
		for (const c of this.consoles)
			c.backend?.push(Buffer.from(bytes));
	}

	migrate(node) {
		this.staleNode = this.node;
		this.staleUntil = this.pve.records.now() + STALE_MS;
		this.node = node;
		for (const c of [...this.consoles])
			c.endBackend('migrated');
	}

	/* The node as cluster/resources shows it: stale for 10 s after a migration. */
	get shownNode() {
		return this.pve.records.now() < this.staleUntil ? this.staleNode : this.node;
	}
}

export class Guests {
	constructor(pve) {
		this.map = new Map();
		for (let vmid = FIRST; vmid <= LAST; vmid++)
			this.map.set(vmid, new Guest(pve, vmid));
	}

	get(vmid) {
		return this.map.get(Number(vmid)) ?? null;
	}

	all() {
		return [...this.map.values()];
	}
}
