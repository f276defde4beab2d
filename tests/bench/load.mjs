// SPDX-License-Identifier: MIT
//
// load - the load tool (load.c) as child processes: a Proxmox, browsers, a backend.
//
// Each child ends by itself when its input does, so that nothing is left running when
// this process ends, however it ends.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeCa, makeLeaf } from '../lib/certs.mjs';
import { ROOT } from '../lib/gateway.mjs';
import { tempDir } from '../lib/temp.mjs';
import { within } from '../lib/wait.mjs';

const LOAD = process.env.BENCH_LOAD || join(ROOT, 'build', 'release', 'bench', 'load');
const SPARE_MS = 15000;

/* One run of a command: lines of JSON come out, in order; a line on its input goes in. */
export class Load {
	constructor(command, options) {
		const args = [command];
		for (const [name, value] of Object.entries(options))
			args.push(`--${name}`, String(value));
		this.what = `load ${command}`;
		this.stderr = '';
		this.child = spawn(LOAD, args, { stdio: ['pipe', 'pipe', 'pipe'] });
		this.child.stderr.setEncoding('utf8');
		this.child.stderr.on('data', (d) => (this.stderr += d));
		this.child.stdin.on('error', () => {}); /* it may have ended */
		this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
		this.ended = new Promise((resolve, reject) => {
			this.child.once('error', reject);
			this.child.once('close', resolve);
		});
		this.ended.catch(() => {});
	}

	/* The next line, parsed. */
	async line(ms) {
		const { value, done } = await within(this.lines.next(), ms, this.what);
		if (done)
			throw new Error(`${this.what} ended: ${this.stderr.trim()}`);
		return JSON.parse(value);
	}

	say() {
		this.child.stdin.write('\n');
	}

	async end(ms = SPARE_MS) {
		this.child.stdin.end();
		try {
			await within(this.ended, ms, `${this.what} to end`);
		} finally {
			this.child.kill('SIGKILL');
		}
	}
}

/* One certificate for every Proxmox end. */
let identity = null;

async function makeIdentity() {
	const dir = tempDir('bench');
	const ca = await makeCa(dir);
	return { ca, leaf: await makeLeaf(dir, ca) };
}

/*
 * The Proxmox end: an object as startGateway() takes for options.pve, and stop(), which
 * returns what it counted. Nodes are named after the work their guests do. A TLS session is
 * good at the one of its workers that began it. With rawWork there is another port, where a
 * guest that does it is behind TLS alone.
 */
export async function startPve({ delayMs = 0, workers = 1, rawWork = null } = {}) {
	identity ??= makeIdentity();
	const { ca, leaf } = await identity;
	const load = new Load('pve', { cert: leaf.cert, key: leaf.key, 'delay-ms': delayMs, workers,
		...(rawWork ? { 'raw-port': 1, 'raw-work': rawWork } : {}) });
	const { port, raw_port: rawPort } = await load.line(SPARE_MS);
	return {
		host: '127.0.0.1', port, rawPort, nodes: ['idle'], user: 'bench@pve', password: 'bench',
		caFile: ca.cert, pid: load.child.pid,
		async stop() {
			load.child.stdin.end();
			const counts = await load.line(SPARE_MS);
			await load.end();
			return { ...counts, stderr: load.stderr.trim() };
		},
	};
}

function watchList(watch) {
	return Object.entries(watch).map(([name, pid]) => `${name}=${pid}`).join(',');
}

let files = 0;
let folder = null; /* for them */

/*
 * Browsers for links. modes 'all' and 'link': `await run.ready()`, look around, then
 * `await run.go()`; mode 'each': `await run.go()` at once. direct: the links lead to a Proxmox
 * end; raw: to a websockify in front of a guest. The first stall browsers stop reading once
 * they are there, or stallAfterMs after the work has begun (mode 'all'). The result is browse.c's last line; cut() makes it come at once.
 */
export function browse({ links, work, mode = 'all', parallel = 8, watch = {}, direct = false,
	raw = false, stall = 0, stallAfterMs = 0, timeoutS = 60 }) {
	folder ??= tempDir('links');
	const file = join(folder, String(files++));
	writeFileSync(file, `${links.join('\n')}\n`);
	const load = new Load('browse', { links: file, work, mode, parallel, 'timeout-s': timeoutS,
		direct: direct ? 1 : 0, raw: raw ? 1 : 0, stall, 'stall-after-ms': stallAfterMs,
		watch: watchList(watch) });
	const ms = timeoutS * 1000 + SPARE_MS;
	return {
		pid: load.child.pid,
		ready: () => load.line(ms),
		async go() {
			if (mode !== 'each')
				load.say();
			const result = await load.line(ms);
			await load.end();
			return result;
		},
		/* Begin the work, and leave it to itself. */
		begin: () => load.say(),
		async cut() {
			load.child.stdin.end();
			const result = await load.line(SPARE_MS);
			await load.end();
			return result;
		},
	};
}

/* count times POST /create; the result is create.c's last line. */
export async function createMany({ url, authorization, body, count, parallel = 16, reuse = true,
	watch = {} }) {
	const load = new Load('create', { url, authorization, body: JSON.stringify(body), count,
		parallel, reuse: reuse ? 1 : 0, watch: watchList(watch) });
	const result = await load.line(120000 + SPARE_MS);
	await load.end();
	return result;
}

/* What processes use in ms milliseconds: { wall_ns, cpu_ns }. */
export async function cpuOver(ms, watch) {
	const load = new Load('cpu', { ms, watch: watchList(watch) });
	const result = await load.line(ms + SPARE_MS);
	await load.end();
	return result;
}
