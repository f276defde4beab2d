// SPDX-License-Identifier: MIT
//
// type_panel - the panel whose text is typed on the console's keyboard.
//
// For places that no clipboard reaches: a login, the BIOS, an installer.

import { batchesOf, plainKey, strokesFor } from './keystrokes.js';
import { LAYOUTS, loadLayout, readLayout, usualLayout } from './layouts.js';
import { Sheet } from './sheet.js';
import { text } from './text.js';
import { typeBatches } from './typist.js';
import { keysymOf } from './typing.js';

const get = (id) => document.getElementById(id);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* What cannot be seen is shown as its number. */
function shown(character) {
	const visible = !/^[\p{C}\p{Z}\p{M}]$/u.test(character);
	const number = character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
	return visible ? character : `U+${number}`;
}

export class TypePanel {
	#sheet;
	#screen;
	#ready;
	#field = get('type-text');
	#layout = get('type-layout');
	#speed = get('type-speed');
	#start = get('type-start');
	#typing = null;         /* of the text that is being typed: an AbortController */
	#enabled = false;

	/*
	 * `screen()` gives the Screen of now or null, `ready()` is called before anything is
	 * typed, to let go what is held, and `closed()` when the panel was closed by its user.
	 */
	constructor(screen, ready, closed) {
		this.#screen = screen;
		this.#ready = ready;
		this.#sheet = new Sheet('type', () => this.#opened(), () => {
			this.stop();
			closed();
		});
		for (const name of LAYOUTS)
			this.#layout.add(new Option(text('layouts', name), name));
		this.#layout.value = usualLayout(navigator.language);
		this.#field.addEventListener('input', () => {
			this.#say('');
			this.#setButtons();
		});
		this.#layout.addEventListener('change', () => this.#say(''));
		this.#start.addEventListener('click', () => this.#type());
		get('type-cancel').addEventListener('click', () => this.stop());
	}

	/* Whether there is a console to type at. */
	enable(on) {
		this.#enabled = on;
		if (!on)
			this.stop();
		this.#showLayouts();
		this.#setButtons();
	}

	/* Stop typing, if something is being typed. */
	stop() {
		this.#typing?.abort();
	}

	close() {
		this.stop();
		this.#sheet.close();
	}

	#opened() {
		this.#showLayouts();
		this.#field.focus();
		this.#field.select();
	}

	/* A server that is sent characters has no use for a layout. */
	#showLayouts() {
		const screen = this.#screen();
		get('type-where').hidden = screen !== null && !screen.takesKeys;
	}

	#setButtons() {
		const typing = this.#typing !== null;
		this.#field.readOnly = typing;
		this.#layout.disabled = this.#speed.disabled = typing;
		this.#start.disabled = typing || !this.#enabled || this.#field.value === '';
		get('type-progress').hidden = !typing;
		get('type-cancel').hidden = !typing;
	}

	#say(message, wrong = false) {
		const line = get('type-message');
		line.textContent = message;
		line.classList.toggle('wrong', wrong);
		this.#field.setAttribute('aria-invalid', String(wrong));
	}

	async #type() {
		const typing = new AbortController();
		const layout = this.#layout.value;
		this.#typing = typing;
		this.#setButtons();
		try {
			const { strokes, missing } = await this.#keysOf(layout);
			if (missing)
				this.#refuse(missing, layout);
			else
				await this.#run(strokes, typing.signal);
		} catch {
			this.#say(text('typed', 'broken'), true);
		}
		this.#typing = null;
		this.#setButtons();
		this.#field.focus();
	}

	/* The keys for the text, on the machine's keyboard or for a server without one. */
	async #keysOf(layout) {
		const { lookup } = (await import('./core/input/keysymdef.js')).default;
		if (!this.#screen()?.takesKeys)
			return strokesFor(this.#field.value, (c) => plainKey(c, lookup));
		const keys = readLayout(await loadLayout(layout), (c) => keysymOf(c, lookup));
		return strokesFor(this.#field.value, (c) => keys.get(c));
	}

	#refuse({ character, line }, layout) {
		const values = { character: shown(character), line, layout: text('layouts', layout) };
		const at = this.#field.value.indexOf(character);
		this.#say(text('typed', this.#screen()?.takesKeys ? 'missing' : 'missing_here', values),
			true);
		if (at >= 0)
			this.#field.setSelectionRange(at, at + character.length);
	}

	async #run(strokes, signal) {
		const screen = this.#screen();
		const total = strokes.length;
		const progress = (done) => {
			get('type-bar').value = done / total;
			get('type-count').textContent = text('typed', 'count', { done, total });
		};

		progress(0);
		this.#say('');
		get('type-cancel').focus();
		this.#ready();
		const done = await typeBatches(batchesOf(strokes), this.#speed.value, signal, {
			send: (...key) => screen?.rfb?.sendKey(...key),
			answered: () => screen?.answered(),
			wait, progress,
		});
		if (done < total)
			return this.#say(text('typed', 'stopped', { done, total }), true);
		this.#say(text('typed', 'all', { total }));
		this.#field.value = '';
	}
}
