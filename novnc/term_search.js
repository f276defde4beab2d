// SPDX-License-Identifier: MIT
//
// term_search - the bar that searches the terminal and what was scrolled away.
//
// It begins at the newest line. Return goes back in time, with Shift it comes on.

import { Sheet } from './sheet.js';
import { text } from './text.js';

const get = (id) => document.getElementById(id);

export class SearchBar {
	#view;
	#field = get('search-text');
	#exact = get('search-case');
	#count = get('search-count');
	#sheet;

	/* `closed()` is called when its user has closed it. */
	constructor(view, closed) {
		this.#view = view;
		this.#sheet = new Sheet('search', () => this.#begin(), () => {
			view.endSearch();
			closed();
		});
		this.#field.addEventListener('input', () => this.#find(true, true));
		this.#field.addEventListener('keydown', (e) => {
			if (e.key === 'Enter' && !e.isComposing)
				this.#find(!e.shiftKey);
		});
		get('search-back').addEventListener('click', () => this.#find(true));
		get('search-on').addEventListener('click', () => this.#find(false));
		this.#exact.addEventListener('click', () => {
			this.#exact.setAttribute('aria-pressed', String(!this.#isExact));
			this.#find(true, true);
		});
	}

	open() {
		this.#sheet.open();
	}

	close() {
		this.#sheet.close();
		this.#view.endSearch();
	}

	/* Of the view: where the search is. */
	found(at, count) {
		if (this.#field.value === '')
			this.#count.textContent = '';
		else if (count === 0)
			this.#count.textContent = text('terminal', 'search_none');
		else
			this.#count.textContent = at === null ? `${count}+` : `${at} / ${count}`;
	}

	/* With what is selected as the words, if that is one line. */
	#begin() {
		const { selection } = this.#view;
		if (selection !== '' && !/[\r\n]/.test(selection))
			this.#field.value = selection;
		this.#field.focus();
		this.#field.select();
		if (this.#field.value !== '')
			this.#find(true, true);
	}

	get #isExact() {
		return this.#exact.getAttribute('aria-pressed') === 'true';
	}

	#find(back, anew = false) {
		this.#view.find(this.#field.value, { caseSensitive: this.#isExact, back, anew });
		if (this.#field.value === '')
			this.found(null, 0);
	}
}
