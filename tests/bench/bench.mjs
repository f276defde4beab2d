// SPDX-License-Identifier: MIT
//
// bench - what the gateway costs, beside its peers: relaying, memory, opening, links.
//
//   node tests/bench/bench.mjs [--size quick|main|full|tiny] [--only WORDS] [--runs N] [--part P]
//       [--out FILE]
//   node tests/bench/bench.mjs [--svg DIR] [--markdown DOCUMENT] FILE
//
// Needs build/release/proxmoxvnc and build/release/bench/load (`make bench` builds both).
// Prints a table of rows and one of targets, and writes build/bench/result.json. --part 0.1
// measures a tenth of the bytes and counts: to try things, not to publish. Exit code 1 when a
// row was refused. Memory is read as root; see docs/performance.md.
//
// The second form draws the curves of such a file and fills the document's tables from it.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../lib/gateway.mjs';
import { writeCharts } from './charts.mjs';
import { fillDocument } from './markdown.mjs';
import { peerVersions } from './peers.mjs';
import { groupsFor } from './rows.mjs';
import { SIZES } from './sizes.mjs';
import { refused, table } from './stats.mjs';
import { judgeAll, targetTable } from './targets.mjs';

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: {
	size: { type: 'string', default: 'main' },
	only: { type: 'string', default: '' },
	runs: { type: 'string' },
	part: { type: 'string' },
	out: { type: 'string', default: join(ROOT, 'build', 'bench', 'result.json') },
	svg: { type: 'string' },
	markdown: { type: 'string' },
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

function sizes() {
	const s = { ...SIZES[options.size] };
	if (!SIZES[options.size])
		throw new Error(`--size is one of ${Object.keys(SIZES).join(', ')}`);
	if (options.runs) {
		s.runs = Number(options.runs);
		s.memory = { ...s.memory, runs: s.runs };
	}
	if (options.part)
		s.part *= Number(options.part);
	return s;
}

async function runGroup(group, s) {
	const began = Date.now();
	let rows;
	try {
		rows = await group.run(s);
	} catch (e) {
		rows = [refused(group.name, e.message)];
	}
	for (const r of rows.filter((one) => one.refused))
		console.error(`${r.what}, ${r.who}: ${r.detail}`);
	console.error(`${group.name}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
	return rows;
}

async function measure() {
	const s = sizes();
	const about = { when: new Date().toISOString(), commit: commit(), size: options.size, runs: s.runs,
		part: s.part, machine: machine(), peers: peerVersions() };
	const words = options.only.split(' ').filter(Boolean);
	const start = Date.now();
	const { cpu, cores, kernel } = about.machine;
	console.log(`${cpu}, ${cores} cores, kernel ${kernel}, commit ${about.commit}`);
	console.log(Object.entries(about.peers).map(([name, v]) => `${name} ${v}`).join(', '));
	if (process.getuid() !== 0)
		console.log('not root: memory is the resident size (RSS), not the proportional share (PSS)');
	const rows = [];
	let result = null;
	mkdirSync(dirname(options.out), { recursive: true });
	for (const group of groupsFor(s, words)) {
		rows.push(...await runGroup(group, s));
		/* Each time: who ends a long run keeps what there is. */
		result = { ...about, seconds: Math.round((Date.now() - start) / 1000), rows,
			targets: judgeAll(rows) };
		writeFileSync(options.out, `${JSON.stringify(result, null, '\t')}\n`);
	}
	if (!result)
		throw new Error(`--only ${options.only}: there is no such group`);
	console.log(table(rows).join('\n'));
	console.log(`\n${targetTable(result.targets).join('\n')}`);
	console.log(`${result.seconds} s`);
	if (rows.some((r) => r.refused))
		process.exitCode = 1;
}

/* So that what ends the children and removes the temporary folders runs. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.once(signal, () => process.exit(1));
if (positionals.length === 0)
	await measure();
if (options.svg || options.markdown) {
	const result = JSON.parse(readFileSync(positionals[0] ?? options.out, 'utf8'));
	if (options.svg)
		writeCharts(result, options.svg);
	if (options.markdown)
		fillDocument(options.markdown, result);
}
