// SPDX-License-Identifier: MIT
//
// clipboard - the panel with the text that goes to and comes from the console.
//
// The browser's own clipboard is never read: that needs a permission which a page
// on plain http, or inside another site's frame, cannot get. People paste into the
// panel. Copying out of it falls back to the selection for the same reason.

import { setLabel, text } from './text.js';

const COPIED_MS = 2000;

const get = (id) => document.getElementById(id);

export class ClipboardPanel {
	#panel = get('clipboard');
	#tool = get('tool-clipboard');
	#field = get('clipboard-text');
	#send = get('clipboard-send');
	#copy = get('clipboard-copy');
	#enabled = false;
	#timer = null;
	#closed;

	/*
	 * `send(text)` is called to send to the console, `closed()` when the panel was
	 * closed by its user. `selection()` gives what it has when it opens, '' for what
	 * it had before.
	 */
	constructor(send, closed, selection = () => '') {
		this.#closed = closed;
		this.#tool.addEventListener('click', () => {
			if (this.#panel.hidden)
				this.propose(selection() || this.#field.value);
			else
				this.#leave();
		});
		this.#panel.addEventListener('keydown', (e) => e.key === 'Escape' && this.#leave());
		get('clipboard-close').addEventListener('click', () => this.#leave());
		this.#field.addEventListener('input', () => this.#setButtons());
		this.#copy.addEventListener('click', () => this.#copyOut());
		this.#send.addEventListener('click', () => {
			send(this.#field.value);
			this.#leave();
		});
	}

	/* Text has come from the console. */
	received(value) {
		this.#field.value = value;
		this.#setButtons();
		if (this.#panel.hidden)
			this.#setNews(true);
	}

	/* Open the panel with a text, for its user to look at. */
	propose(value) {
		this.#field.value = value;
		this.#field.dispatchEvent(new Event('input'));
		this.#open();
	}

	/* Whether there is a console to send to. */
	enable(on) {
		this.#enabled = on;
		this.#setButtons();
	}

	close() {
		this.#panel.hidden = true;
		this.#tool.setAttribute('aria-expanded', 'false');
	}

	#open() {
		this.#panel.hidden = false;
		this.#tool.setAttribute('aria-expanded', 'true');
		this.#setNews(false);
		this.#field.focus();
		this.#field.select();
	}

	#leave() {
		this.close();
		this.#closed();
	}

	#setNews(on) {
		setLabel(this.#tool, on ? 'clipboard_new' : 'clipboard');
		this.#tool.classList.toggle('news', on);
	}

	#setButtons() {
		const empty = this.#field.value === '';
		this.#send.disabled = !this.#enabled || empty;
		this.#copy.disabled = empty;
	}

	async #copyOut() {
		const key = await copyText(this.#field) ? 'clipboard_copied' : 'clipboard_by_hand';
		this.#copy.textContent = text('labels', key);
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => {
			this.#copy.textContent = text('labels', 'clipboard_copy');
		}, COPIED_MS);
	}
}

/*
 * Copy a field's text, or leave it selected for its reader. Tells which. The old
 * way comes first: it works everywhere, where the new one is a complaint on the
 * browser's console in another site's frame, and does not exist on plain http.
 */
export async function copyText(field) {
	field.focus();
	field.select();
	if (document.execCommand('copy'))
		return true;
	try {
		await navigator.clipboard.writeText(field.value);
		return true;
	} catch {
		return false;
	}
}
