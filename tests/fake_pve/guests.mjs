// SPDX-License-Identifier: MIT
//
// guests - the virtual machines and containers of the fake Proxmox.
//
// 100 is a real QEMU when asked for; 101 and 103..399 are synthetic and running, 102 is
// stopped; 200..208 are running containers, 209 and 201 stopped ones. 300..309 have the serial
// port serial0, 301 all four. A QEMU guest's VNC password is global to it and is overwritten
// by each console that connects. kind 'vncterm' is a QEMU guest with "vga: serial0".

import { noRoute } from './nodes.mjs';
import { Place } from './place.mjs';

const FIRST = 100;
const LAST = 399;
const STOPPED = new Set([102, 201, 209]);
const STALE_MS = 10000;

/* The serial ports of a QEMU guest's configuration. */
function serialsOf(vmid) {
	if (vmid === 301)
		return ['serial0', 'serial1', 'serial2', 'serial3'];
	return vmid >= 300 && vmid <= 309 ? ['serial0'] : [];
}

export class Guest extends Place {
	constructor(pve, vmid) {
		super(pve, { type: vmid >= 200 && vmid <= 209 ? 'lxc' : 'qemu', vmid,
			name: `guest-${vmid}`, path: `/vms/${vmid}` });
		this.node = pve.nodes[0];
		this.status = STOPPED.has(vmid) ? 'stopped' : 'running';
		this.serials = serialsOf(vmid);
		this.vncPassword = null;
		this.vncExpires = 0;
		this.qemu = null;
	}

	/* What Proxmox's copier does when the websocket arrives. */
	setPassword(password) {
		this.vncPassword = password;
		this.vncExpires = this.pve.records.now() + this.pve.timings.vncAuthMs;
	}

	/* What is behind the port that vncproxy opens. */
	get vncService() {
		return this.type === 'lxc' || this.kind.kind === 'vncterm' ? 'vncterm' : 'qemu';
	}

	get reachable() {
		return this.pve.node(this.node).online;
	}

	/* A vncterm shows the error of the command in it before it ends. */
	get vncKind() {
		const on = this.status === 'running' && this.reachable;
		return on || this.vncService === 'qemu' ? this.kind : { kind: 'gone' };
	}

	async connectQemu(entry, console) {
		const off = this.status !== 'running' || !this.reachable || (this.qemu && !this.qemu.running);
		if (off || this.kind.kind === 'nodisplay')
			return null;
		if (this.qemu) {
			const seconds = this.pve.timings.vncAuthMs / 1000;
			return this.qemu.openConsole(entry.password, seconds);
		}
		this.setPassword(entry.password);
		return this.rfb(entry, console, () => (
			this.pve.records.now() < this.vncExpires ? this.vncPassword : null));
	}

	/* In the order and words of Proxmox's own terminal command. */
	terminalRefusal(serial) {
		if (!this.reachable)
			return noRoute(this.node);
		if (this.type === 'lxc')
			return this.status === 'running' ? null : `CT ${this.vmid} not running`;
		if (serial && !this.serials.includes(serial))
			return `serial interface '${serial}' not configured`;
		if (this.serials.length === 0)
			return 'unable to find a serial interface';
		return this.status === 'running' ? null : `VM ${this.vmid} not running`;
	}

	/* Power off: every console of the guest ends without a word. */
	async stop() {
		this.status = 'stopped';
		await this.qemu?.stop();
		this.endConsoles('guest stopped');
	}

	async start() {
		if (this.qemu && !this.qemu.running)
			await this.qemu.start();
		this.status = 'running';
	}

	/* Off and on: consoles end. */
	async restart() {
		await this.stop();
		await this.start();
	}

	/* The reset button; consoles stay. */
	async reset() {
		await this.qemu?.reset();
	}

	/* To another node, running: consoles end. */
	migrate(node) {
		this.pve.node(node);
		this.staleNode = this.node;
		this.staleUntil = this.pve.records.now() + STALE_MS;
		this.node = node;
		this.endConsoles('migrated');
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
