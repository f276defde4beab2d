// SPDX-License-Identifier: MIT
//
// modifiers - Ctrl, Alt, Shift and the Windows key as buttons: held for the next key
// ("once"), or until they are let go ("locked"). Pure.
//
// One that is held for the next key is pressed just before that and released with it, so
// that nothing happens to a machine while nobody types. Stands between those who send keys
// and the VNC client.

export const MODIFIERS = {
	ctrl: { keysym: 0xffe3, code: 'ControlLeft' },
	alt: { keysym: 0xffe9, code: 'AltLeft' },
	shift: { keysym: 0xffe1, code: 'ShiftLeft' },
	win: { keysym: 0xffeb, code: 'MetaLeft' },
};

const NEXT = { off: 'once', once: 'locked', locked: 'off' };

/* Keysyms of modifiers, X's block of them and AltGr: they are not the next key. */
const isModifier = (keysym) => (keysym >= 0xffe1 && keysym <= 0xffee)
	|| keysym === 0xfe03 || keysym === 0xff7e;

export class Modifiers {
	#states = Object.fromEntries(Object.keys(MODIFIERS).map((name) => [name, 'off']));
	#send = null;           /* to the VNC client of now, or null */
	#next = null;           /* the key that is pressed with what is held once */
	#changed;

	/* `changed(name, state)` is called with off, once or locked. */
	constructor(changed) {
		this.#changed = changed;
	}

	/*
	 * Stand before `send(keysym, code, down)` of a new connection; gives what to use
	 * instead. What was held for the connection before is forgotten.
	 */
	before(send) {
		this.#send = null;
		this.release();
		this.#send = send;
		return (keysym, code, down) => this.#key(keysym, code, down);
	}

	/* The button of a modifier was pressed: once for the next key, twice to hold it. */
	press(name) {
		const state = NEXT[this.#states[name]];
		if (state === 'locked')
			this.#set(name, true);
		else if (state === 'off')
			this.#set(name, false);
		this.#enter(name, state);
	}

	/* Let all of them go. */
	release() {
		for (const [name, state] of Object.entries(this.#states)) {
			if (state === 'locked' || (state === 'once' && this.#next !== null))
				this.#set(name, false);
			if (state !== 'off')
				this.#enter(name, 'off');
		}
		this.#next = null;
	}

	#enter(name, state) {
		this.#states[name] = state;
		this.#changed(name, state);
	}

	#set(name, down) {
		const { keysym, code } = MODIFIERS[name];
		this.#send?.(keysym, code, down);
	}

	#once() {
		return Object.keys(this.#states).filter((name) => this.#states[name] === 'once');
	}

	#key(keysym, code, down) {
		const key = code ?? keysym;
		if (down === true && this.#next === null && !isModifier(keysym)
			&& this.#once().length > 0) {
			this.#next = key;
			for (const name of this.#once())
				this.#set(name, true);
		}
		this.#send?.(keysym, code, down);
		if (down === false && key === this.#next) {
			this.#next = null;
			for (const name of this.#once()) {
				this.#set(name, false);
				this.#enter(name, 'off');
			}
		}
	}
}
