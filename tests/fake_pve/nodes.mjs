// SPDX-License-Identifier: MIT
//
// nodes - the nodes of the fake cluster, each with a shell.

import { Place } from './place.mjs';

export class Node extends Place {
	constructor(pve, name) {
		super(pve, { type: 'node', vmid: null, name, path: `/nodes/${name}` });
		this.status = 'online';
		this.vncService = 'vncterm';
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
