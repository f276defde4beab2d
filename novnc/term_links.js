// SPDX-License-Identifier: MIT
//
// term_links - links in the terminal: where they lead is told before they open.
//
// The words of a link that a program makes (OSC 8) may say anything, so its reader
// is asked. A link that is an address opens at once. Both are of the web only
// (term_view.js), in a tab of their own that cannot reach this one.

const get = (id) => document.getElementById(id);

export class Links {
	#dialog = get('ask');
	#hint = get('hint');
	#target = null;

	/* `closed()` is called when the question is answered. */
	constructor(closed) {
		get('ask-open').addEventListener('click', () => {
			open(this.#target);
			this.#dialog.close();
		});
		get('ask-cancel').addEventListener('click', () => this.#dialog.close());
		this.#dialog.addEventListener('close', closed);
	}

	/* Of the view. */
	hovered(target) {
		this.#hint.textContent = target ?? '';
	}

	/* Of the view. */
	pressed(target, isShown) {
		if (isShown)
			return open(target);
		this.#target = target;
		get('ask-target').textContent = target;
		this.#dialog.showModal();
	}
}

function open(target) {
	window.open(target, '_blank', 'noopener,noreferrer');
}
