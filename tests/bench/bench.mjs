// SPDX-License-Identifier: MIT
//
// bench - what the gateway costs: relaying, memory, opening, links.
//
//   node tests/bench/bench.mjs [--full] [--only WORDS] [--out FILE]
//
// Needs build/release/proxmoxvnc and build/release/bench/load (`make bench` builds both).
// Prints a table and writes build/bench/result.json. Exit code 1 when a row was refused.
// Memory is read as root; see docs/performance.md.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../lib/gateway.mjs';
import { GROUPS, SIZES } from './rows.mjs';
import { refused, table } from './stats.mjs';

const { values: options } = parseArgs({ options: {
	full: { type: 'boolean', default: false },
	only: { type: 'string', default: '' },
	out: { type: 'string', default: join(ROOT, 'build', 'bench', 'result.json') },
} });

function commit() {
	try {
		const git = (...args) =>
			execFileSync('git', ['-C', ROOT, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
				.toString().trim();
		return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') ? '+' : '');
	} catch {
		return 'none';
	}
}

function machine() {
	const all = cpus();
	return { cpu: all[0].model.trim(), cores: all.length, kernel: release(),
		memory_mib: Math.round(totalmem() / 2 ** 20), node: process.version };
}

const sizes = options.full ? SIZES.full : SIZES.quick;
const about = { when: new Date().toISOString(), commit: commit(), full: options.full,
	machine: machine() };
/* Each word must be one of the group's: "relay" is relay ws and relay wss, "relay ws" is not. */
const words = options.only.split(' ').filter(Boolean);
const groups = GROUPS.filter((g) => words.every((w) => g.name.split(' ').includes(w)));
const rows = [];
const start = Date.now();

/* So that what ends the children and removes the temporary folders runs. */
for (const signal of ['SIGINT', 'SIGTERM'])
	process.once(signal, () => process.exit(1));
console.log(`${about.machine.cpu}, ${about.machine.cores} cores, kernel ${about.machine.kernel}, ` +
	`commit ${about.commit}`);
if (process.getuid() !== 0)
	console.log('not root: memory is the resident size (RSS), not the proportional share (PSS)');
for (const group of groups) {
	const began = Date.now();
	try {
		rows.push(...await group.run(sizes));
	} catch (e) {
		rows.push(refused(group.name, e.message));
		console.error(`${group.name}: ${e.message}`);
	}
	console.error(`${group.name}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
}
console.log(table(rows).join('\n'));
console.log(`${Math.round((Date.now() - start) / 1000)} s`);
mkdirSync(dirname(options.out), { recursive: true });
writeFileSync(options.out, `${JSON.stringify({ ...about, rows }, null, '\t')}\n`);
if (rows.some((r) => r.refused))
	process.exitCode = 1;
