// SPDX-License-Identifier: MIT
//
// markdown - the tables of a document, filled from a result of the bench, so that no figure is
// ever typed.
//
// A table stands between the lines "<!-- bench: NAME -->" and "<!-- bench end -->"; NAME is a
// key of TABLES. The file begins as a document without figures and can be filled again and again.

import { readFileSync, writeFileSync } from 'node:fs';
import { chartsOf } from './charts.mjs';
import { figure, remarks, YARDSTICK } from './stats.mjs';
import { targetRemarks } from './targets.mjs';

function markdownTable(head, rows) {
	const aligned = head.map((_, i) => (i === 0 ? '---' : '---:'));
	const lineOf = (cells) => `| ${cells.join(' | ')} |`;
	return [lineOf(head), lineOf(aligned), ...rows.map(lineOf)];
}

/* A pipe would be the end of a cell. */
function cell(text) {
	return String(text).replaceAll('|', '\\|');
}

function figureOf(r) {
	if (!r)
		return '';
	if (r.refused)
		return 'refused';
	return r.left_out ? 'left out' : `${figure(r.median)}${r.flags.length ? ' !' : ''}`;
}

/* A column for each program, and the gateway's ratio: rows whose what begins with one of these. */
function compared(...beginnings) {
	return ({ rows }) => {
		const mine = rows.filter((r) => beginnings.some((b) => r.what.startsWith(b)));
		const who = [...new Set(mine.map((r) => r.who))];
		const what = [...new Set(mine.map((r) => r.what))];
		return markdownTable(['', 'unit', ...who, `gateway / ${YARDSTICK}`], what.map((name) => {
			const of = (w) => mine.find((r) => r.what === name && r.who === w);
			const unit = mine.find((r) => r.what === name && r.unit)?.unit ?? '';
			const ratio = of('gateway')?.ratio;
			return [name, unit, ...who.map((w) => figureOf(of(w))),
				ratio ? `**${ratio.median.toFixed(2)}** (${ratio.min.toFixed(2)} to ` +
					`${ratio.max.toFixed(2)})` : ''];
		}));
	};
}

/* A row each, with its runs' range and remarks. */
function listed(...beginnings) {
	return ({ rows }) => {
		const mine = rows.filter((r) => beginnings.some((b) => r.what.startsWith(b)));
		return markdownTable(['', 'median', 'min', 'max', 'unit', ''], mine.map((r) => (r.refused
			? [r.what, 'refused', '', '', '', cell(r.refused)]
			: [r.what, figure(r.median), figure(r.min), figure(r.max), r.unit, cell(remarks(r))])));
	};
}

function targetRows({ targets }) {
	return markdownTable(['target', 'at most', 'is', 'unit', '', ''], targets.map((t) => [t.what,
		t.most, t.value === undefined ? '' : figure(t.value), t.unit ?? '', t.verdict,
		cell(targetRemarks(t))]));
}

function about({ machine, commit, when, peers, runs, seconds, size }) {
	const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`).join(', ');
	return [`Commit ${commit}, ${when.slice(0, 10)}; ${machine.cpu}, ${machine.cores} cores, ` +
		`${Math.round(machine.memory_mib / 1024)} GiB, Linux ${machine.kernel}, Node ` +
		`${machine.node}. ${versions}. Size "${size}", ${runs} runs, ${Math.round(seconds / 60)} ` +
		'minutes.'];
}

/* Where `make bench-full` puts them, seen from the document. */
function images(...files) {
	return (result) => chartsOf(result).filter(({ file }) => files.includes(file))
		.map(({ file, title }) => `![${title}](bench/${file})`);
}

export const TABLES = {
	about,
	targets: targetRows,
	alone: listed('both ends', 'saturated'),
	relay: compared('relay '),
	relay_curves: images('relay-ws.svg', 'relay-wss.svg'),
	paced: compared('paced'),
	echo: compared('echo'),
	memory: compared('memory a session'),
	idle: listed('idle CPU'),
	open: listed('link to first', 'CPU an opened'),
	create: listed('/create'),
	scale: compared('scale'),
	scale_curves: images('scale-cpu.svg', 'scale-memory.svg'),
	stall: listed('one stalled'),
};

const PLACE = /^<!-- bench: (\w+) -->\n[\s\S]*?^<!-- bench end -->$/gm;

/* The text with its tables filled in. Throws for a table that there isn't. */
export function filled(text, result) {
	return text.replace(PLACE, (_, name) => {
		if (!TABLES[name])
			throw new Error(`there is no table "${name}"`);
		return [`<!-- bench: ${name} -->`, ...TABLES[name](result), '<!-- bench end -->'].join('\n');
	});
}

export function fillDocument(file, result) {
	writeFileSync(file, filled(readFileSync(file, 'utf8'), result));
}
