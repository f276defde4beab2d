// SPDX-License-Identifier: MIT
//
// nodes - the nodes of the fake cluster: each has a shell, may be down, and may have hosts.

import { Place } from './place.mjs';

/* What ssh says in a console that leads to a node which is down. */
export function noRoute(name) {
	return `ssh: connect to host ${name} port 22: No route to host`;
}

export class Node extends Place {
	constructor(pve, name) {
		super(pve, { type: 'node', vmid: null, name, path: `/nodes/${name}` });
		this.status = 'online';
		this.vncService = 'vncterm';
	}

	get online() {
		return this.status === 'online';
	}

	get vncKind() {
		return this.online ? this.kind : { kind: 'gone' };
	}

	terminalRefusal() {
		return this.online ? null : noRoute(this.name);
	}

	/* Power off: its addresses are dead, its guests out of reach, their consoles end. */
	async down() {
		this.status = 'offline';
		for (const place of [this, ...this.pve.guests.all().filter((g) => g.node === this.name)])
			place.endConsoles('node down');
		await Promise.all(this.pve.hosts.of(this.name).map((host) => host.close()));
	}

	async up() {
		this.status = 'online';
		await Promise.all(this.pve.hosts.of(this.name).map((host) => host.listen(this.pve.port)));
	}
}

export class Nodes {
	constructor(pve, names) {
		this.map = new Map(names.map((name) => [name, new Node(pve, name)]));
	}

	get(name) {
		return this.map.get(name) ?? null;
	}

	all() {
		return [...this.map.values()];
	}
}
