// SPDX-License-Identifier: MIT
//
// svg - a chart of lines as SVG text. It has a background of its own, so that it reads the same
// on a light page and on a dark one; series differ by colour, marker and dash.
//
//   chart({ title, x: { label, ticks: [{ at, text }] }, y: { label, log: false },
//           series: [{ name, points: [[x, y], ...] }] })
//
// x is logarithmic; y begins at 0, or is logarithmic.

const WIDTH = 760;
const HEIGHT = 440;
const PLOT = { left: 74, right: 560, top: 52, bottom: 372 };
const LEGEND = { left: 588, top: 70, line: 24 };
const PAPER = '#ffffff';
const INK = '#24292f';
const FAINT = '#d8dee4';
/* Told apart by those who see few colours, too (Okabe and Ito). */
const COLOURS = ['#d55e00', '#0072b2', '#56b4e9', '#009e73', '#cc79a7', '#8c6d00'];
const MARKER = 4;

/* ---- scales ---- */

function logScale(from, to, begin, end) {
	const span = Math.log(to / from) || 1;
	return (value) => begin + Math.log(value / from) / span * (end - begin);
}

function linearScale(to, begin, end) {
	return (value) => begin + value / to * (end - begin);
}

/* 1, 2 or 5 times a power of ten: not less than value. */
export function roundUp(value) {
	const power = 10 ** Math.floor(Math.log10(value));
	return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value * (1 - 1e-9));
}

/* Round values from 0 to at least most, about five of them. */
export function linearTicks(most) {
	const step = roundUp(most / 5);
	const count = Math.ceil(most / step - 1e-9);
	return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/* 1, 2 and 5 times powers of ten: the first is at most least, the last at least most. */
export function logTicks(least, most) {
	const ticks = [];
	for (let p = Math.floor(Math.log10(least)); 10 ** p <= most * 10; p++)
		ticks.push(...[1, 2, 5].map((n) => Number((n * 10 ** p).toPrecision(3))));
	const first = ticks.findLastIndex((t) => t <= least);
	const last = ticks.findIndex((t) => t >= most);
	return ticks.slice(first, last + 1);
}

/* ---- text and shapes ---- */

function escape(text) {
	return String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

const n = (value) => Number(value.toFixed(1));

function text(x, y, words, { anchor = 'start', size = 13, weight = 'normal', turn = 0 } = {}) {
	const turned = turn ? ` transform="rotate(${turn} ${n(x)} ${n(y)})"` : '';
	return `<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}" font-size="${size}" ` +
		`font-weight="${weight}" fill="${INK}"${turned}>${escape(words)}</text>`;
}

function line(x1, y1, x2, y2, colour, more = '') {
	return `<line x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}" stroke="${colour}"${more}/>`;
}

/* The shape of series number i, around x, y. */
function marker(i, x, y) {
	const fill = `fill="${COLOURS[i % COLOURS.length]}"`;
	const m = MARKER;
	const shapes = [
		() => `<circle cx="${n(x)}" cy="${n(y)}" r="${m}" ${fill}/>`,
		() => `<rect x="${n(x - m)}" y="${n(y - m)}" width="${2 * m}" height="${2 * m}" ${fill}/>`,
		() => `<path d="M${n(x)} ${n(y - m - 1)}l${m + 1} ${2 * m}h-${2 * m + 2}z" ${fill}/>`,
		() => `<path d="M${n(x)} ${n(y - m - 1)}l${m + 1} ${m + 1}l-${m + 1} ${m + 1}` +
			`l-${m + 1} -${m + 1}z" ${fill}/>`,
	];
	return shapes[i % shapes.length]();
}

function stroke(i) {
	const dash = i >= COLOURS.length ? ' stroke-dasharray="6 4"' : '';
	return `stroke="${COLOURS[i % COLOURS.length]}" stroke-width="${i === 0 ? 3 : 2}"${dash}`;
}

/* ---- parts ---- */

function axes(x, y, scaleX, scaleY, ticksY) {
	const { left, right, top, bottom } = PLOT;
	const parts = [];
	for (const tick of ticksY)
		parts.push(line(left, scaleY(tick), right, scaleY(tick), FAINT),
			text(left - 8, scaleY(tick) + 4, tick, { anchor: 'end' }));
	for (const { at, text: words } of x.ticks)
		parts.push(line(scaleX(at), bottom, scaleX(at), bottom + 5, INK),
			text(scaleX(at), bottom + 20, words, { anchor: 'middle' }));
	return [...parts, line(left, bottom, right, bottom, INK), line(left, top, left, bottom, INK),
		text((left + right) / 2, HEIGHT - 22, x.label, { anchor: 'middle' }),
		text(20, (top + bottom) / 2, y.label, { anchor: 'middle', turn: -90 })];
}

function curve(points, i, scaleX, scaleY) {
	const at = points.map(([x, y]) => [scaleX(x), scaleY(y)]);
	return [`<polyline points="${at.map(([x, y]) => `${n(x)},${n(y)}`).join(' ')}" fill="none" ` +
		`${stroke(i)}/>`, ...at.map(([x, y]) => marker(i, x, y))];
}

function legend(series) {
	return series.flatMap(({ name }, i) => {
		const y = LEGEND.top + i * LEGEND.line;
		return [`<line x1="${LEGEND.left}" y1="${y}" x2="${LEGEND.left + 28}" y2="${y}" ${stroke(i)}/>`,
			marker(i, LEGEND.left + 14, y), text(LEGEND.left + 36, y + 4, name)];
	});
}

export function chart({ title, x, y, series }) {
	const xs = x.ticks.map((t) => t.at);
	const ys = series.flatMap((s) => s.points.map((p) => p[1]));
	const { left, right, top, bottom } = PLOT;
	const scaleX = logScale(Math.min(...xs), Math.max(...xs), left + 16, right - 16);
	const ticksY = y.log ? logTicks(Math.min(...ys), Math.max(...ys)) : linearTicks(Math.max(...ys));
	const scaleY = y.log ? logScale(ticksY[0], ticksY.at(-1), bottom, top)
		: linearScale(ticksY.at(-1), bottom, top);
	/* What comes first lies on top. */
	const curves = series.map((s, i) => curve(s.points, i, scaleX, scaleY)).reverse().flat();
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" ` +
			`height="${HEIGHT}" role="img" font-family="sans-serif">`,
		`<title>${escape(title)}</title>`,
		`<rect width="${WIDTH}" height="${HEIGHT}" rx="6" fill="${PAPER}" stroke="${FAINT}"/>`,
		text(left, 30, title, { size: 16, weight: 'bold' }),
		...axes(x, y, scaleX, scaleY, ticksY), ...curves, ...legend(series), '</svg>', '',
	].join('\n');
}
