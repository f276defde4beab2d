// SPDX-License-Identifier: MIT
//
// The console page in a browser, for everybody: what axe-core finds in each state and panel, light
// and dark, on a desktop and a phone; languages; zoom; forced colours; less motion.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';

import { LANGUAGES } from '../../novnc/text.js';
import { active, connected, fixture, phase, PHONE, until } from './fixture.mjs';
import { PASSWORD } from './stand_in.mjs';

const setUp = fixture();

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SIZES = { desktop: { viewport: { width: 1280, height: 800 } }, phone: PHONE };
const KEYBOARD = { screen: true, keyboard: true };

/* What axe-core complains of, a line each. */
async function complaints(page) {
	await page.evaluate(AXE);
	const { violations } = await page.evaluate(() => window.axe.run(document, {
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
	}));
	return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html} ${n.any
		.map((c) => c.message)}`));
}

async function openPanel(page, gateway, name) {
	await connected(page, gateway);
	await page.locator(`#tool-${name}`).click();
}

/* Each state of the page: the stand-in's plan, and how to get there. */
const STATES = {
	connected: [KEYBOARD, (page, gateway) => connected(page, gateway)],
	keys: [KEYBOARD, async (page, gateway) => {
		await openPanel(page, gateway, 'keys');
		await page.locator('#keys-modifiers button').nth(0).click();
		await page.locator('#keys-modifiers button').nth(1).dblclick();
	}],
	'text to type': [KEYBOARD, (page, gateway) => openPanel(page, gateway, 'type')],
	'text that cannot be typed': [KEYBOARD, async (page, gateway) => {
		await openPanel(page, gateway, 'type');
		await page.locator('#type-text').fill('日本');
		await page.locator('#type-start').click();
		await page.locator('#type-message.wrong').waitFor();
	}],
	typing: [KEYBOARD, async (page, gateway) => {
		await openPanel(page, gateway, 'type');
		gateway.peer.answering = false;
		await page.locator('#type-text').fill('x'.repeat(100));
		await page.locator('#type-start').click();
		await until(() => gateway.peer.questions === 1, 'the first batch');
	}],
	clipboard: [KEYBOARD, (page, gateway) => openPanel(page, gateway, 'clipboard')],
	waiting: [{ close: 4001, reason: 'The virtual machine was not found.' },
		(page) => phase(page, 'waiting')],
	ended: [{ close: 4000, reason: 'The console\'s time is over.' },
		(page) => phase(page, 'ended')],
	refused: [{ close: 4003, reason: '' }, (page) => phase(page, 'ended')],
};

for (const [size, device] of Object.entries(SIZES))
	for (const colorScheme of ['light', 'dark'])
		describe(`axe-core has nothing to say of a ${size}, ${colorScheme}`, () => {
			for (const [name, [step, reach]] of Object.entries(STATES))
				test(name, async (t) => {
					const { gateway, page } = await setUp(t, {
						gateway: { plan: [step] }, context: { ...device, colorScheme },
					});
					await reach(page, gateway);
					/* What fades in has done so. */
					await page.evaluate(() => Promise.all(document.getAnimations()
						.filter((a) => a.effect.getTiming().iterations === 1)
						.map((a) => a.finished)));
					assert.deepEqual(await complaints(page), []);
				});
		});

/* What sticks out of the window, or out of its own button. */
function overflowing() {
	const shown = [...document.querySelectorAll('#bar *, #stage section *')]
		.filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('svg'));
	const { clientWidth } = document.documentElement;
	const out = shown.filter((e) => {
		const box = e.getBoundingClientRect();
		const wide = e.tagName === 'BUTTON' && e.scrollWidth > e.clientWidth;
		return box.width > 1 && (box.left < 0 || box.right > clientWidth + 0.5 || wide);
	});
	return [document.documentElement.scrollWidth > clientWidth ? 'page' : [],
		out.map((e) => e.outerHTML.slice(0, 100))].flat();
}

for (const language of LANGUAGES)
	test(`in the language ${language} everything fits on a phone of 360 pixels`, async (t) => {
		const { gateway, page } = await setUp(t, {
			gateway: { plan: [KEYBOARD] },
			context: { ...PHONE, locale: language, viewport: { width: 360, height: 740 } },
		});
		await connected(page, gateway);
		assert.equal(await page.evaluate(() => document.documentElement.lang), language);
		for (const name of ['keys', 'type', 'clipboard']) {
			await page.locator(`#tool-${name}`).click();
			assert.deepEqual(await page.evaluate(overflowing), [], name);
			for (const button of await page.locator('#tools button:visible, '
				+ '#stage section button:visible').all())
				assert.ok((await button.boundingBox()).height >= 44, 'a button for a finger');
		}
	});

test('the page speaks the language of its reader, also of the gateway’s reasons', async (t) => {
	const { page } = await setUp(t, {
		gateway: { plan: [{ close: 4003, reason: 'The virtual machine was not found.' }] },
		context: { locale: 'de-AT' },
	});
	await phase(page, 'ended');
	assert.equal(await page.locator('#card-title').textContent(), 'Die Konsole wurde verweigert');
	assert.equal(await page.locator('#card-reason').textContent(),
		'Die virtuelle Maschine wurde nicht gefunden.');
	assert.equal(await page.locator('#card-button').textContent(), 'Erneut versuchen');
	assert.equal(await page.title(), 'Konsole');
	assert.match(await page.locator('#announce').textContent(), /verweigert.*nicht gefunden/);
});

test('only the language that is spoken is loaded', async (t) => {
	const { gateway, page } = await setUp(t, { context: { locale: 'pl-PL' } });
	await phase(page, 'connected');
	assert.deepEqual(gateway.requests.map((r) => /text_(\w+)\.js/.exec(r)?.[1])
		.filter((l) => l).sort(), ['en', 'pl']);
});

test('a language that does not load is replaced by English', async (t) => {
	const { page } = await setUp(t, {
		gateway: { missing: new Set(['text_fr.js']) }, context: { locale: 'fr' },
		expect: [/^Failed to load resource/],
	});
	await phase(page, 'connected');
	assert.equal(await page.locator('#phase').textContent(), 'Connected');
	assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
});

test('zoomed to 200 % and 400 % everything is still there', async (t) => {
	for (const viewport of [{ width: 640, height: 400 }, { width: 320, height: 256 }]) {
		const { gateway, page } = await setUp(t, {
			gateway: { plan: [KEYBOARD] }, context: { viewport },
		});
		await connected(page, gateway);
		for (const name of ['keys', 'type', 'clipboard']) {
			await page.locator(`#tool-${name}`).click();
			assert.deepEqual(await page.evaluate(overflowing), [], `${viewport.width} ${name}`);
			const last = page.locator(`#${name} button:visible`).last();
			await last.scrollIntoViewIfNeeded();
			assert.ok((await last.boundingBox()).y < viewport.height, 'it can be reached');
		}
	}
});

test('no page forbids to zoom', () => {
	const html = readFileSync(new URL('../../novnc/vnc.html', import.meta.url), 'utf8');
	assert.doesNotMatch(html, /maximum-scale|user-scalable/);
});

test('with forced colours what is pressed and what is on can be told', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { plan: [KEYBOARD] }, context: { forcedColors: 'active' },
	});
	await openPanel(page, gateway, 'keys');
	const looks = () => page.locator('#keys-modifiers button').evaluateAll((buttons) =>
		buttons.map((b) => ['backgroundColor', 'borderColor', 'color', 'borderWidth']
			.map((p) => getComputedStyle(b)[p]).join()));
	await page.locator('#keys-modifiers button').nth(0).click();
	await page.locator('#keys-modifiers button').nth(1).dblclick();
	await page.locator('#keys-modifiers-hint').hover();
	const [once, locked, off] = await looks();
	assert.equal(new Set([once, locked, off]).size, 3, [once, locked, off].join('\n'));
	const dot = () => page.locator('#dot').evaluate((e) => getComputedStyle(e).backgroundColor);
	assert.notEqual(await dot(), await page.evaluate(() =>
		getComputedStyle(document.getElementById('bar')).backgroundColor));
});

test('who wants less motion gets none', async (t) => {
	const { page } = await setUp(t, {
		gateway: { plan: [{ close: 4001 }] }, context: { reducedMotion: 'reduce' },
	});
	await phase(page, 'waiting');
	assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
});

test('by keyboard alone: out of the screen, through all tools, into a panel and back', async (t) => {
	const { gateway, page } = await setUp(t, { gateway: { plan: [KEYBOARD] } });
	await connected(page, gateway);
	assert.equal(await active(page), 'CANVAS');
	for (const key of ['Control', 'Alt', 'Shift'])
		await page.keyboard.down(key);
	for (const key of ['Shift', 'Alt', 'Control'])
		await page.keyboard.up(key);
	const seen = [await active(page)];
	while (await active(page) !== 'tool-fullscreen') {
		await page.keyboard.press('Tab');
		seen.push(await active(page));
	}
	assert.deepEqual(seen, ['tool-keys', 'tool-type', 'tool-clipboard', 'tool-ctrlaltdel',
		'tool-picture', 'tool-fullscreen']);
	for (const name of ['keys', 'type', 'clipboard']) {
		await page.locator(`#tool-${name}`).focus();
		await page.keyboard.press('Enter');
		assert.equal(await page.evaluate((id) => document.getElementById(id)
			.contains(document.activeElement), name), true, name);
		await page.keyboard.press('Escape');
		assert.equal(await active(page), 'CANVAS');
	}
});

test('a change is said once, and a countdown not at all', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { plan: [{ close: 4001 }], mandatory: { password: PASSWORD } },
		prepare: (p) => p.addInitScript(() => {
			window.said = [];
			document.addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
				window.said.push(document.getElementById('announce').textContent);
			}).observe(document.getElementById('announce'), { childList: true }));
		}),
	});
	await until(() => gateway.count('vnc-proxy') >= 3, 'three tries');
	const said = await page.evaluate(() => window.said);
	assert.equal(said.filter((words) => /switched off/.test(words)).length, 1, said.join('\n'));
	assert.equal(said.some((words) => /\d/.test(words)), false);
});
