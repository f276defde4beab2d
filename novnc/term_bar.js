// SPDX-License-Identifier: MIT
//
// term_bar - the keys that an on-screen keyboard has not.
//
// Ctrl and Alt hold for one key, of the bar or of the keyboard. Arrows repeat.

import { keySequence, modified } from './term_keys.js';

const REPEAT_AFTER_MS = 400;
const REPEAT_MS = 70;

export class KeyBar {
	#view;
	#buttons = {};
	#held = { ctrl: false, alt: false };
	#timer = null;
	#repeated = false;

	/* `bar` is an element with buttons that name a key or a modifier. */
	constructor(bar, view) {
		this.#view = view;
		/* The on-screen keyboard stays with the field that has the focus. */
		bar.addEventListener('mousedown', (e) => e.preventDefault());
		for (const button of bar.querySelectorAll('button'))
			this.#add(button, button.dataset);
		for (const type of ['pointerup', 'pointercancel', 'pointerleave'])
			bar.addEventListener(type, () => clearTimeout(this.#timer));
	}

	/* What is to be sent of what was typed: a key takes what is held with it. */
	typed(data) {
		const { ctrl, alt } = this.#held;
		const changed = ctrl || alt ? modified(data, this.#held) : null;
		if (changed === null)
			return data;
		this.release();
		return changed;
	}

	release() {
		this.#hold('ctrl', false);
		this.#hold('alt', false);
	}

	#add(button, { press, modifier, repeat }) {
		if (modifier) {
			this.#buttons[modifier] = button;
			button.addEventListener('click', () => this.#hold(modifier, !this.#held[modifier]));
			return;
		}
		button.addEventListener('click', () => {
			if (!this.#repeated)
				this.#press(press);
			this.#repeated = false;
		});
		if (repeat !== undefined)
			button.addEventListener('pointerdown', () => this.#repeat(press, REPEAT_AFTER_MS));
	}

	#hold(modifier, on) {
		this.#held[modifier] = on;
		this.#buttons[modifier].setAttribute('aria-pressed', String(on));
	}

	/* The held keys are spent before the view asks for them. */
	#press(key) {
		const sequence = keySequence(key, this.#held, this.#view.applicationKeys);
		this.release();
		this.#view.press(sequence);
	}

	#repeat(key, ms) {
		clearTimeout(this.#timer);
		this.#repeated = ms === REPEAT_MS;
		if (this.#repeated)
			this.#press(key);
		this.#timer = setTimeout(() => this.#repeat(key, REPEAT_MS), ms);
	}
}
