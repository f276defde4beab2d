// SPDX-License-Identifier: MIT
//
// POST /create over HTTP with bodies that must be refused by name. The unit tests have the
// large table; this one shows that a refusal reaches the backend as it should.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { multipart } from '../lib/http.mjs';
import { useWorld } from './world.mjs';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const FORM_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' };

/* Each: the field that the error must name, and the body (an object overrides fields). */
const LONG = 'a'.repeat(70);
const BAD = [
	['hostname', { hostname: undefined }],
	['hostname', { hostname: '' }],
	['hostname', { hostname: 'https://host.example' }],
	['hostname', { hostname: 'host.example/path' }],
	['hostname', { hostname: 'host.example:8006' }],
	['hostname', { hostname: 'user@host.example' }],
	['hostname', { hostname: 'ho st' }],
	['hostname', { hostname: '[::1' }],
	['hostname', { hostname: 'a\r\nX: y' }],
	['hostname', { hostname: 'nul\0byte' }],
	['hostname', { hostname: 127 }],
	['hostname', { hostname: ['127.0.0.1'] }],
	['hostname', { hostname: 'x'.repeat(300) }],
	['port', { port: 0 }],
	['port', { port: 65536 }],
	['port', { port: -1 }],
	['port', { port: 8006.5 }],
	['port', { port: '8006x' }],
	['port', { port: ' 8006' }],
	['port', { port: true }],
	['node', { node: undefined }],
	['node', { node: '' }],
	['node', { node: '../../access' }],
	['node', { node: 'a/b' }],
	['node', { node: 'n\u00f6de' }],
	['node', { node: LONG }],
	['username', { username: undefined }],
	['username', { username: '@pve' }],
	['username', { username: 'a b@pve' }],
	['username', { username: 'a:b@pve' }],
	['username', { username: LONG }],
	['password', { password: undefined }],
	['password', { password: '' }],
	['password', { password: 12345678 }],
	['password', { password: null }],
	['vmid', { vmid: undefined }],
	['vmid', { vmid: 99 }],
	['vmid', { vmid: 1000000000 }],
	['vmid', { vmid: '1e3' }],
	['vmid', { vmid: '0x65' }],
	['vmid', { vmid: [101] }],
	['vmid', { vmid: { a: 1 } }],
	['hostnme', { hostnme: 'typo' }],
	['Password', { Password: 'case' }],
	['', '{'],
	['', ''],
	['', '[]'],
	['', '"text"'],
	['', 'null'],
	['', `${'['.repeat(5000)}`],
	['', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
];

describe('bad bodies', () => {
	const w = useWorld();
	const post = (body, headers = JSON_TYPE) => w.gw.request('/create',
		{ method: 'POST', body, headers: w.gw.auth(headers) });

	function refused(res, field) {
		assert.equal(res.status, 400, res.text);
		assert.equal(res.json.status, 'error');
		assert.equal(res.json.token, '');
		assert.ok(res.json.error.includes(field), `"${res.json.error}" names ${field}`);
	}

	BAD.forEach(([field, what], i) => {
		const shown = typeof what === 'string' ? what : JSON.stringify(what) ?? 'bytes';
		test(`${i + 1}: ${field || 'body'}: ${shown.slice(0, 50)}`, async () => {
			const body = typeof what === 'string' || Buffer.isBuffer(what) ? what
				: JSON.stringify(w.gw.params(what));
			refused(await post(body), field);
		});
	});

	test('a field given twice is named', async () => {
		const text = JSON.stringify(w.gw.params());
		refused(await post(`${text.slice(0, -1)},"node":"other"}`), 'node');
	});

	test('a multipart body without params says so', async () => {
		const form = multipart({ parms: '{}' });
		refused(await post(form.body, form.headers), 'params');
	});

	test('a multipart body with params twice is refused', async () => {
		const one = `--b\r\nContent-Disposition: form-data; name="params"\r\n\r\n` +
			`${JSON.stringify(w.gw.params())}\r\n`;
		refused(await post(`${one}${one}--b--\r\n`,
			{ 'Content-Type': 'multipart/form-data; boundary=b' }), 'params');
	});

	test('a form body without params says so', async () => {
		refused(await post('param=%7B%7D', FORM_TYPE), 'params');
	});

	test('a form body with params twice is refused', async () => {
		const one = `params=${encodeURIComponent(JSON.stringify(w.gw.params()))}`;
		refused(await post(`${one}&${one}`, FORM_TYPE), 'params');
	});

	test('a password is never echoed, whatever is wrong', async () => {
		const secret = 'Uncommon-Secret-77';
		for (const fields of [{ vmid: 1 }, { password: [secret] }, { node: '' }, { nod: 1 }]) {
			const res = await post(JSON.stringify(w.gw.params({ password: secret, ...fields })));
			assert.equal(res.status, 400);
			assert.ok(!res.text.includes(secret), res.text);
		}
		assert.ok(!w.gw.log().includes(secret));
	});

	test('no refused body leaves a token behind, and none reached Proxmox', async () => {
		assert.equal((await w.gw.status()).pending_tokens, 0);
		assert.equal(w.pve.requests.length, 0);
	});

	test('a good body still works', async () => {
		assert.equal((await w.gw.create()).status, 200);
	});
});
