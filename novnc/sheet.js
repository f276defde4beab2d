// SPDX-License-Identifier: MIT
//
// sheet - a panel over the stage that a tool of the bar opens and closes.
//
// Knows nothing of VNC, so that a page for another kind of console can use it.

const get = (id) => document.getElementById(id);

export class Sheet {
	#panel;
	#tool;
	#opened;
	#closed;

	/*
	 * The panel is the element `name`, its tool `tool-<name>`, its close button
	 * `<name>-close`. opened(byKey) is called when it has opened, to give the keys to a
	 * part of it: always, or when it was opened by the keyboard; closed() when its user
	 * has closed it.
	 */
	constructor(name, opened, closed) {
		this.#panel = get(name);
		this.#tool = get(`tool-${name}`);
		this.#opened = opened;
		this.#closed = closed;
		/* A click that no pointer made has no count. */
		this.#tool.addEventListener('click', (e) => (this.isOpen ? this.leave()
			: this.open(e.detail === 0)));
		this.#panel.addEventListener('keydown', (e) => e.key === 'Escape' && this.leave());
		get(`${name}-close`).addEventListener('click', () => this.leave());
	}

	get isOpen() {
		return !this.#panel.hidden;
	}

	open(byKey) {
		this.#set(true);
		this.#opened(byKey);
	}

	close() {
		this.#set(false);
	}

	leave() {
		this.close();
		this.#closed();
	}

	#set(on) {
		this.#panel.hidden = !on;
		this.#tool.setAttribute('aria-expanded', String(on));
	}
}
