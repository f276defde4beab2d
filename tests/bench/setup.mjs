// SPDX-License-Identifier: MIT
//
// setup - a gateway between the load tool's two ends, for as long as one function runs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startGateway } from '../lib/gateway.mjs';
import { tempDir } from '../lib/temp.mjs';
import { browse, startPve } from './load.mjs';

const CREATES_AT_ONCE = 8;
const FIRST_VMID = 100;
const STALL_MS = 5000;

/*
 * Starts a Proxmox end and a gateway in front of it, calls fn(bench), and stops both.
 * Throws when fn does, when the gateway ends badly, or when it broke one of Proxmox's rules.
 * The gateway writes its log at its default level, to a file as a service would.
 */
export async function withGateway({ tls = false, pool = 8, delayMs = 0 }, fn) {
	const pve = await startPve({ delayMs });
	const dir = tempDir('bgw');
	const log = join(dir, 'gateway.log');
	let gw = null;
	let result;
	try {
		gw = await startGateway({ pve, tls, pool, dir, config: {
			logging_level: 'info', log_file: log, max_pending_tokens: 1000000,
			reconnect_timeout: 1,
		} });
		result = await fn(new Bench(gw, pve));
	} catch (e) {
		e.message += `\n${tail(log)}`;
		await gw?.stop('SIGTERM', { expect: null }).catch(() => {});
		await pve.stop().catch(() => {});
		throw e;
	}
	await gw.stop();
	const counts = await pve.stop();
	if (counts.violations)
		throw new Error(`${counts.violations} breaches of Proxmox's rules: ${counts.stderr}`);
	return result;
}

function tail(file) {
	try {
		return readFileSync(file, 'utf8').split('\n').slice(-10).join('\n');
	} catch {
		return '(no log)';
	}
}

export class Bench {
	constructor(gw, pve) {
		this.gw = gw;
		this.pve = pve;
		this.watch = { gateway: gw.child.pid, pve: pve.pid };
		this.vmid = FIRST_VMID;
	}

	/* count links to guests that do this work, each another guest. */
	async links(count, work) {
		const links = [];
		const one = async () => {
			while (links.length < count) {
				const i = links.push(null) - 1;
				const res = await this.gw.create({ node: work, vmid: this.vmid++ });
				if (res.status !== 200)
					throw new Error(`POST /create: ${res.status} ${res.text.slice(0, 200)}`);
				links[i] = res.url;
			}
		};
		await Promise.all(Array.from({ length: CREATES_AT_ONCE }, one));
		return links;
	}

	/* Browsers on new links; see browse() in load.mjs. */
	async browse(count, work, options = {}) {
		const links = await this.links(count, work);
		return browse({ links, work, watch: this.watch, ...options });
	}

	/* All there, then all work at once; the result, or an Error that says what failed. */
	async together(count, work, options) {
		const run = await this.browse(count, work, { mode: 'all', ...options });
		await ready(run, count);
		return good(await run.go());
	}

	/* One after another (or parallel at a time): open, work, leave. */
	async oneByOne(count, work, options) {
		const run = await this.browse(count, work, { mode: 'each', parallel: 1, ...options });
		return good(await run.go());
	}

	/* Until the sessions of earlier browsers have ended. */
	async quiet() {
		await this.gw.statusUntil((s) => s.total_sessions === 0, 20000, 'all sessions to end');
	}
}

export async function ready(run, count) {
	const { ready: there, failed } = await run.ready();
	if (there === count)
		return;
	/* The reasons come with the result. */
	good(await run.go());
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

/*
 * A process's memory in KiB: its proportional share (PSS). The gateway makes itself
 * undumpable, after which only root may read that; others get the resident size (RSS),
 * which the table says.
 */
export function memory(pid) {
	try {
		const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
		return { kib: Number(text.match(/^Pss:\s+(\d+) kB/m)[1]), kind: 'PSS' };
	} catch {
		const text = readFileSync(`/proc/${pid}/status`, 'utf8');
		return { kib: Number(text.match(/^VmRSS:\s+(\d+) kB/m)[1]), kind: 'RSS (not root)' };
	}
}
