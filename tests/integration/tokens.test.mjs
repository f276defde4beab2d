// SPDX-License-Identifier: MIT
//
// GET /vnc/<token>: who gets the session, who doesn't, and when a link stays usable.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { claimPorts } from '../lib/ports.mjs';
import { FAST, INVALID, LOCATION, closeWorld, newcomer, noSessions, openWorld, opensSoon,
	tellsNothing, useWorld } from './world.mjs';

const UNKNOWN = '0123456789abcdef0123';
const AGAIN = /again in \d+ seconds/i;
const NEW_LINK = /new (?:link|one)/i;

async function token(gw, fields) {
	const res = await gw.create(fields);
	assert.equal(res.status, 200, res.text);
	return res.token;
}

/* Everything of an answer but the date. */
function shape({ status, text, rawHeaders }) {
	return { status, text, headers: rawHeaders.filter(([name]) => !/^date$/i.test(name)) };
}

describe('one token, many requests', () => {
	const w = useWorld();

	test('of 64 simultaneous GETs one gets the session, twenty times in a row', async () => {
		for (let round = 0; round < 20; round++) {
			const t = await token(w.gw);
			const all = await Promise.all(Array.from({ length: 64 }, () => w.gw.openRaw(t)));
			const won = all.filter((r) => r.status === 302);
			const lost = all.filter((r) => r.status === 200 && INVALID.test(r.text));
			assert.deepEqual([won.length, lost.length], [1, 63], `round ${round}`);
			assert.match(won[0].location, LOCATION);
		}
		const asked = w.pve.requests.filter((r) => r.path.endsWith('/status/current'));
		assert.equal(asked.length, 20, 'Proxmox was asked for the winners only');
	});

	test('a used token is as good as none', async () => {
		const t = await token(w.gw);
		await w.gw.open(t);
		assert.deepEqual(shape(await w.gw.openRaw(t)), shape(await w.gw.openRaw(UNKNOWN)));
	});

	test('HEAD and prefetches before it take nothing away', async () => {
		const t = await token(w.gw);
		for (let i = 0; i < 3; i++) {
			await w.gw.openRaw(t, { method: 'HEAD' });
			await w.gw.openRaw(t, { headers: { 'Sec-Purpose': 'prefetch' } });
		}
		assert.match(await w.gw.open(t), LOCATION);
	});
});

describe('tokens that open nothing', () => {
	const w = useWorld();
	const html = { headers: { Accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' } };

	test('an unknown token gets 200 and Invalid session. as text', async () => {
		const res = await w.gw.openRaw(UNKNOWN);
		assert.equal(res.status, 200);
		assert.match(res.text, INVALID);
		assert.match(res.headers['content-type'], /^text\/plain/);
		assert.match(res.headers['cache-control'], /no-store/);
	});

	test('a browser gets a small page that says so and what to do', async () => {
		const res = await w.gw.openRaw(UNKNOWN, html);
		assert.equal(res.status, 200);
		assert.match(res.headers['content-type'], /^text\/html/);
		assert.match(res.text, INVALID);
		assert.match(res.text, NEW_LINK);
		tellsNothing(res.text, w.pve);
	});

	for (const [what, bad] of [
		['too short', UNKNOWN.slice(1)], ['too long', `${UNKNOWN}0`],
		['in capitals', UNKNOWN.toUpperCase()], ['not hexadecimal', `${UNKNOWN.slice(1)}g`],
		['percent-encoded', `%30${UNKNOWN.slice(1)}`], ['of 2000 bytes', 'a'.repeat(2000)],
		['with a NUL in it', `${UNKNOWN}%00`], ['with dots', '..%2f..%2fetc%2fpasswd'],
	])
		test(`a token ${what} is answered like an unknown one`, async () => {
			const res = await w.gw.openRaw(bad);
			/* An encoded slash may count as more path. */
			if (res.status !== 400)
				assert.deepEqual(shape(res), shape(await w.gw.openRaw(UNKNOWN)));
		});

	test('/vnc/ without a token gets 400', async () => {
		assert.equal((await w.gw.request('/vnc/')).status, 400);
	});

	test('more path gets 400 and takes nothing away', async () => {
		const t = await token(w.gw);
		for (const more of ['/', '/x', '/vnc.html', '//'])
			assert.equal((await w.gw.request(`/vnc/${t}${more}`)).status, 400, more);
		assert.match(await w.gw.open(t), LOCATION);
	});

	test('other methods get 405 with Allow and take nothing away', async () => {
		const t = await token(w.gw);
		for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
			const res = await w.gw.openRaw(t, { method });
			assert.equal(res.status, 405, method);
			assert.match(res.headers.allow, /\bGET\b/);
		}
		assert.match(await w.gw.open(t), LOCATION);
	});

	test('HEAD is answered alike whether the token exists or not', async () => {
		const t = await token(w.gw);
		const opts = { method: 'HEAD', ...html };
		const [there, not] = [await w.gw.openRaw(t, opts), await w.gw.openRaw(UNKNOWN, opts)];
		assert.equal(there.status, 200);
		assert.equal(there.text, '');
		assert.deepEqual(shape(there), shape(not));
	});

	for (const [name, value] of [['Sec-Purpose', 'prefetch'], ['Purpose', 'prefetch'],
		['X-Moz', 'prefetch'], ['Sec-Purpose', 'prefetch;prerender'], ['purpose', 'Prefetch']])
		test(`${name}: ${value} gets 503 and no-store, whether the token exists or not`,
			async () => {
				const t = await token(w.gw);
				const headers = { [name]: value };
				const there = await w.gw.openRaw(t, { headers });
				assert.equal(there.status, 503);
				assert.match(there.headers['cache-control'], /no-store/);
				assert.deepEqual(shape(there), shape(await w.gw.openRaw(UNKNOWN, { headers })));
			});

	test('an expired token is answered like an unknown one', async (test0) => {
		const short = await openWorld({ pve: null, config: { token_ttl: 1 } }, test0);
		const { gw } = short;
		const t = await token(gw, { hostname: '127.0.0.1', port: 9, node: 'n', username: 'u',
			password: 'long-password', vmid: 100 });
		assert.equal((await gw.status()).pending_tokens, 1);
		await gw.statusUntil((s) => s.pending_tokens === 0, 4000);
		assert.deepEqual(shape(await gw.openRaw(t)), shape(await gw.openRaw(UNKNOWN)));
		await closeWorld(short);
	});
});

/* A failed opening: status, a page without internals, and whether the link is still good. */
async function fails(w, t, status, words, { usable, once = false }) {
	for (const accept of usable && !once ? ['text/html', 'text/plain'] : ['text/html']) {
		const res = await w.gw.openRaw(t, { headers: { Accept: accept } });
		assert.equal(res.status, status, res.text);
		assert.ok(res.headers['content-type'].startsWith(accept), res.headers['content-type']);
		assert.match(res.headers['cache-control'], /no-store/);
		assert.match(res.text, words);
		assert.match(res.text, usable ? AGAIN : NEW_LINK);
		tellsNothing(res.text, w.pve);
	}
	if (!usable)
		assert.match((await w.gw.openRaw(t)).text, INVALID);
}

describe('a link stays usable', () => {
	const w = useWorld({ config: { open_timeout: 5 } });

	test('when the host could not be reached', async () => {
		const ports = await claimPorts(1);
		const t = await token(w.gw, { port: ports.first });
		await fails(w, t, 502, /can't be reached/, { usable: true });
		const late = await startFakePve({ port: ports.first, timings: FAST });
		w.gw.reload({ proxmox_tls: 'insecure' });
		await w.gw.logged(/reload|SIGHUP|configuration/i);
		try {
			assert.match(await w.gw.open(t), LOCATION);
		} finally {
			await late.stop();
			ports.release();
		}
	});

	test('when the host hung up at once', async () => {
		const t = await token(w.gw);
		w.pve.faults.accept = { close: true };
		await fails(w, t, 502, /can't be reached/, { usable: true });
		w.pve.faults.accept = null;
		assert.match(await w.gw.open(t), LOCATION);
	});

	test('when the login was not answered in time', async () => {
		const t = await token(w.gw, newcomer(w.pve));
		w.pve.faults.ticket = { hang: true, times: 1 };
		await fails(w, t, 504, /in time/, { usable: true, once: true });
		assert.match(await w.gw.open(t), LOCATION);
	});

	test('when a node in between could not reach the host', async () => {
		const t = await token(w.gw, newcomer(w.pve));
		w.pve.faults.ticket = { status: 595, reason: 'No route to host', times: 2 };
		await fails(w, t, 502, /can't be reached/, { usable: true });
		assert.match(await w.gw.open(t), LOCATION);
	});
});

describe('a link is spent', () => {
	const w = useWorld();

	for (const [what, fields, status, words] of [
		['by a wrong password', { password: 'not-the-password' }, 502, /refused/],
		['by an unknown user', { username: 'nobody@pve' }, 502, /refused/],
		['by an account with a second factor', { username: 'tfa@pve',
			password: 'second-Secret.7' }, 502, /refused/],
		['by a guest that is off', { vmid: 102 }, 503, /switched off/],
		['by a container that is off', { vmid: 209 }, 503, /switched off/],
		['by a guest that does not exist', { vmid: 4711 }, 502, /not found/],
		['by a missing privilege', { username: 'nothing@pve', password: 'none-Secret.5' },
			502, /refused/],
	])
		test(what, async () => {
			await fails(w, await token(w.gw, fields), status, words, { usable: false });
		});

	test('and the log has the whole truth of each', async () => {
		await fails(w, await token(w.gw, { vmid: 103, username: 'disabled@pve',
			password: 'gone-Secret.8' }), 502, /refused/, { usable: false });
		const [line] = await w.gw.logged(/.*ERROR.*\b103\b.*/);
		for (const word of ['disabled@pve', w.pve.host, String(w.pve.port), 'pve', '401'])
			assert.ok(line.includes(word), `${word} in: ${line}`);
	});
});

describe('when all ports are in use', () => {
	const w = useWorld({ pool: 1, config: { connect_timeout: 1 } });

	test('another guest gets 503, the same one is joined, and later the link works', async () => {
		const first = await w.gw.session({ vmid: 101 });
		const other = await token(w.gw, { vmid: 103 });
		await fails(w, other, 503, /too many consoles/i, { usable: true });
		const second = await w.gw.session({ vmid: 101 });
		assert.equal(new URL(second).port, new URL(first).port);
		await noSessions(w.gw);
		assert.match(await opensSoon(w.gw, other), LOCATION);
		await noSessions(w.gw);
	});

	test('guessed tokens take no port from those who have a link', async () => {
		let on = true;
		const guesses = Array.from({ length: 8 }, async () => {
			while (on)
				assert.match((await w.gw.openRaw(UNKNOWN)).text, INVALID);
		});
		try {
			for (let i = 0; i < 4; i++) {
				const link = await token(w.gw, { vmid: 104 + i });
				assert.match(await opensSoon(w.gw, link), LOCATION);
				await noSessions(w.gw);
			}
		} finally {
			on = false;
			await Promise.all(guesses);
		}
	});
});

describe('trust towards Proxmox', () => {
	let pve;
	before(async () => {
		pve = await startFakePve({ timings: FAST });
	});
	after(() => pve.stop());

	/* A gateway with that configuration, in front of the same Proxmox. */
	async function gateway(t, config) {
		const w = await openWorld({ pve: null, config });
		w.gw.pve = pve;
		t.after(() => closeWorld(w));
		return w.gw;
	}

	async function untrusted(t, config, cert) {
		pve.setCert(cert);
		const gw = await gateway(t, config);
		await fails({ gw, pve }, await token(gw), 502, /could not be verified/, { usable: true });
		const [line] = await gw.logged(/.*ERROR.*verif.*/);
		assert.match(line, /proxmox_tls/);
		assert.match(line, /proxmox_ca_file/);
	}

	const trusting = () => ({ proxmox_ca_file: pve.caFile });

	test('an authority that nobody told us about is not trusted', (t) => untrusted(t, {}, 'good'));
	test('a certificate of another authority is not trusted',
		(t) => untrusted(t, trusting(), 'other-ca'));
	test('a certificate for another name is not trusted',
		(t) => untrusted(t, trusting(), 'wrong-name'));
	test('an expired certificate is not trusted', (t) => untrusted(t, trusting(), 'expired'));
	test('a self-signed certificate is not trusted',
		(t) => untrusted(t, trusting(), 'self-signed'));

	test('nothing was sent to an untrusted host', () => {
		assert.equal(pve.requests.length, 0);
	});

	test('proxmox_tls insecure opens consoles on any of them', async (t) => {
		const gw = await gateway(t, { proxmox_tls: 'insecure' });
		for (const cert of ['other-ca', 'wrong-name', 'expired', 'self-signed', 'good']) {
			pve.setCert(cert);
			const { rfb } = await gw.console(await gw.session({ vmid: 101 }));
			assert.ok(rfb.width > 0, cert);
		}
	});
});
