// SPDX-License-Identifier: MIT
//
// The instructions of each measure are counted and held against budget.txt: a change that makes
// relaying or POST /create dearer fails here, on any machine and however busy it is.
//
// Diagnostics that begin with "budget:" are shown by run.sh.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { judge, readBudget, recordedBudget, writeBudget } from './budget.mjs';
import { countInstructions } from './callgrind.mjs';

const budget = recordedBudget();
const compiler = (counted) => counted.with.compiler;

describe('instructions', () => {
	let counted;
	let said;

	before(async () => {
		counted = await countInstructions();
		said = judge(budget, counted);
	});

	/* Another compiler makes other instructions of the same code. */
	const comparable = (t) => {
		if (compiler(counted) === compiler(budget))
			return true;
		t.skip(`made by ${compiler(counted)}, the budget by ${compiler(budget)}`);
		return false;
	};

	test('every measure has a budget, and every budget its measure', (t) => {
		t.diagnostic('budget: measure (instructions/budget, ratio)     our own code'
			+ '              in libc       in other libraries');
		assert.deepEqual(counted.rows.map(({ name }) => name), budget.rows.map(({ name }) => name));
	});

	for (const { name } of budget.rows) {
		test(`${name} takes no more than its budget`, (t) => {
			const row = said.find((one) => one.name === name);
			for (const line of [row.text, ...row.hints])
				t.diagnostic(`budget: ${line}`);
			if (comparable(t))
				assert.deepEqual(row.faults, []);
		});
	}

	test('a count is the same whatever the environment, to the last instruction', async () => {
		const again = await countInstructions({ env: { LENGTH: 'x'.repeat(77) } });
		assert.deepEqual(again, counted);
	});

	test('what is written as a budget is read as the same', () => {
		assert.deepEqual(readBudget(writeBudget(counted)), counted);
	});

	/* The waste is in the measures' own file relay.c; the budget is that of the measure it is in. */
	for (const [waste, part] of [['a look at each byte', 'own'], ['a copy', 'libc']]) {
		test(`${waste} more is too much for relay-down-16k`, async (t) => {
			const { with: made, rows: [row] } =
				await countInstructions({ names: [`relay-down-16k and ${waste}`] });
			const [{ faults }] = judge(budget, { with: made, rows: [{ ...row, name: 'relay-down-16k' }] });
			if (comparable(t))
				assert.match(faults.join('\n'), new RegExp(`instructions of ${part}, budget`));
		});
	}
});
