// SPDX-License-Identifier: MIT
//
// layouts - which keys type a character, on the keyboards of twelve countries. Pure.
//
// A server that is told of physical keys leaves it to the machine what they type, so
// the layout has to be the machine's. A layout (layouts/*.js) draws the keyboard:
// `plain`, `shift`, `altgr` and `both` (Shift and AltGr) are its four rows from above,
// a character a key, blank where nothing is typed; `dead` names the keys that put an
// accent on the next letter. Drawn is what Linux types, and of that only what no other
// system types differently, or what cannot be had otherwise (a test compares).

/* The keys of the four rows, by their place: KeyboardEvent.code. */
const ROWS = [
	['Backquote', ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 0].map((n) => `Digit${n}`), 'Minus',
		'Equal'],
	[...'QWERTYUIOP'].map((c) => `Key${c}`).concat('BracketLeft', 'BracketRight'),
	[...'ASDFGHJKL'].map((c) => `Key${c}`).concat('Semicolon', 'Quote', 'Backslash'),
	['IntlBackslash', ...[...'ZXCVBNM'].map((c) => `Key${c}`), 'Comma', 'Period', 'Slash'],
];

const LEVELS = {
	plain: { shift: false, altgr: false }, shift: { shift: true, altgr: false },
	altgr: { shift: false, altgr: true }, both: { shift: true, altgr: true },
};

/*
 * Accents: the key's keysym, what it makes of a letter (a combining character), for
 * which letters everywhere, and the character that it is with a blank, if everywhere.
 */
export const ACCENTS = {
	grave: { keysym: 0xfe50, mark: '\u0300', letters: 'aeiouAEIOU', alone: '`' },
	acute: { keysym: 0xfe51, mark: '\u0301', letters: 'aeiouyAEIOUY', alone: null },
	circumflex: { keysym: 0xfe52, mark: '\u0302', letters: 'aeiouAEIOU', alone: '^' },
	tilde: { keysym: 0xfe53, mark: '\u0303', letters: 'anoANO', alone: '~' },
	diaeresis: { keysym: 0xfe57, mark: '\u0308', letters: 'aeiouyAEIOU', alone: null },
};

/* Keys that are alike on all of them. */
const COMMON = { ' ': 'Space', '\n': 'Enter', '\t': 'Tab' };

const FILES = {
	us: () => import('./layouts/us.js'),
	uk: () => import('./layouts/uk.js'),
	de: () => import('./layouts/de.js'),
	fr: () => import('./layouts/fr.js'),
	es: () => import('./layouts/es.js'),
	it: () => import('./layouts/it.js'),
	pt: () => import('./layouts/pt.js'),
	pl: () => import('./layouts/pl.js'),
	se: () => import('./layouts/se.js'),
	dk: () => import('./layouts/dk.js'),
	no: () => import('./layouts/no.js'),
	ch: () => import('./layouts/ch.js'),
};

export const LAYOUTS = Object.keys(FILES);

/* Which layout people of a language, or of one country with it, mostly have. */
const USUAL = {
	'de': 'de', 'de-ch': 'ch', 'de-li': 'ch', 'fr': 'fr', 'fr-ch': 'ch', 'es': 'es',
	'it': 'it', 'it-ch': 'ch', 'pt': 'pt', 'pl': 'pl', 'sv': 'se', 'da': 'dk', 'nb': 'no',
	'nn': 'no', 'no': 'no', 'en-gb': 'uk', 'en-ie': 'uk',
};

/* The layout to begin with for a language's tag (navigator.language). */
export function usualLayout(tag) {
	const [language, ...rest] = String(tag).toLowerCase().split('-');
	const country = rest.find((part) => part.length === 2);
	return [`${language}-${country}`, language].map((t) => Object.hasOwn(USUAL, t)
		&& USUAL[t]).find(Boolean) || 'us';
}

/* One key pressed with what is held: { code, keysym, shift, altgr }; see keystrokes.js. */
function key(code, keysym, held = LEVELS.plain) {
	return { code, keysym, ...held };
}

/* Each character of a drawn layout → the one key that types it. */
function directKeys(drawing, keysymOf) {
	const keys = new Map();
	for (const [level, held] of Object.entries(LEVELS))
		(drawing[level] ?? []).forEach((row, r) => [...row].forEach((character, i) => {
			if (character !== ' ' && !keys.has(character))
				keys.set(character, key(ROWS[r][i], keysymOf(character), held));
		}));
	for (const [character, code] of Object.entries(COMMON))
		keys.set(character, key(code, keysymOf(character)));
	return keys;
}

/*
 * What a drawing means: a Map from each character that can be typed to its keys, one
 * after the other. `keysymOf(character)` gives a character's keysym. Of several ways
 * the one with fewest keys is taken, and of those the one that holds least.
 */
export function readLayout(drawing, keysymOf) {
	const direct = directKeys(drawing, keysymOf);
	const keys = new Map([...direct].map(([character, one]) => [character, [one]]));
	const add = (character, ...strokes) => {
		if (!keys.has(character))
			keys.set(character, strokes);
	};

	for (const [level, accents] of Object.entries(drawing.dead ?? {}))
		for (const [code, name] of Object.entries(accents)) {
			const { keysym, mark, letters, alone } = ACCENTS[name];
			const accent = key(code, keysym, LEVELS[level]);
			if (alone)
				add(alone, accent, direct.get(' '));
			for (const letter of letters)
				add((letter + mark).normalize('NFC'), accent, direct.get(letter));
		}
	return keys;
}

/* The drawing of a layout, loaded once. */
export async function loadLayout(name) {
	return (await FILES[name]()).default;
}
