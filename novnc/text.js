// SPDX-License-Identifier: MIT
//
// text - every word that the page shows, from one table a language.
//
// vnc.html names rows of `labels` in data-text (an element's text) and
// data-label (what a button is called); endings.js names rows of `words`.

import { EN as TABLE } from './text_en.js';

/*
 * The text of a row, `{name}` replaced by values.name. Asking for a row that
 * does not exist is a mistake of the page and throws.
 */
export function text(group, key, values = {}) {
	const row = TABLE[group]?.[key];
	if (row === undefined)
		throw new Error(`no text ${group}.${key}`);
	return typeof row === 'string'
		? row.replace(/\{(\w+)\}/g, (_, name) => String(values[name]))
		: row;
}

/* What an element is called: for a screen reader, and for a button's tooltip. */
export function setLabel(element, key) {
	element.setAttribute('aria-label', text('labels', key));
	if (element.tagName === 'BUTTON')
		element.title = text('labels', key);
}

/* The names of a group's rows, for the tests. */
export function rows(group) {
	return Object.keys(TABLE[group]);
}
