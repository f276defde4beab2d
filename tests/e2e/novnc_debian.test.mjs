// SPDX-License-Identifier: MIT
//
// novnc_debian.test - an unmodified noVNC of somebody else, as novnc_path: Debian 13's 1.6.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { tempDir } from '../lib/temp.mjs';
import { launch, newPage } from './browser.mjs';
import { moves, typeColour } from './guest.mjs';
import { unpackNovnc } from './novnc_deb.mjs';

test("Debian 13's noVNC shows the guest, and its query can't lead it elsewhere", async (t) => {
	let folder;
	try {
		folder = unpackNovnc(tempDir('novnc'));
	} catch (e) {
		t.skip(`Debian 13's suite can't be reached: ${e.message.split('\n')[0]}`);
		return;
	}
	const pve = await startFakePve({ qemu: true });
	t.after(() => pve.stop());
	const gw = await startGateway({ pve, config: { novnc_path: folder } });
	t.after(() => gw.stop());
	const browser = await launch();
	t.after(() => browser.close());
	const { page, complaints } = await newPage(browser);
	const url = await gw.session({ vmid: 100 });
	await page.goto(`${url}?host=203.0.113.1&port=1&path=elsewhere&encrypt=1&password=x`);
	await moves(page);
	await typeColour(page, 4);
	assert.deepEqual(complaints.filter((c) => /Content Security Policy/.test(c)), []);
	assert.deepEqual(pve.violations, []);
});
