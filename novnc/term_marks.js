// SPDX-License-Identifier: MIT
//
// term_marks - how many marks a character may wear.
//
// xterm.js puts every combining mark that follows a character into its cell. To lay
// out a cell of 20000 takes a browser a minute, and a file of 40 KB is enough for it.
// So what no script needs begins a cell of its own.

/* As in Unicode's stream-safe text (UAX 15). */
const MARKS_MAX = 30;

/* What is known of a character, as a number: state (bits 3 on), width (1 and 2), joins (0). */
const JOINS = 1;
const STATE_SHIFT = 3;

/* The properties of characters by `usual`, another of xterm.js's providers of them. Pure. */
export function boundedMarks(usual) {
	return {
		version: 'bounded',
		wcwidth: (codepoint) => usual.wcwidth(codepoint),
		/* `before` is what this has said of the character before. */
		charProperties(codepoint, before) {
			const properties = usual.charProperties(codepoint, before);
			if (!(properties & JOINS))
				return properties;
			const marks = (before >> STATE_SHIFT) + 1;
			return marks > MARKS_MAX ? properties & ~JOINS : marks << STATE_SHIFT | properties;
		},
	};
}

/* The terminal's own provider can be had by no public way. */
export function boundMarks(terminal) {
	const bounded = boundedMarks(terminal._core.unicodeService._activeProvider);
	terminal.unicode.register(bounded);
	terminal.unicode.activeVersion = bounded.version;
}
