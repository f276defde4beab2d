// SPDX-License-Identifier: MIT
//
// The words of the console page: every language has every one of them.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { LANGUAGES, pickLanguage, reasonText, speak, text } from '../../novnc/text.js';

const PAGE = new URL('../../novnc/', import.meta.url);
const END_TABLE = new URL('../../session/end_tbl.h', import.meta.url);

/* Characters that fit where a group's rows are shown; what a card explains may be long. */
const FITS = { phases: 18, actions: 36, title: 60, explanation: 180, reasons: 90 };

async function tables() {
	return Promise.all(LANGUAGES.map(async (language) => ({
		language, table: (await import(`../../novnc/text_${language}.js`)).default,
	})));
}

/* Every text of a table: [its place, the text], the titles and explanations apart. */
function* textsOf(table) {
	for (const [group, rows] of Object.entries(table))
		for (const [key, row] of Object.entries(rows))
			for (const [i, value] of [row].flat().entries())
				yield [`${group}.${key}${Array.isArray(row) ? `.${i}` : ''}`, value];
}

const placeholders = (value) => [...value.matchAll(/\{\w+\}/g)].map(String).sort().join();

/* What a customer can read in a Close frame: a row of the gateway's table with a code. */
function closeReasons() {
	const rows = readFileSync(END_TABLE, 'utf8')
		.matchAll(/X\(END_\w+, "[^"]*", "[^"]*", \d+, (\d+), "([^"]*)"\)/g);
	return new Set([...rows].filter(([, code]) => code !== '0').map(([, , words]) => words));
}

test('every language has the same rows, with the same placeholders', async () => {
	const all = await tables();
	const english = new Map(textsOf({ ...all[0].table, reasons: {} }));
	assert.ok(english.size > 60);
	for (const { language, table } of all) {
		const words = new Map(textsOf({ ...table, reasons: {} }));
		assert.deepEqual([...words.keys()], [...english.keys()], language);
		for (const [place, value] of words) {
			assert.equal(placeholders(value), placeholders(english.get(place)),
				`${language} ${place}`);
			assert.equal(value === '', english.get(place) === '', `${language} ${place}`);
			assert.equal(value, value.trim(), `${language} ${place}`);
		}
	}
});

test('every language has every reason with which the gateway closes, and no other', async () => {
	const reasons = closeReasons();
	assert.ok(reasons.size > 20);
	for (const { language, table } of await tables())
		if (language !== 'en')
			assert.deepEqual(new Set(Object.keys(table.reasons)), reasons, language);
});

test('no word is longer than the place where it is shown', async () => {
	for (const { language, table } of await tables()) {
		for (const [group, most] of Object.entries(FITS))
			for (const [key, row] of Object.entries(table[group] ?? {}))
				assert.ok(row.length <= most, `${language} ${group}.${key}: ${row.length}`);
		for (const [key, [title, explanation]] of Object.entries(table.words)) {
			assert.ok(title.length <= FITS.title, `${language} ${key}: ${title}`);
			assert.ok(explanation.length <= FITS.explanation, `${language} ${key}`);
		}
	}
});

test('each text_*.js is a language that can be chosen', () => {
	const files = readdirSync(PAGE).filter((f) => /^text_\w+\.js$/.test(f));
	assert.deepEqual(files.map((f) => f.slice(5, -3)), [...LANGUAGES].sort());
});

test('the first language of the browser that there is gets chosen, else English', () => {
	assert.equal(pickLanguage(['nl-NL', 'de-AT', 'fr']), 'de');
	assert.equal(pickLanguage(['pt-BR']), 'pt');
	assert.equal(pickLanguage(['FR-ca']), 'fr');
	assert.equal(pickLanguage(['en-GB', 'de']), 'en');
	for (const odd of [[], [''], ['x'], ['constructor'], ['__proto__'], [undefined], ['den']])
		assert.equal(pickLanguage(odd), 'en');
});

test('a reason is told in the language of its reader, an unknown one as it came', async () => {
	const sentence = 'The virtual machine was not found.';
	assert.equal(reasonText(sentence), sentence);
	assert.equal(await speak(['de-DE']), 'de');
	assert.equal(reasonText(sentence), 'Die virtuelle Maschine wurde nicht gefunden.');
	assert.equal(text('actions', 'countdown', { seconds: 3 }), 'Neuer Versuch in 3 s');
	for (const unknown of ['Maintenance.', '', 'constructor', '__proto__'])
		assert.equal(reasonText(unknown), unknown);
	assert.equal(await speak(['en']), 'en');
	assert.equal(reasonText(sentence), sentence);
	assert.equal(text('actions', 'countdown', { seconds: 3 }), 'Trying again in 3 s');
});
