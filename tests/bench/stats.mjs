// SPDX-License-Identifier: MIT
//
// stats - rows of results: medians, spreads, ratios to the yardstick, flags, and the table.
//
// A row is about one program ("who") doing one thing ("what"). It has a figure, or it is
// refused (something went wrong), or left out (the program can't be compared here).

const SPREAD_MAX = 0.25;
const BUSY = 0.9; /* of a core */

export const GATEWAY = 'gateway';
/* What ratios are to: a row of the same thing, measured in the same rounds. */
export const YARDSTICK = 'nginx';

export function percentile(values, p) {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * p / 100) - 1)];
}

export function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const half = sorted.length >> 1;
	return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

function summary(values) {
	return { median: median(values), min: Math.min(...values), max: Math.max(...values),
		runs: values };
}

/* A row from the values of its runs; more: whatever else the JSON should hold. */
export function row(what, unit, values, { who = GATEWAY, flags = [], note = '', ...more } = {}) {
	const sum = summary(values);
	const spread = sum.median > 0 ? (sum.max - sum.min) / sum.median : 0;
	const all = [...new Set(flags)];
	if (values.length > 1 && spread > SPREAD_MAX)
		all.push(`spread ${Math.round(spread * 100)} %`);
	return { what, who, unit, ...sum, flags: all, note, ...more };
}

/* A row that is refused: what went wrong in place of a figure. */
export function refused(what, reason, who = GATEWAY) {
	return { what, who, refused: String(reason).split('\n')[0], detail: String(reason) };
}

/* A row that there can't be, and why: no failure. */
export function leftOut(what, reason, who) {
	return { what, who, left_out: reason };
}

/* a[i] / b[i] of each round, summed up; a slow round is slow for both. */
export function ratio(a, b) {
	return summary(a.map((value, round) => value / b[round]));
}

/*
 * Rows of one thing for several programs that took turns. outcomes: Map of who to { results,
 * error, leftOut }, one result a round; figure(result) is the row's figure, more(results) what
 * else the row holds. Each has the ratio to the yardstick's, if that has a figure too.
 */
export function comparison(what, unit, outcomes, figure, more = () => ({})) {
	const good = (o) => o && !o.error && !o.leftOut;
	const yardstick = outcomes.get(YARDSTICK);
	return [...outcomes].map(([who, outcome]) => {
		if (outcome.leftOut)
			return leftOut(what, outcome.leftOut, who);
		if (outcome.error)
			return refused(what, outcome.error, who);
		const values = outcome.results.map(figure);
		const one = row(what, unit, values, { who, ...more(outcome.results) });
		if (who !== YARDSTICK && good(yardstick))
			one.ratio = ratio(values, yardstick.results.map(figure));
		return one;
	});
}

/* Was one of the load tool's ends, a thread each, at its limit while the subject was not? */
export function bottleneck({ wall_ns: wall, cpu_ns: { subject, ...ends } }) {
	const busiest = Math.max(...Object.values(ends)) / wall;
	return busiest > BUSY && subject / wall < BUSY ? ['the load tool was the bottleneck'] : [];
}

/* How much of a core everybody used, for a row's note. */
export function busy(results) {
	const share = (who) => median(results.map((r) => r.cpu_ns[who] / r.wall_ns)).toFixed(2);
	return `cores: ${share('subject')}, Proxmox end ${share('pve')}, browsers ${share('self')}`;
}

export function figure(n) {
	if (n === 0)
		return '0';
	return Math.abs(n) >= 1000 ? String(Math.round(n)) : n.toPrecision(3);
}

/* What a row says beside its figures. */
export function remarks(r) {
	return [...r.flags.map((f) => `! ${f}`), r.note].filter(Boolean).join('; ');
}

/* Columns of text as lines; right: the columns that are aligned to the right. */
export function columns(cells, right) {
	const widths = cells[0].map((_, i) => Math.max(...cells.map((c) => c[i].length)));
	return cells.map((c) => c.map((text, i) =>
		(right.includes(i) ? text.padStart(widths[i]) : text.padEnd(widths[i]))).join('  ').trimEnd());
}

/* Lines of text, one a row. */
export function table(rows) {
	const cells = [['what', 'who', 'median', 'min', 'max', 'unit', `x ${YARDSTICK}`, '']];
	for (const r of rows) {
		if (r.refused)
			cells.push([r.what, r.who, 'REFUSED', '', '', '', '', r.refused]);
		else if (r.left_out)
			cells.push([r.what, r.who, 'left out', '', '', '', '', r.left_out]);
		else
			cells.push([r.what, r.who, figure(r.median), figure(r.min), figure(r.max), r.unit,
				r.ratio ? r.ratio.median.toFixed(2) : '', remarks(r)]);
	}
	return columns(cells, [2, 3, 4, 6]);
}
