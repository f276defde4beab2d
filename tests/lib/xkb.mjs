// SPDX-License-Identifier: MIT
//
// xkb - what the keys of a keyboard type, from the tables that Debian has for X (xkb-data).
//
// Reads as much of a `symbols` file as the layouts of the console page need: sections,
// includes, and a key's symbols by level. What it does not know (types, modifiers) it leaves out.

import { existsSync, readFileSync } from 'node:fs';

const SYMBOLS = '/usr/share/X11/xkb/symbols';

/* X's names of the characters of ISO 8859-1, in their order, from U+0020 and from U+00A0. */
const ASCII = `space exclam quotedbl numbersign dollar percent ampersand apostrophe parenleft
	parenright asterisk plus comma minus period slash 0 1 2 3 4 5 6 7 8 9 colon semicolon less
	equal greater question at A B C D E F G H I J K L M N O P Q R S T U V W X Y Z bracketleft
	backslash bracketright asciicircum underscore grave a b c d e f g h i j k l m n o p q r s t u
	v w x y z braceleft bar braceright asciitilde`;
const LATIN1 = `nobreakspace exclamdown cent sterling currency yen brokenbar section diaeresis
	copyright ordfeminine guillemotleft notsign hyphen registered macron degree plusminus
	twosuperior threesuperior acute mu paragraph periodcentered cedilla onesuperior masculine
	guillemotright onequarter onehalf threequarters questiondown Agrave Aacute Acircumflex Atilde
	Adiaeresis Aring AE Ccedilla Egrave Eacute Ecircumflex Ediaeresis Igrave Iacute Icircumflex
	Idiaeresis ETH Ntilde Ograve Oacute Ocircumflex Otilde Odiaeresis multiply Ooblique Ugrave
	Uacute Ucircumflex Udiaeresis Yacute THORN ssharp agrave aacute acircumflex atilde adiaeresis
	aring ae ccedilla egrave eacute ecircumflex ediaeresis igrave iacute icircumflex idiaeresis eth
	ntilde ograve oacute ocircumflex otilde odiaeresis division oslash ugrave uacute ucircumflex
	udiaeresis yacute thorn ydiaeresis`;
const OTHERS = {
	EuroSign: '€', aogonek: 'ą', Aogonek: 'Ą', cacute: 'ć', Cacute: 'Ć', eogonek: 'ę',
	Eogonek: 'Ę', lstroke: 'ł', Lstroke: 'Ł', nacute: 'ń', Nacute: 'Ń', sacute: 'ś',
	Sacute: 'Ś', zacute: 'ź', Zacute: 'Ź', zabovedot: 'ż', Zabovedot: 'Ż',
};

const CHARACTERS = new Map(Object.entries(OTHERS));
for (const [names, first] of [[ASCII, 0x20], [LATIN1, 0xa0]])
	names.trim().split(/\s+/).forEach((name, i) =>
		CHARACTERS.set(name, String.fromCharCode(first + i)));

export const haveXkb = () => existsSync(SYMBOLS);

/* The sections of a file: [{ name, default, body }]. */
function sections(file) {
	const text = readFileSync(`${SYMBOLS}/${file}`, 'utf8').replace(/\/\/.*/g, '');
	return [...text.matchAll(/([\w\s]*)xkb_symbols\s+"(\w[^"]*)"\s*\{([\s\S]*?)\n\s*\};/g)]
		.map(([, flags, name, body]) => ({ name, body, default: /\bdefault\b/.test(flags) }));
}

/* Add what a section says to `keys`: a Map from X's name of a key to its levels' symbols. */
function read(file, section, keys) {
	const all = sections(file);
	const { body } = all.find((s) => (section ? s.name === section : s.default)) ?? all[0];

	for (const [, include, name, symbols] of body.matchAll(
		/include\s+"([^"]+)"|key\s+<(\w+)>\s*\{([^}]*)\}/g)) {
		if (include) {
			const [, from, part] = include.match(/^(\w+)(?:\((\w+)\))?/);
			if (['latin', 'nbsp', file].includes(from))
				read(from, part, keys);
			continue;
		}
		const [, list] = symbols.match(/=\s*\[([^\]]*)\]/) ?? symbols.match(/\[([^\]]*)\]/);
		const levels = list.split(',').map((s) => s.trim());
		const before = keys.get(name) ?? [];
		keys.set(name, Array.from({ length: Math.max(levels.length, before.length) },
			(_, i) => (levels[i] && levels[i] !== 'NoSymbol' ? levels[i] : before[i])));
	}
	return keys;
}

/*
 * A layout: Map from a key (TLDE, AE01, …) to what it types by level: a character, the name of a
 * dead key (dead_acute), or null for what is neither.
 */
export function xkbLayout(file, section) {
	const keys = read(file, section, read('pc', 'pc105', new Map()));
	return new Map([...keys].map(([name, levels]) => [name, levels.map((symbol) =>
		CHARACTERS.get(symbol) ?? (/^dead_/.test(symbol) ? symbol : null))]));
}
