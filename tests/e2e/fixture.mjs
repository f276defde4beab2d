// SPDX-License-Identifier: MIT
//
// fixture - a browser for a test file, and for each test a stand-in and a page.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { launch, newPage } from './browser.mjs';
import { StandIn } from './stand_in.mjs';

/* What the browser itself writes when a test lets a request fail. */
export const LOAD_FAILED = /^Failed to load resource/;
export const SOCKET_FAILED = /^WebSocket connection to .* failed/;

export const PHONE = {
	viewport: { width: 390, height: 760 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2,
};

/*
 * To be called at the top of a test file. Returns setUp(t, options), which gives
 * { gateway, page } for one test; options:
 *   gateway   properties of the stand-in, set before the page is opened
 *   context   options of the browser's context
 *   url       (gateway) => the address to open
 *   expect    patterns of complaints that the test provokes; any other fails it
 *   prepare   (page) => what to do before the page is opened
 */
export function fixture() {
	let browser = null;

	before(async () => {
		browser = await launch();
	});
	after(() => browser?.close());

	return async function setUp(t, options = {}) {
		const gateway = await StandIn.start();
		const { page, context, complaints } = await newPage(browser, options.context);

		Object.assign(gateway, options.gateway);
		t.after(async () => {
			await context.close();
			await gateway.stop();
			const expected = options.expect ?? [];
			const bad = complaints.filter((c) => !expected.some((e) => e.test(c)));
			assert.deepEqual(bad, []);
			for (const { peer } of gateway.sockets)
				assert.ifError(peer?.error);
		});
		await options.prepare?.(page);
		await page.goto(options.url?.(gateway) ?? gateway.url());
		return { gateway, page };
	};
}

const endings = new WeakMap();

/*
 * What is to be done when a test ends, the latest first: a page is closed before the gateway
 * that it came from stops, or it would complain of that.
 */
export function atEnd(t, end) {
	if (!endings.has(t)) {
		endings.set(t, []);
		t.after(async () => {
			for (const last of endings.get(t).reverse())
				await last();
		});
	}
	endings.get(t).push(end);
}

/* Wait until the page (or frame) is in a phase of connection.js. */
export async function phase(page, wanted) {
	await page.waitForFunction((p) => document.body.dataset.phase === p, wanted);
}

/* Wait until the page is connected and its picture is there. */
export async function connected(page, gateway) {
	await phase(page, 'connected');
	await gateway.peer.ready;
}

/* Which element has the keys: its id, or its name. */
export const active = (page) => page.evaluate(() => document.activeElement.id
	|| document.activeElement.tagName);

/* The keys that have come: a keysym when pressed, negative when released. */
export const keysyms = (gateway) => gateway.peer.received.filter((m) => m.type === 'key')
	.map((m) => (m.down ? m.keysym : -m.keysym));

/* Wait until exactly these keys have come, as keysyms() gives them. */
export async function keysAre(gateway, wanted) {
	await until(() => keysyms(gateway).length >= wanted.length, `keys ${wanted}`);
	assert.deepEqual(keysyms(gateway), wanted);
}

/* Wait until `holds()` gives something; it is asked again whenever time has passed. */
export async function until(holds, what) {
	const deadline = Date.now() + 10000;
	for (;;) {
		const value = await holds();
		if (value)
			return value;
		if (Date.now() > deadline)
			throw new Error(`never came: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}

/* What the card says: title, explanation, reason, countdown and button. */
export function card(page) {
	return page.evaluate(() => {
		const get = (id) => document.getElementById(`card-${id}`);
		return {
			title: get('title').textContent, text: get('text').textContent,
			reason: get('reason').textContent, count: get('count').textContent,
			button: get('button').checkVisibility({ visibilityProperty: true })
				? get('button').textContent : null,
		};
	});
}

/* The colour in the middle of the console's screen: [r, g, b]. */
export function pixel(page) {
	return page.evaluate(() => {
		const canvas = document.querySelector('#screen canvas');
		const probe = new OffscreenCanvas(1, 1)
			.getContext('2d', { willReadFrequently: true });
		const [x, y] = [canvas.width / 2, canvas.height / 2];
		if (canvas.width > 0)
			probe.drawImage(canvas, x, y, 1, 1, 0, 0, 1, 1);
		return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
	});
}
