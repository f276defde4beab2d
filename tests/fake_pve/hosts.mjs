// SPDX-License-Identifier: MIT
//
// hosts - the addresses at which the fake cluster is reached, each of one node.
//
// Every host has its own worker processes and its own console ports: a port that one host
// opened is dead, or somebody else's, at another. Users, guests and tickets are the cluster's.

import { Ports } from './ports.mjs';
import { Workers } from './workers.mjs';

const TRIES = 20;

export class Host {
	constructor(pve, address, node) {
		Object.assign(this, { pve, address, node });
		this.ports = new Ports(pve);
		this.workers = new Workers(pve, pve.options.workers ?? 3);
		this.server = null;
	}

	get up() {
		return this.server !== null;
	}

	/* Listens at port (0: any) of the address; the port. */
	async listen(port) {
		const server = this.pve.listener.server(this);
		await new Promise((resolve, reject) => {
			server.once('error', reject);
			server.listen(port, this.address, resolve);
		});
		this.server = server;
		return server.address().port;
	}

	/* Nobody answers any more, and all connections are cut. */
	async close() {
		const { server } = this;
		this.server = null;
		this.workers.stop();
		if (server) {
			const closed = new Promise((resolve) => server.close(resolve));
			this.pve.listener.cutRaw(this);
			await closed;
		}
	}
}

export class Hosts {
	/* addresses: one for each node in turn. */
	constructor(pve, addresses) {
		this.pve = pve;
		this.list = addresses.map((address, i) => new Host(pve, address,
			pve.nodes[i % pve.nodes.length]));
	}

	/* All at one port, which is free at every address. */
	async listen(port) {
		for (let i = 0; ; i++) {
			const [first, ...others] = this.list;
			const got = await first.listen(port);
			try {
				for (const host of others)
					await host.listen(got);
				return got;
			} catch (e) {
				if (e.code !== 'EADDRINUSE' || port !== 0 || i === TRIES)
					throw e;
				await this.close();
			}
		}
	}

	of(node) {
		return this.list.filter((host) => host.node === node);
	}

	connections() {
		return this.list.flatMap((host) => host.workers.connections());
	}

	async close() {
		await Promise.all(this.list.map((host) => host.close()));
	}
}
