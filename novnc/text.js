// SPDX-License-Identifier: MIT
//
// text - every word that the page shows, from one table a language.
//
// The pages' markup names rows of `labels` in data-text (an element's text) and
// data-label (what a button is called), or of another group as `group.row`; rows of
// `keys` in data-key; endings.js names rows of `words`.
// English is always there; another language's table is loaded when it is wanted.
// A new word is a row in each text_*.js; a test finds what is missing.

import ENGLISH from './text_en.js';

/* Every language besides English, by the first part of its tag (RFC 5646). */
const OTHERS = {
	de: () => import('./text_de.js'),
	es: () => import('./text_es.js'),
	fr: () => import('./text_fr.js'),
	pl: () => import('./text_pl.js'),
	pt: () => import('./text_pt.js'),
};

export const LANGUAGES = ['en', ...Object.keys(OTHERS)];

let table = ENGLISH;

/* The first of the wanted languages that there is, as a row above; else English. Pure. */
export function pickLanguage(wanted) {
	for (const tag of wanted) {
		const language = String(tag).toLowerCase().split('-')[0];
		if (LANGUAGES.includes(language))
			return language;
	}
	return 'en';
}

/*
 * Speak one of `wanted` (navigator.languages) from now on; to be called before any
 * text is asked for. Gives the language; English when its table does not load.
 */
export async function speak(wanted) {
	const language = pickLanguage(wanted);
	try {
		table = language === 'en' ? ENGLISH : (await OTHERS[language]()).default;
		return language;
	} catch {
		return 'en';
	}
}

/*
 * The text of a row, `{name}` replaced by values.name. Asking for a row that
 * does not exist is a mistake of the page and throws.
 */
export function text(group, key, values = {}) {
	const row = table[group]?.[key];
	if (row === undefined)
		throw new Error(`no text ${group}.${key}`);
	return typeof row === 'string'
		? row.replace(/\{(\w+)\}/g, (_, name) => String(values[name]))
		: row;
}

/* A reason of the gateway, which speaks English; one that no row has stays as it is. */
export function reasonText(sentence) {
	return Object.hasOwn(table.reasons, sentence) ? table.reasons[sentence] : sentence;
}

/* The text that markup names: a row of `labels`, or `group.row`. */
export function label(name) {
	const [row, group = 'labels'] = name.split('.').reverse();
	return text(group, row);
}

/* What an element is called: for a screen reader, and for a button's tooltip. */
export function setLabel(element, name) {
	element.setAttribute('aria-label', label(name));
	if (element.tagName === 'BUTTON')
		element.title = label(name);
}

/* The names of a group's rows, for the tests. */
export function rows(group) {
	return Object.keys(table[group]);
}
