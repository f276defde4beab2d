// SPDX-License-Identifier: MIT
//
// budget - what each measure may cost: budget.txt, and what is said of a count by it.
//
// A row is a measure's name and its instructions in our own code, in libc, and in the other
// libraries. A part that is more than 5 % over its budget is a failure. One that is more than
// 5 % below is told, so that the budget be lowered: else what was won could be lost unseen.
//
// As a program: `budget.mjs --record` counts and writes budget.txt; `budget.mjs NAME` says in
// which functions the instructions of a measure are.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../lib/source.mjs';
import { countInstructions } from './callgrind.mjs';

export const BUDGET_FILE = 'tests/budget/budget.txt';
const TOLERANCE = 0.05;
const PROFILE_LINES = 40;
const PARTS = ['own', 'libc', 'libs'];
const HEAD = `# Instructions that each measure may take, see tests/budget/budget.mjs. Written by
# \`make budget-record\`; a change of a figure is explained by the commit that changes it.
#
# measure               own code        libc   libraries
`;

const columns = (name, own, libc, libs) => name.padEnd(20) +
	[own, libc, libs].map((figure) => String(figure).padStart(12)).join('');

/* { with: { compiler, libc, libs }, rows: [{ name, own, libc, libs }] } as a text, and back. */
export function writeBudget(budget) {
	return HEAD + Object.entries(budget.with).map((entry) => `# ${entry.join(': ')}\n`).join('')
		+ budget.rows.map((r) => `${columns(r.name, r.own, r.libc, r.libs)}\n`).join('');
}

export function readBudget(text) {
	const made = {};
	const rows = [];
	for (const line of text.split('\n')) {
		const [, what, version] = /^# (compiler|libc|libs): (.+)$/.exec(line) ?? [];
		if (what !== undefined)
			made[what] = version;
		else if (line !== '' && !line.startsWith('#')) {
			const [name, ...figures] = line.split(/\s+/);
			if (figures.length !== PARTS.length || !figures.every((f) => /^\d+$/.test(f)))
				throw new Error(`${BUDGET_FILE}: ${line}`);
			rows.push({ name, ...Object.fromEntries(PARTS.map((p, i) => [p, Number(figures[i])])) });
		}
	}
	return { with: made, rows };
}

/* What a library of another version takes is not ours to answer for. */
const comparable = (part, budget, counted) =>
	part === 'own' || budget.with[part] === counted.with[part];

/*
 * A count by a budget, both of one measure: { name, text, faults, hints }. faults: why it fails;
 * hints: what to do about the budget.
 */
function judgeRow(budget, counted, row) {
	const limit = budget.rows.find(({ name }) => name === row.name);
	const said = { name: row.name, faults: [], hints: [] };
	if (limit === undefined)
		return { ...said, text: columns(row.name, row.own, row.libc, row.libs),
			faults: [`${row.name} has no budget: make budget-record`] };
	const ratios = PARTS.map((part) => {
		const ratio = limit[part] === 0 ? (row[part] === 0 ? 1 : Infinity) : row[part] / limit[part];
		const what = `${row.name}: ${row[part]} instructions of ${part}, budget ${limit[part]}`;
		if (!comparable(part, budget, counted))
			said.hints.push(`${part} is ${counted.with[part]}, the budget's ${budget.with[part]}`);
		else if (ratio > 1 + TOLERANCE)
			said.faults.push(`${what}: ${ratio.toFixed(2)} times as many`);
		else if (ratio < 1 - TOLERANCE)
			said.hints.push(`${what}: lower it by make budget-record`);
		return ratio.toFixed(3);
	});
	return { ...said, text: PARTS.reduce((text, part, i) =>
		`${text}${`${row[part]}/${limit[part]} ${ratios[i]}`.padStart(25)}`, row.name.padEnd(17)) };
}

/* Every measure and every budget, in the order of the measures. */
export function judge(budget, counted) {
	const gone = budget.rows.filter(({ name }) => !counted.rows.some((row) => row.name === name));
	return [
		...counted.rows.map((row) => judgeRow(budget, counted, row)),
		...gone.map(({ name }) => ({ name, text: name, hints: [],
			faults: [`${name} has a budget and is not measured`] })),
	];
}

export function recordedBudget() {
	return readBudget(readFileSync(join(ROOT, BUDGET_FILE), 'utf8'));
}

async function record() {
	const text = writeBudget(await countInstructions());
	writeFileSync(join(ROOT, BUDGET_FILE), text);
	process.stdout.write(text);
}

async function profile(name) {
	const costs = new Map();
	const perFunction = (fn, owner, cost) => {
		const key = `${owner.padEnd(5)} ${fn}`;
		costs.set(key, (costs.get(key) ?? 0) + cost);
	};
	await countInstructions({ names: [name], perFunction });
	for (const [key, cost] of [...costs].sort((a, b) => b[1] - a[1]).slice(0, PROFILE_LINES))
		console.log(`${String(cost).padStart(10)} ${key}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	if (process.argv.length !== 3) {
		console.error('usage: budget.mjs --record | NAME');
		process.exit(2);
	}
	await (process.argv[2] === '--record' ? record() : profile(process.argv[2]));
}
