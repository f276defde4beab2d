// SPDX-License-Identifier: MIT
//
// Secrets leave the gateway's memory: its writable pages are searched for each of them when
// its work is done. Every search is also made while the secret must be there, so that one
// that finds nothing says something.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { watched } from '../lib/gateway.mjs';
import { Conn, formatRequest, multipart } from '../lib/http.mjs';
import { searchMemory } from '../lib/memory.mjs';
import { splitUrl } from '../lib/socket.mjs';
import { until } from '../lib/wait.mjs';
import { makeClock } from './shims.mjs';
import { newcomer, sessionOf, useWorld } from './world.mjs';

const PIECE = 8;

/* Why there is nothing to be searched, or false. */
function whyNot() {
	return watched() ||
		(process.getuid() !== 0 && 'only root may read the memory of an undumpable process');
}

/*
 * A password that each encoding writes in another way, but for its middle; the middle is
 * looked for in pieces, so that a copy half overwritten is found too.
 */
function password() {
	const middle = randomBytes(24).toString('hex');
	const pieces = [];
	for (let i = 0; i + PIECE <= middle.length; i += PIECE / 2)
		pieces.push(middle.slice(i, i + PIECE));
	return { text: `p "\\&é%+;${middle}=ß`, middle, pieces };
}

function places(found) {
	return found.map(({ region, at, needle, around }) =>
		`${needle.slice(0, 6)}... in ${region} at ${at.toString(16)}: `
		+ JSON.stringify(around.toString('latin1')));
}

const CASES = {
	'JSON': (gw, fields) => gw.create(fields),
	'a form': (gw, fields) => gw.create({}, {
		body: new URLSearchParams({ params: JSON.stringify(gw.params(fields)) }).toString(),
		headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
	'multipart': (gw, fields) =>
		gw.create({}, multipart({ params: JSON.stringify(gw.params(fields)) })),
};

for (const tls of [false, true])
	describe(`over ${tls ? 'https' : 'http'}, memory holds`, { skip: whyNot() }, () => {
		const full = { audit: true, console: true };
		const passwords = Object.fromEntries(Object.keys(CASES).map((form) => [form, password()]));
		const users = Object.fromEntries(Object.keys(CASES).map((form, i) =>
			[`user${i}@pve`, { ...full, password: passwords[form].text }]));
		const clock = makeClock();
		const w = useWorld({ tls, pve: { users }, config: { reconnect_timeout: 1 },
			env: clock?.env });

		const search = (needles) => searchMemory(w.gw.pid, needles);

		/* A connection's end is seen some time after we closed it. */
		async function gone(needles, what) {
			let found;
			try {
				await until(() => (found = search(needles)).length === 0, 3000, what);
			} catch {
				assert.deepEqual(places(found), [], what);
			}
		}

		Object.entries(CASES).forEach(([form, create], i) => {
			const { text, middle, pieces } = passwords[form];
			const fields = (more) => ({ username: `user${i}@pve`, password: text, ...more });

			test(`no password that came as ${form}, once the login is done`, async () => {
				const { token, text: answer } = await create(w.gw, fields({ vmid: 210 + i }));
				assert.ok(token, answer);
				assert.notEqual(search([middle]).length, 0, 'a link that waits has its password');
				await w.gw.open(token);
				await gone(pieces, 'the password');
				await gone([token], 'the token');
			});

			test(`no password that came as ${form} and was refused`, async () => {
				const wrong = password();
				const { token } = await create(w.gw, fields({ password: wrong.text }));
				assert.notEqual(search([wrong.middle]).length, 0);
				assert.equal((await w.gw.openRaw(token)).status, 502);
				await gone(wrong.pieces, 'the password');
			});

			test(`no password that came as ${form} in a request that is refused`, async () => {
				const { text: mine, pieces: all } = password();
				const { status } = await create(w.gw, fields({ password: mine, vmid: 1 }));
				assert.equal(status, 400);
				await gone(all, 'the password');
			});
		});

		test('no token while its connection is kept, once the answer has left', async () => {
			const conn = await Conn.open({ ...splitUrl(w.gw.url), ca: w.gw.caFile });
			const body = JSON.stringify(w.gw.params(newcomer(w.pve)));
			for (let i = 0; i < 2; i++) {
				await conn.write(formatRequest({ method: 'POST', path: '/create', host: 'x',
					headers: w.gw.auth({ Connection: 'keep-alive',
						'Content-Type': 'application/json' }), body }));
				const { token } = JSON.parse((await conn.response()).text);
				await gone([token], 'the token');
			}
			assert.ok(!conn.ended);
			conn.close();
		});

		test('no Authorization that was wrong', async () => {
			const wrong = password();
			const { status } = await w.gw.request('/status',
				{ headers: { Authorization: `Bearer ${wrong.middle}` } });
			assert.equal(status, 401);
			await gone(wrong.pieces, 'the wrong secret');
		});

		test('the right one once, and no former one', async () => {
			const old = w.gw.config.authorization;
			await until(() => search([old]).length === 1, 3000, 'one copy of the secret');
			const now = randomBytes(20).toString('hex');
			const from = w.gw.log().length;
			w.gw.reload({ authorization: now });
			await until(() => w.gw.log().slice(from).includes('read again'), 5000, 'the reload');
			await gone([old], 'the former secret');
			w.gw.given.add(old);
			assert.equal((await w.gw.request('/status', { headers: w.gw.auth() })).status, 200);
			await until(() => search([now]).length === 1, 3000, 'one copy of the new secret');
		});

		test('the key of a link once, and nothing of a session that has ended', async () => {
			const who = newcomer(w.pve);
			const before = w.pve.secrets.length;
			const url = await w.gw.session({ vmid: 220, ...who });
			const [, key] = /\/([0-9a-f]{32})\//.exec(url);
			await until(() => search([key]).length === 1, 3000, 'one copy of the key');
			const { ws, mandatory } = await w.gw.console(url);
			/* The login's ticket, the console's, their passwords, as Proxmox made them. */
			const [csrf, login, ...consoles] = w.pve.secrets.slice(before);
			assert.match(login, /^PVE:/);
			assert.ok(consoles.length >= 1, 'secrets of a console');
			assert.equal(search([login]).length, 1, 'the login ticket of a session that lives');
			assert.notEqual(search([mandatory.password]).length, 0);
			ws.close(1000);
			await until(async () => !await sessionOf(w.gw, 220), 8000, 'the end');
			await gone([key, mandatory.password, who.password, ...consoles],
				'secrets of the session');
			/* Its login may be the next link's for a minute; each look moves the clock by more. */
			if (clock)
				await until(() => {
					clock.advance(61000);
					return search([login, csrf]).length === 0;
				}, 5000, 'the login to be wiped');
		});
	});
