// SPDX-License-Identifier: MIT
//
// term_touch - fingers on the terminal: it scrolls, and a tap calls the keyboard.

/* Let a finger that moves on `target` scroll the view. */
export function touchScroll(target, view) {
	let last = null;
	let rest = 0;           /* of a line */
	let moved = false;

	target.addEventListener('touchstart', ({ touches }) => {
		last = touches.length === 1 ? touches[0].clientY : null;
		rest = 0;
		moved = false;
	}, { passive: true });
	target.addEventListener('touchmove', (e) => {
		if (last === null || e.touches.length !== 1)
			return;
		const [touch] = e.touches;
		rest += (last - touch.clientY) / view.lineHeight;
		last = touch.clientY;
		const lines = Math.trunc(rest);
		if (lines !== 0) {
			moved = true;
			rest -= lines;
			view.scroll(lines, touch);
		}
	}, { passive: true });
	/* What has scrolled is no tap. */
	target.addEventListener('touchend', (e) => moved && e.cancelable && e.preventDefault());
}

/* Let `button` call and dismiss the on-screen keyboard, where there may be one. */
export function keyboardTool(button, view) {
	const coarse = window.matchMedia('(any-pointer: coarse)');
	const hasKeys = () => document.activeElement === view.field;

	function offer() {
		button.hidden = !coarse.matches;
	}

	offer();
	coarse.addEventListener('change', offer);
	button.addEventListener('click', () => (hasKeys() ? view.field.blur() : view.focus()));
	for (const type of ['focusin', 'focusout'])
		document.addEventListener(type, () => queueMicrotask(() =>
			button.setAttribute('aria-pressed', String(view.field !== null && hasKeys()))));
}
