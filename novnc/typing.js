// SPDX-License-Identifier: MIT
//
// typing - what an on-screen keyboard did to a text field, as keys. Pure.
//
// On-screen keyboards report few real keys: they edit text, with corrections. So
// the page compares the field before and after.

const XK_TAB = 0xff09;
const XK_RETURN = 0xff0d;

/* What turns `before` into `after`: characters to erase at its end, then to type. */
export function difference(before, after) {
	const old = Array.from(before);
	const now = Array.from(after);
	let same = 0;

	while (same < old.length && same < now.length && old[same] === now[same])
		same++;
	return { erase: old.length - same, type: now.slice(same) };
}

/* The keysym of a character; `lookup` knows the printable ones by code point. */
export function keysymOf(character, lookup) {
	if (character === '\n' || character === '\r')
		return XK_RETURN;
	if (character === '\t')
		return XK_TAB;
	return lookup(character.codePointAt(0));
}
