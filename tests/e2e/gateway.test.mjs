// SPDX-License-Identifier: MIT
//
// gateway.test - the main job, end to end: a backend's /create, the link, the page, and the
// screen and keyboard of a real QEMU guest, in a real browser, through the real gateway.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';

import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { launch, newPage } from './browser.mjs';
import { card, phase, until } from './fixture.mjs';
import { hasColour, moves, typeColour } from './guest.mjs';

let pve, gw, browser;

before(async () => {
	pve = await startFakePve({ qemu: true });
	gw = await startGateway({ pve });
	browser = await launch();
});

after(async () => {
	await browser?.close();
	assert.equal(await gw?.stop(), 0);
	const violations = pve?.violations;
	await pve?.stop();
	assert.deepEqual(violations, []);
});

/* A link for guest 100, as a backend gets it. */
async function link(fields = {}) {
	const created = await gw.create({ vmid: 100, ...fields });
	assert.equal(created.status, 200, created.text);
	return created.url;
}

/* A new browser page at address; closed when the test ends. */
async function visit(t, address, options = {}) {
	const { page, context, complaints } = await newPage(browser, options);
	t.after(() => context.close());
	await page.goto(address);
	return { page, complaints };
}

describe('a console, end to end', () => {
	test('the link leads to the screen of the guest, and it moves', async (t) => {
		const { page, complaints } = await visit(t, await link());
		await phase(page, 'connected');
		await moves(page);
		assert.match(new URL(page.url()).pathname, /^\/[0-9a-f]{32}\/$/);
		assert.deepEqual(complaints, []);
	});

	test('what is typed reaches the guest, and the guest answers', async (t) => {
		const { page } = await visit(t, await link());
		await phase(page, 'connected');
		await typeColour(page, 2);
		await typeColour(page, 4);
	});

	test('after a cut the picture is back by itself', async (t) => {
		const { page } = await visit(t, await link());
		await phase(page, 'connected');
		await typeColour(page, 1);
		pve.cutConsoles({ vmid: 100 });
		await phase(page, 'reconnecting').catch(() => {}); /* it may be over by then */
		await phase(page, 'connected');
		await hasColour(page, 1);
		await typeColour(page, 3);
	});

	test('a page that is loaded again is back at the console', async (t) => {
		const { page } = await visit(t, await link());
		await phase(page, 'connected');
		await typeColour(page, 5);
		await page.reload();
		await phase(page, 'connected');
		await hasColour(page, 5);
	});

	test('two browsers with a link each share one session', async (t) => {
		const one = await visit(t, await link());
		const two = await visit(t, await link());
		await phase(one.page, 'connected');
		await phase(two.page, 'connected');
		assert.equal(new URL(one.page.url()).port, new URL(two.page.url()).port);
		assert.notEqual(one.page.url(), two.page.url());
		await typeColour(one.page, 4);
		await hasColour(two.page, 4);
	});

	test('a used link says so, and what to do', async (t) => {
		const url = await link();
		await (await visit(t, url)).page.close();
		const { page } = await visit(t, url);
		const text = await page.locator('body').innerText();
		assert.match(text, /Invalid session\./);
		assert.match(text, /new link/i);
	});

	test('a guest that is off says so, and its screen comes when it is on', async (t) => {
		const { page } = await visit(t, await link());
		await phase(page, 'connected');
		await pve.qemu.stop();
		pve.guest(100).stop();
		await until(async () => (await card(page)).title.length > 0
			&& /off/i.test(`${(await card(page)).title} ${(await card(page)).text}`), 'the words');
		await pve.qemu.start();
		pve.guest(100).start();
		await page.locator('#card-button').click();
		await phase(page, 'connected');
		await moves(page);
	});

	test('it works on plain http from another machine, an insecure context', async (t) => {
		const url = (await link()).replace('127.0.0.1', 'console.test');
		const { page } = await newPage(browser).then(({ page: p, context }) => {
			t.after(() => context.close());
			return { page: p };
		});
		/* The location names public_ip; the same console under a name that is not loopback. */
		const res = await gw.openRaw(url.split('/').pop());
		await page.goto(res.location.replace('127.0.0.1', 'console.test'));
		assert.equal(await page.evaluate(() => window.isSecureContext), false);
		await phase(page, 'connected');
		await typeColour(page, 2);
	});

	test('it works inside an iframe of another origin', async (t) => {
		const url = await link();
		const panel = createServer((req, res) => {
			res.setHeader('Content-Type', 'text/html');
			res.end(`<!doctype html><title>panel</title>
				<iframe src="${url}" style="width:900px;height:600px"></iframe>`);
		});
		await new Promise((resolve) => panel.listen(0, '127.0.0.1', resolve));
		t.after(() => panel.close());
		const { page } = await visit(t, `http://localhost:${panel.address().port}/`);
		const frame = await until(() => page.frames()[1], 'the frame');
		await phase(frame, 'connected');
		await moves(frame);
	});

	test('a gateway that stops is told apart, and the page keeps trying', async (t) => {
		const other = await startGateway({ pve });
		const created = await other.create({ vmid: 100 });
		const { page } = await visit(t, created.url);
		await phase(page, 'connected');
		assert.equal(await other.stop(), 0);
		await until(async () => /restart/i.test(JSON.stringify(await card(page))), 'the words');
	});

	test('with TLS the whole way is https and wss', async (t) => {
		const other = await startGateway({ pve, tls: true });
		t.after(() => other.stop());
		const created = await other.create({ vmid: 100 });
		const { page } = await visit(t, created.url, { ignoreHTTPSErrors: true });
		assert.match(page.url(), /^https:/);
		await phase(page, 'connected');
		await typeColour(page, 1);
	});
});
