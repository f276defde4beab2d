// SPDX-License-Identifier: MIT
//
// link_mode confirm: a GET of a link shows a page that sends a POST, and only that opens it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { INVALID, LOCATION, closeWorld, noSessions, openWorld, tellsNothing,
	useWorld } from './world.mjs';

const UNKNOWN = '0123456789abcdef0123';
const HTML = { Accept: 'text/html' };

/* Everything of an answer but the date. */
function shape({ status, text, rawHeaders }) {
	return { status, text, headers: rawHeaders.filter(([name]) => !/^date$/i.test(name)) };
}

async function token(gw, fields) {
	const res = await gw.create(fields);
	assert.equal(res.status, 200, res.text);
	return res.token;
}

function post(gw, t, opts = {}) {
	return gw.openRaw(t, { method: 'POST', body: '', ...opts, headers: {
		'Content-Type': 'application/x-www-form-urlencoded', ...HTML, ...opts.headers } });
}

describe('a link that is to be confirmed', () => {
	const w = useWorld({ config: { link_mode: 'confirm' } });

	test('is a page with a form and a script, whoever asks and for whichever token', async () => {
		const t = await token(w.gw);
		const page = await w.gw.openRaw(t, { headers: HTML });
		assert.equal(page.status, 200);
		assert.match(page.headers['content-type'], /^text\/html/);
		assert.match(page.text, /<form method="post"><button>/);
		assert.match(page.text, /form\.submit\(\)/);
		tellsNothing(page.text, w.pve);
		for (const other of [t, UNKNOWN, 'x', 'a'.repeat(2000), `${t}?a=b`])
			assert.deepEqual(shape(await w.gw.openRaw(other, { headers: HTML })), shape(page));
	});

	test('is used up by no number of GETs, HEADs and prefetches', async () => {
		const t = await token(w.gw);
		for (let i = 0; i < 20; i++) {
			await w.gw.openRaw(t, { headers: HTML });
			await w.gw.openRaw(t);
			assert.equal((await w.gw.openRaw(t, { method: 'HEAD' })).status, 200);
			for (const method of ['GET', 'POST'])
				assert.equal((await w.gw.openRaw(t, { method,
					headers: { 'Sec-Purpose': 'prefetch' } })).status, 503);
		}
		assert.equal(w.pve.requests.length, 0);
		assert.match((await post(w.gw, t)).location, LOCATION);
	});

	test('leads to its session by a POST, with 303, once', async () => {
		const t = await token(w.gw, { vmid: 103 });
		const all = await Promise.all(Array.from({ length: 16 }, () => post(w.gw, t)));
		const won = all.filter((r) => r.status === 303);
		assert.equal(won.length, 1);
		assert.match(won[0].location, LOCATION);
		assert.equal(all.filter((r) => r.status === 200 && INVALID.test(r.text)).length, 15);
		assert.equal((await w.gw.file(won[0].location)).status, 200);
	});

	test('is invalid for an unknown, a malformed and a used token alike', async () => {
		const t = await token(w.gw);
		await post(w.gw, t);
		const unknown = await post(w.gw, UNKNOWN);
		assert.equal(unknown.status, 200);
		assert.match(unknown.text, INVALID);
		for (const other of [t, 'x', UNKNOWN.toUpperCase()])
			assert.deepEqual(shape(await post(w.gw, other)), shape(unknown));
	});

	test('opens for a POST from anywhere: who has the token has the link', async () => {
		for (const headers of [{ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
			{ Origin: 'null' }, { 'Content-Type': 'text/plain' }, { 'Content-Type': undefined }]) {
			const res = await post(w.gw, await token(w.gw), { headers });
			assert.equal(res.status, 303, JSON.stringify(headers));
		}
	});

	test('ignores a body, and is cut off by one without end', async () => {
		const t = await token(w.gw);
		assert.equal((await post(w.gw, t, { body: 'x'.repeat(100000) })).status, 303);
		await assert.rejects(post(w.gw, await token(w.gw), { body: 'x'.repeat(4000000) }));
	});

	test('has other methods refused with Allow, and more path with 400', async () => {
		const t = await token(w.gw);
		for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
			const res = await w.gw.openRaw(t, { method });
			assert.equal(res.status, 405, method);
			assert.equal(res.headers.allow, 'GET, HEAD, POST');
		}
		for (const more of ['/', '/x'])
			assert.equal((await w.gw.request(`/vnc/${t}${more}`, { method: 'POST' })).status, 400);
		assert.equal((await post(w.gw, t)).status, 303);
	});

	test('offers the same link again after a failure that left it usable', async () => {
		await noSessionsLeft(w);
		const t = await token(w.gw);
		w.pve.faults.accept = { close: true };
		const res = await post(w.gw, t);
		w.pve.faults.accept = null;
		assert.equal(res.status, 502);
		assert.match(res.text, /<a href="">/);
		assert.match((await w.gw.openRaw(t, { headers: HTML })).text, /<form/);
		assert.equal((await post(w.gw, t)).status, 303);
	});
});

async function noSessionsLeft(w) {
	w.gw.reload({ connect_timeout: 1 });
	await noSessions(w.gw);
	w.gw.reload({ connect_timeout: 300 });
}

test('SIGHUP changes the mode for links that wait', async (t) => {
	const w = await openWorld({}, t);
	const one = await token(w.gw);
	assert.equal((await post(w.gw, one)).status, 405);
	w.gw.reload({ link_mode: 'confirm' });
	await w.gw.logged(/configuration read again/);
	assert.equal((await w.gw.openRaw(one)).status, 200);
	assert.equal((await post(w.gw, one)).status, 303);
	await closeWorld(w);
});
