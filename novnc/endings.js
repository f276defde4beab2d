// SPDX-License-Identifier: MIT
//
// endings - what the end of a connection means: which words, and what next. Pure.
//
// An ending is { next, words, reason }: `next` is one of
//   retry  the page tries again by itself, after a pause
//   ask    the page stops, and offers a button to try again
//   over   the session is over: the page stops asking for good
//   reload the page itself is not whole: only loading it again can help
// `words` is a row of text.js, `reason` what the gateway says in its Close frame.

const CLOSE_CODES = {
	1001: ['retry', 'restart'],
	4000: ['over', 'ended'],
	4001: ['retry', 'off'],
	4002: ['retry', 'host'],
	4003: ['ask', 'refused'],
	4004: ['ask', 'limit'],
	4005: ['over', 'admin'],
};

const CAUSES = {
	password: ['ask', 'password'],
	nothing: ['over', 'nothing'],
	gone: ['over', 'gone'],
	silent: ['ask', 'silent'],
	unreachable: ['retry', 'unreachable'],
	broken: ['reload', 'broken'],
};

const REASON_MAX = 200;

/* A reason fit to be shown: one line of ordinary characters, not endless. */
function tidy(reason) {
	return String(reason ?? '').replace(/[\p{C}\s]+/gu, ' ').trim().slice(0, REASON_MAX);
}

/*
 * The ending for a websocket that closed with `code`; `connected` tells whether
 * the screen had been there. A private code that this page does not know is the
 * gateway's word that it is over; anything else is a lost connection.
 */
export function endingOfClose(code, reason, connected) {
	if (code in CLOSE_CODES || (code >= 4000 && code <= 4999)) {
		const [next, words] = CLOSE_CODES[code] ?? ['over', 'closed'];
		return { next, words, reason: tidy(reason) };
	}
	return { next: 'retry', words: connected ? 'lost' : 'failed', reason: '' };
}

/* The ending for what the page itself found out; `cause` is a row above. */
export function endingOfCause(cause) {
	const [next, words] = CAUSES[cause];
	return { next, words, reason: '' };
}

/* Every row of words that an ending can have, for the tests. */
export function allEndingWords() {
	const rows = [...Object.values(CLOSE_CODES), ...Object.values(CAUSES)];
	return [...new Set([...rows.map(([, words]) => words), 'lost', 'failed', 'closed'])];
}
