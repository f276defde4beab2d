// SPDX-License-Identifier: MIT
//
// term_paste - what may go from a clipboard to a terminal, and back. Pure.

/* More than this is no text that somebody copied. */
const OFFER_MAX = 256 * 1024;

/*
 * Text fit to be typed: a control character in it could end the program's bracketed
 * paste, or press keys that nobody sees. Line ends are those of the Return key.
 */
export function cleanPaste(text) {
	return text.replace(/\r\n?|\n/g, '\r')
		.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, '');
}

/* Whether a shell may run it, or a part, before anybody presses Return. */
export function hasLineEnd(text) {
	return /[\r\n]/.test(text);
}

/*
 * The text that a program wants in the clipboard, by OSC 52: the parameters of that
 * sequence, `c;<base64>`. null when it asks for the clipboard's content, which no
 * program gets, or is not text.
 */
export function offeredText(parameters) {
	const [, base64] = /^[a-z0-9]*;([A-Za-z0-9+/]+=*)$/.exec(parameters) ?? [];
	if (!base64 || base64.length > OFFER_MAX)
		return null;
	try {
		const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
		return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
	} catch {
		return null;
	}
}

/* The address of a link that may be opened, as it is; null for any other. */
export function linkTarget(text) {
	try {
		const url = new URL(text);
		return ['http:', 'https:'].includes(url.protocol) ? url.href : null;
	} catch {
		return null;
	}
}
