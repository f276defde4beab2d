// SPDX-License-Identifier: MIT
//
// stats - rows of results: medians, spreads, flags, and the table they are printed in.

const SPREAD_MAX = 0.25;
const BUSY = 0.9; /* of a core */

export function percentile(values, p) {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * p / 100) - 1)];
}

export function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const half = sorted.length >> 1;
	return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/* A row from the values of its runs; more: whatever else the JSON should hold. */
export function row(name, unit, values, { flags = [], note = '', ...more } = {}) {
	const mid = median(values);
	const min = Math.min(...values);
	const max = Math.max(...values);
	const spread = (max - min) / mid;
	const all = [...new Set(flags)];
	if (values.length > 1 && spread > SPREAD_MAX)
		all.push(`spread ${Math.round(spread * 100)} %`);
	return { name, unit, median: mid, min, max, runs: values, flags: all, note, ...more };
}

/* A row that is refused: what went wrong in place of a figure. */
export function refused(name, reason) {
	return { name, refused: String(reason).split('\n')[0], detail: String(reason) };
}

/* Was one of the load tool's ends at its limit while the gateway was not? */
export function bottleneck({ wall_ns: wall, cpu_ns: { gateway, ...ends } }) {
	const busiest = Math.max(...Object.values(ends)) / wall;
	return busiest > BUSY && gateway / wall < BUSY ? ['the load tool was the bottleneck'] : [];
}

function figure(n) {
	if (n === 0)
		return '0';
	return n >= 1000 ? String(Math.round(n)) : n.toPrecision(3);
}

/* Lines of text, one a row. */
export function table(rows) {
	const cells = [['what', 'median', 'min', 'max', 'unit', '']];
	for (const r of rows) {
		if (r.refused)
			cells.push([r.name, 'REFUSED', '', '', '', r.refused]);
		else
			cells.push([r.name, figure(r.median), figure(r.min), figure(r.max), r.unit,
				[...r.flags.map((f) => `! ${f}`), r.note].filter(Boolean).join('; ')]);
	}
	const widths = cells[0].map((_, i) => Math.max(...cells.map((c) => c[i].length)));
	return cells.map((c) => c.map((text, i) =>
		(i >= 1 && i <= 3 ? text.padStart(widths[i]) : text.padEnd(widths[i]))).join('  ').trimEnd());
}
