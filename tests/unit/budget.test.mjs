// SPDX-License-Identifier: MIT
//
// The check of instruction counts by itself: what it finds, and what it does not mind.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge, readBudget, writeBudget } from '../budget/budget.mjs';
import { readDump } from '../budget/callgrind.mjs';

const MADE = { compiler: '12.2.0', libc: '2.36', libs: 'jansson 2.14, OpenSSL 3.0.1' };
const of = (figures, made = {}) =>
	({ with: { ...MADE, ...made }, rows: [{ name: 'create', own: 1000, libc: 2000, libs: 0, ...figures }] });

/* What is said of one measure that costs other than its budget. */
const said = (figures, made) => judge(of({}), of(figures, made))[0];

describe('a count and its budget', () => {
	test('what costs as much as it may is fine', () => {
		const { faults, hints, text } = said({});
		assert.deepEqual([faults, hints], [[], []]);
		assert.match(text, /^create +1000\/1000 1\.000 +2000\/2000 1\.000 +0\/0 1\.000$/);
	});

	test('up to 5 % more is fine, and one instruction beyond is a fault', () => {
		assert.deepEqual(said({ own: 1050, libc: 2100 }).faults, []);
		assert.deepEqual(said({ own: 1051 }).faults,
			['create: 1051 instructions of own, budget 1000: 1.05 times as many']);
		assert.deepEqual(said({ libc: 4000 }).faults,
			['create: 4000 instructions of libc, budget 2000: 2.00 times as many']);
	});

	test('what was saved in one part does not make up for another', () => {
		assert.equal(said({ own: 1100, libc: 1900 }).faults.length, 1);
	});

	test('a library that had nothing to do has a budget of nothing', () => {
		assert.equal(said({ libs: 1 }).faults.length, 1);
	});

	test('more than 5 % less is no fault, and the budget is to be lowered', () => {
		assert.deepEqual(said({ own: 950 }).hints, []);
		const { faults, hints } = said({ own: 949 });
		assert.deepEqual(faults, []);
		assert.match(hints.join('\n'), /949 instructions of own, budget 1000: lower it/);
	});

	test('another version of a library is told, and what it costs is not ours', () => {
		const { faults, hints } = said({ libc: 9999 }, { libc: '2.40' });
		assert.deepEqual([faults, hints], [[], ['libc is 2.40, the budget\'s 2.36']]);
		assert.equal(said({ own: 9999 }, { libc: '2.40' }).faults.length, 1);
	});

	test('a measure without a budget is a fault, and a budget without its measure', () => {
		const other = { ...of({}), rows: [{ name: 'take', own: 1, libc: 1, libs: 0 }] };
		assert.deepEqual(judge(of({}), other).map(({ name, faults }) => [name, faults]), [
			['take', ['take has no budget: make budget-record']],
			['create', ['create has a budget and is not measured']],
		]);
	});
});

describe('the file of budgets', () => {
	test('is read as it was written', () => {
		assert.deepEqual(readBudget(writeBudget(of({}))), of({}));
	});

	test('with a line that is none is refused', () => {
		for (const line of ['create 1 2', 'create 1 2 3 4', 'create 1 2 x', 'create 1 2 -3'])
			assert.throws(() => readBudget(`${line}\n`), /budget\.txt: create/);
	});
});

describe('a dump of callgrind\'s', () => {
	test('is added up by whose code it is, without what called functions took', () => {
		const dump = ['desc: Trigger: Client Request: create', 'summary: 999', '',
			'ob=/x/build/release/budget/measures', 'fl=a.c', 'fn=f', '10 5', '+1 7', '* 1',
			'cob=/usr/lib/libc.so.6', 'cfi=b.c', 'cfn=g', 'calls=2 30', '11 400', '12 3', '',
			'ob=/usr/lib/x86_64-linux-gnu/libc.so.6', 'fl=b.c', 'fn=g', '30 200', 'fi=c.h', '31 40',
			'ob=/lib64/ld-linux-x86-64.so.2', 'fn=h', '0 2',
			'ob=/usr/lib/x86_64-linux-gnu/libjansson.so.4.14.0', 'fn=i', '0 60', 'ob=???', '0 1',
			'totals: 999'].join('\n');
		assert.deepEqual(readDump(dump), { name: 'create', own: 16, libc: 242, libs: 61 });
	});
});
