// SPDX-License-Identifier: MIT
//
// term_keys - keys as the bytes that a terminal sends for them (xterm's ways). Pure.

const ESC = '\x1b';

/* Keys with a final letter, and keys with a number. */
const LETTERS = { up: 'A', down: 'B', right: 'C', left: 'D', home: 'H', end: 'F' };
const NUMBERS = { pageup: 5, pagedown: 6 };

/* What Ctrl makes of a character that is no letter. */
const CONTROLS = {
	'@': '\x00', ' ': '\x00', '[': ESC, '\\': '\x1c', ']': '\x1d', '^': '\x1e', _: '\x1f',
	'/': '\x1f', '-': '\x1f', '?': '\x7f', '\x7f': '\b',
};

function control(character) {
	if (/^[a-z]$/i.test(character))
		return String.fromCharCode(character.charCodeAt(0) & 0x1f);
	return CONTROLS[character] ?? character;
}

/* The parameter of a sequence that tells of modifiers. */
function parameter({ ctrl, alt }) {
	return 1 + (alt ? 2 : 0) + (ctrl ? 4 : 0);
}

function withCharacter(character, { ctrl, alt }) {
	return (alt ? ESC : '') + (ctrl ? control(character) : character);
}

function withLetter(letter, modifiers) {
	return `${ESC}[1;${parameter(modifiers)}${letter}`;
}

function withNumber(number, modifiers) {
	return `${ESC}[${number};${parameter(modifiers)}~`;
}

/*
 * A key of the key bar: the name of a row above, `esc`, `tab`, or a character.
 * `application` tells that the program has asked for the other kind of cursor keys.
 */
export function keySequence(key, modifiers, application) {
	const plain = !modifiers.ctrl && !modifiers.alt;
	if (key in LETTERS)
		return plain ? `${ESC}${application ? 'O' : '['}${LETTERS[key]}`
			: withLetter(LETTERS[key], modifiers);
	if (key in NUMBERS)
		return plain ? `${ESC}[${NUMBERS[key]}~` : withNumber(NUMBERS[key], modifiers);
	return withCharacter({ esc: ESC, tab: '\t' }[key] ?? key, modifiers);
}

/*
 * What the terminal sends, with modifiers held for it; null when it is no key: what
 * the terminal answers to a program's question must stay as it is.
 */
export function modified(data, modifiers) {
	const letter = /^\x1b[[O]([A-DHF])$/.exec(data);
	const number = /^\x1b\[(\d+)~$/.exec(data);
	if (letter)
		return withLetter(letter[1], modifiers);
	if (number)
		return withNumber(number[1], modifiers);
	return [...data].length === 1 ? withCharacter(data, modifiers) : null;
}

/* Is it the key of this letter? Where no Latin ones are typed, by its place. */
function isLetter(event, letter) {
	return event.key.toLowerCase() === letter || (event.code === `Key${letter.toUpperCase()}`
		&& !/^[a-z]$/i.test(event.key));
}

/* What the page itself does for a key, so that the terminal does not get it. */
const SHORTCUTS = [
	['copy', (e) => e.ctrlKey && e.shiftKey && isLetter(e, 'c')],
	['search', (e) => e.ctrlKey && e.shiftKey && isLetter(e, 'f')],
	['larger', (e) => e.ctrlKey && ['+', '='].includes(e.key)],
	['smaller', (e) => e.ctrlKey && e.key === '-'],
	['usual', (e) => e.ctrlKey && !e.shiftKey && e.key === '0'],
];

/* The name of the page's own shortcut that a key event is, or null. */
export function shortcutOf(event) {
	if (event.altKey || event.metaKey)
		return null;
	return SHORTCUTS.find(([, is]) => is(event))?.[0] ?? null;
}
