// SPDX-License-Identifier: MIT
//
// keystrokes - text as keys pressed and released, in batches. Pure.

import { keysymOf } from './typing.js';

const SHIFT = { keysym: 0xffe1, code: 'ShiftLeft' };
const ALTGR = { keysym: 0xfe03, code: 'AltRight' };

/* Key events: a machine that stands still for a moment has two batches in its keyboard. */
const BATCH_EVENTS = 8;

/* One way to end a line, and each character in one piece. */
function tidy(value) {
	return value.replace(/\r\n?/g, '\n').normalize('NFC');
}

/*
 * Find the keys for a text: { strokes, missing }. `strokes` has a list of keys for each
 * character, from `keysFor(character)`; `missing` is the first one for which that has
 * none, { character, line } with the lines counted from 1, or null.
 */
export function strokesFor(value, keysFor) {
	const strokes = [];
	let line = 1;

	for (const character of tidy(value)) {
		const keys = keysFor(character);
		if (!keys)
			return { strokes, missing: { character, line } };
		strokes.push(keys);
		if (character === '\n')
			line++;
	}
	return { strokes, missing: null };
}

function press({ keysym, code }, down) {
	return { keysym, code, down };
}

/* Collects the key events of some characters; what is held stays so for as long as it can. */
class Batch {
	events = [];
	characters = 0;
	#held = new Set();

	#set(modifier, down) {
		if (this.#held.has(modifier) === down)
			return;
		this.events.push(press(modifier, down));
		if (down)
			this.#held.add(modifier);
		else
			this.#held.delete(modifier);
	}

	add(keys) {
		for (const one of keys) {
			const wanted = [[SHIFT, one.shift], [ALTGR, one.altgr]];
			/* What is let go first: the two together are a third thing. */
			for (const [modifier, down] of wanted.sort(([, a], [, b]) => a - b))
				this.#set(modifier, down);
			this.events.push(press(one, true), press(one, false));
		}
		this.characters++;
	}

	/* Nothing is left held: a typist who stops between two batches leaves no trace. */
	end() {
		this.#set(SHIFT, false);
		this.#set(ALTGR, false);
		return { events: this.events, characters: this.characters };
	}

	/* How many events it would have, ended after these keys. */
	sizeWith(keys) {
		const copy = new Batch();
		copy.#held = new Set(this.#held);
		copy.add(keys);
		return this.events.length + copy.end().events.length;
	}
}

/* Strokes → batches: [{ events: [{ keysym, code, down }], characters }]. */
export function batchesOf(strokes) {
	const batches = [];
	let batch = new Batch();

	for (const keys of strokes) {
		if (batch.characters > 0 && batch.sizeWith(keys) > BATCH_EVENTS) {
			batches.push(batch.end());
			batch = new Batch();
		}
		batch.add(keys);
	}
	if (batch.characters > 0)
		batches.push(batch.end());
	return batches;
}

/*
 * The key of a character for a server that takes characters and knows nothing of keys:
 * those of containers, which type Latin-1 and nothing else.
 */
export function plainKey(character, lookup) {
	const latin = /[\t\n -~\u00a0-\u00ff]/.test(character);
	const keysym = latin && keysymOf(character, lookup);
	return latin ? [{ keysym, code: null, shift: false, altgr: false }] : null;
}
