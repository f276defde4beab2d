// SPDX-License-Identifier: MIT
//
// panel - the bar and the card of a console page: shows the state of a connection.
//
// Knows nothing of VNC, so that a page for another kind of console can use it.

import { label, reasonText, setLabel, speak, text } from './text.js';

/* Fill in the texts that the page's markup names, in the language of its reader. */
export async function fillTexts() {
	document.documentElement.lang = await speak(navigator.languages);
	for (const element of document.querySelectorAll('[data-text]'))
		element.textContent = label(element.dataset.text);
	for (const element of document.querySelectorAll('[data-label]'))
		setLabel(element, element.dataset.label);
	for (const element of document.querySelectorAll('[data-key]'))
		element.textContent = text('keys', element.dataset.key);
}

/*
 * Returns { show(state) }, which takes a state of connection.js; `act(action)` is
 * called when the card's button is pressed.
 */
export function statePanel(act) {
	const get = (id) => document.getElementById(id);
	const button = get('card-button');
	let shown = { action: null };
	let announced = '';

	/* Said once a change, not once a second. */
	function announce(message) {
		if (message === announced)
			return;
		announced = message;
		get('announce').textContent = message;
	}

	function count({ phase, seconds }) {
		if (phase === 'waiting')
			return text('actions', 'countdown', { seconds });
		return phase === 'reconnecting' ? text('actions', 'trying') : '';
	}

	function show(state) {
		const [title, explanation] = text('words', state.words);
		const phase = text('phases', state.phase);
		const reason = reasonText(state.reason);
		const connected = state.phase === 'connected';

		shown = state;
		document.body.dataset.phase = state.phase;
		get('phase').textContent = phase;
		get('card').hidden = connected;
		get('card-title').textContent = title;
		get('card-text').textContent = explanation;
		get('card-reason').textContent = reason;
		get('card-count').textContent = count(state);
		if (state.action)
			button.textContent = text('actions', state.action);
		button.hidden = state.action === null && state.phase !== 'reconnecting';
		button.classList.toggle('unseen', state.action === null);
		announce(connected ? phase : `${title}. ${explanation} ${reason}`.trim());
	}

	button.addEventListener('click', () => shown.action && act(shown.action));
	return { show };
}

/* Let `button` switch full screen; hidden where the browser does not allow it. */
export function fullScreen(button) {
	const icon = button.querySelector('use');

	button.hidden = !document.fullscreenEnabled;
	button.addEventListener('click', () => {
		const change = document.fullscreenElement
			? document.exitFullscreen() : document.documentElement.requestFullscreen();
		change.catch(() => {});     /* refused: everything stays as it is */
	});
	document.addEventListener('fullscreenchange', () => {
		const on = document.fullscreenElement !== null;
		setLabel(button, on ? 'fullscreen_off' : 'fullscreen');
		icon.setAttribute('href', `#icon-${on ? 'reduce' : 'enlarge'}`);
	});
}
