// SPDX-License-Identifier: MIT
//
// POST /create with verify: what a backend learns before its customer does, and what it costs.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Conn, formatRequest } from '../lib/http.mjs';
import { slow, until } from '../lib/wait.mjs';
import { TOKEN, closeWorld, openWorld, pageOf, shows, useWorld } from './world.mjs';

const NOBODY = { username: undefined, password: undefined };
const GW = 'vncuser@pve!gw';

/* A user of the fake Proxmox, with its password. */
function as(pve, username) {
	return { username, password: pve.users[username].password };
}

function token(pve, secret = pve.users['vncuser@pve'].tokens.gw.secret) {
	return { ...NOBODY, token_id: GW, token_secret: secret };
}

function good(res) {
	assert.equal(res.status, 200, res.text);
	assert.match(res.json.token, TOKEN);
	return res.json;
}

/* The answer to an order that failed: its status, its reason, and how its text begins. */
function failed(res, status, reason, begins = '') {
	assert.equal(res.status, status, res.text);
	const { error, ...rest } = res.json;
	assert.deepEqual(rest, { status: 'error', token: '', reason });
	assert.ok(error.startsWith(begins), `"${error}" begins with "${begins}"`);
	assert.ok(error.length > begins.length, 'and says more');
	assert.equal('retry-after' in res.headers, status === 503);
}

describe('verify', () => {
	const w = useWorld({ config: { allow_node_shell: true },
		prepared: pageOf('vnc.html', 'term.html') });
	const order = (fields) => w.gw.create({ verify: true, ...fields });

	test('a good order has a link, and Proxmox has seen one login', async () => {
		w.pve.forget();
		good(await order());
		assert.deepEqual(w.pve.logins.map(({ user, ok }) => [user, ok]), [[w.pve.user, true]]);
		await w.gw.logged(/link created for vm 101 on node pve at .*, tried\n/);
	});

	test('the link opens without another login, and its console works', async () => {
		w.pve.forget();
		const { token: link } = good(await order({ vmid: 103 }));
		const console = await w.gw.console(await w.gw.open(link));
		await shows(console);
		assert.equal(w.pve.logins.filter(({ how }) => how !== 'renewal').length, 0);
		console.ws.destroy();
	});

	test('where the guest is, and what it is, is looked up', async () => {
		good(await order({ vmid: 200, node: undefined }));
		await w.gw.logged(/link created for container 200 on node pve at /);
	});

	test('without verify Proxmox is not asked', async () => {
		w.pve.forget();
		good(await w.gw.create({ password: 'wrong' }));
		good(await w.gw.create({ password: 'wrong', verify: false }));
		assert.equal(w.pve.requests.length, 0);
	});

	describe('who asks', () => {
		test('a wrong password is refused, by the fields that it came in', async () => {
			failed(await order({ password: 'wrong' }), 400, 'refused', 'username, password: ');
			failed(await order({ username: 'nobody@pve' }), 400, 'refused', 'username, password: ');
			failed(await order(as(w.pve, 'disabled@pve')), 400, 'refused', 'username, password: ');
		});

		test('a wrong password is tried once', async () => {
			w.pve.forget();
			failed(await order({ password: 'wrong' }), 400, 'refused');
			assert.equal(w.pve.logins.length, 1);
		});

		test('a token is good without a login', async () => {
			w.pve.forget();
			good(await order(token(w.pve)));
			good(await order({ username: GW, password: token(w.pve).token_secret }));
			assert.equal(w.pve.logins.length, 0);
		});

		test('a wrong token is refused, by the fields that it came in', async () => {
			const wrong = '5c9d0f1e-0000-4c59-9d31-0b7a6f2e8d14';
			failed(await order(token(w.pve, wrong)), 400, 'refused', 'token_id, token_secret: ');
			failed(await order({ username: GW, password: wrong }), 400, 'refused',
				'username, password: ');
			failed(await order({ ...token(w.pve), token_id: 'vncuser@pve!gone' }), 400, 'refused',
				'token_id, token_secret: ');
		});

		test('a token with rights of its own has those only', async () => {
			const narrow = { ...NOBODY, token_id: 'vncuser@pve!narrow',
				token_secret: w.pve.users['vncuser@pve'].tokens.narrow.secret };
			good(await order(narrow));
			failed(await order({ ...narrow, vmid: 103, node: undefined }), 400, 'guest_not_found',
				'vmid: ');
		});

		test('an account with a second factor wants a code', async () => {
			failed(await order(as(w.pve, 'tfa@pve')), 400, 'needs_otp', 'otp: ');
			good(await order({ ...as(w.pve, 'tfa@pve'), otp: '123456' }));
		});

		test('a wrong code is refused, and tried once', async () => {
			w.pve.forget();
			failed(await order({ ...as(w.pve, 'tfa@pve'), otp: '654321' }), 400, 'refused',
				'username, password: ');
			assert.equal(w.pve.logins.filter(({ how }) => how !== 'renewal').length, 1);
		});
	});

	describe('for what', () => {
		for (const [what, fields, reason, begins] of [
			['a guest that is not there', { vmid: 999 }, 'guest_not_found', 'vmid: '],
			['the same without a node', { vmid: 999, node: undefined }, 'guest_not_found', 'vmid: '],
			['a container that is none', { vmid: 101, type: 'lxc', node: undefined },
				'guest_not_found', 'vmid: '],
			['a guest that is off', { vmid: 102 }, 'guest_off', 'vmid: '],
			['a container that is off', { vmid: 201, type: 'lxc' }, 'guest_off', 'vmid: '],
			['a terminal without a serial port', { console: 'term' }, 'no_serial_port',
				'console: '],
			['a serial port of which there is none', { console: 'term', serial: 0 },
				'no_serial_port', 'serial: '],
			['a node that is not there', { vmid: undefined, type: 'node', node: 'nowhere' },
				'guest_not_found', 'node: '],
		])
			test(`${what}: ${reason}`, async () => {
				failed(await order(fields), 400, reason, begins);
			});

		test('what is there is good', async () => {
			good(await order({ vmid: 301, console: 'term', serial: 3 }));
			good(await order({ vmid: 200, console: 'term', type: 'lxc' }));
			good(await order({ vmid: 200, console: 'auto', node: undefined }));
			good(await order({ vmid: undefined, type: 'node', console: 'term' }));
		});

		test('who may not look has to say where: needs_node', async () => {
			const blind = as(w.pve, 'noaudit@pve');
			failed(await order({ ...blind, node: undefined }), 400, 'needs_node', 'node: ');
			good(await order({ ...blind, type: 'qemu' }));
		});
	});

	describe('what lies between', () => {
		const faulty = async (fault, body) => {
			w.pve.faults.status = fault;
			try {
				await body();
			} finally {
				w.pve.faults.status = null;
			}
		};

		test('an answer that is none: answer_not_understood', () => (
			faulty({ garbage: 'json' }, async () => {
				failed(await order(), 502, 'answer_not_understood');
			})));

		test('a node that cannot be reached: unreachable', () => (
			faulty({ status: 595, reason: 'No route to host', body: '' }, async () => {
				failed(await order(), 502, 'unreachable');
			})));
	});

	test('twenty orders with one password are one login, and a wrong one is refused all the same', async () => {
		w.pve.forget();
		const all = await Promise.all(Array.from({ length: 20 },
			() => order({ ...as(w.pve, 'other@pve') })));
		all.forEach(good);
		assert.equal(w.pve.logins.filter(({ user }) => user === 'other@pve').length, 1);
		failed(await order({ username: 'other@pve', password: 'wrong' }), 400, 'refused');
	});

	test('nobody else waits while one is tried', async () => {
		const answers = [];
		w.pve.forget();
		w.pve.faults.ticket = { delayMs: slow(1500) };
		try {
			const tried = order({ password: 'wrong too' }).then((res) => answers.push(res));
			await until(() => w.pve.requests.length > 0, slow(5000));
			for (let i = 0; i < 20; i++)
				good(await w.gw.create());
			await w.gw.status();
			assert.deepEqual(answers, [], 'they waited');
			await tried;
		} finally {
			w.pve.faults.ticket = null;
		}
		failed(answers[0], 400, 'refused');
	});

	test('who hangs up meanwhile harms nobody', async () => {
		const body = JSON.stringify(w.gw.params({ ...as(w.pve, 'root@pam'), verify: true }));
		w.pve.forget();
		w.pve.faults.ticket = { delayMs: slow(300) };
		try {
			const conn = await Conn.open(w.gw.url);
			await conn.write(formatRequest({ method: 'POST', path: '/create', body,
				host: `127.0.0.1:${w.gw.port}`,
				headers: w.gw.auth({ 'Content-Type': 'application/json' }) }));
			await until(() => w.pve.requests.length > 0, slow(5000));
			conn.socket.destroy();
			await until(() => w.pve.logins.length > 0, slow(10000));
		} finally {
			w.pve.faults.ticket = null;
		}
		good(await order());
	});

	test('no order that failed left a link', async () => {
		const { pending_tokens: before } = await w.gw.status();
		failed(await order({ vmid: 999 }), 400, 'guest_not_found');
		assert.equal((await w.gw.status()).pending_tokens, before);
	});
});

describe('verify where nobody answers', () => {
	const TIMEOUT_S = 5;

	test('a port where nobody listens: unreachable', async (t) => {
		const w = await openWorld({}, t);
		failed(await w.gw.create({ port: 1, verify: true }), 502, 'unreachable');
		await closeWorld(w);
	});

	test('a host that says nothing: timeout, after open_timeout', async (t) => {
		const w = await openWorld({ config: { open_timeout: TIMEOUT_S } }, t);
		w.pve.faults.ticket = { hang: true };
		const start = Date.now();
		failed(await w.gw.create({ verify: true }), 502, 'timeout');
		assert.ok(Date.now() - start < slow((TIMEOUT_S + 5) * 1000));
		await closeWorld(w);
	});

	test('a certificate that is not accepted: untrusted, and nothing is sent', async (t) => {
		const w = await openWorld({ pve: { cert: 'other-ca' } }, t);
		failed(await w.gw.create({ verify: true }), 502, 'untrusted');
		assert.equal(w.pve.requests.length, 0);
		await closeWorld(w);
	});

	test('a host that is not allowed: host_not_allowed', async (t) => {
		const w = await openWorld({ config: { allowed_hosts: ['pve.example'] } }, t);
		failed(await w.gw.create({ verify: true }), 400, 'host_not_allowed', 'hostname: ');
		assert.equal(w.pve.requests.length, 0);
		await closeWorld(w);
	});

	test('of several hosts the one that answers is good', async (t) => {
		const w = await openWorld({}, t);
		good(await w.gw.create({ hostname: ['127.0.0.77', '127.0.0.1'], verify: true }));
		await closeWorld(w);
	});

	test('a gateway that stops answers: stopping', async (t) => {
		const w = await openWorld({}, t);
		w.pve.faults.ticket = { hang: true };
		const answer = w.gw.create({ verify: true });
		await until(() => w.pve.requests.some((r) => r.status === 'hang'), slow(10000));
		w.gw.signal('SIGTERM');
		failed(await answer, 503, 'stopping');
		await w.gw.ended;
		assert.deepEqual([w.gw.exited.code, w.gw.exited.signal], [0, null]);
	});
});
