// SPDX-License-Identifier: MIT
//
// subject - what is measured: a program between the load tool's two ends. The gateway; nothing
// at all (the ends speak to each other); peers are in peers.mjs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startGateway } from '../lib/gateway.mjs';
import { tempDir } from '../lib/temp.mjs';
import { browse } from './load.mjs';
import { treeMemory } from './proc.mjs';
import { GATEWAY } from './stats.mjs';

const CREATES_AT_ONCE = 8;
const FIRST_VMID = 100;
const STALL_MS = 5000;

/*
 * A subject has a name, the pve it leads to, links(count, work, fields), and stop(). Its CPU
 * time is that of pid and its descendants; a subject with no pid has none.
 */
export class Subject {
	constructor(name, pve) {
		this.name = name;
		this.pve = pve;
		this.pid = null;
		this.direct = true; /* browsers make Proxmox's calls themselves */
		this.raw = false;   /* there is nothing but a guest behind it */
		this.vmid = FIRST_VMID;
	}

	/* What load.c shall watch, with all that descends from it: { name: pid }. */
	watch() {
		return { pve: this.pve.pid, ...(this.pid === null ? {} : { subject: this.pid }) };
	}

	/* Its memory in KiB, all processes: { kib, kind }. */
	memory() {
		return treeMemory(this.pid);
	}

	/* count links to guests that do this work, each another guest. */
	async links(count, work) {
		return Array.from({ length: count }, () => `${this.url}/api2/json/nodes/${work}` +
			`/qemu/${this.vmid++}`);
	}

	/* Browsers on new links; see browse() in load.mjs. fields(vmid): more of a /create. */
	async browse(count, work, { fields, ...options } = {}) {
		const links = await this.links(count, work, fields);
		return this.run({ links, work, ...options });
	}

	/*
	 * Browsers that stay when their work is done, until run.cut(): with them goes one to whom
	 * nothing is sent, so that they are never all done.
	 */
	async held(count, work, options) {
		const links = [...await this.links(count, work), ...await this.links(1, 'idle')];
		return this.run({ links, work, ...options });
	}

	run(options) {
		const run = browse({ watch: this.watch(), direct: this.direct, raw: this.raw, ...options });
		return { ...run, go: async () => good(await run.go()) };
	}

	/* All there, then all work at once; the result, or an Error that says what failed. */
	async together(count, work, options) {
		const run = await this.browse(count, work, { mode: 'all', ...options });
		await ready(run, count);
		return run.go();
	}

	/* One after another (or parallel at a time): open, work, leave. */
	async oneByOne(count, work, options) {
		const run = await this.browse(count, work, { mode: 'each', parallel: 1, ...options });
		return run.go();
	}

	/* Until the sessions of earlier browsers have ended: a tunnel has none. */
	async quiet() {}

	async stop() {}
}

/* The load tool's ends without anything between them. */
export class Nothing extends Subject {
	constructor(pve) {
		super('nothing', pve);
		this.url = `https://127.0.0.1:${pve.port}`;
	}
}

/* The gateway, which writes its log at its default level to a file, as a service would. */
export class Gateway extends Subject {
	static async start({ pve, tls, pool }) {
		const gateway = new Gateway(GATEWAY, pve);
		const dir = tempDir('bgw');
		gateway.log = join(dir, 'gateway.log');
		gateway.direct = false;
		try {
			gateway.gw = await startGateway({ pve, tls, pool, dir,
				wrapper: ['setpriv', '--pdeathsig', 'KILL', '--'], config: {
					logging_level: 'info', log_file: gateway.log, max_pending_tokens: 1000000,
					reconnect_timeout: 1,
				} });
		} catch (e) {
			throw gateway.explained(e);
		}
		gateway.pid = gateway.gw.child.pid;
		return gateway;
	}

	async links(count, work, fields = () => ({})) {
		const links = [];
		const one = async () => {
			while (links.length < count) {
				const i = links.push(null) - 1;
				const vmid = this.vmid++;
				const res = await this.gw.create({ node: work, vmid, ...fields(vmid) });
				if (res.status !== 200)
					throw new Error(`POST /create: ${res.status} ${res.text.slice(0, 200)}`);
				links[i] = res.url;
			}
		};
		await Promise.all(Array.from({ length: CREATES_AT_ONCE }, one));
		return links;
	}

	async quiet() {
		await this.gw.statusUntil((s) => s.total_sessions === 0, 20000, 'all sessions to end');
	}

	async stop({ expect = 0 } = {}) {
		await this.gw.stop('SIGTERM', { expect });
	}

	/* The error with the end of the log. */
	explained(e) {
		try {
			e.message += `\n${readFileSync(this.log, 'utf8').split('\n').slice(-10).join('\n')}`;
		} catch {
			/* It has written none. */
		}
		return e;
	}
}

export async function ready(run, count) {
	const { ready: there, failed } = await run.ready();
	if (there === count)
		return;
	await run.go(); /* the reasons come with the result */
	throw new Error(`${there} of ${count} browsers got there, ${failed} failed`);
}

function good(result) {
	if (result.failed)
		throw new Error(`${result.failed} of ${result.browsers} browsers failed: ` +
			result.errors.join('; '));
	/* All bytes came, but a connection stood still: a lost wake-up, whatever the CPU says. */
	if (result.gap_ns > STALL_MS * 1e6)
		throw new Error(`a connection stood still for ${(result.gap_ns / 1e9).toFixed(1)} s`);
	return result;
}
