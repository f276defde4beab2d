// SPDX-License-Identifier: MIT
//
// touch - the on-screen keyboard of phones and tablets, and the room it leaves.
//
// The keyboard belongs to a text field that nobody sees. Real keys pressed in it
// go through the VNC client's own keyboard module; edits are compared (typing.js).

import { difference, keysymOf } from './typing.js';

const XK_BACKSPACE = 0xff08;

/* Something to erase: an empty field reports no backspaces. */
const PADDING = '_'.repeat(64);
const LENGTH_MAX = 4 * PADDING.length;

async function loadKeys() {
	const [keyboard, keysyms] = await Promise.all([
		import('./core/input/keyboard.js'),
		import('./core/input/keysymdef.js'),
	]);
	return { Keyboard: keyboard.default, lookup: keysyms.default.lookup };
}

/*
 * Let `button` show and hide the on-screen keyboard of `field`. `current()` gives
 * the VNC client or null, `changed()` is called when the keyboard comes and goes.
 */
export function touchKeyboard(field, button, current, changed) {
	const coarse = window.matchMedia('(any-pointer: coarse)');
	let before = '';

	function offer() {
		button.hidden = !coarse.matches;
	}

	function restart() {
		field.value = before = PADDING;
		field.setSelectionRange(before.length, before.length);
	}

	function edited(lookup) {
		const { erase, type } = difference(before, field.value);
		for (let i = 0; i < erase; i++)
			current()?.sendKey(XK_BACKSPACE, 'Backspace');
		for (const character of type)
			current()?.sendKey(keysymOf(character, lookup), null);
		before = field.value;
		if (before.length === 0 || before.length > LENGTH_MAX)
			restart();
	}

	function toggled(on) {
		button.setAttribute('aria-pressed', String(on));
		changed();
	}

	offer();
	coarse.addEventListener('change', offer);
	button.addEventListener('click', () => {
		if (document.activeElement === field) {
			field.blur();
		} else {
			restart();
			field.focus({ preventScroll: true });
		}
	});
	field.addEventListener('focus', () => toggled(true));
	field.addEventListener('blur', () => toggled(false));
	loadKeys().then(({ Keyboard, lookup }) => {
		const keyboard = new Keyboard(field);
		keyboard.onkeyevent = (...key) => current()?.sendKey(...key);
		keyboard.grab();
		field.addEventListener('input', () => edited(lookup));
	}).catch(() => {});     /* screen.js loads the same files and tells */
}

/*
 * Keep `app` inside what the on-screen keyboard leaves: browsers that lay it over
 * the page say so only here. A page that was zoomed is left alone.
 */
export function followViewport(app) {
	const view = window.visualViewport;

	function follow() {
		const zoomed = Math.abs(view.scale - 1) > 0.01;
		app.style.height = zoomed ? '' : `${view.height}px`;
		app.style.top = zoomed ? '' : `${view.offsetTop}px`;
	}

	if (!view)
		return;
	view.addEventListener('resize', follow);
	view.addEventListener('scroll', follow);
	follow();
}
