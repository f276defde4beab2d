// SPDX-License-Identifier: MIT
//
// The colours of the console page: what is on what can be seen, light and dark (WCAG 2.2, AA).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const CSS = readFileSync(new URL('../../novnc/console.css', import.meta.url), 'utf8');

/* Colours of text and of signs, and what they are on; the least contrast (1.4.3, 1.4.11). */
const TEXT = 4.5;
const SIGN = 3;
const PAIRS = [
	['text', ['bar', 'stage', 'card', 'field', 'hover'], TEXT],
	['quiet', ['bar', 'card', 'stage', 'hover'], TEXT],
	['accent-text', ['bar', 'card', 'hover'], TEXT],
	['on-accent', ['accent', 'accent-hover'], TEXT],
	['bad', ['card'], TEXT],
	['edge', ['card', 'field'], SIGN],
	['accent', ['bar', 'card', 'stage', 'field'], SIGN],
	['good', ['bar'], SIGN],
	['busy', ['bar'], SIGN],
];

/* The variables of a :root block. */
function variables(css) {
	const block = css.match(/:root\s*\{([^}]*)\}/)[1];
	return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)]
		.map(([, name, colour]) => [name, colour]));
}

const LIGHT = variables(CSS);
const DARK = { ...LIGHT, ...variables(CSS.slice(CSS.indexOf('prefers-color-scheme: dark'))) };

/* WCAG's relative luminance, and the contrast of two. */
function luminance(colour) {
	const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
		.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
	const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
	return (light + 0.05) / (dark + 0.05);
}

for (const [scheme, colours] of Object.entries({ light: LIGHT, dark: DARK }))
	test(`${scheme}: text and signs stand out from what they are on`, () => {
		const faint = PAIRS.flatMap(([name, grounds, least]) => grounds
			.map((ground) => [name, ground, contrast(colours[name], colours[ground])])
			.filter(([, , ratio]) => ratio < least)
			.map(([, ground, ratio]) => `${name} on ${ground}: ${ratio.toFixed(2)}`));
		assert.deepEqual(faint, []);
	});

test('light and dark have the same colours to choose, and contrast is computed right', () => {
	assert.deepEqual(Object.keys(variables(CSS.slice(CSS.indexOf('prefers-color-scheme: dark'))))
		.sort(), Object.keys(LIGHT).filter((name) => name !== 'on-accent').sort());
	assert.equal(contrast('#000000', '#ffffff'), 21);
	assert.ok(Math.abs(contrast('#777777', '#ffffff') - 4.48) < 0.01);
});
