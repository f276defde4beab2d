// SPDX-License-Identifier: MIT
//
// focus - who gets the keys: the console's screen, or the page around it.
//
// The screen takes every key, Tab as well; Ctrl, Alt and Shift together lead out.

import { text } from './text.js';

const MODIFIERS = ['Control', 'Alt', 'Shift'];

export class Focus {
	#screen;
	#tools;
	#current;

	/* `screen` and `tools` are elements, `current()` gives what has focus(), or null. */
	constructor(screen, tools, current) {
		this.#screen = screen;
		this.#tools = tools;
		this.#current = current;
		screen.addEventListener('keydown', (e) => this.#leave(e), true);
		screen.addEventListener('focusout', releaseKeys);
		/* A press with the mouse on the bar leaves the keys where they are. */
		tools.addEventListener('mousedown', (e) => e.preventDefault());
	}

	toScreen() {
		this.#current()?.focus({ preventScroll: true });
	}

	/* A VNC client's screen has come: Tab can reach it, and it gets the keys. */
	screenIsThere() {
		const canvas = this.#screen.querySelector('canvas');
		canvas.tabIndex = 0;
		canvas.setAttribute('role', 'application');
		canvas.setAttribute('aria-label', text('labels', 'screen'));
		this.takeKeys();
	}

	/* The screen gets the keys if nobody minds. */
	takeKeys() {
		if (this.#mayTake())
			this.toScreen();
	}

	/* Not from somebody who writes in this page, or in the page around this frame. */
	#mayTake() {
		const active = document.activeElement;
		if (active && active !== document.body && !active.closest('#card'))
			return false;
		return window.top === window || document.hasFocus();
	}

	/* AltGr counts as Ctrl+Alt in some systems, and with Shift it types characters. */
	#leave(e) {
		if (!MODIFIERS.includes(e.key) || !e.ctrlKey || !e.altKey || !e.shiftKey
			|| e.getModifierState('AltGraph'))
			return;
		e.preventDefault();
		e.stopPropagation();
		this.#tools.querySelector('button:not([hidden]):not([disabled])')?.focus();
	}
}

/* The VNC client lets keys go when the window loses the keys, but not the screen. */
function releaseKeys() {
	window.dispatchEvent(new Event('blur'));
}
