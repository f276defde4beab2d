// SPDX-License-Identifier: MIT
//
// With which credentials a console opens: passwords are everywhere else; here API tokens, codes
// of a second factor, and several hosts of one cluster.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { INVALID, shows, useWorld } from './world.mjs';

const NOBODY = '127.0.0.3'; /* nobody listens there */
const CODE = '123456';

/* The fields of a link by a token of the fake Proxmox's own user. */
function byToken({ pve }, name, fields = {}) {
	return { username: undefined, password: undefined, token_id: `${pve.user}!${name}`,
		token_secret: pve.users[pve.user].tokens[name].secret, ...fields };
}

function byCode({ pve }, fields = {}) {
	return { username: 'tfa@pve', password: pve.users['tfa@pve'].password, otp: CODE, ...fields };
}

/* Opens a link that leads nowhere: its page. */
async function fails({ gw }, fields) {
	const { token, text } = await gw.create(fields);
	assert.ok(token, text);
	return { token, res: await gw.openRaw(token) };
}

describe('a console opens by an API token', () => {
	const world = useWorld({ pool: 20 });
	beforeEach(() => world.pve.forget());

	test('without a login, a cookie or a CSRF token', async () => {
		const { gw, pve } = world;
		await shows(await gw.console(await gw.session(byToken(world, 'gw', { vmid: 101 }))));
		assert.deepEqual(pve.logins, []);
		assert.ok(pve.requests.length >= 3);
		for (const { path, headers, auth } of pve.requests) {
			assert.equal(auth, `${pve.user}!gw`, path);
			assert.equal(headers.cookie, undefined, path);
			assert.equal(headers.csrfpreventiontoken, undefined, path);
		}
	});

	test('that comes as a user name and a password', async () => {
		const { gw, pve } = world;
		const { token_id: username, token_secret: password } = byToken(world, 'gw');
		await shows(await gw.console(await gw.session({ username, password, vmid: 103 })));
		assert.deepEqual(pve.logins, []);
	});

	test('whose rights are its own', async () => {
		const { gw } = world;
		await shows(await gw.console(await gw.session(byToken(world, 'narrow', { vmid: 101 }))));
		const { res } = await fails(world, byToken(world, 'narrow', { vmid: 104 }));
		assert.equal(res.status, 502);
	});

	test('and not by a wrong one, which stands nowhere', async () => {
		const { gw, pve } = world;
		const token_secret = '00000000-1111-4222-8333-444444444444';
		pve.records.secret(token_secret);
		const { res } = await fails(world, byToken(world, 'gw', { token_secret, vmid: 105 }));
		assert.equal(res.status, 502);
		await gw.logged(/\[ERROR\].*vncuser@pve!gw: .*401/);
		assert.deepEqual(pve.logins, []);
	});
});

describe('a code of a second factor', () => {
	const world = useWorld({ pool: 20 });
	beforeEach(() => world.pve.forget());

	test('goes with the password in one call', async () => {
		const { gw, pve } = world;
		await shows(await gw.console(await gw.session(byCode(world, { vmid: 101 }))));
		assert.deepEqual(pve.logins.map(({ how, ok }) => [how, ok]), [['otp', true]]);
	});

	test('is asked for where it is missing, and the link is spent', async () => {
		const { gw, pve } = world;
		const { token, res } = await fails(world, byCode(world, { otp: undefined, vmid: 103 }));
		assert.equal(res.status, 502);
		await gw.logged(/\[ERROR\].*tfa@pve: account needs a second factor/);
		assert.match((await gw.openRaw(token)).text, INVALID);
		assert.deepEqual(pve.logins.map(({ how }) => how), ['half']);
	});

	test('is tried once when it is wrong', async () => {
		const { gw, pve } = world;
		const { token, res } = await fails(world, byCode(world, { otp: '654321', vmid: 104 }));
		assert.equal(res.status, 502);
		assert.match((await gw.openRaw(token)).text, INVALID);
		assert.deepEqual(pve.logins.map(({ ok }) => ok), [false]);
	});

	test('is spent when nobody knows what became of it', async () => {
		const { gw, pve } = world;
		pve.faults.ticket = { close: true, times: 1 };
		const { token, res } = await fails(world, byCode(world, { vmid: 105 }));
		assert.equal(res.status, 502);
		assert.match((await gw.openRaw(token)).text, INVALID);
		assert.equal(pve.requests.filter(({ path }) => path.endsWith('/access/ticket')).length, 1);
	});

	test('is good for later when nobody was there to see it', async () => {
		const { gw, pve } = world;
		pve.faults.accept = { close: true };
		const { token, res } = await fails(world, byCode(world, { vmid: 106 }));
		assert.equal(res.status, 502);
		pve.faults.accept = null;
		await shows(await gw.console(await gw.open(token)));
	});
});

describe('of several hosts', () => {
	const world = useWorld({ pool: 20 });
	beforeEach(() => world.pve.forget());

	test('the first that is there opens the console, and the log tells the others', async () => {
		const { gw, pve } = world;
		const hostname = [NOBODY, pve.host];
		const url = await gw.session({ hostname, vmid: 101 });
		await shows(await gw.console(url));
		await shows(await gw.console(url));
		await gw.logged(/\[DEBUG\] POST \/api2\/json\/access\/ticket: 0 in \d+ ms at 127\.0\.0\.3\n/);
		/* The one that answered is the one that is asked from then on. */
		assert.equal((await gw.fullLog()).split(` at ${NOBODY}\n`).length - 1, 1);
		await gw.logged(new RegExp(`vncproxy: 200 in \\d+ ms at ${pve.host}\n`));
	});

	test('none that is there leaves the link usable, and each is in the log', async () => {
		const { gw } = world;
		const { token, res } = await fails(world, { hostname: [NOBODY, '127.0.0.4'], vmid: 103 });
		assert.equal(res.status, 502);
		assert.match(res.text, /[Tt]ry again/);
		await gw.logged(/\[ERROR\].*127\.0\.0\.4 .*; before that: login: .*127\.0\.0\.3 /);
		assert.doesNotMatch((await gw.openRaw(token)).text, INVALID);
	});

	test('one that shows a wrong certificate is not passed over', async () => {
		const { gw, pve } = world;
		pve.setCert(['other-ca', 'good']);
		const { res } = await fails(world, { hostname: [pve.host, 'localhost'], vmid: 104 });
		pve.setCert('good');
		assert.equal(res.status, 502);
		await gw.logged(/\[ERROR\].*certificate of 127\.0\.0\.1:\d+ not accepted/);
		assert.equal(pve.handshakes.length, 1);
	});
});
