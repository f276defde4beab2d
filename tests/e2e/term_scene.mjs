// SPDX-License-Identifier: MIT
//
// term_scene - a terminal page for a test, and what to ask of it.

import { fixture, phase, until } from './fixture.mjs';

/* What the gateway pins for a terminal. */
export const MANDATORY = {
	console: 'term', autoconnect: true, reconnect: true, path: 'term-proxy', host: '', port: '',
	encrypt: false,
};

/* As fixture(), for the terminal page. */
export function termFixture() {
	const setUp = fixture();
	return (t, options = {}) => setUp(t, {
		...options,
		gateway: {
			page: 'term.html', mandatory: MANDATORY, plan: [{ term: true, say: '$ ' }],
			...options.gateway,
		},
	});
}

/* The lines that can be seen, without blanks at their ends. */
export function screen(page) {
	return page.evaluate(() => [...document.querySelectorAll('.xterm-rows > div')]
		.map((row) => row.textContent.replaceAll('\u00a0', ' ').trimEnd()));
}

/* Wait until a line that matches can be seen, as long as the page's patience lasts. */
export async function shows(page, pattern) {
	await page.waitForFunction((source) =>
		[...document.querySelectorAll('.xterm-rows > div')].some((row) =>
			new RegExp(source).test(row.textContent.replaceAll('\u00a0', ' ').trimEnd())),
	pattern.source);
}

/* Wait until the page is connected, and the terminal has said something. */
export async function connected(page, pattern = /\$/) {
	await phase(page, 'connected');
	await shows(page, pattern);
}

/* Wait until exactly this was typed since the beginning. */
export async function typedIs(gateway, wanted) {
	await until(() => gateway.peer.typed.length >= wanted.length,
		`${JSON.stringify(wanted)}, not ${JSON.stringify(gateway.peer.typed)}`);
	if (gateway.peer.typed !== wanted)
		throw new Error(`typed ${JSON.stringify(gateway.peer.typed)}`);
}

/* Where a text is on the page: the middle of its first character. */
export function placeOf(page, words) {
	return page.evaluate((wanted) => {
		for (const row of document.querySelectorAll('.xterm-rows > div')) {
			const at = row.textContent.replaceAll('\u00a0', ' ').indexOf(wanted);
			if (at < 0)
				continue;
			const cell = document.querySelector('.xterm-screen').clientWidth
				/ Math.round(document.querySelector('.xterm-screen').clientWidth
					/ parseFloat(getComputedStyle(row).fontSize) / 0.602);
			const { left, top, height } = row.getBoundingClientRect();
			return { x: left + (at + 0.5) * cell, y: top + height / 2 };
		}
		return null;
	}, words);
}

/* What active() says when the terminal has the keys. */
export const TERMINAL = 'TEXTAREA';
