// SPDX-License-Identifier: MIT
//
// embed.test - whose pages may show the console, and that a panel that isolates itself may.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';

import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { launch, newPage } from './browser.mjs';
import { atEnd, phase, until } from './fixture.mjs';

/* What makes a panel cross-origin isolated. */
const ISOLATED = {
	'Cross-Origin-Embedder-Policy': 'require-corp', 'Cross-Origin-Opener-Policy': 'same-origin',
};

let pve, browser;

before(async () => {
	pve = await startFakePve();
	browser = await launch();
});

after(async () => {
	await browser?.close();
	await pve?.stop();
});

/* A panel on an origin of its own, which shows url in a frame; the browser's page of it. */
async function panel(t, url, headers = {}, body = '') {
	const server = createServer((req, res) => {
		res.writeHead(200, { 'Content-Type': 'text/html', ...headers });
		res.end(`<!doctype html><title>panel</title>
			<iframe src="${url()}" style="width:900px;height:600px"></iframe>${body}`);
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	atEnd(t, () => server.close());
	const { page, context, complaints } = await newPage(browser);
	atEnd(t, () => context.close());
	const origin = `http://localhost:${server.address().port}`;
	return { page, complaints, origin, show: () => page.goto(`${origin}/`) };
}

async function gateway(t, config = {}) {
	const gw = await startGateway({ pve, config });
	atEnd(t, () => gw.stop());
	return gw;
}

async function frameOf(page) {
	return until(() => page.frames()[1], 'the frame');
}

/* The browser says in the console what it blocks. */
async function isBlocked({ page, complaints }, words) {
	await until(() => complaints.some((c) => words.test(c)), `a complaint like ${words}`);
	const frame = await frameOf(page);
	assert.equal(await frame.evaluate(() => document.querySelector('canvas')), null);
}

describe('a panel that is cross-origin isolated', () => {
	for (const mode of ['direct', 'confirm'])
		test(`shows the console by its link, link_mode ${mode}`, async (t) => {
			const gw = await gateway(t, { link_mode: mode });
			const { url } = await gw.create();
			const p = await panel(t, () => url, ISOLATED);
			await p.show();
			assert.equal(await p.page.evaluate(() => window.crossOriginIsolated), true);
			await phase(await frameOf(p.page), 'connected');
			assert.deepEqual(p.complaints, []);
		});

	test('shows why there is no console', async (t) => {
		const gw = await gateway(t);
		const { url } = await gw.create({ vmid: 102 });
		const p = await panel(t, () => url, ISOLATED);
		await p.show();
		const frame = await frameOf(p.page);
		await frame.waitForFunction(() => /switched off/.test(document.body.textContent));
	});

	test('shows the console, also by way of the redirect to it', async (t) => {
		const gw = await gateway(t);
		const url = await gw.session();
		for (const address of [url, url.slice(0, -1)]) {
			const p = await panel(t, () => address, ISOLATED);
			await p.show();
			assert.equal(await p.page.evaluate(() => window.crossOriginIsolated), true);
			await phase(await frameOf(p.page), 'connected');
			assert.deepEqual(p.complaints, []);
		}
	});

	test('cannot take the page\'s parts for its own', async (t) => {
		const gw = await gateway(t);
		const url = await gw.session();
		const p = await panel(t, () => 'about:blank', {},
			`<script src="${url}console.js"></script><img src="${url}icon.svg">`);
		await p.show();
		await until(() => p.complaints.filter((c) => /ERR_BLOCKED_BY_RESPONSE/.test(c)).length >= 2,
			'both to be blocked');
	});
});

describe('frame_ancestors', () => {
	test('lets in who is listed', async (t) => {
		let url;
		const p = await panel(t, () => url);
		const gw = await gateway(t, { frame_ancestors: ['https://panel.example', p.origin] });
		url = await gw.session();
		await p.show();
		await phase(await frameOf(p.page), 'connected');
	});

	test('keeps out who is not', async (t) => {
		const gw = await gateway(t, { frame_ancestors: ['https://panel.example'] });
		const url = await gw.session();
		const p = await panel(t, () => url);
		await p.show();
		await isBlocked(p, /frame-ancestors/);
	});

	test('says nothing of a console in a window of its own', async (t) => {
		const gw = await gateway(t, { frame_ancestors: ['https://panel.example'] });
		const { page, context } = await newPage(browser);
		atEnd(t, () => context.close());
		await page.goto(await gw.session());
		await phase(page, 'connected');
	});
});
