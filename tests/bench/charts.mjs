// SPDX-License-Identifier: MIT
//
// charts - the curves of a result of the bench, each an SVG file.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { relayName } from './rows_relay.mjs';
import { SCALE_CPU, SCALE_MEMORY, scaleName } from './rows_scale.mjs';
import { KIB, scheme, sizeText } from './sizes.mjs';
import { GATEWAY } from './stats.mjs';
import { chart } from './svg.mjs';

const FRAMES = [256, KIB, 4 * KIB, 16 * KIB, 64 * KIB];

/* Those who are in rows, the gateway first. */
function subjectsOf(rows) {
	const names = new Set(rows.filter((r) => r.median !== undefined).map((r) => r.who));
	return [GATEWAY, ...[...names].filter((name) => name !== GATEWAY)];
}

/* The medians of who's rows named name(x), where there are some. */
function points(rows, who, xs, name) {
	return xs.map((x) => [x, rows.find((r) => r.who === who && r.what === name(x))?.median])
		.filter(([, y]) => y !== undefined);
}

/* A chart, or null when there are not two points for a line. */
function draw(file, about, series) {
	const lines = series.filter((s) => s.points.length > 1);
	if (lines.length === 0)
		return null;
	return { file, title: about.title, text: chart({ ...about, series: lines }) };
}

function relayChart(rows, tls) {
	const title = `Relaying to the browser, ${scheme(tls)}: CPU a GiB`;
	const series = subjectsOf(rows).map((who) => ({ name: who,
		points: points(rows, who, FRAMES, (frame) => relayName('down', tls, frame)) }));
	return draw(`relay-${scheme(tls)}.svg`, { title,
		x: { label: 'size of the frames', ticks: FRAMES.map((at) => ({ at, text: sizeText(at) })) },
		y: { label: 'CPU-seconds a GiB', log: true } }, series);
}

function scaleChart(rows, figure, file, title, label) {
	const counts = [...new Set(rows.map((r) => r.sessions).filter(Boolean))].sort((a, b) => a - b);
	const series = subjectsOf(rows.filter((r) => r.sessions)).flatMap((who) =>
		[false, true].map((tls) => ({ name: `${who}, ${scheme(tls)}`,
			points: points(rows, who, counts, (count) => scaleName(figure, tls, count)) })));
	return draw(file, { title, y: { label },
		x: { label: 'sessions', ticks: counts.map((at) => ({ at, text: String(at) })) } }, series);
}

/* The curves of a result as { file, title, text }; what was not measured has none. */
export function chartsOf({ rows }) {
	return [
		relayChart(rows, false),
		relayChart(rows, true),
		scaleChart(rows, SCALE_CPU, 'scale-cpu.svg', 'CPU a relayed message of 256 B', 'us'),
		scaleChart(rows, SCALE_MEMORY, 'scale-memory.svg', 'Memory a connected session',
			'KiB (PSS)'),
	].filter(Boolean);
}

export function writeCharts(result, folder) {
	mkdirSync(folder, { recursive: true });
	for (const { file, text } of chartsOf(result))
		writeFileSync(join(folder, file), text);
}
