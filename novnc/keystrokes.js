// SPDX-License-Identifier: MIT
//
// keystrokes - text as keys pressed and released, in batches that a machine can take. Pure.
//
// The keyboard of a machine queues 16 bytes, and what comes while it is full is lost. A
// key costs a byte when it is pressed and one when it is released, AltGr two.

import { keysymOf } from './typing.js';

const SHIFT = { keysym: 0xffe1, code: 'ShiftLeft', bytes: 1 };
const ALTGR = { keysym: 0xfe03, code: 'AltRight', bytes: 2 };

/* Half the queue: the batch before may still be in it. */
const BATCH_BYTES = 8;

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
	bytes = 0;
	#held = new Set();

	#set(modifier, down) {
		if (this.#held.has(modifier) === down)
			return;
		this.events.push(press(modifier, down));
		this.bytes += modifier.bytes;
		if (down)
			this.#held.add(modifier);
		else
			this.#held.delete(modifier);
	}

	add(keys) {
		for (const one of keys) {
			this.#set(ALTGR, one.altgr);
			this.#set(SHIFT, one.shift);
			this.events.push(press(one, true), press(one, false));
			this.bytes += 2;
		}
		this.characters++;
	}

	/* Nothing is left held: a typist who stops between two batches leaves no trace. */
	end() {
		this.#set(SHIFT, false);
		this.#set(ALTGR, false);
		return { events: this.events, characters: this.characters };
	}

	/* The bytes that it would have, ended after these keys. */
	bytesWith(keys) {
		const copy = new Batch();
		copy.bytes = this.bytes;
		copy.#held = new Set(this.#held);
		copy.add(keys);
		copy.end();
		return copy.bytes;
	}
}

/* Strokes → batches: [{ events: [{ keysym, code, down }], characters }]. */
export function batchesOf(strokes) {
	const batches = [];
	let batch = new Batch();

	for (const keys of strokes) {
		if (batch.characters > 0 && batch.bytesWith(keys) > BATCH_BYTES) {
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
