// SPDX-License-Identifier: MIT
//
// Whether a target is met, missed, or can't be told.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { refused, row } from '../bench/stats.mjs';
import { judge, judgeAll, TARGETS, targetTable } from '../bench/targets.mjs';

const VALUE = { what: 'memory', rows: ['memory'], most: 44, kind: 'value' };
const RATIO = { what: 'CPU', rows: ['16 KiB', '64 KiB'], most: 0.8, kind: 'ratio' };
const GROWTH = { what: 'many against one', rows: ['many', 'one'], most: 1.1, kind: 'growth' };

const withRatio = (what, median) => row(what, 'CPU-s/GiB', [1], { ratio: { median } });

test('a figure at the limit meets the target, one above it misses', () => {
	const verdict = (value) => judge(VALUE, [row('memory', 'KiB PSS', [value])]).verdict;
	assert.equal(verdict(44), 'met');
	assert.equal(verdict(44.1), 'missed');
});

test('the figure is the median and comes with its unit', () => {
	const { value, unit } = judge(VALUE, [row('memory', 'KiB PSS', [40, 50, 42])]);
	assert.deepEqual({ value, unit }, { value: 42, unit: 'KiB PSS' });
});

test('of several rows the worst counts, and all are told', () => {
	const one = judge(RATIO, [withRatio('16 KiB', 0.7), withRatio('64 KiB', 0.9)]);
	assert.equal(one.verdict, 'missed');
	assert.equal(one.value, 0.9);
	assert.equal(one.unit, 'x nginx');
	assert.match(one.note, /16 KiB: 0\.700; 64 KiB: 0\.900/);
});

test('a growth is the first row over the second', () => {
	const rows = [row('one', 'us', [20]), row('many', 'us', [22])];
	assert.equal(judge(GROWTH, rows).value, 1.1);
	assert.equal(judge(GROWTH, rows).verdict, 'met');
	assert.equal(judge(GROWTH, [rows[0], row('many', 'us', [23])]).verdict, 'missed');
});

test("a row that was refused leaves the target without a figure, with the row's reason", () => {
	const one = judge(VALUE, [refused('memory', 'a session failed')]);
	assert.equal(one.verdict, 'unknown');
	assert.equal(one.note, 'refused: a session failed');
});

test('a ratio without nginx beside it can not be told', () => {
	const one = judge(RATIO, [row('16 KiB', 'us', [1]), withRatio('64 KiB', 0.1)]);
	assert.equal(one.verdict, 'unknown');
	assert.match(one.note, /nginx/);
});

test('a time that is missed is told for the machine that it was set on, too', () => {
	const target = { ...VALUE, bySpeed: true };
	const nginx = (median) => row('relay down, ws, 16 KiB', 'CPU-s/GiB', [median], { who: 'nginx' });
	const note = (value, ...peers) => judge(target, [row('memory', 'ms', [value]), ...peers]).note;
	assert.match(note(80, nginx(2.4)), /2\.00 times slower .* 40\.0, met$/);
	assert.match(note(90, nginx(2.4)), /45\.0, missed$/);
	assert.equal(judge(target, [row('memory', 'ms', [80]), nginx(2.4)]).verdict, 'missed');
	assert.equal(note(44, nginx(2.4)), '');
	assert.equal(note(80), '');
	assert.equal(judge(VALUE, [row('memory', 'KiB', [80]), nginx(2.4)]).note, '');
});

test("a peer's row is no figure of the gateway", () => {
	assert.equal(judge(VALUE, [row('memory', 'KiB', [1], { who: 'haproxy' })]).verdict, 'unknown');
});

test("a target has its rows' flags", () => {
	const rows = [row('memory', 'KiB', [10, 40, 43])];
	assert.deepEqual(judge(VALUE, rows).flags, ['spread 83 %']);
});

test('what was not measured is counted and not listed', () => {
	const lines = targetTable(judgeAll([]));
	assert.equal(lines.length, 2);
	assert.equal(lines[1], `0 met, 0 missed, ${TARGETS.length} without a figure`);
});

test('every target has a name of its own, a limit and rows', () => {
	assert.equal(new Set(TARGETS.map((t) => t.what)).size, TARGETS.length);
	for (const t of TARGETS) {
		assert.ok(t.most > 0, t.what);
		assert.ok(t.rows.length > 0 && t.rows.every((name) => !/undefined/.test(name)), t.what);
	}
});
