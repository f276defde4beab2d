// SPDX-License-Identifier: MIT
//
// Text as keystrokes: the layouts of the console page, what they can type, and in which batches.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

import { batchesOf, plainKey, strokesFor } from '../../novnc/keystrokes.js';
import {
	ACCENTS, LAYOUTS, loadLayout, readLayout, usualLayout,
} from '../../novnc/layouts.js';
import { haveXkb, xkbLayout } from '../lib/xkb.mjs';

/* The files of X, where their names are others. */
const XKB_NAMES = { uk: 'gb' };

/* X's names of the keys, drawn as a layout is. */
const range = (row, from, to) => Array.from({ length: to - from + 1 },
	(_, i) => `A${row}${String(from + i).padStart(2, '0')}`);
const XKB_ROWS = [['TLDE', ...range('E', 1, 12)], range('D', 1, 12),
	[...range('C', 1, 11), 'BKSL'], ['LSGT', ...range('B', 1, 10)]];
const LEVELS = ['plain', 'shift', 'altgr', 'both'];

/* KeyboardEvent.code of a key, by the row and the place where X has it. */
const CODES = [
	['Backquote', 'Digit1', 'Digit2', 'Digit3', 'Digit4', 'Digit5', 'Digit6', 'Digit7', 'Digit8',
		'Digit9', 'Digit0', 'Minus', 'Equal'],
	['KeyQ', 'KeyW', 'KeyE', 'KeyR', 'KeyT', 'KeyY', 'KeyU', 'KeyI', 'KeyO', 'KeyP',
		'BracketLeft', 'BracketRight'],
	['KeyA', 'KeyS', 'KeyD', 'KeyF', 'KeyG', 'KeyH', 'KeyJ', 'KeyK', 'KeyL', 'Semicolon',
		'Quote', 'Backslash'],
	['IntlBackslash', 'KeyZ', 'KeyX', 'KeyC', 'KeyV', 'KeyB', 'KeyN', 'KeyM', 'Comma', 'Period',
		'Slash'],
];
const XKB_KEY = new Map(CODES.flatMap((row, r) => row.map((code, i) =>
	[code, XKB_ROWS[r][i]])));

const COMMON = ['Space', 'Enter', 'Tab'];

const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(0x20 + i)).join('');
const NATIONAL = {
	us: '', uk: '£¬€', de: 'äöüÄÖÜß§°€éèêÉ', fr: 'éèçàùâêîôûëïüÄ§€£µ²°', es: 'ñÑçÇáéíóúüÁ¿¡ºª€·',
	it: 'àèéìòùç§°£€', pt: 'çÇãõÃÕáàâéêíóôúÁ«»ºª€', pl: 'ąćęłńóśźżĄĆĘŁŃÓŚŹŻ', se: 'åäöÅÄÖ§½¤éü€µ',
	dk: 'æøåÆØÅ½§¤éü€', no: 'æøåÆØÅ§¤éü€', ch: 'äöüÄÖÜéèàçÉ§°€£¢',
};

const code = (c) => c.codePointAt(0);

async function keysOf(name) {
	const keys = readLayout(await loadLayout(name), code);
	return (character) => keys.get(character) ?? null;
}

test('each layout types what X types with the same keys, on every key that it draws',
	{ skip: !haveXkb() && 'xkb-data is not installed' }, async () => {
		const wrong = [];
		for (const name of LAYOUTS) {
			const xkb = xkbLayout(XKB_NAMES[name] ?? name);
			for (const [character, [one, ...more]] of readLayout(await loadLayout(name), code)) {
				if (more.length > 0 || COMMON.includes(one.code))
					continue;
				const level = (one.shift ? 1 : 0) + (one.altgr ? 2 : 0);
				const says = xkb.get(XKB_KEY.get(one.code))?.[level];
				if (character !== says)
					wrong.push(`${name} ${one.code} ${level}: ${character}, not ${says}`);
			}
		}
		assert.deepEqual(wrong, []);
	});

test('each layout draws the four rows of a keyboard, with a place for each key', async () => {
	for (const name of LAYOUTS)
		for (const [level, rows] of Object.entries(await loadLayout(name)))
			if (level !== 'dead')
				assert.deepEqual(rows.map((row) => [...row].length),
					CODES.map((row) => row.length), `${name} ${level}`);
});

test('each dead key is one in X, too, with the same accent',
	{ skip: !haveXkb() && 'xkb-data is not installed' }, async () => {
		const seen = new Set();
		for (const name of LAYOUTS) {
			const xkb = xkbLayout(XKB_NAMES[name] ?? name);
			const { dead = {} } = await loadLayout(name);
			for (const [level, accents] of Object.entries(dead))
				for (const [key, accent] of Object.entries(accents)) {
					seen.add(accent);
					assert.equal(xkb.get(XKB_KEY.get(key))?.[LEVELS.indexOf(level)],
						`dead_${accent}`, `${name} ${level} ${key}`);
				}
		}
		assert.deepEqual([...seen].sort(), Object.keys(ACCENTS).sort());
	});

test('each layout types all of ASCII and the letters of its countries', async () => {
	for (const name of LAYOUTS) {
		const keysFor = await keysOf(name);
		const missing = [...ASCII, ...NATIONAL[name], '\n', '\t'].filter((c) => !keysFor(c));
		assert.deepEqual(missing, [], name);
	}
});

test('a key is a code that keyboards have, and no two keys type one character', async () => {
	const known = new Set([...XKB_KEY.keys(), ...COMMON]);
	for (const name of LAYOUTS) {
		const keys = readLayout(await loadLayout(name), code);
		const ways = new Map();
		for (const [character, strokes] of keys) {
			assert.ok(strokes.length === 1 || strokes.length === 2);
			for (const stroke of strokes)
				assert.ok(known.has(stroke.code), `${name} ${character} ${stroke.code}`);
			const way = JSON.stringify(strokes.map(({ keysym, ...one }) => one));
			assert.equal(ways.get(way), undefined, `${name} ${character}`);
			ways.set(way, character);
		}
	}
});

test('an accent is a dead key and a letter, or a dead key and a blank', async () => {
	const keysFor = await keysOf('de');
	const short = (character) => keysFor(character).map((k) =>
		`${k.shift ? 'Shift+' : ''}${k.altgr ? 'AltGr+' : ''}${k.code}`).join(' ');
	assert.equal(short('ê'), 'Backquote KeyE');
	assert.equal(short('È'), 'Shift+Equal Shift+KeyE');
	assert.equal(short('^'), 'Backquote Space');
	assert.equal(short('@'), 'AltGr+KeyQ');
	assert.equal(short('z'), 'KeyY');
	assert.equal(keysFor('ê')[0].keysym, 0xfe52);
	assert.equal(keysFor('´'), null);
});

test('each file in layouts/ is a layout that can be chosen', () => {
	const files = readdirSync(new URL('../../novnc/layouts/', import.meta.url));
	assert.deepEqual(files.sort(), LAYOUTS.map((name) => `${name}.js`).sort());
});

test('the layout to begin with is the one of the browser’s language', () => {
	const usual = {
		'en-US': 'us', 'en-GB': 'uk', 'en': 'us', 'de-DE': 'de', 'de': 'de', 'de-CH': 'ch',
		'fr-FR': 'fr', 'fr-CH': 'ch', 'es-MX': 'es', 'pt-PT': 'pt', 'pl': 'pl', 'sv-SE': 'se',
		'da': 'dk', 'nb-NO': 'no', 'nn': 'no', 'it-IT': 'it', 'DE-de': 'de', 'ja': 'us', '': 'us',
		'constructor': 'us', 'zh-Hans-CN': 'us', 'de-Latn-CH': 'ch',
	};
	for (const [tag, layout] of Object.entries(usual))
		assert.equal(usualLayout(tag), layout, tag);
	assert.equal(usualLayout(undefined), 'us');
});

test('a character that cannot be typed is named with its line', async () => {
	const keysFor = await keysOf('us');
	assert.deepEqual(strokesFor('a\r\nb€c€', keysFor).missing, { character: '€', line: 2 });
	assert.deepEqual(strokesFor('\n\n😀', keysFor).missing, { character: '😀', line: 3 });
	assert.deepEqual(strokesFor('a\u0007', keysFor).missing, { character: '\u0007', line: 1 });
	assert.equal(strokesFor('plain text\n', keysFor).missing, null);
});

test('any line end is one Enter, and a letter in two pieces is one letter', async () => {
	const keysFor = await keysOf('de');
	const codes = (value) => strokesFor(value, keysFor).strokes.flat().map((k) => k.code);
	assert.deepEqual(codes('a\r\nb\nc\rd'),
		['KeyA', 'Enter', 'KeyB', 'Enter', 'KeyC', 'Enter', 'KeyD']);
	assert.deepEqual(codes('u\u0308'), ['BracketLeft']);
	assert.deepEqual(codes('\t'), ['Tab']);
});

/* The keys that a batch leaves pressed at its end. */
function leftDown({ events }) {
	const down = new Set();
	for (const event of events) {
		assert.equal(down.has(event.code), !event.down);
		if (event.down)
			down.add(event.code);
		else
			down.delete(event.code);
	}
	return [...down];
}

test('a batch is half of what a keyboard holds, and leaves no key pressed', async () => {
	for (const name of LAYOUTS) {
		const keysFor = await keysOf(name);
		const { strokes } = strokesFor(`${ASCII}${NATIONAL[name]}`.repeat(3), keysFor);
		const batches = batchesOf(strokes);
		for (const [i, batch] of batches.entries()) {
			assert.ok(batch.events.length <= 8, name);
			assert.ok(batch.events.length >= 4 || i === batches.length - 1, name);
			assert.deepEqual(leftDown(batch), []);
		}
		assert.equal(batches.reduce((sum, b) => sum + b.characters, 0), strokes.length);
	}
});

test('Shift stays down through capitals, and is up for what is not', async () => {
	const { strokes } = strokesFor('ABc', await keysOf('us'));
	const [{ events }] = batchesOf(strokes);
	assert.deepEqual(events.map((e) => `${e.down ? '+' : '-'}${e.code}`), ['+ShiftLeft', '+KeyA',
		'-KeyA', '+KeyB', '-KeyB', '-ShiftLeft', '+KeyC', '-KeyC']);
	assert.deepEqual(batchesOf([]), []);
});

test('a server without keys is sent characters, Latin-1 and no others', () => {
	assert.deepEqual(plainKey('ä', (u) => u),
		[{ keysym: 0xe4, code: null, shift: false, altgr: false }]);
	assert.equal(plainKey('\n', (u) => u)[0].keysym, 0xff0d);
	for (const character of ['€', '\u0007', '\u007f', '\u0085', '😀'])
		assert.equal(plainKey(character, (u) => u), null);
});
