// SPDX-License-Identifier: MIT
//
// targets - what the gateway is meant to cost, as data, and whether it does.
//
// A target names rows, by the functions that name them where they are measured, and the most
// that their figure may be: of several the worst counts. A figure is the row's median, or its
// ratio to the yardstick's.

import { memoryName, idleName } from './rows_memory.mjs';
import { createName, FIRST_BYTE, OPEN_CPU, openName } from './rows_open.mjs';
import { echoName, pacedName, relayName } from './rows_relay.mjs';
import { SCALE_CPU, SCALE_MEMORY, scaleName, STALL_DELAY, STALL_MEMORY, stallName }
	from './rows_scale.mjs';
import { KIB, scheme } from './sizes.mjs';
import { columns, figure, GATEWAY, YARDSTICK } from './stats.mjs';

const MOST_SESSIONS = 2000;
const BOTH = [false, true];
/* A login for each opening, and one that is there already: as a backend with one account has it. */
const LOGINS = ['cold', 'cached'];

/* ---- the kinds of targets ---- */

/* For each of them: the figure in a row, with what it was. */
const KINDS = {
	ratio: { unit: `x ${YARDSTICK}`, of: (r) => r.ratio?.median },
	value: { unit: null, of: (r) => r.median },
};

const byRatio = (what, rows, most) => ({ what, rows, most, kind: 'ratio' });
const byValue = (what, rows, most) => ({ what, rows, most, kind: 'value' });
/* The first row's figure over the second's. */
const byGrowth = (what, rows, most) => ({ what, rows, most, kind: 'growth' });

const relayRows = (tls, frames) => frames.map((frame) => relayName('down', tls, frame));
/* One row that the target is named after. */
const named = (name, most) => byValue(name, [name], most);
const firstByte = (how, most) => named(`${openName(FIRST_BYTE, how)}, p50`, most);
/* A time that a processor needs, which depends on it. */
const bySpeed = (target) => ({ ...target, bySpeed: true });

export const TARGETS = [
	...BOTH.map((tls) => byRatio(`CPU a GiB, ${scheme(tls)}, 16 and 64 KiB frames`,
		relayRows(tls, [16 * KIB, 64 * KIB]), tls ? 0.70 : 0.80)),
	...BOTH.map((tls) => byRatio(`CPU a GiB, ${scheme(tls)}, 256 B and 1 KiB frames`,
		relayRows(tls, [256, KIB]), tls ? 0.75 : 0.85)),
	...BOTH.map((tls) => byRatio(`CPU a GiB, ${scheme(tls)}, 100 paced sessions`,
		[pacedName(tls, 16 * KIB)], 0.75)),
	...BOTH.map((tls) => byRatio(`CPU a GiB, ${scheme(tls)}, browser to Proxmox, 16 KiB`,
		[relayName('up', tls, 16 * KIB)], 1.1)),
	...BOTH.map((tls) => byRatio(`echo p50, ${scheme(tls)}, one session`,
		[echoName(tls, 1, 50)], 1.05)),
	...BOTH.map((tls) => byRatio(`CPU a message, ${scheme(tls)}, 100 paced sessions`,
		[pacedName(tls, 256)], 1.2)),
	...BOTH.flatMap((tls) => LOGINS.map((login) =>
		bySpeed(firstByte({ tls, login }, tls ? 3.5 : 1.8)))),
	...BOTH.map((tls) => firstByte({ tls, login: 'cold', delayMs: 60 }, 190)),
	...BOTH.map((tls) => firstByte({ tls, login: 'cached', delayMs: 60 }, 130)),
	...BOTH.flatMap((tls) => LOGINS.map((login) =>
		bySpeed(named(openName(OPEN_CPU, { tls, login }), tls ? 2.0 : 0.9)))),
	...BOTH.map((tls) => named(memoryName('waiting', tls, 500), 24)),
	...BOTH.map((tls) => named(memoryName('connected', tls, 500), tls ? 60 : 44)),
	...BOTH.map((tls) => named(idleName('connected', tls, 500), 1)),
	bySpeed(named(createName(false, true), 1.1)),
	...BOTH.map((tls) => byGrowth(`CPU a message, ${scheme(tls)}, ${MOST_SESSIONS} sessions against 1`,
		[scaleName(SCALE_CPU, tls, MOST_SESSIONS), scaleName(SCALE_CPU, tls, 1)], 1.1)),
	...BOTH.map((tls) => byGrowth(
		`memory a session, ${scheme(tls)}, ${MOST_SESSIONS} sessions against 500`,
		[scaleName(SCALE_MEMORY, tls, MOST_SESSIONS), scaleName(SCALE_MEMORY, tls, 500)], 1.1)),
	...BOTH.map((tls) => named(stallName(STALL_DELAY, tls), 1.1)),
	...BOTH.map((tls) => named(stallName(STALL_MEMORY, tls), 160)),
];

/* ---- judging ---- */

const NOT_MEASURED = 'not measured here';

/* The gateway's rows of these names, or a reason why one of them has no figure. */
function find(rows, names) {
	const found = [];
	for (const name of names) {
		const one = rows.find((r) => r.who === GATEWAY && r.what === name);
		if (!one || one.refused)
			return { reason: one ? `refused: ${one.refused}` : NOT_MEASURED };
		found.push(one);
	}
	return { found };
}

/* The figures of a target: [{ value, of: a row's name }], or undefined where there is none. */
function figures(target, found) {
	if (target.kind === 'growth')
		return [{ value: found[0].median / found[1].median, of: found[0].what }];
	return found.map((r) => ({ value: KINDS[target.kind].of(r), of: r.what }));
}

function unitOf(target, found) {
	return target.kind === 'growth' ? 'x' : KINDS[target.kind].unit ?? found[0].unit;
}

/*
 * What times were set by: on that machine the yardstick took so many CPU-s for a GiB of the row.
 * How much longer it took here is how much longer everything takes.
 */
const SET_BY = { what: relayName('down', false, 16 * KIB), median: 1.20 };

function scaled({ bySpeed: is, most }, value, rows) {
	const here = rows.find((r) => r.who === YARDSTICK && r.what === SET_BY.what);
	if (!is || value <= most || !here || here.refused)
		return '';
	const slower = here.median / SET_BY.median;
	return `${YARDSTICK} is ${figure(slower)} times slower here than where it was set: by that ` +
		`${figure(value / slower)}, ${value / slower <= most ? 'met' : 'missed'}`;
}

/*
 * One target: { what, most, verdict, value, unit, note, flags }; the verdict is 'met', 'missed',
 * or 'unknown' without a figure.
 */
export function judge(target, rows) {
	const { what, most } = target;
	const unknown = (note) => ({ what, most, verdict: 'unknown', note, flags: [] });
	const { found, reason } = find(rows, target.rows);
	if (reason)
		return unknown(reason);
	const all = figures(target, found);
	if (all.some(({ value }) => value === undefined))
		return unknown(`no figure of ${YARDSTICK} beside it`);
	const { value } = all.reduce((a, b) => (b.value > a.value ? b : a));
	return { what, most, unit: unitOf(target, found), value,
		verdict: value <= most ? 'met' : 'missed',
		note: all.length > 1 ? all.map((one) => `${one.of}: ${figure(one.value)}`).join('; ')
			: scaled(target, value, rows),
		flags: [...new Set(found.flatMap((r) => r.flags))] };
}

export function judgeAll(rows) {
	return TARGETS.map((target) => judge(target, rows));
}

/* Lines of text, one a target that was measured, and their sum. */
export function targetTable(targets) {
	const cells = [['target', 'at most', 'is', 'unit', '', '']];
	for (const t of targets.filter(({ note }) => note !== NOT_MEASURED))
		cells.push([t.what, String(t.most), t.value === undefined ? '' : figure(t.value), t.unit ?? '',
			t.verdict, targetRemarks(t)]);
	const count = (verdict) => targets.filter((t) => t.verdict === verdict).length;
	return [...columns(cells, [1, 2]),
		`${count('met')} met, ${count('missed')} missed, ${count('unknown')} without a figure`];
}

export function targetRemarks(t) {
	return [...t.flags.map((f) => `! ${f}`), t.note].filter(Boolean).join('; ');
}
