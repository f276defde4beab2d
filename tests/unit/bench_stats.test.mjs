// SPDX-License-Identifier: MIT
//
// What the bench makes of its runs: medians, ratios, flags, refusals.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { turns } from '../bench/arena.mjs';
import { bottleneck, comparison, leftOut, median, percentile, ratio, refused, row, table }
	from '../bench/stats.mjs';

/* What turns() returns of one kind; a number is a result, a text an error. */
function outcomes(of) {
	return new Map(Object.entries(of).map(([who, results]) => [who,
		Array.isArray(results) ? { results } : { results: [], error: results }]));
}

const compare = (of) => comparison('relaying', 'CPU-s/GiB', outcomes(of), (n) => n);
const usage = (wall, subject, pve, self) =>
	({ wall_ns: wall, cpu_ns: { subject, pve, self } });

test('a row has the median of its runs, the least and the most', () => {
	const { median: mid, min, max, runs } = row('a thing', 'us', [5, 1, 3]);
	assert.deepEqual({ mid, min, max, runs }, { mid: 3, min: 1, max: 5, runs: [5, 1, 3] });
	assert.equal(median([4, 1, 2, 3]), 2.5);
	assert.equal(percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 99), 10);
	assert.equal(percentile([1, 2, 3, 4], 50), 2);
});

test('a spread of more than a quarter of the median is flagged, one of a quarter is not', () => {
	assert.deepEqual(row('a thing', 'us', [90, 100, 115]).flags, []);
	assert.deepEqual(row('a thing', 'us', [90, 100, 116]).flags, ['spread 26 %']);
	assert.deepEqual(row('a thing', 'us', [100]).flags, []);
});

test('a flag that several runs have is shown once', () => {
	assert.deepEqual(row('a thing', 'us', [1], { flags: ['slow', 'slow'] }).flags, ['slow']);
});

test('the load tool was the bottleneck when an end was busy and the subject was not', () => {
	const flag = ['the load tool was the bottleneck'];
	assert.deepEqual(bottleneck(usage(100, 50, 95, 20)), flag);
	assert.deepEqual(bottleneck(usage(100, 50, 20, 95)), flag);
	assert.deepEqual(bottleneck(usage(100, 95, 95, 20)), []);
	assert.deepEqual(bottleneck(usage(100, 50, 60, 60)), []);
});

test('a ratio is of each round: a minute that is slow for both changes nothing', () => {
	assert.deepEqual(ratio([1, 10, 2], [2, 20, 4]),
		{ median: 0.5, min: 0.5, max: 0.5, runs: [0.5, 0.5, 0.5] });
	/* The medians alone would say 1. */
	assert.equal(ratio([10, 2, 3], [1, 3, 10]).median, 2 / 3);
});

test('everybody but nginx itself has the ratio to nginx', () => {
	const rows = compare({ gateway: [1, 2, 3], nginx: [2, 4, 6], haproxy: [4, 8, 12] });
	assert.deepEqual(rows.map((r) => [r.who, r.ratio?.median]),
		[['gateway', 0.5], ['nginx', undefined], ['haproxy', 2]]);
});

test('who failed is refused with the reason, and the others keep their figures', () => {
	const [gateway, nginx] = compare({ gateway: 'bytes lost near byte 7\nmore', nginx: [2, 4, 6] });
	assert.equal(gateway.refused, 'bytes lost near byte 7');
	assert.equal(gateway.detail, 'bytes lost near byte 7\nmore');
	assert.equal(gateway.median, undefined);
	assert.equal(nginx.median, 4);
});

test('without nginx there is a figure and no ratio', () => {
	const [gateway] = compare({ gateway: [1, 2, 3], nginx: 'not there' });
	assert.equal(gateway.median, 2);
	assert.equal(gateway.ratio, undefined);
	assert.equal(compare({ gateway: [1] })[0].ratio, undefined);
});

test('the table says REFUSED with the reason, left out with the reason, and the ratio', () => {
	const lines = table([
		...compare({ gateway: [1], nginx: [2] }),
		refused('echo', 'a session failed', 'haproxy'),
		leftOut('paced', 'can not', 'websockify'),
	]);
	assert.match(lines[1], /^relaying +gateway +1\.00 +1\.00 +1\.00 +CPU-s\/GiB +0\.50$/);
	assert.match(lines[3], /^echo +haproxy +REFUSED +a session failed$/);
	assert.match(lines[4], /^paced +websockify +left out +can not$/);
});

/* ---- turns ---- */

function subject(name, said) {
	return { name, quiet: async () => said.push(`${name} quiet`) };
}

test('subjects take turns within a round, each when its last sessions have ended', async () => {
	const said = [];
	const [a, b] = [subject('a', said), subject('b', said)];
	const results = await turns([a, b], [{ n: 1 }, { n: 2 }], 2, async (who, { n }) => {
		said.push(`${who.name}${n}`);
		return n;
	});
	assert.deepEqual(said.filter((text) => !text.endsWith('quiet')),
		['a1', 'b1', 'a2', 'b2', 'a1', 'b1', 'a2', 'b2']);
	assert.equal(said.indexOf('a quiet'), said.indexOf('a1') - 1);
	assert.deepEqual(results.map((of) => of.get('b').results), [[1, 1], [2, 2]]);
});

test('who failed at a kind has no more turns at it, but at the others', async () => {
	const said = [];
	const results = await turns([subject('a', [])], [{ n: 1 }, { n: 2 }], 2, async (who, { n }) => {
		said.push(n);
		if (n === 1)
			throw new Error('a session failed');
		return n;
	});
	assert.deepEqual(said, [1, 2, 2]);
	assert.equal(results[0].get('a').error, 'a session failed');
	assert.deepEqual(results[1].get('a').results, [2, 2]);
});

test('who is left out of a kind has no turn at it', async () => {
	const kinds = [{ without: { a: 'no use' } }];
	const [of] = await turns([subject('a', [])], kinds, 3, () => assert.fail('it had a turn'));
	assert.equal(of.get('a').leftOut, 'no use');
	assert.equal(comparison('relaying', 'us', of, (n) => n)[0].left_out, 'no use');
});
