// SPDX-License-Identifier: MIT
//
// The bench measures every row it has, and its document and curves are made of them: each group
// of rows once, as little of it as there can be, without peers. What the figures are says nothing.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { groupsFor } from '../bench/rows.mjs';
import { SIZES } from '../bench/sizes.mjs';
import { judgeAll } from '../bench/targets.mjs';
import { ROOT } from '../lib/gateway.mjs';
import { tempDir } from '../lib/temp.mjs';

const BENCH = join(ROOT, 'tests', 'bench', 'bench.mjs');
const GROUPS = groupsFor(SIZES.tiny, []).map(({ name }) => name);
/* They wait for most of their time. */
const ABREAST = 6;

const dir = tempDir('bench-rows');
const lanes = Array(ABREAST).fill(Promise.resolve());
const results = new Map();

/* One run of the bench to its end; an error with what it said unless its exit code is 0. */
async function bench(...args) {
	try {
		await promisify(execFile)(process.execPath, [BENCH, ...args]);
	} catch (e) {
		throw new Error(`${e.message}\n${e.stdout}`);
	}
}

async function measure(name, out) {
	await bench('--size', 'tiny', '--only', name, '--out', out);
	return JSON.parse(readFileSync(out, 'utf8'));
}

/* What a group of rows comes to, measured once. */
function resultOf(name) {
	if (!results.has(name)) {
		const lane = results.size % ABREAST;
		const out = join(dir, `${results.size}.json`);
		const result = lanes[lane].then(() => measure(name, out));
		lanes[lane] = result.catch(() => {});
		results.set(name, result);
	}
	return results.get(name);
}

/* The document's tables and curves: [[name, lines between its marks]]. */
function tablesOf(document) {
	return [...document.matchAll(/^<!-- bench: (\w+) -->\n([\s\S]*?)^<!-- bench end -->$/gm)]
		.map(([, name, text]) => [name, text.trim().split('\n')]);
}

describe('the bench, as little of it as there can be', { concurrency: GROUPS.length + 1 }, () => {
	for (const name of GROUPS)
		test(`has a figure in every row of "${name}"`, async () => {
			const { rows } = await resultOf(name);
			assert.ok(rows.length > 0, 'rows');
			for (const r of rows) {
				assert.equal(r.who, name === 'alone' ? 'nothing' : 'gateway', r.what);
				for (const figure of [r.median, r.min, r.max, ...r.runs])
					assert.equal(typeof figure, 'number', `${r.what}: ${JSON.stringify(r)}`);
			}
		});

	test('leaves out no group that the largest size has', () => {
		assert.deepEqual(GROUPS, groupsFor(SIZES.full, []).map(({ name }) => name));
	});

	test('fills every table of its document, and draws every curve', async () => {
		const all = await Promise.all(GROUPS.map(resultOf));
		const rows = all.flatMap((one) => one.rows);
		const file = join(dir, 'all.json');
		const document = join(dir, 'performance.md');
		const drawn = join(dir, 'drawn');
		writeFileSync(file, JSON.stringify({ ...all[0], rows, targets: judgeAll(rows) }));
		cpSync(join(ROOT, 'docs', 'performance.md'), document);
		await bench('--svg', drawn, '--markdown', document, file);
		assert.deepEqual(readdirSync(drawn).sort(),
			['relay-ws.svg', 'relay-wss.svg', 'scale-cpu.svg', 'scale-memory.svg']);
		const tables = tablesOf(readFileSync(document, 'utf8'));
		assert.ok(tables.length > 10, `${tables.length} tables`);
		for (const [name, lines] of tables)
			/* Two lines are a table's head. */
			assert.ok(lines.length > (lines[0].startsWith('|') ? 2 : 0) && lines[0], `table ${name}`);
	});
});
