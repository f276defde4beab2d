// SPDX-License-Identifier: MIT
//
// What an opening costs Proxmox: which calls are made, and over how many connections.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shows, useWorld } from './world.mjs';

/* What Proxmox is asked from now on: the last word of each path. */
function listen(pve) {
	const from = pve.requests.length;
	return () => pve.requests.slice(from).map((r) => r.path.split('/').at(-1));
}

async function picture(w, url) {
	const c = await w.gw.console(url);
	await shows(c);
	c.ws.destroy();
}

describe('the first browser of a link', () => {
	const w = useWorld({ pve: { nodes: ['pve', 'pve2'] }, pool: 20 });

	test('asks for its console and nothing else; the next one looks again', async () => {
		const asked = listen(w.pve);
		const url = await w.gw.session({ vmid: 101 });
		assert.deepEqual(asked(), ['ticket', 'current']);
		await picture(w, url);
		assert.deepEqual(asked().slice(2), ['vncproxy', 'vncwebsocket']);
		await picture(w, url);
		assert.deepEqual(asked().slice(4), ['current', 'vncproxy', 'vncwebsocket']);
	});

	test('of another link to the same session does so, too', async () => {
		const url = await w.gw.session({ vmid: 105 });
		await picture(w, url);
		const asked = listen(w.pve);
		await picture(w, await w.gw.session({ vmid: 105 }));
		assert.deepEqual(asked(), ['current', 'vncproxy', 'vncwebsocket']);
	});

	test('hears that the guest is off, when it was stopped after the link', async () => {
		const url = await w.gw.session({ vmid: 103 });
		await w.pve.guest(103).stop();
		assert.equal((await (await w.gw.websocket(url)).closed()).code, 4001);
		await w.pve.guest(103).start();
		await picture(w, url);
	});

	test('has its picture when the guest has moved since the link', async () => {
		const url = await w.gw.session({ vmid: 104 });
		w.pve.guest(104).migrate('pve2');
		const asked = listen(w.pve);
		await picture(w, url);
		assert.equal(asked()[0], 'vncproxy');
		assert.ok(asked().includes('current'));
		await w.gw.logged(/vm:pve:104\S*: the guest has moved to node pve2/);
	});

	test('of a container looks whether it runs, since its screen would not tell', async () => {
		const url = await w.gw.session({ vmid: 200 });
		const asked = listen(w.pve);
		await picture(w, url);
		assert.deepEqual(asked(), ['current', 'vncproxy', 'vncwebsocket']);
		const other = await w.gw.session({ vmid: 202 });
		await w.pve.guest(202).stop();
		assert.equal((await (await w.gw.websocket(other)).closed()).code, 4001);
	});
});
