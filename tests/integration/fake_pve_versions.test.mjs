// SPDX-License-Identifier: MIT
//
// The fake Proxmox keeps its promises: what differs by version, API tokens, second factors.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startFakePve, VERSIONS } from '../fake_pve/fake_pve.mjs';
import { PveClient } from '../lib/pve_client.mjs';
import { WsRefused } from '../lib/ws.mjs';

const QUICK = { unauthorizedMs: 100, freezeMs: 500 };
const LXC = { type: 'lxc' };
const TFA = 'tfa@pve';

const open = [];

async function fake(options = {}) {
	const p = await startFakePve({ timings: QUICK, ...options });
	open.push(p);
	return p;
}

async function client(target, user = target.user) {
	const made = new PveClient(target, { user, password: target.users[user].password });
	await made.login();
	return made;
}

function tokenClient(target, name, secret = target.users['vncuser@pve'].tokens[name].secret) {
	return new PveClient(target, { token: `vncuser@pve!${name}=${secret}` });
}

function reason(res) {
	return `${res.status} ${res.reason}`;
}

after(async () => {
	for (const p of open)
		await p.stop();
});

test('an unknown version is refused', async () => {
	await assert.rejects(startFakePve({ version: '6.4' }), /unknown version/);
});

for (const [version, traits] of Object.entries(VERSIONS)) {
	describe(`Proxmox VE ${version}`, () => {
		let p;
		let c;
		before(async () => {
			p = await fake({ version });
			c = await client(p);
		});

		test('GET /version says so', async () => {
			assert.equal((await c.call('GET', '/version')).data.release, version);
		});

		test('errors have a message in the body, or not', async () => {
			const res = await c.call('GET', '/nodes/pve/qemu/200/status/current');
			const message = "Configuration file 'nodes/pve/qemu-server/200.conf' does not exist";
			assert.equal(reason(res), `500 ${message}`);
			assert.deepEqual(res.json, traits.message ? { data: null, message: `${message}\n` }
				: { data: null });
		});

		test('the words of a 401', async () => {
			const texts = traits.innerTexts ? ['permission denied - invalid PVE ticket',
				"no such token 'nix' for user 'vncuser@pve'", 'invalid token value!',
				"token 'gw' access expired"] : Array(4).fill('Authentication failed!');
			const tokens = p.users['vncuser@pve'].tokens;
			const strange = new PveClient(p);
			Object.assign(strange, { ticket: 'PVE:nonsense', csrf: 'x' });
			const said = [];
			for (const k of [strange, tokenClient(p, 'nix', 'x'), tokenClient(p, 'gw', 'x')])
				said.push((await k.call('GET', '/version')).reason);
			tokens.gw.expired = true;
			said.push((await tokenClient(p, 'gw').call('GET', '/version')).reason);
			delete tokens.gw.expired;
			assert.deepEqual(said, texts);
		});

		test('vncproxy: the password, the ticket, and what they are bound to', async () => {
			const { data } = await c.vncproxy(101);
			if (traits.hardened) {
				assert.ok(data.ticket.startsWith(`${data.password}:PVEVNC:`));
			} else {
				assert.equal(data.password, undefined);
				assert.match(data.ticket, /^PVEVNC:6/);
			}
			p.advance(1000);
			const other = (await c.vncproxy(101)).data;
			const crossed = c.websocket(101, { ...data, port: other.port });
			if (traits.hardened) {
				await assert.rejects(crossed, (e) => e instanceof WsRefused && e.status === 401);
			} else {
				(await crossed).destroy();
				assert.match(p.violations.pop(), /with the ticket of another console/);
			}
			const { rfb, ws } = await c.console(101);
			assert.equal(rfb.name, 'QEMU (guest-101)');
			ws.destroy();
		});

		test('websocket=1 is needed, or not; generate-password is understood', async () => {
			const fields = { 'generate-password': 1 };
			if (traits.hardened) {
				await assert.rejects(c.console(101, { fields }), /no usable security type/);
				assert.match(p.violations.pop(), /without websocket=1/);
				return;
			}
			const { reply, ws } = await c.console(101, { fields });
			assert.equal(reply.password.length, 8);
			ws.destroy();
			await assert.rejects(c.console(200, { ...LXC, fields: {} }), /no usable security/);
			assert.match(p.violations.pop(), /vncproxy of 200 without websocket=1/);
		});

		test('bodies up to a limit', async () => {
			const post = async (bytes) => {
				const res = await c.call('POST', '/nodes/pve/qemu/101/vncproxy',
					`websocket=1&_dc=${'x'.repeat(bytes - 16)}`);
				return res.status;
			};
			assert.equal(await post(traits.maxBody), 200);
			assert.equal(await post(traits.maxBody + 1), 501);
			assert.match(p.violations.pop(), /501 for data too large/);
		});

		test('API tokens: VNC of guests, never of nodes', async () => {
			const t = tokenClient(p, 'gw');
			for (const [vmid, opts] of [[101, {}], [200, LXC]]) {
				const { ws, reply } = await t.console(vmid, opts);
				assert.equal(reply.user, 'vncuser@pve!gw');
				ws.destroy();
			}
			assert.equal(reason(await t.vncproxy(null)),
				"500 value 'vncuser@pve!gw' does not look like a valid user name");
		});

		for (const [what, vmid, opts] of [['a container', 200, LXC], ['a guest', 300, {}]]) {
			const good = traits.termTokens === 'all';
			test(`terminals by token: ${what} ${good ? 'yes' : 'no'}`, async () => {
				const { ok, ws } = await tokenClient(p, 'gw').terminal(vmid, opts);
				assert.equal(ok, good);
				if (!good)
					await ws.closed();
				assert.equal(ws.totalBytes > 0, good);
				ws.destroy();
				assert.equal((await c.terminal(vmid, opts)).ok, true, 'a user may');
			});
		}

		test('terminals of nodes: whose they are, and what is said to others', async () => {
			const byToken = await tokenClient(p, 'gw').termproxy(null);
			const byUser = await c.termproxy(null);
			assert.equal(reason(byToken), traits.termTokens === 'none'
				? "500 value 'vncuser@pve!gw' does not look like a valid user name" : '200 OK');
			assert.equal(reason(byUser), traits.pamShells
				? '403 Permission check failed (realm != pam)' : '200 OK');
			assert.equal((await (await client(p, 'root@pam')).terminal(null)).ok, true);
			if (traits.termTokens !== 'none')
				assert.equal((await tokenClient(p, 'gw').terminal(null)).ok, true);
		});

		test('a terminal takes another ticket of the same guest, or not', async () => {
			const first = (await c.termproxy(200, LXC)).data;
			p.advance(1000);
			const second = (await c.termproxy(200, LXC)).data;
			assert.notEqual(first.ticket, second.ticket);
			const ws = await c.websocket(200, first, LXC);
			ws.send(`${second.user}:${second.ticket}\n`);
			const said = await ws.read(2).then((b) => b.toString(), () => null);
			assert.equal(said, traits.hardened ? null : 'OK');
			ws.destroy();
		});

		test('no violation is left', () => assert.deepEqual(p.violations, []));
	});
}

describe('second factors', () => {
	const as = (p) => new PveClient(p, { user: TFA, password: p.users[TFA].password });

	test('200 with NeedTFA and a half ticket that opens nothing', async () => {
		const p = await fake();
		const c = as(p);
		const res = await c.login();
		assert.equal(res.status, 200);
		assert.equal(res.data.NeedTFA, 1);
		assert.equal(res.data.cap, undefined);
		assert.match(res.data.ticket, /^PVE:!tfa!\{"totp"%3Atrue\}:[0-9A-F]{8}::/);
		assert.equal((await c.call('GET', '/version')).status, 401);
		const half = res.data.ticket;
		const answer = { 'tfa-challenge': half, password: 'totp:123456' };
		const status = async (more) => (await as(p).login(more)).status;
		assert.equal(await status({ ...answer, otp: '1' }), 400);
		assert.equal(await status({ ...answer, password: 'totp:1' }), 401);
		assert.equal(await status({ otp: 'totp:123456' }), 200);
		assert.equal((await c.login(answer)).status, 200);
		assert.equal((await c.call('GET', '/version')).status, 200);
	});

	test('PVE 7 asks in the shape of old unless new-format=1 is sent', async () => {
		const p = await fake({ version: '7.4' });
		const old = await as(p).login();
		assert.equal(old.data.NeedTFA, 1);
		assert.match(old.data.ticket, /^PVE:tfa!tfa@pve:[0-9A-F]{8}::/);
		const half = (await as(p).login({ 'new-format': 1 })).data.ticket;
		assert.match(half, /^PVE:!tfa!/);
		const strange = new PveClient(p);
		strange.ticket = old.data.ticket;
		assert.equal((await strange.call('GET', '/version')).status, 401);
		assert.match(p.violations[0], /half ticket used as a cookie/);
		assert.equal((await as(p).login({ otp: 'totp:123456' })).status, 200);
	});

	test('bare digits are no code', async () => {
		const p = await fake();
		assert.equal(reason(await as(p).login({ otp: '123456' })), '401 authentication failure');
		assert.deepEqual(p.violations, []);
	});

	test('a code that was refused, tried again: a violation', async () => {
		const p = await fake();
		await as(p).login({ otp: 'totp:000000' });
		await as(p).login({ otp: 'totp:000001' });
		assert.deepEqual(p.violations, []);
		await as(p).login({ otp: 'totp:000001' });
		assert.deepEqual(p.violations, ['tfa@pve: a second factor tried again']);
		assert.equal(p.factors.failures(TFA), 3);
	});

	test('a code for one login only is refused the second time', async () => {
		const p = await fake();
		p.users[TFA].tfa.once = true;
		assert.equal((await as(p).login({ otp: 'totp:123456' })).status, 200);
		assert.equal((await as(p).login({ otp: 'totp:123456' })).status, 401);
		assert.equal(p.violations.length, 1);
	});

	test('eight failures lock the factor; a good login before that starts anew', async () => {
		const p = await fake();
		const fail = async (n) => {
			for (let i = 0; i < n; i++)
				await as(p).login({ otp: `totp:bad${p.logins.length}` });
		};
		await fail(7);
		assert.equal((await as(p).login({ otp: 'totp:123456' })).status, 200);
		await fail(8);
		assert.equal(p.factors.locked(TFA), true);
		assert.equal(reason(await as(p).login({ otp: 'totp:123456' })),
			'401 authentication failure');
		assert.deepEqual(p.violations, []);
	});
});

describe('API tokens', () => {
	test('no CSRF, own identity, own rights, not for logins', async () => {
		const p = await fake();
		const c = tokenClient(p, 'gw');
		assert.equal((await c.vncproxy(101)).data.user, 'vncuser@pve!gw');
		assert.equal((await c.login()).status, 403);
		const narrow = tokenClient(p, 'narrow');
		assert.equal((await narrow.vncproxy(101)).status, 200);
		assert.equal((await narrow.vncproxy(103)).status, 403);
		assert.equal((await narrow.termproxy(null)).status, 403);
	});
});
