// SPDX-License-Identifier: MIT
//
// key_panel - the panel with keys that a browser keeps for itself, or a phone has not.

import { MODIFIERS } from './modifiers.js';
import { Sheet } from './sheet.js';
import { text } from './text.js';

const get = (id) => document.getElementById(id);

/* Every key of the panel: its keysym and its place (KeyboardEvent.code). */
const KEYS = {
	...Object.fromEntries(Object.entries(MODIFIERS)
		.map(([name, { keysym, code }]) => [name, [keysym, code]])),
	esc: [0xff1b, 'Escape'],
	tab: [0xff09, 'Tab'],
	enter: [0xff0d, 'Enter'],
	backspace: [0xff08, 'Backspace'],
	insert: [0xff63, 'Insert'],
	del: [0xffff, 'Delete'],
	home: [0xff50, 'Home'],
	end: [0xff57, 'End'],
	pageup: [0xff55, 'PageUp'],
	pagedown: [0xff56, 'PageDown'],
	left: [0xff51, 'ArrowLeft'],
	up: [0xff52, 'ArrowUp'],
	down: [0xff54, 'ArrowDown'],
	right: [0xff53, 'ArrowRight'],
	print: [0xff61, 'PrintScreen'],
	...Object.fromEntries(Array.from({ length: 12 },
		(_, i) => [`f${i + 1}`, [0xffbe + i, `F${i + 1}`]])),
};

const SIGNS = { backspace: '⌫', left: '←', up: '↑', down: '↓', right: '→' };
const F_KEYS = Object.keys(KEYS).filter((name) => /^f\d/.test(name));

/* The panel's groups: each button is keys that are pressed together. */
const GROUPS = {
	combinations: [['ctrl', 'alt', 'del'], ['alt', 'tab'], ['alt', 'f4'], ['win']],
	keys: [['esc'], ['tab'], ['enter'], ['backspace'], ['insert'], ['del'], ['home'], ['end'],
		['pageup'], ['pagedown'], ['left'], ['up'], ['down'], ['right'], ['print']],
	functions: F_KEYS.map((name) => [name]),
	terminals: F_KEYS.map((name) => ['ctrl', 'alt', name]),
};

/* What a key is called. */
const called = (name) => (/^f\d/.test(name) ? name.toUpperCase() : text('keys', name));

/* Press keys one after the other, and let them go the other way round. */
export function chord(names, send) {
	for (const name of names)
		send(...KEYS[name], true);
	for (const name of [...names].reverse())
		send(...KEYS[name], false);
}

export class KeyPanel {
	#sheet;
	#modifiers = {};
	#buttons = [];

	/*
	 * `send(keysym, code, down)` sends a key to the console, `press(name)` is called when
	 * the button of a modifier is pressed, `closed()` when the panel was closed by its
	 * user.
	 */
	constructor(send, press, closed) {
		/* Pressed by a pointer, it leaves the keys with the screen. */
		this.#sheet = new Sheet('keys', (byKey) => byKey && this.#modifiers.ctrl.focus(),
			closed);
		get('keys').addEventListener('mousedown', (e) => e.preventDefault());
		for (const name of Object.keys(MODIFIERS))
			this.#modifiers[name] = this.#add('modifiers', called(name), () => press(name));
		for (const [group, chords] of Object.entries(GROUPS))
			for (const names of chords)
				this.#addChord(group, names, send);
		for (const name of Object.keys(MODIFIERS))
			this.show(name, 'off');
	}

	/* Show that a modifier is off, held once, or locked. */
	show(name, state) {
		const button = this.#modifiers[name];
		button.setAttribute('aria-pressed', String(state !== 'off'));
		button.dataset.state = state;
		button.setAttribute('aria-label', text('held', state, { key: called(name) }));
		button.title = text('held', state, { key: called(name) });
	}

	/* Whether there is a console to send to. */
	enable(on) {
		for (const button of this.#buttons)
			button.disabled = !on;
	}

	close() {
		this.#sheet.close();
	}

	#addChord(group, names, send) {
		const one = names.at(-1);
		const label = names.map(called).join('+');
		const shows = group === 'terminals' ? called(one) : SIGNS[one] ?? label;
		const button = this.#add(group, shows, () => chord(names, send));

		if (shows !== label) {
			button.setAttribute('aria-label', label);
			button.title = label;
		}
	}

	#add(group, label, press) {
		const button = document.createElement('button');
		button.type = 'button';
		button.textContent = label;
		button.addEventListener('click', press);
		get(`keys-${group}`).append(button);
		this.#buttons.push(button);
		return button;
	}
}
