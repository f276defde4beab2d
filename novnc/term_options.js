// SPDX-License-Identifier: MIT
//
// term_options - the panel for how the terminal looks and reads: nothing is kept.

import { FONT_SIZES } from './settings.js';
import { Sheet } from './sheet.js';

const get = (id) => document.getElementById(id);

export class Options {
	#view;
	#sheet;
	#usual = FONT_SIZES.usual;

	/* `closed()` is called when its user has closed it. */
	constructor(view, closed) {
		this.#view = view;
		this.#sheet = new Sheet('options', (byKey) => {
			if (byKey)
				get('font-larger').focus();
		}, closed);
		get('font-smaller').addEventListener('click', () => this.step(-1));
		get('font-larger').addEventListener('click', () => this.step(1));
		get('screen-reader').addEventListener('click', () => this.#read(!view.screenReader));
	}

	/* The terminal is there, made by these settings. */
	begin(settings) {
		this.#usual = settings.font_size;
		this.#show();
	}

	close() {
		this.#sheet.close();
	}

	/* Make the text larger (1), smaller (-1) or as it was at first (0). */
	step(by) {
		const { least, most } = FONT_SIZES;
		if (this.#view.fontSize === null)
			return;
		const size = by === 0 ? this.#usual : this.#view.fontSize + by;
		this.#view.fontSize = Math.min(Math.max(size, least), most);
		this.#show();
	}

	#read(on) {
		this.#view.screenReader = on;
		this.#show();
	}

	#show() {
		const size = this.#view.fontSize;
		get('font-size').textContent = size;
		get('font-smaller').disabled = size <= FONT_SIZES.least;
		get('font-larger').disabled = size >= FONT_SIZES.most;
		get('screen-reader').setAttribute('aria-checked', String(this.#view.screenReader));
	}
}
