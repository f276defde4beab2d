// SPDX-License-Identifier: MIT
//
// confirm.test - link_mode confirm in a real browser: the page opens its link by itself, without
// script by its button, in a frame of a panel, and is not in the way of the back button.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';

import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { launch, newPage } from './browser.mjs';
import { atEnd, phase, until } from './fixture.mjs';

const SESSION = /\/[0-9a-f]{32}\/$/;
const CONFIRM = { link_mode: 'confirm' };

let pve, browser;

before(async () => {
	pve = await startFakePve();
	browser = await launch();
});

after(async () => {
	await browser?.close();
	await pve?.stop();
});

/* A gateway of a test, and a link of it as a backend gets it. */
async function open(t, options = {}) {
	const gw = await startGateway({ pve, ...options, config: { ...CONFIRM, ...options.config } });
	atEnd(t, () => gw.stop());
	const created = await gw.create();
	assert.equal(created.status, 200, created.text);
	return { gw, url: created.url };
}

/* What the console says of plain http from another machine. */
const INSECURE = /secure context/i;

/* A page that is closed, and had nothing else to complain of, when the test ends. */
async function blank(t, options) {
	const { page, context, complaints } = await newPage(browser, options);
	atEnd(t, async () => {
		await context.close();
		assert.deepEqual(complaints.filter((text) => !INSECURE.test(text)), []);
	});
	return page;
}

/* A panel on another origin that shows the link in a frame. */
async function panel(t, url, attributes = '') {
	const server = createServer((req, res) => {
		res.setHeader('Content-Type', 'text/html');
		res.end(`<!doctype html><title>panel</title><link rel="icon" href="data:,">
			<iframe src="${url}" ${attributes} style="width:900px;height:600px"></iframe>`);
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	server.unref();
	atEnd(t, () => server.close());
	return `http://localhost:${server.address().port}/`;
}

describe('a link that is to be confirmed', () => {
	test('opens its console by itself, and back leads to where one came from', async (t) => {
		const { url } = await open(t);
		const page = await blank(t);
		await page.goto(await panel(t, 'about:blank'));
		await page.evaluate((to) => (location.href = to), url);
		await phase(page, 'connected');
		assert.match(page.url(), SESSION);
		await page.goBack();
		assert.equal(await page.title(), 'panel');
	});

	test('opens its console inside a frame of another origin', async (t) => {
		const { url } = await open(t);
		const page = await blank(t);
		await page.goto(await panel(t, url));
		await phase(await until(() => page.frames()[1], 'the frame'), 'connected');
	});

	test('opens its console in a sandbox that allows forms', async (t) => {
		const { url } = await open(t);
		const page = await blank(t);
		await page.goto(await panel(t, url,
			'sandbox="allow-scripts allow-same-origin allow-forms"'));
		await phase(await until(() => page.frames()[1], 'the frame'), 'connected');
	});

	test('opens its console by the button where there is no script', async (t) => {
		const { url } = await open(t);
		const page = await blank(t, { javaScriptEnabled: false });
		await page.goto(url);
		assert.match(await page.locator('body').innerText(), /opens a console, once/);
		await page.locator('button').click();
		await page.waitForURL(SESSION);
	});

	test('leads to sessions on another host', async (t) => {
		const { gw } = await open(t, { config: { public_ip: 'console.test' } });
		gw.reload({ public_url: gw.url });
		await gw.logged(/configuration read again/);
		const page = await blank(t);
		await page.goto((await gw.create()).url);
		await phase(page, 'connected');
		assert.match(page.url(), SESSION);
		assert.equal(new URL(page.url()).hostname, 'console.test');
	});

	test('works over TLS', async (t) => {
		const { url } = await open(t, { tls: true });
		const page = await blank(t, { ignoreHTTPSErrors: true });
		await page.goto(url);
		await phase(page, 'connected');
	});

	test('that was used says so', async (t) => {
		const { url } = await open(t);
		const page = await blank(t);
		await page.goto(url);
		await phase(page, 'connected');
		await page.goto(url);
		await page.getByText('Invalid session.').first().waitFor();
	});
});
