// SPDX-License-Identifier: MIT
//
// What the bench draws and writes from its results.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { chartsOf } from '../bench/charts.mjs';
import { filled, TABLES } from '../bench/markdown.mjs';
import { refused, row } from '../bench/stats.mjs';
import { chart, linearTicks, logTicks } from '../bench/svg.mjs';
import { judgeAll } from '../bench/targets.mjs';

const DOCUMENT = new URL('../../docs/performance.md', import.meta.url);

const ABOUT = {
	title: 'Cost', x: { label: 'sessions', ticks: [1, 10, 100].map((at) => ({ at, text: `${at}` })) },
	y: { label: 'KiB' },
	series: [
		{ name: 'gateway', points: [[1, 10], [10, 20], [100, 30]] },
		{ name: 'nginx <128k>', points: [[1, 30], [100, 60]] },
	],
};

function numbers(svg, attribute) {
	return [...svg.matchAll(new RegExp(` ${attribute}="(-?[\\d.]+)"`, 'g'))].map((m) => Number(m[1]));
}

/* Opened and closed in order, attributes in quotes. */
function assertWellFormed(svg) {
	const open = [];
	const tags = [...svg.matchAll(/<(\/?)(\w+)(?:\s[\w:-]+="[^"<]*")*\s*(\/?)>/g)];
	assert.equal(tags.length, svg.split('<').length - 1);
	for (const [, end, name, single] of tags) {
		if (end)
			assert.equal(open.pop(), name);
		else if (!single)
			open.push(name);
	}
	assert.deepEqual(open, []);
}

test('a chart is well-formed, with a title, both axes and a legend', () => {
	const svg = chart(ABOUT);
	assertWellFormed(svg);
	for (const words of ['Cost', 'sessions', 'KiB', 'gateway', 'nginx &#60;128k&#62;', '100'])
		assert.ok(svg.includes(`>${words}<`), words);
	assert.equal([...svg.matchAll(/<polyline /g)].length, 2);
});

test('it has a background of its own, so that it reads on a dark page too', () => {
	assert.match(chart(ABOUT), /<rect width="760" height="440"[^>]* fill="#ffffff"/);
});

test('nothing lies outside of it', () => {
	const svg = chart({ ...ABOUT, y: { label: 'KiB', log: true } });
	for (const attribute of ['x', 'x1', 'x2', 'cx'])
		assert.ok(numbers(svg, attribute).every((x) => x >= 0 && x <= 760), attribute);
	for (const attribute of ['y', 'y1', 'y2', 'cy'])
		assert.ok(numbers(svg, attribute).every((y) => y >= 0 && y <= 440), attribute);
});

test('ticks are round and enclose what is drawn', () => {
	assert.deepEqual(linearTicks(60), [0, 20, 40, 60]);
	assert.deepEqual(linearTicks(0.9), [0, 0.2, 0.4, 0.6, 0.8, 1]);
	assert.deepEqual(logTicks(0.7, 13), [0.5, 1, 2, 5, 10, 20]);
	assert.deepEqual(logTicks(1, 2), [1, 2]);
});

/* ---- from a result ---- */

const RESULT = {
	when: '2026-01-02T03:04:05.000Z', commit: 'abc1234', size: 'main', runs: 3, part: 1, seconds: 600,
	machine: { cpu: 'A CPU', cores: 2, kernel: '6.1', memory_mib: 4096, node: 'v20' },
	peers: { nginx: '1.22', haproxy: '2.6' },
	rows: [
		row('relay down, ws, 1 KiB', 'CPU-s/GiB', [2], { ratio: { median: 0.8, min: 0.7, max: 0.9 } }),
		row('relay down, ws, 16 KiB', 'CPU-s/GiB', [1, 2, 1]),
		row('relay down, ws, 1 KiB', 'CPU-s/GiB', [2.5], { who: 'nginx' }),
		refused('relay down, ws, 16 KiB', 'a session failed', 'nginx'),
		row('scale, CPU a message, ws, at 1', 'us', [20], { sessions: 1 }),
		row('scale, CPU a message, ws, at 2000', 'us', [21], { sessions: 2000 }),
	],
};
RESULT.targets = judgeAll(RESULT.rows);

test('a curve is drawn for what has two figures or more, and nothing for what has not', () => {
	const charts = chartsOf(RESULT);
	assert.deepEqual(charts.map(({ file }) => file), ['relay-ws.svg', 'scale-cpu.svg']);
	charts.forEach(({ text }) => assertWellFormed(text));
	assert.ok(!charts[0].text.includes('>nginx<'));
});

test("a document's tables are filled from a result, and can be filled again", () => {
	const text = 'before\n<!-- bench: relay -->\nold\n<!-- bench end -->\nafter\n';
	const once = filled(text, RESULT);
	assert.equal(once, filled(once, RESULT));
	assert.match(once, /^before\n/);
	assert.match(once, /\nafter\n$/);
	assert.ok(!once.includes('old'));
	assert.match(once, /\| relay down, ws, 1 KiB \| CPU-s\/GiB \| 2\.00 \| 2\.50 \| \*\*0\.80\*\* /);
	assert.match(once, /\| relay down, ws, 16 KiB \| CPU-s\/GiB \| 1\.00 ! \| refused \|  \|/);
});

test('every table can be made of any result, and an unknown one is an error', () => {
	for (const [name, make] of Object.entries(TABLES)) {
		assert.ok(Array.isArray(make(RESULT)), name);
		assert.ok(Array.isArray(make({ ...RESULT, rows: [], targets: [] })), name);
	}
	assert.throws(() => filled('<!-- bench: nothing -->\n<!-- bench end -->', RESULT), /no table/);
});

test('docs/performance.md has a place for every table, each once', () => {
	const places = [...readFileSync(DOCUMENT, 'utf8').matchAll(/^<!-- bench: (\w+) -->$/gm)]
		.map((m) => m[1]);
	assert.deepEqual([...places].sort(), Object.keys(TABLES).sort());
});
